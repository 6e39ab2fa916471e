// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestLog(t *testing.T) {
	want := map[sandbox.Operation]map[string]any{
		sandbox.OpGet:          {"method": "GET", "route": "/customers/{id}", "customers": true},
		sandbox.OpSearch:       {"method": "POST", "route": "/customers/search"},
		sandbox.OpOrganization: {"method": "GET", "route": "/organization"},
		sandbox.OpTag:          {"method": "PUT", "route": "/customers/{id}/tags", "customers": true},
		sandbox.OpUntag:        {"method": "DELETE", "route": "/customers/{id}/tags", "customers": true},
		sandbox.OpDelete:       {"method": "DELETE", "route": "/customers/{id}", "customers": true},
		sandbox.OpCreate:       {"method": "POST", "route": "/customers"},
		sandbox.OpEvent:        {"method": "POST", "route": "/events", "customers": true},
	}
	each(t, setup{}, func(a *account, c call) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany, RetryAfter: time.Second})
		statuses := []int{429}
		if !c.appends {
			a.server.Arm(sandbox.Fault{Kind: sandbox.FailBefore})
			a.server.Arm(sandbox.Fault{Kind: sandbox.DropBefore})
			statuses = append(statuses, 500, 0)
		}
		a.server.Arm(sandbox.Fault{Kind: sandbox.Late, Delay: 1500 * time.Millisecond})
		if statuses = append(statuses, 200); c.operation == sandbox.OpCreate {
			statuses[len(statuses)-1] = 201
		}
		if err := c.do(a, a.Context()); err != nil {
			a.Fatal(err)
		}
		if len(a.lines) != len(statuses) {
			a.Fatalf("logged %v", a.lines)
		}
		for i, status := range statuses {
			expected := maps.Clone(want[c.operation])
			expected["status"], expected["attempt"], expected["ms"] = status, i+1, 0
			if i == len(statuses)-1 {
				expected["ms"] = 1500
			}
			if expected["customers"] != nil {
				expected["customers"] = []int64{a.ada}
			}
			if got := a.lines[i]; got.message != "HelpCrunch request" || fmt.Sprint(got.fields) != fmt.Sprint(expected) {
				a.Errorf("logged %v\nwant %v", got, expected)
			}
		}
	})
}

// Everything that goes wrong or right, with people's data in every request and answer.
func TestLogTellsNothingOfPeople(t *testing.T) {
	secret := helpcrunch.Changes{
		Name: helpcrunch.Some(adasName), Email: helpcrunch.Some(adasEmail), Phone: helpcrunch.Some(adasPhone), Notes: helpcrunch.Some(adasNotes),
		CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, adasPlan)}, UserID: helpcrunch.Some("crm-19"),
	}
	for _, fault := range sandbox.FaultList() {
		if fault.Kind == sandbox.Hold || fault.Kind == sandbox.Oversized { // the one never ends, the other takes long
			continue
		}
		t.Run(string(fault.Kind), func(t *testing.T) {
			open(t, setup{}, func(a *account) {
				a.server.Arm(sandbox.Fault{Kind: fault.Kind, Operation: sandbox.OpCreate, URL: "https://elsewhere.example/?" + adasEmail})
				_, err := a.CreateCustomer(a.Context(), secret)
				silent(a.T, fmt.Sprint(err))
				taken := secret
				taken.UserID = helpcrunch.Some(adasUserID)
				_, err = a.CreateCustomer(a.Context(), taken)
				silent(a.T, fmt.Sprint(err))
				for _, c := range calls {
					a.server.Arm(sandbox.Fault{Kind: fault.Kind, URL: "https://elsewhere.example/?" + adasEmail})
					_ = c.do(a, a.Context())
				}
				if len(a.lines) == 0 {
					a.Fatal("nothing was logged")
				}
				silent(a.T, fmt.Sprintf("%+v", a.lines))
			})
		})
	}
}

func TestNoLog(t *testing.T) {
	open(t, setup{client: func(config *helpcrunch.Config) { config.Log = nil }}, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Error(err)
		}
	})
}
