// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
)

// stage is what all jobs share, in a folder that goes with the run.
type stage struct {
	folder    string
	terraform string
	mirror    *terraformcli.Mirror
	machine   string // what a reader needs to know of where this runs
}

func prepare(ctx context.Context, peersFolder string) (*stage, error) {
	progress("Building the provider")
	folder, err := os.MkdirTemp("", "helpcrunch-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	s := &stage{folder: folder}
	if err := s.build(ctx, peersFolder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

func (s *stage) build(ctx context.Context, peersFolder string) error {
	var err error
	if s.terraform, err = terraformcli.Find(ctx, "."); err != nil {
		return err
	}
	if s.mirror, err = terraformcli.BuildMirror(ctx, ".", filepath.Join(s.folder, "mirror")); err != nil {
		return fmt.Errorf("%w\n(the benchmark runs at the root of the repository)", err)
	}
	if peersFolder != "" {
		for _, c := range peers {
			if err := s.mirror.Add(c.source, c.version, filepath.Join(peersFolder, "terraform-provider-"+c.name)); err != nil {
				return err
			}
		}
	}
	version, err := exec.CommandContext(ctx, s.terraform, "version").Output()
	if err != nil {
		return fmt.Errorf("asking Terraform for its version: %w", err)
	}
	var terraform string
	if _, err := fmt.Sscanf(string(version), "Terraform v%s", &terraform); err != nil {
		return fmt.Errorf("asking Terraform for its version: %w", err)
	}
	s.machine = fmt.Sprintf("%d cores, %s/%s, Terraform %s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, terraform, runtime.Version())
	return nil
}

// measure plays the steps of a job, and publishes what each has shown: a long
// run may be stopped. Of ours nothing may go wrong; what goes wrong with a peer
// is a figure as well.
func (s *stage) measure(ctx context.Context, j job) error {
	m := measured{Provider: j.contender.name, Customers: j.customers, Limit: j.limit, Date: time.Now().UTC().Format(time.DateOnly), Machine: s.machine}
	if j.contender.name != ours.name {
		m.Version = j.contender.version
	}
	at, err := openSite(ctx, s, j)
	if err != nil {
		return err
	}
	defer at.close()
	for _, step := range j.steps {
		r, err := at.play(ctx, step)
		if err == nil && j.contender.name == ours.name && (r.Errors > 0 || r.Note != "") {
			err = fmt.Errorf("%s with %d customers went wrong", step.act, j.customers)
		}
		if err != nil {
			return err
		}
		m.Rows = append(m.Rows, r)
		if err := publish(m); err != nil {
			return err
		}
	}
	return nil
}
