// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

// terraform is what Terraform does with a provider: so many resources, at most so many at once, and some time of
// its own for each, one after the other, before it hands it over.
type terraform struct {
	parallelism int
	before      int           // resources of an earlier stage, two at a time
	least, most time.Duration // between two resources
	max         int           // of a batch
	send        time.Duration // from taking to answer
	slot        time.Duration // between two requests; 0 = no limit
}

const resources = 1000

func (tf terraform) apply(t *testing.T, seed uint64) (batches int, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var next time.Time // slot
		c := batch.New(batch.Config[int, int]{
			Max: tf.max, Linger: 250 * ms, Grace: time.Minute,
			Key: func(i int) any { return i },
			Send: func(_ context.Context, take func(int) []*batch.Item[int, int]) error {
				mu.Lock()
				wait := time.Until(next)
				next = time.Now().Add(max(wait, 0) + tf.slot)
				mu.Unlock()
				time.Sleep(wait)

				items := take(tf.max)
				if len(items) > 0 {
					mu.Lock()
					batches++
					mu.Unlock()
				}
				time.Sleep(tf.send)
				for _, i := range items {
					i.Answer(-i.Value, nil)
				}
				return nil
			},
		})
		random := rand.New(rand.NewPCG(seed, seed))
		walk := func(from, to, parallelism int) {
			workers := make(chan struct{}, parallelism)
			for i := from; i < to; i++ {
				workers <- struct{}{}
				time.Sleep(tf.least + time.Duration(random.Int64N(int64(tf.most-tf.least)+1)))
				go func() {
					if answer, err := c.Do(t.Context(), i); answer != -i || err != nil {
						t.Error(i, answer, err)
					}
					<-workers
				}()
			}
			for range parallelism {
				workers <- struct{}{}
			}
		}
		start := time.Now()
		walk(0, tf.before, 2)
		walk(tf.before, tf.before+resources, tf.parallelism)
		took = time.Since(start)
		synctest.Wait()
		if left := c.Leftovers(); left != "" {
			t.Error(left)
		}
	})
	return batches, took
}

func TestTerraform(t *testing.T) {
	for _, test := range []struct {
		terraform
		want int // batches, at most
	}{
		// Gaps as Terraform 1.11 was measured to have in an apply.
		{terraform{parallelism: 10, max: 10, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 100},
		{terraform{parallelism: 10, max: 10, least: 5 * ms, most: 130 * ms, send: 300 * ms}, 100},
		{terraform{parallelism: 10, max: 100, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 100},
		{terraform{parallelism: 10, max: 100, least: 5 * ms, most: 130 * ms, send: 2 * ms}, 100},
		{terraform{parallelism: 7, max: 10, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 143},
		{terraform{parallelism: 12, max: 10, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 100},
		{terraform{parallelism: 100, max: 10, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 100},
		// A hundred take longer to come than the oldest may wait.
		{terraform{parallelism: 100, max: 100, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 24},
		// Refreshing, and OpenTofu.
		{terraform{parallelism: 100, max: 100, least: 1 * ms, most: 9 * ms, send: 50 * ms}, 10},
		{terraform{parallelism: 100, max: 10, least: 1 * ms, most: 9 * ms, send: 50 * ms}, 100},
		{terraform{parallelism: 10, max: 10, least: 1 * ms, most: 9 * ms, send: 50 * ms}, 100},
		{terraform{parallelism: 10, max: 100, least: 1 * ms, most: 9 * ms, send: 50 * ms}, 100},
		{terraform{parallelism: 15, max: 10, least: 1 * ms, most: 9 * ms, send: 50 * ms}, 100},
		// The budget lets one request go every half second.
		{terraform{parallelism: 10, max: 10, least: 5 * ms, most: 130 * ms, send: 50 * ms, slot: 500 * ms}, 100},
		{terraform{parallelism: 100, max: 10, least: 1 * ms, most: 9 * ms, send: 50 * ms, slot: 500 * ms}, 100},
		{terraform{parallelism: 100, max: 100, least: 1 * ms, most: 9 * ms, send: 50 * ms, slot: 500 * ms}, 10},
		// Another stage with a smaller crowd came first (one batch), and left a peak that is too small.
		{terraform{parallelism: 10, before: 2, max: 10, least: 5 * ms, most: 130 * ms, send: 150 * ms}, 102},
		{terraform{parallelism: 10, before: 2, max: 10, least: 5 * ms, most: 130 * ms, send: 50 * ms}, 105},
		{terraform{parallelism: 10, before: 2, max: 100, least: 5 * ms, most: 130 * ms, send: 2 * ms}, 107},
	} {
		name := fmt.Sprintf("parallelism=%d,max=%d,before=%d,gaps=%v-%v,send=%v,slot=%v",
			test.parallelism, test.max, test.before, test.least, test.most, test.send, test.slot)
		t.Run(name, func(t *testing.T) {
			worst := 0
			for seed := range uint64(5) {
				batches, took := test.apply(t, seed)
				t.Logf("%d batches in %v", batches, took.Round(ms))
				worst = max(worst, batches)
			}
			if worst > test.want {
				t.Errorf("%d batches, want at most %d", worst, test.want)
			}
		})
	}
}
