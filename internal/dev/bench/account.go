// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"strconv"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// account is a local HelpCrunch.
type account struct {
	server    *sandbox.Server
	customers int // that are to be there
}

func newAccount(customers int) (*account, error) {
	server, err := sandbox.Start(sandbox.Config{Attributes: map[string]sandbox.AttributeType{
		"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute,
	}})
	if err != nil {
		return nil, fmt.Errorf("starting a local HelpCrunch: %w", err)
	}
	return &account{server: server, customers: customers}, nil
}

// unlimited is a rate that nobody reaches.
const unlimited = 100_000

// settings point the provider at the account, without a limit.
func (a *account) settings() map[string]string {
	return map[string]string{
		"HELPCRUNCH_BASE_URL":            a.server.URL(),
		"HELPCRUNCH_API_KEY":             a.server.Key(),
		"HELPCRUNCH_REQUESTS_PER_MINUTE": strconv.Itoa(unlimited),
	}
}

// settingsWithoutBatches make the provider a plain one: a request a customer.
func (a *account) settingsWithoutBatches() map[string]string {
	settings := a.settings()
	settings["HELPCRUNCH_BATCH_SIZE"] = "1"
	return settings
}

// changeByHand changes one customer in a hundred.
func (a *account) changeByHand() error {
	for i, customer := range a.server.Customers() {
		if i%driftEvery == 0 {
			if err := a.server.Change(customer.ID(), sandbox.Record{"name": strangeName}); err != nil {
				return fmt.Errorf("changing a customer by hand: %w", err)
			}
		}
	}
	return nil
}

const strangeName = "Somebody Else"

// check sees to it that an act has done its work: numbers of an account where
// something went wrong mean nothing.
func (a *account) check(done act, plan string) error {
	found := a.server.Customers()
	want := a.customers
	if done == destroy {
		want = 0
	}
	if len(found) != want {
		return fmt.Errorf("after %s the account has %d customers, want %d", done, len(found), want)
	}
	for _, customer := range found {
		held, _ := customer.Custom("plan")
		seats, _ := customer.Custom("seats")
		if held != plan || seats == nil || customer["name"] == strangeName {
			return fmt.Errorf("after %s customer %d is %v", done, customer.ID(), customer)
		}
	}
	return nil
}
