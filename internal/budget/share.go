// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import "time"

// Others use the same limit: runners on other machines, integrations, a
// colleague's script. Nobody coordinates them, and only the answers tell. A 429
// with room in our own window says that the window is full, and that all in it
// but our own accepted requests is somebody else's. So beside the log of slots
// there is a cap on how many of them may be ours:
//
//  1. Fewer than the cap are ours, those in flight included: send at once. To
//     take back what was ours hurts nobody.
//  2. Alone, and past the first window, the last slots are taken only a while
//     after they came free. This door costs nothing that can be measured, and
//     lets a newcomer in.
//  3. A 429 makes the cap a part of our accepted requests.
//  4. At the cap, one request at a time is a probe: after ten that were
//     accepted, or a long while after the last 429. Who has fewer than ten in
//     the window probes sooner, ever more seldom.
//  5. A probe that is accepted lets the cap grow to what is used, and the next
//     may go, until one is refused or the cap is the limit again.

const (
	cutTo      = 0.6             // of our accepted requests, by a 429
	provenBy   = 10              // accepted requests since the last 429, before a probe
	probeAfter = time.Minute     // without them
	firstRetry = 2 * time.Second // with fewer than that in the window, doubled up to maxRetry
	maxRetry   = 8 * time.Second
	doorAfter  = 25 * time.Second
	doorPart   = 60 // of the limit
	maxDoor    = 2
	spread     = 0.3 // of probeAfter and doorAfter, so that machines do not act in step
)

// share is what is known of others who use the limit, and what follows from it.
type share struct {
	// Refused is the moment of the last 429, 0 while nobody else is seen: then
	// all of the limit is ours, and only Door counts.
	Refused tenth `json:"refused,omitempty"`
	// Cap is how many slots may be ours. Whole ones count.
	Cap float64 `json:"cap,omitempty"`
	// Accepted counts our requests since Refused, Misses the probes that were
	// refused since we last had enough slots, or one probe was accepted.
	Accepted int `json:"accepted,omitempty"`
	Misses   int `json:"misses,omitempty"`
	// Retry is when the next probe may go at the latest.
	Retry tenth `json:"retry,omitempty"`
	// Probe is when a probe is over that is under way, whatever becomes of the
	// process that sent it. 0 = there is none.
	Probe tenth `json:"probe,omitempty"`
	// Climbing is set once a probe was accepted: the next may go at once.
	Climbing bool `json:"climbing,omitempty"`
	// Door is when the last slots may be taken, 0 = they are taken now.
	Door tenth `json:"door,omitempty"`
}

// verdict is what the next request may do.
type verdict int

const (
	waits verdict = iota
	goes
	probes
)

// free is how many slots may be ours without asking further, in a window that
// has been in use for some time.
func (s *share) free(limit int, used time.Duration) int {
	switch {
	case s.Refused != 0:
		return int(s.Cap)
	case used < probeAfter:
		return limit
	}
	return limit - min(limit/doorPart, maxDoor)
}

// decide says what the next request may do where own slots are taken, of limit,
// and free of them may be ours without asking. Where it waits, until is when to
// ask again; something may change it sooner.
func (s *share) decide(now tenth, own, free, limit int, random func() float64) (v verdict, until tenth) {
	if s.Door == 0 {
		s.Door = now + about(doorAfter, random)
	}
	switch {
	case own < free || s.Refused == 0 && now >= s.Door:
		if own+1 >= limit {
			s.Door = 0
		}
		return goes, 0
	case s.Refused == 0:
		return waits, s.Door
	case s.Probe > now:
		return waits, s.Probe
	case s.Climbing || s.Accepted >= provenBy:
		return probes, 0
	}
	until = s.Retry
	if own < provenBy {
		until = min(until, s.Refused+tenths(min(firstRetry<<min(s.Misses, 8), maxRetry)))
	}
	if now >= until {
		return probes, 0
	}
	return waits, until
}

// refused is what a 429 means, with so many of our requests in the window that were accepted.
func (s *share) refused(now tenth, accepted int, probe bool, random func() float64) {
	s.Cap = cutTo * float64(accepted)
	if probe {
		s.Misses++
	}
	if accepted >= provenBy {
		s.Misses = 0
	}
	s.Refused, s.Accepted, s.Climbing = now, 0, false
	s.Retry = now + about(probeAfter, random)
}

// accepted is what any other answer means, with own slots taken, that of the request included.
func (s *share) accepted(own, limit int, probe bool) {
	if s.Refused == 0 {
		return
	}
	s.Accepted++
	if !probe {
		return
	}
	s.Climbing, s.Misses = true, 0
	if s.Cap = max(s.Cap, float64(own)); s.Cap >= float64(limit) {
		*s = share{} // nobody else is there any more
	}
}

// others is how many slots of the limit others are believed to use.
func (s *share) others(limit int) int {
	if s.Refused == 0 {
		return 0
	}
	return max(limit-int(s.Cap), 0)
}

// about is a time that differs from machine to machine.
func about(d time.Duration, random func() float64) tenth {
	return tenths(time.Duration(float64(d) * (1 - spread + 2*spread*random())))
}
