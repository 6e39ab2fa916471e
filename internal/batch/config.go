// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import (
	"context"
	"time"
)

// DefaultMaxWait is how long the oldest caller of a batch waits at most before the batch is due,
// when [Config.MaxWait] says nothing else.
const DefaultMaxWait = 3 * time.Second

// Config says what a [Coalescer] gathers and how it sends it. K is the key of an item, T the item, R its answer.
type Config[K comparable, T, R any] struct {
	// Max is the most items in one batch. 1, or less, sends every item alone and at once.
	Max int

	// Linger is how long a batch waits for the next caller to join.
	// With 0 a batch leaves as soon as none is under way.
	Linger time.Duration

	// MaxWait is how long the oldest caller waits at most before its batch is due; 0 means [DefaultMaxWait].
	// It does not bound what Send then waits for.
	MaxWait time.Duration

	// Grace is how long a caller whose context ended after its item was taken still waits for the answer.
	Grace time.Duration

	// Key returns the key of an item. It is called once an item, by the goroutine that calls [Coalescer.Do].
	Key func(T) K

	// Send sends one batch and returns an outcome per key. It is called in a goroutine of its own when a batch
	// is due, and several calls may run side by side.
	//
	// It may wait first, for a slot of a request budget say; the batch keeps filling meanwhile. When it is ready
	// to send it calls take(n) once, which closes the batch and returns its items: the oldest that may leave,
	// with distinct keys, at most n and at most Max, none at all if every caller has given up or n is below 1.
	// Items that were not taken stay, and the rules for a batch that is due apply to them anew.
	// Any further take returns nothing.
	//
	// A key that was taken and has no outcome gets the error, or [ErrNoAnswer] if the error is nil; an outcome
	// for a key that was not taken is ignored. If Send returns without having called take, the items that it
	// would have taken get the error. A panic reaches them as a [*PanicError].
	//
	// ctx carries the values, but neither the end nor the deadline, of the oldest caller's context. It ends when
	// nobody needs this call of Send any more: before take when nobody is left to be taken, after take when
	// every caller in the batch has given up. Callers in a batch that was taken still wait for the answer, for
	// [Config.Grace]: Send should then finish the request under way but not try again.
	Send func(ctx context.Context, take func(n int) []T) (map[K]Result[R], error)
}
