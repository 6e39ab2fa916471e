// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

var errGaveUp = errors.New("gave up")

func TestEndedOnEntryNeverJoins(t *testing.T) {
	open(t, config{Max: 1}, func(s *stage) {
		ctx, cancel := context.WithCancelCause(s.Context())
		cancel(errGaveUp)
		if err := s.join(ctx, "a").failed(); err != errGaveUp {
			s.Error(err)
		}
		s.launched()
	})
}

func TestGivingUpBeforeDeparture(t *testing.T) {
	open(t, config{Max: 10, Linger: 250 * ms}, func(s *stage) {
		ctx, cancel := context.WithCancelCause(s.Context())
		a, b, c := s.join(s.Context(), "a"), s.join(ctx, "b"), s.join(s.Context(), "c")
		time.Sleep(100 * ms)
		cancel(errGaveUp)
		if err := b.failed(); err != errGaveUp {
			s.Error(err)
		}
		if b.at != 100*ms {
			s.Errorf("gave up at %v", b.at)
		}
		s.answeredAt(250*ms, a, c)
		s.sent("250ms [a1 c1]")
	})
}

func TestGivingUpLeavesThePlaceToTheNextOfTheKey(t *testing.T) {
	open(t, config{Max: 10, Linger: 250 * ms}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		first, second, third := s.join(ctx, "a"), s.join(s.Context(), "a"), s.join(ctx, "a")
		b := s.join(s.Context(), "b")
		cancel()
		for _, gone := range []*caller{first, third} {
			if err := gone.failed(); err != context.Canceled {
				s.Error(err)
			}
		}
		s.answeredAt(250*ms, second, b)
		s.sent("250ms [a2 b1]")
	})
}

func TestGivingUpMayMakeABatchFull(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		s.join(ctx, "a")
		s.joinAll("a")
		time.Sleep(100 * ms)
		cancel()
		synctest.Wait()
		s.answeredAt(100*ms, s.join(s.Context(), "b"))
		s.sent("100ms [a2 b1]")
	})
}

func TestGivingUpMovesTheLongestWait(t *testing.T) {
	open(t, config{Max: 10, Linger: time.Hour}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		s.join(ctx, "a")
		time.Sleep(1000 * ms)
		b := s.join(s.Context(), "b")
		time.Sleep(1000 * ms)
		cancel()
		s.answeredAt(4000*ms, b)
	})
}

func TestGivingUpInTheQueueStopsTheTimer(t *testing.T) {
	open(t, config{Max: 10, Linger: 250 * ms}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		a := s.join(ctx, "a")
		cancel()
		_ = a.failed()
		s.launched()
	})
}

func TestTakePassesOverThoseWhoJustGaveUp(t *testing.T) {
	var cancel context.CancelCauseFunc
	open(t, config{Max: 2, Linger: 250 * ms, Send: func(_ context.Context, take takeFn) (results, error) {
		cancel(errGaveUp) // the caller's goroutine has had no time to notice
		return echo(take(2)), nil
	}}, func(s *stage) {
		var ctx context.Context
		ctx, cancel = context.WithCancelCause(s.Context())
		a := s.join(ctx, "a")
		b := s.join(s.Context(), "a")
		s.answered(s.join(s.Context(), "c"), b)
		if err := a.failed(); err != errGaveUp {
			s.Error(err)
		}
		s.sent("0s [a2 c1]")
	})
}

func TestGivingUpAfterDepartureWaitsForTheAnswer(t *testing.T) {
	var sending context.Context
	open(t, config{Max: 2, Grace: 1000 * ms, Linger: 250 * ms, Send: func(ctx context.Context, take takeFn) (results, error) {
		sending = ctx
		return echoAfter(1000*ms)(ctx, take)
	}}, func(s *stage) {
		ctx, cancel := context.WithCancel(s.Context())
		a, b := s.join(ctx, "a"), s.join(s.Context(), "b")
		time.Sleep(1 * ms)
		cancel()
		synctest.Wait()
		if sending.Err() != nil {
			s.Error("b has not given up")
		}
		s.answeredAt(1000*ms, a, b)
	})
}

func TestGraceEnds(t *testing.T) {
	open(t, config{Max: 2, Grace: 1000 * ms, Send: echoAfter(5000 * ms)}, func(s *stage) {
		ctx, cancel := context.WithCancelCause(s.Context())
		a := s.join(ctx, "a")
		time.Sleep(1000 * ms)
		cancel(errGaveUp)
		err := a.failed()
		if !errors.Is(err, batch.ErrOutcomeUnknown) || !errors.Is(err, errGaveUp) {
			s.Error(err)
		}
		if a.at != 2000*ms {
			s.Errorf("waited until %v", a.at)
		}
		// The key stays under way until Send returns.
		s.answeredAt(10_000*ms, s.join(s.Context(), "a"))
		s.sent("0s [a1]", "5s [a2]")
	})
}

