// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinger(t *testing.T) {
	open(t, config{Max: 10, Linger: 250 * ms}, func(s *stage) {
		a := s.join(s.Context(), "a")
		time.Sleep(50 * ms)
		b := s.join(s.Context(), "b")
		s.answeredAt(300*ms, a, b)

		time.Sleep(700 * ms)
		s.answeredAt(1250*ms, s.join(s.Context(), "c"))
		s.sent("300ms [a1 b1]", "1.25s [c1]")
	})
}

func TestLingerStretchesToThreeTimesTheLargestGap(t *testing.T) {
	open(t, config{Max: 10, Linger: 250 * ms}, func(s *stage) {
		s.join(s.Context(), "a")
		time.Sleep(200 * ms)
		s.join(s.Context(), "b")
		time.Sleep(100 * ms)
		s.answeredAt(900*ms, s.join(s.Context(), "c"))
		s.sent("900ms [a1 b1 c1]")
	})
}

func TestGapsAreForgotten(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms}, func(s *stage) {
		s.join(s.Context(), "first-")
		time.Sleep(200 * ms)
		callers := s.joinAll(keys(16)...) // one gap of 200 ms, fifteen of none
		s.answeredAt(800*ms, callers...)

		s.joinAll("a", "b")
		time.Sleep(100 * ms)
		s.answeredAt(800*ms+100*ms+300*ms, s.join(s.Context(), "c"))
	})
}

func TestGapsDoNotCountWhileABatchIsUnderWay(t *testing.T) {
	open(t, config{Max: 2, Linger: 50 * ms, Send: echoAfter(1000 * ms)}, func(s *stage) {
		s.joinAll("a", "b", "c")
		time.Sleep(900 * ms)
		// Were it a gap, it would stretch the linger to 2.7 s.
		s.answeredAt(900*ms+1000*ms, s.join(s.Context(), "d"))
		s.answeredAt(1900*ms+50*ms+1000*ms, s.join(s.Context(), "e"))
	})
}

func TestQuietBeginsWithTheAnswer(t *testing.T) {
	// Those who were answered come back with their next item: the one left over waits for them.
	open(t, config{Max: 3, Linger: 250 * ms, Send: echoAfter(1000 * ms)}, func(s *stage) {
		callers := s.joinAll("a", "b", "c", "d")
		s.answeredAt(1000*ms, callers[:3]...)
		time.Sleep(100 * ms)
		s.join(s.Context(), "e")
		s.answered(callers[3])
		s.sent("0s [a1 b1 c1]", "1.4s [d1 e1]") // the gap of 100 ms makes it 300
	})
}

func TestLingerZeroLeavesAtOnce(t *testing.T) {
	open(t, config{Max: 10, Send: echoAfter(100 * ms)}, func(s *stage) {
		callers := s.joinAll("a", "b", "c")
		s.answeredAt(100*ms, callers[0])
		s.answeredAt(200*ms, callers[1:]...)
		s.sent("0s [a1]", "100ms [b1 c1]")
	})
}

func TestMaxOneSendsEachAloneAtOnce(t *testing.T) {
	for _, most := range []int{1, 0} {
		open(t, config{Max: most, Linger: 250 * ms, Send: echoAfter(100 * ms)}, func(s *stage) {
			callers := s.joinAll("a", "b", "c", "c")
			s.answeredAt(100*ms, callers[:3]...)
			s.answeredAt(200*ms, callers[3])
			s.sent("0s [a1]", "0s [b1]", "0s [c1]", "100ms [c2]")
		})
	}
}

func TestFull(t *testing.T) {
	open(t, config{Max: 3, Linger: 250 * ms, Send: echoAfter(100 * ms)}, func(s *stage) {
		callers := s.joinAll("a", "b", "c", "d", "e", "f", "g")
		s.answeredAt(100*ms, callers[:6]...)
		s.answeredAt(100*ms+250*ms+100*ms, callers[6])
		s.sent("0s [a1 b1 c1]", "0s [d1 e1 f1]", "350ms [g1]")
	})
}

func TestRampUpMakesOneBatch(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms}, func(s *stage) {
		for i, key := range keys(10) {
			time.Sleep([]time.Duration{30 * ms, 130 * ms, 37 * ms}[i%3])
			defer s.answered(s.join(s.Context(), key))
		}
		time.Sleep(time.Minute)
		if got := s.sizes(); !slices.Equal(got, []int{10}) {
			s.Errorf("batches of %v, want one of ten", got)
		}
	})
}

