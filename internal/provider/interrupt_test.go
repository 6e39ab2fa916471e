// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux || darwin

package provider

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// interrupt is how a user stops Terraform.
type interrupt struct {
	name   string
	signal syscall.Signal
	group  bool // Terraform and its providers alike, as a terminal and many job runners do
}

var interrupts = []interrupt{
	{"SIGINT to Terraform", syscall.SIGINT, false},
	{"SIGINT to the group", syscall.SIGINT, true},
	{"SIGTERM to the group", syscall.SIGTERM, true},
}

// stop applies config, which updates so many customers. It sends the signal
// when all of these updates have begun, and HelpCrunch has done what the
// operation asks for and not answered yet. The answer comes once the provider
// has heard of it and as many updates as are waiting have been given up.
func (s *stage) stop(i interrupt, config string, updates, waiting int, operation sandbox.Operation, after int) {
	s.Helper()
	write(s.T, s.terraform.WorkingDir(), "main.tf", required+config)
	held, release := make(chan struct{}, 1), make(chan struct{})
	s.server.Arm(sandbox.Fault{Operation: operation, Kind: sandbox.Hold, After: after, Held: held, Release: release})

	run := s.terraform.Command(s.Context(), "apply", "-auto-approve", "-json", "-refresh=false", "-parallelism=20")
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := run.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	run.Env = append(run.Env, "TF_LOG_PROVIDER=TRACE")
	logs, err := run.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := run.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if run.ProcessState == nil {
			_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL)
		}
	})

	begun := awaited{words: "Calling provider defined Resource Update", times: updates, seen: make(chan struct{})}
	heard := awaited{words: "tf_rpc=StopProvider", times: 1, seen: make(chan struct{})}
	givenUp := awaited{words: `"type":"apply_errored"`, times: waiting, seen: make(chan struct{})}
	var text bytes.Buffer
	var ended sync.WaitGroup
	ended.Go(func() { awaitLines(logs, io.Discard, &begun, &heard) })
	ended.Go(func() { awaitLines(output, &text, &givenUp) })
	over := make(chan struct{})
	go func() { ended.Wait(); close(over) }()
	await := func(what string, happened <-chan struct{}) {
		s.Helper()
		select {
		case <-happened:
		case <-over:
			s.Fatalf("Terraform ended before %s; requests: %v\n%s", what, s.server.Counts().Served, &text)
		}
	}
	await("all updates began", begun.seen)
	await("an answer was held", held)
	target := run.Process.Pid
	if i.group {
		target = -target
	}
	if err := syscall.Kill(target, i.signal); err != nil {
		s.Fatal(err)
	}
	await("the provider heard of it", heard.seen)
	await("the updates that waited were given up", givenUp.seen)
	close(release)
	<-over
	if err := run.Wait(); err == nil {
		s.Fatalf("an apply that was stopped ended well:\n%s", &text)
	}
}

// awaited is a number of lines with some words in them.
type awaited struct {
	words string
	times int
	seen  chan struct{} // closed when there were that many
}

// awaitLines reads all lines, keeps them, and tells of those that are awaited.
func awaitLines(from io.Reader, kept io.Writer, all ...*awaited) {
	for _, a := range all {
		if a.times == 0 {
			close(a.seen)
		}
	}
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(kept, line)
		for _, a := range all {
			if strings.Contains(line, a.words) {
				if a.times--; a.times == 0 {
					close(a.seen)
				}
			}
		}
		if err != nil {
			return
		}
	}
}

