// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// The documentation contradicts itself on whether a batch PUT keeps the fields
// that an item leaves out ("Batch update customers" says so, the single PUT of
// "Update customer" clears them), and says nothing on whether a customData of
// some properties keeps the others. So nobody is written on an assumption:
// before the first batch of a run one customer, the canary, is written alone,
// read just before and compared with the answer, while the others wait. What is
// lost is put back at once (checked.go), and the run goes on without what loses.
//
// The canary is one who holds something: that proves the law of it at once. Who
// holds what is read just before, by one search for up to a hundred who wait. A
// search may lag behind, so it chooses and never convicts. No kind acquits another:
// what merges strings may well set to false, or to none, what is not mentioned.

// verdict is what is known of a law.
type verdict int32

const (
	unproven verdict = iota
	keeps
	loses
)

// law is what the account does with what one way of writing leaves out.
type law struct{ verdict atomic.Int32 }

func (l *law) is(v verdict) bool { return verdict(l.verdict.Load()) == v }

// settle records what a comparison showed. A loss counts whatever was kept before.
func (l *law) settle(kept, lost bool) {
	switch {
	case lost:
		l.verdict.Store(int32(loses))
	case kept:
		l.verdict.CompareAndSwap(int32(unproven), int32(keeps))
	}
}

// laws are what a run has found out about the account.
type laws struct {
	batchFields     law           // of what a batch item leaves out
	shown           atomic.Uint32 // the kinds of it that were seen to be kept
	batchProperties law           // of what the customData of a batch item leaves out
	patchProperties law           // of what the customData of a PATCH leaves out

	turn      chan struct{} // held by who proves what a batch does, with glance
	glance    glance
	patchTurn chan struct{} // held by who puts custom properties at stake in a PATCH

	texts sync.Map // the names of custom properties that are answered as numbers and sent as text: dates

	mu      sync.Mutex
	waiting map[int64]int // customers whose update has not been answered yet
	silent  bool          // whether the account refuses a write that changes nothing
}

