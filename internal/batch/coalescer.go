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
//  4. its oldest caller has waited [Config.MaxWait].
//
// Items with the same key are sent one after the other, in the order they came, each when the one before was
// answered. Others may overtake them meanwhile.
package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Coalescer gathers callers into batches. Use [New] to make one; it needs no goroutine while nobody waits.
type Coalescer[K comparable, T, R any] struct {
	config Config[K, T, R]

	mu sync.Mutex

	// ready holds the waiting calls that may leave, in order of joining, no key twice and none that is under way.
	// A sorted slice, since taking from its front is free and the rare change in its middle is one memmove.
	ready []*call[K, T, R]
	// behind has an entry for every key that is ready or under way: the calls waiting for it to be answered.
	behind map[K][]*call[K, T, R]
	// launched are the departures that have not taken yet. Each of them can take Max of the calls in ready,
	// from the front, so that only those further back need another one.
	launched map[*departure[K, T, R]]struct{}

	joined   uint64 // callers that ever joined
	waiting  int    // calls in ready and behind
	underWay int    // calls taken and not answered
	running  int    // goroutines in Send, also of departures that nobody needs any more

	peak       int       // the most callers inside at once
	atPeak     int       // batches that left with so many waiting, since the peak last rose
	gaps       gaps      // between callers joining
	quietSince time.Time // when a caller last joined or a batch was last answered

	timer   *time.Timer // set for when the next batch is due; nil before the first
	stopped bool
	drained chan struct{} // closed when stopped and no Send is running
}

// New returns a Coalescer that works as config says.
func New[K comparable, T, R any](config Config[K, T, R]) *Coalescer[K, T, R] {
	config.Max = max(config.Max, 1)
	if config.MaxWait <= 0 {
		config.MaxWait = DefaultMaxWait
	}
	return &Coalescer[K, T, R]{
		config:   config,
		behind:   make(map[K][]*call[K, T, R]),
		launched: make(map[*departure[K, T, R]]struct{}),
		drained:  make(chan struct{}),
	}
}

// Do hands item to the next batch and returns its outcome.
//
// If ctx ends while the item still waits, the item is not sent and the error is ctx's cause. Once the item has
// been taken Do waits for its outcome whatever happens to ctx, but from the end of ctx on no longer than
// [Config.Grace]; then the error wraps [ErrOutcomeUnknown] and ctx's cause. After [Coalescer.Close] the error
// is [ErrStopped].
func (c *Coalescer[K, T, R]) Do(ctx context.Context, item T) (R, error) {
	var none R
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	key, err := c.key(item)
	if err != nil {
		return none, err
	}
	call := &call[K, T, R]{ctx: ctx, key: key, item: item, answer: make(chan Result[R], 1)}
	if !c.join(call) {
		return none, ErrStopped
	}

	select {
	case result := <-call.answer:
		return result.Value, result.Err
	case <-ctx.Done():
	}
	if c.leave(call) {
		return none, context.Cause(ctx)
	}

	grace := time.NewTimer(c.config.Grace)
	defer grace.Stop()
	select {
	case result := <-call.answer:
		return result.Value, result.Err
	case <-grace.C:
	}
	select {
	case result := <-call.answer: // it came at the same moment
		return result.Value, result.Err
	default:
		return none, fmt.Errorf("%w: %w", ErrOutcomeUnknown, context.Cause(ctx))
	}
}

