// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// DefaultParallelism is how many resources Terraform works on at a time.
const DefaultParallelism = 10

// Options are those of a plan or an apply.
type Options struct {
	Parallelism int           // 0 = DefaultParallelism
	Pace        time.Duration // between the beginnings of two resources
	NoRefresh   bool
	RefreshOnly bool              // plan nothing
	Destroy     bool              // plan as if the configuration were empty
	Replace     []string          // addresses
	Imports     map[string]string // import blocks: address → id
	// Killed, unless nil, reports whether Terraform has been killed: what the
	// provider answers then reaches no state.
	Killed func() bool
	// Observe, unless nil, is called before and after each change of an apply.
	Observe func(change *Change, problems Problems, begins bool)
}

func (o Options) killed() bool { return o.Killed != nil && o.Killed() }

// halted reports whether nothing new may begin.
func (o Options) halted(ctx context.Context) func() bool {
	return func() bool { return ctx.Err() != nil || o.killed() }
}

// Action is what a plan does with a resource.
type Action string

// The actions, as terraform show -json names them.
const (
	NoOp             Action = "no-op"
	Create           Action = "create"
	Update           Action = "update"
	Delete           Action = "delete"
	DeleteThenCreate Action = "delete, create"
	CreateThenDelete Action = "create, delete"
)

func (a Action) replaces() bool { return a == DeleteThenCreate || a == CreateThenDelete }

// Change is what a plan does with one resource.
type Change struct {
	Address string
	Type    string
	Action  Action
	Deposed bool // it is the deposed object of the address that is deleted
	Prior   tftypes.Value
	Planned tftypes.Value

	block    *Block
	force    bool
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

// Plan is what an apply would do.
type Plan struct {
	Changes  []*Change // by address, those without an action too
	Problems Problems
	// State is the state as the refresh found it. An apply begins with it.
	State *State
}

// Change returns what happens to an address, nil where nothing is known of it.
func (p *Plan) Change(address string) *Change {
	for _, c := range p.Changes {
		if c.Address == address && !c.Deposed {
			return c
		}
	}
	return nil
}

// IsEmpty reports whether there is nothing to do.
func (p *Plan) IsEmpty() bool {
	return !slices.ContainsFunc(p.Changes, func(c *Change) bool { return c.Action != NoOp })
}

// planning is a plan on its way.
type planning struct {
	*Process
	Options
	ctx    context.Context
	blocks map[string]*Block

	mu   sync.Mutex
	plan *Plan
}

// Plan refreshes a state and plans what a configuration needs. The state that
// is handed in stays as it is.
func (p *Process) Plan(ctx context.Context, state *State, blocks []Block, o Options) *Plan {
	run := &planning{Process: p, Options: o, ctx: ctx, blocks: make(map[string]*Block), plan: &Plan{State: state.Clone()}}
	nodes := make(map[string]*node)
	var ordered []*node
	add := func(address string, work func() Problems) {
		n := &node{run: func() bool { return run.note(work()) }}
		nodes[address] = n
		ordered = append(ordered, n)
	}
	if !o.Destroy {
		for i := range blocks {
			block := &blocks[i]
			run.blocks[block.Address] = block
			add(block.Address, func() Problems { return run.planBlock(block) })
		}
	}
	for _, address := range state.Addresses() {
		if run.blocks[address] == nil {
			add(address, func() Problems { return run.planOrphan(address, false) })
		}
	}
	for _, address := range state.DeposedAddresses() {
		ordered = append(ordered, &node{run: func() bool { return run.note(run.planOrphan(address, true)) }})
	}
	for address, block := range run.blocks {
		for _, other := range block.dependsOn() {
			if n := nodes[other]; n != nil {
				nodes[address].after = append(nodes[address].after, n)
			}
		}
	}
	walk(ordered, o.Parallelism, o.Pace, o.halted(ctx))
	if o.halted(ctx)() && run.plan.Problems.Err() == nil {
		run.note(Problems{wrong("", "Interrupted", "The plan was interrupted.")})
	}
	slices.SortStableFunc(run.plan.Changes, compare)
	return run.plan
}

func compare(a, b *Change) int {
	switch {
	case a.Address < b.Address:
		return -1
	case a.Address > b.Address:
		return 1
	}
	return 0
}

func (run *planning) note(problems Problems) bool {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.plan.Problems = append(run.plan.Problems, problems...)
	return len(problems.Errors()) == 0
}

func (run *planning) keep(c *Change) {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.plan.Changes = append(run.plan.Changes, c)
}

// refresh reads the object of an address anew.
func (run *planning) refresh(address string, deposed bool) (*Object, Problems) {
	state := run.plan.State
	get, set := state.Get, state.Set
	if deposed {
		get, set = state.Deposed, state.SetDeposed
	}
	object := get(address)
	var problems Problems
	id, wanted := run.Imports[address]
	if object == nil && wanted && !deposed {
		var found *Object
		if found, problems = run.Import(run.ctx, address, run.blocks[address].Type, id); found != nil {
			set(address, found)
		}
		return found, problems
	}
	if object == nil || run.NoRefresh {
		return object, nil
	}
	read, problems := run.read(run.ctx, address, object)
	if problems.Err() == nil {
		set(address, read)
	}
	return read, problems
}

// read is a refresh of one object; nil where it is gone.
func (p *Process) read(ctx context.Context, address string, o *Object) (*Object, Problems) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	schema := p.schema(o.Type)
	current, err := encode(schema, o.Value)
	if err != nil {
		return nil, said(address, nil, err)
	}
	answer, err := p.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: o.Type, CurrentState: current, Private: o.Private, CurrentIdentity: o.Identity,
	})
	if err != nil {
		return nil, said(address, nil, err)
	}
	problems := said(address, answer.Diagnostics, nil)
	if problems.Err() != nil {
		return o, problems
	}
	value, err := decode(schema, answer.NewState)
	switch {
	case err != nil:
		return o, append(problems, wrong(address, InvalidObject, err.Error()))
	case !value.IsFullyKnown():
		return o, append(problems, wrong(address, InvalidObject, "The returned state contains unknown values"))
	case value.IsNull():
		return nil, problems
	}
	read := *o
	read.Value, read.Private, read.Identity = value, answer.Private, answer.NewIdentity
	return &read, problems
}

