// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
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
	doubted         atomic.Bool   // whether a PATCH has shown something there that may have been a colleague's

	turn      chan struct{}   // held by who proves what a batch does, with seen
	seen      map[int64]sight // what a search showed a moment ago of who waits
	patchTurn chan struct{}   // held by who puts custom properties at stake in a PATCH

	texts sync.Map // the names of custom properties that are answered as numbers and sent as text: dates

	mu      sync.Mutex
	waiting map[int64]int // customers whose update has not been answered yet
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
		l.patchProperties.settle(seen.kept&anyProperty == anyProperty, seen.lost&anyProperty != 0)
		return
	}
	l.shown.Or(uint32(seen.kept))
	l.batchFields.settle(seen.kept&wholeCustomer != 0, seen.lost&wholeCustomer != 0)
	l.batchProperties.settle(seen.kept&properties != 0, seen.lost&anyProperty != 0)
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

// unproven are the kinds, of those that a batch would put at stake, or at risk, that
// nobody has shown yet. Who is written alone anyway puts none there.
func (l *laws) unproven(u update, held *Customer, of func(*Customer) kind) kind {
	if held == nil || l.losesInBatch(u) {
		return 0
	}
	return of(held) &^ l.keptInBatch()
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

	for len(jobs) > 1 && l.open(jobs) {
		giveBack(slot)
		jobs = slices.DeleteFunc(jobs, givenUp)
		var seen map[int64]sight
		if slot, seen, err = c.glance(ctx, jobs); err != nil {
			return nil, nil, err
		}
		canary, most := -1, 0
		for i, j := range jobs {
			held := seen[j.Value.ID].Customer
			if slot == nil || held == nil || len(j.Value.Unstuck(held)) == 0 {
				continue
			}
			// Of as many kinds as possible, and then of as many fields.
			shows := bits.OnesCount32(uint32(l.unproven(j.Value, held, j.Value.atStake)))<<16 | len(j.Value.omitted(held))
			if shows>>16 > 0 && shows > most {
				canary, most = i, shows
			}
		}
		if canary >= 0 {
			giveBack(slot)
			slot = nil
			c.canary(ctx, jobs[canary])
			jobs = slices.Delete(jobs, canary, canary+1)
			continue
		}
		// Whom the search does not show, nothing is known of, nor of anybody where the
		// batch would wait for a slot; and the others may hold what shows nothing, for it
		// comes by itself, or for they hold already what is sent. They take slots of their
		// own, and a small budget has none beside ours. Of who is left is looked once
		// more: it may take long.
		var alone []job
		jobs = slices.DeleteFunc(jobs, func(j job) bool {
			held := seen[j.Value.ID].Customer
			goes := slot == nil || held == nil || l.unproven(j.Value, held, j.Value.atRisk) != 0
			if goes {
				alone = append(alone, j)
			}
			return goes
		})
		if len(alone) == 0 {
			break
		}
		giveBack(slot)
		slot = nil
		for _, j := range alone {
			c.patch(ctx, nil, j)
		}
	}
	return jobs, slot, nil
}

// canary writes one customer as a batch of its own.
func (c *Client) canary(ctx context.Context, j job) {
	if c.refusedBefore(j) || givenUp(j) {
		return
	}
	ctx, end := j.Context(ctx)
	defer end()
	written, err := c.checked(ctx, j.Value, true, nil)
	c.refusals.note(j.Value.CustomData, err)
	answer(j, written, err)
}

// sight is a customer as a search showed them.
type sight struct {
	*Customer
	at time.Time
}

// glanceLasts is for how long it is believed: for the batches that waited for
// the same turn.
const glanceLasts = 2 * time.Second

func (s sight) old() bool { return time.Since(s.at) >= glanceLasts }

// glance returns what a search shows of these customers just before their batch
// leaves, with the slot for it. The search is for up to a hundred who wait. It may
// have several pages, or be several where the account refuses so large a one: who was
// seen longer ago is left out.
func (c *Client) glance(ctx context.Context, jobs []job) (*budget.Slot, map[int64]sight, error) {
	l := &c.laws
	missing := func(j job) bool { return l.seen[j.Value.ID].old() || c.written.justNow(j.Value.ID) }
	if !slices.ContainsFunc(jobs, missing) {
		slot, err := c.acquire(ctx, false)
		if err != nil {
			return nil, nil, err
		}
		if !slices.ContainsFunc(jobs, missing) {
			return slot, l.seen, nil
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
	seen := make(map[int64]sight, len(queries))
	c.search(ctx, first, queries, func(q query, found found, _ error) {
		// Of whom it fails to tell, nothing is known, nor of whom it may not tell yet.
		if len(found.customers) == 1 && !c.written.justNow(q.id) {
			seen[q.id] = sight{found.customers[0], found.at}
		}
	})
	if ctx.Err() != nil {
		giveBack(second)
		return nil, nil, context.Cause(ctx)
	}
	maps.DeleteFunc(seen, func(_ int64, s sight) bool { return s.old() })
	l.seen = seen
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
