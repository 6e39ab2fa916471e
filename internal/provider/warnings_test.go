// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestWarnings: what Terraform says without failing.
func TestWarnings(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	s := newStage(t, server)
	apply := func(lines string) string {
		t.Helper()
		out := s.apply(customerBlock(lines))
		if out.err != nil {
			t.Fatalf("%v\n%s", out.err, said(out.diags))
		}
		return said(out.diags)
	}
	if text := apply(`name = "Ada"`); text != "" {
		t.Errorf("a plain create says:\n%s", text)
	}
	id := onlyCustomer(t, server).ID()

	// Somebody unsubscribes; the configuration begins to write false.
	if err := server.Change(id, sandbox.Record{"unsubscribed": true}); err != nil {
		t.Fatal(err)
	}
	if text := apply("name = \"Ada\"\n  unsubscribed = false"); !strings.Contains(text, "A person is subscribed again") || !strings.Contains(text, "[helpcrunch_customer.test") {
		t.Errorf("writing false over true says:\n%s", text)
	}
	if text := apply("name = \"Ada\"\n  unsubscribed = true"); text != "" {
		t.Errorf("unsubscribing says:\n%s", text)
	}
	if text := apply("name = \"Ada\"\n  unsubscribed = false"); !strings.Contains(text, "A person is subscribed again") {
		t.Errorf("turning true to false says:\n%s", text)
	}

	// A colour that the account keeps, and one that is none.
	if err := server.SetSwitch("tag-color-kept", "true"); err != nil {
		t.Fatal(err)
	}
	if text := apply("name = \"Ada\"\n  tags = [{ name = \"vip\", color = \"red\" }]"); strings.Contains(text, "colour") {
		t.Errorf("a new tag says:\n%s", text)
	}
	if text := apply("name = \"Ada\"\n  tags = [{ name = \"vip\", color = \"blue\" }]"); !strings.Contains(text, "HelpCrunch kept another colour for a tag") {
		t.Errorf("a colour that was not taken says:\n%s", text)
	}
	if text := apply("name = \"Ada\"\n  tags = [{ name = \"vip\", color = \"bleu\" }]"); !strings.Contains(text, "cannot be read as a CSS colour") {
		t.Errorf("a colour that is none says:\n%s", text)
	}

	// The same customer twice.
	s.config = customerBlock(`name = "Ada"`) +
		"resource \"helpcrunch_customer\" \"again\" {\n  name = \"Ada\"\n  deletion_policy = \"abandon\"\n}\n" +
		importBlock("helpcrunch_customer.again", onlyCustomerID(t, server))
	out := s.plan()
	if out.err != nil {
		t.Fatal(out.err)
	}
	if text := said(out.diags); strings.Count(text, "Two resources for one customer") != 1 {
		t.Errorf("two resources for one customer say:\n%s", text)
	}
}

// TestDuplicateUserID names the customer that has it, and how to import them.
func TestDuplicateUserID(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	want := errorWith(`A customer with this user_id already exists`).String() +
		`(?s).*\d+:\s+user_id .*` + errorWith("HelpCrunch customer "+onlyCustomerID(t, server)+` already has user_id "crm-17". To manage it with Terraform, import it; ADDRESS is that of this resource: terraform import ADDRESS `+onlyCustomerID(t, server)+` HelpCrunch answered 400:`).String()
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + customerBlock(`user_id = "crm-17"`), ExpectError: regexp.MustCompile(want)},
	)
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + customerBlock(`user_id = "crm-18"`)},
		resource.TestStep{Config: providerBlock(server, "") + customerBlock(`user_id = "crm-17"`), ExpectError: regexp.MustCompile(want)},
	)
	if record, ok := server.Customer(id); !ok || record["name"] != "Ada" {
		t.Errorf("the owner of the user_id was touched: %v", record)
	}
}

