// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"maps"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// attributes are lines of a configuration.
type attributes = map[string]tftypes.Value

func text(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

// instance is one resource in a state: what Terraform keeps from one run to the next.
type instance struct {
	kind    string                  // such as "helpcrunch_customer"
	state   *tfprotov6.DynamicValue // nil for none
	private []byte
}

// exists reports whether the state has the resource.
func (i instance) exists() bool { return i.state != nil }

// attribute is one of the state, "" for null.
func (c *client) attribute(i instance, name string) (value string) {
	c.Helper()
	found := c.attributes(i.state, c.schemas.ResourceSchemas[i.kind].ValueType())[name]
	if found.IsNull() {
		return ""
	}
	if err := found.As(&value); err != nil {
		c.Fatal(err)
	}
	return value
}

// priorOf is the state of an instance for a request.
func (c *client) priorOf(i instance) *tfprotov6.DynamicValue {
	c.Helper()
	if i.exists() {
		return i.state
	}
	return c.none(i.kind)
}

// none is no object of this kind.
func (c *client) none(kind string) *tfprotov6.DynamicValue {
	c.Helper()
	object := c.schemas.ResourceSchemas[kind].ValueType()
	value, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, nil))
	if err != nil {
		c.Fatal(err)
	}
	return &value
}

// after is the instance with what a call has answered.
func (c *client) after(i instance, state *tfprotov6.DynamicValue, private []byte) instance {
	c.Helper()
	i.state, i.private = nil, private
	if state == nil {
		return i
	}
	object, err := state.Unmarshal(c.schemas.ResourceSchemas[i.kind].ValueType())
	if err != nil {
		c.Fatal(err)
	}
	if !object.IsNull() {
		i.state = state
	}
	return i
}

// imported is what an import of this id leaves in the state, the read that
// follows it included.
func (c *client) imported(kind, id string) instance {
	c.Helper()
	answer, err := c.server.ImportResourceState(c.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
	if err != nil || len(answer.Diagnostics) > 0 {
		c.Fatal(err, saidOverProtocol(answer.Diagnostics))
	}
	found := answer.ImportedResources[0]
	i, said := c.read(instance{kind, found.State, found.Private})
	if said != "" || !i.exists() {
		c.Fatal(said)
	}
	return i
}

// read refreshes an instance. It returns what the provider said.
func (c *client) read(i instance) (instance, string) {
	c.Helper()
	answer, err := c.server.ReadResource(c.Context(), &tfprotov6.ReadResourceRequest{TypeName: i.kind, CurrentState: i.state, Private: i.private})
	if err != nil {
		c.Fatal(err)
	}
	return c.after(i, answer.NewState, answer.Private), saidOverProtocol(answer.Diagnostics)
}

// promise is what Terraform promises to do.
type promise struct {
	config, state *tfprotov6.DynamicValue
	private       []byte
}

// plan plans an instance for a configuration, nil for none.
func (c *client) plan(i instance, config attributes) (promise, string) {
	c.Helper()
	schema := c.schemas.ResourceSchemas[i.kind]
	p := promise{config: c.none(i.kind), state: c.none(i.kind)}
	if config != nil {
		proposed := maps.Clone(config)
		if i.exists() {
			held := c.attributes(i.state, schema.ValueType())
			for _, attribute := range schema.Block.Attributes {
				if _, written := config[attribute.Name]; attribute.Computed && !written {
					proposed[attribute.Name] = held[attribute.Name]
				}
			}
		}
		p.config, p.state = c.object(schema, config), c.object(schema, proposed)
	}
	answer, err := c.server.PlanResourceChange(c.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: i.kind, PriorState: c.priorOf(i), PriorPrivate: i.private, Config: p.config, ProposedNewState: p.state,
	})
	if err != nil {
		c.Fatal(err)
	}
	p.state, p.private = answer.PlannedState, answer.PlannedPrivate
	return p, saidOverProtocol(answer.Diagnostics)
}

// carryOut applies what was planned.
func (c *client) carryOut(i instance, p promise) (instance, string) {
	c.Helper()
	answer, err := c.server.ApplyResourceChange(c.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: i.kind, PriorState: c.priorOf(i), Config: p.config, PlannedState: p.state, PlannedPrivate: p.private,
	})
	if err != nil {
		c.Fatal(err)
	}
	return c.after(i, answer.NewState, answer.Private), saidOverProtocol(answer.Diagnostics)
}

// apply plans an instance for a configuration, and carries that out. What was
// said while planning is left out.
func (c *client) apply(i instance, config attributes) (instance, string) {
	c.Helper()
	p, _ := c.plan(i, config)
	return c.carryOut(i, p)
}

// created is a new instance of this kind.
func (c *client) created(kind string, config attributes) instance {
	c.Helper()
	i, said := c.apply(instance{kind: kind}, config)
	if said != "" || !i.exists() {
		c.Fatal(said)
	}
	return i
}

// destroy plans that an instance goes, and carries that out: what was said of
// the one, and of the other.
func (c *client) destroy(i instance) (after instance, plan, apply string) {
	c.Helper()
	p, plan := c.plan(i, nil)
	after, apply = c.carryOut(i, p)
	return after, plan, apply
}

// replaced destroys an instance as Terraform does in a replacement: without
// having asked, and without the private state where it is tainted.
func (c *client) replaced(i instance, tainted bool) (instance, string) {
	c.Helper()
	p := promise{config: c.none(i.kind), state: c.none(i.kind), private: i.private}
	if tainted {
		p.private = nil
	}
	return c.carryOut(i, p)
}

func number(value int) tftypes.Value { return tftypes.NewValue(tftypes.Number, value) }

// aged is the instance as if everything in it had been written so long ago.
func (c *client) aged(i instance, ago time.Duration) instance {
	c.Helper()
	i.private = aged(c.T, i.private, ago)
	return i
}

// without is the instance as a version of the provider left it that did not
// know these attributes.
func (c *client) without(i instance, names ...string) instance {
	c.Helper()
	schema := c.schemas.ResourceSchemas[i.kind]
	held := c.attributes(i.state, schema.ValueType())
	for _, name := range names {
		held[name] = tftypes.NewValue(held[name].Type(), nil)
	}
	i.state = c.object(schema, held)
	return i
}

// number is an attribute that is a string of digits.
func (c *client) number(i instance, name string) int64 {
	c.Helper()
	n, err := strconv.ParseInt(c.attribute(i, name), 10, 64)
	if err != nil {
		c.Fatal(err)
	}
	return n
}
