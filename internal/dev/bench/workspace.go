// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
)

// workspace is where the real Terraform CLI plays the acts.
type workspace struct {
	*terraformcli.Workspace

	account *account // nil = the idle provider's, which has none
	plan    string   // of the customers
}

// newWorkspace lets Terraform run in a folder with a program as its provider.
// A folder can have several, which share the state.
func (s *stage) newWorkspace(ctx context.Context, folder, program string, a *account, settings map[string]string) (*workspace, error) {
	terraform, err := terraformcli.NewWorkspace(ctx, s.terraform, s.mirror, folder, s.environment(program, settings))
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" {
		if err := terraform.SetWaitDelay(stopTimeout); err != nil {
			return nil, err
		}
	}
	return &workspace{Workspace: terraform, account: a, plan: firstPlan}, nil
}

// play does an act.
func (w *workspace) play(ctx context.Context, a act, parallelism int) error {
	side := tfexec.Parallelism(parallelism)
	value := tfexec.Var("plan=" + w.plan)
	var diags []tfjson.Diagnostic
	var err error
	switch a {
	case create, drift:
		diags, err = w.Apply(ctx, side, value)
	case plan:
		var changes bool
		if changes, err = w.PlanJSON(ctx, io.Discard, side, value); changes {
			err = errors.New("the plan has changes")
		}
	case update:
		// A plan has just read everything: what is measured here is the writes.
		diags, err = w.Apply(ctx, side, value, tfexec.Refresh(false))
	case destroy:
		diags, err = w.Destroy(ctx, side, value, tfexec.Refresh(false))
	}
	if err != nil {
		for _, d := range diags {
			err = errors.Join(err, fmt.Errorf("%s: %s\n%s", d.Severity, d.Summary, d.Detail))
		}
		return fmt.Errorf("%s: %w", titles[a], err)
	}
	if w.account != nil {
		return w.account.check(a, w.plan)
	}
	return nil
}

// nextPlan gives the customers another plan, for an update.
func (w *workspace) nextPlan() {
	w.plan = map[string]string{firstPlan: secondPlan, secondPlan: firstPlan}[w.plan]
}

// updateCommand does what play does for an update, when it is started.
func (w *workspace) updateCommand(ctx context.Context, parallelism int) *exec.Cmd {
	return w.Command(ctx, "apply", "-json", "-auto-approve", "-refresh=false", fmt.Sprintf("-parallelism=%d", parallelism), "-var=plan="+w.plan)
}

// changeByHand makes the state differ from the world.
func (w *workspace) changeByHand() error {
	if w.account != nil {
		return w.account.changeByHand()
	}
	return w.changeState()
}

const stateFile = "terraform.tfstate"

// changeState changes one customer in a hundred in the state: the idle
// provider has no other memory.
func (w *workspace) changeState() error {
	return editState(w.WorkingDir(), w.WorkingDir(), func(i int, instance map[string]any) {
		if attributes, ok := instance["attributes"].(map[string]any); ok && i%driftEvery == 0 {
			attributes["name"] = strangeName
		}
	})
}

// copyState gives the idle provider the customers of the real one, without the
// private data: one that does nothing keeps nothing.
func copyState(from, to string) error {
	return editState(from, to, func(_ int, instance map[string]any) { delete(instance, "private") })
}

// editState writes the state of one folder into another, edited, with the white
// space that Terraform gives it. Terraform carries that along with what it does
// not write anew, so that an update is the slower for it.
func editState(from, to string, edit func(i int, instance map[string]any)) error {
	content, err := os.ReadFile(filepath.Join(from, stateFile))
	if err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	var state map[string]any
	if err := json.Unmarshal(content, &state); err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	customers := 0
	resources, _ := state["resources"].([]any)
	for _, resource := range resources {
		resource, _ := resource.(map[string]any)
		instances, _ := resource["instances"].([]any)
		for i, instance := range instances {
			if instance, ok := instance.(map[string]any); ok {
				edit(i, instance)
				customers++
			}
		}
	}
	if customers == 0 {
		return errors.New("the state has no customer")
	}
	if content, err = json.MarshalIndent(state, "", "  "); err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	if err := os.WriteFile(filepath.Join(to, stateFile), content, 0o600); err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	return nil
}
