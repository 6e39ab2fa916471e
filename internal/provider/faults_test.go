// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// These tests go through the table of faults in DESIGN.md, row by row: what
// the server got, and what HelpCrunch and the state hold afterwards.

// settingsBlock is the provider with some settings; the others are in the environment.
func settingsBlock(lines string) string { return "provider \"helpcrunch\" {\n" + lines + "\n}\n" }

// countBlock is count customers that all have this name.
func countBlock(count int, name string) string {
	return fmt.Sprintf("resource \"helpcrunch_customer\" \"many\" {\n  count   = %d\n  user_id = \"crm-${count.index}\"\n  name    = %q\n}\n", count, name)
}

// names are what HelpCrunch holds, by user id.
func (s *stage) names() map[string]any {
	names := make(map[string]any)
	for _, record := range s.server.Customers() {
		names[fmt.Sprint(record["userId"])] = record["name"]
	}
	return names
}

// named are the customers of countBlock that have this name in the state. That
// all of them are there, and that HelpCrunch holds the same names, is checked.
func (s *stage) named(count int, name string) int {
	s.Helper()
	state, held := s.state(), s.names()
	if len(state) != count || len(held) != count {
		s.Errorf("%d customers are in the state and %d in HelpCrunch, want %d", len(state), len(held), count)
	}
	n := 0
	for index, attributes := range state {
		if attributes["name"] == name {
			n++
		}
		if has := held[fmt.Sprintf("crm-%d", index)]; has != attributes["name"] {
			s.Errorf("customer %v is %v in the state and %v in HelpCrunch", index, attributes["name"], has)
		}
	}
	return n
}

// TestConnectionRefused: nothing was sent, so anything may be tried again.
func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := newUsersStage(t, server)
	config := func(settings string) string {
		return settingsBlock("base_url = \"http://"+address+"/v1\"\n"+settings) + countBlock(1, "Ada")
	}

	out := s.apply(config("max_retries = 1"))
	if text := said(out.diags); out.err == nil || !strings.Contains(text, "error: The customer is not planned: Check the network, and base_url (or HELPCRUNCH_BASE_URL). Nothing was sent.") ||
		!strings.Contains(text, "[helpcrunch_customer.many[0]") {
		t.Fatalf("with nobody at the address: %v\n%s", out.err, text)
	}
	if state := s.state(); len(state) != 0 {
		t.Fatalf("the state has %v", state)
	}

	// The server comes up once the provider has tried.
	write(t, s.terraform.WorkingDir(), "main.tf", required+config(""))
	run := s.terraform.Command(s.Context(), "apply", "-auto-approve", "-no-color")
	run.Env = append(run.Env, "TF_LOG_PROVIDER=DEBUG")
	logs, err := run.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	up := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	t.Cleanup(func() { _ = up.Close() })
	refused, text := 0, new(bytes.Buffer)
	for lines := bufio.NewScanner(logs); lines.Scan(); {
		fmt.Fprintln(text, lines.Text())
		if !strings.Contains(lines.Text(), "HelpCrunch request") || !strings.Contains(lines.Text(), "status=0") {
			continue
		}
		if refused++; refused == 1 {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = up.Serve(listener) }()
		}
	}
	if err := run.Wait(); err != nil || refused == 0 {
		t.Fatalf("%d refused connections: %v\n%s", refused, err, text)
	}
	if n := s.named(1, "Ada"); n != 1 {
		t.Error("the customer was not created")
	}
	s.requests(sandbox.OpCreate, 1, 1)
}