func TestNoGrace(t *testing.T) {
	open(t, config{Max: 1, Send: echoAfter(5000 * ms)}, func(s *stage) {
		ctx, cancel := context.WithTimeout(s.Context(), 1000*ms)
		defer cancel()
		a := s.join(ctx, "a")
		if err := a.failed(); !errors.Is(err, batch.ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			s.Error(err)
		}
		if a.at != 1000*ms {
			s.Errorf("waited until %v", a.at)
		}
		time.Sleep(time.Minute)
	})
}

func TestAnswerAtTheEndOfGrace(t *testing.T) {
	// Which of the two comes first is open. That the caller gets one of them is not.
	open(t, config{Max: 1, Grace: 1000 * ms, Send: echoAfter(1500 * ms)}, func(s *stage) {
		for range 20 {
			start := s.now()
			ctx, cancel := context.WithCancel(s.Context())
			a := s.join(ctx, "a")
			time.Sleep(500 * ms)
			cancel()
			<-a.done
			if a.at != start+1500*ms || a.err == nil && a.value != a.item.String() ||
				a.err != nil && !errors.Is(a.err, batch.ErrOutcomeUnknown) {
				s.Errorf("after %v %v got %q, %v", a.at-start, a.item, a.value, a.err)
			}
			synctest.Wait()
		}
	})
}

func TestSendEndsWhenAllHaveGivenUpBeforeTake(t *testing.T) {
	var ended time.Duration
	var s *stage
	open(t, config{Max: 2, Linger: 250 * ms, Send: func(ctx context.Context, take takeFn) (results, error) {
		select {
		case <-time.After(time.Second):
			return echo(take(2)), nil
		case <-ctx.Done():
		}
		ended = s.now()
		time.Sleep(time.Second)
		if items := take(2); items != nil {
			s.Errorf("took %v after its end", items)
		}
		return nil, ctx.Err()
	}}, func(opened *stage) {
		s = opened
		ctx, cancel := context.WithCancel(s.Context())
		a, b := s.join(ctx, "a"), s.join(ctx, "b")
		s.launched(0)
		time.Sleep(500 * ms)
		cancel()
		_, _ = a.failed(), b.failed()
		synctest.Wait()
		if ended != 500*ms {
			s.Errorf("ended at %v", ended)
		}
		// Its error is nothing to those who come now.
		s.answeredAt(500*ms+250*ms+1000*ms, s.join(s.Context(), "a"))
	})
}

func TestSendEndsWhenAnotherTookAll(t *testing.T) {
	var s *stage
	var ended time.Duration
	sends := 0
	open(t, config{Max: 2, Linger: 250 * ms, Send: func(ctx context.Context, take takeFn) (results, error) {
		sends++
		select {
		case <-time.After(time.Duration(sends) * time.Second):
			return echoAfter(5000*ms)(ctx, take)
		case <-ctx.Done():
			ended = s.now()
			return nil, ctx.Err()
		}
	}}, func(opened *stage) {
		s = opened
		ctx, cancel := context.WithCancel(s.Context())
		a, b := s.join(s.Context(), "a"), s.join(s.Context(), "b")
		s.join(ctx, "c")
		s.join(ctx, "d")
		s.launched(0, 0)
		cancel()
		s.answeredAt(6000*ms, a, b)
		if ended != 1000*ms {
			s.Errorf("ended at %v", ended)
		}
	})
}

func TestSendEndsWhenAllHaveGivenUpAfterTake(t *testing.T) {
	var s *stage
	var ended time.Duration
	open(t, config{Max: 2, Linger: 250 * ms, Grace: time.Minute, Send: func(ctx context.Context, take takeFn) (results, error) {
		items := take(2)
		<-ctx.Done()
		ended = s.now()
		time.Sleep(time.Second)
		return echo(items), nil
	}}, func(opened *stage) {
		s = opened
		early, cancelEarly := context.WithCancel(s.Context())
		late, cancelLate := context.WithCancel(s.Context())
		a, b := s.join(early, "a"), s.join(late, "b")
		time.Sleep(100 * ms)
		cancelEarly()
		time.Sleep(100 * ms)
		cancelLate()
		s.answeredAt(1200*ms, a, b)
		if ended != 200*ms {
			s.Errorf("ended at %v", ended)
		}
	})
}

type name struct{}

func TestSendSeesTheValuesOfTheOldestCallerAndNotItsEnd(t *testing.T) {
	var seen []context.Context
	open(t, config{Max: 2, Linger: 250 * ms, Send: func(ctx context.Context, take takeFn) (results, error) {
		seen = append(seen, ctx)
		time.Sleep(100 * ms)
		return echo(take(2)), nil
	}}, func(s *stage) {
		var callers []*caller
		for _, key := range []string{"a", "b", "c", "d"} {
			ctx, cancel := context.WithTimeout(context.WithValue(s.Context(), name{}, key), time.Hour)
			defer cancel()
			callers = append(callers, s.join(ctx, key))
		}
		s.answered(callers...)
		synctest.Wait()
		for i, want := range []string{"a", "c"} {
			if got := seen[i].Value(name{}); got != want {
				s.Errorf("saw the values of %v, want %v", got, want)
			}
			if _, limited := seen[i].Deadline(); limited {
				s.Error("there is a deadline")
			}
			if seen[i].Err() == nil {
				s.Error("it did not end with Send")
			}
		}
	})
}
