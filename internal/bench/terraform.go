// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"slices"
)

// manyCustomers is from where on the idle provider plays only what tells
// something: it creates once, and never destroys.
const manyCustomers = 500

// measureWithTerraform plays all acts with the real Terraform CLI: each with
// the provider, at once afterwards with the idle one, and in the end without
// batches.
func measureWithTerraform(ctx context.Context, s *stage, o options, customers int, r *results) error {
	for _, parallelism := range o.parallelism {
		first := parallelism == o.parallelism[0]
		c := &comparison{
			stage: s, options: o, results: r, setting: setting{customers, parallelism},
			first: first,
		}
		if err := c.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// comparison is one provider beside another with the same customers.
type comparison struct {
	stage   *stage
	options options
	results *results
	setting
	first bool // what does not depend on the parallelism is measured now

	account *account
	real    *workspace
	idle    *workspace
	without *workspace // without batches; in the folder of real
}

func (c *comparison) run(ctx context.Context) error {
	var err error
	if c.account, err = newAccount(c.customers); err != nil {
		return err
	}
	defer c.account.server.Close()
	if err := c.open(ctx); err != nil {
		return err
	}
	for _, a := range acts {
		if !c.options.wants(string(a)) && a != create {
			continue
		}
		if err := c.compare(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) open(ctx context.Context) error {
	var folders [2]string
	for i := range folders {
		folder, err := c.stage.newFolder()
		if err != nil {
			return err
		}
		if err := writeConfiguration(folder, c.customers, ""); err != nil {
			return err
		}
		folders[i] = folder
	}
	var err error
	if c.real, err = c.stage.newWorkspace(ctx, folders[0], c.stage.provider, c.account, c.account.settings()); err != nil {
		return err
	}
	if c.without, err = c.stage.newWorkspace(ctx, folders[0], c.stage.provider, c.account, c.account.settingsWithoutBatches()); err != nil {
		return err
	}
	c.idle, err = c.stage.newWorkspace(ctx, folders[1], c.stage.idle, nil, nil)
	return err
}

// updateRounds is how often an update of all is played, in turns with the
// idle provider: the two times are compared, and a machine that is slow for a
// minute should be so for both.
const updateRounds = 3

// compare plays one act with each of the three.
func (c *comparison) compare(ctx context.Context, a act) error {
	line := row{setting: c.setting, act: a, smallest: smallest(a, c.customers, c.parallelism)}
	rounds := 1
	if a == update {
		rounds = updateRounds
	}
	few := c.customers < manyCustomers
	withIdle := few || a == create && c.first || a != create && a != destroy
	var ours, alone []measurement
	for range rounds {
		m, err := c.play(ctx, c.real, a, c.parallelism)
		if err != nil {
			return err
		}
		ours = append(ours, m)
		progress("%s: %s, %d requests", line, seconds(m.took), m.requests)
		if !withIdle {
			continue
		}
		if m, err = c.play(ctx, c.idle, a, c.parallelism); err != nil {
			return err
		}
		alone = append(alone, m)
		progress("%s: Terraform alone: %s", line, seconds(m.took))
	}
	line.measurement = middle(ours)
	if withIdle {
		m := middle(alone)
		line.alone = &m
	} else if a == create {
		if err := copyState(c.real.WorkingDir(), c.idle.WorkingDir()); err != nil {
			return err
		}
	}

	if c.first && slices.Contains([]act{plan, update, drift}, a) {
		callers := c.parallelism
		if a != update {
			callers = 1 // reads that are made side by side share a search whatever the settings
		}
		c.without.plan = c.real.plan
		without, err := c.play(ctx, c.without, a, callers)
		if err != nil {
			return err
		}
		c.real.plan = c.without.plan
		line.without = &without
		progress("%s: without batches: %s, %d requests", line, seconds(without.took), without.requests)
	}
	c.results.rows = append(c.results.rows, line)
	return nil
}

// play measures an act. An update gives the customers another plan.
func (c *comparison) play(ctx context.Context, w *workspace, a act, parallelism int) (measurement, error) {
	switch a {
	case update:
		w.plan = map[string]string{firstPlan: secondPlan, secondPlan: firstPlan}[w.plan]
	case drift:
		if err := w.changeByHand(); err != nil {
			return measurement{}, err
		}
	}
	return c.stage.measure(w.account, func() error { return w.play(ctx, a, parallelism) })
}
