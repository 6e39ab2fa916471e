// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// The documentation contradicts itself on whether a batch PUT keeps the fields
// that an item leaves out ("Batch update customers" says so, the single PUT of
// "Update customer" clears them), and says nothing on whether a customData of
// some properties keeps the others. So the first update of a run that could
// lose something is a canary: one customer, read just before and compared with
// the answer, while the other updates wait. What is lost is put back at once,
// and the run goes on without what loses.

// maxCanaries is how many customers that held nothing to lose are tried before
// the documentation is believed.
const maxCanaries = 3

// account is what a run has found out about the account.
type account struct {
	batchFields     finding // what a batch item leaves out
	batchProperties finding // what the customData of a batch item leaves out
	patchProperties finding // what the customData of a PATCH leaves out
}

func newAccount() account {
	return account{newFinding(), newFinding(), newFinding()}
}

// trust is what is known of one way of writing.
type trust int32

const (
	unproven trust = iota
	keeps
	loses
)

// finding is what is known so far of one way of writing.
type finding struct {
	trust *atomic.Int32
	tries *atomic.Int32 // canaries that held nothing to lose
	turn  chan struct{} // held by who sends a canary
}

func newFinding() finding {
	return finding{new(atomic.Int32), new(atomic.Int32), make(chan struct{}, 1)}
}

func (f *finding) is(t trust) bool { return trust(f.trust.Load()) == t }

// prove lets one caller after the other try, until it is known. It reports
// whether this caller tried; the error is that of ctx.
func (f *finding) prove(ctx context.Context, try func()) (tried bool, err error) {
	if !f.is(unproven) {
		return false, nil
	}
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-f.turn }()
	if !f.is(unproven) {
		return false, nil
	}
	try()
	return true, nil
}

// settle records what a canary showed.
func (f *finding) settle(held, lost int) {
	switch {
	case !f.is(unproven):
	case tookAll(held, lost):
		f.trust.Store(int32(loses))
	case held > 0 || f.tries.Add(1) >= maxCanaries:
		f.trust.Store(int32(keeps))
	}
}

// tookAll tells what the account did from what somebody else did meanwhile,
// which is one change at a time.
func tookAll(held, lost int) bool { return lost > 0 && (lost == held || lost > 1) }

// Loss is what an account cleared although the request did not mention it.
type Loss struct {
	ByBatch bool     // it is batches that clear fields, not only customData that clears properties
	Fields  []string // the API's names, custom properties as "customData.<name>"
}

// canary sends one update as a batch of its own.
func (c *Client) canary(ctx context.Context, slot *budget.Slot, u update, done results) {
	if c.refusedBefore(slot, u, done) {
		return
	}
	written, err := c.tryBatch(ctx, slot, u)
	c.refusals.note(u.CustomData, err)
	done[u.ID] = result{Value: written, Err: err}
}

func (c *Client) tryBatch(ctx context.Context, slot *budget.Slot, u update) (Written, error) {
	before, err := c.one(ctx, request{operation: getCustomer, id: u.ID, slot: slot})
	if err != nil {
		return Written{}, err
	}
	spare, err := c.spare(ctx)
	if err != nil {
		return Written{}, err
	}
	defer giveBack(spare)
	answer, err := c.putBatch(ctx, nil, []update{u})
	after, err := c.afterwards(ctx, u.ID, answer[u.ID], err)
	if after == nil {
		return Written{}, err
	}
	held, lost := u.omittedFields(before, after)
	if err != nil && !u.happened(after, held, len(lost)) {
		return Written{}, err
	}
	c.account.batchFields.settle(held, len(lost))
	var loss Loss
	if tookAll(held, len(lost)) {
		loss = Loss{ByBatch: true, Fields: append(lost, u.omittedMoving(before, after)...)}
	}
	held, lost = u.omittedProperties(before, after)
	if u.CustomData != nil {
		c.account.batchProperties.settle(held, len(lost))
	}
	if tookAll(held, len(lost)) {
		loss.Fields = append(loss.Fields, lost...)
	}
	return c.restore(ctx, spare, before, after, loss)
}

// patchCanary sends one update as a PATCH, to see what becomes of the custom
// properties that it leaves out.
func (c *Client) patchCanary(ctx context.Context, u update) (Written, error) {
	before, err := c.GetCustomer(ctx, u.ID)
	if err != nil {
		return Written{}, err
	}
	spare, err := c.spare(ctx)
	if err != nil {
		return Written{}, err
	}
	defer giveBack(spare)
	after, err := c.one(ctx, request{operation: patchCustomer, id: u.ID, body: u.Changes})
	if after, err = c.afterwards(ctx, u.ID, after, err); after == nil {
		return Written{}, err
	}
	held, lost := u.omittedProperties(before, after)
	if err != nil && !u.happened(after, held, len(lost)) {
		return Written{}, err
	}
	c.account.patchProperties.settle(held, len(lost))
	var loss Loss
	if tookAll(held, len(lost)) {
		loss.Fields = lost
	}
	return c.restore(ctx, spare, before, after, loss)
}

