// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// span is how long a strict server may think of a request: from its sending
// until a window after its answer.
type span struct{ from, to time.Duration }

// mostAtOnce returns the largest number of spans that share a moment. No more
// than a limit of them means that no window can hold more than that, whenever
// between sending and answer the server counts.
func mostAtOnce(spans []span) int {
	type event struct {
		at   time.Duration
		step int
	}
	var events []event
	for _, s := range spans {
		events = append(events, event{s.from, 1}, event{s.to, -1})
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), a.step-b.step) })
	most, now := 0, 0
	for _, e := range events {
		now += e.step
		most = max(most, now)
	}
	return most
}

// line is what was logged.
type line struct {
	message string
	fields  map[string]any
}

type journal struct {
	mu    sync.Mutex
	lines []line
}

func (j *journal) log(_ context.Context, message string, fields map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line{message, fields})
}

func (j *journal) logged() []line {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func acquire(t *testing.T, b *Budget) *Slot {
	t.Helper()
	slot, err := b.Acquire(t.Context())
	if err != nil {
		t.Fatalf("Acquire: %v", err)
	}
	return slot
}

// refuse is a request that was answered 429, with the time that the server named.
// Nothing is left to chance.
func refuse(t *testing.T, b *Budget, told time.Duration) {
	t.Helper()
	b.random = func() float64 { return 0 }
	b.Overdraw(t.Context()).Refused(told)
}

// expectAt checks how much time has passed in the bubble.
func expectAt(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(start); got != want {
		t.Errorf("after %v, want %v", got, want)
	}
}

func TestWindowIsSpentInABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 120}), time.Now()
		for range 120 {
			acquire(t, b).Answered()
		}
		expectAt(t, start, 0)
		acquire(t, b)
		expectAt(t, start, time.Minute)
	})
}

func TestWindowSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 3}), time.Now()
		for range 3 {
			acquire(t, b).Answered()
			time.Sleep(10 * time.Second)
		}
		for i := range 3 {
			acquire(t, b).Answered()
			expectAt(t, start, time.Minute+time.Duration(i)*10*time.Second)
		}
	})
}

func TestSlotIsHeldForAWindowAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 1}), time.Now()
		slot := acquire(t, b)
		time.Sleep(7*time.Second + 210*time.Millisecond)
		slot.Answered()
		acquire(t, b)
		expectAt(t, start, time.Minute+7*time.Second+300*time.Millisecond) // rounded up, never down
	})
}

func TestRequestInFlightCountsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 1, Hold: time.Second}), time.Now()
		slot := acquire(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := b.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the end of the context", err)
		}
		expectAt(t, start, time.Hour)
		slot.Answered()
		acquire(t, b)
		expectAt(t, start, time.Hour+time.Minute)
	})
}

func TestCallersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{Limit: 1})
		var served []int
		acquire(t, b).Answered()
		for i := range 20 {
			go func() {
				slot := acquire(t, b)
				served = append(served, i) // one slot, so one at a time
				slot.Answered()
			}()
			synctest.Wait()
		}
		time.Sleep(21 * time.Minute)
		synctest.Wait()
		if !slices.IsSorted(served) || len(served) != 20 {
			t.Errorf("served in the order %v", served)
		}
	})
}

func TestCallerThatGivesUpIsOutOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 1}), time.Now()
		acquire(t, b).Answered()
		for _, patience := range []time.Duration{20 * time.Second, 10 * time.Second} { // the first in the queue, and one behind
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			go func() {
				if _, err := b.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want the end of the context", err)
				}
				expectAt(t, start, patience)
			}()
			synctest.Wait()
		}
		acquire(t, b)
		expectAt(t, start, time.Minute)
	})
}

func TestEndedContextGetsNoSlot(t *testing.T) {
	b := New(Config{Limit: 1000})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 1000 { // select takes either way
		if _, err := b.Acquire(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the end of the context", err)
		}
	}
}

func TestCancelledSlotIsFreeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 1}), time.Now()
		slot := acquire(t, b)
		time.AfterFunc(5*time.Second, slot.Cancel)
		acquire(t, b)
		expectAt(t, start, 5*time.Second)
	})
}

func TestSlotEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 2}), time.Now()
		answered, cancelled := acquire(t, b), acquire(t, b)
		answered.Answered()
		answered.Cancel()
		answered.Answered()
		cancelled.Cancel()
		cancelled.Answered()
		cancelled.Cancel()
		acquire(t, b)
		expectAt(t, start, 0)
		acquire(t, b)
		expectAt(t, start, time.Minute)
	})
}

