// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What the provider links, every user downloads and every scanner looks at.
func TestShipped(t *testing.T) {
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	command.Dir = "../../.."
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Fields(string(output))
	if !slices.Contains(packages, module+"/internal/provider") {
		t.Fatalf("the packages of main.go are %q, want the provider among them", packages)
	}
	for _, forTests := range []string{
		module + "/internal/dev",
		module + "/internal/sandbox",
		"github.com/ProtonMail/go-crypto",
		"github.com/hashicorp/hc-install",
		"github.com/hashicorp/hcl",
		"github.com/hashicorp/terraform-exec",
		"github.com/hashicorp/terraform-json",
		"github.com/hashicorp/terraform-plugin-sdk",
		"github.com/hashicorp/terraform-plugin-testing",
		"github.com/zclconf/go-cty",
		"go.yaml.in",
		"golang.org/x/mod",
	} {
		for _, linked := range packages {
			if linked == forTests || strings.HasPrefix(linked, forTests+"/") {
				t.Errorf("the provider links %s, which tests and tools alone use", linked)
			}
		}
	}
}
