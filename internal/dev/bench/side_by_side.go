// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"sync"
	"sync/atomic"
)

// sideBySide does something for each number below n, with so many callers as
// Terraform would have, and returns what failed.
func sideBySide(n, callers int, do func(i int) error) error {
	var next atomic.Int64
	failures := make([]error, callers)
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				failures[caller] = errors.Join(failures[caller], do(i))
			}
		})
	}
	running.Wait()
	return errors.Join(failures...)
}
