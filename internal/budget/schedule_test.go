// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stay is one caller's time with a budget, from the start of the schedule.
type stay struct {
	budget        int
	came          time.Duration
	sent, ended   time.Duration // ended = answered or cancelled
	given, answer bool          // it got a slot; it was answered
}

// FuzzSchedule plays schedules of callers, requests, pauses and gaps against
// budgets, and asks afterwards whether a strict server would have complained.
//
// The first byte is the limit, the second the number of budgets: none shares a
// file with itself only in memory. Then each pair of bytes is an event and its
// length.
func FuzzSchedule(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 0, 0, 3, 0, 3, 0, 3, 4, 100, 0, 3})                                    // a burst
	f.Add([]byte{0, 0, 0, 9, 1, 5, 2, 7, 0, 1, 0, 1, 0, 1})                                // answers, impatience, nothing sent
	f.Add([]byte{1, 1, 0, 3, 8, 3, 16, 3, 24, 3, 4, 1, 0, 3, 8, 3})                        // two with one file
	f.Add([]byte{7, 2, 0, 3, 3, 30, 8, 3, 3, 10, 16, 3, 4, 200, 2, 255, 10, 255, 18, 255}) // pauses among three
	f.Add([]byte{0, 3, 0, 255, 9, 1, 17, 250, 25, 3, 2, 3, 4, 99, 3, 7, 0, 0, 8, 0, 16, 0, 24, 0})
	f.Add([]byte{3, 0, 0, 1, 0, 2, 0, 4, 0, 8, 0, 16, 4, 33, 0, 64, 0, 128, 2, 10, 2, 20, 2, 30, 3, 44, 0, 5, 1, 130, 0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = append(data[:min(len(data), 200)], 0, 0)
		limit, budgets := 1+int(data[0]%8), int(data[1]%4)
		path := ""
		if budgets > 0 {
			path = sharedFile(t)
		}
		synctest.Test(t, func(t *testing.T) {
			play(t, data[2:], limit, max(budgets, 1), path)
		})
	})
}

func play(t *testing.T, events []byte, limit, budgets int, path string) {
	const window = 10 * time.Second
	start := time.Now()
	all := make([]*Budget, budgets)
	for i := range all {
		all[i] = New(Config{Limit: limit, Window: window, Hold: time.Minute, File: path})
	}
	var (
		callers sync.WaitGroup
		stays   []*stay
		pauses  []span
	)
	for ; len(events) > 1; events = events[2:] {
		which := int(events[0]>>3) % budgets
		b, length := all[which], time.Duration(events[1])*37*time.Millisecond
		switch kind := events[0] % 8; kind {
		default: // a caller; 1 = with little patience, 2 = that sends nothing
			s := &stay{budget: which, came: time.Since(start)}
			stays = append(stays, s)
			callers.Go(func() {
				ctx := t.Context()
				if kind == 1 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, length)
					defer cancel()
				}
				slot, err := b.Acquire(ctx)
				if err != nil {
					s.ended = time.Since(start)
					return
				}
				s.sent, s.given = time.Since(start), true
				time.Sleep(length)
				s.ended = time.Since(start)
				if s.answer = kind != 2; s.answer {
					slot.Answered()
				} else {
					slot.Cancel()
				}
			})
			synctest.Wait() // so that they come in this order
		case 3:
			refuse(t, b, length)
			now := time.Since(start)
			pauses = append(pauses, span{now, now + length})
		case 4:
			time.Sleep(length)
		}
	}
	callers.Wait()

	var spans []span
	for _, s := range stays {
		switch {
		case s.answer:
			spans = append(spans, span{s.sent, s.ended + window})
		case s.given:
			spans = append(spans, span{s.sent, s.ended})
		}
	}
	if most := mostAtOnce(spans); most > limit {
		t.Errorf("%d requests in a window, the limit is %d", most, limit)
	}
	latest := make([]time.Duration, budgets)
	for _, s := range stays {
		if !s.given {
			continue
		}
		if s.sent < latest[s.budget] {
			t.Errorf("the caller of %v was served at %v, one who came later at %v", s.came, s.sent, latest[s.budget])
		}
		latest[s.budget] = s.sent
		for _, p := range pauses {
			if s.sent > p.from && s.sent < p.to {
				t.Errorf("served at %v, in the pause from %v to %v", s.sent, p.from, p.to)
			}
		}
		if path == "" && s.sent > s.came && len(pauses) == 0 {
			expectReason(t, s.sent-1, limit, window, stays)
		}
	}
}

// expectReason checks that nobody waits for nothing: just before a caller was
// served, all slots were taken. (Once a request was refused, others use them.)
func expectReason(t *testing.T, at time.Duration, limit int, window time.Duration, stays []*stay) {
	t.Helper()
	held := 0
	for _, s := range stays {
		end := s.ended
		if s.answer {
			end = tenths(s.ended + window).sinceEpoch()
		}
		if s.given && s.sent <= at && at < end {
			held++
		}
	}
	if held < limit {
		t.Errorf("somebody waited at %v with %d of %d slots taken", at, held, limit)
	}
}

func TestMostAtOnce(t *testing.T) {
	spans := []span{{0, 10}, {10, 20}, {5, 12}, {9, 10}}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(b.to, a.to) })
	if got := mostAtOnce(spans); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
}
