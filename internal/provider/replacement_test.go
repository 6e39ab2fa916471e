// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"maps"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// mustStay fails where one of these customers is not as they were, or was
// asked to be deleted.
func (s *stage) mustStay(id int64) {
	s.Helper()
	if record, ok := s.server.Customer(id); !ok || record["userId"] != "crm-17" || record["phone"] != "555" {
		s.Fatalf("HelpCrunch holds %v", record)
	}
	s.requests(sandbox.OpDelete, 0, 0)
}

// TestTaintedImportStays: Terraform forgets what it was told of a customer once
// they are tainted, and replaces them. They are not deleted for that.
func TestTaintedImportStays(t *testing.T) {
	t.Parallel()
	s := newRealStage(t, newSandbox(t))
	id := ada(t, s.server)
	config := customerBlock("name = \"Ada\"\n  phone = \"555\"")
	write(t, s.terraform.WorkingDir(), "main.tf", required+config)
	if err := s.terraform.Import(t.Context(), "helpcrunch_customer.test", itoa(id)); err != nil {
		t.Fatal(err)
	}
	s.mustLetGo(config)
	if err := s.terraform.Taint(t.Context(), "helpcrunch_customer.test"); err != nil {
		t.Fatal(err)
	}
	out := s.apply(config)
	if text := said(out.diags); out.err == nil || !strings.Contains(text, "error: The customer must not be deleted") || !strings.Contains(text, "terraform untaint") {
		t.Errorf("a replacement says %v\n%s", out.err, text)
	}
	s.mustStay(id)

	// Both ways out that the error names.
	if err := s.terraform.Untaint(t.Context(), "helpcrunch_customer.test"); err != nil {
		t.Fatal(err)
	}
	if out := s.mustApply(config); len(out.planned) > 0 {
		t.Errorf("once untainted, %v are planned", out.planned)
	}
	if err := s.terraform.Taint(t.Context(), "helpcrunch_customer.test"); err != nil {
		t.Fatal(err)
	}
	s.mustApply(settingsBlock("deletion_policy = \"abandon\"") + config)
	s.mustStay(id)
	if n := len(s.server.Customers()); n != 2 {
		t.Errorf("%d customers, want the one who was let go and another", n)
	}
}

// mustLetGo is mustApply for the first apply after an import.
func (s *stage) mustLetGo(config string) {
	s.Helper()
	if out := s.apply(config); out.err != nil {
		s.Fatalf("%v\n%s", out.err, said(out.diags))
	}
}

// TestReplacedImportStays: a replacement that creates first makes another
// customer, and leaves the old one for Terraform to delete, with no
// configuration that reaches them. They stay, and the environment frees them.
func TestReplacedImportStays(t *testing.T) {
	t.Parallel()
	s := newRealStage(t, newSandbox(t))
	id := ada(t, s.server)
	config := customerBlock("name = \"Ada\"\n  phone = \"555\"\n  lifecycle {\n    create_before_destroy = true\n  }")
	write(t, s.terraform.WorkingDir(), "main.tf", required+config)
	if err := s.terraform.Import(t.Context(), "helpcrunch_customer.test", itoa(id)); err != nil {
		t.Fatal(err)
	}
	s.mustLetGo(config)
	out := s.apply(config, options{replace: []string{"helpcrunch_customer.test"}})
	if text := said(out.diags); out.err == nil || !strings.Contains(text, "error: The customer must not be deleted") || !strings.Contains(text, "HELPCRUNCH_DELETION_POLICY=abandon") {
		t.Fatalf("a replacement says %v\n%s", out.err, text)
	}
	s.mustStay(id)
	if out := s.plan(); out.err == nil {
		t.Error("a plan with a deposed customer succeeds")
	}
	s.mustApply(settingsBlock("deletion_policy = \"abandon\"") + config)
	s.mustStay(id)
	if out := s.mustApply(config); len(out.planned) > 0 {
		t.Errorf("in the end %v are planned", out.planned)
	}
}

