// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// update is one customer's part of a batch ("Batch update customers").
type update struct {
	ID int64 `json:"customer"`
	Changes
}

// Written is what became of an update.
type Written struct {
	*Customer
	// Loss is what the account cleared although it was not asked to, nil for
	// nothing. It has been put back.
	Loss *Loss
}

type (
	result  = batch.Result[Written]
	results map[int64]result
)

// UpdateCustomer writes changes to a customer and returns it as it is
// afterwards. Calls that are made side by side share requests.
//
// Once its batch has left, a cancelled call still waits for the answer.
func (c *Client) UpdateCustomer(ctx context.Context, id int64, changes Changes) (Written, error) {
	if err := c.refusals.of(changes.CustomData); err != nil {
		return Written{}, err
	}
	c.laws.joined(id)
	defer c.laws.left(id)
	written, err := c.updates.Do(withDeadline(ctx), update{id, changes})
	if err == nil {
		c.written.note(id, changes)
	}
	return written, err
}

// sendUpdates sends what has gathered by the time the budget has a slot.
func (c *Client) sendUpdates(ctx context.Context, take func(int) []update) (map[int64]result, error) {
	slot, err := c.config.Budget.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("waiting for the request budget to update a customer: %w", err)
	}
	updates, done := take(c.config.BatchSize), make(results)
	if len(updates) > 1 && c.laws.open(updates) {
		giveBack(slot)
		updates, slot = c.prove(ctx, updates, done)
	}
	c.put(ctx, slot, updates, done)
	return done, nil
}

// put sends updates as one batch PUT, a single one as PATCH, and so those that
// would lose something in a batch. A refusal that a customer may be to blame
// for is narrowed down until the bad one stands alone and is refused in its own
// words. The slot is for the first request; nil = take one.
func (c *Client) put(ctx context.Context, slot *budget.Slot, updates []update, done results) {
	updates = slices.DeleteFunc(slices.Clone(updates), func(u update) bool { return c.refusedBefore(u, done) })
	if slot == nil && len(updates) > 1 {
		var err error
		if slot, err = c.config.Budget.Acquire(ctx); err != nil {
			for _, u := range updates {
				done[u.ID] = result{Err: fmt.Errorf("waiting for the request budget to update a customer: %w", err)}
			}
			return
		}
	}
	// Another batch may have shown something since, so it is looked at now.
	var alone, together []update
	for _, u := range updates {
		if len(updates) == 1 || c.laws.losesInBatch(u) {
			alone = append(alone, u)
		} else {
			together = append(together, u)
		}
	}
	if len(together) == 1 {
		alone, together = append(alone, together...), nil
	}
	if len(together) > 0 {
		c.putTogether(ctx, slot, together, done)
		slot = nil
	}
	for _, u := range alone {
		c.patch(ctx, slot, u, done)
		slot = nil
	}
	giveBack(slot)
}

func (c *Client) putTogether(ctx context.Context, slot *budget.Slot, updates []update, done results) {
	answer, err := c.putBatch(ctx, request{slot: slot}, updates)
	var refusal *Error
	if errors.As(err, &refusal) && refusal.blamable() {
		if ctx.Err() == nil {
			first, second := suspects(updates, refusal)
			c.put(ctx, nil, first, done)
			c.put(ctx, nil, second, done)
			return
		}
		// Not wrapped: whom the refusal is about is not known.
		err = fmt.Errorf("the batch that this customer was in was refused, perhaps because of another customer, "+
			"and the run ended before that was found out (%s): %w", refusal, context.Canceled)
	}
	for _, u := range updates {
		switch told, answered := answer[u.ID]; {
		case err != nil:
			done[u.ID] = result{Err: err}
		case answered && (told.err != nil || told.whole() != nil):
			done[u.ID] = result{Value: Written{Customer: told.whole()}, Err: told.err}
		default:
			// The batch went through; what became of this one only it can tell.
			customer, err := c.GetCustomer(ctx, u.ID)
			done[u.ID] = result{Value: Written{Customer: customer}, Err: err}
		}
	}
}

// putBatch sends one batch PUT and returns the customers of the answer by id.
// as says how to send it.
func (c *Client) putBatch(ctx context.Context, as request, updates []update) (map[int64]row, error) {
	ids := make([]int64, len(updates))
	for i, u := range updates {
		ids[i] = u.ID
	}
	var answer several
	as.operation, as.body, as.customers = updateCustomers, updates, ids
	err := c.do(ctx, as, &answer)
	return answer.byID(), err
}

// suspects splits a refused batch: into those that the refusal points to by
// their place and the others, else into halves. Ten with one bad among them
// cost eight further requests at most.
func suspects(updates []update, refusal *Error) (first, second []update) {
	named := refusal.items()
	for i, u := range updates {
		if slices.Contains(named, i) {
			second = append(second, u)
		} else {
			first = append(first, u)
		}
	}
	if len(first) == 0 || len(second) == 0 {
		half := (len(updates) + 1) / 2
		return updates[:half], updates[half:]
	}
	return first, second
}

// patch writes one customer alone. PATCH keeps the fields that it leaves out
// ("Update customer"); what becomes of the custom properties that a customData
// leaves out nobody says, so an update of custom data is checked until an account
// has shown that it keeps them.
func (c *Client) patch(ctx context.Context, slot *budget.Slot, u update, done results) {
	if c.refusedBefore(u, done) {
		giveBack(slot)
		return
	}
	var written Written
	var err error
	if u.CustomData != nil && !c.laws.patchProperties.is(keeps) {
		giveBack(slot)
		written, err = c.patchChecked(ctx, u)
	} else {
		written.Customer, err = c.one(ctx, request{operation: patchCustomer, id: u.ID, body: u.Changes, slot: slot})
	}
	c.refusals.note(u.CustomData, err)
	done[u.ID] = result{Value: written, Err: err}
}

// patchChecked is patch for an account that is not known to keep what a
// customData leaves out. While that is not known, one customer at a time is at stake.
func (c *Client) patchChecked(ctx context.Context, u update) (Written, error) {
	l := &c.laws
	if !l.patchProperties.is(unproven) {
		return c.checked(ctx, u, false, nil)
	}
	if err := take(ctx, l.patchTurn); err != nil {
		return Written{}, err
	}
	release := sync.OnceFunc(func() { <-l.patchTurn })
	defer release()
	return c.checked(ctx, u, false, func(held *Customer) {
		if u.atStake(held)&properties == 0 {
			release()
		}
	})
}

// refusedBefore answers an update that is known to be refused, without a request.
func (c *Client) refusedBefore(u update, done results) bool {
	err := c.refusals.of(u.CustomData)
	if err != nil {
		done[u.ID] = result{Err: err}
	}
	return err != nil
}

// giveBack returns a slot that is not needed.
func giveBack(slot *budget.Slot) {
	if slot != nil {
		slot.Cancel()
	}
}
