// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

// parcel is an item of the fuzz test. Its number is its caller's, in order of joining.
type parcel struct{ key, number int }

// ledger is what the fuzz test knows about the parcels, to hold it against what the coalescer does.
type ledger struct {
	*testing.T
	most  int  // of a batch
	order bool // callers joined in the order of their numbers

	mu      sync.Mutex
	taken   map[int]bool // by number
	latest  map[int]int  // number last taken, by key
	sending map[int]bool // by key
}

// take checks what a Send was given.
func (l *ledger) take(parcels []parcel, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(parcels) > max(0, min(l.most, n)) {
		l.Errorf("%d items in a batch of at most %d, %d asked for", len(parcels), l.most, n)
	}
	for _, p := range parcels {
		if l.taken[p.number] {
			l.Errorf("%v was sent twice", p)
		}
		if l.sending[p.key] {
			l.Errorf("%v left while its key was under way", p)
		}
		if l.order && p.number < l.latest[p.key] {
			l.Errorf("%v came before %d and left after it", p, l.latest[p.key])
		}
		l.taken[p.number], l.sending[p.key], l.latest[p.key] = true, true, p.number
	}
}

func (l *ledger) release(parcels []parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parcels {
		delete(l.sending, p.key)
	}
}

// ending checks what a caller got. Only when all has ended is it known what was taken: a caller may give up
// after take and before the ledger has it.
func (l *ledger) ending(p, answer parcel, err error, gaveUp, closed bool) {
	taken := l.taken[p.number]
	var panicked *batch.PanicError
	fits := false
	switch {
	case err == nil:
		fits = taken && answer == p
	case err == errGaveUp:
		fits = !taken && gaveUp
	case err == batch.ErrStopped:
		fits = !taken && closed
	case errors.Is(err, batch.ErrOutcomeUnknown):
		fits = taken && gaveUp && errors.Is(err, errGaveUp)
	case err == batch.ErrNoAnswer:
		fits = taken
	case err == errLost, err == batch.ErrExited, errors.As(err, &panicked):
		fits = true // what Send ends with, before or after take; its context.Canceled is for nobody
	}
	if !fits {
		l.Errorf("%v got %v, %v; taken: %t, gave up: %t, closed: %t", p, answer, err, taken, gaveUp, closed)
	}
}

var errLost = errors.New("lost")

// send is a Send that does, at random, all that a Send may do and more.
func (l *ledger) send(random func(n int) int) func(context.Context, func(int) []parcel) (map[int]batch.Result[parcel], error) {
	return func(ctx context.Context, take func(int) []parcel) (map[int]batch.Result[parcel], error) {
		select {
		case <-time.After(time.Duration(random(3)) * time.Duration(random(1000)) * ms):
		case <-ctx.Done():
			if random(2) == 0 {
				return nil, ctx.Err()
			}
		}
		switch random(20) {
		case 0:
			return nil, errLost
		case 1:
			panic(errLost)
		case 2:
			runtime.Goexit()
		}
		n := []int{l.most, l.most, l.most + 1, 1, random(l.most + 1), -1}[random(6)]
		parcels := take(n)
		l.take(parcels, n)
		// As late as can be: the keys are free from the moment when Send returns.
		defer l.release(parcels)
		time.Sleep(time.Duration(random(3)) * time.Duration(random(500)) * ms)

		answers := map[int]batch.Result[parcel]{-1: {}}
		for _, p := range parcels {
			answers[p.key] = batch.Result[parcel]{Value: p}
		}
		switch random(20) {
		case 0:
			return nil, errLost
		case 1:
			panic(errLost)
		case 2:
			runtime.Goexit()
		case 3:
			for key := range maps.Keys(answers) {
				delete(answers, key)
				break
			}
		}
		return answers, nil
	}
}

// FuzzSchedule lets callers come, give up and be answered in every order, and checks what must hold in all of them.
func FuzzSchedule(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed, uint8(seed), uint8(seed/3), uint8(seed*7))
	}
	f.Fuzz(func(t *testing.T, seed uint64, most, callers, keys uint8) {
		synctest.Test(t, func(t *testing.T) { schedule(t, seed, int(most%12)+1, int(callers%64), int(keys%20)+1) })
	})
}

func schedule(t *testing.T, seed uint64, most, callers, keys int) {
	var mu sync.Mutex
	source := rand.New(rand.NewPCG(seed, 0))
	random := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return source.IntN(n)
	}
	l := &ledger{
		T: t, most: most, order: random(2) == 0,
		taken: map[int]bool{}, latest: map[int]int{}, sending: map[int]bool{},
	}
	c := batch.New(batch.Config[int, parcel, parcel]{
		Max:     most,
		Linger:  []time.Duration{0, 10 * ms, 250 * ms}[random(3)],
		MaxWait: []time.Duration{0, 100 * ms, 1000 * ms}[random(3)],
		Grace:   []time.Duration{0, 100 * ms, time.Hour}[random(3)],
		Key:     func(p parcel) int { return p.key },
		Send:    l.send(random),
	})
	closeAt := -1
	if random(4) == 0 {
		closeAt = random(callers + 1)
	}

	var answered sync.WaitGroup
	endings := make([]func(), callers)
	for number := range callers {
		if number == closeAt {
			answered.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random(2000))*ms)
				defer cancel()
				if err := c.Close(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Duration(random(3)) * time.Duration(random(300)) * ms)
		p := parcel{random(keys), number}
		ctx, cancel := context.WithCancelCause(t.Context())
		if random(4) == 0 {
			time.AfterFunc(time.Duration(random(2000))*ms, func() { cancel(errGaveUp) })
		}
		answered.Go(func() {
			defer cancel(nil)
			answer, err := c.Do(ctx, p)
			gaveUp := ctx.Err() != nil
			endings[number] = func() { l.ending(p, answer, err, gaveUp, closeAt >= 0) }
		})
		if l.order {
			synctest.Wait()
		}
	}
	answered.Wait()

	// Nothing is broken: it goes on, or refuses, and ends when told to.
	if closeAt < 0 {
		for range 100 {
			p := parcel{0, callers}
			if answer, err := c.Do(t.Context(), p); err == nil && answer == p {
				break
			}
			callers++
		}
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	synctest.Wait()
	if left := c.Leftovers(); left != "" {
		t.Error(left)
	}
	for _, check := range endings {
		check()
	}
	if left := slices.Collect(maps.Keys(l.sending)); len(left) > 0 {
		t.Errorf("still sending %v", left)
	}
}
