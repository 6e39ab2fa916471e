// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !windows

package main

import (
	"os"
	"time"
)

// awaitEnd returns when the parent has ended: another process is the parent then.
func awaitEnd(parent int) {
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			return
		}
	}
}
