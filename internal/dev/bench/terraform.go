// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

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

// compare plays one act with each of the three.
func (c *comparison) compare(ctx context.Context, a act) error {
	line := row{setting: c.setting, act: a, smallest: smallest(a, c.customers, c.parallelism)}
	var err error
	if line.measurement, err = c.play(ctx, c.real, a, c.parallelism); err != nil {
		return err
	}
	progress("%s: %s, %d requests", line, seconds(line.took), line.requests)

	line.alone = &measurement{}
	if a == update {
		line.took, line.alone.took, err = c.updateInTurns(ctx)
	} else {
		*line.alone, err = c.play(ctx, c.idle, a, c.parallelism)
	}
	if err != nil {
		return err
	}
	progress("%s: Terraform alone: %s", line, seconds(line.alone.took))
	if a == create {
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

// updatesInTurns is how many updates are compared: one and the same comparison
// differs by a few percent from the next.
const updatesInTurns = 2

// updateInTurns is how long an update of all takes in the mean, and how long
// with the idle provider, where both get the same share of the machine's better
// and worse times. The requests of such an update say nothing: a batch that is
// stopped while it gathers is late when it goes on.
func (c *comparison) updateInTurns(ctx context.Context) (ours, alone time.Duration, err error) {
	for range updatesInTurns {
		c.real.nextPlan()
		c.idle.nextPlan()
		took, err := takeTurns(c.real.updateCommand(ctx, c.parallelism), c.idle.updateCommand(ctx, c.parallelism))
		if err == nil {
			err = c.account.check(update, c.real.plan)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("%s in turns: %w", titles[update], err)
		}
		progress("%s customers, parallelism %d: in turns: %s, Terraform alone: %s",
			thousands(c.customers), c.parallelism, seconds(took[0]), seconds(took[1]))
		ours, alone = ours+took[0]/updatesInTurns, alone+took[1]/updatesInTurns
	}
	return ours, alone, nil
}

// play measures an act. An update gives the customers another plan.
func (c *comparison) play(ctx context.Context, w *workspace, a act, parallelism int) (measurement, error) {
	switch a {
	case update:
		w.nextPlan()
	case drift:
		if err := w.changeByHand(); err != nil {
			return measurement{}, err
		}
	}
	return c.stage.measure(w.account, func() error { return w.play(ctx, a, parallelism) })
}