// Import finds an object by an import id and reads it.
func (p *Process) Import(ctx context.Context, address, kind, id string) (*Object, Problems) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := p.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
	if err != nil {
		return nil, said(address, nil, err)
	}
	problems := said(address, answer.Diagnostics, nil)
	if problems.Err() != nil {
		return nil, problems
	}
	if len(answer.ImportedResources) != 1 {
		return nil, append(problems, wrong(address, InvalidObject, fmt.Sprintf("%d resources were imported", len(answer.ImportedResources))))
	}
	found := answer.ImportedResources[0]
	value, err := decode(p.schema(kind), found.State)
	if err != nil {
		return nil, append(problems, said(address, nil, err)...)
	}
	read, more := p.read(ctx, address, &Object{Type: kind, Value: value, Private: found.Private, Identity: found.Identity})
	problems = append(problems, more...)
	switch {
	case problems.Err() != nil:
		return nil, problems
	case read == nil:
		return nil, append(problems, wrong(address, NonExistent, "While attempting to import, the provider detected that no object exists with the given id."))
	}
	return read, problems
}

// ReadData reads a data source.
func (p *Process) ReadData(ctx context.Context, block *Block) (tftypes.Value, Problems) {
	schema := p.schemas.DataSourceSchemas[block.Type]
	config, err := encode(schema, object(schema, block.Attributes))
	if err != nil {
		return tftypes.Value{}, said(block.Address, nil, err)
	}
	valid, err := p.server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: block.Type, Config: config})
	if err != nil {
		return tftypes.Value{}, said(block.Address, nil, err)
	}
	problems := said(block.Address, valid.Diagnostics, nil)
	if problems.Err() != nil {
		return tftypes.Value{}, problems
	}
	answer, err := p.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: block.Type, Config: config})
	if err != nil {
		return tftypes.Value{}, append(problems, said(block.Address, nil, err)...)
	}
	if problems = append(problems, said(block.Address, answer.Diagnostics, nil)...); problems.Err() != nil {
		return tftypes.Value{}, problems
	}
	value, err := decode(schema, answer.State)
	return value, append(problems, said(block.Address, nil, err)...)
}

// planOrphan plans the deletion of what the configuration does not have.
func (run *planning) planOrphan(address string, deposed bool) Problems {
	object, problems := run.refresh(address, deposed)
	if problems.Err() != nil || object == nil || run.RefreshOnly {
		return problems
	}
	change, more := run.planDestroy(run.ctx, address, object)
	problems = append(problems, more...)
	if problems.Err() == nil {
		change.Deposed = deposed
		run.keep(change)
	}
	return problems
}

