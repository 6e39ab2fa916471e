// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// planned are the actions of a plan by address, without those that do nothing.
func planned(t *testing.T, w *terraformcli.Workspace, options ...tfexec.PlanOption) map[string]tfjson.Actions {
	t.Helper()
	plan, diags, err := w.Plan(t.Context(), options...)
	if err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	actions := make(map[string]tfjson.Actions)
	for _, change := range plan.ResourceChanges {
		if !change.Change.Actions.NoOp() {
			actions[change.Address] = change.Change.Actions
		}
	}
	return actions
}

func applied(t *testing.T, w *terraformcli.Workspace, options ...tfexec.ApplyOption) {
	t.Helper()
	if diags, err := w.Apply(t.Context(), options...); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
}

// TestWorkflows: what Terraform users do with any resource.
func TestWorkflows(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	server := newSandbox(t)
	w := newWorkspace(t, server, required)
	config := func(text string) {
		t.Helper()
		write(t, w.WorkingDir(), "main.tf", required+text)
	}

	config("resource \"helpcrunch_customer\" \"a\" {\n  name = \"Ada\"\n}\n")
	applied(t, w)
	id := onlyCustomer(t, server).ID()

	// moved
	config("resource \"helpcrunch_customer\" \"b\" {\n  name = \"Ada\"\n}\nmoved {\n  from = helpcrunch_customer.a\n  to = helpcrunch_customer.b\n}\n")
	if actions := planned(t, w); len(actions) != 0 {
		t.Errorf("moved: planned %v", actions)
	}
	applied(t, w)

	// -refresh-only
	if err := server.Change(id, sandbox.Record{"name": "Somebody"}); err != nil {
		t.Fatal(err)
	}
	applied(t, w, tfexec.RefreshOnly(true))
	if got := onlyCustomer(t, server)["name"]; got != "Somebody" {
		t.Errorf("-refresh-only wrote %v", got)
	}
	state, err := w.Show(t.Context())
	if err != nil || state.Values.RootModule.Resources[0].AttributeValues["name"] != "Somebody" {
		t.Errorf("-refresh-only did not take the drift into the state: %v", err)
	}
	applied(t, w)
	if got := onlyCustomer(t, server)["name"]; got != "Ada" {
		t.Errorf("the apply after it left %v", got)
	}

	// -target
	config("resource \"helpcrunch_customer\" \"b\" {\n  name = \"Ada King\"\n}\nresource \"helpcrunch_customer\" \"c\" {\n  name = \"Grace\"\n}\n")
	applied(t, w, tfexec.Target("helpcrunch_customer.c"))
	if got, _ := server.Customer(id); len(server.Customers()) != 2 || got["name"] != "Ada" {
		t.Errorf("-target: HelpCrunch holds %v", server.Customers())
	}
	applied(t, w)

	// replace_triggered_by
	trigger := func(version string) string {
		return "resource \"terraform_data\" \"version\" {\n  input = \"" + version + "\"\n}\n" +
			"resource \"helpcrunch_customer\" \"b\" {\n  name = \"Ada King\"\n  lifecycle {\n    replace_triggered_by = [terraform_data.version]\n  }\n}\n" +
			"resource \"helpcrunch_customer\" \"c\" {\n  name = \"Grace\"\n}\n"
	}
	config(trigger("1"))
	applied(t, w)
	config(trigger("2"))
	applied(t, w)
	if _, there := server.Customer(id); there || len(server.Customers()) != 2 {
		t.Errorf("replace_triggered_by: HelpCrunch holds %v", server.Customers())
	}

	// removed
	config("removed {\n  from = helpcrunch_customer.b\n  lifecycle {\n    destroy = false\n  }\n}\nremoved {\n  from = helpcrunch_customer.c\n  lifecycle {\n    destroy = false\n  }\n}\n")
	applied(t, w)
	if n := len(server.Customers()); n != 2 {
		t.Errorf("removed: %d customers are left, want 2", n)
	}
	if actions := planned(t, w); len(actions) != 0 {
		t.Errorf("after removed: planned %v", actions)
	}
}

// TestForEachOverCSV: a customer a row, a blank cell is null, a row taken out
// is one customer deleted.
func TestForEachOverCSV(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	w := newWorkspace(t, server, required+`
resource "helpcrunch_customer" "row" {
  for_each = { for row in csvdecode(file("people.csv")) : row.user_id => row }
  user_id  = each.key
  name     = each.value.name
  phone    = each.value.phone == "" ? null : each.value.phone
}
`)
	write(t, w.WorkingDir(), "people.csv", "user_id,name,phone\n1,Ada,555\n2,Grace,\n3,Alan,557\n")
	applied(t, w)
	for _, customer := range server.Customers() {
		if customer["userId"] == "2" {
			if err := server.Change(customer.ID(), sandbox.Record{"phone": "by hand"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, w.WorkingDir(), "people.csv", "user_id,name,phone\n2,Grace,\n3,Alan Turing,557\n")
	actions := planned(t, w)
	if len(actions) != 2 || !actions[`helpcrunch_customer.row["1"]`].Delete() || !actions[`helpcrunch_customer.row["3"]`].Update() {
		t.Errorf("planned %v", actions)
	}
	applied(t, w)
	left := make(map[any]sandbox.Record)
	for _, customer := range server.Customers() {
		left[customer["userId"]] = customer
	}
	if len(left) != 2 || left["2"]["phone"] != "by hand" || left["3"]["name"] != "Alan Turing" {
		t.Errorf("HelpCrunch holds %v", left)
	}
}

// TestRecordedState: a state that an earlier version wrote still plans clean.
// testdata/state-1 was written by the first version, as terraform.tfstate
// stands in a folder after an apply of its main.tf.
func TestRecordedState(t *testing.T) {
	t.Parallel()
	for _, recorded := range []string{"state-1"} {
		folder := filepath.Join("testdata", recorded)
		server := newSandbox(t)
		customers, err := os.Open(filepath.Join(folder, "customers.json"))
		if err != nil {
			t.Fatal(err)
		}
		records, err := sandbox.ReadCustomers(customers)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			if _, err := server.Add(record); err != nil {
				t.Fatal(err)
			}
		}
		if err := customers.Close(); err != nil {
			t.Fatal(err)
		}
		w := newWorkspace(t, server, read(t, "internal", "provider", folder, "main.tf"))
		write(t, w.WorkingDir(), "terraform.tfstate", read(t, "internal", "provider", folder, "terraform.tfstate"))
		if actions := planned(t, w); len(actions) != 0 {
			t.Errorf("%s: planned %v", recorded, actions)
		}
		// The mark of an import lives in it too.
		diags, err := w.Destroy(t.Context())
		if err == nil || !strings.Contains(said(diags), "imported customers are not deleted unless it is written") {
			t.Errorf("%s: destroy of an imported customer: %v\n%s", recorded, err, said(diags))
		}
	}
}
