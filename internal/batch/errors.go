// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import "errors"

var (
	// ErrNoAnswer is what a caller gets whose item was sent, but for which Send returned neither an outcome
	// nor an error.
	ErrNoAnswer = errors.New("the batch was answered, but not for this item")

	// ErrOutcomeUnknown is what a caller gets, wrapped together with its context's error, whose context ended
	// after its item was taken and whose answer did not come within [Config.Grace]. The item may have been
	// sent, and may take effect yet.
	ErrOutcomeUnknown = errors.New("the item was already sent and its outcome is unknown")

	// ErrStopped is what callers get that come after [Coalescer.Close], or whose item was still waiting then.
	// Nothing was sent for them.
	ErrStopped = errors.New("stopped: the item was not sent")

	// errExited is what callers get whose Send neither returned nor panicked.
	errExited = errors.New("sending the batch ended without an answer (runtime.Goexit)")
)
