// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
)

// machine is what a reader needs to know of where this was measured.
func machine(ctx context.Context, terraform string) (string, error) {
	output, err := exec.CommandContext(ctx, terraform, "version", "-json").Output()
	if err != nil {
		return "", fmt.Errorf("asking Terraform for its version: %w", err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return "", fmt.Errorf("asking Terraform for its version: %w", err)
	}
	return fmt.Sprintf("%d cores, %s/%s, Terraform %s, %s",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, answer.Version, runtime.Version()), nil
}