// TestDeletionPolicy: prevent refuses in the plan, abandon leaves the customer.
func TestDeletionPolicy(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + customerBlock(`deletion_policy = "prevent"`)},
		resource.TestStep{
			Config:      providerBlock(server, ""),
			ExpectError: errorWith(`would be deleted with the history of their chats. Its deletion_policy, or the provider's, is "prevent".`),
		},
		resource.TestStep{Config: providerBlock(server, `deletion_policy = "prevent"`) + customerBlock(`deletion_policy = "abandon"`)},
		resource.TestStep{Config: providerBlock(server, `deletion_policy = "prevent"`)},
	)
	if n := server.Count(sandbox.OpDelete); n != 0 {
		t.Errorf("%d customers were deleted", n)
	}
	onlyCustomer(t, server)
}

func TestCustomerDataSource(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id, err := server.Add(sandbox.Record{
		"name": "Ada", "email": "ada@example.com", "userId": "crm-17", "firstSeen": "1700000000", "blocked": true,
		"tags": []string{"vip"}, "customData": map[string]any{"plan": "gold", "seats": 12, "renewal": 1700000000, "trial": true},
		"location": map[string]any{"city": "London", "countryCode": "GB", "regionCode": nil},
		"device":   map[string]any{"id": 81, "ip": "192.0.2.1", "timezone": "Europe/London", "platform": "desktop", "userAgent": "Mozilla/5.0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Add(sandbox.Record{}); err != nil {
		t.Fatal(err)
	}
	at := tfjsonpath.New[string]
	for _, key := range []string{`id = "` + itoa(id) + `"`, `email = "ada@example.com"`, `user_id = "crm-17"`} {
		checks := []statecheck.StateCheck{}
		for _, want := range []struct {
			at   tfjsonpath.Path
			want knownvalue.Check
		}{
			{at("id"), knownvalue.StringExact(itoa(id))},
			{at("name"), knownvalue.StringExact("Ada")},
			{at("email"), knownvalue.StringExact("ada@example.com")},
			{at("user_id"), knownvalue.StringExact("crm-17")},
			{at("phone"), knownvalue.Null()},
			{at("first_seen"), knownvalue.StringExact("1700000000")},
			{at("last_seen"), knownvalue.Null()},
			{at("blocked"), knownvalue.Bool(true)},
			{at("unsubscribed"), knownvalue.Bool(false)},
			{at("tags"), knownvalue.SetExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
				"name": knownvalue.StringExact("vip"), "color": knownvalue.StringExact("#c377e0"),
			})})},
			{at("custom_data").AtMapKey("plan"), knownvalue.StringExact("gold")},
			{at("custom_data").AtMapKey("seats"), knownvalue.Int64Exact(12)},
			{at("custom_data").AtMapKey("renewal"), knownvalue.Int64Exact(1700000000)},
			{at("custom_data").AtMapKey("trial"), knownvalue.Bool(true)},
			{at("location").AtMapKey("city"), knownvalue.StringExact("London")},
			{at("location").AtMapKey("region_code"), knownvalue.Null()},
			{at("device").AtMapKey("id"), knownvalue.StringExact("81")},
			{at("device").AtMapKey("platform"), knownvalue.StringExact("desktop")},
		} {
			checks = append(checks, statecheck.ExpectKnownValue("data.helpcrunch_customer.test", want.at, want.want))
		}
		runSteps(t, resource.TestStep{
			Config:            providerBlock(server, "") + "data \"helpcrunch_customer\" \"test\" {\n  " + key + "\n}\n",
			ConfigStateChecks: checks,
		})
	}
	for lines, want := range map[string]string{
		"":                                 "A customer is read by exactly one of id, email and user_id.",
		"id = \"1\"\n  email = \"a@b.cd\"": "A customer is read by exactly one of id, email and user_id.",
		`id = "ada"`:                       `id is a string of digits such as "542335".`,
		`id = "1"`:                         "HelpCrunch has no customer 1.",
		`email = "nobody@example.com"`:     "HelpCrunch has no customer with this email.",
	} {
		runSteps(t, resource.TestStep{
			Config:      providerBlock(server, "") + "data \"helpcrunch_customer\" \"test\" {\n  " + lines + "\n}\n",
			ExpectError: errorWith(want),
		})
	}
}