// spareWait is how long a canary waits for the slot of its restore: until a
// whole window of the limit has gone by, and a little more.
const spareWait = budget.DefaultWindow + 5*time.Second

// spare is a slot of the budget for putting back what the canary is going to
// take. A restore that had to wait for one might still be waiting when
// Terraform, told to stop, ends. A budget that has no two slots to give to one
// caller gives none.
func (c *Client) spare(ctx context.Context) (*budget.Slot, error) {
	limited, cancel := context.WithTimeout(ctx, spareWait)
	defer cancel()
	slot, err := c.config.Budget.Acquire(limited)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("waiting for the request budget to update a customer: %w", err)
	}
	return slot, nil
}

// afterwards is the customer after a canary: from its answer, else read, for
// the canary may have been carried out, and what it took is still to be put
// back. It is nil where nothing was done. The error is that of the canary.
func (c *Client) afterwards(ctx context.Context, id int64, answer *Customer, err error) (*Customer, error) {
	if answer != nil || err != nil && !OutcomeUnknown(err) {
		return answer, err
	}
	after, lookup := c.one(context.WithoutCancel(ctx), request{operation: getCustomer, id: id})
	if lookup != nil {
		return nil, errors.Join(err, lookup)
	}
	return after, err
}

// happened reports whether an update that was not answered was carried out, by
// what the customer holds now: what was sent, or no longer what was not.
func (u *update) happened(after *Customer, held, lost int) bool {
	return len(u.Unstuck(after)) == 0 || tookAll(held, lost)
}

// restore puts back what was lost, whatever is cancelled meanwhile. The slot is
// for its first request.
//
// Where HelpCrunch refuses one of the values, which an agent may have typed but
// a request may not send, the others are put back one by one.
func (c *Client) restore(ctx context.Context, slot *budget.Slot, before, after *Customer, loss Loss) (Written, error) {
	if len(loss.Fields) == 0 {
		return Written{Customer: after}, nil
	}
	ctx = context.WithoutCancel(ctx)
	restored, err := c.putBack(ctx, slot, before, after, loss.Fields)
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.blamable() {
		restored = after
		var missing []string
		for _, field := range loss.Fields {
			one, refused := c.putBack(ctx, nil, before, restored, []string{field})
			if refused != nil {
				missing, err = append(missing, field), refused
				continue
			}
			restored = one
		}
		if len(missing) > 0 {
			return Written{}, &RestoreError{ID: before.ID, Fields: missing, Err: err}
		}
		err = nil
	}
	if err != nil {
		return Written{}, &RestoreError{ID: before.ID, Fields: loss.Fields, Err: err}
	}
	return Written{Customer: restored, Loss: &loss}, nil
}

// putBack writes fields as they were before to a customer as it is now.
func (c *Client) putBack(ctx context.Context, slot *budget.Slot, before, now *Customer, fields []string) (*Customer, error) {
	back := update{ID: before.ID}
	properties := make(CustomData)
	for _, name := range fields {
		if property, ok := strings.CutPrefix(name, "customData."); ok {
			properties[property] = before.CustomData[property]
			continue
		}
		back.copyField(name, before)
	}
	if len(properties) == 0 {
		return c.one(ctx, request{operation: patchCustomer, id: back.ID, body: back.Changes, slot: slot})
	}
	maps.Copy(properties, now.CustomData.filled()) // what it holds now is to stay
	return c.patchHolding(ctx, slot, back, properties)
}

// omittedFields compares what the update leaves out: how many fields held
// something before, and which of them are empty now. What moves by itself does
// not count. Custom data that is not mentioned at all is one field; all of its
// properties are named where it is lost.
func (u *update) omittedFields(before, after *Customer) (held int, lost []string) {
	count := func(omitted, holds, still bool, names ...string) {
		if omitted && holds {
			held++
			if !still {
				lost = append(lost, names...)
			}
		}
	}
	for _, field := range stringFields {
		if field != LastPage {
			count(field.Sent(&u.Changes).IsZero(), text(*field.Held(before)) != "", text(*field.Held(after)) != "", field.Name)
		}
	}
	count(u.FirstSeen.IsZero(), !before.FirstSeen.IsNull(), !after.FirstSeen.IsNull(), "firstSeen")
	count(u.Unsubscribed.IsZero(), before.Unsubscribed, after.Unsubscribed, "unsubscribed")
	count(u.Blocked.IsZero(), before.Blocked, after.Blocked, "blocked")
	count(u.Tags == nil, len(before.Tags) > 0, len(after.Tags) > 0, "tags")
	names := before.CustomData.nonEmpty()
	count(u.CustomData == nil, len(names) > 0, len(after.CustomData.nonEmpty()) > 0, prefixed("customData.", names)...)
	return held, lost
}

