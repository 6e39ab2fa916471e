// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package budget keeps requests within a limit that a server sets: so many in
// any window of time, sliding. All processes of a machine can share one budget
// through a small file.
//
// A request takes a slot before it is sent and holds it until one window after
// its answer. Counted from the sending alone, a strict server sees more than
// its limit: it counts a request when that arrives, some time between sending
// and answer. A whole window can be spent at once.
package budget

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// longWait is how long a wait is that the log tells of.
	longWait = 5 * time.Second
	// recheck is how often a waiting process looks what the others have given
	// back early: they cannot tell it.
	recheck = time.Second
	// maxGap bounds the gap between the slots of a process that shares.
	maxGap = 10 * time.Millisecond
	// maxPause is more than anybody waits for. It keeps nonsense from overflowing.
	maxPause = 24 * time.Hour
	// maxSharedPause bounds what one process can impose on the others.
	maxSharedPause = 5 * time.Minute
)

// Budget hands out slots for requests. It is safe for concurrent use, needs no
// closing, and starts no goroutine.
type Budget struct {
	config Config
	start  time.Time // the epoch of memory
	random func() float64

	queued  atomic.Int64  // callers of Acquire
	turn    chan struct{} // held by the first of them, with the fields below it
	crowded bool          // slots have been short ever since somebody last waited alone
	nextLog time.Time     // no line about a wait before

	mu    sync.Mutex
	queue Queue // the last one, or that which stands

	lock chan struct{} // guards all below; a channel, so that a context can end the wait for it

	memory  ledger // of this Budget; a request in flight is taken until never
	file    *file  // of all who share; nil = nobody does
	changed chan struct{}
}

// New returns a Budget with all slots free, but for those that the file says
// are taken.
func New(config Config) *Budget {
	config.Limit = max(config.Limit, 1)
	if config.Window <= 0 {
		config.Window = DefaultWindow
	}
	if config.Hold <= 0 {
		config.Hold = config.Window
	}
	if config.Log == nil {
		config.Log = func(context.Context, string, map[string]any) {}
	}
	b := &Budget{
		config:  config,
		start:   time.Now().Add(-time.Hour), // so that no moment is zero, which says that there is none
		random:  rand.Float64,
		turn:    make(chan struct{}, 1),
		lock:    make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
	if config.File != "" {
		b.file = newFile(config)
	}
	return b
}

// Limit is how many requests a window has, at least one.
func (b *Budget) Limit() int { return b.config.Limit }

// Acquire waits for a slot. Callers of one Budget are served in the order they
// came. It fails only with the error of ctx.
func (b *Budget) Acquire(ctx context.Context) (*Slot, error) {
	came := time.Now()
	b.queued.Add(1)
	defer b.queued.Add(-1)
	// Blocked senders of a channel get in in the order they came.
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.turn }()

	for logged := false; ; {
		if err := b.giveWay(ctx); err != nil {
			return nil, err
		}
		slot, o, err := b.try(ctx, false)
		if err != nil {
			return nil, err
		}
		if slot != nil {
			if b.queued.Load() == 1 && b.crowded {
				b.crowded = false
				b.note(func(q *Queue) { q.End = time.Now() })
			}
			return slot, nil
		}
		b.note(func(q *Queue) {
			if !b.crowded {
				*q = Queue{Begin: came}
			}
			q.Length, q.Others = max(q.Length, int(b.queued.Load())), o.others
		})
		b.crowded = true
		if waited := time.Since(came); waited < longWait {
			o.next = min(o.next, longWait-waited)
		} else if !logged {
			b.logWait(ctx, o, waited)
			logged = true
		}
		if err := b.wait(ctx, o); err != nil {
			return nil, err
		}
	}
}

// Queue is a time in which there were more callers than slots.
type Queue struct {
	Begin, End time.Time // End is zero while it stands
	Length     int       // how many waited at once, at most
	Others     int       // how many requests of a window are believed to be those of others who use the limit
}

// Queue returns the queue that stands, or the last one there was.
func (b *Budget) Queue() Queue {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue
}

func (b *Budget) note(change func(*Queue)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.queue)
}

// Overdraw takes a slot whether there is one or not. Those who come after wait
// the longer for it. It waits for nothing but the file, a few seconds at most.
func (b *Budget) Overdraw(ctx context.Context) *Slot {
	b.lock <- struct{}{}
	defer b.unlock()
	slot := &Slot{budget: b}
	// The only error is that of ctx, and then memory alone counts the slot.
	_ = b.inFile(ctx, func(l *ledger, now time.Duration) bool {
		slot.inFile = tenths(now + b.config.Hold + b.config.Window)
		l.take(now, slot.inFile)
		return true
	})
	b.memory.take(b.now(), never)
	return slot
}

