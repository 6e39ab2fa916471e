// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// lifeOf is one attribute on its way through every thing that can happen to
// it: as HCL on the one side, as HelpCrunch's record on the other.
type lifeOf struct {
	attribute string
	field     string // the API's; "customData.<name>" for a property

	first, changed, empty string // HCL; empty "" = the attribute has no empty value
	held, heldChanged     any    // what HelpCrunch holds for first and changed
	byHand                any    // what a colleague writes

	staysWhenTakenOut bool
}

func textLife(attribute, field, first, changed, byHand string) lifeOf {
	return lifeOf{
		attribute: attribute, field: field,
		first: fmt.Sprintf("%q", first), changed: fmt.Sprintf("%q", changed), empty: `""`,
		held: first, heldChanged: changed, byHand: byHand,
	}
}

var lives = []lifeOf{
	textLife("name", "name", "Ada Lovelace", "Ada King", "Countess"),
	textLife("email", "email", "ada@example.com", "ada.king@example.com", "other@example.com"),
	textLife("user_id", "userId", "crm-17", "crm-18", "crm-19"),
	textLife("company", "company", "Analytical Engines", "Engines & Sons", "Someone Else's"),
	textLife("phone", "phone", "+44 20 7946 0000", "+44 20 7946 0001", "555"),
	textLife("notes", "notes", "Prefers mornings", "Prefers evenings\nand tea", "Call back"),
	textLife("locale", "locale", "en", "de", "fr"),
	textLife("source", "source", "https://example.com/a", "https://example.com/b", "https://example.com/c"),
	textLife("referer", "referer", "https://example.org/a", "https://example.org/b", "https://example.org/c"),
	textLife("last_page", "lastPage", "https://example.net/a", "https://example.net/b", "https://example.net/c"),
	textLife("created_from", "createdFrom", "web", "telegram", "viber"),
	textLife("integration_id", "integrationId", "981", "982", "983"),
	{
		attribute: "first_seen", field: "firstSeen",
		first: `"1700000000"`, changed: `"2023-11-14T22:13:21Z"`, empty: `""`,
		held: "1700000000", heldChanged: "1700000001", byHand: "1600000000",
	},
	{
		attribute: "last_seen", field: "lastSeen",
		first: `"2023-11-14T23:13:20+01:00"`, changed: `"1700000002"`, empty: `""`,
		held: "1700000000", heldChanged: "1700000002", byHand: "1600000000",
	},
	{
		attribute: "unsubscribed", field: "unsubscribed",
		first: "false", changed: "true", held: false, heldChanged: true, byHand: false, staysWhenTakenOut: true,
	},
	{
		attribute: "blocked", field: "blocked",
		first: "true", changed: "false", held: true, heldChanged: false, byHand: true, staysWhenTakenOut: true,
	},
	{
		attribute: "tags", field: "tags",
		first: `[{ name = "vip", color = "gold" }, { name = "beta" }]`, changed: `[{ name = "vip", color = "#ffd700" }, { name = "Churned" }]`, empty: `[]`,
		held: []string{"beta", "vip"}, heldChanged: []string{"Churned", "vip"}, byHand: []string{"vip", "stray"},
	},
	{
		attribute: "custom_data", field: "customData.plan",
		first: `{ plan = "gold", seats = 12 }`, changed: `{ plan = "silver", seats = 12.5 }`, empty: `{ plan = "", seats = null }`,
		held: "gold", heldChanged: "silver", byHand: "bronze",
	},
	{
		attribute: "", field: "customData.seats", // written by the line above
		held: json.Number("12"), heldChanged: json.Number("12.5"), byHand: 99,
	},
}

// block is the customer with one of its values for every attribute.
func block(of func(lifeOf) string) string {
	var lines strings.Builder
	for _, life := range lives {
		if text := of(life); life.attribute != "" && text != "" {
			fmt.Fprintf(&lines, "  %s = %s\n", life.attribute, text)
		}
	}
	return customerBlock(lines.String())
}

// holds fails where HelpCrunch's own record is not as wanted.
func holds(t *testing.T, server *sandbox.Server, when string, want func(lifeOf) any) {
	t.Helper()
	customer := onlyCustomer(t, server)
	for _, life := range lives {
		got, wanted := heldBy(customer, life.field), want(life)
		if !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s: HelpCrunch holds %s = %#v, want %#v", when, life.field, got, wanted)
		}
	}
}