// TestLostAnswersToWrites: what may be sent again is sent again, once, and
// does no harm if it was carried out the first time.
func TestLostAnswersToWrites(t *testing.T) {
	t.Parallel()
	lost := []sandbox.FaultKind{sandbox.DropAfter, sandbox.FailAfter}
	every := append([]sandbox.FaultKind{sandbox.DropBefore, sandbox.FailBefore, sandbox.BadGateway, sandbox.WrongType, sandbox.Oversized}, lost...)
	for _, test := range []struct {
		name   string
		fault  sandbox.Fault
		kinds  []sandbox.FaultKind
		count  int
		served map[sandbox.Operation]int // the reads of the refresh aside
	}{
		{"patch", sandbox.Fault{Operation: sandbox.OpPatch}, every, 1, map[sandbox.Operation]int{sandbox.OpPatch: 2}},
		{"canary", sandbox.Fault{Operation: sandbox.OpBatch}, lost, 3, map[sandbox.Operation]int{sandbox.OpBatch: 3, sandbox.OpGet: 1, sandbox.OpSearch: 1}},
		{"batch", sandbox.Fault{Operation: sandbox.OpBatch, After: 1}, every, 3, map[sandbox.Operation]int{sandbox.OpBatch: 3, sandbox.OpGet: 1, sandbox.OpSearch: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newSandbox(t))
			s.mustApply(countBlock(test.count, "before"))
			for _, kind := range test.kinds {
				fault := test.fault
				fault.Kind = kind
				s.server.ResetCounts()
				s.server.Arm(fault)
				s.mustApply(countBlock(test.count, string(kind)), noRefresh)
				if n := s.named(test.count, string(kind)); n != test.count {
					t.Errorf("%s: %d of %d were updated", kind, n, test.count)
				}
				// On a busy machine two that would share a request may be sent alone, and
				// what the search showed may be too old when their batch leaves.
				got, writes := served(s.server), test.served[sandbox.OpBatch]+test.served[sandbox.OpPatch]
				if got[sandbox.OpSearch] == test.served[sandbox.OpSearch]+1 && test.served[sandbox.OpSearch] > 0 {
					got[sandbox.OpSearch]--
				}
				for _, operation := range []sandbox.Operation{sandbox.OpBatch, sandbox.OpPatch} {
					writes -= got[operation]
					got[operation] = test.served[operation]
				}
				maps.DeleteFunc(got, func(_ sandbox.Operation, n int) bool { return n == 0 })
				if !maps.Equal(got, test.served) || writes > 0 || writes < -1 {
					t.Errorf("%s: served %v, want %v", kind, served(s.server), test.served)
				}
				if armed := s.server.Armed(); len(armed) > 0 {
					t.Errorf("%s was not met", kind)
				}
			}
		})
	}
}

// TestLostAnswersToDeletes: a customer that is gone when the delete is sent
// again was deleted.
func TestLostAnswersToDeletes(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	kinds := []sandbox.FaultKind{sandbox.DropAfter, sandbox.FailAfter, sandbox.FailBefore, sandbox.Oversized}
	s.mustApply(countBlock(1, "Ada"))
	for _, kind := range kinds {
		s.server.ResetCounts()
		before := s.state()[0]["id"]
		s.server.Arm(sandbox.Fault{Operation: sandbox.OpDelete, Kind: kind})
		s.mustApply(countBlock(1, "Ada"), options{replace: []string{address(0)}})
		s.requests(sandbox.OpDelete, 2, 2)
		if n := s.named(1, "Ada"); n != 1 || s.state()[0]["id"] == before {
			t.Errorf("%s: the customer was not replaced: %v", kind, s.state())
		}
	}
}

// TestLostAnswersToTags: in an account where the tags of a request are added,
// untag and tag put them right; both may be sent again.
func TestLostAnswersToTags(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	if err := s.server.SetSwitch("tags-append", ""); err != nil {
		t.Fatal(err)
	}
	config := func(tag string) string { return customerBlock(fmt.Sprintf("tags = [{ name = %q }]", tag)) }
	s.mustApply(config("first"))
	id, previous := onlyCustomer(t, s.server).ID(), "first"
	for round, kind := range []sandbox.FaultKind{sandbox.DropAfter, sandbox.FailBefore} {
		tag := fmt.Sprintf("round-%d", round)
		s.server.ResetCounts()
		s.server.Arm(sandbox.Fault{Operation: sandbox.OpUntag, Kind: kind})
		s.server.Arm(sandbox.Fault{Operation: sandbox.OpTag, Kind: kind})
		s.untagMeanwhile(id, previous)
		s.mustApply(config(tag))
		for _, operation := range []sandbox.Operation{sandbox.OpUntag, sandbox.OpTag} {
			s.requests(operation, 2, 2)
		}
		s.requests(sandbox.OpPatch, 1, 1)
		var names []any
		for _, held := range s.state()[nil]["tags"].([]any) {
			names = append(names, held.(map[string]any)["name"])
		}
		if !reflect.DeepEqual(names, []any{tag}) {
			t.Errorf("%s: the state has the tags %v", kind, names)
		}
		if held := onlyCustomer(t, s.server).TagNames(); !slices.Equal(held, []string{tag}) {
			t.Errorf("%s: HelpCrunch holds the tags %v", kind, held)
		}
		previous = tag
	}
}

// untagMeanwhile lets somebody take a new tag off right after the next PATCH,
// so that only the old one is left: the new one has to be added again.
func (s *stage) untagMeanwhile(id int64, old string) {
	held, release := make(chan struct{}), make(chan struct{})
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.Hold, Held: held, Release: release})
	go func() {
		defer close(release)
		select {
		case <-held:
		case <-s.Context().Done():
			return
		}
		if err := s.server.Change(id, sandbox.Record{"tags": []string{old}}); err != nil {
			s.Error(err)
		}
	}()
}

