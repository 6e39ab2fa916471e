// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Bench measures what the provider costs: requests, seconds, CPU and memory,
// with the real Terraform CLI against a local HelpCrunch. It prints a table,
// and whether the provider reaches its figures; a run of everything also
// writes the page and the chart of the documentation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "\nbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if role := os.Getenv(envRole); role != "" {
		return play(ctx, role)
	}
	started := time.Now()
	options, err := parse(os.Args[1:])
	if err != nil {
		return err
	}
	stage, err := prepare(ctx)
	if err != nil {
		return err
	}
	defer stage.clear()
	results, err := measureAll(ctx, stage, options)
	if err != nil {
		return err
	}
	figures := results.figures()
	fmt.Fprintf(os.Stdout, "\n%s\n%s\nMade by `make bench` on %s, in %s.\n",
		table(results.rows), list(figures), stage.machine, time.Since(started).Round(time.Second))
	if options.everything {
		if err := write(results, stage.machine); err != nil {
			return err
		}
	}
	return missed(figures)
}

// measureAll measures what the options ask for, the longest first.
func measureAll(ctx context.Context, s *stage, o options) (*results, error) {
	r := &results{}
	for _, customers := range o.customers {
		measure := measureWithTerraform
		if customers > mostForTerraform {
			measure = measureOverProtocol
		}
		if err := measure(ctx, s, o, customers, r); err != nil {
			return nil, fmt.Errorf("with %d customers: %w", customers, err)
		}
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context, *stage, *results) error
	}{
		{partSpread, measureSpread},
		{partLone, measureLone},
		{partRefusal, measureRefusal},
		{partLimit, measureLimit},
	} {
		if !o.wants(part.name) {
			continue
		}
		if err := part.measure(ctx, s, r); err != nil {
			return nil, fmt.Errorf("measuring %s: %w", part.name, err)
		}
	}
	return r, nil
}
