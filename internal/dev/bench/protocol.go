// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
)

// errand is the order of the driver: an act, over protocol 6.
type errand struct {
	Act       act
	Customers int
	Callers   int
	Plan      string
	States    string // the file that they are kept in from act to act
}

// measureOverProtocol plays all acts without Terraform, whose own work grows
// with the square of the customers.
func measureOverProtocol(ctx context.Context, s *stage, o options, customers int, r *results) error {
	for _, parallelism := range o.parallelism {
		a, err := newAccount(customers)
		if err != nil {
			return err
		}
		err = driveActs(ctx, s, o, setting{customers, parallelism}, a, r)
		a.server.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func driveActs(ctx context.Context, s *stage, o options, at setting, a *account, r *results) error {
	folder, err := s.newFolder()
	if err != nil {
		return err
	}
	value := firstPlan
	play := func(what act, next string, callers int, settings map[string]string) (measurement, error) {
		switch what {
		case update:
			value = next
		case drift:
			if err := a.changeByHand(); err != nil {
				return measurement{}, err
			}
		}
		order, err := json.Marshal(errand{what, at.customers, callers, value, filepath.Join(folder, "states")})
		if err != nil {
			return measurement{}, err
		}
		m, err := s.measure(a, func() error { return s.launch(ctx, roleDriver, order, settings) })
		m.terraformCPU = 0 // there is no Terraform
		if err == nil {
			err = a.check(what, value)
		}
		return m, err
	}
	for _, what := range acts {
		if !o.wants(string(what)) && what != create {
			continue
		}
		line := row{setting: at, act: what, smallest: smallest(what, at.customers, at.parallelism)}
		if line.measurement, err = play(what, secondPlan, at.parallelism, a.settings()); err != nil {
			return err
		}
		progress("%s: %s, %d requests", line, seconds(line.took), line.requests)
		if at.parallelism == o.parallelism[0] && slices.Contains([]act{plan, update, drift}, what) {
			callers := at.parallelism
			if what != update {
				callers = 1
			}
			without, err := play(what, thirdPlan, callers, a.settingsWithoutBatches())
			if err != nil {
				return err
			}
			line.without = &without
			progress("%s: without batches: %s, %d requests", line, seconds(without.took), without.requests)
		}
		r.rows = append(r.rows, line)
	}
	return nil
}
