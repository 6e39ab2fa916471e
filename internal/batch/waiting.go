// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

// Waiting returns how many callers wait whose items have not been taken. It
// may be called from Send.
func (c *Coalescer[K, T, R]) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting
}
