// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package batch gathers what many callers ask for one by one into few requests.
//
// Callers hand their item to [Coalescer.Do] and wait. Their items leave together, in one call of [Config.Send],
// when waiting longer would win nothing. A batch is due when
//
//  1. it is full; or
//  2. as many callers wait in it as were ever inside, waiting or under way, at once: nobody else can come; or
//  3. no batch is under way and all has been quiet, nobody joining and no answer arriving, for [Config.Linger]
//     or three times the largest gap between callers seen lately, whichever is longer; or
//  4. its oldest caller has waited three seconds.
//
// Items with the same key are sent one after the other, in the order they came, each when the one before was
// answered. Others may overtake them meanwhile.
package batch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Coalescer gathers callers into batches. Use [New] to make one; it needs no goroutine while nobody waits.
type Coalescer[T, R any] struct {
	config Config[T, R]

	mu sync.Mutex

	// ready holds the waiting calls that may leave, in order of joining, no key twice and none that is under way.
	// A sorted slice, since taking from its front is free and the rare change in its middle is one memmove.
	ready []*Item[T, R]
	// behind has an entry for every key that is ready or under way: the calls waiting for it to be answered.
	behind map[any][]*Item[T, R]
	// launched are the departures that have not taken yet. Each of them can take Max of the calls in ready,
	// from the front, so that only those further back need another one.
	launched map[*departure[T, R]]struct{}

	joined   uint64 // callers that ever joined
	waiting  int    // calls in ready and behind
	underWay int    // calls taken and not answered

	peak       int       // the most callers inside at once
	atPeak     int       // batches that left with so many waiting, since the peak last rose
	gaps       gaps      // between callers joining
	quietSince time.Time // when a caller last joined or a batch was last answered

	timer *time.Timer // set for when the next batch is due; nil before the first
}

// New returns a Coalescer that works as config says.
func New[T, R any](config Config[T, R]) *Coalescer[T, R] {
	config.Max = max(config.Max, 1)
	return &Coalescer[T, R]{
		config:   config,
		behind:   make(map[any][]*Item[T, R]),
		launched: make(map[*departure[T, R]]struct{}),
	}
}

// Do hands item to the next batch and returns its outcome.
//
// If ctx ends while the item still waits, the item is not sent and the error is ctx's cause. Once the item has
// been taken Do waits for its outcome whatever happens to ctx, but from the end of ctx on no longer than
// [Config.Grace]; then the error wraps [ErrOutcomeUnknown] and ctx's cause.
func (c *Coalescer[T, R]) Do(ctx context.Context, item T) (R, error) {
	var none R
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	call := &Item[T, R]{Value: item, coalescer: c, ctx: ctx, done: make(chan struct{})}
	call.key = call // its own: no order
	if c.config.Key != nil {
		call.key = c.config.Key(item)
	}
	c.join(call)

	select {
	case <-call.done:
	case <-ctx.Done():
		if c.leave(call) {
			return none, context.Cause(ctx)
		}
		select {
		case <-call.done:
		case <-time.After(c.config.Grace):
		}
	}
	select {
	case <-call.done: // perhaps at the same moment
		return call.result, call.err
	default:
		return none, fmt.Errorf("%w: %w", ErrOutcomeUnknown, context.Cause(ctx))
	}
}

// join lets a caller in.
func (c *Coalescer[T, R]) join(call *Item[T, R]) {
	c.mu.Lock()
	defer c.mu.Unlock()

	now := time.Now()
	if c.waiting > 0 && c.idle() {
		c.gaps.add(now.Sub(c.quietSince))
	}
	c.quietSince = now

	c.joined++
	call.number, call.joined = c.joined, now
	c.waiting++
	if calls, busy := c.behind[call.key]; busy {
		c.behind[call.key] = append(calls, call)
	} else {
		c.behind[call.key] = nil
		c.ready = append(c.ready, call)
	}
	if inside := c.waiting + c.underWay; inside > c.peak {
		c.peak, c.atPeak = inside, 0
	}
	c.depart()
}

// leave is called when a caller's context has ended. It reports whether the call was taken out of the queue;
// otherwise its answer is there or under way.
func (c *Coalescer[T, R]) leave(call *Item[T, R]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.departure != nil {
		call.departure.end()
		return false
	}

	if i, found := slices.BinarySearchFunc(c.ready, call, compareNumber); found {
		c.ready = slices.Delete(c.ready, i, i+1)
		c.release(call.key)
	} else if i := slices.Index(c.behind[call.key], call); i >= 0 {
		c.behind[call.key] = slices.Delete(c.behind[call.key], i, i+1)
	} else {
		return false
	}
	c.waiting--
	c.depart()
	return true
}

