// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// Every direct dependency stands in one of the two tables of CONTRIBUTING.md,
// with its reason; and of what tests and tools use the provider links nothing:
// every user would download it, and every scanner look at it.
func TestDependencies(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Fields(string(output))
	links := func(path string) bool {
		return slices.ContainsFunc(packages, func(linked string) bool { return linked == path || strings.HasPrefix(linked, path+"/") })
	}
	for path, want := range map[string]bool{
		module + "/internal/provider":               true,
		module + "/internal/dev":                    false,
		module + "/internal/sandbox":                false,
		"github.com/hashicorp/terraform-plugin-sdk": false,
	} {
		if links(path) != want {
			t.Errorf("that the provider links %s is %v", path, !want)
		}
	}

	contributing, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, tables, _ := strings.Cut(string(contributing), "\nWhat the provider links:\n")
	linked, unlinked, ok := strings.Cut(tables, "\nWhat tests and tools use")
	if !ok {
		t.Fatal("CONTRIBUTING.md has not got its two tables of dependencies any more")
	}
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, requirement := range mod.Require {
		if requirement.Indirect {
			continue
		}
		path := requirement.Mod.Path
		row := "\n| `" + strings.TrimPrefix(path, "github.com/") + "` | "
		switch {
		case strings.Contains(linked, row) && !links(path):
			t.Errorf("CONTRIBUTING.md says that the provider links %s, which it does not", path)
		case strings.Contains(unlinked, row) && links(path):
			t.Errorf("the provider links %s, which CONTRIBUTING.md says tests and tools alone use", path)
		case !strings.Contains(tables, row):
			t.Errorf("CONTRIBUTING.md gives no reason for %s", path)
		}
	}
}
