// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// stage is a sandbox and a Terraform, for tests that look at every run of it:
// what it planned, what it said, what was sent, and what is in the state.
//
// Its Terraform is [core]: no process is started, and a run takes as long as
// the provider. A test that is about Terraform itself asks for the real one.
type stage struct {
	*testing.T
	server *sandbox.Server
	kept   *core.State
	config string
	more   string // of the configuration: what stands beside it

	terraform *terraformcli.Workspace // the real one, or nil
}

func newStage(t *testing.T, server *sandbox.Server) *stage {
	t.Helper()
	return &stage{T: t, server: server, kept: core.NewState()}
}

// newRealStage is a stage on which the real Terraform plays.
func newRealStage(t *testing.T, server *sandbox.Server) *stage {
	t.Helper()
	return &stage{T: t, server: server, terraform: newWorkspace(t, server, required)}
}

// newUsersStage is one where it starts the provider, as it does for users.
func newUsersStage(t *testing.T, server *sandbox.Server) *stage {
	t.Helper()
	return &stage{T: t, server: server, terraform: newUsersWorkspace(t, server, required)}
}

// atOnce is how many customers Terraform works on at the same time here: all.
const atOnce = 12

// options are those of a run. What is not said is as in Terraform.
type options struct {
	noRefresh, refreshOnly bool
	replace                []string
	parallelism            int // 0 = atOnce
}

var noRefresh = options{noRefresh: true}

// real are the options of the real Terraform.
func (o options) real() []tfexec.ApplyOption {
	all := []tfexec.ApplyOption{tfexec.Parallelism(o.core().Parallelism), tfexec.Refresh(!o.noRefresh), tfexec.RefreshOnly(o.refreshOnly)}
	for _, address := range o.replace {
		all = append(all, tfexec.Replace(address))
	}
	return all
}

func (o options) core() core.Options {
	all := core.Options{Parallelism: o.parallelism, NoRefresh: o.noRefresh, RefreshOnly: o.refreshOnly, Replace: o.replace}
	if all.Parallelism == 0 {
		all.Parallelism = atOnce
	}
	return all
}

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
func (s *stage) apply(config string, o ...options) outcome {
	s.Helper()
	opts := append(o, options{})[0]
	if s.terraform == nil {
		return s.run(config, opts.core(), true)
	}
	write(s.T, s.terraform.WorkingDir(), "main.tf", required+config+s.more)
	var output bytes.Buffer
	err := s.terraform.ApplyJSON(s.Context(), &output, opts.real()...)
	return outcomeOf(output.Bytes(), err)
}

// run plans, and carries out what is planned where that is wanted.
func (s *stage) run(config string, o core.Options, apply bool) outcome {
	s.Helper()
	s.config = config
	process, written := s.process()
	o.Imports = written.Imports
	plan := process.Plan(s.Context(), s.kept, written.Blocks, o)
	out := outcome{planned: make(map[string]string), err: plan.Problems.Err()}
	for _, change := range plan.Changes {
		switch action := change.Action; action {
		case core.NoOp:
		case core.DeleteThenCreate, core.CreateThenDelete:
			out.planned[change.Address] = "replace"
		default:
			out.planned[change.Address] = string(action)
		}
	}
	problems := plan.Problems
	if apply && out.err == nil {
		process, _ = s.process()
		problems = slices.Concat(problems, process.Apply(s.Context(), s.kept, plan, o))
		out.err = problems.Err()
	}
	for _, problem := range problems {
		d := tfjson.Diagnostic{Severity: tfjson.DiagnosticSeverityWarning, Summary: problem.Summary, Detail: problem.Detail, Address: problem.Address}
		if problem.IsError {
			d.Severity = tfjson.DiagnosticSeverityError
		}
		if line := written.Line(problem.Address, rootOf(problem.Attribute)); line != "" {
			d.Snippet = &tfjson.DiagnosticSnippet{Code: line}
		}
		out.diags = append(out.diags, d)
	}
	return out
}

// process is a provider as Terraform starts one for each plan and each apply, and
// the configuration.
func (s *stage) process() (*core.Process, *core.Configuration) {
	s.Helper()
	process, written, err := s.start()
	if err != nil {
		s.Fatal(err)
	}
	return process, written
}

