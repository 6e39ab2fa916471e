// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
)

// The environment of the processes that are measured. The launcher and the
// idle provider have the same names.
const (
	envProgram  = "BENCH_PROGRAM"  // what the launcher runs
	envReport   = "BENCH_REPORT"   // where it reports
	envTogether = "BENCH_TOGETHER" // how many updates the idle provider waits for
	envArrivals = "BENCH_ARRIVALS" // where it tells when they came
)

// stopTimeout is how long a process may take to end after an interrupt.
const stopTimeout = 10 * time.Second

// stage is what is built once for the whole run, in a folder that goes with it.
type stage struct {
	folder    string
	terraform string
	mirror    *terraformcli.Mirror // from which Terraform installs the launcher as the provider
	launcher  string
	provider  string // the real one
	idle      string
	self      string
	machine   string // what it is measured on
	folders   int
}

func prepare(ctx context.Context) (*stage, error) {
	progress("Building the provider, the idle provider and the launcher")
	folder, err := os.MkdirTemp("", "helpcrunch-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	s := &stage{
		folder:   folder,
		launcher: filepath.Join(folder, "launcher"+executable),
		provider: filepath.Join(folder, "provider"+executable),
		idle:     filepath.Join(folder, "idle"+executable),
	}
	if err := s.build(ctx); err != nil {
		s.clear()
		return nil, err
	}
	return s, nil
}

func (s *stage) build(ctx context.Context) error {
	var err error
	if s.self, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if s.terraform, err = terraformcli.Find(ctx, "."); err != nil {
		return err
	}
	for binary, source := range map[string]string{s.launcher: launcherSource, s.provider: ".", s.idle: "./internal/dev/bench/idle"} {
		if output, err := exec.CommandContext(ctx, "go", "build", "-o", binary, source).CombinedOutput(); err != nil {
			return fmt.Errorf("building %s (bench is run from the root of the repository): %w\n%s", source, err, output)
		}
	}
	if s.mirror, err = terraformcli.BuildMirror(ctx, launcherSource, filepath.Join(s.folder, "mirror")); err != nil {
		return err
	}
	s.machine, err = machine(ctx, s.terraform)
	return err
}

const launcherSource = "./internal/dev/bench/launcher"

var executable = map[bool]string{true: ".exe"}[runtime.GOOS == "windows"]

// clear takes everything away.
func (s *stage) clear() { _ = os.RemoveAll(s.folder) }

// newFolder is an empty folder.
func (s *stage) newFolder() (string, error) {
	s.folders++
	folder := filepath.Join(s.folder, fmt.Sprint("run-", s.folders))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return folder, nil
}

func (s *stage) reports() string  { return filepath.Join(s.folder, "reports") }
func (s *stage) arrivals() string { return filepath.Join(s.folder, "arrivals") }

// environment makes the launcher run a program, whose caches stay in the folder.
func (s *stage) environment(program string, more map[string]string) map[string]string {
	home := filepath.Join(s.folder, "home")
	all := map[string]string{
		envProgram: program, envReport: s.reports(),
		"HOME": home, "XDG_CACHE_HOME": filepath.Join(home, "cache"), "LocalAppData": home,
	}
	maps.Copy(all, more)
	return all
}

// launch runs a role of this program in a process of its own, which reports.
func (s *stage) launch(ctx context.Context, role string, order []byte, settings map[string]string) error {
	command := exec.CommandContext(ctx, s.launcher)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = stopTimeout
	command.Env = os.Environ()
	for name, value := range s.environment(s.self, settings) {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Env = append(command.Env, envRole+"="+role, envOrder+"="+string(order))
	output, err := command.CombinedOutput()
	if err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("%s: %w\n%s", role, err, output))
	}
	if len(output) > 0 {
		progress("%s says: %s", role, output)
	}
	return nil
}

func progress(format string, values ...any) { fmt.Fprintf(os.Stderr, format+"\n", values...) }
