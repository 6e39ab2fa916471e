// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Bench counts what the provider costs: requests, CPU and memory, with the
// real Terraform CLI against a local HelpCrunch, beside the smallest number of
// requests that is possible, and beside the providers that a user would take
// instead. It writes the page and the chart of the documentation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// What the peers do as well: everything with so many customers, and so many
// creates at HelpCrunch's limit.
const (
	peerCustomers = 100
	limitCreates  = 200
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
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

func run(ctx context.Context, args []string) error {
	customers, peersFolder, err := parse(args)
	if err != nil {
		return err
	}
	s, err := prepare(ctx, peersFolder)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(s.folder) }()
	for _, j := range jobs(customers, peersFolder != "") {
		if err := s.measure(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string) (customers []int, peers string, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.Func("customers", "measure nothing but this provider with these `numbers` of customers, such as 300,3000", func(text string) error {
		for part := range strings.SplitSeq(text, ",") {
			number, err := strconv.Atoi(part)
			if err != nil || number < 1 {
				return fmt.Errorf("%q is not a number from 1 on", part)
			}
			customers = append(customers, number)
		}
		return nil
	})
	flags.StringVar(&peers, "peers", "", "measure the other providers as well; this `folder` has their binaries, terraform-provider-restapi and terraform-provider-restful")
	if err = flags.Parse(args); err == nil && flags.NArg() > 0 {
		err = errors.New("only flags are understood")
	}
	return customers, peers, err
}

// jobs are those with so many customers, or the usual ones.
func jobs(customers []int, withPeers bool) []job {
	var all []job
	if len(customers) > 0 {
		for _, n := range customers {
			all = append(all, job{ours, n, 0, steps})
		}
		return all
	}
	all = append(all, job{ours, 1000, 0, steps})
	contenders := []contender{ours}
	if withPeers {
		contenders = append(contenders, peers...)
	}
	for _, c := range contenders {
		all = append(all, job{c, peerCustomers, 0, steps}, job{c, limitCreates, sandbox.DefaultRate, steps[:1]})
	}
	return all
}

func progress(format string, values ...any) { fmt.Fprintf(os.Stderr, format+"\n", values...) }
