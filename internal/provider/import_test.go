// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// ada is a customer that existed before Terraform came.
func ada(t *testing.T, server *sandbox.Server) int64 {
	t.Helper()
	id, err := server.Add(sandbox.Record{
		"name": "Ada", "email": "ada@example.com", "userId": "crm-17", "phone": "555", "unsubscribed": true,
		"tags": []string{"vip"}, "customData": map[string]any{"plan": "gold", "seats": 12},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

const required = `
terraform {
  required_providers {
    helpcrunch = { source = "terraform-helpcrunch/helpcrunch" }
  }
}
`

func TestImport(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := strconv.FormatInt(ada(t, server), 10)
	block := customerBlock(`
  name    = "Ada"
  email   = "ada@example.com"
  user_id = "crm-17"
  phone   = "555"
  tags    = [{ name = "vip" }]
  custom_data = { plan = "gold", seats = 12 }
  deletion_policy = "delete"`)
	for _, form := range []string{id, "email:ada@example.com", "user_id:crm-17"} {
		runSteps(t,
			resource.TestStep{
				Config: providerBlock(server, "") + block + importBlock("helpcrunch_customer.test", form),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("helpcrunch_customer.test", tfjsonpath.New("id"), knownvalue.StringExact(id)),
					statecheck.ExpectKnownValue("helpcrunch_customer.test", tfjsonpath.New("phone"), knownvalue.StringExact("555")),
					statecheck.ExpectKnownValue("helpcrunch_customer.test", tfjsonpath.New("unsubscribed"), knownvalue.Null()),
				},
			},
		)
		if left := server.Customers(); len(left) != 0 {
			t.Fatalf("%s: deletion_policy = \"delete\" left %d customers", form, len(left))
		}
		id = strconv.FormatInt(ada(t, server), 10)
	}
}

func TestImportRefusals(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	first := ada(t, server)
	second, err := server.Add(sandbox.Record{"email": "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for form, want := range map[string]string{
		"ada":                     `Write the id of a customer \(542335\)`,
		"email:":                  `Write the id of a customer`,
		"email:ada@example.com":   `HelpCrunch has 2 customers with this email, "ada@example.com": ` + strconv.FormatInt(first, 10) + `,\s+` + strconv.FormatInt(second, 10),
		"user_id:nobody":          `HelpCrunch has no customer with this user_id, "nobody"`,
		"1":                       `Cannot import non-existent remote object`,
		"email:other@example.com": `HelpCrunch has no customer with this email, "other@example.com"`,
	} {
		runSteps(t, resource.TestStep{
			Config:      providerBlock(server, "") + customerBlock("") + importBlock("helpcrunch_customer.test", form),
			ExpectError: regexp.MustCompile(want),
		})
	}
}

// TestImportLetsGo: what an import found and the configuration leaves out
// survives, also where the first update fails; a destroy spares the customer.
func TestImportLetsGo(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	config := func(lines string) string { return customerBlock(lines) + importOf(id) }
	holdsAll := func(when string, phone any) {
		t.Helper()
		record, _ := server.Customer(id)
		plan, _ := record.Custom("plan")
		if record["phone"] != phone || plan != "gold" || len(record.TagNames()) != 1 || record["unsubscribed"] != true {
			t.Fatalf("%s: HelpCrunch holds %v", when, record)
		}
	}
	s := newStage(t, server)
	s.config = config(`name = "Ada King"`)
	out := s.plan()
	if out.err != nil {
		t.Fatal(out.err)
	}
	if warning := said(out.diags); !strings.Contains(warning, "email, user_id, phone, tags, custom_data.") || !strings.Contains(warning, `write it as ""`) {
		t.Errorf("the plan does not say what it lets go:\n%s", warning)
	}

	server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.Forbidden})
	if out := s.apply(s.config); out.err == nil {
		t.Fatal("the first update was meant to fail")
	}
	holdsAll("after a failed update", "555")

	if out := s.apply(s.config); out.err != nil {
		t.Fatal(out.err)
	}
	holdsAll("after the first update", "555")
	if record, _ := server.Customer(id); record["name"] != "Ada King" {
		t.Errorf("name is %v", record["name"])
	}

	// From now on a line taken out is cleared, like everywhere.
	for _, lines := range []string{"name = \"Ada King\"\n  phone = \"556\"", `name = "Ada King"`} {
		if out := s.apply(config(lines)); out.err != nil || strings.Contains(said(out.diags), "let go") {
			t.Fatalf("%v\n%s", out.err, said(out.diags))
		}
	}
	holdsAll("after a line was taken out", nil)

	if out := s.destroy(); out.err == nil || !strings.Contains(said(out.diags), "imported customers are not deleted unless it is written") {
		t.Fatalf("destroy of an imported customer: %v\n%s", out.err, said(out.diags))
	}
	s.mustApply(config("name = \"Ada King\"\n  deletion_policy = \"abandon\""))
	if out := s.destroy(); out.err != nil {
		t.Fatal(out.err)
	}
	holdsAll("after destroy with abandon", nil)
}

// oddly is how people type, how agents tag, and what would be configuration of its own.
var oddly = sandbox.Record{
	"name": "Ada ", "email": "ADA@Example.com", "userId": "\tcrm-18", "company": "\u00a0", "phone": " ${555} ", "notes": "a\"\n}\nresource \"terraform_data\" \"forged\" {}\n", "locale": "EN",
	"tags": []string{"VIP", "vip", "vip ", decomposed}, "customData": map[string]any{"plan": " gold\n", "tier": "007", "score": json.Number("0.1000000000000000055511151231257827")},
}

// TestImportGeneratedConfiguration: what terraform plan -generate-config-out
// writes plans clean and freezes nobody's subscription.
func TestImportGeneratedConfiguration(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	bare, err := server.Add(sandbox.Record{})
	if err != nil {
		t.Fatal(err)
	}
	odd, err := server.Add(oddly)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, server, required+
		importBlock("helpcrunch_customer.odd", itoa(odd))+
		importBlock("helpcrunch_customer.ada", itoa(id))+
		importBlock("helpcrunch_customer.bare", itoa(bare)))
	restore := nameProvider(t, w)
	plan, diags, err := w.Plan(t.Context(), tfexec.GenerateConfigOut("generated.tf"))
	restore()
	if err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	for _, change := range plan.ResourceChanges {
		if !change.Change.Actions.NoOp() {
			t.Errorf("%s is planned for %v", change.Address, change.Change.Actions)
		}
	}
	generated, err := os.ReadFile(filepath.Join(w.WorkingDir(), "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(generated), `"crm-17"`) || regexp.MustCompile(`unsubscribed\s+= (true|false)`).Match(generated) {
		t.Errorf("generated configuration:\n%s", generated)
	}
	if diags, err := w.Apply(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	plan, _, err = w.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range plan.ResourceChanges {
		if !change.Change.Actions.NoOp() {
			t.Errorf("after the import %s is planned for %v", change.Address, change.Change.Actions)
		}
	}
	for _, operation := range []sandbox.Operation{sandbox.OpPatch, sandbox.OpBatch, sandbox.OpTag, sandbox.OpUntag} {
		if n := server.Count(operation); n != 0 {
			t.Errorf("the import wrote: %d %s", n, operation)
		}
	}
}

// TestImportOfNobody: an identity that turns out to be null is one clear error.
func TestImportOfNobody(t *testing.T) {
	t.Parallel()
	c := newClient(t, newSandbox(t))
	identity, err := tfprotov6.NewDynamicValue(identityType, tftypes.NewValue(identityType, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, nil)}))
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{customerKind: "Write the id of a customer (542335)", tagKind: "such as 542335/vip"} {
		imported, err := c.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{
			TypeName: kind, Identity: &tfprotov6.ResourceIdentityData{IdentityData: &identity},
		})
		if err != nil {
			t.Fatal(err)
		}
		if said := saidOverProtocol(imported.Diagnostics); len(imported.Diagnostics) != 1 || !strings.Contains(said, "ERROR: Not an import id") || !strings.Contains(said, want) {
			t.Errorf("%s: it says\n%s", kind, said)
		}
	}
}