func heldBy(customer sandbox.Record, field string) any {
	if property, ok := strings.CutPrefix(field, "customData."); ok {
		value, _ := customer.Custom(property)
		return value
	}
	if field == "tags" {
		names := customer.TagNames()
		if len(names) == 0 {
			return nil
		}
		return sorted(names)
	}
	return customer[field]
}

// TestCustomerAttributes leads every attribute through its whole life at once,
// each step ending on an empty plan.
func TestCustomerAttributes(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	first := providerBlock(server, "") + block(func(l lifeOf) string { return l.first })
	changed := providerBlock(server, "") + block(func(l lifeOf) string { return l.changed })
	empty := providerBlock(server, "") + block(func(l lifeOf) string {
		if l.staysWhenTakenOut {
			return l.changed
		}
		return l.empty
	})
	bare := providerBlock(server, "") + customerBlock("")

	heldEmpty := func(l lifeOf) any {
		if l.staysWhenTakenOut {
			return l.heldChanged
		}
		return nil
	}
	byHand := func() {
		changes, custom := sandbox.Record{}, map[string]any{}
		for _, life := range lives {
			if property, ok := strings.CutPrefix(life.field, "customData."); ok {
				custom[property] = life.byHand
			} else {
				changes[life.field] = life.byHand
			}
		}
		changes["customData"] = custom
		if err := server.Change(onlyCustomer(t, server).ID(), changes); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, want func(lifeOf) any) resource.TestCheckFunc {
		return func(*terraform.State) error {
			holds(t, server, when, want)
			return nil
		}
	}
	action := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("helpcrunch_customer.test", action)}}
	}
	held := func(l lifeOf) any { return l.held }
	heldChanged := func(l lifeOf) any { return l.heldChanged }
	heldByHand := func(l lifeOf) any {
		switch value := l.byHand.(type) {
		case []string:
			return sorted(value)
		case int:
			return json.Number(fmt.Sprint(value))
		}
		return l.byHand
	}

	runSteps(t,
		resource.TestStep{Config: first, ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: check("set", held)},
		resource.TestStep{Config: changed, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: check("changed", heldChanged)},
		resource.TestStep{PreConfig: byHand, Config: changed, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: check("repaired", heldChanged)},
		resource.TestStep{Config: empty, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: check("emptied", heldEmpty)},
		resource.TestStep{PreConfig: byHand, Config: empty, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: check("kept empty", heldEmpty)},
		resource.TestStep{Config: changed, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: check("set again", heldChanged)},
		resource.TestStep{Config: bare, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: check("taken out", heldEmpty)},
		resource.TestStep{PreConfig: byHand, Config: bare, ConfigPlanChecks: action(plancheck.ResourceActionNoop), Check: check("left out", heldByHand)},
	)
	if left := server.Customers(); len(left) != 0 {
		t.Errorf("%d customers left after destroy", len(left))
	}
}

// TestImportEveryAttribute imports a customer whose every field is what the
// configuration says: nothing is lost on the way, and the plan ends empty.
func TestImportEveryAttribute(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	record, custom := sandbox.Record{}, map[string]any{}
	for _, life := range lives {
		if property, ok := strings.CutPrefix(life.field, "customData."); ok {
			custom[property] = life.heldChanged
		} else {
			record[life.field] = life.heldChanged
		}
	}
	record["customData"] = custom
	id, err := server.Add(record)
	if err != nil {
		t.Fatal(err)
	}
	held := func(l lifeOf) any { return l.heldChanged }
	config := providerBlock(server, "deletion_policy = \"abandon\"") + block(func(l lifeOf) string { return l.changed })
	config = strings.Replace(config, "resource \"helpcrunch_customer\" \"test\" {\n", "resource \"helpcrunch_customer\" \"test\" {\n  deletion_policy = \"abandon\"\n", 1)
	runRealSteps(t,
		resource.TestStep{Config: config, ResourceName: "helpcrunch_customer.test", ImportState: true, ImportStateId: itoa(id), ImportStatePersist: true},
		resource.TestStep{Config: config, Check: func(*terraform.State) error {
			holds(t, server, "imported", held)
			return nil
		}},
	)
	holds(t, server, "abandoned", held)
}
