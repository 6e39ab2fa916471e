// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestCustomDataForms: each form is written as it should be, and plans clean
// afterwards (the test kit sees to the second).
func TestCustomDataForms(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	type held map[string]any
	for _, form := range []struct {
		name, hcl string
		want      held
	}{
		{"object", `{ plan = "gold", seats = 12, trial = false }`, held{"plan": "gold", "seats": json.Number("12"), "trial": false}},
		{"map of strings", `tomap({ plan = "gold", tier = "7" })`, held{"plan": "gold", "tier": "7"}},
		{"map of numbers", `tomap({ seats = 12, score = 1.5 })`, held{"seats": json.Number("12"), "score": json.Number("1.5")}},
		{"integer above 2^53", `{ seats = 9007199254740993 }`, held{"seats": json.Number("9007199254740993")}},
		{"integer above 2^64", `{ seats = 36893488147419103233 }`, held{"seats": json.Number("36893488147419103233")}},
		{"decimal", `{ score = 0.1, seats = -12.75 }`, held{"score": json.Number("0.1"), "seats": json.Number("-12.75")}},
		{"another form of the same numbers", `{ score = 1.0e-1, seats = -12.750 }`, held{"score": json.Number("0.1"), "seats": json.Number("-12.75")}},
		{"what Terraform reckons", `{ score = 1 - 0.99, seats = 10 / 3 }`, held{"score": json.Number("0.01"), "seats": json.Number("3.3333333333333335")}},
		{"date", `{ renewal = "1700000000" }`, held{"renewal": json.Number("1700000000")}},
		{"null", `{ plan = null, seats = 1 }`, held{"seats": json.Number("1")}},
		{"only nulls", `{ plan = null, seats = null }`, held{}},
		{"nothing", `{}`, held{}},
		{"empty map", `tomap({})`, held{}},
		{"map with null", `tomap({ plan = "x", tier = null })`, held{"plan": "x"}},
		{"text of every kind", `{ plan = "日本語 \"quoted\" \\ \u0041" }`, held{"plan": `日本語 "quoted" \ A`}},
	} {
		t.Run(form.name, func(t *testing.T) {
			runSteps(t, resource.TestStep{
				Config: providerBlock(server, "") + customerBlock("custom_data = "+form.hcl),
				Check: func(*terraform.State) error {
					record := onlyCustomer(t, server)
					got := held{}
					for _, name := range []string{"plan", "tier", "seats", "score", "trial", "renewal", "site"} {
						if value, ok := record.Custom(name); ok {
							got[name] = value
						}
					}
					if !reflect.DeepEqual(got, form.want) {
						return fmt.Errorf("HelpCrunch holds %#v, want %#v", got, form.want)
					}
					return nil
				},
			})
		})
	}
}

// TestCustomDataKnownLater: what only an apply finds out, and what Terraform hides,
// is written as well.
func TestCustomDataKnownLater(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	s := newRealStage(t, server)
	s.mustApply(`
resource "terraform_data" "later" {
  input = { plan = "later", seats = 4 }
}
resource "helpcrunch_customer" "part" {
  user_id     = "part"
  custom_data = { plan = terraform_data.later.output.plan, seats = 3 }
}
resource "helpcrunch_customer" "whole" {
  user_id     = "whole"
  custom_data = terraform_data.later.output
}
resource "helpcrunch_customer" "hidden" {
  user_id     = "hidden"
  custom_data = { plan = sensitive("gold") }
}
`)
	got := make(map[string]string)
	for _, record := range server.Customers() {
		plan, _ := record.Custom("plan")
		seats, _ := record.Custom("seats")
		got[fmt.Sprint(record["userId"])] = fmt.Sprint(plan, " ", seats)
	}
	if want := map[string]string{"part": "later 3", "whole": "later 4", "hidden": "gold <nil>"}; !maps.Equal(got, want) {
		t.Errorf("HelpCrunch holds %v, want %v", got, want)
	}
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		t.Errorf("the plan afterwards: %v %v", out.planned, out.err)
	}
}