func TestLeavesWhenAsManyWaitAsWereEverInside(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms, Send: echoAfter(50 * ms)}, func(s *stage) {
		s.answeredAt(300*ms, s.joinAll(keys(10)...)...)
		callers := s.joinAll(keys(9)...)
		time.Sleep(200 * ms)
		callers = append(callers, s.join(s.Context(), "last"))
		s.answeredAt(300*ms+200*ms+50*ms, callers...)
		// Fewer than the peak wait for the linger, by now three times the gap of 200 ms.
		s.answeredAt(550*ms+600*ms+50*ms, s.joinAll(keys(9)...)...)
	})
}

func TestPeakThatGrewIsWaitedOnOnce(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms, Send: echoAfter(50 * ms)}, func(s *stage) {
		s.answeredAt(300*ms, s.joinAll("a", "b")...)
		two := s.joinAll("a", "b") // at once: two is the peak
		three := s.joinAll("c")    // a third inside: now it is three
		s.answered(two...)
		three = append(three, s.joinAll("a", "b")...)
		s.answeredAt(350*ms+250*ms+50*ms, three...) // nobody else came, so three it is
		s.answeredAt(700*ms, s.joinAll("a", "b", "c")...)
		s.sent("250ms [a1 b1]", "300ms [a2 b2]", "600ms [c1 a3 b3]", "650ms [a4 b4 c2]")
	})
}

func TestPeakNeedsABatchOfItsSizeToBeBelieved(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms, Send: echoAfter(50 * ms)}, func(s *stage) {
		s.answeredAt(300*ms, s.joinAll("a", "b")...)
		s.joinAll("a", "b")
		s.answeredAt(350*ms+250*ms+50*ms, s.joinAll("c")...) // a third inside, but it left alone
		s.answeredAt(650*ms+250*ms+50*ms, s.joinAll("a", "b", "c")...)
		s.answeredAt(1000*ms, s.joinAll("a", "b", "c")...)
	})
}

func TestPeakNeedsAllOfItToLeaveToBeBelieved(t *testing.T) {
	// Six have come when a hiccup ends the first gathering, and Send takes one of them to begin with.
	size := 1
	open(t, config{Max: 100, Linger: 250 * ms, Send: func(_ context.Context, take takeFn) (results, error) {
		items := take(size)
		size = 100
		time.Sleep(50 * ms)
		return echo(items), nil
	}}, func(s *stage) {
		callers := s.joinAll(keys(6)...)
		s.answeredAt(300*ms, callers[0])
		for _, key := range []string{"g", "h", "i", "j", "k"} { // five are left: with g there would be six again
			callers = append(callers, s.join(s.Context(), key))
			time.Sleep(20 * ms)
		}
		s.answered(callers...)
		if got := s.sizes(); !slices.Equal(got, []int{1, 10}) {
			s.Errorf("batches of %v, want one of one and one of ten", got)
		}
	})
}

func TestPeakOfOneIsNotBelieved(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms}, func(s *stage) {
		s.answeredAt(250*ms, s.join(s.Context(), "a"))
		s.answeredAt(500*ms, s.join(s.Context(), "b"))
		s.answeredAt(750*ms, s.joinAll("a", "b", "c")...)
		s.answeredAt(750*ms, s.joinAll("a", "b", "c")...)
	})
}

func TestPeakIsDoubtedNowAndThen(t *testing.T) {
	// Two workers first, then ten, whose first two always get their answer before the third comes.
	open(t, config{Max: 100, Linger: 250 * ms}, func(s *stage) {
		s.answeredAt(250*ms, s.joinAll("a", "b")...)
		for range 7 {
			s.answeredAt(250*ms, s.joinAll("a", "b")...)
		}
		s.joinAll("a", "b")
		time.Sleep(100 * ms)
		s.answeredAt(250*ms+100*ms+300*ms, s.joinAll(keys(8)...)...)
		for range 7 {
			s.answeredAt(650*ms, s.joinAll(keys(10)...)...)
		}
		s.answeredAt(650*ms+250*ms, s.joinAll(keys(10)...)...)
		for range 7 {
			s.answeredAt(900*ms, s.joinAll(keys(10)...)...)
		}
		s.answeredAt(900*ms+250*ms, s.joinAll(keys(10)...)...)
		for range 15 {
			s.answeredAt(1150*ms, s.joinAll(keys(10)...)...)
		}
	})
}

