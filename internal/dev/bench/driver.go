// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/provider"
)

const customerType = "helpcrunch_customer"

// driver asks the provider what Terraform asks it, in Terraform's order, but
// in the provider's own process.
type driver struct {
	errand

	server tfprotov6.ProviderServer
	kind   tftypes.Object // of a customer
	states []state
}

// state is what Terraform keeps of a customer.
type state struct {
	State   []byte // msgpack
	Private []byte
}

func drive(ctx context.Context, order errand) error {
	d, err := newDriver(ctx, order)
	if err != nil {
		return err
	}
	switch order.Act {
	case create:
		d.states = make([]state, order.Customers)
		err = d.forAll(func(i int) error { return d.change(ctx, i) })
	case plan:
		err = d.forAll(func(i int) error {
			changes, err := d.refresh(ctx, i)
			if changes {
				err = errors.Join(err, fmt.Errorf("customer %d has changes", i))
			}
			return err
		})
	case update, destroy:
		err = d.forAll(func(i int) error { return d.change(ctx, i) })
	case drift:
		err = d.repair(ctx)
	}
	if err != nil {
		return err
	}
	return writeStates(order.States, d.states)
}

// repair reads everything, and then applies what differs.
func (d *driver) repair(ctx context.Context) error {
	differs := make([]bool, d.Customers)
	err := d.forAll(func(i int) (err error) {
		differs[i], err = d.refresh(ctx, i)
		return err
	})
	if err != nil {
		return err
	}
	return d.forAll(func(i int) error {
		if !differs[i] {
			return nil
		}
		return d.change(ctx, i)
	})
}

func (d *driver) forAll(do func(i int) error) error { return sideBySide(d.Customers, d.Callers, do) }

func newDriver(ctx context.Context, order errand) (*driver, error) {
	provider.TuneProcess()
	server, err := provider.NewServer(provider.New("bench"))
	if err != nil {
		return nil, err
	}
	d := &driver{errand: order, server: server}
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err := failure(err, schema.Diagnostics); err != nil {
		return nil, err
	}
	d.kind, _ = schema.ResourceSchemas[customerType].ValueType().(tftypes.Object)
	settings, err := emptyValue(schema.Provider.ValueType())
	if err != nil {
		return nil, err
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: terraformcli.Version, Config: settings})
	if err := failure(err, configured.Diagnostics); err != nil {
		return nil, err
	}
	if order.Act != create {
		if d.states, err = readStates(order.States); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// refresh reads a customer, and reports whether a plan would change it.
func (d *driver) refresh(ctx context.Context, i int) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read, err := d.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: customerType, CurrentState: &tfprotov6.DynamicValue{MsgPack: d.states[i].State}, Private: d.states[i].Private,
	})
	if err := failure(err, read.Diagnostics); err != nil {
		return false, err
	}
	d.states[i] = state{read.NewState.MsgPack, read.Private}
	prior, err := read.NewState.Unmarshal(d.kind)
	if err != nil {
		return false, err
	}
	p, err := d.plan(ctx, i)
	if err != nil {
		return false, err
	}
	planned, err := p.planned.Unmarshal(d.kind)
	return !planned.Equal(prior), err
}

// change plans a customer and applies the plan.
func (d *driver) change(ctx context.Context, i int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := d.plan(ctx, i)
	if err != nil {
		return err
	}
	applied, err := d.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: customerType, PriorState: p.prior, PlannedState: p.planned, Config: p.config, PlannedPrivate: p.private,
	})
	if err := failure(err, applied.Diagnostics); err != nil {
		return err
	}
	d.states[i] = state{applied.NewState.MsgPack, applied.Private}
	return nil
}

// planned is a plan for one customer.
type planned struct {
	prior, config, planned *tfprotov6.DynamicValue
	private                []byte
}

func (d *driver) plan(ctx context.Context, i int) (planned, error) {
	var p planned
	var proposed *tfprotov6.DynamicValue
	var err error
	p.prior, p.config, proposed, err = d.propose(i)
	if err != nil {
		return p, err
	}
	answer, err := d.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: customerType, PriorState: p.prior, ProposedNewState: proposed, Config: p.config, PriorPrivate: d.states[i].Private,
	})
	if err := failure(err, answer.Diagnostics); err != nil {
		return p, err
	}
	p.planned, p.private = answer.PlannedState, answer.PlannedPrivate
	return p, nil
}

// failure is what went wrong with a call.
func failure(err error, diagnostics []*tfprotov6.Diagnostic) error {
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			err = errors.Join(err, fmt.Errorf("%s\n%s", d.Summary, d.Detail))
		}
	}
	return err
}