// TestFaultsThatStay: after the last retry an error says what is known, the
// state keeps what it had, and the next plan finds out the rest.
func TestFaultsThatStay(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	config := func(name string) string { return settingsBlock("max_retries = 1") + countBlock(2, name) }
	s.mustApply(config("before"))
	for _, test := range []struct {
		kind    sandbox.FaultKind
		want    string
		planned int // afterwards
	}{
		{sandbox.DropAfter, "no readable answer from HelpCrunch", 0},
		{sandbox.WrongType, "Whether HelpCrunch carried out the request is not known. Run terraform plan to see.", 0},
		{sandbox.Oversized, "the answer is larger than 10 MiB", 0},
		{sandbox.DropBefore, "Whether HelpCrunch carried out the request is not known. Run terraform plan to see.", 2},
		{sandbox.FailBefore, "HelpCrunch has a problem of its own. What was written before is in the state; run terraform apply again later.", 2},
		{sandbox.BadGateway, "HelpCrunch answered 502 (Bad Gateway) without a readable error body", 2},
	} {
		before := s.state()
		s.server.ResetCounts()
		s.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: test.kind, Times: 4})
		out := s.apply(settingsBlock("max_retries = 1\n  batch_size = 1")+countBlock(2, string(test.kind)), noRefresh)
		if text := said(out.diags); out.err == nil || strings.Count(text, "error: Customer ") != 2 || strings.Count(text, test.want) != 2 {
			t.Errorf("%s says:\n%s", test.kind, text)
		}
		s.requests(sandbox.OpPatch, 4, 4) // each once more
		if after := s.state(); !reflect.DeepEqual(after, before) {
			t.Errorf("%s changed the state to %v", test.kind, after)
		}
		if out := s.mustApply(config(string(test.kind))); len(out.planned) != test.planned {
			t.Errorf("after %s %v are planned, want %d", test.kind, out.planned, test.planned)
		}
		if n := s.named(2, string(test.kind)); n != 2 {
			t.Errorf("after %s and another apply %d of 2 are updated", test.kind, n)
		}
	}
}

// TestFaultsWhileReading: a read is repeated; one that fails for good is an
// error, never a customer that is gone.
func TestFaultsWhileReading(t *testing.T) {
	t.Parallel()
	for count, operation := range map[int]sandbox.Operation{1: sandbox.OpGet, 3: sandbox.OpSearch} {
		t.Run(string(operation), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newSandbox(t))
			s.mustApply(countBlock(count, "Ada"))
			for _, kind := range []sandbox.FaultKind{sandbox.FailBefore, sandbox.BadGateway, sandbox.WrongType, sandbox.Oversized} {
				s.server.ResetCounts()
				s.server.Arm(sandbox.Fault{Operation: operation, Kind: kind})
				if out := s.plan(); out.err != nil || len(out.diags) > 0 || len(out.planned) > 0 {
					t.Errorf("%s: %v are planned: %v\n%s", kind, out.planned, out.err, said(out.diags))
				}
				if n := total(s.server); n != 2 || s.server.Count(operation) != 2 {
					t.Errorf("%s: served %v, want the same request twice", kind, s.server.Counts().Served)
				}
			}
			before := s.state()
			for _, kind := range []sandbox.FaultKind{sandbox.Unauthorized, sandbox.Forbidden, sandbox.BadGateway, sandbox.Redirect} {
				s.server.Arm(sandbox.Fault{Operation: operation, Kind: kind, Times: 100})
				out := s.apply(settingsBlock("max_retries = 1")+countBlock(count, "Ada"), options{refreshOnly: true})
				s.server.Disarm()
				if text := said(out.diags); out.err == nil || strings.Count(text, "error: Customer ") != count || strings.Count(text, " was not read: ") != count {
					t.Errorf("%s says:\n%s", kind, text)
				}
				if after := s.state(); !reflect.DeepEqual(after, before) {
					t.Errorf("%s changed the state to %v", kind, after)
				}
			}
		})
	}
}

// saidOfAdoption is what is said of a customer whom HelpCrunch did not confirm.
const saidOfAdoption = "warning: A customer was adopted"

