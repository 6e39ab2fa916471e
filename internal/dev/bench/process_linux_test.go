// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"os/exec"
	"testing"
)

// TestMeasure: what a child uses is told apart from what its parent uses. It lives for
// many of the moments at which it is looked at, on a fast machine as well.
func TestMeasure(t *testing.T) {
	t.Parallel()
	output, used, err := measure(exec.CommandContext(t.Context(), "sh", "-c", `awk 'BEGIN { while (i < 3e7) i++ }'; echo done; exit 3`))
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || string(output) != "done\n" {
		t.Errorf("it ended with %v, and said %q", err, output)
	}
	if used.ProviderCPU <= 2*used.TerraformCPU || used.Peak == 0 {
		t.Errorf("a busy child of an idle parent: %+v", used)
	}
}