// release lets the next call with this key leave: the one before it has been answered or has given up.
func (c *Coalescer[T, R]) release(key any) {
	calls := c.behind[key]
	if len(calls) == 0 {
		delete(c.behind, key)
		return
	}
	next := calls[0]
	calls[0] = nil
	c.behind[key] = calls[1:]
	i, _ := slices.BinarySearchFunc(c.ready, next, compareNumber)
	c.ready = slices.Insert(c.ready, i, next)
}

// run calls Send and sees to it that everyone gets an answer, however Send ends.
func (c *Coalescer[T, R]) run(d *departure[T, R]) {
	var err error
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic in a batch: %v", value)
		}
		c.finish(d, cmp.Or(err, ErrNoAnswer))
	}()
	err = c.config.Send(d.ctx, func(n int) []*Item[T, R] { return c.take(d, n) })
}

// take moves up to n calls from the queue to the departure, the first time it is called for it.
func (c *Coalescer[T, R]) take(d *departure[T, R], n int) []*Item[T, R] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.sealed {
		return nil
	}
	d.sealed = true
	delete(c.launched, d)
	n = min(n, c.config.Max)
	if c.waiting == c.peak && len(c.ready) <= n {
		c.atPeak++ // all of them leave; where Send takes only some, it says nothing about the others
	}
	for len(d.items) < n && len(c.ready) > 0 {
		call := c.ready[0]
		c.ready[0] = nil
		c.ready = c.ready[1:]
		c.waiting--
		if call.ctx.Err() != nil {
			call.err = context.Cause(call.ctx)
			close(call.done)
			c.release(call.key)
			continue
		}
		call.departure = d
		d.items = append(d.items, call)
	}
	c.underWay += len(d.items)
	c.depart()
	return slices.Clone(d.items)
}

// answer gives a call that was taken its answer, unless it has one.
func (c *Coalescer[T, R]) answer(call *Item[T, R], value R, err error) {
	if call.answered {
		return
	}
	call.answered = true
	call.result, call.err = value, err
	close(call.done)
	call.departure.end()
	c.release(call.key)
	c.underWay--
	c.quietSince = time.Now()
}

// finish answers who has got no answer when Send has ended.
func (c *Coalescer[T, R]) finish(d *departure[T, R], err error) {
	c.take(d, c.config.Max) // unless Send has
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range d.items {
		var none R
		c.answer(call, none, err)
	}
	d.cancel()
	c.depart()
}

// Item is what one caller of Do wants sent, from joining to its answer.
type Item[T, R any] struct {
	Value T

	coalescer *Coalescer[T, R]
	// ctx is kept because a departure inherits its values, and because take passes over a caller that gave up
	// a moment ago and has had no time yet to say so.
	ctx    context.Context
	key    any
	number uint64 // in order of joining
	joined time.Time

	departure *departure[T, R] // the one that took it; nil while it waits
	answered  bool
	done      chan struct{} // closed when answered, also by take
	result    R
	err       error
}

// Answer hands the caller its answer, at once and whatever the others wait for. Only the first one counts. It is
// for an item that was taken.
func (i *Item[T, R]) Answer(value R, err error) {
	i.coalescer.mu.Lock()
	defer i.coalescer.mu.Unlock()
	i.coalescer.answer(i, value, err)
	i.coalescer.depart()
}

// Context is that of Send as long as the item's own caller wants its answer: for what is done for this item alone.
func (i *Item[T, R]) Context(send context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(send)
	stop := context.AfterFunc(i.ctx, func() { cancel(context.Cause(i.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Ended is why the item's caller does not want its answer any more, nil while it does.
func (i *Item[T, R]) Ended() error { return context.Cause(i.ctx) }

func compareNumber[T, R any](a, b *Item[T, R]) int { return cmp.Compare(a.number, b.number) }

// departure is one call of Send, from the moment a batch is due.
type departure[T, R any] struct {
	ctx    context.Context // of Send
	cancel context.CancelFunc

	sealed bool // takes nobody any more
	items  []*Item[T, R]
}

// end ends Send's context when nobody needs it any more: who has no answer has given up.
func (d *departure[T, R]) end() {
	if !slices.ContainsFunc(d.items, func(i *Item[T, R]) bool { return !i.answered && i.ctx.Err() == nil }) {
		d.cancel()
	}
}