// TestLostCreates: a create with a user_id is repeated. One that was carried out
// is refused then: the customer is found and adopted, it is one, and it is in
// the state after one apply.
func TestLostCreates(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	made := []sandbox.FaultKind{sandbox.DropAfter, sandbox.FailAfter, sandbox.WrongType, sandbox.Oversized}
	notMade := []sandbox.FaultKind{sandbox.DropBefore, sandbox.FailBefore, sandbox.BadGateway}
	kinds := slices.Concat(made, notMade)
	config := func(kinds []sandbox.FaultKind) string {
		keys, _ := json.Marshal(kinds)
		return fmt.Sprintf("resource \"helpcrunch_customer\" \"each\" {\n  for_each = toset(%s)\n  user_id = each.key\n  name = \"Ada\"\n"+
			"  tags = [{ name = \"vip\" }]\n  custom_data = { seats = 12, renewal = \"1700000000\" }\n}\n", keys)
	}
	for i, kind := range kinds { // one by one: a repetition would meet the fault of another create
		s.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: kind})
		s.server.ResetCounts()
		out := s.apply(config(kinds[:i+1]), noRefresh)
		want := []string{saidOfAdoption}
		if slices.Contains(notMade, kind) {
			want = nil
		}
		if out.err != nil || !slices.Equal(out.summaries(), want) || len(out.diags) != len(want) {
			t.Fatalf("%s: the apply says: %v\n%s", kind, out.err, said(out.diags))
		}
		s.requests(sandbox.OpCreate, 2, 2)
		s.requests(sandbox.OpSearch, 0, 2)
	}
	held, state := s.server.Customers(), s.state()
	if len(held) != len(kinds) {
		t.Errorf("HelpCrunch has %d customers, want %d", len(held), len(kinds))
	}
	origins := make(map[any]int)
	for _, record := range held {
		if has := state[record["userId"]]["id"]; has != itoa(record.ID()) {
			t.Errorf("customer %v is %v in the state and %d in HelpCrunch", record["userId"], has, record.ID())
		}
		origins[state[record["userId"]]["origin"]]++
	}
	if !maps.Equal(origins, map[any]int{originAdopted: len(made), originCreated: len(notMade)}) {
		t.Errorf("the origins are %v", origins)
	}
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		t.Errorf("the next plan says %v", out.planned)
	}
}

// TestLostCreatesForGood: faults that outlast the retries leave it to the user,
// and the next apply goes on.
func TestLostCreatesForGood(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.BadGateway, Times: 2})
	block := "provider \"helpcrunch\" {\n  max_retries = 1\n}\n"
	out := s.apply(block + countBlock(1, "Ada"))
	want := "HelpCrunch did not confirm that it created the customer. If it did, the customer has user_id \"crm-0\" and can be imported; ADDRESS is that of this resource:      terraform import ADDRESS user_id:crm-0  If there is none, run terraform apply again."
	if text := said(out.diags); out.err == nil || out.errors() != 1 || !strings.Contains(text, "error: The customer may or may not have been created: "+want) {
		t.Errorf("the apply says: %v\n%s", out.err, text)
	}
	s.requests(sandbox.OpCreate, 2, 2)
	if state := s.state(); len(state) != 0 {
		t.Errorf("the state has %v", state)
	}
	s.mustApply(block + countBlock(1, "Ada"))
	if has := s.state()[0]["id"]; has != onlyCustomerID(t, s.server) {
		t.Errorf("the state has customer %v", has)
	}
}

// TestLostCreateWithoutUserID: nothing tells the customer apart, so the error
// says how to find and import it. Once imported it is the only one.
func TestLostCreateWithoutUserID(t *testing.T) {
	t.Parallel()
	s := newRealStage(t, newSandbox(t))
	config := customerBlock("name = \"Ada\"\n  deletion_policy = \"delete\"")
	s.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
	out := s.apply(config)
	want := "Look in HelpCrunch for a customer that was just created with these values. If there is one, import it; ADDRESS is that of this resource:      terraform import ADDRESS ID"
	if text := said(out.diags); out.err == nil || strings.Count(text, "error: The customer may or may not have been created") != 1 || !strings.Contains(text, want) {
		t.Fatalf("the apply says: %v\n%s", out.err, text)
	}
	if got := served(s.server); !maps.Equal(got, map[sandbox.Operation]int{sandbox.OpCreate: 1}) {
		t.Errorf("served %v, want one create and nothing else", got)
	}
	if state := s.state(); len(state) != 0 {
		t.Errorf("the state has %v", state)
	}
	if err := s.terraform.Import(t.Context(), "helpcrunch_customer.test", onlyCustomerID(t, s.server)); err != nil {
		t.Fatal(err)
	}
	s.mustApply(config)
	s.requests(sandbox.OpCreate, 1, 1)
	if has := s.state()[nil]["id"]; has != onlyCustomerID(t, s.server) {
		t.Errorf("the state has customer %v", has)
	}
}

