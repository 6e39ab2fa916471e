// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
)

// runRealSteps runs the steps with the real Terraform CLI. After each apply the
// test kit itself expects an empty plan.
func runRealSteps(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: steps})
}

// runSteps runs the steps as the test kit does, with the Terraform in process: what
// it does in a dozen starts of Terraform a step. Of a step it knows what is used
// here; what it does not know (imports, outputs, other providers) fails.
func runSteps(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	s := newStage(t, nil)
	for i := range steps {
		s.step(&steps[i])
	}
	if len(s.kept.Addresses()) == 0 {
		return
	}
	if out := s.destroy(); out.err != nil || len(s.kept.Addresses()) > 0 {
		t.Fatalf("the destroy at the end: %v", out.err)
	}
}

func (s *stage) step(step *resource.TestStep) {
	s.Helper()
	if step.ImportState || step.Destroy || step.RefreshState || step.ExpectNonEmptyPlan || step.Check != nil && step.ExpectError != nil {
		s.Fatal("a step that needs the real Terraform")
	}
	if step.PreConfig != nil {
		step.PreConfig()
	}
	for _, address := range step.Taint {
		s.kept.Taint(address, true)
	}
	s.config = step.Config
	if data, err := s.applied(step); err != nil || step.ExpectError != nil {
		if err == nil || step.ExpectError == nil || !step.ExpectError.MatchString(err.Error()) {
			s.Fatalf("the step ends with: %v\nwant: %v", err, step.ExpectError)
		}
	} else if !step.PlanOnly {
		s.check(step, data)
	}
}

// applied plans and applies a step. It returns what its data sources read.
func (s *stage) applied(step *resource.TestStep) (data map[string]tftypes.Value, err error) {
	s.Helper()
	process, written, err := s.start()
	if err != nil {
		return nil, err
	}
	data = make(map[string]tftypes.Value)
	var problems core.Problems
	for _, block := range written.Data {
		value, more := process.ReadData(s.Context(), &block)
		data[block.Address], problems = value, append(problems, more...)
	}
	options := core.Options{Imports: written.Imports}
	plan := process.Plan(s.Context(), s.kept, written.Blocks, options)
	if problems = append(problems, plan.Problems...); problems.Err() != nil {
		return nil, shown(problems, written)
	}
	if step.PlanOnly {
		if !plan.IsEmpty() {
			s.Fatal("the plan is not empty")
		}
		return nil, nil
	}
	request := plancheck.CheckPlanRequest{Plan: &tfjson.Plan{}}
	for _, change := range plan.Changes {
		actions := tfjson.Actions{}
		for action := range strings.SplitSeq(string(change.Action), ", ") {
			actions = append(actions, tfjson.Action(action))
		}
		request.Plan.ResourceChanges = append(request.Plan.ResourceChanges, &tfjson.ResourceChange{
			Address: change.Address, Type: change.Type, Change: &tfjson.Change{Actions: actions},
		})
	}
	for _, check := range step.ConfigPlanChecks.PreApply {
		var response plancheck.CheckPlanResponse
		if check.CheckPlan(s.Context(), request, &response); response.Error != nil {
			s.Fatalf("the plan: %v", response.Error)
		}
	}
	process, _ = s.process()
	if problems = process.Apply(s.Context(), s.kept, plan, options); problems.Err() != nil {
		return nil, shown(problems, written)
	}
	return data, nil
}

// check looks at what a step has left.
func (s *stage) check(step *resource.TestStep, data map[string]tftypes.Value) {
	s.Helper()
	if step.Check != nil {
		if err := step.Check(nil); err != nil {
			s.Fatal(err)
		}
	}
	request := statecheck.CheckStateRequest{State: s.values(data)}
	for _, check := range step.ConfigStateChecks {
		var response statecheck.CheckStateResponse
		if check.CheckState(s.Context(), request, &response); response.Error != nil {
			s.Fatalf("the state: %v", response.Error)
		}
	}
	if step.PostApplyFunc != nil {
		step.PostApplyFunc()
	}
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		s.Fatalf("the plan afterwards: %v %v", out.planned, out.err)
	}
}

// values are the state as terraform show prints it.
func (s *stage) values(data map[string]tftypes.Value) *tfjson.State {
	s.Helper()
	schemas := schemasOf(s.T)
	module := &tfjson.StateModule{}
	add := func(address, kind string, value tftypes.Value, schema *tfprotov6.Schema) {
		content, err := core.Shown(value, schema)
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.UseNumber()
		one := &tfjson.StateResource{Address: address, Type: kind}
		if err == nil {
			err = decoder.Decode(&one.AttributeValues)
		}
		if err != nil {
			s.Fatal(err)
		}
		module.Resources = append(module.Resources, one)
	}
	for _, address := range s.kept.Addresses() {
		object := s.kept.Get(address)
		add(address, object.Type, object.Value, schemas.ResourceSchemas[object.Type])
	}
	for address, value := range data {
		kind := strings.Split(address, ".")[1]
		add(address, kind, value, schemas.DataSourceSchemas[kind])
	}
	return &tfjson.State{Values: &tfjson.StateValues{RootModule: module}}
}

// shown are the errors as Terraform prints them.
func shown(problems core.Problems, written *core.Configuration) error {
	var text strings.Builder
	for _, problem := range problems.Errors() {
		fmt.Fprintf(&text, "Error: %s\n\n  with %s,\n%s\n\n%s\n\n", problem.Summary, problem.Address,
			written.Excerpt(problem.Address, rootOf(problem.Attribute)), problem.Detail)
	}
	return fmt.Errorf("%s", text.String())
}

// rootOf is the attribute in which a path begins.
func rootOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, `AttributeName("`), `"`)
	return name
}
