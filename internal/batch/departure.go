// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import "context"

// departure is one call of Send, from the moment a batch is due.
type departure[K comparable, T, R any] struct {
	ctx    context.Context // of Send
	cancel context.CancelFunc

	sealed  bool             // takes nobody any more
	calls   []*call[K, T, R] // what it took
	staying int              // how many of these have not given up
}