func TestTimeThatTheServerNames(t *testing.T) {
	second := time.Second
	tests := map[string]struct {
		pauses map[time.Duration]time.Duration // when, how long
		want   time.Duration
	}{
		"keeps everybody waiting": {map[time.Duration]time.Duration{0: 30 * second}, 30 * second},
		"is not shortened":        {map[time.Duration]time.Duration{0: 30 * second, second: second}, 30 * second},
		"is made longer":          {map[time.Duration]time.Duration{0: 30 * second, second: 60 * second}, 61 * second},
		"of nothing is none":      {map[time.Duration]time.Duration{0: 0}, firstRetry}, // the first probe
		"before now is none":      {map[time.Duration]time.Duration{0: -second}, firstRetry},
		"of nonsense ends":        {map[time.Duration]time.Duration{0: 1<<63 - 1}, 24 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, start := New(Config{Limit: 5}), time.Now()
				for _, at := range slices.Sorted(maps.Keys(test.pauses)) {
					pause := func() { refuse(t, b, test.pauses[at]) }
					if at == 0 {
						pause()
					} else {
						time.AfterFunc(at, pause)
					}
				}
				acquire(t, b)
				expectAt(t, start, test.want)
			})
		})
	}
}

func TestLongWaitIsLoggedOnce(t *testing.T) {
	tests := map[string]struct {
		limit              int
		answered, inFlight int
		answer             time.Duration // before the callers come
		told               time.Duration // by a 429; -1 = it names no time
		want               map[string]any
	}{
		"window full":          {limit: 2, answered: 2, answer: 20 * time.Second, want: map[string]any{"reason": windowFull, "taken_by_others": 0}},
		"all in flight":        {limit: 2, inFlight: 2, want: map[string]any{"reason": windowFull, "taken_by_others": 0}},
		"told to wait":         {limit: 2, told: 30 * time.Second, want: map[string]any{"reason": paused, "taken_by_others": 2}},
		"told while full":      {limit: 2, answered: 2, told: 30 * time.Second, want: map[string]any{"reason": windowFull, "taken_by_others": 1}},
		"told until it is not": {limit: 2, answered: 2, told: time.Minute, want: map[string]any{"reason": paused, "taken_by_others": 1}},
		"others use it":        {limit: 20, answered: 12, told: -1, want: map[string]any{"reason": shared, "taken_by_others": 13}},
		"a short wait":         {limit: 2, answered: 2, answer: 56 * time.Second},
		"a short time to wait": {limit: 2, told: 4 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j journal
				b := New(Config{Limit: test.limit, Log: j.log})
				for range test.answered {
					acquire(t, b).Answered()
				}
				var slots []*Slot
				for range test.inFlight {
					slots = append(slots, acquire(t, b))
				}
				time.Sleep(test.answer)
				if test.told != 0 {
					refuse(t, b, test.told)
				}
				ctx, cancel := context.WithTimeout(t.Context(), longWait+time.Second)
				defer cancel()
				for range 2 {
					go func() {
						if slot, err := b.Acquire(ctx); err == nil {
							slot.Answered()
						}
					}()
					synctest.Wait()
				}
				<-ctx.Done()
				synctest.Wait()
				for _, slot := range slots {
					slot.Cancel()
				}
				if test.want != nil {
					test.want["seconds"], test.want["queue"] = 5, int64(2)
				}
				switch got := j.logged(); {
				case test.want == nil && len(got) == 0:
				case test.want != nil && len(got) == 1 && maps.Equal(got[0].fields, test.want):
				default:
					t.Errorf("logged %v, want %v", got, test.want)
				}
			})
		})
	}
}

// What happens while a caller waits does not put off that it is told.
func TestLongWaitIsLoggedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		b := New(Config{Limit: 2, Log: j.log})
		first := acquire(t, b)
		acquire(t, b)
		go func() { acquire(t, b).Cancel() }()
		time.Sleep(3 * time.Second)
		first.Answered()
		time.Sleep(longWait - 3*time.Second + time.Second)
		if lines := j.logged(); len(lines) != 1 || lines[0].fields["seconds"] != 5 {
			t.Errorf("logged %v, want a wait of 5 seconds", lines)
		}
		time.Sleep(2 * time.Minute)
	})
}

