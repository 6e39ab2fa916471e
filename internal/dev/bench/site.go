// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// The names that the customers get, with a number behind.
const (
	firstName   = "Customer"
	secondName  = "Client"
	strangeName = "Somebody Else"
)

// unlimited is a rate that nobody reaches.
const unlimited = 100_000

// site is where a contender keeps its customers: a HelpCrunch, a backend for
// the state, and a folder in which the real Terraform CLI runs.
type site struct {
	job

	name      string // that the customers shall have
	account   *sandbox.Server
	backend   *http.Server
	terraform *terraformcli.Workspace
}

func openSite(ctx context.Context, s *stage, j job) (*site, error) {
	server, err := sandbox.Start(sandbox.Config{Rate: j.limit, Attributes: map[string]sandbox.AttributeType{
		"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute,
	}})
	if err != nil {
		return nil, fmt.Errorf("starting a local HelpCrunch: %w", err)
	}
	at := &site{job: j, name: firstName, account: server}
	if err := at.open(ctx, s); err != nil {
		at.close()
		return nil, err
	}
	return at, nil
}

func (at *site) open(ctx context.Context, s *stage) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting a backend: %w", err)
	}
	at.backend = &http.Server{Handler: &backend{}, ReadHeaderTimeout: time.Minute}
	go func() { _ = at.backend.Serve(listener) }()
	folder, err := os.MkdirTemp(s.folder, "site-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	text := at.contender.configuration(at.customers, "http://"+listener.Addr().String())
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	settings := map[string]string{
		"HELPCRUNCH_BASE_URL": at.account.URL(),
		"HELPCRUNCH_API_KEY":  at.account.Key(),
		"XDG_CACHE_HOME":      filepath.Join(folder, "cache"),
	}
	if at.limit == 0 {
		settings["HELPCRUNCH_REQUESTS_PER_MINUTE"] = strconv.Itoa(unlimited)
	}
	at.terraform, err = terraformcli.NewWorkspace(ctx, s.terraform, s.mirror, folder, settings)
	return err
}

func (at *site) close() {
	at.account.Close()
	if at.backend != nil {
		_ = at.backend.Close()
	}
}

// command is a run of Terraform, and what is wrong if it ends otherwise.
type command struct {
	args  []string
	exit  int
	wrong string
}

func (s step) commands() []command {
	switch s.act {
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
	switch s.act {
	case update:
		at.name = secondName
	case drift:
		if err := at.changeByHand(); err != nil {
			return row{}, err
		}
	}
	r := row{Act: s.act, Parallelism: s.parallelism}
	var used usage
	for _, c := range s.commands() {
		exit, failures, u, err := at.run(ctx, slices.Insert(c.args, 1, "-json", fmt.Sprintf("-parallelism=%d", s.parallelism)))
		if err != nil {
			return r, fmt.Errorf("%s: %s: %w", at.contender.name, s.act, err)
		}
		used.add(u)
		if r.Errors += len(failures); len(failures) > 0 {
			progress("%s says: %s", at.contender.name, failures[0])
		} else if exit != c.exit {
			r.Note = c.wrong
			break
		}
	}
	if undone := at.undone(s.act); r.Note == "" && r.Errors == 0 && undone > 0 {
		r.Note = fmt.Sprintf("%d not done", undone)
	}
	counts := at.account.Counts()
	r.Requests, r.Refused = counts.Total()+counts.TooManyRequests, counts.TooManyRequests
	r.ProviderCPU, r.TerraformCPU, r.Peak = hundredths(used.provider.Seconds()), hundredths(used.terraform.Seconds()), used.peak
	if requests := at.account.Requests(); at.limit > 0 && len(requests) > 0 {
		r.Minutes = hundredths(requests[len(requests)-1].ArrivedAt.Sub(requests[0].ArrivedAt).Minutes())
	}
	progress("%s, %d customers: %s", at.contender.name, at.customers, r)
	return r, nil
}

func hundredths(x float64) float64 { return math.Round(x*100) / 100 }

// run runs Terraform, and returns its exit code and the errors that it told.
func (at *site) run(ctx context.Context, args []string) (code int, failures []string, used usage, err error) {
	command := at.terraform.Command(ctx, args...)
	command.Env = append(command.Env, "TF_VAR_name="+at.name, "TF_VAR_url="+at.account.URL(), "TF_VAR_key="+at.account.Key(), fmt.Sprint("TF_VAR_rate=", at.limit))
	output, used, err := measure(command)
	for _, d := range terraformcli.Diagnostics(output) {
		if d.Severity == "error" {
			failures = append(failures, d.Summary+": "+d.Detail)
		}
	}
	exit := (*exec.ExitError)(nil)
	switch {
	case ctx.Err() != nil:
		return 0, nil, used, ctx.Err()
	case errors.As(err, &exit) && (exit.ExitCode() == 2 || len(failures) > 0):
		return exit.ExitCode(), failures, used, nil
	case err != nil:
		return 0, nil, used, fmt.Errorf("%w\n%s", err, output)
	}
	return 0, failures, used, nil
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
