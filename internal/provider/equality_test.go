// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// The same letter, as Unicode composes it and as it takes it apart.
const (
	composed   = "\u00e9"
	decomposed = "e\u0301"
)

// importOf is an import block for helpcrunch_customer.test.
func importOf(id int64) string { return importBlock("helpcrunch_customer.test", itoa(id)) }

func importBlock(to, id string) string {
	return fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", to, id)
}

// writes are the requests that changed a customer.
func writes(server *sandbox.Server) (bodies []string) {
	for _, request := range server.Requests() {
		switch request.Operation {
		case sandbox.OpCreate, sandbox.OpPatch, sandbox.OpUpdate, sandbox.OpBatch, sandbox.OpTag, sandbox.OpUntag:
			bodies = append(bodies, string(request.Body))
		}
	}
	return bodies
}

// TestFormKnownLater: a part of custom data, or of a tag, that is known only
// during the apply turns out to be what is there, in another form. One apply,
// and nothing is sent.
func TestFormKnownLater(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	for name, lines := range map[string]string{
		"object":         `custom_data = { plan = terraform_data.later.output, seats = "3" }`,
		"map":            `custom_data = tomap({ plan = terraform_data.later.output, seats = "3" })`,
		"wholly unknown": `custom_data = jsondecode("{\"plan\":\"${terraform_data.later.output}\",\"seats\":\"3\"}")`,
		"tags":           `tags = [{ name = terraform_data.later.output }, { name = "vip" }]`,
	} {
		t.Run(name, func(t *testing.T) {
			server := newSandbox(t)
			id, err := server.Add(sandbox.Record{"name": "Ada", "tags": []string{"gold ", "vip"}, "customData": map[string]any{"plan": "gold", "seats": 3}})
			if err != nil {
				t.Fatal(err)
			}
			s := newRealStage(t, server)
			config := importOf(id) + "resource \"terraform_data\" \"later\" {\n  input = \"gold\"\n}\n" + customerBlock("name = \"Ada\"\n"+lines)
			if out := s.apply(config); out.err != nil {
				t.Fatalf("%v\n%s", out.err, said(out.diags))
			}
			if sent := writes(server); len(sent) > 0 {
				t.Errorf("sent %q", sent)
			}
			if out := s.plan(); out.err != nil || len(out.planned) > 0 {
				t.Errorf("the next plan is %v, %v\n%s", out.planned, out.err, said(out.diags))
			}
		})
	}
}

// TestOneColourTwice: two tags of one colour in two spellings are two tags. A
// colour written otherwise is an update in place that sends nothing.
func TestOneColourTwice(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	s := newStage(t, server)
	colors := func(one, other string) string {
		return customerBlock(fmt.Sprintf("tags = [{ name = \"a\", color = %q }, { name = \"b\", color = %q }, { name = \"c\" }]", one, other))
	}
	s.mustApply(colors("red", "#ff0000"))
	if got := sorted(onlyCustomer(t, server).TagNames()); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("HelpCrunch holds %q", got)
	}
	created := writes(server)
	for _, turn := range [][2]string{{"#ff0000", "red"}, {"RED", "rgb(255, 0, 0)"}, {"red", "red"}} {
		if out := s.mustApply(colors(turn[0], turn[1])); !maps.Equal(out.planned, map[string]string{"helpcrunch_customer.test": "update"}) {
			t.Errorf("%q: planned %v", turn, out.planned)
		}
		if out := s.plan(); out.err != nil || len(out.planned) > 0 {
			t.Errorf("%q: the next plan is %v, %v", turn, out.planned, out.err)
		}
	}
	if sent := writes(server); len(sent) > len(created) {
		t.Errorf("sent %q", sent[len(created):])
	}
	if all := server.Customers(); len(all) != 1 {
		t.Errorf("HelpCrunch has %d customers", len(all))
	}
}

// TestNamesTakenApart: HelpCrunch has names in another form of Unicode than
// Terraform keeps. They are read, and written back as they are there.
func TestNamesTakenApart(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server, err := sandbox.Start(sandbox.Config{Attributes: map[string]sandbox.AttributeType{decomposed: sandbox.TextAttribute, "plan": sandbox.TextAttribute}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	id, err := server.Add(sandbox.Record{"name": decomposed, "tags": []string{decomposed}, "customData": map[string]any{decomposed: decomposed, "plan": "gold"}})
	if err != nil {
		t.Fatal(err)
	}
	s := newRealStage(t, server)
	config := func(value, more string) string {
		return importOf(id) + customerBlock(fmt.Sprintf("name = %q\ntags = [{ name = %q }%s]\ncustom_data = { %q = %q, plan = \"gold\" }", composed, composed, more, composed, value)) +
			fmt.Sprintf("data \"helpcrunch_customer\" \"test\" {\n  id = \"%d\"\n}\n", id) +
			"data \"helpcrunch_customers\" \"test\" {}\n" +
			fmt.Sprintf("output \"seen\" {\n  value = [data.helpcrunch_customer.test.custom_data[%q], data.helpcrunch_customers.test.customers[0].custom_data[%q]]\n}\n", composed, composed)
	}
	s.mustApply(config(composed, ""))
	if sent := writes(server); len(sent) > 0 {
		t.Errorf("an import sent %q", sent)
	}
	s.mustApply(config("new", `, { name = "vip" }`))
	want := `{"tags":[{"name":"vip"},{"name":"` + decomposed + `"}],"customData":[{"property":"` + decomposed + `","value":"new"}]}`
	if sent := writes(server); len(sent) != 1 || sent[0] != want {
		t.Errorf("sent %+q, want %+q", sent, want)
	}
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		t.Errorf("the next plan is %v, %v\n%s", out.planned, out.err, said(out.diags))
	}
	// Taken out, it is cleared under its own name.
	if out := s.apply(importOf(id) + customerBlock("name = \"Ada\"\ncustom_data = { plan = \"gold\" }")); out.err != nil || !slices.Equal(out.summaries(), []string{"warning: Lines taken out are cleared"}) {
		t.Errorf("%v\n%s", out.err, said(out.diags))
	}
	record := onlyCustomer(t, server)
	if _, held := record.Custom(decomposed); held {
		t.Error("the property taken out is still there")
	}
}
