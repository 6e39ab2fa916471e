// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// Loss is what was not as before after a request that did not mention it.
type Loss struct {
	ByBatch      bool     // so from now on in this run nobody is written in a batch
	OfProperties bool     // so from now on no customData is written in a batch, or without the properties that are held
	Fields       []string // put back: the API's names, custom properties as "customData.<name>"
	Changed      []string // left as they are: somebody else may have written them in that moment
}

// checked writes one customer, as a batch of one or as a PATCH, read just before
// and compared with the answer. It settles the laws that this shows, and puts
// back what was lost.
//
// In an account that is known to replace all custom data, a PATCH takes along
// what the customer held. read is told what was read, before the write; it may be nil.
func (c *Client) checked(ctx context.Context, u update, inBatch bool, read func(held *Customer)) (Written, error) {
	texts := make(map[string]bool)
	var readAt time.Time
	var repeated bool
	before, after, err := c.readAndWrite(ctx, u.ID, func(held *Customer, slot *budget.Slot) (*Customer, error) {
		readAt, repeated = time.Now(), false
		if read != nil {
			read(held)
		}
		as := request{slot: slot, impatient: true, repeated: &repeated}
		switch opaque := u.opaque(held); {
		case inBatch && opaque == "":
			answer, err := c.putBatch(ctx, as, []update{u})
			return answer[u.ID].whole(), err // what it does not tell is read
		case u.CustomData != nil && opaque != "" && !c.laws.patchProperties.is(keeps):
			return nil, &UnsendableError{u.ID, opaque}
		case u.CustomData != nil && c.laws.patchProperties.is(loses):
			return c.patchHolding(ctx, as, u, held.CustomData, texts)
		}
		as.operation, as.id, as.body = patchCustomer, u.ID, u.Changes
		return c.one(ctx, as)
	})
	if before == nil {
		return Written{}, err
	}
	elapsed := func() since {
		if err == nil && !repeated && time.Since(readAt) < momentLasts {
			return aMoment
		}
		return aWhile
	}
	return c.compared(ctx, u, inBatch && u.opaque(before) == "", before, after, elapsed, err)
}

// compared is the second half of checked: after is the answer, nil if there was
// none, and err that of the write. elapsed is asked once there is something to compare.
func (c *Client) compared(ctx context.Context, u update, inBatch bool, before, after *Customer, elapsed func() since, err error) (Written, error) {
	_, ofOther := errors.AsType[*OtherCustomerError](err)
	if answer := after; answer == nil && (err == nil || ofOther || OutcomeUnknown(err)) {
		// It may have been carried out, and what it took is still to be put back:
		// also where a single 404 says that there is nobody any more.
		var lookup error
		ctx, cancel := whateverIsCancelled(ctx)
		defer cancel()
		after, lookup = c.one(ctx, request{operation: getCustomer, id: u.ID, urgent: true})
		if lookup != nil {
			err = errors.Join(err, lookup)
			if names := namesOf(u.left(before, inBatch)); len(names) > 0 {
				err = c.notRestored(before, nil, names, true, err)
			}
			return Written{}, err
		}
	} else if answer == nil {
		return Written{}, err
	}
	seen := u.compare(before, after, inBatch, elapsed())
	if err != nil && !u.happened(after, len(seen.back)) {
		return Written{}, err
	}
	due, shown := u.effect(before, after)
	if err != nil || !shown {
		seen.kept = 0 // whether anything was carried out that could have cleared it is not known
	}
	if err == nil && inBatch && due && !shown && seen.lost == 0 {
		// The answer may be of before, and what it is about come later: an account that
		// answers so is sent no batches.
		seen.lost = wholeCustomer | anyProperty
	}
	if !inBatch && seen.lost == 0 {
		switch shows := len(seen.back)+len(seen.changed) > 0; {
		case shows && !c.laws.doubted.CompareAndSwap(false, true):
			seen.lost = anyProperty // two are no chance
		case c.laws.doubted.Load():
			seen.kept = 0
		}
	}
	c.laws.note(inBatch, seen)
	return c.restore(ctx, before, after, Loss{
		ByBatch: inBatch && seen.lost&wholeCustomer != 0, OfProperties: seen.lost&anyProperty != 0,
		Fields: seen.back, Changed: seen.changed,
	})
}

// opaque is a property that the customer holds, the update leaves out, and no
// request can write: it could not be put back. "" is none.
func (u *update) opaque(held *Customer) string {
	for _, name := range held.CustomData.nonEmpty() {
		if _, sent := u.CustomData[name]; !sent && held.CustomData[name].Kind == Opaque {
			return name
		}
	}
	return ""
}

// readAndWrite reads a customer and writes what builds on it, at once: the write
// may send what was read along, and would undo what somebody else has changed
// meanwhile. So both slots are there before the read, and a write that was told
// to wait or to send something otherwise, and so has done nothing, is preceded
// by another read. before is nil where nothing was written.
func (c *Client) readAndWrite(ctx context.Context, id int64, write func(before *Customer, slot *budget.Slot) (*Customer, error)) (before, after *Customer, err error) {
	for {
		first, second, err := c.twoSlots(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("waiting for the request budget to update a customer: %w", err)
		}
		before, err := c.one(ctx, request{operation: getCustomer, id: id, slot: first})
		if err != nil {
			giveBack(second)
			return nil, nil, err
		}
		after, err := write(before, second)
		giveBack(second) // where it was not used
		if !toldToWait(ctx, err) && !errors.Is(err, errOtherKind) {
			return before, after, err
		}
	}
}

// toldToWait reports whether an impatient request has done nothing, and may be sent
// again once the budget lets it.
func toldToWait(ctx context.Context, err error) bool {
	refusal, ok := errors.AsType[*Error](err)
	return ok && refusal.Status == http.StatusTooManyRequests && !OutcomeUnknown(err) && ctx.Err() == nil
}

