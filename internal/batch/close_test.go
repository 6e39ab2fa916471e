// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

func TestCloseWhenNobodyIsInside(t *testing.T) {
	open(t, config{Max: 1}, func(s *stage) {
		ended, cancel := context.WithCancel(s.Context())
		cancel()
		for range 2 { // nothing to wait for, even with a context that has ended
			if err := s.Close(ended); err != nil {
				s.Error(err)
			}
		}
		if err := s.join(s.Context(), "a").failed(); err != batch.ErrStopped {
			s.Error(err)
		}
		s.launched()
	})
}

func TestCloseWaitsForBatchesUnderWay(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms, Send: echoAfter(1000 * ms)}, func(s *stage) {
		under := s.joinAll("a", "b")
		queued := s.joinAll("a", "c", "a")
		time.Sleep(100 * ms)
		for range 2 { // may be called again, also at once
			go func() { _ = s.Close(s.Context()) }()
		}
		if err := s.Close(s.Context()); err != nil {
			s.Error(err)
		}
		if s.now() != 1000*ms {
			s.Errorf("waited until %v", s.now())
		}
		s.answeredAt(1000*ms, under...)
		for _, c := range queued {
			if err := c.failed(); err != batch.ErrStopped || c.at != 100*ms {
				s.Error(c.at, err)
			}
		}
		s.sent("0s [a1 b1]")
	})
}

func TestCloseEndsSendsThatStillWait(t *testing.T) {
	var s *stage
	open(t, config{Max: 2, Linger: 250 * ms, Send: slotAt(&s, time.Hour)}, func(opened *stage) {
		s = opened
		callers := s.joinAll("a", "b", "c")
		time.Sleep(100 * ms)
		if err := s.Close(s.Context()); err != nil {
			s.Error(err)
		}
		for _, c := range callers {
			if err := c.failed(); err != batch.ErrStopped {
				s.Error(err)
			}
		}
		if s.now() != 100*ms {
			s.Errorf("waited until %v", s.now())
		}
	})
}

func TestCloseIsBoundedByItsContext(t *testing.T) {
	open(t, config{Max: 1, Send: echoAfter(1000 * ms)}, func(s *stage) {
		a := s.join(s.Context(), "a")
		ctx, cancel := context.WithTimeout(s.Context(), 300*ms)
		defer cancel()
		if err := s.Close(ctx); err != context.DeadlineExceeded || s.now() != 300*ms {
			s.Error(s.now(), err)
		}
		s.answeredAt(1000*ms, a)
		synctest.Wait()
		if err := s.Close(ctx); err != nil {
			s.Error(err)
		}
	})
}

func TestGivingUpAfterClose(t *testing.T) {
	// The answer is there; that the context has ended as well changes nothing for the coalescer.
	open(t, config{Max: 2, Linger: 250 * ms}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		a := s.join(ctx, "a")
		go cancel()
		_ = s.Close(s.Context())
		if err := a.failed(); err != batch.ErrStopped && err != context.Canceled {
			s.Error(err)
		}
	})
}
