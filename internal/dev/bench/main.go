// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Bench counts what the provider costs: requests, CPU and memory, with the
// real Terraform CLI against a local HelpCrunch, beside the smallest number of
// requests that is possible, and beside the providers that a user would take
// instead. It writes the page and the chart of the documentation.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// What the peers do as well: everything with so many customers, and so many
// creates at HelpCrunch's limit.
const (
	peerCustomers = 100
	limitCreates  = 200
)

func main() {
	customers := flag.Int("customers", 0, "measure nothing but this provider with this `number` of customers")
	peersFolder := flag.String("peers", "", "measure the other providers as well; this `folder` has their binaries, terraform-provider-restapi and terraform-provider-restful")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *customers, *peersFolder)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nbench:", err)
		os.Exit(1)
	}
}

// job is one thing to measure.
type job struct {
	contender contender
	customers int
	limit     int // requests a minute; 0 = none
	steps     []step
}

// jobs are those with so many customers, or the usual ones.
func jobs(customers int, withPeers bool) []job {
	if customers > 0 {
		return []job{{ours, customers, 0, steps}}
	}
	all := []job{{ours, 1000, 0, steps}}
	for _, c := range contenders() {
		if withPeers || c.name == ours.name {
			all = append(all, job{c, peerCustomers, 0, steps}, job{c, limitCreates, sandbox.DefaultRate, steps[:1]})
		}
	}
	return all
}

func run(ctx context.Context, customers int, peersFolder string) error {
	folder, err := os.MkdirTemp("", "helpcrunch-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	s, err := build(ctx, folder, peersFolder)
	if err != nil {
		return err
	}
	for _, j := range jobs(customers, peersFolder != "") {
		if err := s.measure(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// stage is what all jobs share.
type stage struct {
	folder    string
	terraform string
	mirror    *terraformcli.Mirror
	machine   string // what a reader needs to know of where this runs
}

func build(ctx context.Context, folder, peersFolder string) (*stage, error) {
	terraform, err := terraformcli.Find(ctx, ".")
	if err != nil {
		return nil, err
	}
	progress("Building the provider")
	mirror, err := terraformcli.BuildMirror(ctx, ".", filepath.Join(folder, "mirror"))
	if err != nil {
		return nil, fmt.Errorf("%w\n(the benchmark runs at the root of the repository)", err)
	}
	for _, c := range peers {
		if peersFolder == "" {
			break
		}
		if err := mirror.Add(c.source, c.version, filepath.Join(peersFolder, "terraform-provider-"+c.name)); err != nil {
			return nil, err
		}
	}
	said, err := exec.CommandContext(ctx, terraform, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("asking Terraform for its version: %w", err)
	}
	version, _, _ := strings.Cut(string(said), "\n")
	machine := fmt.Sprintf("%d cores, %s/%s, %s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, version, runtime.Version())
	return &stage{folder, terraform, mirror, machine}, nil
}

// measure plays the steps of a job, and publishes what each has shown: a long
// run may be stopped. Of ours nothing may go wrong; what goes wrong with a peer
// is a figure as well.
func (s *stage) measure(ctx context.Context, j job) error {
	m := measured{Provider: j.contender.String(), Customers: j.customers, Limit: j.limit, Date: time.Now().UTC().Format(time.DateOnly), Machine: s.machine}
	at, err := openSite(ctx, s, j)
	if err != nil {
		return err
	}
	defer at.close()
	for _, step := range j.steps {
		r, err := at.play(ctx, step)
		if err == nil && j.contender.name == ours.name && (r.Errors > 0 || r.Wrong != "") {
			err = fmt.Errorf("%s with %d customers went wrong", step.Act, j.customers)
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

func progress(format string, values ...any) { fmt.Fprintf(os.Stderr, format+"\n", values...) }
