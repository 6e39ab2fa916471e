// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package terraformcli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
)

// providerAddress is what the provider is called below the host of a registry.
const providerAddress = "terraform-helpcrunch/helpcrunch"

// Terraform and OpenTofu believe the provider to come from their own registry.
var registries = []string{"registry.terraform.io", "registry.opentofu.org"}

// localVersion is the version of a provider built here, in the mirror: one that the
// constraint of the examples allows.
const localVersion = "0.1.0"

// Mirror is a folder from which terraform init installs a provider built from
// this repository, as it would from the registry.
type Mirror struct {
	dir    string
	binary string // of this repository's provider, where it was built for the mirror
}

// BuildMirror builds the provider of the repository at root into a mirror in dir.
func BuildMirror(ctx context.Context, root, dir string) (*Mirror, error) {
	name := "terraform-provider-helpcrunch_v" + localVersion
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	binary := filepath.Join(dir, "build", name)
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the provider: %w\n%s", err, output)
	}
	for _, registry := range registries {
		platform := filepath.Join(dir, registry, filepath.FromSlash(providerAddress), localVersion, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(platform, 0o755); err != nil {
			return nil, fmt.Errorf("making the mirror: %w", err)
		}
		if err := os.Link(binary, filepath.Join(platform, name)); err != nil {
			return nil, fmt.Errorf("making the mirror: %w", err)
		}
	}
	return &Mirror{dir, binary}, nil
}

// MirrorOf makes a mirror of released zips in dir: those of all platforms.
func MirrorOf(zips []string, dir string) (*Mirror, error) {
	for _, registry := range registries {
		provider := filepath.Join(dir, registry, filepath.FromSlash(providerAddress))
		if err := os.MkdirAll(provider, 0o755); err != nil {
			return nil, fmt.Errorf("making the mirror: %w", err)
		}
		for _, zip := range zips {
			content, err := os.ReadFile(zip)
			if err == nil {
				err = os.WriteFile(filepath.Join(provider, filepath.Base(zip)), content, 0o600)
			}
			if err != nil {
				return nil, fmt.Errorf("making the mirror: %w", err)
			}
		}
	}
	return &Mirror{dir: dir}, nil
}

// Add puts the binary of another provider, such as magodo/restful, into the mirror.
func (m *Mirror) Add(source, version, binary string) error {
	platform := filepath.Join(m.dir, registries[0], filepath.FromSlash(source), version, runtime.GOOS+"_"+runtime.GOARCH)
	binary, err := filepath.Abs(binary)
	if err == nil {
		err = os.MkdirAll(platform, 0o755)
	}
	if err == nil {
		err = os.Symlink(binary, filepath.Join(platform, "terraform-provider-"+filepath.Base(source)+"_v"+version))
	}
	if err != nil {
		return fmt.Errorf("adding a provider to the mirror: %w", err)
	}
	return nil
}

// Workspace is a folder with a configuration, in which Terraform runs.
type Workspace struct {
	*tfexec.Terraform

	env      []string            // of a Command
	attached tfexec.ReattachInfo // the provider that runs already; nil = Terraform starts its own
}

// NewWorkspace runs terraform init in dir. env is added to the environment of
// every run; the provider's own settings are taken from there alone.
func NewWorkspace(ctx context.Context, terraform string, mirror *Mirror, dir string, env map[string]string) (*Workspace, error) {
	tf, err := tfexec.NewTerraform(dir, terraform)
	if err != nil {
		return nil, fmt.Errorf("starting Terraform: %w", err)
	}
	cliConfig := filepath.Join(dir, ".terraformrc")
	text := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror.dir)
	if err := os.WriteFile(cliConfig, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing Terraform's own configuration: %w", err)
	}
	all := map[string]string{"TF_CLI_CONFIG_FILE": cliConfig}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "HELPCRUNCH_") {
			all[name] = value
		}
	}
	maps.Copy(all, env)
	if err := tf.SetEnv(all); err != nil {
		return nil, fmt.Errorf("setting Terraform's environment: %w", err)
	}
	if err := tf.Init(ctx); err != nil {
		return nil, fmt.Errorf("terraform init: %w", err)
	}
	w := &Workspace{Terraform: tf, env: []string{"TF_IN_AUTOMATION=1", "TF_INPUT=0"}}
	for name, value := range all {
		w.env = append(w.env, name+"="+value)
	}
	return w, nil
}

// Command is a run of Terraform that is not started yet, for whoever has to
// have a hand in its process. It asks no questions.
func (w *Workspace) Command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, w.ExecPath(), args...)
	command.Dir = w.WorkingDir()
	command.Env = slices.Clone(w.env) // for whoever adds to it
	return command
}

// Apply applies the configuration and returns what Terraform had to say: each
// warning and error, also where it failed.
func (w *Workspace) Apply(ctx context.Context, options ...tfexec.ApplyOption) ([]tfjson.Diagnostic, error) {
	var output bytes.Buffer
	err := w.ApplyJSON(ctx, &output, options...)
	return Diagnostics(output.Bytes()), err
}

// Plan returns the plan and what Terraform had to say. The plan is nil where it failed.
func (w *Workspace) Plan(ctx context.Context, options ...tfexec.PlanOption) (*tfjson.Plan, []tfjson.Diagnostic, error) {
	const file = "plan.tfplan"
	defer os.Remove(filepath.Join(w.WorkingDir(), file))
	var output bytes.Buffer
	_, err := w.PlanJSON(ctx, &output, append(options, tfexec.Out(file))...)
	diags := Diagnostics(output.Bytes())
	if err != nil {
		return nil, diags, err
	}
	plan, err := w.ShowPlanFile(ctx, file, tfexec.Reattach(w.attached))
	return plan, diags, err
}

// Destroy destroys everything in the state and returns what Terraform had to say.
func (w *Workspace) Destroy(ctx context.Context, options ...tfexec.DestroyOption) ([]tfjson.Diagnostic, error) {
	var output bytes.Buffer
	err := w.DestroyJSON(ctx, &output, options...)
	return Diagnostics(output.Bytes()), err
}

// Diagnostics reads them from Terraform's machine-readable output, a JSON object a line.
func Diagnostics(output []byte) []tfjson.Diagnostic {
	var diags []tfjson.Diagnostic
	for line := range bytes.Lines(output) {
		var message struct {
			Type       string            `json:"type"`
			Diagnostic tfjson.Diagnostic `json:"diagnostic"`
		}
		if json.Unmarshal(line, &message) == nil && message.Type == "diagnostic" {
			diags = append(diags, message.Diagnostic)
		}
	}
	return diags
}
