// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import "fmt"

// PanicError is what every caller of a batch gets when sending it panicked,
// and a caller alone when the key of its item panicked.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // where, as [runtime/debug.Stack] formats it
}

// Error names the value, without the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("panic in a batch: %v", e.Value)
}

// Unwrap returns the value if it is an error, such as a [runtime.Error], and nil otherwise.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
