// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import "time"

// Why a caller waits.
const (
	windowFull = "window full"
	paused     = "paused"
)

// obstacle is what keeps the next caller from a slot.
type obstacle struct {
	reason  string
	next    time.Duration   // until it may be gone
	last    time.Duration   // until the last of the queue has a slot, at the earliest
	changed <-chan struct{} // closed when it may be gone sooner
}

// obstacle returns what stands in the way of the first of a queue of callers;
// nil = nothing.
func (l *ledger) obstacle(now time.Duration, c Config, queue int) *obstacle {
	open := l.opens(c.Limit, 1)
	if open == 0 && l.PausedUntil == 0 {
		return nil
	}
	// A request in flight may be answered at once, and is then free after a window.
	wait := func(open tenth) time.Duration {
		return max(min(open.sinceEpoch()-now, c.Window), l.PausedUntil.sinceEpoch()-now)
	}
	o := &obstacle{reason: windowFull, next: wait(open)}
	if l.PausedUntil >= open {
		o.reason = paused
	}
	rounds, rest := (queue-1)/c.Limit, (queue-1)%c.Limit
	o.last = wait(l.opens(c.Limit, rest+1)) + time.Duration(rounds)*c.Window
	return o
}
