// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
)

// TestLogHoldsNoPersonalData: at no level, and neither do the lines that the
// framework writes on the provider's behalf.
func TestLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	w := newUsersWorkspace(t, server, required+customerBlock(`
  name        = "Secret Name"
  email       = "secret@example.com"
  notes       = "Secret notes"
  first_seen  = "1700000123"
  tags        = [{ name = "vip" }]
  custom_data = { plan = "secretplan", seats = 987654 }`))
	read := logged(t, w, "TRACE")
	applied(t, w)
	planned(t, w)
	log := read()
	if !strings.Contains(log, "[TRACE]") || !strings.Contains(log, "Called provider defined planmodifier.String") {
		t.Fatal("the log is not that of the level TRACE")
	}
	for line := range strings.Lines(log) {
		for _, secret := range []string{"Secret", "secret", "987654", "1700000123"} {
			if strings.Contains(line, secret) {
				t.Errorf("the log has %q: %s", secret, line)
			}
		}
	}
}

// logged makes Terraform log what the provider says from a level on, and
// returns how to read it.
func logged(t *testing.T, w *terraformcli.Workspace, level string) func() string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := errors.Join(w.SetLogProvider(level), w.SetLogPath(path)); err != nil {
		t.Fatal(err)
	}
	return func() string {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
}
