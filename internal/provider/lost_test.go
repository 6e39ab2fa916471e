// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestLostValuesAreKeptInTheState: what an account cleared and nobody could put
// back is put back by the next run, out of a state that does not show it.
func TestLostValuesAreKeptInTheState(t *testing.T) {
	t.Parallel()
	s := newRealStage(t, newSandbox(t))
	s.mustApply(countBlock(3, "before"))
	for _, customer := range s.server.Customers() {
		if err := s.server.Change(customer.ID(), sandbox.Record{"phone": "+44 20 7946 0017", "notes": "prefers calls"}); err != nil {
			t.Fatal(err)
		}
	}
	whole := func() int {
		n := 0
		for _, customer := range s.server.Customers() {
			if customer["phone"] == "+44 20 7946 0017" && customer["notes"] == "prefers calls" {
				n++
			}
		}
		return n
	}
	if err := s.server.SetSwitch("batch-clears-omitted", ""); err != nil {
		t.Fatal(err)
	}
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore, Times: 100})
	out := s.apply(settingsBlock("max_retries = 0") + countBlock(3, "after"))
	if text := said(out.diags); out.err == nil || !strings.Contains(text, "They are kept in the state, encrypted") {
		t.Errorf("%v\n%s", out.err, text)
	}
	if n := whole(); n != 2 {
		t.Fatalf("%d of 3 lost nothing, want 2: the canary alone was at stake", n)
	}
	state, err := os.ReadFile(filepath.Join(s.terraform.WorkingDir(), "terraform.tfstate"))
	if err != nil || bytes.Contains(state, []byte("7946")) || bytes.Contains(state, []byte("prefers")) {
		t.Errorf("%v: the state shows the values", err)
	}
	s.server.Disarm()
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.NotFound, Times: 1}) // that they are gone: nothing is forgotten for it
	s.mustApply(countBlock(3, "after"), options{refreshOnly: true})
	out = s.plan()
	if n := whole(); n != 3 || out.err != nil || !slices.Contains(out.summaries(), "warning: Lost values were put back") {
		t.Errorf("%d of 3 have everything: %v\n%s", n, out.err, said(out.diags))
	}
	// The last ones are written; what is put back already is not told again.
	out = s.apply(settingsBlock("batch_size = 1") + countBlock(3, "after"))
	if n := s.named(3, "after"); n != 3 || whole() != 3 || out.err != nil || len(out.diags) > 0 {
		t.Errorf("%d of 3 have the name, %d of 3 everything: %v\n%s", n, whole(), out.err, said(out.diags))
	}
}

// TestLostValuesArePutBackBeforeTheyAreForgotten: the state that keeps them is
// not thrown away before they are in HelpCrunch again.
func TestLostValuesArePutBackBeforeTheyAreForgotten(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	s.mustApply(countBlock(2, "before"))
	for _, customer := range s.server.Customers() {
		if err := s.server.Change(customer.ID(), sandbox.Record{"notes": "prefers calls"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.server.SetSwitch("batch-clears-omitted", ""); err != nil {
		t.Fatal(err)
	}
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore, Times: 100})
	s.apply(settingsBlock("max_retries = 0") + countBlock(2, "after"))
	whole := func() int {
		n := 0
		for _, customer := range s.server.Customers() {
			if customer["notes"] == "prefers calls" {
				n++
			}
		}
		return n
	}
	if n := whole(); n != 1 {
		t.Fatalf("%d of 2 lost nothing, want 1: the canary was at stake", n)
	}
	abandoning := settingsBlock("max_retries = 0\n  deletion_policy = \"abandon\"")
	if out := s.apply(abandoning, noRefresh); out.err == nil || !strings.Contains(said(out.diags), "was not forgotten") {
		t.Errorf("%v\n%s", out.err, said(out.diags))
	}
	s.server.Disarm()
	if out := s.apply(abandoning, noRefresh); out.err != nil || whole() != 2 {
		t.Errorf("%d of 2 have everything: %v\n%s", whole(), out.err, said(out.diags))
	}
}
