// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"context"
	"time"
)

// Slot is the right to one request. Its owner calls Answered or Cancel, exactly
// one of them; later calls do nothing. A slot that is forgotten stays taken for
// as long as the process lives.
type Slot struct {
	budget *Budget
	inFile tenth // when it comes free in the file if nothing more is heard of it
	ended  bool
}

// Answered says that the request was answered, or given up on. The slot stays
// taken for one more window: the server may have counted the request only now.
func (s *Slot) Answered() {
	s.end(func(l *ledger, now time.Duration) { l.add(roundUp(now + s.budget.config.Window)) })
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
	b.memory.remove(never)
	then(&b.memory, b.now())
	// This has no context to obey: it waits for the file for a few seconds at most.
	_ = b.inFile(context.Background(), func(l *ledger, now time.Duration) bool {
		l.remove(s.inFile)
		then(l, now)
		return true
	})
	b.announce()
}
