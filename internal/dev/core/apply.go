// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// applying is an apply on its way.
type applying struct {
	*Process
	Options
	ctx   context.Context
	state *State

	mu       sync.Mutex
	problems Problems
}

// Apply carries a plan out. The state is the one that remains afterwards: it
// becomes the refreshed one of the plan, and then what each change leaves.
//
// A context that is cancelled is Terraform's Ctrl-C: every call is told at
// once, and nothing new begins.
func (p *Process) Apply(ctx context.Context, state *State, plan *Plan, o Options) Problems {
	run := &applying{Process: p, Options: o, ctx: ctx, state: state}
	refreshed := plan.State.Clone()
	state.mu.Lock()
	state.current, state.deposed = refreshed.current, refreshed.deposed
	state.mu.Unlock()

	creators, destroyers := make(map[string]*node), make(map[string]*node)
	var ordered []*node
	for _, c := range plan.Changes {
		work := func(do func(*Change) Problems) *node {
			n := &node{run: func() bool { return run.note(c, do) }}
			ordered = append(ordered, n)
			return n
		}
		switch c.Action {
		case NoOp:
		case Create, Update:
			creators[c.Address] = work(run.apply)
		case Delete:
			n := work(run.destroy)
			if !c.Deposed {
				destroyers[c.Address] = n
			}
		case DeleteThenCreate:
			destroyers[c.Address] = work(run.destroy)
			creators[c.Address] = work(run.apply)
			creators[c.Address].after = []*node{destroyers[c.Address]}
		case CreateThenDelete:
			creators[c.Address] = work(run.apply)
			destroyers[c.Address] = work(run.destroyDeposed)
			destroyers[c.Address].after = []*node{creators[c.Address]}
		}
	}
	for _, c := range plan.Changes {
		if creator := creators[c.Address]; creator != nil && c.block != nil {
			for _, other := range c.block.dependsOn() {
				if before := creators[other]; before != nil {
					creator.after = append(creator.after, before)
				}
				// What a replaced one is replaced before goes last.
				if after := plan.Change(other); after != nil && after.Action == CreateThenDelete {
					destroyers[other].after = append(destroyers[other].after, creator)
				}
			}
		}
		if destroyer := destroyers[c.Address]; destroyer != nil {
			if object := plan.State.Get(c.Address); object != nil {
				for _, other := range object.DependsOn {
					if after := destroyers[other]; after != nil {
						after.after = append(after.after, destroyer)
					}
				}
			}
		}
	}
	walk(ordered, o.Parallelism, o.Pace, o.halted(ctx))
	if o.halted(ctx)() {
		run.problems = append(run.problems, wrong("", "Interrupted", "The apply was interrupted."))
	}
	return run.problems
}