func (p *Process) planDestroy(ctx context.Context, address string, o *Object) (*Change, Problems) {
	schema := p.schema(o.Type)
	nothing := null(schema)
	answer, problems := p.askForPlan(ctx, address, o.Type, o.Value, nothing, nothing, o.Private, o.Identity)
	if problems.Err() != nil {
		return nil, problems
	}
	if planned, err := decode(schema, answer.PlannedState); err != nil || !planned.IsNull() {
		return nil, append(problems, wrong(address, InvalidPlan, "The provider planned a non-null destroy value"))
	}
	return &Change{Address: address, Type: o.Type, Action: Delete, Prior: o.Value, Planned: nothing, private: answer.PlannedPrivate}, problems
}

// planBlock plans what the configuration has.
func (run *planning) planBlock(block *Block) Problems {
	prior, problems := run.refresh(block.Address, false)
	if problems.Err() != nil || run.RefreshOnly {
		return problems
	}
	force := slices.Contains(run.Replace, block.Address)
	config, err := run.config(block)
	if err != nil {
		return append(problems, wrong(block.Address, InvalidConfiguration, err.Error()))
	}
	change, more := run.planChange(run.ctx, block, config, prior, nil, force)
	problems = append(problems, more...)
	if problems.Err() == nil {
		run.keep(change)
	}
	return problems
}

// config is what a configuration says as far as it is known while planning.
func (run *planning) config(block *Block) (tftypes.Value, error) {
	return run.Process.config(block, func(address string) (tftypes.Value, bool) {
		run.mu.Lock()
		defer run.mu.Unlock()
		if c := run.plan.Change(address); c != nil {
			return c.Planned, true
		}
		return tftypes.Value{}, false
	})
}

// config is what a configuration says; other resources are looked up.
func (p *Process) config(block *Block, lookUp func(address string) (tftypes.Value, bool)) (tftypes.Value, error) {
	if block.evaluate != nil {
		attributes, err := block.evaluate(lookUp)
		return object(p.schema(block.Type), attributes), err
	}
	attributes := maps.Clone(block.Attributes)
	if attributes == nil {
		attributes = make(map[string]tftypes.Value)
	}
	for name, reference := range block.References {
		other, _ := lookUp(reference.Address)
		value, ok := Attributes(other)[reference.Attribute]
		if !ok {
			value = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
		}
		attributes[name] = value
	}
	for name, value := range block.Ephemeral {
		attributes[name] = value()
	}
	return object(p.schema(block.Type), attributes), nil
}

// ignoring is a configuration in which what the lifecycle ignores is as in the
// state. Terraform plans with it, and applies with what is written.
func (p *Process) ignoring(block *Block, prior, config tftypes.Value) tftypes.Value {
	if prior.IsNull() || len(block.IgnoreChanges) == 0 {
		return config
	}
	attributes, held := maps.Clone(Attributes(config)), Attributes(prior)
	for _, name := range block.IgnoreChanges {
		attributes[name] = held[name]
	}
	return object(p.schema(block.Type), attributes)
}

// planChange plans one resource, as in a plan and once more in its apply.
func (p *Process) planChange(ctx context.Context, block *Block, config tftypes.Value, prior *Object, earlier *Change, force bool) (*Change, Problems) {
	schema := p.schema(block.Type)
	encoded, err := encode(schema, config)
	if err != nil {
		return nil, said(block.Address, nil, err)
	}
	valid, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: block.Type, Config: encoded,
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		return nil, said(block.Address, nil, err)
	}
	problems := said(block.Address, valid.Diagnostics, nil)
	if problems.Err() != nil {
		return nil, problems
	}

	// A tainted object is planned as one that does not exist: the provider is
	// shown neither it nor its private state.
	before, private, tainted := null(schema), []byte(nil), false
	var identity *tfprotov6.ResourceIdentityData
	if prior != nil {
		if tainted = prior.Tainted; !tainted {
			before, private, identity = prior.Value, prior.Private, prior.Identity
		}
	}
	config = p.ignoring(block, before, config)
	change := &Change{Address: block.Address, Type: block.Type, Prior: before, block: block, force: force}
	answer, more := p.askForPlan(ctx, block.Address, block.Type, before, proposed(schema, before, config), config, private, identity)
	problems = append(problems, more...)
	if problems.Err() != nil {
		return nil, problems
	}
	planned, err := decode(schema, answer.PlannedState)
	if err != nil {
		return nil, append(problems, wrong(block.Address, InvalidPlan, err.Error()))
	}
	if why := invalidPlan(schema, before, config, planned); why != "" {
		return nil, append(problems, wrong(block.Address, InvalidPlan, why))
	}
	switch {
	case before.IsNull():
		change.Action = Create
	case force || requiresReplace(answer.RequiresReplace, before, planned):
		change.Action = DeleteThenCreate
	case equal(before, planned):
		change.Action = NoOp
	default:
		change.Action = Update
	}
	if change.Action == DeleteThenCreate {
		nothing := null(schema)
		answer, more = p.askForPlan(ctx, block.Address, block.Type, nothing, proposed(schema, nothing, config), config, answer.PlannedPrivate, answer.PlannedIdentity)
		if more.Err() != nil {
			return nil, append(problems, more...)
		}
		if planned, err = decode(schema, answer.PlannedState); err != nil {
			return nil, append(problems, wrong(block.Address, InvalidPlan, err.Error()))
		}
	}
	if tainted {
		change.Action, change.Prior = DeleteThenCreate, prior.Value
	}
	if change.Action == DeleteThenCreate && block.CreateBeforeDestroy {
		change.Action = CreateThenDelete
	}
	if earlier != nil && earlier.Action.replaces() && change.Action == Create {
		change.Action, change.Prior = earlier.Action, earlier.Prior // its object is deleted already
	}
	change.Planned, change.private, change.identity = planned, answer.PlannedPrivate, answer.PlannedIdentity
	return change, problems
}

