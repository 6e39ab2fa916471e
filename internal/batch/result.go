// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

// Result is the outcome for one item: a value, or the error that concerns this item alone.
type Result[R any] struct {
	Value R
	Err   error
}
