// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
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
					err := c.failed()
					var panicked *batch.PanicError
					if !errors.As(err, &panicked) || panicked.Value != errSend || !errors.Is(err, errSend) {
						s.Error(err)
					} else if !strings.Contains(string(panicked.Stack), "TestPanicReachesEveryWaiter") {
						s.Errorf("the stack does not say where:\n%s", panicked.Stack)
					}
				}
				s.answered(s.joinAll("a", "b")...)
			})
		})
	}
}

func TestExitReachesEveryWaiter(t *testing.T) {
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
					runtime.Goexit()
				}
				return echo(take(2)), nil
			}}, func(s *stage) {
				for _, c := range s.joinAll("a", "b") {
					if err := c.failed(); err != batch.ErrExited {
						s.Error(err)
					}
				}
				s.answered(s.joinAll("a", "b")...)
			})
		})
	}
}

func TestPanicInKeyReachesItsCallerAlone(t *testing.T) {
	for _, test := range []struct {
		name string
		key  func(int) any
	}{
		{"panics", func(i int) any { return 10 / i }},
		{"cannot be a key", func(i int) any {
			if i == 0 {
				return []int{}
			}
			return i
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := batch.New(batch.Config[any, int, int]{
					Max: 1, Key: test.key,
					Send: func(_ context.Context, take func(int) []int) (map[any]batch.Result[int], error) {
						i := take(1)[0]
						return map[any]batch.Result[int]{test.key(i): {Value: i}}, nil
					},
				})
				var runtimeError runtime.Error
				if _, err := c.Do(t.Context(), 0); !errors.As(err, new(*batch.PanicError)) || !errors.As(err, &runtimeError) {
					t.Error(err)
				}
				if i, err := c.Do(t.Context(), 1); i != 1 || err != nil {
					t.Error(i, err)
				}
			})
		})
	}
}

func TestPanicErrorWithAValueThatIsNoError(t *testing.T) {
	err := &batch.PanicError{Value: "help"}
	if err.Error() != "panic in a batch: help" || err.Unwrap() != nil {
		t.Error(err, err.Unwrap())
	}
}
