// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// measureLone updates one customer, for whom no company comes, and takes the
// time from the call until the request is at HelpCrunch.
func measureLone(ctx context.Context, _ *stage, r *results) error {
	a, err := newAccount(1)
	if err != nil {
		return err
	}
	defer a.server.Close()
	client, err := newClient(a.server.URL(), a.server.Key(), budget.Config{Limit: unlimited}, helpcrunch.DefaultRequestTimeout)
	if err != nil {
		return err
	}
	customer, err := client.CreateCustomer(ctx, helpcrunch.Changes{Name: helpcrunch.Some("Ada")})
	if err != nil {
		return err
	}
	a.server.ResetCounts()
	called := time.Now()
	if _, err := client.UpdateCustomer(ctx, customer.ID, helpcrunch.Changes{Name: helpcrunch.Some("Grace")}); err != nil {
		return err
	}
	r.lone = a.server.Requests()[0].ArrivedAt.Sub(called)
	progress("A lone update is at HelpCrunch after %d ms", r.lone.Milliseconds())
	return nil
}
