// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"context"
	"time"
)

// Slot is the right to one request. Its owner calls Answered, Refused or Cancel,
// exactly one of them; later calls do nothing. A slot that is forgotten stays
// taken for as long as the process lives.
type Slot struct {
	budget *Budget
	inFile tenth // when it comes free in the file if nothing more is heard of it
	probe  bool
	ended  bool
}

// Another waits for a second slot, for a request that is to follow the first at
// once. It asks for room in the window only, not whether others use the limit.
func (s *Slot) Another(ctx context.Context) (*Slot, error) {
	for {
		slot, o, err := s.budget.try(ctx, true)
		if slot != nil || err != nil {
			return slot, err
		}
		if err := s.budget.wait(ctx, o); err != nil {
			return nil, err
		}
	}
}

// Answered says that the request was answered, or given up on. The slot stays
// taken for one more window: the server may have counted the request only now.
func (s *Slot) Answered() {
	s.end(func(l *ledger, now time.Duration) {
		l.take(now, tenths(now+s.budget.config.Window))
		own, _ := l.held(s.budget.config.Window, now)
		l.Share.accepted(own, s.budget.config.Limit, s.probe)
	})
}

// Refused says that the server refused the request because the limit was used
// up (429), and for how long it wants none (0 = it did not say): nobody gets a
// slot for that time and up to a second, so that not all come back at once. A
// refused request holds no slot. Other processes that share the file are kept
// waiting for five minutes at most.
func (s *Slot) Refused(told time.Duration) {
	if told > 0 {
		told = min(told, maxPause) + time.Duration(s.budget.random()*float64(time.Second))
	}
	longest := maxPause + time.Second
	s.end(func(l *ledger, now time.Duration) {
		_, accepted := l.held(s.budget.config.Window, now)
		l.Share.refused(tenths(now), accepted, s.probe, s.budget.random)
		if told > 0 {
			until := tenths(now + min(told, longest))
			l.pause(until)
			l.Share.Retry = min(l.Share.Retry, until) // the server knows best when there is room
		}
		longest = maxSharedPause // the second ledger is that of all
	})
}

// Cancel says that nothing was sent. The slot is free at once.
func (s *Slot) Cancel() {
	s.end(func(*ledger, time.Duration) {})
}

func (s *Slot) end(then func(l *ledger, now time.Duration)) {
	b := s.budget
	b.lock <- struct{}{}
	defer b.unlock()
	if s.ended {
		return
	}
	s.ended = true
	after := func(l *ledger, now time.Duration, taken tenth) {
		l.remove(taken)
		if s.probe {
			l.Share.Probe = 0
		}
		then(l, now)
	}
	after(&b.memory, b.now(), never)
	// This has no context to obey: it waits for the file for a few seconds at most.
	_ = b.inFile(context.Background(), func(l *ledger, now time.Duration) bool {
		after(l, now, s.inFile)
		return true
	})
	b.announce()
}
