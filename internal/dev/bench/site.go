// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// The names that the customers get, with a number behind.
const (
	firstName   = "Customer"
	secondName  = "Client"
	strangeName = "Somebody Else"
)

// site is where a contender keeps its customers: a HelpCrunch, a backend for
// the state, and a folder in which the real Terraform CLI runs.
type site struct {
	job

	name      string // that the customers shall have
	account   *sandbox.Server
	state     *httptest.Server
	terraform *terraformcli.Workspace
}

func openSite(ctx context.Context, s *stage, j job) (*site, error) {
	account, err := sandbox.Start(sandbox.Config{Rate: j.limit, Attributes: map[string]sandbox.AttributeType{
		"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute,
	}})
	if err != nil {
		return nil, fmt.Errorf("starting a local HelpCrunch: %w", err)
	}
	at := &site{job: j, name: firstName, account: account, state: httptest.NewServer(&backend{})}
	if err := at.init(ctx, s); err != nil {
		at.close()
		return nil, err
	}
	return at, nil
}

func (at *site) init(ctx context.Context, s *stage) error {
	folder, err := os.MkdirTemp(s.folder, "site-")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "main.tf"), []byte(at.contender.configuration(at.state.URL)), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	settings := map[string]string{
		"HELPCRUNCH_BASE_URL": at.account.URL(),
		"HELPCRUNCH_API_KEY":  at.account.Key(),
		"XDG_CACHE_HOME":      filepath.Join(folder, "cache"),
	}
	if at.limit == 0 {
		settings["HELPCRUNCH_REQUESTS_PER_MINUTE"] = "100000" // which nobody reaches
	}
	at.terraform, err = terraformcli.NewWorkspace(ctx, s.terraform, s.mirror, folder, settings)
	return err
}

func (at *site) close() {
	at.account.Close()
	at.state.Close()
}

// command is a run of Terraform, and what is wrong if it ends otherwise.
type command struct {
	args  []string
	exit  int
	wrong string
}

func (s step) commands() []command {
	switch s.Act {
	case plan:
		return []command{{[]string{"plan", "-detailed-exitcode"}, 0, "sees changes that nobody made"}}
	case drift:
		return []command{
			{[]string{"plan", "-detailed-exitcode", "-out=drift.tfplan"}, 2, "does not see it"},
			{[]string{"apply", "drift.tfplan"}, 0, ""},
		}
	case destroy:
		return []command{{[]string{"apply", "-destroy", "-auto-approve"}, 0, ""}}
	default:
		return []command{{[]string{"apply", "-auto-approve"}, 0, ""}}
	}
}

// play plays a step and returns what it cost.
func (at *site) play(ctx context.Context, s step) (row, error) {
	at.account.ResetCounts()
	switch s.Act {
	case update:
		at.name = secondName
	case drift:
		if err := at.changeByHand(); err != nil {
			return row{}, err
		}
	}
	r := row{step: s}
	for _, c := range s.commands() {
		exit, failures, used, err := at.run(ctx, slices.Insert(c.args, 1, "-json", fmt.Sprintf("-parallelism=%d", s.Parallelism)))
		if err != nil {
			return r, fmt.Errorf("%s: %s: %w", at.contender, s.Act, err)
		}
		r.add(used)
		if r.Errors += len(failures); len(failures) > 0 {
			progress("%s says: %s", at.contender, failures[0])
		} else if exit != c.exit {
			r.Wrong = c.wrong
			break
		}
	}
	if undone := at.undone(s.Act); r.Wrong == "" && r.Errors == 0 && undone > 0 {
		r.Wrong = fmt.Sprintf("%d not done", undone)
	}
	counts := at.account.Counts()
	r.Requests, r.Refused = counts.Total()+counts.TooManyRequests, counts.TooManyRequests
	if requests := at.account.Requests(); at.limit > 0 && len(requests) > 0 {
		r.Minutes = requests[len(requests)-1].ArrivedAt.Sub(requests[0].ArrivedAt).Minutes()
	}
	progress("%s, %d customers: %s (parallelism %d): %d requests, %d refused, %d errors %s", at.contender, at.customers, r.Act, r.Parallelism, r.Requests, r.Refused, r.Errors, r.Wrong)
	return r, nil
}

// run runs Terraform, and returns its exit code and the errors that it told.
func (at *site) run(ctx context.Context, args []string) (code int, failures []string, used usage, err error) {
	command := at.terraform.Command(ctx, args...)
	for name, value := range map[string]any{"name": at.name, "url": at.account.URL(), "key": at.account.Key(), "rate": at.limit, "customers": at.customers} {
		command.Env = append(command.Env, fmt.Sprintf("TF_VAR_%s=%v", name, value))
	}
	output, used, err := measure(command)
	for _, d := range terraformcli.Diagnostics(output) {
		if d.Severity == "error" {
			failures = append(failures, d.Summary+": "+d.Detail)
		}
	}
	code = command.ProcessState.ExitCode()
	switch {
	case ctx.Err() != nil:
		return code, nil, used, ctx.Err()
	case err != nil && code != 2 && len(failures) == 0:
		return code, nil, used, fmt.Errorf("%w\n%s", err, output)
	}
	return code, failures, used, nil
}

// changeByHand is what a colleague does: one customer in a hundred gets
// another name.
func (at *site) changeByHand() error {
	for i, customer := range at.account.Customers() {
		if i%driftEvery == 0 {
			if err := at.account.Change(customer.ID(), sandbox.Record{"name": strangeName}); err != nil {
				return fmt.Errorf("changing a customer by hand: %w", err)
			}
		}
	}
	return nil
}

// undone is how many customers are not what the act should have made of them.
func (at *site) undone(done act) int {
	found := at.account.Customers()
	if done == destroy {
		return len(found)
	}
	undone := max(0, at.customers-len(found))
	for _, customer := range found {
		_, seated := customer.Custom("seats")
		number, _ := strings.CutPrefix(fmt.Sprint(customer["userId"]), "bench-")
		if !seated || customer["name"] != at.name+" "+number {
			undone++
		}
	}
	return undone
}
