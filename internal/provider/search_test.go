// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// people are four customers to search.
func people(t *testing.T, server *sandbox.Server) (ids []string) {
	t.Helper()
	for _, record := range []sandbox.Record{
		{"name": "Ada", "email": "ada@example.com", "tags": []string{"vip"}, "lastSeen": "1700000000", "customData": map[string]any{"plan": "gold", "seats": 12, "trial": true}},
		{"name": "Grace", "email": "grace@example.com", "tags": []string{"vip", "beta"}, "lastSeen": "1800000000"},
		{"name": "Alan", "email": "alan@example.org", "tags": []string{"beta"}, "company": "Bletchley"},
		{},
	} {
		id, err := server.Add(record)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, itoa(id))
	}
	return ids
}

func TestCustomersDataSource(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	ids := people(t, server)
	for _, c := range []struct {
		search string
		want   []string
	}{
		{"", ids},
		{`filter = [{ field = "tag", operator = "=", value = "vip" }]`, ids[:2]},
		{`filter = [{ field = "email", operator = "~", value = "example.com" }, { field = "name", operator = "!=", value = "Ada" }]`, ids[1:2]},
		{"match = \"any\"\n  filter = [{ field = \"name\", operator = \"=\", value = \"Ada\" }, { field = \"company\", operator = \"=\", value = \"Bletchley\" }]", []string{ids[0], ids[2]}},
		{`filter = [{ field = "id", operator = ">", value = ` + ids[1] + ` }]`, ids[2:]},
		{`filter = [{ field = "last_seen", operator = ">=", value = "2026-01-01T00:00:00Z" }]`, ids[1:2]},
		{`filter = [{ field = "last_seen", operator = "<", value = 1750000000 }]`, ids[:1]},
		{"filter = [{ field = \"tag\", operator = \"=\", value = \"vip\" }]\n  sort = \"last_seen\"\n  order = \"desc\"", []string{ids[1], ids[0]}},
		{`limit = 3`, ids[:3]},
		{`filter = [{ field = "name", operator = "=", value = "Nobody" }]`, nil},
	} {
		want := make([]knownvalue.Check, len(c.want))
		for i, id := range c.want {
			want[i] = knownvalue.StringExact(id)
		}
		runSteps(t, resource.TestStep{
			Config: providerBlock(server, "") + "data \"helpcrunch_customers\" \"test\" {\n  " + c.search + "\n}\n",
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.helpcrunch_customers.test", tfjsonpath.New("ids"), knownvalue.ListExact(want)),
				statecheck.ExpectKnownValue("data.helpcrunch_customers.test", tfjsonpath.New("customers"), knownvalue.ListSizeExact(len(want))),
			},
		})
	}
	first := tfjsonpath.New("customers").AtSliceIndex(0)
	runSteps(t, resource.TestStep{
		Config: providerBlock(server, "") + "data \"helpcrunch_customers\" \"test\" {}\n",
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("data.helpcrunch_customers.test", first.AtMapKey("name"), knownvalue.StringExact("Ada")),
			statecheck.ExpectKnownValue("data.helpcrunch_customers.test", first.AtMapKey("phone"), knownvalue.Null()),
			statecheck.ExpectKnownValue("data.helpcrunch_customers.test", first.AtMapKey("custom_data"), knownvalue.MapExact(map[string]knownvalue.Check{
				"plan": knownvalue.StringExact("gold"), "seats": knownvalue.StringExact("12"), "trial": knownvalue.StringExact("true"),
			})),
		},
	})
}

