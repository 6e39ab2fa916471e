// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The parts of the benchmark that are not acts.
const (
	partLimit   = "limit"
	partSpread  = "spread"
	partLone    = "lone"
	partRefusal = "refusal"
)

// mostForTerraform is how many customers Terraform itself is given: with
// 5,000 it alone would need a quarter of an hour for an act.
const mostForTerraform = 2000

// options say which part of the benchmark to run.
type options struct {
	customers   []int
	parallelism []int
	only        []string // acts and parts; none = all
	everything  bool     // no flag left anything out
}

func parse(args []string) (options, error) {
	o := options{customers: []int{100, 1000, 5000}, parallelism: []int{10, 100}}
	var names []string
	for _, act := range acts {
		names = append(names, string(act))
	}
	names = append(names, partLimit, partSpread, partLone, partRefusal)

	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.Func("customers", "`numbers` of customers (default 100,1000,5000); more than 2000 go without Terraform", numbers(&o.customers))
	flags.Func("parallelism", "`numbers` of callers side by side (default 10,100)", numbers(&o.parallelism))
	flags.Func("only", "`parts` to run, of "+strings.Join(names, ","), func(text string) error {
		for name := range strings.SplitSeq(text, ",") {
			if !slices.Contains(names, name) {
				return fmt.Errorf("there is no %q", name)
			}
			o.only = append(o.only, name)
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, errors.New("only flags are understood")
	}
	o.everything = flags.NFlag() == 0
	if !slices.ContainsFunc(acts, func(a act) bool { return o.wants(string(a)) }) {
		o.customers = nil
	}
	return o, nil
}

// numbers reads a list such as 10,100.
func numbers(into *[]int) func(string) error {
	return func(text string) error {
		*into = nil
		for part := range strings.SplitSeq(text, ",") {
			number, err := strconv.Atoi(part)
			if err != nil || number < 1 {
				return fmt.Errorf("%q is not a number from 1 on", part)
			}
			*into = append(*into, number)
		}
		return nil
	}
}

func (o options) wants(name string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, name)
}
