// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package terraformcli finds the Terraform that the demo and the tests run.
package terraformcli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

// Version is the Terraform that is brought where the machine has none.
const Version = "1.11.4"

// Dir is where it is brought to, below the folder of the repository. Git ignores it.
const Dir = ".terraform-cli"

// envPath names the variable of Terraform's test kit for the binary to run.
const envPath = "TF_ACC_TERRAFORM_PATH"

// Find returns the path of a Terraform binary: the one that
// TF_ACC_TERRAFORM_PATH names, else the one on the PATH, else the pinned one
// in Dir below root, which is downloaded and verified the first time.
func Find(ctx context.Context, root string) (string, error) {
	if path := os.Getenv(envPath); path != "" {
		return path, nil
	}
	if path, err := exec.LookPath("terraform"); err == nil {
		return path, nil
	}
	dir, err := filepath.Abs(filepath.Join(root, Dir))
	if err != nil {
		return "", fmt.Errorf("finding the folder for Terraform: %w", err)
	}
	binary := filepath.Join(dir, product.Terraform.BinaryName())
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making a folder for Terraform: %w", err)
	}
	path, err := (&releases.ExactVersion{
		Product:    product.Terraform,
		Version:    version.Must(version.NewVersion(Version)),
		InstallDir: dir,
	}).Install(ctx)
	if err != nil {
		return "", fmt.Errorf("no terraform on the PATH, and Terraform %s could not be downloaded: %w", Version, err)
	}
	return path, nil
}
