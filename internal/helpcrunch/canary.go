// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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

	texts *sync.Map // the names of custom properties that are answered as numbers and sent as text: dates
}

func newAccount() account {
	return account{newFinding(), newFinding(), newFinding(), new(sync.Map)}
}

// trust is what is known of one way of writing.
type trust int32

const (
	unproven trust = iota
	assumed        // to keep, because maxCanaries had nothing to lose
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

// open reports whether a canary is needed. An assumption is not enough for a
// customer that is known to hold something.
func (f *finding) open(holds bool) bool { return f.is(unproven) || holds && f.is(assumed) }

// prove lets one caller after the other try, until it is known. It reports
// whether this caller tried; the error is that of ctx.
func (f *finding) prove(ctx context.Context, holds bool, try func()) (tried bool, err error) {
	if !f.open(holds) {
		return false, nil
	}
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-f.turn }()
	if !f.open(holds) {
		return false, nil
	}
	try()
	return true, nil
}

// settle records what a canary showed: how much of what it left out had been
// held, and how much was lost.
//
// Anything lost counts. Somebody else may have cleared a field in the moment
// between read and answer, but an account may also clear some kinds of fields
// and keep others; to take that for somebody's change would cost every
// customer of the run a field, silently.
func (f *finding) settle(held, lost int) {
	switch {
	case lost > 0:
		f.trust.Store(int32(loses))
	case f.is(keeps) || f.is(loses):
	case held > 0:
		f.trust.Store(int32(keeps))
	case f.tries.Add(1) >= maxCanaries:
		f.trust.Store(int32(assumed))
	}
}

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
	before, after, err := c.readAndWrite(ctx, slot, u.ID, func(_ *Customer, write *budget.Slot) (*Customer, error) {
		answer, err := c.putBatch(ctx, request{slot: write, impatient: true}, []update{u})
		return answer[u.ID].whole(), err // what it does not tell is read
	})
	if before == nil {
		return Written{}, err
	}
	if after, err = c.afterwards(ctx, u.ID, after, err); after == nil {
		return Written{}, err
	}
	held, lost := u.omittedFields(before, after)
	if err != nil && !u.happened(after, len(lost)) {
		return Written{}, err
	}
	c.account.batchFields.settle(held, len(lost))
	var loss Loss
	if len(lost) > 0 {
		loss = Loss{ByBatch: true, Fields: append(lost, u.omittedMoving(before, after)...)}
	}
	held, lost = u.omittedProperties(before, after)
	if held > 0 || u.risksProperties() {
		c.account.batchProperties.settle(held, len(lost))
	}
	loss.Fields = append(loss.Fields, lost...)
	return c.restore(ctx, before, after, loss)
}

// patchCanary sends one update as a PATCH, to see what becomes of the custom
// properties that it leaves out.
func (c *Client) patchCanary(ctx context.Context, u update) (Written, error) {
	before, after, err := c.readAndWrite(ctx, nil, u.ID, func(_ *Customer, write *budget.Slot) (*Customer, error) {
		return c.one(ctx, request{operation: patchCustomer, id: u.ID, body: u.Changes, slot: write, impatient: true})
	})
	if before == nil {
		return Written{}, err
	}
	if after, err = c.afterwards(ctx, u.ID, after, err); after == nil {
		return Written{}, err
	}
	held, lost := u.omittedProperties(before, after)
	if err != nil && !u.happened(after, len(lost)) {
		return Written{}, err
	}
	c.account.patchProperties.settle(held, len(lost))
	return c.restore(ctx, before, after, Loss{Fields: lost})
}

// readAndWrite reads a customer and writes what builds on it, at once: the write
// may send what was read along, and would undo what somebody else has changed
// meanwhile. So both slots are there before the read, and a write that was told
// to wait or to send something otherwise, and so has done nothing, is preceded
// by another read. before is nil where nothing was written. The slot is for one
// of the two; nil = take both.
func (c *Client) readAndWrite(ctx context.Context, slot *budget.Slot, id int64, write func(before *Customer, slot *budget.Slot) (*Customer, error)) (before, after *Customer, err error) {
	for {
		first, second, err := c.twoSlots(ctx, slot)
		if err != nil {
			return nil, nil, fmt.Errorf("waiting for the request budget to update a customer: %w", err)
		}
		slot = nil
		before, err := c.one(ctx, request{operation: getCustomer, id: id, slot: first})
		if err != nil {
			giveBack(second)
			return nil, nil, err
		}
		after, err := write(before, second)
		giveBack(second) // where it was not used
		refusal, _ := errors.AsType[*Error](err)
		throttled := refusal != nil && refusal.Status == http.StatusTooManyRequests && ctx.Err() == nil
		if !throttled && !errors.Is(err, errOtherKind) {
			return before, after, err
		}
	}
}