// giveWay leaves a small gap before each slot while slots are short: the
// process that came first would empty the window before another has the lock
// of the file. The gaps of a whole window add up to a hundredth of it.
func (b *Budget) giveWay(ctx context.Context) error {
	if b.file == nil || !b.crowded {
		return ctx.Err()
	}
	gap := min(b.config.Window/time.Duration(50*b.config.Limit), maxGap)
	return sleep(ctx, rand.N(gap+1), nil)
}

// Why a caller waits.
const (
	windowFull = "window full"
	paused     = "paused"
	shared     = "others use the limit"
)

// obstacle is what keeps the next caller from a slot.
type obstacle struct {
	reason  string
	next    time.Duration   // until it may be gone
	others  int             // how many requests of a window are believed to be theirs
	changed <-chan struct{} // closed when it may be gone sooner
}

// try takes a slot, or says what stands in the way.
func (b *Budget) try(ctx context.Context, beside bool) (*Slot, *obstacle, error) {
	select {
	case b.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer b.unlock()

	now := b.now()
	b.memory.prune(now)
	slot := &Slot{budget: b}
	// The file counts what is in memory too. But it forgets when the clock is
	// put forward, or when somebody deletes it.
	o := b.room(&b.memory, now)
	if o == nil {
		asked := false
		err := b.inFile(ctx, func(l *ledger, now time.Duration) (changed bool) {
			asked = true
			if o = b.room(l, now); o != nil {
				return false
			}
			before := l.Share
			if o = b.mayGo(l, now, slot, beside); o != nil {
				return l.Share != before
			}
			slot.inFile = tenths(now + b.config.Hold + b.config.Window)
			l.take(now, slot.inFile)
			return true
		})
		if err != nil {
			return nil, nil, err
		}
		if !asked {
			o = b.mayGo(&b.memory, now, slot, beside)
		}
	}
	if o != nil {
		o.changed = b.changed
		return nil, o, nil
	}
	b.memory.take(now, never)
	return slot, nil, nil
}

// room returns what stands in the way of one more request whoever it is from.
func (b *Budget) room(l *ledger, now time.Duration) *obstacle {
	open := l.opens(b.config.Limit)
	if open == 0 && l.PausedUntil == 0 {
		return nil
	}
	// A request in flight may be answered at once, and is then free after a window.
	o := &obstacle{
		reason: windowFull, others: l.Share.others(b.config.Limit),
		next: max(min(open.sinceEpoch()-now, b.config.Window), l.PausedUntil.sinceEpoch()-now),
	}
	if l.PausedUntil >= open {
		o.reason = paused
	}
	return o
}

// mayGo asks the share.
func (b *Budget) mayGo(l *ledger, now time.Duration, slot *Slot, beside bool) *obstacle {
	if beside {
		return nil
	}
	own, _ := l.held(b.config.Window, now)
	free := l.Share.free(b.config.Limit, now-l.Since.sinceEpoch())
	verdict, until := l.Share.decide(tenths(now), own, free, b.config.Limit, b.random)
	switch verdict {
	case probes:
		slot.probe = true
		l.Share.Probe = tenths(now + b.config.Hold)
	case waits:
		o := &obstacle{reason: windowFull, next: until.sinceEpoch() - now, others: l.Share.others(b.config.Limit)}
		if o.others > 0 {
			o.reason = shared
		}
		if free > 0 { // or one of ours comes free
			o.next = min(o.next, l.opens(free).sinceEpoch()-now)
		}
		return o
	}
	return nil
}

// wait lasts until the obstacle may be gone.
func (b *Budget) wait(ctx context.Context, o *obstacle) error {
	d := max(o.next, time.Millisecond)
	if b.file != nil {
		d = min(d, recheck*3/4+rand.N(recheck/2))
	}
	return sleep(ctx, d, o.changed)
}

// logWait tells of a queue once in a window, not for each of its callers.
func (b *Budget) logWait(ctx context.Context, o *obstacle, waited time.Duration) {
	now := time.Now()
	if now.Before(b.nextLog) {
		return
	}
	b.nextLog = now.Add(b.config.Window)
	b.config.Log(ctx, "Waiting for the request budget", map[string]any{
		"reason":          o.reason,
		"seconds":         int(waited.Seconds()),
		"queue":           b.queued.Load(),
		"taken_by_others": o.others,
	})
}

// inFile changes the ledger in the file, if there is one that works. change
// reports whether it did anything. The only error is that of ctx.
func (b *Budget) inFile(ctx context.Context, change func(l *ledger, now time.Duration) bool) error {
	if b.file == nil {
		return nil
	}
	return b.file.update(ctx, change)
}

// now is the time in memory.
func (b *Budget) now() time.Duration {
	return time.Since(b.start)
}

func (b *Budget) unlock() {
	<-b.lock
}

// announce wakes the caller that waits.
func (b *Budget) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// sleep lasts for d or until wake is closed.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err()
}
