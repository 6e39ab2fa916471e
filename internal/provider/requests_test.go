// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// manyBlock is count customers that all have the same plan, a number of seats that
// stays, and something of each kind that a batch may leave out.
func manyBlock(count int, plan string) string {
	return fmt.Sprintf("resource \"helpcrunch_customer\" \"many\" {\n  count = %d\n  user_id = \"crm-${count.index}\"\n  company = \"Engines\"\n  tags = [{ name = \"many\" }]\n  unsubscribed = true\n  custom_data = { plan = %q, seats = 1 }\n}\n", count, plan)
}

// TestUpdateOfManyIsBatched: with default settings, one apply spends a PUT on
// ten customers, no other write, and no read after the first write. It runs
// alone: on a busy machine Terraform's own gaps would outlast the linger.
func TestUpdateOfManyIsBatched(t *testing.T) {
	// One more than needed, or a lone PATCH, may come of the pace of the machine:
	// the exact numbers are asserted in virtual time, by package batch.
	const count, most = 100, 11 + 1
	s := newStage(t, newSandbox(t))
	s.mustApply(manyBlock(count, "gold"), options{parallelism: 10})
	s.server.ResetCounts()
	s.mustApply(manyBlock(count, "silver"), options{parallelism: 10})
	if got := served(s.server); got[sandbox.OpBatch] > most || got[sandbox.OpPatch] > 1 || got[sandbox.OpUpdate]+got[sandbox.OpCreate]+got[sandbox.OpTag]+got[sandbox.OpUntag] > 0 {
		t.Errorf("%d customers take %v, want at most %d PUTs and one PATCH", count, got, most)
	}
	assertNoReadsBetweenWrites(t, s.server)
	for _, request := range s.server.Requests() {
		if request.Operation == sandbox.OpBatch && (request.Customers < 1 || request.Customers > 10) {
			t.Errorf("a batch of %d", request.Customers)
		}
	}
}

// assertNoReadsBetweenWrites: the answer is the state, so between the first
// and the last write of an apply nothing is read, but for whoever came too late for
// a batch and is written alone, read just before.
func assertNoReadsBetweenWrites(t *testing.T, server *sandbox.Server) {
	t.Helper()
	var kinds []string
	for _, request := range server.Requests() {
		kinds = append(kinds, string(request.Operation))
	}
	all := strings.Join(kinds, " ")
	first, last := strings.Index(all, "batch"), strings.LastIndex(all, "batch")
	if first < 0 || regexp.MustCompile(`get|search|list`).MatchString(strings.Replace(all[first:last], "get patch", "", 1)) {
		t.Errorf("reads between the writes: %s", all)
	}
}

// TestNothingToSendIsNoRequest: what only Terraform cares about costs no write.
func TestNothingToSendIsNoRequest(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + customerBlock(`unsubscribed = true`)},
		resource.TestStep{Config: providerBlock(server, "") + customerBlock("deletion_policy = \"delete\"\n  timeouts = { update = \"1m\" }")},
	)
	if n := server.Count(sandbox.OpPatch) + server.Count(sandbox.OpBatch); n != 0 {
		t.Errorf("%d updates were sent", n)
	}
}

// TestLoneUpdateIsAPatch: a single PUT would empty what it does not mention.
func TestLoneUpdateIsAPatch(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + customerBlock(`name = "Ada"`)},
		resource.TestStep{
			PreConfig: func() {
				if err := server.Change(onlyCustomer(t, server).ID(), sandbox.Record{"phone": "555"}); err != nil {
					t.Fatal(err)
				}
				server.ResetCounts()
			},
			Config: providerBlock(server, "") + customerBlock(`name = "Ada King"`),
			PostApplyFunc: func() {
				customer := onlyCustomer(t, server)
				if customer["phone"] != "555" || customer["name"] != "Ada King" {
					t.Errorf("HelpCrunch holds %v", customer)
				}
			},
		},
	)
	if server.Count(sandbox.OpPatch) != 1 || server.Count(sandbox.OpUpdate) != 0 || server.Count(sandbox.OpBatch) != 0 {
		t.Errorf("requests: %v", server.Counts())
	}
}

// TestBadCustomerAmongTen: nine are written, one gets the error, in its own words.
func TestBadCustomerAmongTen(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	config := func(plan string, bad string) string {
		return providerBlock(server, "") + "resource \"helpcrunch_customer\" \"many\" {\n  count = 10\n  user_id = \"crm-${count.index}\"\n" +
			"  custom_data = { plan = count.index == 7 ? " + bad + " : \"" + plan + "\" }\n}\n"
	}
	const long = `join("", [for i in range(300) : "x"])`
	runSteps(t,
		resource.TestStep{Config: config("gold", `"gold"`)},
		resource.TestStep{
			PreConfig: server.ResetCounts,
			Config:    config("silver", long),
			ExpectError: regexp.MustCompile(`(?s)with helpcrunch_customer\.many\[7\].*` +
				errorWith(`HelpCrunch does not accept the value of the property "plan" of custom_data.`).String() + `.*HelpCrunch[\s│]+answered[\s│]+400`),
		},
	)
	silver, gold := 0, 0
	writes := 0
	for _, request := range server.Requests() {
		if request.Operation == sandbox.OpBatch || request.Operation == sandbox.OpPatch {
			writes++
			if request.Status == http.StatusOK {
				silver += request.Customers
			} else if request.Customers == 1 { // a PATCH, or the run's first batch, which is of one
				gold++
			}
		}
	}
	if silver != 9 || gold != 1 {
		t.Errorf("%d customers were written and %d refused alone, want 9 and 1", silver, gold)
	}
	if writes > 1+8 {
		t.Errorf("%d writes, want at most 8 after the refused batch", writes)
	}
}