// TestReplacementSaysWhatGoes: no plan can say of a replacement that the chats
// go, so the apply does; a destroy has said it in its plan.
func TestReplacementSaysWhatGoes(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	config := customerBlock(`name = "Ada"`)
	s.mustApply(config)
	first := onlyCustomer(t, s.server).ID()
	out := s.apply(config, options{replace: []string{"helpcrunch_customer.test"}})
	if text := said(out.diags); out.err != nil || strings.Count(text, saidOfDeletions) != 1 || !strings.Contains(text, "prevent_destroy") {
		t.Errorf("a replacement says %v\n%s", out.err, text)
	}
	if onlyCustomer(t, s.server).ID() == first {
		t.Error("nobody was replaced")
	}
	if out := s.destroy(); out.err != nil || strings.Count(said(out.diags), saidOfDeletions) != 1 {
		t.Errorf("a destroy says %v\n%s", out.err, said(out.diags))
	}
}

// TestStateOfAnotherAccount: neither another key nor another provider block
// reaches the people of another account who have the same ids.
func TestStateOfAnotherAccount(t *testing.T) {
	t.Parallel()
	theirs := newAccountOf(t, initech)
	s := newRealStage(t, newSandbox(t))
	other := "provider \"helpcrunch\" {\n  alias = \"other\"\n  base_url = \"" + theirs.URL() + "\"\n}\n"
	config := func(provider, name string) string {
		return other + "resource \"helpcrunch_customer\" \"many\" {\n  provider = " + provider + "\n  count = 2\n  name = \"" + name + "\"\n}\n" +
			"resource \"helpcrunch_customer_tag\" \"vip\" {\n  provider = " + provider + "\n  customer_id = helpcrunch_customer.many[0].id\n  name = \"vip\"\n}\n"
	}
	s.mustApply(config("helpcrunch", "Ada"))
	for range 2 {
		if _, err := theirs.Add(sandbox.Record{"name": "Somebody", "tags": []string{"vip"}}); err != nil {
			t.Fatal(err)
		}
	}
	before := s.state()
	another := "provider \"helpcrunch\" {\n  base_url = \"" + theirs.URL() + "\"\n}\n"
	for _, row := range []struct {
		name string
		run  func() outcome
	}{
		{"a destroy by another key", func() outcome { return s.apply(another, noRefresh) }},
		{"a refresh by another key", func() outcome { return s.apply(another) }},
		{"an apply of another provider block", func() outcome { return s.apply(config("helpcrunch.other", "Grace")) }},
		{"one that does not refresh", func() outcome { return s.apply(config("helpcrunch.other", "Grace"), noRefresh) }},
		{"a new tag that does not refresh", func() outcome {
			return s.apply(another+strings.TrimPrefix(config("helpcrunch", "Ada"), other)+"resource \"helpcrunch_customer_tag\" \"new\" {\n  customer_id = helpcrunch_customer.many[0].id\n  name = \"new\"\n}\n", noRefresh)
		}},
		{"a new tag of another customer that does not refresh", func() outcome {
			return s.apply(another+strings.TrimPrefix(config("helpcrunch", "Ada"), other)+tagBlock(theirs.Customers()[0].ID(), `name = "new"`), noRefresh)
		}},
		{"a new customer that does not refresh", func() outcome {
			return s.apply(another+strings.TrimPrefix(config("helpcrunch", "Ada"), other)+customerBlock(`name = "Grace"`), noRefresh)
		}},
		{"a destroy", s.destroy},
	} {
		name, out := row.name, row.run()
		if text := said(out.diags); out.err == nil || !strings.Contains(text, "account 999999999999") || !strings.Contains(text, `account 23 ("initech")`) {
			t.Errorf("%s says %v\n%s", name, out.err, text)
		}
		if after := s.state(); len(after) != len(before) || !maps.EqualFunc(after[0], before[0], func(a, b any) bool { return a == b || a != nil && b != nil }) {
			t.Errorf("%s: the state is %v", name, after)
		}
	}
	for operation, n := range theirs.Counts().Served {
		if operation != sandbox.OpOrganization && n > 0 {
			t.Errorf("%d requests to %s in the other account", n, operation)
		}
	}
}
