// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
)

const refusalCustomers = 100

// refusal is what it costs to learn that a custom property does not exist.
type refusal struct {
	requests int
	errors   int // customers that were told
}

// measureRefusal adds a custom property that nobody registered to all customers.
func measureRefusal(ctx context.Context, s *stage, r *results) error {
	a, err := newAccount(refusalCustomers)
	if err != nil {
		return err
	}
	defer a.server.Close()
	folder, err := s.newFolder()
	if err != nil {
		return err
	}
	if err := writeConfiguration(folder, refusalCustomers, ""); err != nil {
		return err
	}
	w, err := s.newWorkspace(ctx, folder, s.provider, a, a.settings())
	if err != nil {
		return err
	}
	if err := w.play(ctx, create, batchSize); err != nil {
		return err
	}
	if err := writeConfiguration(folder, refusalCustomers, `unregistered = "x"`); err != nil {
		return err
	}
	a.server.ResetCounts()
	diags, err := w.Apply(ctx, tfexec.Parallelism(batchSize), tfexec.Refresh(false))
	if err == nil || ctx.Err() != nil {
		return fmt.Errorf("the property should have been refused: %w", ctx.Err())
	}
	told := make(map[string]bool)
	for _, d := range diags {
		if d.Severity == tfjson.DiagnosticSeverityError {
			told[d.Address] = true
		}
	}
	r.refusal = &refusal{requests: a.server.Counts().Total(), errors: len(told)}
	progress("A custom property that nobody registered: %d requests, %d errors", r.refusal.requests, r.refusal.errors)
	return nil
}