func TestSecondItemsOfAKeyCountAsWaiting(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms}, func(s *stage) {
		s.answeredAt(250*ms, s.joinAll("a", "b", "c")...)
		s.joinAll("a", "a", "b")
		s.sent("250ms [a1 b1 c1]", "250ms [a2 b2]")
		time.Sleep(time.Second)
		s.sent("250ms [a1 b1 c1]", "250ms [a2 b2]", "500ms [a3]")
	})
}

func TestMaxWait(t *testing.T) {
	open(t, config{Max: 100, Linger: 250 * ms}, func(s *stage) {
		first := s.join(s.Context(), "first")
		for _, key := range keys(20) {
			time.Sleep(200 * ms)
			s.join(s.Context(), key)
		}
		s.answeredAt(3000*ms, first)
		time.Sleep(time.Minute)
	})
}

func TestMaxWaitBoundsTheLinger(t *testing.T) {
	open(t, config{Max: 100, Linger: time.Hour}, func(s *stage) {
		s.answeredAt(3000*ms, s.join(s.Context(), "a"))
	})
}

func TestMaxWaitWhileABatchIsUnderWay(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms, Send: echoAfter(10_000 * ms)}, func(s *stage) {
		s.joinAll("a", "b", "c")
		time.Sleep(11_000 * ms)
		s.sent("0s [a1 b1]", "3s [c1]")
		time.Sleep(time.Minute)
	})
}

// slotAt is a Send that waits for a slot until a moment after the bubble began, and takes what is there then.
func slotAt(s **stage, at time.Duration) sendFn {
	return func(ctx context.Context, take takeFn) (results, error) {
		select {
		case <-time.After(at - (*s).now()):
			return echo(take(1000)), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func TestBatchFillsWhileSendWaits(t *testing.T) {
	var s *stage
	open(t, config{Max: 5, Linger: 250 * ms, Send: slotAt(&s, 2000*ms)}, func(opened *stage) {
		s = opened
		s.joinAll("a", "b")
		time.Sleep(1000 * ms)
		s.joinAll("c", "d")
		time.Sleep(999 * ms)
		s.joinAll("e")
		time.Sleep(1000 * ms)
		s.launched(250 * ms)
		s.sent("2s [a1 b1 c1 d1 e1]")
	})
}

func TestSendsThatWaitReserveAWholeBatchEach(t *testing.T) {
	var s *stage
	open(t, config{Max: 5, Linger: 250 * ms, Send: slotAt(&s, 9000*ms)}, func(opened *stage) {
		s = opened
		s.joinAll("a", "b") // due after the linger, with room for three
		time.Sleep(1000 * ms)
		s.joinAll(keys(3)...)
		time.Sleep(500 * ms)
		s.joinAll("c", "d", "e", "f") // four beyond the first batch: they wait for a fifth
		s.launched(250 * ms)
		time.Sleep(500 * ms)
		s.join(s.Context(), "g")
		s.launched(250*ms, 2000*ms)
		s.join(s.Context(), "h") // alone beyond the second: until it has waited long enough
		time.Sleep(7000 * ms)
		s.launched(250*ms, 2000*ms, 5000*ms)
		if got := s.sizes(); !slices.Equal(got, []int{5, 5, 1}) {
			s.Errorf("batches of %v", got)
		}
		time.Sleep(time.Minute)
	})
}

func TestNotTakenStaysQueued(t *testing.T) {
	first := true
	open(t, config{Max: 5, Linger: 250 * ms, Send: func(_ context.Context, take takeFn) (results, error) {
		n := 1000
		if first {
			n, first = 1, false
		}
		items := take(n)
		time.Sleep(100 * ms)
		return echo(items), nil
	}}, func(s *stage) {
		s.joinAll("a", "b", "c")
		time.Sleep(time.Second)
		s.sent("250ms [a1]", "600ms [b1 c1]")
	})
}

func TestNotTakenWaitsNoLongerThanMaxWait(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms, Send: func(_ context.Context, take takeFn) (results, error) {
		items := take(1)
		time.Sleep(10_000 * ms)
		return echo(items), nil
	}}, func(s *stage) {
		s.answered(s.joinAll("a", "b")...)
		s.sent("0s [a1]", "3s [b1]")
	})
}

func TestTimerIsNotNeededForABatchThatHasLeft(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms}, func(s *stage) {
		s.answeredAt(0, s.joinAll("a", "b")...)
		synctest.Wait()
		if left := s.Leftovers(); left != "" {
			s.Error(left)
		}
	})
}
