// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// The arrival spread is measured among so many customers, of which so many are
// updated, in groups.
const (
	spreadCustomers = 1000
	spreadUpdates   = 300
)

// spread is how long it takes until ten updates that Terraform issues side by
// side are all there, in ascending order.
type spread []time.Duration

// measureSpread lets the idle provider hold updates back until there are ten,
// as a perfect batch would.
func measureSpread(ctx context.Context, s *stage, r *results) error {
	folder, err := s.newFolder()
	if err != nil {
		return err
	}
	if err := writeConfiguration(folder, spreadCustomers, ""); err != nil {
		return err
	}
	idle, err := s.newWorkspace(ctx, folder, s.idle, nil, nil)
	if err != nil {
		return err
	}
	if err := idle.play(ctx, create, batchSize); err != nil {
		return err
	}
	gathering, err := s.newWorkspace(ctx, folder, s.idle, nil, map[string]string{
		envTogether: strconv.Itoa(batchSize), envArrivals: s.arrivals(),
	})
	if err != nil {
		return err
	}
	if err := os.Remove(s.arrivals()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := gathering.Apply(ctx, tfexec.Parallelism(batchSize), tfexec.Refresh(false),
		tfexec.Var("plan="+secondPlan), tfexec.Var(fmt.Sprintf("changed=%d", spreadUpdates))); err != nil {
		return fmt.Errorf("updating in groups: %w", err)
	}
	r.spread, err = readSpread(s.arrivals())
	if err == nil {
		progress("Arrival of ten updates: %s", r.spread)
	}
	return err
}

func readSpread(path string) (spread, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading when the updates came: %w", err)
	}
	var found spread
	for line := range bytes.Lines(content) {
		var arrivals []int64
		if err := json.Unmarshal(line, &arrivals); err != nil || len(arrivals) == 0 {
			return nil, fmt.Errorf("reading when the updates came: %w", err)
		}
		found = append(found, time.Duration(slices.Max(arrivals)-slices.Min(arrivals)))
	}
	slices.Sort(found)
	return found, nil
}

func (s spread) String() string {
	return fmt.Sprintf("%d to %d ms, median %d ms, in %d groups",
		s[0].Milliseconds(), s[len(s)-1].Milliseconds(), s[len(s)/2].Milliseconds(), len(s))
}
