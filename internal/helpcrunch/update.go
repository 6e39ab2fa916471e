// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// update is one customer's part of a batch ("Batch update customers").
type update struct {
	ID int64 `json:"customer"`
	Changes
}

// outcomes are the results of updates by customer.
type outcomes map[int64]batch.Result[*Customer]

// UpdateCustomer writes changes to a customer and returns it as it is
// afterwards. Calls that are made side by side share requests.
//
// Once its batch has left, a cancelled call still waits for the answer.
func (c *Client) UpdateCustomer(ctx context.Context, id int64, changes Changes) (*Customer, error) {
	return c.updates.Do(ctx, update{id, changes})
}

// sendUpdates sends what has gathered by the time the budget has a slot.
func (c *Client) sendUpdates(ctx context.Context, take func(int) []update) (map[int64]batch.Result[*Customer], error) {
	slot, err := c.config.Budget.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("waiting for the request budget to update a customer: %w", err)
	}
	updates := take(c.config.BatchSize)
	if len(updates) == 0 {
		slot.Cancel()
		return nil, nil
	}
	results := make(outcomes, len(updates))
	c.write(ctx, slot, updates, results)
	return results, nil
}

// write sends updates in one request. A refusal that one of them may be to
// blame for is narrowed down by halves, until the bad one stands alone and is
// refused in its own words.
func (c *Client) write(ctx context.Context, slot *budget.Slot, updates []update, results outcomes) {
	if len(updates) == 1 {
		only := updates[0]
		customer, err := c.one(ctx, request{operation: patchCustomer, id: only.ID, body: only.Changes, slot: slot})
		results[only.ID] = batch.Result[*Customer]{Value: customer, Err: err}
		return
	}
	ids := make([]int64, len(updates))
	for i, u := range updates {
		ids[i] = u.ID
	}
	var answer []*Customer
	err := c.do(ctx, request{operation: updateCustomers, body: updates, customers: ids, slot: slot}, &answer)
	var refusal *Error
	if errors.As(err, &refusal) && refusal.blamable() && ctx.Err() == nil {
		half := (len(updates) + 1) / 2
		c.write(ctx, nil, updates[:half], results)
		c.write(ctx, nil, updates[half:], results)
		return
	}
	for _, customer := range answer {
		if customer != nil {
			results[customer.ID] = batch.Result[*Customer]{Value: customer}
		}
	}
	for _, id := range ids {
		if _, answered := results[id]; answered {
			continue
		}
		if err != nil {
			results[id] = batch.Result[*Customer]{Err: err}
			continue
		}
		// The batch went through; what became of this one only it can tell.
		customer, err := c.GetCustomer(ctx, id)
		results[id] = batch.Result[*Customer]{Value: customer, Err: err}
	}
}