func (p *Process) askForPlan(ctx context.Context, address, kind string, prior, proposed, config tftypes.Value, private []byte, identity *tfprotov6.ResourceIdentityData) (*tfprotov6.PlanResourceChangeResponse, Problems) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	schema := p.schema(kind)
	request := &tfprotov6.PlanResourceChangeRequest{TypeName: kind, PriorPrivate: private, PriorIdentity: identity}
	for _, part := range []struct {
		to    **tfprotov6.DynamicValue
		value tftypes.Value
	}{{&request.PriorState, prior}, {&request.ProposedNewState, proposed}, {&request.Config, config}} {
		var err error
		if *part.to, err = encode(schema, part.value); err != nil {
			return nil, said(address, nil, err)
		}
	}
	answer, err := p.server.PlanResourceChange(ctx, request)
	if err != nil {
		return nil, said(address, nil, err)
	}
	return answer, said(address, answer.Diagnostics, nil)
}

// proposed is the configuration with what is computed taken from the state, and
// without what is write-only.
func proposed(schema *tfprotov6.Schema, prior, config tftypes.Value) tftypes.Value {
	if config.IsNull() {
		return config
	}
	attributes, held := maps.Clone(Attributes(config)), Attributes(prior)
	for _, a := range schema.Block.Attributes {
		if a.WriteOnly {
			delete(attributes, a.Name)
		}
		if !prior.IsNull() && a.Computed && attributes[a.Name].IsNull() {
			attributes[a.Name] = held[a.Name]
		}
	}
	return object(schema, attributes)
}

// invalidPlan says what a provider may not plan: anything but what the
// configuration or the state says, unless it computes the attribute itself.
func invalidPlan(schema *tfprotov6.Schema, prior, config, planned tftypes.Value) string {
	if planned.IsNull() {
		return "planned for absence but config wants existence"
	}
	before, wanted, plan := Attributes(prior), Attributes(config), Attributes(planned)
	for _, a := range schema.Block.Attributes {
		value := plan[a.Name]
		switch {
		case a.WriteOnly && value.IsNull():
		case a.WriteOnly:
			return a.Name + ": a write-only attribute must be null"
		case equal(value, wanted[a.Name]):
		case !wanted[a.Name].IsNull() && !before[a.Name].IsNull() && before[a.Name].Type() != nil && equal(value, before[a.Name]):
		case a.Computed && (!a.Optional || wanted[a.Name].IsNull()):
		default:
			return fmt.Sprintf("%s: planned value %s does not match config value %s nor prior value %s", a.Name, value, wanted[a.Name], before[a.Name])
		}
	}
	return ""
}

// requiresReplace reports whether one of the attributes that cannot be updated changes.
func requiresReplace(paths []*tftypes.AttributePath, prior, planned tftypes.Value) bool {
	before, plan := Attributes(prior), Attributes(planned)
	for _, path := range paths {
		steps := path.Steps()
		if len(steps) == 0 {
			continue
		}
		if name, ok := steps[0].(tftypes.AttributeName); ok && !equal(before[string(name)], plan[string(name)]) {
			return true
		}
	}
	return false
}
