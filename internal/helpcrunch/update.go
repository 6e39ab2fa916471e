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
	lost error // why a batch of it was sent again: it may have been carried out
}

// Written is what became of an update.
type Written struct {
	*Customer
	// Loss is what was not as before although the update did not mention it, nil for
	// nothing.
	Loss *Loss
}

// job is an update that waits for its answer.
type job = *batch.Item[update, Written]

// answer tells the caller what became of an update. A refusal that is about them
// would have been the answer before as well; whatever else comes after a lost one is
// told beside it.
func answer(j job, written Written, err error) {
	if refusal, ok := errors.AsType[*Error](err); !OutcomeUnknown(err) && (!ok || !refusal.blamable()) {
		err = after(j.Value.lost, err)
	}
	j.Answer(written, err)
}

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
	written, err := c.updates.Do(withDeadline(ctx), update{ID: id, Changes: changes})
	if err == nil {
		c.written.note(id, changes)
	}
	return written, err
}

// sendUpdates sends what has gathered by the time the budget has a slot.
func (c *Client) sendUpdates(ctx context.Context, take func(int) []job) error {
	slot, err := c.config.Budget.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("waiting for the request budget to update a customer: %w", err)
	}
	return c.put(ctx, slot, take(c.config.BatchSize), 0)
}

// put sends updates as one batch PUT, a single one as PATCH, and so those that
// would lose something in a batch. A refusal that a customer may be to blame
// for is narrowed down until the bad one stands alone and is refused in its own
// words. What a batch would lose is found out just before each, also where it is
// sent again, after so many faults. The slot is for the first request; nil = take one.
// The error is that there is none, and concerns all who have no answer.
func (c *Client) put(ctx context.Context, slot *budget.Slot, jobs []job, faults int) error {
	var err error
	jobs = slices.DeleteFunc(slices.Clone(jobs), c.refusedBefore)
	if len(jobs) > 1 && c.laws.open(jobs) {
		giveBack(slot)
		if jobs, slot, err = c.prove(ctx, jobs); err != nil {
			return fmt.Errorf("waiting to update a customer: %w", err)
		}
	}
	if slot == nil && len(jobs) > 1 {
		if slot, err = c.config.Budget.Acquire(ctx); err != nil {
			return fmt.Errorf("waiting for the request budget to update a customer: %w", err)
		}
	}
	// Another batch may have shown something since, so it is looked at now.
	var alone, together []job
	for _, j := range jobs {
		if c.laws.losesInBatch(j.Value) {
			alone = append(alone, j)
		} else {
			together = append(together, j)
		}
	}
	if len(together) == 1 {
		alone, together = append(alone, together...), nil
	}
	if len(together) > 0 {
		if err := c.putTogether(ctx, slot, together, faults); err != nil {
			return err
		}
		slot = nil
	}
	for alone = slices.DeleteFunc(alone, givenUp); len(alone) > 0; alone = slices.DeleteFunc(alone[1:], givenUp) {
		c.patch(ctx, slot, alone[0])
		slot = nil
	}
	giveBack(slot)
	return nil
}

func (c *Client) putTogether(ctx context.Context, slot *budget.Slot, jobs []job, faults int) error {
	updates := make([]update, len(jobs))
	for i, j := range jobs {
		updates[i] = j.Value
	}
	open := c.laws.open(jobs)
	told, err := c.putBatch(ctx, request{slot: slot, impatient: open, once: open}, updates)
	var refusal *Error
	switch { // what was seen of them grows old
	case open && toldToWait(ctx, err):
		return c.put(ctx, nil, jobs, faults)
	case open && c.again(ctx, updateCustomers, err, faults):
		for _, j := range jobs {
			j.Value.lost = err
		}
		return after(err, c.put(ctx, nil, slices.DeleteFunc(slices.Clone(jobs), givenUp), faults+1))
	}
	if errors.As(err, &refusal) && refusal.blamable() {
		if ctx.Err() == nil {
			first, second := suspects(jobs, refusal)
			if err := c.put(ctx, nil, first, faults); err != nil {
				return err
			}
			return c.put(ctx, nil, second, faults)
		}
		// Not wrapped: whom the refusal is about is not known.
		err = fmt.Errorf("the batch that this customer was in was refused, perhaps because of another customer, "+
			"and the run ended before that was found out (%s): %w", refusal, context.Canceled)
	}
	var untold []job
	for _, j := range jobs {
		switch row, answered := told[j.Value.ID]; {
		case err != nil:
			answer(j, Written{}, err)
		case answered && (row.err != nil || row.whole() != nil):
			answer(j, Written{Customer: row.whole()}, row.err)
		default:
			untold = append(untold, j)
		}
	}
	for _, j := range untold {
		// The batch went through; what became of this one only it can tell.
		customer, err := c.GetCustomer(ctx, j.Value.ID)
		answer(j, Written{Customer: customer}, err)
	}
	return nil
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
func suspects(jobs []job, refusal *Error) (first, second []job) {
	named := refusal.items()
	for i, j := range jobs {
		if slices.Contains(named, i) {
			second = append(second, j)
		} else {
			first = append(first, j)
		}
	}
	if len(first) == 0 || len(second) == 0 {
		half := (len(jobs) + 1) / 2
		return jobs[:half], jobs[half:]
	}
	return first, second
}

// patch writes one customer alone. PATCH keeps the fields that it leaves out
// ("Update customer"); what becomes of the custom properties that a customData
// leaves out nobody says, so an update of custom data is checked until an account
// has shown that it keeps them.
func (c *Client) patch(ctx context.Context, slot *budget.Slot, j job) {
	if c.refusedBefore(j) || givenUp(j) {
		giveBack(slot)
		return
	}
	ctx, end := j.Context(ctx)
	defer end()
	u := j.Value
	var written Written
	var err error
	if u.CustomData != nil && !c.laws.patchProperties.is(keeps) {
		giveBack(slot)
		written, err = c.patchChecked(ctx, u)
	} else {
		written.Customer, err = c.one(ctx, request{operation: patchCustomer, id: u.ID, body: u.Changes, slot: slot})
	}
	c.refusals.note(u.CustomData, err)
	answer(j, written, err)
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
		if u.atRisk(held)&anyProperty == 0 {
			release()
		}
	})
}

// refusedBefore answers an update that is known to be refused, without a request.
func (c *Client) refusedBefore(j job) bool {
	err := c.refusals.of(j.Value.CustomData)
	if err != nil {
		answer(j, Written{}, err)
	}
	return err != nil
}

// givenUp answers an update that is not begun, for its caller has ended: it may not
// hear any more what becomes of it, and what is lost has to be told to be kept.
func givenUp(j job) bool {
	err := j.Ended()
	if err != nil {
		answer(j, Written{}, err)
	}
	return err != nil
}

// giveBack returns a slot that is not needed.
func giveBack(slot *budget.Slot) {
	if slot != nil {
		slot.Cancel()
	}
}
