// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNoAnswer is what a caller gets whose item was sent, but for which Send returned neither an answer
	// nor an error.
	ErrNoAnswer = errors.New("the batch was answered, but not for this item")

	// ErrOutcomeUnknown is what a caller gets, wrapped together with its context's error, whose context ended
	// after its item was taken and whose answer did not come within [Config.Grace]. The item may have been
	// sent, and may take effect yet.
	ErrOutcomeUnknown = errors.New("the item was already sent and its outcome is unknown")
)

// Config says what a [Coalescer] gathers and how it sends it. T is the item, R its answer.
type Config[T, R any] struct {
	// Max is the most items in one batch. 1, or less, sends every item alone and at once.
	Max int

	// Linger is how long a batch waits for the next caller to join.
	// With 0 a batch leaves as soon as none is under way.
	Linger time.Duration

	// Grace is how long a caller whose context ended after its item was taken still waits for the answer.
	Grace time.Duration

	// Key returns the key of an item, which can be compared. Items with the same key are never in one batch,
	// nor under way at the same time. nil = items have no order.
	Key func(T) any

	// Send sends one batch and answers its items, each as soon as its answer is known. It is called in a
	// goroutine of its own when a batch is due, and several calls may run side by side.
	//
	// It may wait first, for a slot of a request budget say; the batch keeps filling meanwhile. When it is ready
	// to send it calls take(n) once, which closes the batch and returns its items: the oldest that may leave,
	// with distinct keys, at most n and at most Max, none at all if every caller has given up or n is below 1.
	// Items that were not taken stay, and the rules for a batch that is due apply to them anew.
	// Any further take returns nothing.
	//
	// An item that was taken and is not answered when Send returns gets the error, or [ErrNoAnswer] if the error
	// is nil. If Send returns without having called take, the items that it would have taken get the error. A
	// panic reaches them as an error.
	//
	// ctx carries the values, but neither the end nor the deadline, of the oldest caller's context. It ends when
	// nobody needs this call of Send any more: before take when nobody is left to be taken, after take when
	// every caller without an answer has given up. Callers in a batch that was taken still wait for the answer,
	// for [Config.Grace]: Send should then finish the request under way but not try again.
	Send func(ctx context.Context, take func(n int) []*Item[T, R]) error
}
