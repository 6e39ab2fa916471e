// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// A look-up waits for a search that lags where this run has just written
// somebody who fits, and for nobody else.
func TestLookUpOfWhomThisRunHasWritten(t *testing.T) {
	create := func(changes helpcrunch.Changes) func(a *account) error {
		return func(a *account) error { return second(a.CreateCustomer(a.Context(), changes)) }
	}
	update := func(changes helpcrunch.Changes) func(a *account) error {
		return func(a *account) error {
			return second(a.UpdateCustomer(a.Context(), a.ada, changes))
		}
	}
	for _, test := range []struct {
		name  string
		lag   time.Duration
		write func(a *account) error
		field *helpcrunch.StringField
		value string
		found int
		waits bool
	}{
		{"created, by user id", 4 * time.Second, create(grace()), helpcrunch.UserID, gracesUserID, 1, true},
		{"created, by e-mail in another case", 4 * time.Second, create(grace()), helpcrunch.Email, "GRACE@navy.example", 1, true},
		{"created, after the longest lag", 55 * time.Second, create(grace()), helpcrunch.UserID, gracesUserID, 1, true},
		{"created, and never shown", time.Hour, create(grace()), helpcrunch.UserID, gracesUserID, 1, true},
		{"another one with the same e-mail", 4 * time.Second, create(helpcrunch.Changes{Email: helpcrunch.Some(adasEmail)}), helpcrunch.Email, adasEmail, 2, true},
		{"updated", 4 * time.Second, update(helpcrunch.Changes{UserID: helpcrunch.Some("crm-99")}), helpcrunch.UserID, "crm-99", 1, true},
		{"created, and its name changed since", 4 * time.Second, func(a *account) error {
			created, err := a.CreateCustomer(a.Context(), grace())
			if err != nil {
				return err
			}
			return second(a.UpdateCustomer(a.Context(), created.ID, helpcrunch.Changes{Name: helpcrunch.Some("Hopper")}))
		}, helpcrunch.UserID, gracesUserID, 1, true},
		{"created, and another one updated since", 4 * time.Second, func(a *account) error {
			if err := create(grace())(a); err != nil {
				return err
			}
			return update(helpcrunch.Changes{UserID: helpcrunch.Some("crm-99")})(a)
		}, helpcrunch.UserID, gracesUserID, 1, true},
		{"no lag", 0, create(grace()), helpcrunch.UserID, gracesUserID, 1, false},
		{"somebody else", 4 * time.Second, create(grace()), helpcrunch.UserID, "crm-20", 0, false},
		{"another field", 4 * time.Second, create(grace()), helpcrunch.Email, gracesUserID, 0, false},
		{"updated to something else since", 4 * time.Second, func(a *account) error {
			if err := update(helpcrunch.Changes{UserID: helpcrunch.Some("crm-99")})(a); err != nil {
				return err
			}
			return update(helpcrunch.Changes{UserID: helpcrunch.None[string]()})(a)
		}, helpcrunch.UserID, "crm-99", 0, false},
		{"deleted since", 4 * time.Second, func(a *account) error {
			created, err := a.CreateCustomer(a.Context(), grace())
			if err != nil {
				return err
			}
			return a.DeleteCustomer(a.Context(), created.ID)
		}, helpcrunch.UserID, gracesUserID, 0, false},
		{"long ago", time.Hour, func(a *account) error {
			defer time.Sleep(3 * time.Minute)
			return create(grace())(a)
		}, helpcrunch.UserID, gracesUserID, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			with := setup{}
			with.sandbox.Switches.SearchLag = test.lag
			open(t, with, func(a *account) {
				if err := test.write(a); err != nil {
					a.Fatal(err)
				}
				began := time.Now()
				found, err := a.LookUp(a.Context(), test.field, test.value)
				if err != nil || len(found) != test.found {
					a.Errorf("found %d, error %v", len(found), err)
				}
				// A single search waits for company.
				if took := time.Since(began); (took >= time.Second) != test.waits || took > 62*time.Second {
					a.Errorf("took %v", took)
				}
			})
		})
	}
}
