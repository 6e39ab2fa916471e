// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import (
	"cmp"
	"context"
	"time"
)

// call is one caller of Do, from joining to its answer.
type call[K comparable, T, R any] struct {
	// ctx is kept because a departure inherits its values, and because take passes over a caller that gave up
	// a moment ago and has had no time yet to say so.
	ctx    context.Context
	key    K
	item   T
	number uint64 // in order of joining
	joined time.Time

	departure *departure[K, T, R] // the one that took the item; nil while it waits
	answer    chan Result[R]      // gets exactly one answer, and has room for it
}

func compareNumber[K comparable, T, R any](a, b *call[K, T, R]) int {
	return cmp.Compare(a.number, b.number)
}
