// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// createAtTheLimit is one of the processes that share a budget. It has the
// client that the provider has, with another window.
func createAtTheLimit(ctx context.Context, order creation) error {
	client, err := newClient(order.BaseURL, order.Key, budget.Config{
		Limit: sandbox.DefaultRate, Window: limitWindow, File: order.File, Hold: inProportion(requestTimeout),
	}, inProportion(requestTimeout))
	if err != nil {
		return err
	}
	// Failures are counted by who is missing in the account.
	err = sideBySide(order.Customers, limitCallers, func(i int) error {
		_, err := client.CreateCustomer(ctx, helpcrunch.Changes{
			UserID: helpcrunch.Some(fmt.Sprint("bench-", order.First+i)),
		})
		return err
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		progress("a create failed: %s", err)
	}
	return ctx.Err()
}
