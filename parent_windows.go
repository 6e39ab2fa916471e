// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import "os"

// awaitEnd returns when the parent has ended.
func awaitEnd(parent int) {
	process, err := os.FindProcess(parent)
	if err != nil {
		return // it has
	}
	if _, err := process.Wait(); err != nil {
		select {} // Windows does not let this user wait for it
	}
}