// TestThrottled: a 429 pauses whoever shares the budget and is repeated for
// any verb, also where faults are not.
func TestThrottled(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	if err := s.server.SetSwitch("tags-append", ""); err != nil {
		t.Fatal(err)
	}
	config := func(count int, name, tag string) string {
		return settingsBlock("max_retries = 0") + strings.TrimSuffix(countBlock(count, name), "}\n") + fmt.Sprintf("  unsubscribed = true\n  custom_data = { plan = \"gold\" }\n  tags = [{ name = %q }]\n}\n", tag)
	}
	armed := 0
	throttle := func(times int, operations ...sandbox.Operation) {
		s.server.ResetCounts()
		for _, operation := range operations {
			s.server.Arm(sandbox.Fault{Operation: operation, Kind: sandbox.TooMany, Times: times, RetryAfter: time.Second})
			armed += times
		}
	}
	met := func(want map[sandbox.Operation]int) {
		t.Helper()
		if left := s.server.Armed(); len(left) > 0 {
			t.Errorf("not met: %v", left)
		}
		got, counts := served(s.server), s.server.Counts()
		if got[sandbox.OpSearch] == want[sandbox.OpSearch]+1 {
			got[sandbox.OpSearch]-- // the look has grown old, as it may on a busy machine
		}
		if !maps.Equal(got, want) || counts.TooManyRequests != armed {
			t.Errorf("served %v and %d answers of 429, want %v and %d", got, counts.TooManyRequests, want, armed)
		}
		armed = 0
		// Nothing is sent while the pause lasts.
		requests := s.server.Requests()
		for i := range requests[:len(requests)-1] {
			if gap := requests[i+1].ArrivedAt.Sub(requests[i].ArrivedAt); requests[i].Status == http.StatusTooManyRequests && gap < time.Second {
				t.Errorf("a %s came %v after a 429", requests[i+1].Operation, gap)
			}
		}
	}
	throttle(2, sandbox.OpCreate)
	s.mustApply(config(1, "Ada", "first"))
	met(map[sandbox.Operation]int{sandbox.OpCreate: 1})

	throttle(1, sandbox.OpGet, sandbox.OpPatch, sandbox.OpUntag)
	s.mustApply(config(1, "Grace", "second"))
	met(map[sandbox.Operation]int{sandbox.OpGet: 1, sandbox.OpPatch: 1, sandbox.OpUntag: 1})

	s.mustApply(config(3, "Grace", "second"))
	throttle(1, sandbox.OpSearch, sandbox.OpBatch)
	s.mustApply(config(3, "Hedy", "second"))
	// The canary was told to wait, and so its read is made again.
	met(map[sandbox.Operation]int{sandbox.OpSearch: 2, sandbox.OpGet: 2, sandbox.OpBatch: 2})
	if n := s.named(3, "Hedy"); n != 3 {
		t.Errorf("%d of 3 were updated", n)
	}

	s.mustApply(config(1, "Hedy", "second"))
	id := onlyCustomer(t, s.server).ID()
	throttle(1, sandbox.OpTag)
	s.untagMeanwhile(id, "second")
	s.mustApply(config(1, "Hedy", "third"), noRefresh)
	met(map[sandbox.Operation]int{sandbox.OpPatch: 1, sandbox.OpUntag: 1, sandbox.OpTag: 1})
	if held := onlyCustomer(t, s.server).TagNames(); !slices.Equal(held, []string{"third"}) {
		t.Errorf("HelpCrunch holds the tags %v", held)
	}

	throttle(2, sandbox.OpDelete)
	s.mustApply(settingsBlock("max_retries = 0"), noRefresh)
	met(map[sandbox.Operation]int{sandbox.OpDelete: 1})
	if left := s.server.Customers(); len(left) > 0 || len(s.state()) > 0 {
		t.Errorf("%v are left, and in the state %v", left, s.state())
	}
}

// TestKeyRefusedMidway: what was written before is in the state, the rest
// keeps what it had, and nobody is taken for gone. A key that is not accepted
// is not tried again.
func TestKeyRefusedMidway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind  sandbox.FaultKind
		sent  int
		words string
	}{
		{sandbox.Unauthorized, 4, "HelpCrunch does not accept the API key. Check api_key in the provider block, or the environment variable HELPCRUNCH_API_KEY"},
		{sandbox.Forbidden, 6, "HelpCrunch knows the API key but does not permit this. Check that the key belongs to the right account"},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newSandbox(t))
			s.mustApply(countBlock(6, "before"))
			s.server.ResetCounts()
			s.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: test.kind, After: 3, Times: 100})
			out := s.apply(settingsBlock("batch_size = 1")+countBlock(6, "after"), options{parallelism: 1})
			s.server.Disarm()
			if text := said(out.diags); out.err == nil || out.errors() != 3 || strings.Count(text, test.words) != 3 {
				t.Errorf("the apply says: %v\n%s", out.err, text)
			}
			s.requests(sandbox.OpPatch, test.sent, test.sent)
			if n := s.named(6, "after"); n != 3 {
				t.Errorf("%d customers are updated in the state, want the 3 that were written", n)
			}
			if out := s.mustApply(countBlock(6, "after")); len(out.planned) != 3 {
				t.Errorf("the next apply plans %v", out.planned)
			}
			if n := s.named(6, "after"); n != 6 {
				t.Errorf("%d of 6 are updated in the end", n)
			}
		})
	}
}

