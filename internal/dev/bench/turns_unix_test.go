// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The first command runs until the second has looked at it, which it does as
// soon as there is something to look at: the first, and a process of its own.
func TestTakeTurns(t *testing.T) {
	folder := t.TempDir()
	first := exec.CommandContext(t.Context(), "sh", "-c", `
		sh -c 'echo $$ > child.new; mv child.new child; until [ -e seen ]; do :; done' &
		echo $$ > parent.new; mv parent.new parent
		wait`)
	second := exec.CommandContext(t.Context(), "sh", "-c", `
		until [ -e parent ] && [ -e child ]; do :; done
		ps -o stat= -p "$(cat parent)" > stats; ps -o stat= -p "$(cat child)" >> stats
		touch seen`)
	first.Dir, second.Dir = folder, folder
	took, err := takeTurns(first, second)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := os.ReadFile(filepath.Join(folder, "stats"))
	if err != nil {
		t.Fatal(err)
	}
	for stat := range strings.FieldsSeq(string(stats)) {
		if !strings.HasPrefix(stat, "T") {
			t.Errorf("while the second ran, the first and its child were in the states %q, not stopped", stats)
		}
	}
	// The first was stopped while the second ran, and has had more than the turn in which it was stopped.
	if took[0] <= turn || took[1] <= 0 {
		t.Errorf("they have run for %s", took)
	}
}

func TestTakeTurnsTellsWhatFailed(t *testing.T) {
	_, err := takeTurns(
		exec.CommandContext(t.Context(), "sh", "-c", "echo no such customer; exit 3"),
		exec.CommandContext(t.Context(), "/does/not/exist"),
		exec.CommandContext(t.Context(), "true"),
	)
	if err == nil || !strings.Contains(err.Error(), "exit status 3\nno such customer") || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("got %v", err)
	}
}
