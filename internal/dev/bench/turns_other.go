// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package main

import (
	"fmt"
	"os/exec"
	"time"
)

// takeTurns runs one command after the other, where processes cannot be
// stopped, and returns how long each has run.
func takeTurns(commands ...*exec.Cmd) ([]time.Duration, error) {
	took := make([]time.Duration, len(commands))
	for i, command := range commands {
		began := time.Now()
		if output, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, output)
		}
		took[i] = time.Since(began)
	}
	return took, nil
}
