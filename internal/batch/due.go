// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import (
	"context"
	"slices"
	"time"
)

// maxWait is how long the oldest caller of a batch waits at most before the batch is due.
const maxWait = 3 * time.Second

// idle reports whether no batch is under way, nor on its way to be.
func (c *Coalescer[T, R]) idle() bool {
	return c.underWay == 0 && len(c.launched) == 0
}

// complete reports whether all are waiting that can be expected, judging by the past.
//
// While the first callers gather each is the most there ever was, so a new peak is believed only after a batch
// with so many has left, nobody else having come. A peak of one says nothing about the next caller. And a peak may
// be out of date: two callers with quick answers, before a crowd came, would split the crowd into twos for ever,
// none of them inside with a third. So it is doubted now and then, ever more rarely. The doubted batch waits as if
// nothing were known, and shows the higher peak if there is one.
func (c *Coalescer[T, R]) complete() bool {
	doubt := c.atPeak == 0 || c.atPeak >= 8 && c.atPeak&(c.atPeak-1) == 0 // 8, 16, 32, ...
	return c.peak >= 2 && c.waiting >= c.peak && !doubt
}

// depart brings everything in line after a change: it ends departures that nobody needs any more, launches the
// batches that are due, and sets the timer for the next.
func (c *Coalescer[T, R]) depart() {
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
func (c *Coalescer[T, R]) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.depart()
}

// due returns when the next batch is due if nothing happens before; the zero time means at once.
// It reports false if nobody waits for another departure.
func (c *Coalescer[T, R]) due() (time.Time, bool) {
	reserved := len(c.launched) * c.config.Max
	if len(c.ready) <= reserved {
		return time.Time{}, false
	}
	if len(c.ready)-reserved >= c.config.Max {
		return time.Time{}, true
	}
	due := c.ready[reserved].joined.Add(maxWait)
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
func (c *Coalescer[T, R]) launch() {
	oldest := c.ready[len(c.launched)*c.config.Max]
	ctx, cancel := context.WithCancel(context.WithoutCancel(oldest.ctx))
	d := &departure[T, R]{ctx: ctx, cancel: cancel}
	c.launched[d] = struct{}{}
	go c.run(d)
}

// gaps remembers the latest quiet times between two callers joining the same batch.
type gaps struct {
	latest [16]time.Duration
	next   int
}

func (g *gaps) add(gap time.Duration) {
	g.latest[g.next] = gap
	g.next = (g.next + 1) % len(g.latest)
}

func (g *gaps) largest() time.Duration {
	return slices.Max(g.latest[:])
}