func (s *stage) start() (*core.Process, *core.Configuration, error) {
	s.Helper()
	server, err := NewServer(New("test"))
	if err != nil {
		s.Fatal(err)
	}
	written, err := core.Parse(schemasOf(s.T), s.config+s.more)
	if err != nil {
		s.Fatal(err)
	}
	settings := attributes{}
	if s.server != nil {
		settings = attributes{"base_url": text(s.server.URL()), "api_key": text(s.server.Key()), "requests_per_minute": number(100_000)}
	}
	maps.Copy(settings, written.Settings)
	process, err := core.StartOnce(s.Context(), server, "1.15.0", settings)
	return process, written, err
}

// saidOfDeletions is what a plan that deletes somebody says once.
const saidOfDeletions = "warning: Deleting a customer erases the history of their chats"

// saidOfMissing is what a refresh says where somebody is gone.
const saidOfMissing = `warning: Customers are missing in HelpCrunch account 999999999999 ("sandbox.invalid"), and `

// mustApply is apply for what has to go well, without a word but about deletions.
func (s *stage) mustApply(config string, o ...options) outcome {
	s.Helper()
	out := s.apply(config, o...)
	if out.err != nil || slices.ContainsFunc(out.summaries(), func(summary string) bool { return summary != saidOfDeletions }) {
		s.Fatalf("%v\n%s\nrequests: %v", out.err, said(out.diags), s.server.Counts().Served)
	}
	return out
}

func (s *stage) plan() outcome {
	s.Helper()
	if s.terraform == nil {
		return s.run(s.config, options{}.core(), false)
	}
	var output bytes.Buffer
	_, err := s.terraform.PlanJSON(s.Context(), &output, tfexec.Parallelism(atOnce))
	return outcomeOf(output.Bytes(), err)
}

func (s *stage) destroy() outcome {
	s.Helper()
	if s.terraform == nil {
		o := options{}.core()
		o.Destroy = true
		return s.run(s.config, o, true)
	}
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
	if s.terraform == nil {
		addresses := s.kept.Addresses()
		if len(addresses) == 0 {
			return state
		}
		process, _ := s.process()
		for _, address := range addresses {
			object := s.kept.Get(address)
			if object.Tainted {
				s.Errorf("%s is tainted in the state", address)
			}
			state[keyOf(address)] = s.attributesOf(process, object)
		}
		return state
	}
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

// schemasOf are the provider's schemas.
func schemasOf(t *testing.T) *tfprotov6.GetProviderSchemaResponse {
	t.Helper()
	schemas, err := schemasOnce()
	if err != nil {
		t.Fatal(err)
	}
	return schemas
}

var schemasOnce = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, error) {
	server, err := NewServer(New("test"))
	if err != nil {
		return nil, err
	}
	return server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
})

// keyOf is the key or the index in an address, nil where it has none.
func keyOf(address string) any {
	_, key, found := strings.Cut(address, "[")
	if !found {
		return nil
	}
	key = strings.TrimSuffix(key, "]")
	if index, err := strconv.Atoi(key); err == nil {
		return index
	}
	return strings.Trim(key, `"`)
}

// attributesOf are the attributes of an object as a state file has them.
func (s *stage) attributesOf(process *core.Process, o *core.Object) (attributes map[string]any) {
	s.Helper()
	content, err := process.JSON(o)
	if err == nil {
		err = json.Unmarshal(content, &attributes)
	}
	if err != nil {
		s.Fatal(err)
	}
	return attributes
}

// forget takes everything out of the state.
func (s *stage) forget() {
	s.Helper()
	s.kept = core.NewState()
	if s.terraform != nil {
		if err := os.Remove(filepath.Join(s.terraform.WorkingDir(), "terraform.tfstate")); err != nil {
			s.Fatal(err)
		}
	}
}

// requests checks how many requests there were of an operation since the counts were reset.
func (s *stage) requests(operation sandbox.Operation, least, most int) {
	s.Helper()
	if n := s.server.Count(operation); n < least || n > most {
		s.Errorf("%d requests to %s, want %d to %d", n, operation, least, most)
	}
}