func (run *applying) note(c *Change, do func(*Change) Problems) bool {
	if run.Observe != nil {
		run.Observe(c, nil, true)
	}
	problems := do(c)
	if run.Observe != nil {
		run.Observe(c, problems, false)
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	run.problems = append(run.problems, problems...)
	return len(problems.Errors()) == 0
}

// apply creates or updates a resource.
func (run *applying) apply(c *Change) Problems {
	state := run.state
	if c.Action == CreateThenDelete {
		state.SetDeposed(c.Address, state.Get(c.Address))
		state.Set(c.Address, nil)
	}
	prior := state.Get(c.Address)
	lookUp := func(address string) (tftypes.Value, bool) {
		other := state.Get(address)
		return objectValue(other), other != nil
	}
	config, err := run.config(c.block, lookUp)
	if err != nil {
		return run.restored(c, Problems{wrong(c.Address, InvalidConfiguration, err.Error())})
	}
	if !config.IsFullyKnown() {
		return Problems{wrong(c.Address, ConfigurationIsUnknown, "a value that it refers to is still unknown")}
	}
	// Terraform plans anew with what it has learned, and compares.
	final, problems := run.planChange(run.ctx, c.block, config, prior, c, c.force)
	if problems.Err() != nil {
		return run.restored(c, problems)
	}
	if final.Action != c.Action && !(c.Action == Update && final.Action == NoOp) {
		return run.restored(c, append(problems, wrong(c.Address, InconsistentFinalPlan,
			fmt.Sprintf("The planned action changed from %s to %s.", c.Action, final.Action))))
	}
	if !completes(c.Planned, final.Planned) {
		return run.restored(c, append(problems, wrong(c.Address, InconsistentFinalPlan,
			fmt.Sprintf("Planned was %s, and now is %s.", c.Planned, final.Planned))))
	}
	if final.Action == NoOp {
		return problems
	}
	before := final.Prior
	if c.Action.replaces() {
		before = null(run.schema(c.Type))
	}
	if config, err = run.config(c.block, lookUp); err != nil { // once more: what is ephemeral may have changed
		return run.restored(c, append(problems, wrong(c.Address, InvalidConfiguration, err.Error())))
	}
	object, more := run.carryOut(c, prior, before, config, final.Planned, final.private, final.identity)
	problems = append(problems, more...)
	if run.killed() {
		return problems
	}
	if object != nil {
		object.DependsOn = c.block.dependsOn()
		if problems.Err() != nil && before.IsNull() {
			object.Tainted = true
		}
	}
	state.Set(c.Address, object)
	return run.restored(c, problems)
}

// restored makes a deposed object the current one again where its successor failed.
func (run *applying) restored(c *Change, problems Problems) Problems {
	if c.Action == CreateThenDelete && problems.Err() != nil && run.state.Get(c.Address) == nil && !run.killed() {
		run.state.Set(c.Address, run.state.Deposed(c.Address))
		run.state.SetDeposed(c.Address, nil)
	}
	return problems
}

// destroy deletes the object that a plan has found under an address.
func (run *applying) destroy(c *Change) Problems {
	if c.Deposed {
		return run.destroyDeposed(c)
	}
	object := run.state.Get(c.Address)
	if object == nil {
		return nil
	}
	left, problems := run.carryOut(c, object, object.Value, null(run.schema(c.Type)), null(run.schema(c.Type)), c.private, nil)
	if !run.killed() {
		run.state.Set(c.Address, left)
	}
	return problems
}

// destroyDeposed deletes the object that was replaced. Terraform plans its
// deletion once more just before.
func (run *applying) destroyDeposed(c *Change) Problems {
	object := run.state.Deposed(c.Address)
	if object == nil {
		return nil
	}
	planned, problems := run.planDestroy(run.ctx, c.Address, object)
	if problems.Err() != nil {
		return problems
	}
	nothing := null(run.schema(c.Type))
	left, more := run.carryOut(&Change{Address: c.Address, Type: c.Type, Action: Delete}, object, object.Value, nothing, nothing, planned.private, nil)
	if !run.killed() {
		run.state.SetDeposed(c.Address, left)
	}
	return append(problems, more...)
}

// carryOut calls ApplyResourceChange and judges the answer. It returns what is
// left of the object.
func (run *applying) carryOut(c *Change, object *Object, before, config, planned tftypes.Value, private []byte, identity *tfprotov6.ResourceIdentityData) (*Object, Problems) {
	ctx, cancel := context.WithCancel(run.ctx)
	defer cancel()
	schema := run.schema(c.Type)
	request := &tfprotov6.ApplyResourceChangeRequest{TypeName: c.Type, PlannedPrivate: private, PlannedIdentity: identity}
	for _, part := range []struct {
		to    **tfprotov6.DynamicValue
		value tftypes.Value
	}{{&request.PriorState, before}, {&request.PlannedState, planned}, {&request.Config, config}} {
		var err error
		if *part.to, err = encode(schema, part.value); err != nil {
			return object, said(c.Address, nil, err)
		}
	}
	answer, err := run.server.ApplyResourceChange(ctx, request)
	if err != nil {
		return object, said(c.Address, nil, err)
	}
	problems := said(c.Address, answer.Diagnostics, nil)
	after, err := decode(schema, answer.NewState)
	if err != nil {
		return object, append(problems, wrong(c.Address, InvalidObject, err.Error()))
	}
	if !after.IsFullyKnown() {
		problems = append(problems, wrong(c.Address, InvalidResultObject, "After the apply operation, the provider still indicated an unknown value."))
		return object, problems
	}
	if problems.Err() == nil {
		switch {
		case planned.IsNull() && !after.IsNull():
			problems = append(problems, wrong(c.Address, InvalidResultObject, "Destroying should always produce a null value."))
		case !planned.IsNull() && after.IsNull():
			problems = append(problems, wrong(c.Address, InvalidResultObject, "Only destroying should always produce a null value."))
		case !completes(planned, after):
			problems = append(problems, wrong(c.Address, InconsistentResult, differences(planned, after)))
		}
	}
	switch {
	case after.IsNull() && problems.Err() != nil:
		return object, problems
	case after.IsNull():
		return nil, problems
	}
	left := &Object{Type: c.Type, Value: after, Private: answer.Private, Identity: answer.NewIdentity}
	if object != nil && problems.Err() != nil {
		left.Tainted, left.DependsOn = object.Tainted, object.DependsOn
	}
	return left, problems
}

// differences names the attributes in which a result is not what was planned.
func differences(planned, actual tftypes.Value) string {
	before, after := Attributes(planned), Attributes(actual)
	var all []string
	for name, value := range before {
		if !completes(value, after[name]) {
			all = append(all, fmt.Sprintf("%s: was %s, but now %s", name, value, after[name]))
		}
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

func objectValue(o *Object) tftypes.Value {
	if o == nil {
		return tftypes.Value{}
	}
	return o.Value
}