// TestRateLimit: a strict server never has to refuse, and if others spend the
// limit, a 429 is waited for.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	for range 3 {
		server.Arm(sandbox.Fault{Kind: sandbox.TooMany, RetryAfter: 1_000_000_000})
	}
	runSteps(t, resource.TestStep{
		Config: providerBlock(server, "max_retries = 0") + customerBlock(`name = "Ada"`),
	})
	if n := server.Counts().TooManyRequests; n != 3 {
		t.Errorf("%d answers of 429, want the 3 that were armed", n)
	}
	if n := server.Count(sandbox.OpCreate); n != 1 {
		t.Errorf("%d creates", n)
	}
}

// TestGone: customers deleted behind Terraform's back are planned for creation
// again, and the plan says once in which account how many are missing.
func TestGone(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	const config = "resource \"helpcrunch_customer\" \"many\" {\n  count = 4\n  name = \"Ada\"\n}\n"
	s.mustApply(config)
	s.writtenAgo(time.Hour)
	before := s.server.Customers()
	for _, customer := range before {
		if err := s.server.Delete(customer.ID()); err != nil {
			t.Fatal(err)
		}
	}
	out := s.apply(config)
	if !slices.Equal(out.summaries(), []string{saidOfMissing + "are made anew"}) || len(out.diags) != 4 || out.err != nil || len(out.planned) != 4 { // Terraform shows the first, and counts
		t.Errorf("%v are planned: %v\n%s", out.planned, out.err, said(out.diags))
	}
	after := s.server.Customers()
	if len(after) != 4 || slices.ContainsFunc(before, func(r sandbox.Record) bool { return r.ID() == after[0].ID() }) {
		t.Errorf("HelpCrunch has %v", after)
	}
}

// TestSentOnlyWhatChanged: the body of an update names the changed fields and no other.
func TestSentOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + customerBlock("name = \"Ada\"\n  email = \"ada@example.com\"\n  phone = \"555\"\n  tags = [{ name = \"vip\" }]")},
		resource.TestStep{
			PreConfig: server.ResetCounts,
			Config:    providerBlock(server, "") + customerBlock("name = \"Ada\"\n  email = \"ada@example.com\"\n  phone = \"556\"\n  tags = [{ name = \"vip\" }]"),
		},
	)
	for _, request := range server.Requests() {
		if request.Operation == sandbox.OpPatch {
			var body map[string]any
			if err := json.Unmarshal(request.Body, &body); err != nil || len(body) != 1 || body["phone"] != "556" {
				t.Errorf("sent %s", request.Body)
			}
			return
		}
	}
	t.Error("no PATCH was sent")
}

// TestSearchIsBelievedTenMinutesAfterAWrite: a search may lag behind a write of
// ours, so whoever differs in it is read once more, alone. Later than that,
// drift on many customers costs no request for each. It runs alone: the reads
// have to come side by side.
func TestSearchIsBelievedTenMinutesAfterAWrite(t *testing.T) {
	for name, row := range map[string]struct {
		ago   time.Duration
		reads int
	}{"nine minutes": {9 * time.Minute, 4}, "eleven minutes": {11 * time.Minute, 0}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, newSandbox(t))
			tagged := make([]int64, 3)
			for i := range tagged {
				var err error
				if tagged[i], err = s.server.Add(sandbox.Record{}); err != nil {
					t.Fatal(err)
				}
			}
			s.mustApply(countBlock(3, "before") +
				"resource \"helpcrunch_customer_tag\" \"beta\" {\n  count = 3\n  name = \"beta\"\n" +
				fmt.Sprintf("  customer_id = [%d, %d, %d][count.index]\n}\n", tagged[0], tagged[1], tagged[2]))
			s.writtenAgo(row.ago)

			drift := map[int64]sandbox.Record{tagged[0]: {"tags": []string{}}, tagged[1]: {"tags": []string{}}}
			for _, record := range s.server.Customers() {
				if user := record["userId"]; user == "crm-0" || user == "crm-1" {
					drift[record.ID()] = sandbox.Record{"name": "drifted"}
				}
			}
			for id, fields := range drift {
				if err := s.server.Change(id, fields); err != nil {
					t.Fatal(err)
				}
			}
			s.server.ResetCounts()
			out := s.plan()
			if want := map[string]string{
				address(0): "update", address(1): "update",
				"helpcrunch_customer_tag.beta[0]": "create", "helpcrunch_customer_tag.beta[1]": "create",
			}; out.err != nil || !maps.Equal(out.planned, want) {
				t.Errorf("planned %v: %v\n%s", out.planned, out.err, said(out.diags))
			}
			s.requests(sandbox.OpSearch, 1, 1)
			s.requests(sandbox.OpGet, row.reads, row.reads)
		})
	}
}

// writtenAgo makes the state say that everything was last written so long ago.
func (s *stage) writtenAgo(ago time.Duration) {
	s.Helper()
	for _, address := range s.kept.Addresses() {
		object := *s.kept.Get(address)
		object.Private = aged(s.T, object.Private, ago)
		s.kept.Set(address, &object)
	}
}

// aged is a private state as if everything had been written so long ago.
func aged(t *testing.T, private []byte, ago time.Duration) []byte {
	t.Helper()
	var keys map[string][]byte
	if err := json.Unmarshal(private, &keys); err != nil || keys["w"] == nil {
		t.Fatalf("the private state %s does not say when it was written: %v", private, err)
	}
	keys["w"] = []byte(strconv.FormatInt(time.Now().Add(-ago).Unix(), 10))
	private, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return private
}