// TestBatchRefusedAsAWhole: 401, 403 and 5xx say nothing about a customer, so
// the batch is not taken apart to find the one to blame.
func TestBatchRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	s.mustApply(countBlock(twelve, "before"))
	for _, kind := range []sandbox.FaultKind{sandbox.Forbidden, sandbox.Unauthorized, sandbox.FailBefore} {
		s.server.ResetCounts()
		s.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: kind, After: 1, Times: 100})
		out := s.apply(settingsBlock("max_retries = 0") + countBlock(twelve, string(kind)))
		s.server.Disarm()
		written := s.named(twelve, string(kind))
		text := said(out.diags)
		if out.err == nil || written < 1 || out.errors() != twelve-written {
			t.Errorf("%s: %d were written, and the apply says: %v\n%s", kind, written, out.err, text)
		}
		for i := range twelve {
			failed := strings.Contains(text, "["+address(i)+" ") || strings.Contains(text, "["+address(i)+"]")
			if failed == (s.state()[i]["name"] == string(kind)) {
				t.Errorf("%s: %s is %v in the state, and that it failed is %v:\n%s", kind, address(i), s.state()[i]["name"], failed, text)
			}
		}
		s.requests(sandbox.OpBatch, 2, 3)
		s.requests(sandbox.OpPatch, 0, 1)
	}
}