// TestCustomDataByProperty: properties that are not written are left alone,
// one that drifts is the only one in the plan, and one taken out is cleared.
func TestCustomDataByProperty(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]string{"object": `{ plan = "gold", tier = "7" }`, "map": `tomap({ plan = "gold", tier = "7" })`} {
		t.Run(name, func(t *testing.T) {
			server := newSandbox(t)
			config := func(custom string) string { return providerBlock(server, "") + customerBlock("custom_data = "+custom) }
			byHand := func(custom map[string]any) func() {
				return func() {
					if err := server.Change(onlyCustomer(t, server).ID(), sandbox.Record{"customData": custom}); err != nil {
						t.Fatal(err)
					}
				}
			}
			sent := func(want string) resource.TestCheckFunc {
				return func(*terraform.State) error {
					requests := server.Requests()
					last := requests[len(requests)-1]
					for _, request := range requests {
						if request.Operation == sandbox.OpPatch {
							last = request
						}
					}
					if string(last.Body) != want {
						return fmt.Errorf("sent %s, want %s", last.Body, want)
					}
					return nil
				}
			}
			holds := func(property string, want any) resource.TestCheckFunc {
				return func(*terraform.State) error {
					if got, _ := onlyCustomer(t, server).Custom(property); !reflect.DeepEqual(got, want) {
						return fmt.Errorf("HelpCrunch holds %s = %#v, want %#v", property, got, want)
					}
					return nil
				}
			}
			runSteps(t,
				resource.TestStep{Config: config(form)},
				resource.TestStep{
					PreConfig: byHand(map[string]any{"site": "https://example.com", "seats": 5}), Config: config(form),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
					Check:            resource.ComposeAggregateTestCheckFunc(holds("site", "https://example.com"), holds("seats", json.Number("5"))),
				},
				resource.TestStep{
					PreConfig: byHand(map[string]any{"tier": "8"}), Config: config(form),
					Check: resource.ComposeAggregateTestCheckFunc(sent(`{"customData":[{"property":"tier","value":"7"}]}`), holds("tier", "7")),
				},
				resource.TestStep{
					Config: config(`{ tier = 7 }`), // another form of the same, and one property less
					Check: resource.ComposeAggregateTestCheckFunc(
						sent(`{"customData":[{"property":"plan","value":null}]}`), holds("plan", nil), holds("tier", "7"), holds("seats", json.Number("5"))),
				},
			)
		})
	}
}

// TestFormAlone: another form of the same value is no request. Of tags and
// custom data it is an update in place: they are planned as they are written.
func TestFormAlone(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	config := func(email, seen, color, custom string) string {
		return providerBlock(server, "") + customerBlock(fmt.Sprintf(
			"email = %q\n  first_seen = %q\n  tags = [{ name = \"vip\", color = %q }]\n  custom_data = %s", email, seen, color, custom))
	}
	does := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("helpcrunch_customer.test", action)}}
	}
	runSteps(t,
		resource.TestStep{Config: config("Ada@example.com", "1700000000", "red", `{ seats = 15, tier = "true" }`)},
		resource.TestStep{Config: config("ada@Example.com", "2023-11-14T22:13:20Z", "red", `{ seats = 15.0, tier = "true" }`), ConfigPlanChecks: does(plancheck.ResourceActionNoop)},
		resource.TestStep{Config: config("ada@example.com", "2023-11-14T22:13:20Z", "#f00", `{ seats = 15.0, tier = "true" }`), ConfigPlanChecks: does(plancheck.ResourceActionUpdate)},
		resource.TestStep{Config: config("ada@example.com", "2023-11-15T00:13:20+02:00", "rgb(255, 0, 0)", `tomap({ seats = "15", tier = "true" })`), ConfigPlanChecks: does(plancheck.ResourceActionUpdate)},
	)
	if n := server.Count(sandbox.OpPatch) + server.Count(sandbox.OpBatch); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
}

// TestCorrectAfterAFailedClearing: what was taken out and could not be cleared
// stays managed, so that the next plan clears it again.
func TestCorrectAfterAFailedClearing(t *testing.T) {
	phone := "555"
	held := &helpcrunch.Customer{ID: 7, Phone: &phone, CustomData: helpcrunch.CustomData{
		"plan": {Kind: helpcrunch.String, Text: "gold"}, "tier": {Kind: helpcrunch.String, Text: "7"},
	}}
	state := customerModel{
		Phone:      types.StringValue("555"),
		CustomData: customDataObject(map[string]attr.Value{"plan": types.StringValue("gold"), "tier": types.StringValue("7")}),
	}
	plan := customerModel{CustomData: customDataObject(map[string]attr.Value{"tier": types.StringValue("7")})}
	changes := plan.changes(&state, &customerModel{}, false, nil)
	for _, field := range changes.Unstuck(held) {
		plan.correct(field, &state, held, &account{personalDataInState: true})
	}
	if !plan.Phone.Equal(state.Phone) || !plan.CustomData.Equal(state.CustomData) {
		t.Errorf("the state is %v", plan)
	}
}

// propertyChanges are the properties to write where custom_data was as in state
// and is to be as in plan.
func propertyChanges(plan, state types.Dynamic) helpcrunch.CustomData {
	return (&customerModel{CustomData: plan}).propertyChanges(&customerModel{CustomData: state}, &customerModel{}, false, nil)
}
