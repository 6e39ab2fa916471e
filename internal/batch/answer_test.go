// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

var errSend = errors.New("send failed")

// answers is a Send that takes all and returns the same each time.
func answers(results results, err error) sendFn {
	return func(_ context.Context, take takeFn) (map[string]result, error) {
		take(1000)
		return results, err
	}
}

func TestEachGetsItsOwnOutcome(t *testing.T) {
	open(t, config{Max: 2, Linger: 250 * ms, Send: answers(results{
		"a": {Value: "a1"}, "b": {Err: errSend}, "stranger": {Value: "x"},
	}, nil)}, func(s *stage) {
		callers := s.joinAll("a", "b")
		s.answered(callers[0])
		if err := callers[1].failed(); err != errSend {
			s.Error(err)
		}
	})
}

func TestMissingOutcome(t *testing.T) {
	for _, test := range []struct{ err, want error }{{nil, batch.ErrNoAnswer}, {errSend, errSend}} {
		open(t, config{Max: 2, Send: answers(results{"a": {Value: "a1"}}, test.err), Linger: 250 * ms}, func(s *stage) {
			callers := s.joinAll("a", "b")
			s.answered(callers[0])
			if err := callers[1].failed(); err != test.want {
				s.Error(err)
			}
		})
	}
}

func TestReturningWithoutTake(t *testing.T) {
	for _, test := range []struct{ err, want error }{{nil, batch.ErrNoAnswer}, {errSend, errSend}} {
		first := true
		open(t, config{Max: 2, Linger: 250 * ms, Send: func(ctx context.Context, take takeFn) (results, error) {
			if first {
				first = false
				time.Sleep(1000 * ms)
				return results{"a": {Value: "not taken"}}, test.err
			}
			return echo(take(2)), nil
		}}, func(s *stage) {
			a := s.join(s.Context(), "a")
			time.Sleep(500 * ms)
			b, c := s.join(s.Context(), "b"), s.join(s.Context(), "c") // b fills the batch, c goes with the next
			for _, failed := range []*caller{a, b} {
				if err := failed.failed(); err != test.want || failed.at != 1250*ms {
					s.Error(failed.at, err)
				}
			}
			s.answeredAt(1500*ms, c)
		})
	}
}

func TestSecondTakeReturnsNothing(t *testing.T) {
	var kept takeFn
	open(t, config{Max: 2, Send: func(_ context.Context, take takeFn) (results, error) {
		kept = take
		items := take(1)
		time.Sleep(100 * ms)
		if again := take(1); again != nil {
			t.Errorf("took %v again", again)
		}
		return echo(items), nil
	}}, func(s *stage) {
		callers := s.joinAll("a", "b")
		s.answeredAt(100*ms, callers[0])
		s.answeredAt(200*ms, callers[1])
		c := s.join(s.Context(), "c")
		if again := kept(1); again != nil {
			t.Errorf("took %v after Send", again)
		}
		s.answered(c)
	})
}

func TestTakingNobodyLeavesThemQueued(t *testing.T) {
	first := true
	open(t, config{Max: 2, Linger: 250 * ms, Send: func(_ context.Context, take takeFn) (results, error) {
		if first {
			first = false
			if items := take(-1); len(items) > 0 {
				t.Errorf("took %v", items)
			}
			return nil, errSend // concerns nobody
		}
		return echo(take(2)), nil
	}}, func(s *stage) {
		s.answered(s.join(s.Context(), "a"))
		s.sent("250ms [a1]")
	})
}

func TestPanicReachesEveryWaiter(t *testing.T) {
	for _, test := range []struct {
		name string
		take bool
	}{{"before take", false}, {"after take", true}} {
		t.Run(test.name, func(t *testing.T) {
			first := true
			open(t, config{Max: 2, Linger: 250 * ms, Send: func(_ context.Context, take takeFn) (results, error) {
				if first {
					first = false
					if test.take {
						take(2)
					}
					panic(errSend)
				}
				return echo(take(2)), nil
			}}, func(s *stage) {
				for _, c := range s.joinAll("a", "b") {
					if err := c.failed(); err.Error() != "panic in a batch: send failed" {
						s.Error(err)
					}
				}
				s.answered(s.joinAll("a", "b")...)
			})
		})
	}
}

// An answer leaves when it is known, and its key is free: who stands beside a slow one does not wait for it.
func TestAnswersLeaveOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		early := func() bool { return time.Since(began) < 10*time.Second }
		c := batch.New(batch.Config[string, string]{
			Max: 2, Linger: 250 * ms, Key: func(s string) any { return s },
			Send: func(_ context.Context, take func(int) []*batch.Item[string, string]) error {
				items := take(2)
				for _, i := range items {
					if i.Value == "quick" {
						i.Answer("at once", nil)
						i.Answer("twice", errSend) // counts for nothing
					}
				}
				if len(items) == 2 {
					time.Sleep(10 * time.Second)
				}
				return errSend // concerns only who has no answer
			},
		})
		var wait sync.WaitGroup
		wait.Go(func() {
			if answer, err := c.Do(t.Context(), "slow"); err != errSend || early() {
				t.Errorf("the slow one got %q, %v after %s", answer, err, time.Since(began))
			}
		})
		wait.Go(func() {
			for range 2 {
				if answer, err := c.Do(t.Context(), "quick"); answer != "at once" || err != nil || !early() {
					t.Errorf("the quick one got %q, %v after %s", answer, err, time.Since(began))
				}
			}
		})
		wait.Wait()
	})
}

// Who is answered needs Send no more: it ends when the others have given up, before or after.
func TestSendEndsWhenTheOthersAreAnswered(t *testing.T) {
	for _, answered := range []time.Duration{0, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			ended := max(answered, time.Second)
			c := batch.New(batch.Config[string, string]{
				Max: 2, Linger: 250 * ms, Grace: time.Hour,
				Send: func(ctx context.Context, take func(int) []*batch.Item[string, string]) error {
					items := take(2)
					time.Sleep(answered)
					for _, i := range items {
						if i.Value == "quick" {
							i.Answer("done", nil)
						}
					}
					<-ctx.Done()
					return errSend
				},
			})
			var wait sync.WaitGroup
			wait.Go(func() {
				if answer, err := c.Do(t.Context(), "quick"); answer != "done" || err != nil {
					t.Errorf("the quick one got %q, %v", answer, err)
				}
			})
			wait.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := c.Do(ctx, "slow"); err != errSend || time.Since(began) != ended {
					t.Errorf("the slow one got %v after %s, want the end after %s", err, time.Since(began), ended)
				}
			})
			wait.Wait()
		})
	}
}

// Without keys nobody has an order: the same may be asked for side by side.
func TestWithoutKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sizes := make(chan int, 2)
		c := batch.New(batch.Config[int, int]{
			Max: 2, Linger: 250 * ms,
			Send: func(_ context.Context, take func(int) []*batch.Item[int, int]) error {
				items := take(2)
				sizes <- len(items)
				for _, i := range items {
					i.Answer(i.Value, nil)
				}
				return nil
			},
		})
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() {
				if answer, err := c.Do(t.Context(), 7); answer != 7 || err != nil {
					t.Error(answer, err)
				}
			})
		}
		wait.Wait()
		if n := <-sizes; n != 2 {
			t.Errorf("a batch of %d", n)
		}
	})
}