// TestGoneMeanwhile: a customer that somebody deleted is planned again, is as
// good as deleted, and is an error of its own update alone.
func TestGoneMeanwhile(t *testing.T) {
	t.Parallel()
	s := newUsersStage(t, newSandbox(t))
	remove := func(i int) {
		t.Helper()
		id := s.state()[i]["id"]
		for _, record := range s.server.Customers() {
			if itoa(record.ID()) == id {
				if err := s.server.Delete(record.ID()); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
		t.Fatalf("HelpCrunch has no customer %v", id)
	}
	s.mustApply(countBlock(3, "before"))
	gone := fmt.Sprint("customer=", s.state()[1]["id"])
	remove(1)
	log := logged(t, s.terraform, "INFO")
	if out := s.apply(countBlock(3, "before")); !maps.Equal(out.planned, map[string]string{address(1): "create"}) ||
		out.err != nil || !slices.Equal(out.summaries(), []string{saidOfMissing + "are made anew"}) {
		t.Fatalf("with one gone %v are planned: %v\n%s", out.planned, out.err, said(out.diags))
	}
	var notes []string
	for line := range strings.Lines(log()) {
		if strings.Contains(line, "the customer is gone from HelpCrunch") {
			notes = append(notes, line)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], gone) {
		t.Errorf("the log should say once that %s is gone, and says %q", gone, notes)
	}

	remove(2)
	s.server.ResetCounts()
	s.mustApply(countBlock(2, "before"), noRefresh)
	s.requests(sandbox.OpDelete, 1, 1)
	if n := s.named(2, "before"); n != 2 {
		t.Errorf("%d customers are left", n)
	}

	remove(0)
	out := s.apply(countBlock(2, "after"), noRefresh)
	if text := said(out.diags); out.err == nil || out.errors() != 1 || !strings.Contains(text, "HelpCrunch has no such customer. Run terraform plan") ||
		!strings.Contains(text, "["+address(0)) {
		t.Errorf("an update of one that is gone says: %v\n%s", out.err, text)
	}
	if state := s.state(); state[0]["name"] != "before" || state[1]["name"] != "after" {
		t.Errorf("the state has %v", state)
	}
	if out := s.apply(countBlock(2, "after")); !maps.Equal(out.planned, map[string]string{address(0): "create"}) ||
		out.err != nil || !slices.Equal(out.summaries(), []string{saidOfMissing + "are made anew"}) {
		t.Errorf("afterwards %v are planned: %v\n%s", out.planned, out.err, said(out.diags))
	}
	if n := s.named(2, "after"); n != 2 {
		t.Errorf("%d customers in the end", n)
	}
}

// TestHalfWrittenBatch: an account that writes what stands before a customer
// that is gone, and refuses the batch all the same. Every other one is written.
func TestHalfWrittenBatch(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	if err := s.server.SetSwitch("batch-partial-write", ""); err != nil {
		t.Fatal(err)
	}
	s.mustApply(countBlock(twelve, "before"))
	for _, record := range s.server.Customers() {
		if record["userId"] == "crm-4" {
			if err := s.server.Delete(record.ID()); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.server.ResetCounts()
	out := s.apply(countBlock(twelve, "after"), noRefresh)
	if text := said(out.diags); out.err == nil || out.errors() != 1 || !strings.Contains(text, "["+address(4)) {
		t.Errorf("the apply says: %v\n%s", out.err, text)
	}
	for index, attributes := range s.state() {
		want := "after"
		if index == 4 {
			want = "before"
		}
		if held := s.names()[fmt.Sprintf("crm-%d", index)]; attributes["name"] != want || index != 4 && held != want {
			t.Errorf("customer %v is %v in the state and %v in HelpCrunch", index, attributes["name"], held)
		}
	}
	if writes := s.server.Count(sandbox.OpBatch) + s.server.Count(sandbox.OpPatch); writes > 3+8 {
		t.Errorf("%d requests to write eleven customers beside one that is gone", writes)
	}
}

// TestRefusals: each entry of a refusal stands on its attribute, of the
// customer that it is about, with all of the server's words.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	config := func(count, first, second int) string {
		return fmt.Sprintf(`
resource "helpcrunch_customer" "many" {
  count       = %d
  user_id     = "crm-${count.index}"
  email       = count.index == %d ? "no address" : "ada@example.com"
  notes       = count.index == %[2]d ? join("", range(200)) : "notes"
  custom_data = { plan = count.index == %[2]d || count.index == %d ? join("", range(200)) : "gold ${count.index}" }
}
`, count, first, second)
	}
	check := func(out outcome, what string, first, second int) {
		t.Helper()
		want := map[int][]string{first: {"custom_data", "email", "notes"}}
		if second >= 0 {
			want[second] = []string{"custom_data"}
		}
		got := make(map[int][]string)
		for _, d := range out.diags {
			for i := range twelve {
				if d.Address == address(i) && d.Snippet != nil {
					attribute, _, _ := strings.Cut(strings.TrimSpace(d.Snippet.Code), " ")
					got[i] = append(got[i], attribute)
					if n := strings.Count(d.Detail, "This value"); n != len(want[i]) {
						t.Errorf("%s: %d entries of %d on %s of %s: %s", what, n, len(want[i]), attribute, d.Address, d.Detail)
					}
				}
			}
		}
		for _, attributes := range got {
			slices.Sort(attributes)
		}
		if out.err == nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: errors on %v, want %v:\n%s", what, got, want, said(out.diags))
		}
	}

	check(s.apply(config(1, 0, -1)), "a create", 0, -1)
	if n := len(s.server.Customers()); n != 0 || len(s.state()) != 0 {
		t.Errorf("%d customers after a refused create, and in the state %v", n, s.state())
	}
	s.mustApply(config(1, -1, -1))
	check(s.apply(config(1, 0, -1)), "an update of one", 0, -1)

	s.mustApply(strings.ReplaceAll(config(twelve, -1, -1), "gold", "silver"))
	s.server.ResetCounts()
	check(s.apply(config(twelve, 3, 9)), "an update of twelve", 3, 9)
	state := s.state()
	for _, record := range s.server.Customers() {
		i, err := strconv.Atoi(strings.TrimPrefix(record["userId"].(string), "crm-"))
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("gold %d", i)
		if i == 3 || i == 9 {
			want = fmt.Sprintf("silver %d", i)
		}
		has := state[i]["custom_data"].(map[string]any)["value"].(map[string]any)["plan"]
		if held, _ := record.Custom("plan"); held != want || has != want {
			t.Errorf("customer %d is on %v in HelpCrunch and on %v in the state, want %v", i, held, has, want)
		}
	}
	if writes := s.server.Count(sandbox.OpBatch) + s.server.Count(sandbox.OpPatch); writes > 3+2*8 {
		t.Errorf("%d requests to write ten customers beside two bad ones", writes)
	}
}

// TestAnswerAboutSomebodyElse: it is an error or is asked about again, and
// never gets into the state.
func TestAnswerAboutSomebodyElse(t *testing.T) { // alone, like every count that depends on who comes in time for a batch
	s := newStage(t, newSandbox(t))
	wrong := func(operation sandbox.Operation, after int) {
		s.server.ResetCounts()
		s.server.Disarm()
		s.server.Arm(sandbox.Fault{Operation: operation, Kind: sandbox.WrongID, After: after})
	}
	words := func(does string, id any) string {
		return fmt.Sprintf("asked to %s a customer %v, HelpCrunch answered with customer 1", does, id)
	}
	s.mustApply(countBlock(1, "before"))
	before, id := s.state(), s.state()[0]["id"]

	wrong(sandbox.OpPatch, 0)
	out := s.apply(countBlock(1, "after"))
	if text := said(out.diags); out.err == nil || !strings.Contains(text, words("update", id)) {
		t.Errorf("a PATCH says: %v\n%s", out.err, text)
	}
	s.requests(sandbox.OpPatch, 1, 1)
	if after := s.state(); !reflect.DeepEqual(after, before) {
		t.Errorf("a PATCH changed the state to %v", after)
	}
	wrong(sandbox.OpGet, 0)
	out = s.plan()
	if text := said(out.diags); out.err == nil || !strings.Contains(text, words("read", id)) {
		t.Errorf("a GET says: %v\n%s", out.err, text)
	}
	s.mustApply(countBlock(3, "after"))
	if n := s.named(3, "after"); n != 3 {
		t.Errorf("%d of 3 are updated", n)
	}

	// Bulk answers show who is missing: those are asked for alone.
	wrong(sandbox.OpSearch, 0)
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		t.Errorf("a search: %v are planned: %v\n%s", out.planned, out.err, said(out.diags))
	}
	s.requests(sandbox.OpGet, 3, 3)
	wrong(sandbox.OpBatch, 1)
	s.mustApply(countBlock(3, "later"), noRefresh)
	s.requests(sandbox.OpBatch, 2, 2)
	s.requests(sandbox.OpGet, 1+2, 1+2)
	if n := s.named(3, "later"); n != 3 {
		t.Errorf("%d of 3 are updated", n)
	}
}

