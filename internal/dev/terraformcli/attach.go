// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package terraformcli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
)

// reattachEnv tells Terraform of providers that run already.
const reattachEnv = "TF_REATTACH_PROVIDERS"

// Attach starts the provider once, until ctx ends, for all plans, applies and destroys
// in this workspace that follow: Terraform would start it four times for an apply, which
// takes longer than the rest. It has the environment that the workspace was made with.
func (w *Workspace) Attach(ctx context.Context, mirror *Mirror) error {
	provider := exec.CommandContext(ctx, mirror.binary, "-debug")
	provider.Env = w.env
	output, err := provider.StdoutPipe()
	if err == nil {
		err = provider.Start()
	}
	if err != nil {
		return fmt.Errorf("starting the provider: %w", err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		_, told, ok := strings.Cut(lines.Text(), reattachEnv+"='")
		if !ok {
			continue
		}
		told = strings.TrimSuffix(told, "'")
		var of tfexec.ReattachInfo
		if err := json.Unmarshal([]byte(told), &of); err != nil {
			return fmt.Errorf("reading how the provider is reached: %w", err)
		}
		w.attached = make(tfexec.ReattachInfo)
		for _, config := range of {
			for _, registry := range registries {
				w.attached[registry+"/"+providerAddress] = config
			}
		}
		text, err := json.Marshal(w.attached)
		if err != nil {
			return fmt.Errorf("saying how the provider is reached: %w", err)
		}
		w.env = append(w.env, reattachEnv+"="+string(text))
		go func() {
			_, _ = io.Copy(io.Discard, output)
			_ = provider.Wait() // it is killed
		}()
		return nil
	}
	return errors.Join(errors.New("the provider does not say how it is reached"), provider.Wait())
}

// ApplyJSON is that of tfexec, with the provider that is attached.
func (w *Workspace) ApplyJSON(ctx context.Context, output io.Writer, options ...tfexec.ApplyOption) error {
	return w.Terraform.ApplyJSON(ctx, output, append(options, tfexec.Reattach(w.attached))...)
}

// PlanJSON is that of tfexec, with the provider that is attached.
func (w *Workspace) PlanJSON(ctx context.Context, output io.Writer, options ...tfexec.PlanOption) (bool, error) {
	return w.Terraform.PlanJSON(ctx, output, append(options, tfexec.Reattach(w.attached))...)
}

// DestroyJSON is that of tfexec, with the provider that is attached.
func (w *Workspace) DestroyJSON(ctx context.Context, output io.Writer, options ...tfexec.DestroyOption) error {
	return w.Terraform.DestroyJSON(ctx, output, append(options, tfexec.Reattach(w.attached))...)
}

// Import is that of tfexec, with the provider that is attached.
func (w *Workspace) Import(ctx context.Context, address, id string, options ...tfexec.ImportOption) error {
	return w.Terraform.Import(ctx, address, id, append(options, tfexec.Reattach(w.attached))...)
}

// Show is that of tfexec, with the provider that is attached.
func (w *Workspace) Show(ctx context.Context) (*tfjson.State, error) {
	return w.Terraform.Show(ctx, tfexec.Reattach(w.attached))
}
