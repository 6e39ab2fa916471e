// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

const ms = time.Millisecond

// item is what the tests send: number tells items with the same key apart, in the order of their callers.
type item struct {
	key    string
	number int
}

func (i item) String() string { return fmt.Sprintf("%s%d", i.key, i.number) }

type (
	results = map[string]result
	takeFn  = func(n int) []item
	sendFn  = func(ctx context.Context, take takeFn) (results, error)
)

// config is that of a coalescer whose Send returns its answers by key.
type config struct {
	Max           int
	Linger, Grace time.Duration
	Send          sendFn
}

// result is what a Send of these tests says of one key.
type result struct {
	Value string
	Err   error
}

// stage is a coalescer in a bubble, with a log of what was taken when.
type stage struct {
	*testing.T
	*batch.Coalescer[item, string]

	began time.Time

	mu       sync.Mutex
	numbers  map[string]int
	launches []time.Duration
	taken    []taken
}

type taken struct {
	at    time.Duration
	items []item
}

func (t taken) String() string { return fmt.Sprintf("%v %v", t.at, t.items) }

// open runs test in a bubble and checks afterwards that nothing is left.
func open(t *testing.T, with config, test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, began: time.Now(), numbers: map[string]int{}}
		send := with.Send
		if send == nil {
			send = echoAfter(0)
		}
		s.Coalescer = batch.New(batch.Config[item, string]{
			Max: with.Max, Linger: with.Linger, Grace: with.Grace,
			Key: func(i item) any { return i.key },
			Send: func(ctx context.Context, take func(int) []*batch.Item[item, string]) error {
				s.mu.Lock()
				s.launches = append(s.launches, s.now())
				s.mu.Unlock()
				var all []*batch.Item[item, string]
				results, err := send(ctx, func(n int) []item {
					s.mu.Lock() // so that the log has the order in which they take
					defer s.mu.Unlock()
					var items []item
					for _, i := range take(n) {
						all, items = append(all, i), append(items, i.Value)
					}
					if len(items) > 0 {
						s.taken = append(s.taken, taken{s.now(), items})
					}
					return items
				})
				for _, i := range all {
					if result, ok := results[i.Value.key]; ok {
						i.Answer(result.Value, result.Err)
					}
				}
				return err
			},
		})
		test(s)
		synctest.Wait()
		if left := s.Leftovers(); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
}

// echo answers every item with its own name.
func echo(items []item) results {
	answers := results{}
	for _, i := range items {
		answers[i.key] = result{Value: i.String()}
	}
	return answers
}

func echoAfter(d time.Duration) sendFn {
	return func(_ context.Context, take takeFn) (results, error) {
		items := take(1000)
		time.Sleep(d)
		return echo(items), nil
	}
}

func (s *stage) now() time.Duration { return time.Since(s.began) }

// caller is a call of Do under way.
type caller struct {
	s     *stage
	item  item
	done  chan struct{}
	value string
	err   error
	at    time.Duration
}

// join starts a caller and returns when it waits in the queue, or further on.
func (s *stage) join(ctx context.Context, key string) *caller {
	s.numbers[key]++
	c := &caller{s: s, item: item{key, s.numbers[key]}, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.value, c.err = s.Do(ctx, c.item)
		c.at = s.now()
	}()
	synctest.Wait()
	return c
}

func (s *stage) joinAll(keys ...string) []*caller {
	callers := make([]*caller, 0, len(keys))
	for _, key := range keys {
		callers = append(callers, s.join(s.Context(), key))
	}
	return callers
}

// keys returns n different keys.
func keys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%d-", i)
	}
	return keys
}

// answered waits for the callers, each of which must get the answer to its own item.
func (s *stage) answered(callers ...*caller) {
	s.Helper()
	for _, c := range callers {
		<-c.done
		if c.err != nil || c.value != c.item.String() {
			s.Errorf("%v got %q, %v", c.item, c.value, c.err)
		}
	}
}

// answeredAt is answered for callers whose answer must come at a moment.
func (s *stage) answeredAt(at time.Duration, callers ...*caller) {
	s.Helper()
	s.answered(callers...)
	for _, c := range callers {
		if c.at != at {
			s.Errorf("%v was answered at %v, want %v", c.item, c.at, at)
		}
	}
}

// failed waits for the caller and returns its error.
func (c *caller) failed() error {
	c.s.Helper()
	<-c.done
	if c.err == nil {
		c.s.Fatalf("%v got %q, want an error", c.item, c.value)
	}
	return c.err
}

// sent checks the log: one line a batch, such as "250ms [a1 b1]".
func (s *stage) sent(want ...string) {
	s.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	got := make([]string, 0, len(s.taken))
	for _, t := range s.taken {
		got = append(got, t.String())
	}
	if !slices.Equal(got, want) {
		s.Errorf("batches were\n\t%q\nwant\n\t%q", got, want)
	}
}

// sizes returns how many items each batch had.
func (s *stage) sizes() []int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var sizes []int
	for _, t := range s.taken {
		sizes = append(sizes, len(t.items))
	}
	return sizes
}

func (s *stage) launched(want ...time.Duration) {
	s.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.launches, want) {
		s.Errorf("Send was called at %v, want %v", s.launches, want)
	}
}