// twoSlots takes two slots of the budget, of which the first may be there. Only
// one caller at a time holds one while it waits for the other. A budget of one
// request gives one, and the second is nil.
func (c *Client) twoSlots(ctx context.Context, first *budget.Slot) (_, second *budget.Slot, err error) {
	select {
	case c.pairs <- struct{}{}:
	default:
		giveBack(first)
		first = nil
		select {
		case c.pairs <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
	defer func() { <-c.pairs }()
	if first == nil {
		if first, err = c.config.Budget.Acquire(ctx); err != nil {
			return nil, nil, err
		}
	}
	if c.config.Budget.Limit() < 2 {
		return first, nil, nil
	}
	if second, err = c.config.Budget.Acquire(ctx); err != nil {
		first.Cancel()
		return nil, nil, err
	}
	return first, second, nil
}

// afterwards is the customer after a canary: from its answer, else read, for
// the canary may have been carried out, and what it took is still to be put
// back. It is nil where nothing was done. The error is that of the canary.
func (c *Client) afterwards(ctx context.Context, id int64, answer *Customer, err error) (*Customer, error) {
	if answer != nil || err != nil && !OutcomeUnknown(err) {
		return answer, err
	}
	after, lookup := c.one(context.WithoutCancel(ctx), request{operation: getCustomer, id: id, urgent: true})
	if lookup != nil {
		return nil, errors.Join(err, lookup)
	}
	return after, err
}

// happened reports whether an update that was not answered was carried out, by
// what the customer holds now: what was sent, or no longer what was not.
func (u *update) happened(after *Customer, lost int) bool {
	return len(u.Unstuck(after)) == 0 || lost > 0
}

// restore puts back what was lost, at once and whatever is cancelled meanwhile.
//
// Where HelpCrunch refuses one of the values, which an agent may have typed but
// a request may not send, the others are put back one by one.
func (c *Client) restore(ctx context.Context, before, after *Customer, loss Loss) (Written, error) {
	if len(loss.Fields) == 0 {
		return Written{Customer: after}, nil
	}
	ctx = context.WithoutCancel(ctx)
	restored, err := c.putBack(ctx, before, after, loss.Fields)
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.blamable() {
		restored = after
		var missing []string
		for _, field := range loss.Fields {
			one, refused := c.putBack(ctx, before, restored, []string{field})
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
	if missing := missingIn(restored, loss.Fields); len(missing) > 0 {
		return Written{}, &RestoreError{ID: before.ID, Fields: missing, Err: errors.New("HelpCrunch accepted the values and does not hold them")}
	}
	return Written{Customer: restored, Loss: &loss}, nil
}

// putBack writes fields as they were before to a customer as it is now. It does
// not wait for the budget: after a stop Terraform would not wait that long.
func (c *Client) putBack(ctx context.Context, before, now *Customer, names []string) (*Customer, error) {
	back := update{ID: before.ID}
	properties := make(CustomData)
	for _, name := range names {
		if property, ok := strings.CutPrefix(name, "customData."); ok {
			properties[property] = before.CustomData[property]
			continue
		}
		for _, f := range fields {
			if f.name == name {
				f.keep(&back.Changes, before)
			}
		}
	}
	if len(properties) == 0 {
		return c.one(ctx, request{operation: patchCustomer, id: back.ID, body: back.Changes, urgent: true})
	}
	maps.Copy(properties, now.CustomData.filled()) // what it holds now is to stay
	texts := make(map[string]bool)
	for {
		customer, err := c.patchHolding(ctx, request{urgent: true}, back, properties, texts)
		if !errors.Is(err, errOtherKind) {
			return customer, err
		}
	}
}

// omittedFields compares what the update leaves out: how many fields held
// something before, and which of them are empty now. What moves by itself does
// not count, and what HelpCrunch fills in by itself proves nothing by being
// there. Custom data that is not mentioned at all is one field; all of its
// properties are named where it is lost.
func (u *update) omittedFields(before, after *Customer) (held int, lost []string) {
	for _, f := range fields {
		if f.moves || f.sent(&u.Changes) || !f.holds(before) || f.fills && f.holds(after) {
			continue
		}
		held++
		if !f.holds(after) {
			lost = append(lost, f.name)
		}
	}
	if names := before.CustomData.nonEmpty(); u.CustomData == nil && len(names) > 0 {
		held++
		if len(after.CustomData.nonEmpty()) == 0 {
			lost = append(lost, prefixed("customData.", names)...)
		}
	}
	return held, lost
}

// omittedMoving are the fields that move by themselves and are empty now. They
// prove nothing, but what takes the others takes them as well.
func (u *update) omittedMoving(before, after *Customer) (lost []string) {
	for _, f := range fields {
		if f.moves && !f.sent(&u.Changes) && f.holds(before) && !f.holds(after) {
			lost = append(lost, f.name)
		}
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

// field is what a request may leave out and an account may clear, but for the
// custom properties.
type field struct {
	name  string // the API's
	moves bool   // by itself, as the customer browses
	fills bool   // by itself, where nobody filled it in
	sent  func(*Changes) bool
	holds func(*Customer) bool
	keep  func(*Changes, *Customer) // takes it over from a customer, to put it back
}

var fields = func() []field {
	var all []field
	for _, f := range stringFields {
		all = append(all, field{
			name: f.Name, moves: f == LastPage, fills: f.filledByItself(),
			sent:  func(c *Changes) bool { return !f.Sent(c).IsZero() },
			holds: func(c *Customer) bool { return text(*f.Held(c)) != "" },
			keep:  func(c *Changes, from *Customer) { *f.Sent(c) = Some(text(*f.Held(from))) },
		})
	}
	return append(all,
		field{
			name: "firstSeen", fills: true,
			sent:  func(c *Changes) bool { return !c.FirstSeen.IsZero() },
			holds: func(c *Customer) bool { return !c.FirstSeen.IsNull() },
			keep:  func(c *Changes, from *Customer) { c.FirstSeen = Some(from.FirstSeen) },
		},
		field{
			name: "lastSeen", moves: true,
			sent:  func(c *Changes) bool { return !c.LastSeen.IsZero() },
			holds: func(c *Customer) bool { return !c.LastSeen.IsNull() },
			keep:  func(c *Changes, from *Customer) { c.LastSeen = Some(from.LastSeen) },
		},
		field{
			name:  "unsubscribed",
			sent:  func(c *Changes) bool { return !c.Unsubscribed.IsZero() },
			holds: func(c *Customer) bool { return c.Unsubscribed },
			keep:  func(c *Changes, from *Customer) { c.Unsubscribed = Some(from.Unsubscribed) },
		},
		field{
			name:  "blocked",
			sent:  func(c *Changes) bool { return !c.Blocked.IsZero() },
			holds: func(c *Customer) bool { return c.Blocked },
			keep:  func(c *Changes, from *Customer) { c.Blocked = Some(from.Blocked) },
		},
		field{
			name:  "tags",
			sent:  func(c *Changes) bool { return c.Tags != nil },
			holds: func(c *Customer) bool { return len(c.Tags) > 0 },
			keep:  func(c *Changes, from *Customer) { c.Tags = from.Tags },
		},
	)
}()

// missingIn are those of the fields, named as in Loss, that a customer should
// hold and does not. What moves by itself may be gone again.
func missingIn(customer *Customer, names []string) (missing []string) {
	for _, name := range names {
		if property, ok := strings.CutPrefix(name, "customData."); ok {
			if customer.CustomData[property].Text == "" {
				missing = append(missing, name)
			}
			continue
		}
		for _, f := range fields {
			if f.name == name && !f.moves && !f.holds(customer) {
				missing = append(missing, name)
			}
		}
	}
	return missing
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
	return fmt.Sprintf("customer %d lost %s and it could not be put back: %s", e.ID, OneLine(strings.Join(e.Fields, ", "), shownText), e.Err)
}

// Unwrap returns why it could not be put back.
func (e *RestoreError) Unwrap() error { return e.Err }

// patchUnion writes one customer in an account that replaces all custom data:
// with the properties that are to stay.
func (c *Client) patchUnion(ctx context.Context, slot *budget.Slot, u update) (*Customer, error) {
	texts := make(map[string]bool)
	_, written, err := c.readAndWrite(ctx, slot, u.ID, func(held *Customer, write *budget.Slot) (*Customer, error) {
		return c.patchHolding(ctx, request{slot: write, impatient: true}, u, held.CustomData, texts)
	})
	return written, err
}

// patchHolding sends the update together with the custom properties that the
// customer holds, so that they stay. as says how to send it.
//
// An answer shows a date and a number alike, as an integer, and a request must
// send the first as text and the second as a number. A wrong guess is refused
// and changes nothing: then the error is errOtherKind, texts has the property
// that the refusal points to, and the next attempt sends it the other way. What
// proves right is remembered, for a property has one kind in an account.
func (c *Client) patchHolding(ctx context.Context, as request, u update, held CustomData, texts map[string]bool) (*Customer, error) {
	sent := u.CustomData
	all := make(CustomData, len(held)+len(sent))
	guessed := make(map[string]bool)
	for name, value := range held.filled() {
		_, isText := c.account.texts.Load(name)
		switch {
		case value.Kind == Opaque:
		case value.Kind == Number && (isText || texts[name]):
			all[name] = Value{String, value.Text}
		default:
			all[name], guessed[name] = value, value.Kind == Number
		}
	}
	for name, value := range sent {
		all[name], guessed[name] = value, false
	}
	u.CustomData = all
	as.operation, as.id, as.body = patchCustomer, u.ID, u.Changes
	customer, err := c.one(ctx, as)
	if name := all.refusedIn(err); guessed[name] {
		texts[name] = true
		return nil, errOtherKind
	}
	if err != nil {
		return nil, relocated(err, all, sent)
	}
	for name := range texts {
		c.account.texts.Store(name, nil)
	}
	return customer, nil
}

// errOtherKind is a request that was refused for a guess, and is to be made again.
var errOtherKind = errors.New("a custom property is of another kind")

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
