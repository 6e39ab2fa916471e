// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

// instant is a coalescer that loses no time in sending, so that only its own is measured.
func instant(most int) *batch.Coalescer[int, int] {
	return batch.New(batch.Config[int, int]{
		Max: most,
		Key: func(i int) any { return i },
		Send: func(_ context.Context, take func(int) []*batch.Item[int, int]) error {
			for _, i := range take(most) {
				i.Answer(i.Value, nil)
			}
			return nil
		},
	})
}

func BenchmarkDo(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		c := instant(1)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := c.Do(b.Context(), i); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, parallelism := range []int{10, 100} {
		b.Run(fmt.Sprintf("parallel-%d", parallelism), func(b *testing.B) {
			c := instant(10)
			var next atomic.Int64
			b.ReportAllocs()
			var workers sync.WaitGroup
			for range parallelism {
				workers.Go(func() {
					for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
						if _, err := c.Do(b.Context(), i); err != nil {
							b.Error(err)
						}
					}
				})
			}
			workers.Wait()
		})
	}
}

// BenchmarkCrowd has 5,000 callers wait at once. One operation is all of them, from joining to the answer.
func BenchmarkCrowd(b *testing.B) {
	const crowd = 5000
	for _, test := range []struct {
		name   string
		max    int
		keys   int
		cancel bool
	}{
		{"own-keys", 10, crowd, false},
		{"ten-of-a-key", 100, crowd / 10, false},
		{"one-key", 10, 1, false},
		{"giving-up", 10, crowd, true},
		{"giving-up-one-key", 10, 1, true},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				gate := make(chan struct{})
				c := batch.New(batch.Config[int, int]{
					Max: test.max,
					Key: func(i int) any { return i % test.keys },
					Send: func(_ context.Context, take func(int) []*batch.Item[int, int]) error {
						<-gate
						for _, i := range take(test.max) {
							i.Answer(i.Value, nil)
						}
						return nil
					},
				})
				ctx, cancel := context.WithCancel(b.Context())
				var joined atomic.Int64
				var callers sync.WaitGroup
				for i := range crowd {
					callers.Go(func() {
						joined.Add(1)
						_, err := c.Do(ctx, i)
						if err != nil && !test.cancel {
							b.Error(err)
						}
					})
				}
				for joined.Load() < crowd {
					runtime.Gosched() // all but the last are inside afterwards
				}
				if test.cancel {
					cancel()
				} else {
					close(gate)
				}
				callers.Wait()
				if test.cancel {
					close(gate)
				}
				cancel()
			}
		})
	}
}
