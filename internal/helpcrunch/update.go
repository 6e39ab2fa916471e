// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// update is one customer's part of a batch ("Batch update customers").
type update struct {
	ID int64 `json:"customer"`
	Changes
	others Others
}

// Others is what is known of the custom properties that a customer holds and
// an update does not mention.
type Others int

// NoOthers is none, SomeOthers at least one, PerhapsOthers not known.
const (
	NoOthers Others = iota
	PerhapsOthers
	SomeOthers
)

// risksProperties reports whether an account that replaces all custom data
// with what is sent may lose some of this customer's.
func (u update) risksProperties() bool { return u.CustomData != nil && u.others != NoOthers }

// holdsProperties reports whether it surely would.
func (u update) holdsProperties() bool { return u.CustomData != nil && u.others == SomeOthers }

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
func (c *Client) UpdateCustomer(ctx context.Context, id int64, changes Changes, others Others) (Written, error) {
	if err := c.refusals.of(changes.CustomData); err != nil {
		return Written{}, err
	}
	return c.updates.Do(withDeadline(ctx), update{id, changes, others})
}

// sendUpdates sends what has gathered by the time the budget has a slot.
func (c *Client) sendUpdates(ctx context.Context, take func(int) []update) (map[int64]result, error) {
	done := make(results)
	send := func(size int) error {
		slot, err := c.config.Budget.Acquire(ctx)
		if err != nil {
			return fmt.Errorf("waiting for the request budget to update a customer: %w", err)
		}
		updates := take(size)
		switch {
		case len(updates) == 0:
			slot.Cancel()
		case size < c.config.BatchSize && c.updates.Waiting() > 0:
			c.canary(ctx, slot, updates[0], done)
		default:
			c.write(ctx, slot, updates, done)
		}
		return nil
	}
	var err error
	if c.config.BatchSize > 1 {
		var tried bool
		if tried, err = c.account.batchFields.prove(ctx, false, func() { err = send(1) }); tried {
			return done, err
		}
	}
	if err == nil {
		err = send(c.config.BatchSize)
	}
	return done, err
}

// write sends updates: first those that show what the account does to custom
// properties, where that is not known yet.
func (c *Client) write(ctx context.Context, slot *budget.Slot, updates []update, done results) {
	batches := &c.account.batchProperties
	var rest []update
	for _, u := range updates {
		if len(updates) > 1 && u.risksProperties() && batches.open(u.holdsProperties()) {
			giveBack(slot)
			slot = nil
			tried, err := batches.prove(ctx, u.holdsProperties(), func() { c.canary(ctx, nil, u, done) })
			if err != nil {
				done[u.ID] = result{Err: err}
			}
			if tried || err != nil {
				continue
			}
		}
		rest = append(rest, u)
	}
	c.put(ctx, slot, rest, done)
}

// losesInBatch reports whether the account is known to clear something of the
// customer that a batch does not mention.
func (c *Client) losesInBatch(u update) bool {
	return c.account.batchFields.is(loses) || u.risksProperties() && c.account.batchProperties.is(loses)
}

// put sends updates as one batch PUT, a single one as PATCH, and so those that
// would lose something in a batch. A refusal that a customer may be to blame
// for is narrowed down until the bad one stands alone and is refused in its own
// words.
func (c *Client) put(ctx context.Context, slot *budget.Slot, updates []update, done results) {
	updates = slices.DeleteFunc(slices.Clone(updates), func(u update) bool { return c.refusedBefore(nil, u, done) })
	if len(updates) > 1 && slot == nil {
		var err error
		if slot, err = c.config.Budget.Acquire(ctx); err != nil {
			for _, u := range updates {
				done[u.ID] = result{Err: fmt.Errorf("waiting for the request budget to update a customer: %w", err)}
			}
			return
		}
	}
	// Another batch may have shown something since, so it is looked at now.
	if i := slices.IndexFunc(updates, c.losesInBatch); i >= 0 && len(updates) > 1 {
		c.patch(ctx, slot, updates[i], done)
		c.put(ctx, nil, slices.Delete(updates, i, i+1), done)
		return
	}
	switch len(updates) {
	case 0:
		giveBack(slot)
		return
	case 1:
		c.patch(ctx, slot, updates[0], done)
		return
	}
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

// patch writes one customer alone.
func (c *Client) patch(ctx context.Context, slot *budget.Slot, u update, done results) {
	if c.refusedBefore(slot, u, done) {
		return
	}
	written, err := c.patchSafely(ctx, slot, u)
	c.refusals.note(u.CustomData, err)
	done[u.ID] = result{Value: written, Err: err}
}

func (c *Client) patchSafely(ctx context.Context, slot *budget.Slot, u update) (written Written, err error) {
	alone := &c.account.patchProperties
	if u.risksProperties() && alone.open(u.holdsProperties()) {
		giveBack(slot)
		slot = nil
		tried, waiting := alone.prove(ctx, u.holdsProperties(), func() { written, err = c.patchCanary(ctx, u) })
		if tried || waiting != nil {
			return written, errors.Join(waiting, err)
		}
	}
	if u.risksProperties() && alone.is(loses) {
		written.Customer, err = c.patchUnion(ctx, slot, u)
		return written, err
	}
	written.Customer, err = c.one(ctx, request{operation: patchCustomer, id: u.ID, body: u.Changes, slot: slot})
	return written, err
}

// refusedBefore answers an update that is known to be refused, without a request.
func (c *Client) refusedBefore(slot *budget.Slot, u update, done results) bool {
	err := c.refusals.of(u.CustomData)
	if err != nil {
		giveBack(slot)
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
