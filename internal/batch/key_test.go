// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"testing"
	"time"
)

func TestOneKeyGoesInOrder(t *testing.T) {
	open(t, config{Max: 10, Send: echoAfter(100 * ms)}, func(s *stage) {
		callers := s.joinAll("a", "a", "a", "b")
		s.answeredAt(100*ms, callers[0])
		s.answeredAt(200*ms, callers[1], callers[3])
		s.answeredAt(300*ms, callers[2])
		s.sent("0s [a1]", "100ms [a2 b1]", "200ms [a3]")
	})
}

func TestOneKeyTwiceInAFullBatch(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms, Send: echoAfter(100 * ms)}, func(s *stage) {
		s.joinAll("a", "a", "b") // the second a is not what fills the batch
		time.Sleep(time.Second)
		s.sent("0s [a1 b1]", "350ms [a2]")
	})
}

func TestOtherKeysOvertake(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms, Send: echoAfter(1000 * ms)}, func(s *stage) {
		s.joinAll("a", "b")
		time.Sleep(100 * ms)
		s.joinAll("a", "c", "b", "d")
		s.sent("0s [a1 b1]", "100ms [c1 d1]")
		time.Sleep(5 * time.Second)
		s.sent("0s [a1 b1]", "100ms [c1 d1]", "1s [a2 b2]")
	})
}

func TestOldestLeavesFirstThoughItsKeyWasUnderWay(t *testing.T) {
	open(t, config{Max: 3, Linger: 250 * ms, Send: echoAfter(1000 * ms)}, func(s *stage) {
		s.joinAll("a", "b", "c")
		s.joinAll("a", "d", "e")
		s.sent("0s [a1 b1 c1]")
		time.Sleep(1100 * ms)
		s.sent("0s [a1 b1 c1]", "1s [a2 d1 e1]")
		time.Sleep(5 * time.Second)
	})
}

func TestLongestWaitCountsFromJoining(t *testing.T) {
	open(t, config{Max: 10, Linger: 250 * ms, Send: echoAfter(1000 * ms)}, func(s *stage) {
		s.joinAll("a", "a", "a", "a", "a")
		time.Sleep(10 * time.Second)
		// Each waits for the one before and for quiet, until it has waited three seconds in all.
		s.sent("250ms [a1]", "1.5s [a2]", "2.75s [a3]", "3.75s [a4]", "4.75s [a5]")
	})
}