// twoSlots takes two slots of the budget. Only one caller at a time holds one
// while it waits for the other. A budget of one request gives one, and the second
// is nil.
func (c *Client) twoSlots(ctx context.Context) (first, second *budget.Slot, err error) {
	select {
	case c.pairs <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	defer func() { <-c.pairs }()
	if first, err = c.config.Budget.Acquire(ctx); err != nil {
		return nil, nil, err
	}
	if c.config.Budget.Limit() < 2 {
		return first, nil, nil
	}
	if second, err = first.Another(ctx); err != nil {
		first.Cancel()
		return nil, nil, err
	}
	return first, second, nil
}

// putBackWithin is how long what was lost is looked for once its caller has ended,
// and then how long it is put back. The caller listens for as long as the attempt
// under way may take and, after it, for both: what cannot be put back has to be told
// to be kept.
const (
	putBackWithin  = 20 * time.Second
	longestPutBack = 2 * putBackWithin
)

// whateverIsCancelled is ctx, which ends only so much later.
func whateverIsCancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		end := time.NewTimer(putBackWithin)
		defer end.Stop()
		select {
		case <-end.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		cancel()
	}
}

// restore puts back what was lost, at once and whatever is cancelled meanwhile.
func (c *Client) restore(ctx context.Context, before, after *Customer, loss Loss) (Written, error) {
	switch {
	case len(loss.Fields) == 0 && len(loss.Changed) == 0:
		return Written{Customer: after}, nil
	case len(loss.Fields) == 0:
		return Written{Customer: after, Loss: &loss}, nil
	}
	ctx, cancel := whateverIsCancelled(ctx)
	defer cancel()
	restored, missing, err := c.putBackAll(ctx, before, after, loss.Fields)
	for _, name := range missingIn(before, restored, loss.Fields) {
		f := fieldNamed(name)
		switch {
		case slices.Contains(missing, name):
		case f.mayBeNothing(restored) && !f.mayBeNothing(before) && !f.moves:
			missing = append(missing, name)
			err = cmp.Or(err, errors.New("HelpCrunch accepted the values and does not hold them"))
		default: // the account gives it, or spells it otherwise, or it comes by itself again
			loss.Changed = append(loss.Changed, name)
		}
	}
	if err == nil {
		loss.Fields = slices.DeleteFunc(loss.Fields, func(name string) bool { return slices.Contains(loss.Changed, name) })
		return Written{Customer: restored, Loss: &loss}, nil
	}
	if len(loss.Changed) > 0 {
		err = fmt.Errorf("%w (these are not as before either: %s)", err, OneLine(strings.Join(loss.Changed, ", "), shownText))
	}
	return Written{}, c.notRestored(before, restored, missing, false, err)
}

// putBackAll puts back all that HelpCrunch takes, and returns what is missing.
// A 404 is asked about once more: somebody who was read and written a moment ago
// is not gone on the word of one.
// Where it refuses one of the values, which an agent may have typed but a request
// may not send, the halves are tried alone.
func (c *Client) putBackAll(ctx context.Context, before, now *Customer, names []string) (after *Customer, missing []string, err error) {
	restored, err := c.putBack(ctx, before, now, names)
	if IsNotFound(err) {
		restored, err = c.putBack(ctx, before, now, names)
	}
	if err == nil {
		return restored, nil, nil
	}
	refusal, answered := errors.AsType[*Error](err)
	if len(names) == 1 || !answered || !refusal.blamable() || IsNotFound(err) {
		return now, names, err
	}
	now, missing, err = c.putBackAll(ctx, before, now, names[:len(names)/2])
	now, others, otherwise := c.putBackAll(ctx, before, now, names[len(names)/2:])
	return now, append(slices.Clone(missing), others...), cmp.Or(err, otherwise)
}

// putBack writes fields as they were before to a customer as it is now. It does
// not wait for the budget: after a stop Terraform would not wait that long. Nor
// does it wait for an answer once ctx has ended: the caller may not hear of it.
func (c *Client) putBack(ctx context.Context, before, now *Customer, names []string) (*Customer, error) {
	back := update{ID: before.ID}
	for _, name := range names {
		fieldNamed(name).keep(&back.Changes, before)
	}
	if back.Tags != nil { // what else it holds now is to stay
		back.Tags = withTags(back.Tags, now.Tags)
	}
	lost := back.CustomData
	back.CustomData = nil
	if len(lost) == 0 {
		return c.one(ctx, request{operation: patchCustomer, id: back.ID, body: back.Changes, urgent: true, bounded: true})
	}
	properties := now.CustomData.filled()
	maps.Copy(properties, lost)
	texts := make(map[string]bool)
	for {
		customer, err := c.patchHolding(ctx, request{urgent: true, bounded: true}, back, properties, texts)
		if !errors.Is(err, errOtherKind) {
			return customer, err
		}
	}
}

// missingIn are those of the fields, named as in Loss, that a customer does not
// hold as before. What moves by itself may be another value again.
func missingIn(before, now *Customer, names []string) (missing []string) {
	for _, name := range names {
		if f := fieldNamed(name); !f.stays(before, now) && !(f.moves && f.holds(now)) {
			missing = append(missing, name)
		}
	}
	return missing
}

// UnsendableError is an update that was not sent: the customer holds a custom
// property in a form that no request can write, and the account may clear it.
type UnsendableError struct {
	ID       int64
	Property string
}

func (e *UnsendableError) Error() string {
	return fmt.Sprintf("customer %d holds something in the custom property %q that cannot be written back if the account clears it", e.ID, e.Property)
}