// Close stops the coalescer: callers that still wait, and all that come later, get [ErrStopped]. It returns when
// every batch under way has been answered, or with ctx's cause when ctx ends before that. It may be called again.
func (c *Coalescer[K, T, R]) Close(ctx context.Context) error {
	c.stop()
	select {
	case <-c.drained:
		return nil
	default:
	}
	select {
	case <-c.drained:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// key calls Config.Key, which is not ours and may panic.
func (c *Coalescer[K, T, R]) key(item T) (key K, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	key = c.config.Key(item)
	// An interface can hold a value that no map takes as a key. Let it panic here, not under the lock.
	_ = map[K]struct{}(nil)[key]
	return key, nil
}

// join lets a caller in, unless the coalescer has been stopped.
func (c *Coalescer[K, T, R]) join(call *call[K, T, R]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}

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
	return true
}

// leave is called when a caller's context has ended. It reports whether the call was taken out of the queue;
// otherwise its answer is there or under way.
func (c *Coalescer[K, T, R]) leave(call *call[K, T, R]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := call.departure; d != nil {
		d.staying--
		if d.staying == 0 {
			d.cancel()
		}
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
func (c *Coalescer[K, T, R]) release(key K) {
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

// idle reports whether no batch is under way, nor on its way to be.
func (c *Coalescer[K, T, R]) idle() bool {
	return c.underWay == 0 && len(c.launched) == 0
}

// complete reports whether all are waiting that can be expected, judging by the past.
//
// While the first callers gather each is the most there ever was, so a new peak is believed only after a batch
// with so many has left, nobody else having come. A peak of one says nothing about the next caller. And a peak may
// be out of date: two callers with quick answers, before a crowd came, would split the crowd into twos for ever,
// none of them inside with a third. So it is doubted now and then, ever more rarely. The doubted batch waits as if
// nothing were known, and shows the higher peak if there is one.
func (c *Coalescer[K, T, R]) complete() bool {
	doubt := c.atPeak == 0 || c.atPeak >= 8 && c.atPeak&(c.atPeak-1) == 0 // 8, 16, 32, ...
	return c.peak >= 2 && c.waiting >= c.peak && !doubt
}

// depart brings everything in line after a change: it ends departures that nobody needs any more, launches the
// batches that are due, and sets the timer for the next.
func (c *Coalescer[K, T, R]) depart() {
	if len(c.ready) == 0 {
		for d := range c.launched {
			d.sealed = true
			d.cancel()
		}
		clear(c.launched)
	}
	for {
		now := time.Now()
		due, some := c.due()
		switch {
		case !some:
			if c.timer != nil {
				c.timer.Stop()
			}
			return
		case !due.After(now):
			c.launch()
		case c.timer == nil:
			c.timer = time.AfterFunc(due.Sub(now), c.wake)
			return
		default:
			c.timer.Reset(due.Sub(now))
			return
		}
	}
}

// wake is called by the timer. It may come late and find that others did its work.
func (c *Coalescer[K, T, R]) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.depart()
}

// due returns when the next batch is due if nothing happens before; the zero time means at once.
// It reports false if nobody waits for another departure.
func (c *Coalescer[K, T, R]) due() (time.Time, bool) {
	reserved := len(c.launched) * c.config.Max
	if len(c.ready) <= reserved {
		return time.Time{}, false
	}
	if len(c.ready)-reserved >= c.config.Max {
		return time.Time{}, true
	}
	due := c.ready[reserved].joined.Add(c.config.MaxWait)
	if c.idle() {
		if c.complete() {
			return time.Time{}, true
		}
		linger := max(c.config.Linger, 3*c.gaps.largest())
		if quiet := c.quietSince.Add(linger); quiet.Before(due) {
			due = quiet
		}
	}
	return due, true
}

// launch starts one call of Send.
func (c *Coalescer[K, T, R]) launch() {
	oldest := c.ready[len(c.launched)*c.config.Max]
	ctx, cancel := context.WithCancel(context.WithoutCancel(oldest.ctx))
	d := &departure[K, T, R]{ctx: ctx, cancel: cancel}
	c.launched[d] = struct{}{}
	c.running++
	go c.run(d)
}

// run calls Send and sees to it that everyone gets an answer, however Send ends.
func (c *Coalescer[K, T, R]) run(d *departure[K, T, R]) {
	var outcomes map[K]Result[R]
	err := errExited
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
		d.cancel()
		c.finish(d, outcomes, err)
	}()
	outcomes, err = c.config.Send(d.ctx, func(n int) []T { return c.take(d, n) })
}

// take is what Send calls when it is ready.
func (c *Coalescer[K, T, R]) take(d *departure[K, T, R], n int) []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.sealed {
		return nil
	}
	c.seal(d, n)
	c.depart()

	items := make([]T, len(d.calls))
	for i, call := range d.calls {
		items[i] = call.item
	}
	return items
}

// seal moves up to n calls from the queue to the departure.
func (c *Coalescer[K, T, R]) seal(d *departure[K, T, R], n int) {
	d.sealed = true
	delete(c.launched, d)
	if c.waiting == c.peak && len(c.ready) <= min(n, c.config.Max) {
		c.atPeak++ // all of them leave; where Send takes only some, it says nothing about the others
	}
	for n = min(n, c.config.Max); len(d.calls) < n && len(c.ready) > 0; {
		call := c.ready[0]
		c.ready[0] = nil
		c.ready = c.ready[1:]
		c.waiting--
		if call.ctx.Err() != nil {
			call.answer <- Result[R]{Err: context.Cause(call.ctx)}
			c.release(call.key)
			continue
		}
		call.departure = d
		d.calls = append(d.calls, call)
	}
	d.staying = len(d.calls)
	c.underWay += len(d.calls)
}

// finish hands out the answers of a Send that has ended.
func (c *Coalescer[K, T, R]) finish(d *departure[K, T, R], outcomes map[K]Result[R], err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !d.sealed {
		c.seal(d, c.config.Max)
		outcomes = nil
	}
	if err == nil {
		err = ErrNoAnswer
	}
	for _, call := range d.calls {
		result, ok := outcomes[call.key]
		if !ok {
			result.Err = err
		}
		call.answer <- result
		c.release(call.key)
	}
	if len(d.calls) > 0 {
		c.underWay -= len(d.calls)
		c.quietSince = time.Now()
	}
	c.running--
	c.depart()
	if c.stopped && c.running == 0 {
		close(c.drained)
	}
}

// stop turns everyone away who has not been taken.
func (c *Coalescer[K, T, R]) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.stopped = true
	for _, call := range c.ready {
		call.answer <- Result[R]{Err: ErrStopped}
	}
	for _, calls := range c.behind {
		for _, call := range calls {
			call.answer <- Result[R]{Err: ErrStopped}
		}
	}
	c.ready, c.waiting = nil, 0
	clear(c.behind)
	c.depart()
	if c.running == 0 {
		close(c.drained)
	}
}
