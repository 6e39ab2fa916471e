// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// try does with the zips what a user does, from a mirror: init, a lock file for
// every platform, plan and apply, against a local HelpCrunch.
func (r *release) try(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "helpcrunch-release-")
	if err != nil {
		return fmt.Errorf("making a folder for the mirror: %w", err)
	}
	defer os.RemoveAll(folder)
	terraform, err := terraformcli.Find(ctx, ".")
	if err != nil {
		return err
	}
	var zips []string
	for _, platform := range platforms {
		zips = append(zips, filepath.Join(r.dir, r.zip(platform)))
	}
	mirrorDir := filepath.Join(folder, "mirror")
	mirror, err := terraformcli.MirrorOf(zips, mirrorDir)
	if err != nil {
		return err
	}
	server, err := sandbox.Start(sandbox.Config{Rate: sandbox.DefaultRate})
	if err != nil {
		return fmt.Errorf("starting a local HelpCrunch: %w", err)
	}
	defer server.Close()

	config, err := r.config()
	if err != nil {
		return err
	}
	work := filepath.Join(folder, "work")
	if err := errors.Join(os.Mkdir(work, 0o700), os.WriteFile(filepath.Join(work, "main.tf"), []byte(config), 0o600)); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	workspace, err := terraformcli.NewWorkspace(ctx, terraform, mirror, work, map[string]string{
		"HELPCRUNCH_BASE_URL": server.URL(),
		"HELPCRUNCH_API_KEY":  server.Key(),
		"XDG_CACHE_HOME":      filepath.Join(folder, "cache"), // leave nothing behind
	})
	if err != nil {
		return err
	}
	if err := r.lock(ctx, workspace, mirrorDir); err != nil {
		return err
	}
	const plan = "release.tfplan"
	for act, want := range []bool{true, false} { // the second plan is empty
		if changes, err := workspace.Terraform.Plan(ctx, tfexec.Out(plan)); err != nil {
			return fmt.Errorf("terraform plan: %w", err)
		} else if changes != want {
			return fmt.Errorf("plan %d says that there are changes: %v", act+1, changes)
		}
		if _, err := workspace.Apply(ctx, tfexec.DirOrPlan(plan)); err != nil {
			return fmt.Errorf("terraform apply: %w", err)
		}
	}
	customers := server.Customers()
	if len(customers) != 1 || customers[0]["name"] != "Ada Lovelace" {
		return fmt.Errorf("after the apply HelpCrunch holds %v, want Ada Lovelace", customers)
	}
	fmt.Printf("terraform init took it from a mirror with its lock file, and apply made customer %d of it.\n", customers[0].ID())
	return nil
}

// config is the first configuration of the documentation, with this very version.
func (r *release) config() (string, error) {
	first, err := os.ReadFile(filepath.Join("examples", "provider", "first.tf"))
	if err != nil {
		return "", fmt.Errorf("run this from the root of the repository: %w", err)
	}
	config := strings.Replace(string(first), `"~> 0.1"`, `"`+r.version+`"`, 1)
	if config == string(first) {
		return "", errors.New(`examples/provider/first.tf has no version "~> 0.1" any more`)
	}
	return config, nil
}

// lock writes the hashes of every platform into the lock file, compares them
// with the zips, and goes through init again with nothing but them.
func (r *release) lock(ctx context.Context, workspace *terraformcli.Workspace, mirror string) error {
	args := []string{"providers", "lock", "-fs-mirror=" + mirror}
	for _, platform := range platforms {
		args = append(args, "-platform="+platform)
	}
	for _, args := range [][]string{args, {"init", "-lockfile=readonly"}} {
		if output, err := workspace.Command(ctx, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("terraform %s: %w\n%s", args[0], err, output)
		}
	}
	locked, err := os.ReadFile(filepath.Join(workspace.WorkingDir(), ".terraform.lock.hcl"))
	if err != nil {
		return fmt.Errorf("reading the lock file: %w", err)
	}
	for _, platform := range platforms {
		hash, err := dirhash.HashZip(filepath.Join(r.dir, r.zip(platform)), dirhash.Hash1)
		if err != nil {
			return fmt.Errorf("hashing a zip: %w", err)
		}
		if !strings.Contains(string(locked), `"`+hash+`"`) {
			return fmt.Errorf("the lock file has no hash of %s", r.zip(platform))
		}
	}
	return nil
}