// omittedMoving are the fields that move by themselves and are empty now. They
// prove nothing, but what takes the others takes them as well.
func (u *update) omittedMoving(before, after *Customer) (lost []string) {
	if u.LastPage.IsZero() && text(before.LastPage) != "" && text(after.LastPage) == "" {
		lost = append(lost, LastPage.Name)
	}
	if u.LastSeen.IsZero() && !before.LastSeen.IsNull() && after.LastSeen.IsNull() {
		lost = append(lost, "lastSeen")
	}
	return lost
}

// omittedProperties is omittedFields for the properties of a custom data that is mentioned.
func (u *update) omittedProperties(before, after *Customer) (held int, lost []string) {
	if u.CustomData == nil {
		return 0, nil
	}
	for _, name := range before.CustomData.nonEmpty() {
		if _, sent := u.CustomData[name]; sent {
			continue
		}
		held++
		if after.CustomData[name].Text == "" {
			lost = append(lost, "customData."+name)
		}
	}
	return held, lost
}

// copyField takes a field over from a customer, to put it back.
func (c *Changes) copyField(name string, from *Customer) {
	for _, field := range stringFields {
		if field.Name == name {
			*field.Sent(c) = Some(text(*field.Held(from)))
		}
	}
	switch name {
	case "firstSeen":
		c.FirstSeen = Some(from.FirstSeen)
	case "lastSeen":
		c.LastSeen = Some(from.LastSeen)
	case "unsubscribed":
		c.Unsubscribed = Some(from.Unsubscribed)
	case "blocked":
		c.Blocked = Some(from.Blocked)
	case "tags":
		c.Tags = from.Tags
	}
}

// filled are the properties that hold something.
func (d CustomData) filled() CustomData {
	filled := make(CustomData)
	for _, name := range d.nonEmpty() {
		filled[name] = d[name]
	}
	return filled
}

// nonEmpty are the names of the properties that hold something, sorted.
func (d CustomData) nonEmpty() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if d[name].Text != "" {
			names = append(names, name)
		}
	}
	return names
}

func prefixed(prefix string, names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}

// RestoreError is a loss that could not be put back.
type RestoreError struct {
	ID     int64
	Fields []string // as in Loss
	Err    error
}

func (e *RestoreError) Error() string {
	return fmt.Sprintf("customer %d lost %v and it could not be put back: %s", e.ID, e.Fields, e.Err)
}

// Unwrap returns why it could not be put back.
func (e *RestoreError) Unwrap() error { return e.Err }

// patchUnion writes one customer in an account that replaces all custom data:
// with the properties that are to stay.
func (c *Client) patchUnion(ctx context.Context, slot *budget.Slot, u update) (*Customer, error) {
	held, err := c.one(ctx, request{operation: getCustomer, id: u.ID, slot: slot})
	if err != nil {
		return nil, err
	}
	return c.patchHolding(ctx, nil, u, held.CustomData)
}

// patchHolding sends the update together with the custom properties that the
// customer holds, so that they stay.
//
// An answer shows a date and a number alike, as an integer, and a request must
// send the first as text and the second as a number. A wrong guess is refused
// and changes nothing, so the property that the refusal points to is sent the
// other way.
func (c *Client) patchHolding(ctx context.Context, slot *budget.Slot, u update, held CustomData) (*Customer, error) {
	sent := u.CustomData
	all := make(CustomData, len(held)+len(u.CustomData))
	guessed := make(map[string]bool)
	for name, value := range held.filled() {
		if value.Kind != Opaque {
			all[name], guessed[name] = value, value.Kind == Number
		}
	}
	for name, value := range u.CustomData {
		all[name], guessed[name] = value, false
	}
	u.CustomData = all
	for {
		customer, err := c.one(ctx, request{operation: patchCustomer, id: u.ID, body: u.Changes, slot: slot})
		slot = nil
		name := all.refusedIn(err)
		if !guessed[name] {
			return customer, relocated(err, all, sent)
		}
		all[name], guessed[name] = Value{String, all[name].Text}, false
	}
}

// refusedIn is the first custom property that an error points to, "" if none.
func (d CustomData) refusedIn(err error) string {
	if refusal, ok := errors.AsType[*Error](err); ok {
		for _, entry := range refusal.Entries {
			if name := d.PropertyOf(entry); name != "" {
				return name
			}
		}
	}
	return ""
}

// relocated is a refusal of a request that had more properties than its caller
// knows of, with the places of the entries as the caller counts them.
func relocated(err error, in, known CustomData) error {
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	names := slices.Sorted(maps.Keys(known))
	moved := *refusal
	moved.Entries = slices.Clone(refusal.Entries)
	for i, entry := range moved.Entries {
		name := in.PropertyOf(entry)
		if name == "" {
			continue
		}
		place := "customData"
		if at := slices.Index(names, name); at >= 0 {
			place = fmt.Sprintf("customData[%d]", at)
		}
		moved.Entries[i].Code = propertyIndex.ReplaceAllLiteralString(entry.Code, place)
	}
	return &moved
}