// A queue behind slots that come free one by one moves all the time, and yet
// its end waits long: a line in each window tells of it.
func TestLongQueueIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		b := New(Config{Limit: 60, Log: j.log})
		for range 60 {
			acquire(t, b).Answered()
			time.Sleep(time.Second)
		}
		for range 150 {
			go func() { acquire(t, b).Answered() }()
			synctest.Wait()
		}
		time.Sleep(10 * time.Minute)
		var queues []int64
		for _, l := range j.logged() {
			queues = append(queues, l.fields["queue"].(int64))
		}
		if len(queues) != 3 || !slices.IsSortedFunc(queues, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("logged queues of %v, want three, each shorter than the one before", queues)
		}
	})
}

// A limit of nothing would let nobody through for ever.
func TestLimitIsAtLeastOne(t *testing.T) {
	for limit, want := range map[int]int{-3: 1, 0: 1, 1: 1, 7: 7} {
		synctest.Test(t, func(t *testing.T) {
			b, start := New(Config{Limit: limit}), time.Now()
			if b.Limit() != want {
				t.Errorf("of %d it makes %d", limit, b.Limit())
			}
			for range want {
				acquire(t, b).Answered()
			}
			expectAt(t, start, 0)
			acquire(t, b)
			expectAt(t, start, time.Minute)
		})
	}
}

// What a user is told of a wait: since when, how many stood in it at once, and
// whether others are to blame. The next one begins anew.
func TestQueueIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 20
		b := New(Config{Limit: limit})
		if q := b.Queue(); q != (Queue{}) {
			t.Errorf("before anybody waited: %+v", q)
		}
		for range limit {
			acquire(t, b).Answered()
		}
		if q := b.Queue(); q != (Queue{}) {
			t.Errorf("before anybody waited: %+v", q)
		}
		queue := func(callers int) (began time.Time) {
			time.Sleep(10 * time.Second)
			began = time.Now()
			for range callers {
				go func() { acquire(t, b).Answered() }()
				synctest.Wait()
			}
			time.Sleep(10 * time.Second)
			if q := b.Queue(); !q.Begin.Equal(began) || !q.End.IsZero() || q.Length != callers {
				t.Errorf("while %d wait since %s: %+v", callers, began, q)
			}
			return began
		}
		expect := func(want Queue) {
			t.Helper()
			synctest.Wait()
			if q := b.Queue(); !q.Begin.Equal(want.Begin) || !q.End.Equal(want.End) || q.Length != want.Length || q.Others != want.Others {
				t.Errorf("afterwards %+v, want %+v", q, want)
			}
		}
		began := queue(limit + 3) // three of them stand there for another window
		time.Sleep(40 * time.Second)
		expect(Queue{Begin: began, Length: limit + 3})
		time.Sleep(time.Minute)
		expect(Queue{Begin: began, End: began.Add(50*time.Second + time.Minute), Length: limit + 3})

		// Alone, and at most a part of the limit is ours by now.
		time.Sleep(2 * time.Minute)
		for range 12 {
			acquire(t, b).Answered()
		}
		refuse(t, b, 0)
		began = queue(1)
		time.Sleep(time.Minute)
		expect(Queue{Begin: began, End: began.Add(32 * time.Second), Length: 1, Others: 13})
	})
}

// A second slot is for the window alone: who has the first has asked whether
// others use the limit.
func TestAnotherSlot(t *testing.T) {
	for name, test := range map[string]struct {
		answered int // before the first
		told     time.Duration
		want     time.Duration
	}{
		"where there is room":              {answered: 18, told: -1},
		"where the window is full":         {answered: 19, told: -1, want: 40 * time.Second},
		"where others use the limit":       {answered: 12},
		"where the server names a time":    {answered: 12, told: 30 * time.Second, want: 30 * time.Second},
		"where it does in a window of two": {answered: 19, told: 50 * time.Second, want: 50 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := New(Config{Limit: 20})
				for range test.answered {
					acquire(t, b).Answered()
				}
				time.Sleep(20 * time.Second)
				first := acquire(t, b)
				if test.told >= 0 {
					refuse(t, b, test.told)
				}
				start := time.Now()
				second, err := first.Another(t.Context())
				if err != nil || second.probe {
					t.Fatalf("got %+v, %v", second, err)
				}
				expectAt(t, start, test.want)
				if held, _ := b.memory.held(time.Minute, b.now()); test.want == 0 && held != test.answered+2 {
					t.Errorf("%d slots are taken, want %d", held, test.answered+2)
				}
			})
		})
	}
}

func TestAnotherSlotIsNotWaitedForAnyLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 1}), time.Now()
		first := acquire(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		if slot, err := first.Another(ctx); slot != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v", slot, err)
		}
		expectAt(t, start, 7*time.Second)
		first.Cancel()
		acquire(t, b) // nothing is left of it
		expectAt(t, start, 7*time.Second)
	})
}