// TestRedirect: the key stays here.
func TestRedirect(t *testing.T) { // alone, like every count that depends on who comes in time for a batch
	var visits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(other.Close)
	s := newStage(t, newSandbox(t))
	redirect := func(operation sandbox.Operation) {
		s.server.ResetCounts()
		s.server.Arm(sandbox.Fault{Operation: operation, Kind: sandbox.Redirect, URL: other.URL + "/v1/customers?secret=1"})
	}
	check := func(operation sandbox.Operation, out outcome, count int) {
		t.Helper()
		if left := s.server.Armed(); len(left) > 0 {
			t.Errorf("%s was not redirected", operation)
		}
		text := said(out.diags)
		if out.err == nil || strings.Count(text, "The server redirects elsewhere. Redirects are not followed") != count ||
			!strings.Contains(text, "redirecting to "+other.URL+"/v1/customers") || strings.Contains(text, "secret") {
			t.Errorf("%s says: %v\n%s", operation, out.err, text)
		}
	}
	redirect(sandbox.OpCreate)
	check(sandbox.OpCreate, s.apply(countBlock(1, "before")), 1)
	if state := s.state(); len(state) != 0 {
		t.Errorf("the state has %v", state)
	}
	s.mustApply(countBlock(1, "before"))
	s.requests(sandbox.OpCreate, 1+1, 1+1)
	redirect(sandbox.OpPatch)
	check(sandbox.OpPatch, s.apply(countBlock(1, "after")), 1)
	s.requests(sandbox.OpPatch, 1, 1)
	redirect(sandbox.OpGet)
	check(sandbox.OpGet, s.plan(), 1)
	redirect(sandbox.OpDelete)
	check(sandbox.OpDelete, s.destroy(), 1)
	if n := s.named(1, "before"); n != 1 {
		t.Errorf("the customer is %v", s.state())
	}
	s.mustApply(countBlock(3, "before"))
	redirect(sandbox.OpSearch)
	check(sandbox.OpSearch, s.plan(), 3)
	redirect(sandbox.OpBatch)
	check(sandbox.OpBatch, s.apply(countBlock(3, "after")), 1) // the canary; the next one is the next canary
	s.requests(sandbox.OpBatch, 2, 2)
	if n := visits.Load(); n != 0 {
		t.Errorf("the other host got %d requests", n)
	}
}

// TestAnswersThatDoNotCome: after request_timeout they are lost answers like any other.
func TestAnswersThatDoNotCome(t *testing.T) { // alone, like every count that depends on who comes in time for a batch
	s := newStage(t, newSandbox(t))
	settings := settingsBlock("request_timeout = \"1s\"")
	s.mustApply(settings + countBlock(2, "before"))
	s.server.ResetCounts()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	for _, operation := range []sandbox.Operation{sandbox.OpSearch, sandbox.OpCreate, sandbox.OpBatch} {
		s.server.Arm(sandbox.Fault{Operation: operation, Kind: sandbox.Hold, Release: never})
	}
	out := s.apply(settings + countBlock(3, "after"))
	if out.err != nil || !slices.Equal(out.summaries(), []string{saidOfAdoption}) {
		t.Errorf("the apply says: %v\n%s", out.err, said(out.diags))
	}
	if n := s.named(3, "after"); n != 3 {
		t.Errorf("%d of 3 are updated", n)
	}
	want := map[sandbox.Operation]int{
		sandbox.OpSearch: 2 + 1 + 1, // the refresh twice, the look-up after the create, and who could be the canary
		sandbox.OpCreate: 2,         // the second is refused, which proves the first
		sandbox.OpBatch:  2,         // the canary, twice
		sandbox.OpGet:    2,         // the canary's, and that of the one who is adopted
		sandbox.OpPatch:  1,
	}
	if got := served(s.server); !maps.Equal(got, want) {
		t.Errorf("served %v, want %v", got, want)
	}
}