// TestCustomersDataSourcePages: page after page until a short one, each customer once.
func TestCustomersDataSourcePages(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	for range 205 {
		if _, err := server.Add(sandbox.Record{"tags": []string{"vip"}}); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[string]struct{ customers, requests int }{"": {205, 3}, "limit = 150": {150, 2}, "limit = 7": {7, 1}} {
		server.ResetCounts()
		runSteps(t, resource.TestStep{
			Config: providerBlock(server, "") + "data \"helpcrunch_customers\" \"test\" {\n  " + limit + "\n}\n",
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.helpcrunch_customers.test", tfjsonpath.New("ids"), knownvalue.ListSizeExact(want.customers)),
			},
		})
		if n := server.Count(sandbox.OpSearch); n%want.requests != 0 || n == 0 {
			t.Errorf("%q: %d searches, want a multiple of %d", limit, n, want.requests)
		}
	}
}

func TestBadSearches(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	for search, want := range map[string]string{
		`filter = [{ field = "notes", operator = "=", value = "x" }]`:         `field is "city", "company"`,
		`filter = [{ field = "tag", operator = "!=", value = "x" }]`:          `The operator for tag is "=".`,
		`filter = [{ field = "name", operator = ">", value = "x" }]`:          `The operator for name is "=", "!=", "~" or "!~".`,
		`filter = [{ field = "id", operator = "=", value = "ada" }]`:          `The value for id does not fit: write a string of digits such as "542335".`,
		`filter = [{ field = "last_seen", operator = ">", value = "today" }]`: `The value for last_seen does not fit: write UNIX seconds`,
		`match = "some"`: `match is "all" or "any".`,
		`sort = "name"`:  `sort is "first_seen" or "last_seen".`,
		`order = "up"`:   `order is "asc" or "desc".`,
		`limit = 0`:      `limit is 1 or more. Leave it out for all customers.`,
	} {
		runSteps(t, resource.TestStep{
			Config:      providerBlock(server, "") + "data \"helpcrunch_customers\" \"test\" {\n  " + search + "\n}\n",
			PlanOnly:    true,
			ExpectError: errorWith(want),
		})
	}
	if n := server.Counts().Total(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestBadSearchesTogether: each fault of a search is named, whatever stands or is
// not known before it.
func TestBadSearchesTogether(t *testing.T) {
	text := types.StringValue
	search := searchModel{Order: text("up"), Filter: []filterModel{
		{Field: text("shoe size"), Operator: text("="), Value: text("42")},
		{Field: text("id"), Operator: text("="), Value: types.StringUnknown()},
		{Field: text("id"), Operator: text("~"), Value: text("17")},
		{Field: text("last_seen"), Operator: text(">"), Value: text("yesterday")},
	}}
	var got []string
	for _, d := range search.problems() {
		got = append(got, d.(diag.DiagnosticWithPath).Path().String())
	}
	if want := []string{"filter[0].field", "filter[2].operator", "filter[3].value", "order"}; !slices.Equal(got, want) {
		t.Errorf("faults of %v, want %v", got, want)
	}
}

// TestAdoptAllWithATag: adopting all customers with a tag is a data source and an import block.
func TestAdoptAllWithATag(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	server := newSandbox(t)
	people(t, server)
	before := server.Customers()
	w := newWorkspace(t, server, required+`
data "helpcrunch_customers" "vip" {
  filter = [{ field = "tag", operator = "=", value = "vip" }]
}

import {
  for_each = toset(data.helpcrunch_customers.vip.ids)
  to       = helpcrunch_customer.vip[each.key]
  id       = each.key
}

resource "helpcrunch_customer" "vip" {
  for_each = toset(data.helpcrunch_customers.vip.ids)
}
`)
	if diags, err := w.Apply(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	state, err := w.Show(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	managed := 0
	for _, resource := range state.Values.RootModule.Resources {
		if strings.HasPrefix(resource.Address, "helpcrunch_customer.vip[") {
			managed++
		}
	}
	if managed != 2 {
		t.Errorf("%d customers were adopted, want 2", managed)
	}
	for i, after := range server.Customers() {
		if after["name"] != before[i]["name"] || len(after.TagNames()) != len(before[i].TagNames()) {
			t.Errorf("adopting changed %v into %v", before[i], after)
		}
	}
	if n := server.Count(sandbox.OpPatch) + server.Count(sandbox.OpBatch); n != 0 {
		t.Errorf("adopting wrote %d times", n)
	}
}

// TestImportOfManyByKey: importing by e-mail or user id costs one request for ten at most.
func TestImportOfManyByKey(t *testing.T) { // alone, like every count that depends on Terraform's own pace
	needs(t, "1.7.0", "1.7.0")
	const count = 60
	server := newSandbox(t)
	var imports strings.Builder
	for i := range count {
		if _, err := server.Add(sandbox.Record{"userId": "crm-" + itoa(int64(i)), "name": "Ada"}); err != nil {
			t.Fatal(err)
		}
	}
	imports.WriteString(required + `
import {
  for_each = { for i in range(` + itoa(count) + `) : i => i }
  to       = helpcrunch_customer.many[each.key]
  id       = "user_id:crm-${each.key}"
}

resource "helpcrunch_customer" "many" {
  for_each = { for i in range(` + itoa(count) + `) : i => i }
  user_id  = "crm-${each.key}"
  name     = "Ada"
}
`)
	w := newWorkspace(t, server, imports.String())
	plan, diags, err := w.Plan(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	for _, change := range plan.ResourceChanges {
		if change.Change.Importing == nil || !change.Change.Actions.NoOp() {
			t.Errorf("%s is planned for %v", change.Address, change.Change.Actions)
		}
	}
	if n := total(server); n > count/10 {
		t.Errorf("%d requests to plan the import of %d customers", n, count)
	}
}

func TestIdentity(t *testing.T) {
	needs(t, "1.12.0", "1.12.0")
	t.Parallel()
	server := newSandbox(t)
	id := itoa(ada(t, server))
	block := customerBlock("name = \"Ada\"\n  deletion_policy = \"abandon\"")
	runRealSteps(t,
		resource.TestStep{
			Config: providerBlock(server, "") + block + strings.NewReplacer("542335", id, "helpcrunch_customer.ada", "helpcrunch_customer.test").
				Replace(read(t, "examples", "resources", "helpcrunch_customer", "import-by-identity.tf")),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectIdentity("helpcrunch_customer.test", map[string]knownvalue.Check{"id": knownvalue.StringExact(id)}),
				statecheck.ExpectIdentityValueMatchesState("helpcrunch_customer.test", tfjsonpath.New("id")),
			},
		},
		resource.TestStep{
			Config: providerBlock(server, "") + customerBlock("name = \"Ada King\"\n  deletion_policy = \"abandon\""),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectIdentityValueMatchesState("helpcrunch_customer.test", tfjsonpath.New("id")),
			},
		},
	)
}

// TestDeletionIsWarnedOfOnce: a plan that deletes says what is lost, once, and
// names abandon; one that abandons says nothing.
func TestDeletionIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	config := func(policy string) string {
		return required + "resource \"helpcrunch_customer\" \"many\" {\n  count = 3\n  deletion_policy = \"" + policy + "\"\n}\n"
	}
	w := newWorkspace(t, server, config("delete"))
	if _, err := w.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, w.WorkingDir(), "main.tf", required)
	_, diags, err := w.Plan(t.Context())
	if text := said(diags); err != nil || strings.Count(text, "erases the history of their chats") != 1 || !strings.Contains(text, `deletion_policy = "abandon"`) {
		t.Errorf("%v\n%s", err, text)
	}
	write(t, w.WorkingDir(), "main.tf", config("abandon"))
	if _, err := w.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, w.WorkingDir(), "main.tf", required)
	if diags, err := w.Apply(t.Context()); err != nil || len(diags) != 0 {
		t.Errorf("%v\n%s", err, said(diags))
	}
	if n := len(server.Customers()); n != 3 {
		t.Errorf("%d customers are left, want 3", n)
	}
}
