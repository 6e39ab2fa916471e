// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestMockedProvider: modules are tested with mock_provider alone, whose ids
// are random letters and digits. Terraform then asks a provider that is not
// configured whether a configuration is valid.
func TestMockedProvider(t *testing.T) {
	t.Parallel()
	needs(t, "1.7.0", "1.8.0")
	server := newSandbox(t)
	w := newWorkspace(t, server, required+customerBlock("  name = \"Ada\"\n  tags = [{ name = \"a\" }]\n  custom_data = { plan = \"gold\" }")+`
resource "helpcrunch_customer_tag" "test" {
  customer_id = helpcrunch_customer.test.id
  name        = "vip"
}
data "helpcrunch_customer" "known" {
  user_id = "crm-18"
}
data "helpcrunch_customer" "again" {
  id = data.helpcrunch_customer.known.id
}
resource "helpcrunch_customer_tag" "known" {
  customer_id = data.helpcrunch_customer.again.id
  name        = "vip"
}
`)
	tests := filepath.Join(w.WorkingDir(), "tests")
	if err := os.Mkdir(tests, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, tests, "mocked.tftest.hcl", `
mock_provider "helpcrunch" {}
run "planned" {
  command = plan
}
run "created" {
  assert {
    condition     = helpcrunch_customer_tag.test.customer_id == helpcrunch_customer.test.id
    error_message = "The tag is not the customer's."
  }
}
run "changed" {}
`)
	output, err := w.Command(t.Context(), "test", "-no-color").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "3 passed, 0 failed") {
		t.Errorf("%v\n%s", err, output)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestIDsAreCheckedWhereTheProviderIsConfigured: what is let pass for a mock
// is refused in a plan.
func TestIDsAreCheckedWhereTheProviderIsConfigured(t *testing.T) {
	t.Parallel()
	configured := newClient(t, newSandbox(t))
	mocked := *configured
	var err error
	if mocked.server, err = NewServer(New("test")); err != nil {
		t.Fatal(err)
	}
	bad := attributes{"customer_id": text("a1b2c3d4"), "name": text("vip")}
	for c, want := range map[*client]string{
		configured: "Not the id of a customer", &mocked: "",
	} {
		tag, err := c.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: "helpcrunch_customer_tag", Config: c.object(c.schemas.ResourceSchemas["helpcrunch_customer_tag"], bad),
		})
		if err != nil {
			t.Fatal(err)
		}
		source, err := c.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
			TypeName: "helpcrunch_customer", Config: c.object(c.schemas.DataSourceSchemas["helpcrunch_customer"], attributes{"id": text("a1b2c3d4")}),
		})
		if err != nil {
			t.Fatal(err)
		}
		action, err := c.server.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{
			ActionType: "helpcrunch_customer_event", Config: c.object(c.schemas.ActionSchemas["helpcrunch_customer_event"].Schema, bad),
		})
		if err != nil {
			t.Fatal(err)
		}
		for kind, diags := range map[string][]*tfprotov6.Diagnostic{"tag": tag.Diagnostics, "data source": source.Diagnostics, "action": action.Diagnostics} {
			if said := saidOverProtocol(diags); (said == "") != (want == "") || !strings.Contains(said, want) {
				t.Errorf("%s: it says %q, want %q", kind, said, want)
			}
		}
	}
}