// take takes a turn, and fails only with ctx.
func take(ctx context.Context, turn chan struct{}) error {
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// note settles the laws by what a checked write showed.
func (l *laws) note(inBatch bool, seen comparison) {
	if !inBatch {
		l.patchProperties.settle(seen.kept&properties != 0, seen.lost&properties != 0)
		return
	}
	l.shown.Or(uint32(seen.kept))
	l.batchFields.settle(seen.kept&plain != 0, seen.lost&wholeCustomer != 0)
	l.batchProperties.settle(seen.kept&properties != 0, seen.lost&properties != 0)
}

// losesInBatch reports whether the account is known to clear something of the
// customer that a batch does not mention.
func (l *laws) losesInBatch(u update) bool {
	return l.batchFields.is(loses) || u.CustomData != nil && l.batchProperties.is(loses)
}

// open reports whether a batch of these could still show what is not known: of
// each kind that they leave out whether it is kept.
func (l *laws) open(updates []job) bool {
	return slices.ContainsFunc(updates, func(j job) bool {
		return !l.losesInBatch(j.Value) && j.Value.leavesOut()&^l.keptInBatch() != 0
	})
}

// keptInBatch are the kinds that a batch is known to leave alone.
func (l *laws) keptInBatch() kind { return kind(l.shown.Load()) }

// unproven are the kinds that a batch would put at stake and that nobody has
// shown yet. Who is written alone anyway puts none at stake.
func (l *laws) unproven(u update, held *Customer) kind {
	if held == nil || l.losesInBatch(u) {
		return 0
	}
	return u.atStake(held) &^ l.keptInBatch()
}

// prove finds out what a batch of these would lose: it writes as many of them
// as canaries as that takes, and returns the others, with a slot for their batch
// (nil = none yet). Of a kind that nobody holds there is nothing to lose, and the
// next batch asks again.
func (c *Client) prove(ctx context.Context, jobs []job) (rest []job, slot *budget.Slot, err error) {
	l := &c.laws
	if err := take(ctx, l.turn); err != nil {
		return nil, nil, err
	}
	defer func() { <-l.turn }()

	for made := false; len(jobs) > 1 && l.open(jobs); {
		giveBack(slot)
		jobs = slices.DeleteFunc(jobs, givenUp)
		var seen map[int64]*Customer
		if slot, seen, err = c.glance(ctx, jobs); err != nil {
			return nil, nil, err
		}
		// Whom the search does not show, nothing is known of, nor of anybody where the
		// batch would wait for a slot. They take slots of their own, and a small budget
		// has none beside ours. Of the others is looked once more: it may take long.
		var unseen []job
		jobs = slices.DeleteFunc(jobs, func(j job) bool {
			unknown := slot == nil || seen[j.Value.ID] == nil
			if unknown {
				unseen = append(unseen, j)
			}
			return unknown
		})
		if len(unseen) > 0 {
			giveBack(slot)
			slot = nil
			for _, j := range unseen {
				c.patch(ctx, nil, j)
			}
			continue
		}
		canary, most := -1, 0
		for i, j := range jobs {
			if kinds := bits.OnesCount32(uint32(l.unproven(j.Value, seen[j.Value.ID]))); kinds > most {
				canary, most = i, kinds
			}
		}
		if canary < 0 && !made {
			made = true
			canary = slices.IndexFunc(jobs, func(j job) bool { return l.canShow(j.Value) })
		}
		if canary < 0 {
			break
		}
		giveBack(slot)
		slot = nil
		c.canary(ctx, jobs[canary])
		jobs = slices.Delete(jobs, canary, canary+1)
	}
	return jobs, slot, nil
}

// canary writes one customer as a batch of its own.
//
// Where that leaves open what can be known, what has just been written is put at
// stake: we know it, and nobody else has it. So a canary can be made where nobody
// holds anything, instead of asking before each batch who does. The second request
// repeats the page that they were seen on last, which moves by itself, and one of
// the custom properties that were sent and taken: it writes nothing that could be a
// colleague's of just now.
func (c *Client) canary(ctx context.Context, j job) {
	if c.refusedBefore(j) || givenUp(j) {
		return
	}
	ctx, end := j.Context(ctx)
	defer end()
	u := j.Value
	var held *Customer
	written, err := c.checked(ctx, u, true, func(read *Customer) { held = read })
	c.refusals.note(u.CustomData, err)
	// After a stop its caller would not listen for as long as a second one may take.
	if err == nil && ctx.Err() == nil && c.laws.open([]job{j}) && c.laws.canShow(u) {
		written, err = c.show(ctx, u, held, written)
	}
	answer(j, written, err)
}

// show is the second request for a canary who was written. What moves by itself
// and is gone since they were read convicts nobody, and if this shows that the
// account clears, it went with the rest.
func (c *Client) show(ctx context.Context, u update, held *Customer, written Written) (Written, error) {
	before := *written.Customer
	for _, f := range fields {
		if f.moves && !f.sent(&u.Changes) && !f.holds(&before) {
			f.copy(&before, held)
		}
	}
	again := update{ID: u.ID, Changes: Changes{LastPage: None[string]()}}
	if page := text(before.LastPage); page != "" {
		again.LastPage = Some(page)
	}
	sent := u.CustomData.nonEmpty()
	taken := slices.IndexFunc(sent, func(name string) bool { return u.CustomData[name].Equal(before.CustomData[name]) })
	if len(sent) > 1 && taken >= 0 && c.laws.batchProperties.is(unproven) {
		again.CustomData = CustomData{sent[taken]: u.CustomData[sent[taken]]}
	}
	// At once, whatever the budget says: what was read must not grow old.
	answer, err := c.putBatch(ctx, request{urgent: true, impatient: true}, []update{again})
	shown, err := c.compared(ctx, again, true, &before, answer[u.ID].whole(), err)
	if _, lost := errors.AsType[*RestoreError](err); lost || err == nil {
		return shown, err
	}
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.blamable() {
		c.laws.silent = true
	}
	return written, nil // which this did not change
}

// canShow reports whether the customer holds something for certain, once this is
// written, that a second write would show what is not known yet by.
func (l *laws) canShow(u update) bool {
	strings := slices.ContainsFunc(stringFields, func(f *StringField) bool {
		sent, _ := f.Sent(&u.Changes).Get()
		return sent != "" && !f.filledByItself()
	})
	return !l.silent && (l.batchFields.is(unproven) && strings || l.batchProperties.is(unproven) && len(u.CustomData.nonEmpty()) > 1)
}

// glance is what a search showed a moment ago of who waits.
type glance struct {
	at        time.Time
	customers map[int64]*Customer
}

// glanceLasts is for how long it is believed: for the batches that waited for
// the same turn.
const glanceLasts = 2 * time.Second

// glance returns what a search shows of these customers just before their batch
// leaves, with the slot for it. The search is for up to a hundred who wait.
func (c *Client) glance(ctx context.Context, jobs []job) (*budget.Slot, map[int64]*Customer, error) {
	l := &c.laws
	missing := func(j job) bool {
		return l.glance.customers[j.Value.ID] == nil || c.written.justNow(j.Value.ID)
	}
	if time.Since(l.glance.at) < glanceLasts && !slices.ContainsFunc(jobs, missing) {
		slot, err := c.acquire(ctx, false)
		if err != nil {
			return nil, nil, err
		}
		if time.Since(l.glance.at) < glanceLasts && !slices.ContainsFunc(jobs, missing) {
			return slot, l.glance.customers, nil
		}
		giveBack(slot)
	}
	first, second, err := c.twoSlots(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := make(map[int64]bool)
	for _, j := range jobs {
		ids[j.Value.ID] = true
	}
	l.mu.Lock()
	for id := range l.waiting {
		if len(ids) >= searchSizes[c.searchSize.Load()] {
			break
		}
		ids[id] = true
	}
	l.mu.Unlock()
	queries := make([]query, 0, len(ids))
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		queries = append(queries, query{id: id})
	}
	seen := make(map[int64]*Customer, len(queries))
	var at time.Time // when the first of them was seen
	c.search(ctx, first, queries, func(q query, found found, _ error) {
		if time.Since(at) >= glanceLasts { // it takes several searches, which wait for slots of their own
			clear(seen)
			at = time.Now()
		}
		// Of whom it fails to tell, nothing is known, nor of whom it may not tell yet.
		if len(found.customers) == 1 && !c.written.justNow(q.id) {
			seen[q.id] = found.customers[0]
		}
	})
	if ctx.Err() != nil {
		giveBack(second)
		return nil, nil, context.Cause(ctx)
	}
	l.glance = glance{at, seen}
	return second, seen, nil
}

// joined and left keep the list of whose update waits.
func (l *laws) joined(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[id]++
}

func (l *laws) left(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting[id]--; l.waiting[id] == 0 {
		delete(l.waiting, id)
	}
}