// shown is the state as terraform show has it: names by address.
func (s *stage) shown() map[string]any {
	s.Helper()
	state, err := s.terraform.Show(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	names := make(map[string]any)
	if state.Values != nil {
		for _, resource := range state.Values.RootModule.Resources {
			if resource.Tainted {
				s.Errorf("%s is tainted", resource.Address)
			}
			names[resource.Address] = resource.AttributeValues["name"]
		}
	}
	return names
}

// TestStopInABatch: what HelpCrunch did is in the state, what had not left yet
// was not done, and the next plan has exactly that. It runs alone: beside others
// Terraform's own gaps would part the batch.
func TestStopInABatch(t *testing.T) {
	for _, i := range interrupts {
		t.Run(i.name, func(t *testing.T) {
			const count = 12 // a canary and nine in a batch, and two that wait
			s := newUsersStage(t, newSandbox(t))
			s.mustApply(countBlock(count, "before"))
			s.server.ResetCounts()
			s.stop(i, countBlock(count, "after"), count, 2, sandbox.OpBatch, 1)
			s.requests(sandbox.OpBatch, 2, 2)
			s.requests(sandbox.OpPatch, 0, 0)

			planned := make(map[string]string)
			names, held := s.shown(), s.names()
			for n := range count {
				name := held[fmt.Sprintf("crm-%d", n)]
				if names[address(n)] != name {
					t.Errorf("customer %d is %v in the state and %v in HelpCrunch", n, names[address(n)], name)
				}
				if name == "before" {
					planned[address(n)] = "update"
				}
			}
			if len(planned) != 2 || len(names) != count {
				t.Errorf("of %d customers in the state %v are not updated, want 2", len(names), planned)
			}
			if out := s.plan(); out.err != nil || !maps.Equal(out.planned, planned) {
				t.Errorf("the next plan has %v, want %v: %v\n%s", out.planned, planned, out.err, said(out.diags))
			}
		})
	}
}

// TestStopInACreateOrDelete: neither is cut short.
func TestStopInACreateOrDelete(t *testing.T) {
	t.Parallel()
	const address = "helpcrunch_customer.test"
	block := customerBlock(`name = "Ada"`)
	for _, test := range []struct {
		operation     sandbox.Operation
		before, after string
		state         map[string]any
	}{
		{sandbox.OpCreate, "", block, map[string]any{address: "Ada"}},
		{sandbox.OpDelete, block, "", map[string]any{}},
	} {
		for _, i := range interrupts {
			t.Run(string(test.operation)+"/"+i.name, func(t *testing.T) {
				t.Parallel()
				s := newUsersStage(t, newSandbox(t))
				s.mustApply(test.before)
				s.server.ResetCounts()
				s.stop(i, test.after, 0, 0, test.operation, 0)
				s.requests(test.operation, 1, 1)
				if got := s.shown(); !maps.Equal(got, test.state) {
					t.Errorf("the state has %v, want %v", got, test.state)
				}
				if n := len(s.server.Customers()); n != len(test.state) {
					t.Errorf("HelpCrunch has %d customers, want %d", n, len(test.state))
				}
				if out := s.plan(); out.err != nil || len(out.planned) > 0 {
					t.Errorf("the next plan has %v: %v\n%s", out.planned, out.err, said(out.diags))
				}
			})
		}
	}
}

// TestKilledTerraform: the provider finishes what is under way at HelpCrunch,
// and puts back what the account cleared, though nobody listens and nobody
// reads its log. Then it ends.
func TestKilledTerraform(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"OFF", "TRACE"} {
		t.Run("log "+level, func(t *testing.T) {
			t.Parallel()
			killTerraform(t, level)
		})
	}
}

func killTerraform(t *testing.T, logLevel string) {
	t.Helper()
	const count = 3
	s := newUsersStage(t, newSandbox(t))
	s.mustApply(countBlock(count, "before"))
	for _, customer := range s.server.Customers() {
		if err := s.server.Change(customer.ID(), sandbox.Record{"notes": "by hand"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.server.SetSwitch("batch-clears-omitted", "true"); err != nil {
		t.Fatal(err)
	}
	held, release := make(chan struct{}, 1), make(chan struct{})
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Hold, Held: held, Release: release})
	write(t, s.terraform.WorkingDir(), "main.tf", required+countBlock(count, "after"))

	// The provider inherits Terraform's standard input. An end of a pipe in
	// its place tells of the end of both.
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	run := s.terraform.Command(t.Context(), "apply", "-auto-approve", "-refresh=false")
	run.Stdin = theirs
	run.Env = append(run.Env, "TF_LOG_PROVIDER="+logLevel)
	err = run.Start()
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	endsWithin := func(limit time.Duration) error {
		if err := ours.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
		_, err := ours.Read(make([]byte, 1))
		return err
	}
	select {
	case <-held:
	case <-time.After(time.Minute):
		t.Errorf("no batch came: %v", s.server.Counts().Served)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	if err := endsWithin(3 * time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the provider ended before the answer came: %v", err)
	}
	close(release)
	if err := endsWithin(time.Minute); !errors.Is(err, io.EOF) {
		t.Errorf("the provider outlives Terraform: %v", err)
	}
	changed := 0
	for _, customer := range s.server.Customers() {
		if customer["notes"] != "by hand" {
			t.Errorf("customer %d has the notes %v", customer.ID(), customer["notes"])
		}
		if customer["name"] == "after" {
			changed++
		}
	}
	if changed == 0 {
		t.Error("nobody was updated")
	}
}
