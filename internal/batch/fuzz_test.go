// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
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
func (l *ledger) ending(p, answer parcel, err error, gaveUp bool) {
	taken := l.taken[p.number]
	fits := false
	switch {
	case err == nil:
		fits = taken && answer == p
	case err == errGaveUp:
		fits = !taken && gaveUp
	case errors.Is(err, batch.ErrOutcomeUnknown):
		fits = taken && gaveUp && errors.Is(err, errGaveUp)
	case err == batch.ErrNoAnswer:
		fits = taken
	case err == errLost, err.Error() == "panic in a batch: lost":
		fits = true // what Send ends with, before or after take; its context.Canceled is for nobody
	}
	if !fits {
		l.Errorf("%v got %v, %v; taken: %t, gave up: %t", p, answer, err, taken, gaveUp)
	}
}

var errLost = errors.New("lost")

// send is a Send that does, at random, all that a Send may do and more.
func (l *ledger) send(random func(n int) int) func(context.Context, func(int) []*batch.Item[parcel, parcel]) error {
	return func(ctx context.Context, take func(int) []*batch.Item[parcel, parcel]) error {
		select {
		case <-time.After(time.Duration(random(3)) * time.Duration(random(1000)) * ms):
		case <-ctx.Done():
			if random(2) == 0 {
				return ctx.Err()
			}
		}
		switch random(20) {
		case 0:
			return errLost
		case 1:
			panic(errLost)
		}
		n := []int{l.most, l.most, l.most + 1, 1, random(l.most + 1), -1}[random(6)]
		items := take(n)
		var parcels []parcel
		for _, i := range items {
			parcels = append(parcels, i.Value)
		}
		l.take(parcels, n)
		// As late as can be: the keys are free from the moment when Send returns, or answers.
		defer func() { l.release(parcels) }()
		time.Sleep(time.Duration(random(3)) * time.Duration(random(500)) * ms)

		end := random(20)
		for _, i := range items {
			if end < 5 && random(2) == 0 {
				continue // answered by how it ends
			}
			time.Sleep(time.Duration(random(2)) * time.Duration(random(100)) * ms)
			l.release([]parcel{i.Value})
			parcels = slices.DeleteFunc(parcels, func(p parcel) bool { return p == i.Value })
			i.Answer(i.Value, nil)
			if random(5) == 0 {
				i.Answer(parcel{-1, -1}, nil) // counts for nothing
			}
		}
		switch end {
		case 0:
			return errLost
		case 1:
			panic(errLost)
		}
		return nil
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
	c := batch.New(batch.Config[parcel, parcel]{
		Max:    most,
		Linger: []time.Duration{0, 10 * ms, 250 * ms}[random(3)],
		Grace:  []time.Duration{0, 100 * ms, time.Hour}[random(3)],
		Key:    func(p parcel) any { return p.key },
		Send:   l.send(random),
	})
	var answered sync.WaitGroup
	endings := make([]func(), callers)
	for number := range callers {
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
			endings[number] = func() { l.ending(p, answer, err, gaveUp) }
		})
		if l.order {
			synctest.Wait()
		}
	}
	answered.Wait()

	// Nothing is broken: it goes on.
	for range 100 {
		p := parcel{0, callers}
		if answer, err := c.Do(t.Context(), p); err == nil && answer == p {
			break
		}
		callers++
	}
	time.Sleep(time.Hour) // a Send may go on after its answers
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
