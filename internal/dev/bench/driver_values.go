// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// propose is what Terraform knows before it plans a customer: the state, the
// configuration, and both together.
func (d *driver) propose(i int) (prior, config, proposed *tfprotov6.DynamicValue, err error) {
	nothing := tftypes.NewValue(d.kind, nil)
	before := nothing
	if d.Act != create {
		prior = &tfprotov6.DynamicValue{MsgPack: d.states[i].State}
		if before, err = prior.Unmarshal(d.kind); err != nil {
			return nil, nil, nil, err
		}
	}
	if d.Act == destroy {
		config, err = encode(d.kind, nothing)
		return prior, config, config, err
	}
	attributes := d.configured(i)
	if config, err = encode(d.kind, tftypes.NewValue(d.kind, attributes)); err != nil {
		return nil, nil, nil, err
	}
	if before.IsNull() {
		prior, err = encode(d.kind, nothing)
		return prior, config, config, err
	}
	var held map[string]tftypes.Value
	if err := before.As(&held); err != nil {
		return nil, nil, nil, err
	}
	attributes["id"] = held["id"]
	proposed, err = encode(d.kind, tftypes.NewValue(d.kind, attributes))
	return prior, config, proposed, err
}

// configured is what main.tf says of a customer.
func (d *driver) configured(i int) map[string]tftypes.Value {
	text := func(format string, values ...any) tftypes.Value {
		return tftypes.NewValue(tftypes.String, fmt.Sprintf(format, values...))
	}
	all := make(map[string]tftypes.Value, len(d.kind.AttributeTypes))
	for name, kind := range d.kind.AttributeTypes {
		all[name] = tftypes.NewValue(kind, nil)
	}
	all["user_id"] = text("bench-%d", i)
	all["name"] = text("Customer %d", i)
	all["email"] = text("customer-%d@example.com", i)
	tag := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"name": tftypes.String, "color": tftypes.String}}
	all["tags"] = tftypes.NewValue(tftypes.Set{ElementType: tag}, []tftypes.Value{
		tftypes.NewValue(tag, map[string]tftypes.Value{"name": text("bench"), "color": tftypes.NewValue(tftypes.String, nil)}),
	})
	custom := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"plan": tftypes.String, "seats": tftypes.Number}}
	all["custom_data"] = tftypes.NewValue(custom, map[string]tftypes.Value{
		"plan": text("%s", d.Plan), "seats": tftypes.NewValue(tftypes.Number, i),
	})
	return all
}

// emptyValue is an object of which nothing is configured.
func emptyValue(kind tftypes.Type) (*tfprotov6.DynamicValue, error) {
	object, ok := kind.(tftypes.Object)
	if !ok {
		return nil, fmt.Errorf("%s is no object", kind)
	}
	all := make(map[string]tftypes.Value, len(object.AttributeTypes))
	for name, kind := range object.AttributeTypes {
		all[name] = tftypes.NewValue(kind, nil)
	}
	return encode(object, tftypes.NewValue(object, all))
}

func encode(kind tftypes.Type, value tftypes.Value) (*tfprotov6.DynamicValue, error) {
	encoded, err := tfprotov6.NewDynamicValue(kind, value)
	return &encoded, err
}

func readStates(path string) ([]state, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the states: %w", err)
	}
	var states []state
	if err := json.Unmarshal(content, &states); err != nil {
		return nil, fmt.Errorf("reading the states: %w", err)
	}
	return states, nil
}

func writeStates(path string, states []state) error {
	content, err := json.Marshal(states)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the states: %w", err)
	}
	return nil
}
