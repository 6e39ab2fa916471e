// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// stage is a sandbox and a workspace, for tests that look at every run of
// Terraform: what it planned, what it said, what was sent, and what is in the
// state. A step of the test kit would be five runs.
type stage struct {
	*testing.T
	server    *sandbox.Server
	terraform *terraformcli.Workspace
}

func newStage(t *testing.T, server *sandbox.Server) *stage {
	t.Helper()
	return &stage{t, server, newWorkspace(t, server, required)}
}

// atOnce is how many customers Terraform works on at the same time here: all.
const atOnce = 12

// outcome is what a run of Terraform planned and said.
type outcome struct {
	planned map[string]string // action by address
	diags   []tfjson.Diagnostic
	err     error
}

// summaries are what was said, each once, as "warning: summary".
func (o outcome) summaries() []string {
	var summaries []string
	for _, d := range o.diags {
		summaries = append(summaries, fmt.Sprintf("%s: %s", d.Severity, d.Summary))
	}
	slices.Sort(summaries)
	return slices.Compact(summaries)
}

func (o outcome) errors() int {
	n := 0
	for _, d := range o.diags {
		if d.Severity == tfjson.DiagnosticSeverityError {
			n++
		}
	}
	return n
}

// apply makes config the configuration and applies it.
func (s *stage) apply(config string, options ...tfexec.ApplyOption) outcome {
	s.Helper()
	write(s.T, s.terraform.WorkingDir(), "main.tf", required+config)
	var output bytes.Buffer
	err := s.terraform.ApplyJSON(s.Context(), &output, append([]tfexec.ApplyOption{tfexec.Parallelism(atOnce)}, options...)...)
	return outcomeOf(output.Bytes(), err)
}

// saidOfDeletions is what a plan that deletes somebody says once.
const saidOfDeletions = "warning: Deleting a customer erases the history of their chats"

// saidOfMissing is what a refresh says where somebody is gone.
const saidOfMissing = `warning: Customers are missing in HelpCrunch account 999999999999 ("sandbox.invalid")`

// mustApply is apply for what has to go well, without a word but about deletions.
func (s *stage) mustApply(config string, options ...tfexec.ApplyOption) outcome {
	s.Helper()
	out := s.apply(config, options...)
	if out.err != nil || slices.ContainsFunc(out.summaries(), func(summary string) bool { return summary != saidOfDeletions }) {
		s.Fatalf("%v\n%s\nrequests: %v", out.err, said(out.diags), s.server.Counts().Served)
	}
	return out
}

func (s *stage) plan() outcome {
	s.Helper()
	var output bytes.Buffer
	_, err := s.terraform.PlanJSON(s.Context(), &output, tfexec.Parallelism(atOnce))
	return outcomeOf(output.Bytes(), err)
}

func (s *stage) destroy() outcome {
	s.Helper()
	var output bytes.Buffer
	err := s.terraform.DestroyJSON(s.Context(), &output, tfexec.Parallelism(atOnce))
	return outcomeOf(output.Bytes(), err)
}

// outcomeOf reads Terraform's machine-readable output.
func outcomeOf(output []byte, err error) outcome {
	out := outcome{planned: make(map[string]string), err: err}
	for line := range bytes.Lines(output) {
		var message struct {
			Type       string            `json:"type"`
			Diagnostic tfjson.Diagnostic `json:"diagnostic"`
			Change     struct {
				Action   string `json:"action"`
				Resource struct {
					Address string `json:"addr"`
				} `json:"resource"`
			} `json:"change"`
		}
		if json.Unmarshal(line, &message) != nil {
			continue
		}
		switch message.Type {
		case "diagnostic":
			out.diags = append(out.diags, message.Diagnostic)
		case "planned_change":
			out.planned[message.Change.Resource.Address] = message.Change.Action
		}
	}
	return out
}

// state is the attributes of each helpcrunch_customer in the state, by its
// index or key, nil where there is none. It is read from the file: that saves
// a run of Terraform.
func (s *stage) state() map[any]map[string]any {
	s.Helper()
	state := make(map[any]map[string]any)
	content, err := os.ReadFile(filepath.Join(s.terraform.WorkingDir(), "terraform.tfstate"))
	if os.IsNotExist(err) {
		return state
	}
	var file struct {
		Resources []struct {
			Instances []struct {
				Index      any            `json:"index_key"`
				Status     string         `json:"status"`
				Attributes map[string]any `json:"attributes"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err == nil {
		err = json.Unmarshal(content, &file)
	}
	if err != nil {
		s.Fatal(err)
	}
	for _, resource := range file.Resources {
		for _, instance := range resource.Instances {
			if instance.Status != "" {
				s.Errorf("%v is %s in the state", instance.Index, instance.Status)
			}
			if index, ok := instance.Index.(float64); ok {
				instance.Index = int(index)
			}
			state[instance.Index] = instance.Attributes
		}
	}
	return state
}

// requests checks how many requests there were of an operation since the counts were reset.
func (s *stage) requests(operation sandbox.Operation, least, most int) {
	s.Helper()
	if n := s.server.Count(operation); n < least || n > most {
		s.Errorf("%d requests to %s, want %d to %d", n, operation, least, most)
	}
}
