// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

const (
	ledgerVersion = 2
	// maxSlots keeps the sum of a damaged ledger from overflowing.
	maxSlots = 1_000_000
)

// ledger is who holds what: how many slots come free when, the end of a pause,
// and how much of the limit is ours. A request in flight differs from an answered
// one only in coming free later. There is one in memory, its moments counted from
// the start of the Budget on the monotonic clock, and one in the file, counted
// from 1970 on the wall clock. In JSON it is the whole content of the file.
type ledger struct {
	Version     int     `json:"version"`
	PausedUntil tenth   `json:"paused_until"`
	Since       tenth   `json:"since,omitempty"` // when the first slot of all that follow without a gap was taken
	Taken       []taken `json:"taken,omitempty"` // in order of Until, each once
	Share       share   `json:"share,omitzero"`
}

// taken is a number of slots that come free at the same moment.
type taken struct {
	Until tenth `json:"until"`
	Slots int   `json:"slots"`
}

// parseLedger reads what a ledger was written as, and refuses anything else.
func parseLedger(content []byte) (ledger, error) {
	var l ledger
	if err := json.Unmarshal(content, &l); err != nil {
		return ledger{}, err
	}
	if l.Version != ledgerVersion || l.PausedUntil < 0 || l.PausedUntil > never {
		return ledger{}, errors.New("not a request budget")
	}
	before := tenth(0)
	for _, t := range l.Taken {
		if t.Until <= before || t.Until > never || t.Slots < 1 || t.Slots > maxSlots {
			return ledger{}, errors.New("impossible numbers")
		}
		before = t.Until
	}
	for _, at := range append(l.Share.moments(), &l.Since) {
		if *at < 0 || *at > never {
			return ledger{}, errors.New("impossible moments")
		}
	}
	if s := l.Share; s.Accepted < 0 || s.Misses < 0 || !(s.Cap >= 0 && s.Cap <= maxSlots) {
		return ledger{}, errors.New("an impossible share")
	}
	return l, nil
}

func (s *share) moments() []*tenth { return []*tenth{&s.Refused, &s.Retry, &s.Probe, &s.Door} }

// take takes a slot from now until a moment.
func (l *ledger) take(now time.Duration, until tenth) {
	if len(l.Taken) == 0 {
		l.Since = tenths(now)
	}
	l.add(until)
}

// add takes one slot until a moment. It stops counting at what parseLedger believes.
func (l *ledger) add(until tenth) {
	i, found := l.find(until)
	if !found {
		l.Taken = slices.Insert(l.Taken, i, taken{Until: until})
	}
	l.Taken[i].Slots = min(l.Taken[i].Slots+1, maxSlots)
}

// remove gives back one slot that was taken until a moment. It does nothing
// where there is none: it came free, or the ledger was replaced.
func (l *ledger) remove(until tenth) {
	i, found := l.find(until)
	if !found {
		return
	}
	l.Taken[i].Slots--
	if l.Taken[i].Slots == 0 {
		l.Taken = slices.Delete(l.Taken, i, i+1)
	}
}

func (l *ledger) find(until tenth) (int, bool) {
	return slices.BinarySearchFunc(l.Taken, until, func(t taken, until tenth) int { return int(t.Until - until) })
}

// pause lasts until a moment, or for as long as an earlier one said.
func (l *ledger) pause(until tenth) {
	l.PausedUntil = max(l.PausedUntil, until)
}

// prune forgets what is over.
func (l *ledger) prune(now time.Duration) {
	past := 0
	for past < len(l.Taken) && l.Taken[past].Until.sinceEpoch() <= now {
		past++
	}
	l.Taken = slices.Delete(l.Taken, 0, past)
	if l.PausedUntil.sinceEpoch() <= now {
		l.PausedUntil = 0
	}
	// Who has sent nothing for a window knows nothing of the others any more.
	if len(l.Taken) == 0 && (l.Share.Refused+tenths(probeAfter)).sinceEpoch() <= now {
		l.Share = share{}
	}
}

// clamp brings back what lies behind the horizon, where only a clock that was
// set back can have put it: it ends at end. What has happened cannot lie ahead
// at all. It reports whether there was any.
func (l *ledger) clamp(now, horizon, end tenth) bool {
	clamped := false
	if l.PausedUntil > horizon {
		l.PausedUntil = end
		clamped = true
	}
	for n := len(l.Taken); n > 0 && l.Taken[n-1].Until > horizon; n = len(l.Taken) {
		slots := l.Taken[n-1].Slots
		l.Taken = l.Taken[:n-1]
		l.add(end)
		i, _ := l.find(end)
		l.Taken[i].Slots = min(l.Taken[i].Slots+slots-1, maxSlots)
		clamped = true
	}
	if latest := slices.Max([]tenth{l.Share.Retry, l.Share.Probe, l.Share.Door}); latest > horizon || l.Share.Refused > now+tenths(time.Second) {
		l.Share = share{}
		clamped = true
	}
	if l.Since > now {
		l.Since = now
		clamped = true
	}
	return clamped
}

// held is how many slots are taken, and accepted how many of them by requests
// that were answered.
func (l *ledger) held(window time.Duration, now time.Duration) (held, accepted int) {
	for _, t := range l.Taken {
		held += t.Slots
		if t.Until <= tenths(now+window) {
			accepted += t.Slots
		}
	}
	return held, accepted
}

// opens returns when fewer than limit slots will be taken; 0 = now.
func (l *ledger) opens(limit int) (open tenth) {
	held := 0
	for _, t := range l.Taken {
		held += t.Slots
	}
	for _, t := range l.Taken {
		if held < limit {
			break
		}
		held, open = held-t.Slots, t.Until
	}
	return open
}
