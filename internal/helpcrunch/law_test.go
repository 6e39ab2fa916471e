// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// planned is a change of one custom property.
func planned(plan string) func(int64) helpcrunch.Changes {
	return func(int64) helpcrunch.Changes {
		return helpcrunch.Changes{CustomData: helpcrunch.CustomData{"plan": {Kind: helpcrunch.String, Text: plan}}}
	}
}

// losses are the losses that updates were told of.
func losses(outcomes map[int64]outcome) []*helpcrunch.Loss {
	var all []*helpcrunch.Loss
	for _, got := range outcomes {
		if got.Loss != nil {
			all = append(all, got.Loss)
		}
	}
	return all
}

// An account whose batches clear what they do not mention: one customer is at
// stake, gets everything back, and there are no batches afterwards.
func TestCanaryOfFields(t *testing.T) {
	open(t, crowd(25, "batch-clears-omitted"), func(a *account) {
		outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
		for id, got := range outcomes {
			record, _ := a.server.Customer(id)
			if got.err != nil || record["name"] != "Ada" || !a.keptAll(id) {
				t.Errorf("%d: %v, HelpCrunch holds %v", id, got.err, record)
			}
			if got.Phone == nil || *got.Phone != "555" {
				t.Errorf("%d: the answer is from before it was put back", id)
			}
		}
		told := losses(outcomes)
		if len(told) != 1 || !told[0].ByBatch || !slices.Equal(told[0].Fields, []string{"userId", "phone", "tags", "customData.renewal", "customData.seats"}) {
			t.Errorf("told of %+v", told)
		}
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
			t.Errorf("batches of %v, want the canary alone", sizes)
		}
	})
}

// Accounts in which a customData of some properties clears the others, in a
// batch or everywhere. Among what has to stay are a date and a number, which
// look the same in an answer and must be sent differently.
func TestCanaryOfProperties(t *testing.T) {
	for name, c := range map[string]struct{ batches, reads, patches int }{
		// One canary in a batch, then everyone alone: the first with a read to prove PATCH, the others without.
		"batch-clears-custom-data": {batches: 1, reads: 1 + 1, patches: 1 + 24 + 1},
		// As before, and from then on a read for each, and a PATCH refused once for the date.
		"custom-data-replaces": {batches: 1, reads: 1 + 24, patches: 1 + 1 + 2*25},
	} {
		open(t, crowd(25, name), func(a *account) {
			outcomes := a.updateAll(a.Context(), 10, a.ids(), planned("gold"))
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				if plan, _ := record.Custom("plan"); got.err != nil || plan != "gold" || !a.keptAll(id) {
					t.Errorf("%s: %d: %v, HelpCrunch holds %v", name, id, got.err, record)
				}
			}
			if told := losses(outcomes); len(told) == 0 || told[0].ByBatch || !slices.Equal(told[0].Fields, []string{"customData.renewal", "customData.seats"}) {
				t.Errorf("%s: told of %+v", name, told)
			}
			if n := len(a.sizes(sandbox.OpBatch)); n != c.batches {
				t.Errorf("%s: %d batches, want %d", name, n, c.batches)
			}
			if reads, patches := a.server.Count(sandbox.OpGet), a.server.Count(sandbox.OpPatch); reads > c.reads || patches > c.patches {
				t.Errorf("%s: %d reads and %d patches, want at most %d and %d", name, reads, patches, c.reads, c.patches)
			}
		})
	}
}

// Batches that were proven to keep fields are not trusted with properties for that.
func TestCanaryOfPropertiesComesLater(t *testing.T) {
	open(t, crowd(22, "batch-clears-custom-data"), func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 2, ids[20:], named("Ada"))
		outcomes := a.updateAll(a.Context(), 10, ids[:20], planned("gold"))
		for id, got := range outcomes {
			if got.err != nil || !a.keptAll(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("%d: %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
		if told := losses(outcomes); len(told) != 1 {
			t.Errorf("told of %+v", told)
		}
	})
}

// Where no customer holds properties that are not sent, nobody can show what becomes
// of them, and each batch asks; a lone customer needs no proof.
func TestCanaryOnlyWhereSomethingIsAtStake(t *testing.T) {
	open(t, crowd(25), func(a *account) {
		a.updateAll(a.Context(), 10, a.ids(), func(int64) helpcrunch.Changes {
			return helpcrunch.Changes{CustomData: helpcrunch.CustomData{
				"plan": {Kind: helpcrunch.String, Text: "gold"}, "seats": {Kind: helpcrunch.Number, Text: "12"},
				"renewal": {Kind: helpcrunch.String, Text: "1700000000"},
			}}
		})
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1, 9, 10, 5}) || a.requests() != 8 {
			t.Errorf("%q", a.operations())
		}
	})
	open(t, crowd(1), func(a *account) {
		a.updateAll(a.Context(), 1, a.ids(), planned("gold"))
		if a.operations() != "get patch" {
			t.Errorf("%q for a customer without other properties", a.operations())
		}
	})
}

// A lone update of some properties is proven too, once.
func TestCanaryOfALonePatch(t *testing.T) {
	open(t, crowd(3), func(a *account) {
		for _, id := range a.ids() {
			if got := a.updateAll(a.Context(), 1, []int64{id}, planned("gold"))[id]; got.err != nil || got.Loss != nil {
				t.Error(got.err, got.Loss)
			}
		}
		if a.operations() != "get patch patch patch" {
			t.Errorf("%q", a.operations())
		}
	})
	open(t, crowd(2, "custom-data-replaces"), func(a *account) {
		for i, id := range a.ids() {
			got := a.updateAll(a.Context(), 1, []int64{id}, planned("gold"))[id]
			if got.err != nil || (got.Loss != nil) != (i == 0) || !a.keptProperties(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("%v, %+v, HelpCrunch holds %v", got.err, got.Loss, record)
			}
		}
	})
}

// A read that waits for the budget apart from its write would put back what a
// colleague has changed meanwhile.
func TestCanaryReadsJustBeforeItWrites(t *testing.T) {
	for name, changes := range map[string]func(int64) helpcrunch.Changes{"batch-clears-omitted": named("Ada"), "custom-data-replaces": planned("gold")} {
		with := crowd(2, name)
		with.client = func(c *helpcrunch.Config) {
			c.Budget = budget.New(budget.Config{Limit: 4})
		}
		open(t, with, func(a *account) {
			for range 3 {
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					t.Fatal(err)
				}
			}
			var outcomes map[int64]outcome
			var wait sync.WaitGroup
			wait.Go(func() { outcomes = a.updateAll(a.Context(), 2, a.ids(), changes) })
			time.Sleep(30 * time.Second)
			for _, id := range a.ids() {
				if err := a.server.Change(id, sandbox.Record{"phone": "777", "customData": map[string]any{"seats": 99}}); err != nil {
					t.Fatal(err)
				}
			}
			wait.Wait()
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				if seats, _ := record.Custom("seats"); got.err != nil || record["phone"] != "777" || fmt.Sprint(seats) != "99" {
					t.Errorf("%s: %v, HelpCrunch holds %v", name, got.err, record)
				}
			}
		})
	}
}

// With two requests a minute as well, though one more is there before.
func TestUnionWithTwoRequestsAMinute(t *testing.T) {
	with := crowd(2, "custom-data-replaces")
	with.client = func(c *helpcrunch.Config) {
		c.Budget = budget.New(budget.Config{Limit: 2})
	}
	open(t, with, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		var wait sync.WaitGroup
		wait.Go(func() { a.updateAll(a.Context(), 1, []int64{a.ada}, planned("gold")) })
		time.Sleep(10 * time.Second)
		if err := a.server.Change(a.ada, sandbox.Record{"customData": map[string]any{"seats": 99}}); err != nil {
			t.Fatal(err)
		}
		wait.Wait()
		record, _ := a.server.Customer(a.ada)
		if seats, _ := record.Custom("seats"); fmt.Sprint(seats) != "99" {
			t.Errorf("HelpCrunch holds %v", record)
		}
	})
}

// A budget of one request a minute is slow, and no reason to stand still.
func TestCanaryWithOneRequestAMinute(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.client = func(c *helpcrunch.Config) {
		c.Budget = budget.New(budget.Config{Limit: 1})
	}
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if got.err != nil || !a.keptAll(id) {
				t.Errorf("%d: %v", id, got.err)
			}
		}
		if a.now() > 15*time.Minute {
			t.Errorf("it took %s", a.now())
		}
	})
}

// beforeBatches lets something happen to the customers of each batch just before
// HelpCrunch gets it.
func beforeBatches(with *setup, happens func(ids []int64) error) {
	with.transport = func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPut {
				return next.RoundTrip(r)
			}
			body, err := io.ReadAll(r.Body)
			var items []struct{ Customer int64 }
			if err = errors.Join(err, json.Unmarshal(body, &items)); err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			ids := make([]int64, len(items))
			for i, item := range items {
				ids[i] = item.Customer
			}
			if err := happens(ids); err != nil {
				return nil, err
			}
			return next.RoundTrip(r)
		})
	}
}

// What is sent along with an update was read just before it, however many wait
// for the budget and whatever 429 comes between, and nobody waits with a slot
// in hand.
func TestUnionsReadJustBeforeTheyWrite(t *testing.T) {
	const customers, limit = 60, 20
	with := crowd(customers, "custom-data-replaces")
	with.client = func(c *helpcrunch.Config) {
		c.Budget, c.BatchSize = budget.New(budget.Config{Limit: limit}), 1
	}
	var mu sync.Mutex
	read, refused := make(map[string]time.Time), make(map[string]bool)
	with.transport = func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			switch r.Method {
			case http.MethodGet:
				read[r.URL.Path] = time.Now()
			case http.MethodPatch:
				if since := time.Since(read[r.URL.Path]); since > time.Second {
					t.Errorf("%s was read %s before it was written", r.URL.Path, since)
				}
				if strings.HasSuffix(r.URL.Path, "0") && !refused[r.URL.Path] {
					refused[r.URL.Path] = true
					return response(r, http.StatusTooManyRequests, http.Header{"Retry-After": {"15"}}, strings.NewReader(`{"errors":[]}`)), nil
				}
			}
			return next.RoundTrip(r)
		})
	}
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 10, a.ids(), planned("gold")) {
			if got.err != nil || !a.keptProperties(id) {
				t.Errorf("%d: %v", id, got.err)
			}
		}
		// Each needs a read and a write, once more where it was refused, and each
		// refusal pauses everybody for a quarter of a minute, which a put-back waits
		// for. That a property is a date is found out once.
		requests := 2*customers + 2*len(refused) + 4
		if most := time.Duration(requests/limit+1)*time.Minute + time.Duration(len(refused))*15*time.Second; a.now() > most {
			t.Errorf("%d requests took %s, want %s at most", requests, a.now(), most)
		}
	})
}

// meddlingWithPatches is meddling for PATCHes alone.
func meddlingWithPatches(meddle func(r *http.Request, body []byte) ([]byte, *http.Response)) func(http.RoundTripper) http.RoundTripper {
	return meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method != http.MethodPatch {
			return body, nil
		}
		return meddle(r, body)
	})
}

// An answer that does not hold what was put back is an error that names it.
func TestCanaryWhoseRestoreIsIgnored(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.transport = meddlingWithPatches(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
		return bytes.ReplaceAll(body, []byte(`"phone":"555",`), nil), nil
	})
	open(t, with, func(a *account) {
		var missing []string
		for _, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
				missing = append(missing, lost.Fields...)
			}
		}
		if !slices.Equal(missing, []string{"phone"}) {
			t.Errorf("missing are %v", missing)
		}
	})
}

// stopCanary updates all customers, stops after a time in which the canary has
// left, and lets its answer come only then. It checks that the canary is what
// succeeded, and that everybody has everything.
func (a *account) stopCanary(after time.Duration) {
	a.Helper()
	written := 0
	for id, got := range a.stopWhileHeld(3, after) {
		if !a.keptAll(id) {
			record, _ := a.server.Customer(id)
			a.Errorf("HelpCrunch holds %v", record)
		}
		if got.err == nil {
			written++
		} else if !errors.Is(got.err, context.Canceled) {
			a.Error(got.err)
		}
	}
	if written != 1 {
		a.Errorf("%d updates succeeded, want the canary's", written)
	}
}

// What a canary loses is put back, whatever is cancelled meanwhile.
func TestCanaryIsPutBackAfterAStop(t *testing.T) {
	open(t, crowd(3, "batch-clears-omitted"), func(a *account) { a.stopCanary(time.Second) })
}

// A stop does not wait for ever for what is under way. So what a canary took is
// put back whether the budget has a slot or not.
func TestCanaryIsPutBackWithoutWaiting(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.client = func(c *helpcrunch.Config) {
		c.Budget = budget.New(budget.Config{Limit: 5})
	}
	open(t, with, func(a *account) {
		for range 2 {
			if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
				t.Fatal(err)
			}
		}
		const left = 5 * time.Second // the canary has: it took what was left of the budget
		a.stopCanary(left)
		if took := a.now() - left; took > time.Second {
			t.Errorf("it ended %s after the stop", took)
		}
	})
}

// What cannot be put back is an error that names it, without its value.
func TestCanaryThatCannotBePutBack(t *testing.T) {
	open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore, Times: 1 + retries})
		failed := 0
		for _, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
				failed++
				if !slices.Contains(lost.Fields, "phone") || strings.Contains(got.err.Error(), "555") {
					t.Errorf("got %v", got.err)
				}
			}
		}
		if failed != 1 {
			t.Errorf("%d updates say that something is lost", failed)
		}
	})
}

// A canary whose answer is lost for good may have been carried out all the same.
func TestCanaryWhoseAnswerIsLost(t *testing.T) {
	for _, fault := range []sandbox.FaultKind{sandbox.DropAfter, sandbox.DropBefore} {
		open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: fault, Times: 1 + retries})
			outcomes := a.updateAll(a.Context(), 3, a.ids(), named("Ada"))
			failed := 0
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				if !a.keptAll(id) || (record["name"] == "Ada") != (got.err == nil) {
					t.Errorf("%s: %v, HelpCrunch holds %v", fault, got.err, record)
				}
				if got.err != nil {
					failed++
				}
			}
			if want := map[sandbox.FaultKind]int{sandbox.DropBefore: 1}[fault]; failed != want {
				t.Errorf("%s: %d updates failed, want %d", fault, failed, want)
			}
		})
	}
}

// Where HelpCrunch refuses one of the values that are to be put back, the
// others come back, and only that one is named.
func TestCanaryPutsBackWhatItCan(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if bytes.Contains(body, []byte(`"userId"`)) {
			return nil, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"userId","message":"This value cannot be written."}]}`))
		}
		return body, nil
	})
	open(t, with, func(a *account) {
		failed := 0
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if !a.keptAll(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("HelpCrunch holds %v", record)
			}
			if lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
				failed++
				if !slices.Equal(lost.Fields, []string{"userId"}) {
					t.Errorf("missing are %v", lost.Fields)
				}
			}
		}
		if failed != 1 {
			t.Errorf("%d updates say that something is lost, want 1", failed)
		}
	})
}

// A single 404 of the put-back is asked about again, as a whole: the values come
// back, and not by a request for each.
func TestCanaryIsPutBackThoughA404SaysItIsGone(t *testing.T) {
	open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.NotFound, Times: 1})
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if got.err != nil || !a.keptAll(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("%d: %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
		// The canary twice, once of them in vain and once for the kind of a
		// property that was guessed wrong, and the two others.
		if sent := strings.Count(a.operations(), "patch"); sent > 5 {
			t.Errorf("%d requests, want at most 5: %s", sent, a.operations())
		}
	})
}

// Where a kind is lost, what moves by itself went the same way: it comes back as
// well, also where nothing else of its kind was there.
func TestWhatMovesIsPutBackWithTheRest(t *testing.T) {
	const seen = "1700000000"
	with := plainly(3, sandbox.Record{"name": "before", "lastSeen": seen, "customData": map[string]any{"seats": 12}}, []int{0, 1, 2}, "batch-clears-omitted")
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("after")) {
			record, _ := a.server.Customer(id)
			if got.err != nil || record["name"] != "after" || fmt.Sprint(record["lastSeen"]) != seen {
				t.Errorf("%d: %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
	})
}

// What has moved on meanwhile is not put back, whatever is lost beside it.
func TestWhatHasMovedOnIsNotPutBack(t *testing.T) {
	with := plainly(3, sandbox.Record{"name": "before", "phone": "555", "lastPage": "https://example.com/old"}, []int{0, 1, 2})
	with.transport = clearing(map[string]string{"phone": "null", "lastPage": `"https://example.com/new"`})
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 3, a.ids(), named("after"))
		for id, got := range outcomes {
			record, _ := a.server.Customer(id)
			want := "https://example.com/old"
			if got.Loss != nil {
				want = "https://example.com/new"
			}
			if got.err != nil || record["phone"] != "555" || record["lastPage"] != want {
				t.Errorf("%v, told of %+v, HelpCrunch holds %v", got.err, got.Loss, record)
			}
		}
		if told := losses(outcomes); len(told) != 1 || !slices.Equal(told[0].Fields, []string{"phone"}) {
			t.Errorf("told of %+v", told)
		}
	})
}

// plainly is a crowd of customers of whom only the name is managed and who hold
// nothing else, but for those in the given places.
func plainly(count int, holding sandbox.Record, places []int, switches ...string) setup {
	with := crowd(count, switches...)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"name": "before"}
	}
	for _, i := range places {
		with.sandbox.Customers[i] = holding
	}
	return with
}

var noted = sandbox.Record{"name": "before", "phone": "555", "notes": "prefers calls", "tags": []string{"vip"}, "customData": map[string]any{"seats": 12}}

// heldBeside is what customers hold beside what is managed, as one text.
func (a *account) heldBeside(ids []int64, managed ...string) string {
	var all []string
	for _, id := range ids {
		record, _ := a.server.Customer(id)
		for _, field := range append(managed, "lastSeen") {
			delete(record, field)
		}
		all = append(all, fmt.Sprint(record))
	}
	return strings.Join(all, "\n")
}

// Four of forty hold what nobody manages, wherever they stand among those who
// hold nothing: nothing is lost on an account whose batches clear.
func TestNobodyLosesWhatNobodyManages(t *testing.T) {
	for _, places := range [][]int{{0, 1, 2, 3}, {6, 17, 28, 39}, {36, 37, 38, 39}} {
		for _, name := range []string{"batch-clears-omitted", "batch-clears-custom-data", "custom-data-replaces"} {
			for _, parallelism := range []int{10, 100} {
				for what, changes := range map[string]func(int64) helpcrunch.Changes{"name": named("after"), "plan": planned("gold")} {
					open(t, plainly(40, noted, places, name), func(a *account) {
						ids := a.ids()
						before := a.heldBeside(ids, what, "name")
						for id, got := range a.updateAll(a.Context(), parallelism, ids, changes) {
							if got.err != nil {
								t.Errorf("%d: %v", id, got.err)
							}
						}
						for _, id := range ids {
							if record, _ := a.server.Customer(id); what == "plan" {
								if plan, _ := record.Custom("plan"); plan != "gold" {
									t.Errorf("%s: the plan is %v", name, plan)
								}
							} else if record["name"] != "after" {
								t.Errorf("%s: the name is %v", name, record["name"])
							}
						}
						after := a.heldBeside(ids, what, "name")
						after = strings.ReplaceAll(strings.ReplaceAll(after, "plan:gold ", ""), "plan:gold", "")
						if after != before {
							t.Errorf("%s of %s at %v, %d at a time: HelpCrunch held\n%s\nand holds\n%s", name, what, places, parallelism, before, after)
						}
					})
				}
			}
		}
	}
}

// Strings that a batch keeps acquit neither tags nor flags nor custom data: an account
// may treat each its own way. The first half hold notes alone, which proves strings.
func TestStringsAcquitNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		held  sandbox.Record
		clear string
		lost  string
	}{
		"tags":        {sandbox.Record{"notes": "n", "tags": []string{"do-not-call"}}, `{"tags":[],"customer":`, "tags"},
		"flags":       {sandbox.Record{"notes": "n", "unsubscribed": true}, `{"unsubscribed":false,"customer":`, "unsubscribed"},
		"custom data": {sandbox.Record{"notes": "n", "customData": map[string]any{"seats": 12}}, `{"customData":[{"property":"seats","value":null}],"customer":`, "customData.seats"},
	} {
		for _, clears := range []bool{true, false} {
			with := plainly(60, sandbox.Record{"notes": "n"}, nil)
			for i := range with.sandbox.Customers {
				with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
				if i >= 20 {
					with.sandbox.Customers[i] = c.held
				}
			}
			with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
				if clears && r.Method == http.MethodPut {
					body = bytes.ReplaceAll(body, []byte(`{"customer":`), []byte(c.clear))
				}
				return body, nil
			})
			open(t, with, func(a *account) {
				ids := a.ids()
				before := a.heldBeside(ids, "company")
				got := a.updateAll(a.Context(), 10, ids, func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} })
				for id, got := range got {
					if record, _ := a.server.Customer(id); got.err != nil || record["company"] != "Engines" {
						t.Errorf("%s: %d is %v: %v", name, id, record, got.err)
					}
				}
				if after := a.heldBeside(ids, "company"); after != before {
					t.Errorf("%s: HelpCrunch held\n%s\nand holds\n%s", name, before, after)
				}
				told := losses(got)
				if clears && (len(told) != 1 || !told[0].ByBatch || !slices.Equal(told[0].Fields, []string{c.lost})) || !clears && len(told) > 0 {
					t.Errorf("%s: told of %+v", name, told)
				}
			})
		}
	}
}

// clearsTags are batches that keep strings and clear the tags that an item leaves out.
func clearsTags(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte(`{"customer":`), []byte(`{"tags":[],"customer":`))
}

// A batch that is sent again, whole or in parts, is looked at again: what was seen of
// those in it has grown old.
func TestBatchIsLookedAtBeforeItIsSentAgain(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"told to wait": func(r *http.Request) *http.Response {
			return response(r, http.StatusTooManyRequests, http.Header{"Retry-After": {"240"}}, strings.NewReader(`{"errors":[{"code":"too_many","message":"Slow down"}]}`))
		},
		"out of order after a while": func(r *http.Request) *http.Response {
			time.Sleep(20 * time.Second)
			return response(r, http.StatusServiceUnavailable, nil, strings.NewReader("out of order"))
		},
		"refused after a while": func(r *http.Request) *http.Response {
			time.Sleep(20 * time.Second)
			return response(r, http.StatusRequestEntityTooLarge, nil, strings.NewReader(`{"errors":[{"code":"too_large","message":"Too large"}]}`))
		},
	} {
		with := plainly(20, sandbox.Record{"notes": "n"}, nil)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
		}
		var server *sandbox.Server
		var tagged int64
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if r.Method != http.MethodPut {
				return body, nil
			}
			if n := bytes.Count(body, []byte(`"customer":`)); n > 1 && tagged == 0 {
				tagged = server.Customers()[19].ID()
				for _, customer := range server.Customers() {
					if bytes.Contains(body, fmt.Append(nil, customer.ID())) {
						tagged = customer.ID()
					}
				}
				if err := server.Change(tagged, sandbox.Record{"tags": []string{"do-not-call"}}); err != nil {
					panic(err)
				}
				return nil, answer(r)
			}
			return clearsTags(body), nil
		})
		open(t, with, func(a *account) {
			server = a.server
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} }) {
				if got.err != nil {
					t.Errorf("%s: %d: %v", name, id, got.err)
				}
			}
			if record, _ := server.Customer(tagged); len(record.TagNames()) != 1 || record["company"] != "Engines" {
				t.Errorf("%s: HelpCrunch holds %v", name, record)
			}
		})
	}
}

// A search that lags does not show yet what this run itself has written: those are
// written alone.
func TestSearchDoesNotAcquitWhomWeTagged(t *testing.T) {
	with := plainly(40, sandbox.Record{"notes": "n"}, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
	}
	with.sandbox.Switches.SearchLag = time.Minute
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method == http.MethodPut {
			body = clearsTags(body)
		}
		return body, nil
	})
	open(t, with, func(a *account) {
		ids := a.ids()
		for _, id := range ids[20:] {
			if _, err := a.TagCustomer(a.Context(), id, []helpcrunch.Tag{{Name: "vip"}}); err != nil {
				t.Fatal(err)
			}
		}
		a.updateAll(a.Context(), 10, ids, func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} })
		for i, id := range ids {
			if record, _ := a.server.Customer(id); record["company"] != "Engines" || i >= 20 && len(record.TagNames()) != 1 {
				t.Errorf("HelpCrunch holds %v", record)
			}
		}
	})
}

// What comes by itself shows nothing by staying alone, and is at risk all the same: who
// holds nothing else is written alone. Who holds nothing at all has nothing to lose.
func TestWhatComesByItselfIsAtRisk(t *testing.T) {
	held := sandbox.Record{"name": "before", "locale": "en", "createdFrom": "web", "lastPage": "https://example.com"}
	for _, switches := range [][]string{nil, {"batch-clears-omitted"}} {
		open(t, plainly(30, held, []int{20, 21, 22, 23, 24, 25, 26, 27, 28, 29}, switches...), func(a *account) {
			before := a.heldBeside(a.ids(), "name")
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), named("Ada")) {
				if record, _ := a.server.Customer(id); got.err != nil || record["name"] != "Ada" {
					t.Errorf("%d is %v: %v", id, record["name"], got.err)
				}
			}
			if after := a.heldBeside(a.ids(), "name"); after != before {
				t.Errorf("HelpCrunch held\n%s\nand holds\n%s", before, after)
			}
			if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{10, 10}) || a.server.Count(sandbox.OpSearch) != 3 || a.server.Count(sandbox.OpPatch) != 10 {
				t.Errorf("%q with batches of %v", a.operations(), sizes)
			}
		})
	}
}

// So it is where an update sends every string but those: there is a look before that batch too.
func TestUpdateOfAllButWhatComesByItself(t *testing.T) {
	held := sandbox.Record{"locale": "en", "createdFrom": "web"}
	with := crowd(21)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = held
	}
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method == http.MethodPut { // this account clears strings, and keeps properties
			body = bytes.ReplaceAll(body, []byte(`{"customer":`), []byte(`{"locale":null,"createdFrom":null,"customer":`))
		}
		return body, nil
	})
	with.sandbox.Customers[0] = sandbox.Record{"customData": map[string]any{"seats": 12}} // who shows that properties are kept
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 10, a.ids(), func(id int64) helpcrunch.Changes {
			own := helpcrunch.Some(fmt.Sprint("crm-", id))
			return helpcrunch.Changes{
				Name: own, Email: helpcrunch.Some(fmt.Sprintf("%d@example.com", id)), UserID: own, Company: own, Phone: own,
				Source: helpcrunch.Some("https://example.com"), Referer: helpcrunch.Some("https://example.com"), IntegrationID: own, Notes: own,
				Unsubscribed: helpcrunch.Some(true), Blocked: helpcrunch.Some(true), Tags: []helpcrunch.Tag{{Name: "vip"}},
				CustomData: helpcrunch.CustomData{"plan": {Kind: helpcrunch.String, Text: "gold"}},
			}
		}) {
			record, _ := a.server.Customer(id)
			if got.err != nil || record["name"] != fmt.Sprint("crm-", id) || id != a.ids()[0] && (record["locale"] != "en" || record["createdFrom"] != "web") {
				t.Errorf("%v, HelpCrunch holds %v", got.err, record)
			}
		}
	})
}

// Where nothing can prove the law, a search before each batch says that nobody
// holds anything.
func TestNobodyCanProveTheLaw(t *testing.T) {
	for _, parallelism := range []int{10, 100} {
		open(t, plainly(200, noted, nil), func(a *account) {
			a.updateAll(a.Context(), parallelism, a.ids(), planned("gold"))
			if n := a.requests(); n > 45 {
				t.Errorf("%d at a time: %d requests: %q", parallelism, n, a.operations())
			}
		})
	}
}

// Tags that stay say nothing about strings: each kind that somebody who waits
// holds is proven.
func TestEachKindIsProven(t *testing.T) {
	with := plainly(12, sandbox.Record{"tags": []string{"vip"}, "unsubscribed": true}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	with.sandbox.Customers[11] = sandbox.Record{"notes": "prefers calls"}
	clears := func(body []byte) bool {
		return bytes.HasPrefix(body, []byte("[")) && !bytes.Contains(body, []byte("notes"))
	}
	var server *sandbox.Server
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method == http.MethodPut && clears(body) { // this account clears strings, and keeps tags
			body = bytes.ReplaceAll(body, []byte(`{"customer":`), []byte(`{"notes":null,"customer":`))
		}
		return body, nil
	})
	open(t, with, func(a *account) {
		server = a.server
		ids := a.ids()
		noted := ids[11]
		a.updateAll(a.Context(), 10, ids[:10], func(int64) helpcrunch.Changes { return helpcrunch.Changes{Blocked: helpcrunch.Some(true)} })
		a.updateAll(a.Context(), 2, ids[10:], func(int64) helpcrunch.Changes { return helpcrunch.Changes{Blocked: helpcrunch.Some(true)} })
		if record, _ := server.Customer(noted); record["notes"] != "prefers calls" {
			t.Errorf("the notes are %v after %q", record["notes"], a.operations())
		}
	})
}

// What somebody else writes in the moment between read and write nobody can tell from
// what the account does: what is empty is put back, another value stays, both are told,
// and there are no batches afterwards.
func TestColleagueWhoWritesAtTheSameMoment(t *testing.T) {
	for phone, want := range map[any]struct {
		phone         string
		back, changed []string
	}{
		nil:   {phone: "555", back: []string{"phone"}},
		"777": {phone: "777", changed: []string{"phone"}},
	} {
		with := crowd(11)
		for _, customer := range with.sandbox.Customers {
			customer["notes"] = "n"
		}
		var server *sandbox.Server
		var canary int64
		beforeBatches(&with, func(ids []int64) error {
			if canary != 0 {
				return nil
			}
			canary = ids[0]
			return server.Change(canary, sandbox.Record{"phone": phone})
		})
		open(t, with, func(a *account) {
			server = a.server
			outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
			record, _ := a.server.Customer(canary)
			if told := losses(outcomes); len(told) != 1 || outcomes[canary].Loss != told[0] || !slices.Equal(told[0].Fields, want.back) || !slices.Equal(told[0].Changed, want.changed) {
				t.Errorf("told of %+v", told)
			}
			if held := outcomes[canary].Phone; record["phone"] != want.phone || held == nil || *held != want.phone {
				t.Errorf("HelpCrunch holds %v", record)
			}
			if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
				t.Errorf("batches of %v", sizes)
			}
		})
	}
}

// A search that still shows what a colleague has cleared convicts nobody.
func TestSearchThatLagsConvictsNobody(t *testing.T) {
	with := plainly(11, sandbox.Record{"phone": "555"}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "search-lag")
	open(t, with, func(a *account) {
		time.Sleep(time.Minute)
		for _, id := range a.ids() {
			if err := a.server.Change(id, sandbox.Record{"phone": nil}); err != nil {
				t.Fatal(err)
			}
		}
		outcomes := a.updateAll(a.Context(), 11, a.ids(), named("Ada"))
		for id, got := range outcomes {
			if record, _ := a.server.Customer(id); got.err != nil || record["phone"] != nil {
				t.Errorf("%d: %v, the phone is %v", id, got.err, record["phone"])
			}
		}
		if told := losses(outcomes); len(told) != 0 {
			t.Errorf("told of %+v", told)
		}
	})
}

// A lone update proves nothing about batches, and so nobody waits for it.
func TestNobodyWaitsForALonePatch(t *testing.T) {
	with := crowd(26)
	open(t, with, func(a *account) {
		ids := a.ids()
		release := make(chan struct{})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.Hold, Release: release})
		var wait sync.WaitGroup
		wait.Go(func() { a.updateAll(a.Context(), 1, ids[:1], named("slow")) })
		time.Sleep(time.Second)
		began := a.now()
		for id, got := range a.updateAll(a.Context(), 25, ids[1:], named("Ada")) {
			if got.err != nil {
				t.Errorf("%d: %v", id, got.err)
			}
		}
		if took := a.now() - began; took > 4*time.Second {
			t.Errorf("they waited %s", took)
		}
		close(release)
		wait.Wait()
	})
}

// An account that refuses large searches is asked about no more of those who wait
// than it takes.
func TestCanariesInAnAccountThatRefusesLargeSearches(t *testing.T) {
	with := plainly(60, sandbox.Record{"phone": "555"}, []int{0, 59})
	with.sandbox.Switches.SearchMaxFilters = 10
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 60, a.ids(), planned("gold")) {
			record, _ := a.server.Customer(id)
			if plan, _ := record.Custom("plan"); got.err != nil || plan != "gold" {
				t.Errorf("%d: error %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
		refused := 0
		for _, request := range a.server.Requests() {
			if request.Operation == sandbox.OpSearch && bytes.Count(request.Body, []byte("customers.id")) > 10 {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d searches were too large, want the first", refused)
		}
	})
}

// Those whom a search does not show are written before the others, and that may take
// minutes: what was seen of the others is looked at again.
func TestBatchIsLookedAtAfterThoseWhoGoAlone(t *testing.T) {
	with := crowd(20)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
	}
	with.client = func(c *helpcrunch.Config) { c.Budget = budget.New(budget.Config{Limit: 7}) }
	var of *account
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		ids := of.ids()
		if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, fmt.Sprint(ids[0])) {
			time.AfterFunc(time.Second, func() {
				if err := of.server.Change(ids[9], sandbox.Record{"tags": []string{"do-not-call"}}); err != nil {
					panic(err)
				}
			})
		}
		if r.Method == http.MethodPut {
			body = clearsTags(body)
		}
		return body, nil
	})
	company := func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} }
	open(t, with, func(a *account) {
		of = a
		ids := a.ids()
		a.updateAll(a.Context(), 10, ids[10:], company) // strings are kept
		if _, err := a.TagCustomer(a.Context(), ids[0], []helpcrunch.Tag{{Name: "vip"}}); err != nil {
			t.Fatal(err)
		}
		a.updateAll(a.Context(), 10, ids[:10], company)
		for _, i := range []int{0, 9} {
			if record, _ := a.server.Customer(ids[i]); len(record.TagNames()) != 1 || record["company"] != "Engines" {
				t.Errorf("HelpCrunch holds %v", record)
			}
		}
	})
}

// What a search has shown is used for some batches, but not for whom this run has
// tagged since.
func TestLookIsNotUsedForWhomWeHaveTaggedSince(t *testing.T) {
	with := crowd(40)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"notes": "n", "unsubscribed": i%10 == 0}
	}
	canary := int64(0)
	seen := make(chan struct{})
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method == http.MethodPut && !strings.HasSuffix(r.URL.Path, "/tags") {
			if canary == 0 { // a search has answered, and the others wait
				if _, err := fmt.Sscanf(string(body), `[{"customer":%d`, &canary); err != nil {
					panic(err)
				}
				close(seen)
			}
			body = clearsTags(body)
			time.Sleep(time.Second)
		}
		return body, nil
	})
	open(t, with, func(a *account) {
		ids := a.ids()
		var wait sync.WaitGroup
		for _, id := range ids {
			wait.Go(func() {
				if <-seen; id == canary {
					return
				}
				if _, err := a.TagCustomer(a.Context(), id, []helpcrunch.Tag{{Name: "vip"}}); err != nil {
					t.Error(err)
				}
			})
		}
		a.updateAll(a.Context(), 40, ids, func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} })
		wait.Wait()
		for _, id := range ids {
			if record, _ := a.server.Customer(id); record["company"] != "Engines" || id != canary && len(record.TagNames()) != 1 {
				t.Errorf("HelpCrunch holds %v", record)
			}
		}
	})
}

// A batch that meets a fault is repeated like any other: whatever comes then is about the
// repetition, be it refused for one of them or told to wait.
func TestOpenBatchIsRepeatedAfterAFault(t *testing.T) {
	for name, second := range map[string]func(r *http.Request) *http.Response{
		"refused": func(*http.Request) *http.Response { return nil },
		"told to wait": func(r *http.Request) *http.Response {
			return response(r, http.StatusTooManyRequests, http.Header{"Retry-After": {"2"}}, strings.NewReader(`{"errors":[{"code":"too_many","message":"Slow down"}]}`))
		},
	} {
		with := crowd(10)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
		}
		batches := 0
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if r.Method == http.MethodPut && bytes.Count(body, []byte(`"customer":`)) > 1 {
				switch batches++; batches {
				case 1:
					return nil, response(r, http.StatusBadGateway, nil, strings.NewReader("<html>"))
				case 2:
					return body, second(r)
				}
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			bad := a.ids()[4]
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), func(id int64) helpcrunch.Changes {
				if id == bad && name == "refused" {
					return helpcrunch.Changes{Email: helpcrunch.Some("no address")}
				}
				return helpcrunch.Changes{Company: helpcrunch.Some("Engines")}
			}) {
				if (got.err != nil) != (id == bad && name == "refused") {
					t.Errorf("%s: %d: %v", name, id, got.err)
				}
			}
		})
	}
}

// An answer that shows nothing of what was sent may be of before, and what it is about
// come later: it acquits nobody, and the others are written alone.
func TestAnswerThatShowsNothingAcquitsNobody(t *testing.T) {
	for _, test := range []struct {
		name, clears, method string
		changes              func(int64) helpcrunch.Changes
		asBefore, later      bool
		lost                 int // of 20: the one who shows nothing
	}{
		{"nobody is in the answer", "batch-clears-omitted", http.MethodPut, named("Ada"), false, false, 0},
		{"it is of before", "batch-clears-omitted", http.MethodPut, named("Ada"), true, false, 0},
		{"it is of before, of custom data", "batch-clears-omitted", http.MethodPut, planned("gold"), true, false, 0},
		{"it is carried out later", "batch-clears-omitted", http.MethodPut, named("Ada"), false, true, 1},
		{"a PATCH of custom data", "custom-data-replaces", http.MethodPatch, planned("gold"), true, false, 0},
	} {
		with := crowd(20, test.clears)
		with.client = func(c *helpcrunch.Config) {
			if test.method == http.MethodPatch {
				c.BatchSize = 1
			}
		}
		var of *account
		met := false
		with.transport = func(next http.RoundTripper) http.RoundTripper {
			return meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
				if r.Method != test.method || met && !test.later {
					return body, nil
				}
				met = true
				answer := "[]"
				for _, id := range of.ids() {
					if held, _ := of.server.Customer(id); test.asBefore && strings.Contains(r.URL.Path+string(body), fmt.Sprint(id)) {
						row, err := json.Marshal(held)
						if answer = string(row); err != nil {
							panic(err)
						}
						if test.method == http.MethodPut {
							answer = "[" + answer + "]"
						}
					}
				}
				if test.later {
					late := r.Clone(context.WithoutCancel(r.Context()))
					late.Body = io.NopCloser(bytes.NewReader(body))
					time.AfterFunc(time.Second, func() {
						if answer, err := next.RoundTrip(late); err == nil {
							_ = answer.Body.Close()
						}
					})
				}
				return nil, response(r, http.StatusOK, nil, strings.NewReader(answer))
			})(next)
		}
		open(t, with, func(a *account) {
			of = a
			ids := a.ids()
			if test.method == http.MethodPatch { // those who wait meanwhile are looked at anyway
				a.updateAll(a.Context(), 1, ids[:1], test.changes)
				ids = ids[1:]
			}
			a.updateAll(a.Context(), 20, ids, test.changes)
			time.Sleep(time.Minute) // until whatever comes later has come
			lost := 0
			for _, id := range a.ids() {
				record, _ := a.server.Customer(id)
				if seats, _ := record.Custom("seats"); record["phone"] != "555" || seats == nil {
					lost++
				}
			}
			if !met || lost != test.lost {
				t.Errorf("%s: %d of 20 have lost what was not mentioned, want %d: %s", test.name, lost, test.lost, a.operations())
			}
		})
	}
}

// A look that takes several searches or pages, which wait for the budget, is not
// believed of those whom it showed first.
func TestLookThatTakesLongGrowsOld(t *testing.T) {
	for _, pages := range []bool{false, true} {
		with := crowd(20)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
		}
		if !pages {
			with.sandbox.Switches.SearchMaxFilters = 1
		}
		with.client = func(c *helpcrunch.Config) { c.Budget = budget.New(budget.Config{Limit: 7}) }
		var of *account
		begun := false
		tagged := make(map[int64]bool)
		tag := func(id int64) {
			if tagged[id] {
				return
			}
			tagged[id] = true
			time.AfterFunc(time.Second, func() {
				if err := of.server.Change(id, sandbox.Record{"tags": []string{"do-not-call"}}); err != nil {
					panic(err)
				}
			})
		}
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if r.Method == http.MethodPut {
				return clearsTags(body), nil
			}
			if !begun || !strings.HasSuffix(r.URL.Path, "/search") {
				return body, nil
			}
			var asked struct{ Offset int }
			if err := json.Unmarshal(body, &asked); err != nil {
				panic(err)
			}
			var ids []int64
			for _, id := range of.ids() {
				if bytes.Contains(body, fmt.Append(nil, id)) {
					ids = append(ids, id)
				}
			}
			if !pages {
				if len(ids) == 1 {
					tag(ids[0])
				}
				return body, nil
			}
			var rows []sandbox.Record
			if asked.Offset < len(ids) {
				held, _ := of.server.Customer(ids[asked.Offset])
				rows = append(rows, held)
				tag(ids[asked.Offset])
			}
			answer, err := json.Marshal(map[string]any{"data": rows, "total": len(ids)})
			if err != nil {
				panic(err)
			}
			return nil, response(r, http.StatusOK, nil, bytes.NewReader(answer))
		})
		company := func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} }
		open(t, with, func(a *account) {
			of = a
			a.updateAll(a.Context(), 10, a.ids()[:10], company) // strings are kept
			begun = true
			a.updateAll(a.Context(), 10, a.ids()[10:], company)
			for _, id := range a.ids()[10:] {
				if record, _ := a.server.Customer(id); record["company"] != "Engines" || tagged[id] && len(record.TagNames()) != 1 {
					t.Errorf("HelpCrunch holds %v", record)
				}
			}
			if len(tagged) < 2 {
				t.Errorf("%d were tagged", len(tagged))
			}
		})
	}
}

// What comes after a batch whose answer was lost does not hide that it may have been
// carried out, unless it is what HelpCrunch says of that customer.
func TestRefusalAfterALostBatch(t *testing.T) {
	for status, unknown := range map[int]bool{http.StatusUnauthorized: true, http.StatusBadRequest: false} {
		with := crowd(10)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"notes": "n"}
		}
		lost := false
		with.transport = func(next http.RoundTripper) http.RoundTripper {
			return meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
				switch batch := r.Method == http.MethodPut && bytes.Count(body, []byte(`"customer":`)) > 1; {
				case lost && (status == http.StatusUnauthorized || r.Method == http.MethodPut || r.Method == http.MethodPatch):
					return nil, response(r, status, nil, strings.NewReader(`{"errors":[{"code":"company","message":"No"}]}`))
				case batch:
					lost = true
					r.Body = io.NopCloser(bytes.NewReader(body))
					if answer, err := next.RoundTrip(r); err != nil || answer.StatusCode != http.StatusOK {
						panic(err)
					}
					return nil, response(r, http.StatusBadGateway, nil, strings.NewReader("<html>"))
				}
				return body, nil
			})(next)
		}
		open(t, with, func(a *account) {
			carriedOut := 0
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), func(int64) helpcrunch.Changes {
				return helpcrunch.Changes{Company: helpcrunch.Some("Engines")}
			}) {
				if record, _ := a.server.Customer(id); got.err == nil || record["company"] != "Engines" {
					continue
				}
				carriedOut++
				if helpcrunch.OutcomeUnknown(got.err) != unknown {
					t.Errorf("%d: the error is %v", status, got.err)
				}
			}
			if carriedOut == 0 {
				t.Errorf("%d: no batch was carried out and refused", status)
			}
		})
	}
}

// A write that met a fault and did nothing shows nothing: the law stays open, and
// nobody loses anything.
func TestFaultAcquitsNobody(t *testing.T) {
	for _, faults := range []int{1, 1 + retries} {
		with := crowd(20, "batch-clears-omitted")
		batches := 0
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if r.Method == http.MethodPut {
				if batches++; batches <= faults {
					return nil, response(r, http.StatusBadGateway, nil, strings.NewReader("<html>"))
				}
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			failed := 0
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), named("Ada")) {
				if got.err != nil {
					failed++
				}
				if !a.keptAll(id) {
					record, _ := a.server.Customer(id)
					t.Errorf("%d faults: HelpCrunch holds %v", faults, record)
				}
			}
			if failed != faults/(1+retries) {
				t.Errorf("%d faults: %d have failed", faults, failed)
			}
		})
	}
}

// Nor does a write that changes nothing, which an account may pass over: who holds
// already what is sent is no canary, and acquits nobody where they come to hold it since.
func TestWriteThatChangesNothingAcquitsNobody(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		with := crowd(40, "batch-clears-omitted")
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"name": "before", "phone": "555"}
		}
		first := sandbox.Record{"name": "Ada", "phone": "555", "tags": []string{"vip"}} // who would be chosen
		if meanwhile {
			first["name"] = "before"
		}
		with.sandbox.Customers[0] = first
		var of *account
		passedOver := 0
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			ids := of.ids()
			if meanwhile && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, fmt.Sprint(ids[0])) {
				if err := of.server.Change(ids[0], sandbox.Record{"name": "Ada"}); err != nil {
					panic(err)
				}
			}
			if held, _ := of.server.Customer(ids[0]); r.Method == http.MethodPut && bytes.HasPrefix(body, fmt.Appendf(nil, `[{"customer":%d`, ids[0])) && held["name"] == "Ada" {
				passedOver++
				row, err := json.Marshal([]any{held})
				if err != nil {
					panic(err)
				}
				return nil, response(r, http.StatusOK, nil, bytes.NewReader(row))
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			of = a
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), named("Ada")) {
				if record, _ := a.server.Customer(id); got.err != nil || record["name"] != "Ada" || record["phone"] != "555" {
					t.Errorf("meanwhile %v: %v, HelpCrunch holds %v", meanwhile, got.err, record)
				}
			}
			if (passedOver == 1) != meanwhile {
				t.Errorf("meanwhile %v: %d writes were passed over: %s", meanwhile, passedOver, a.operations())
			}
		})
	}
}

// A PATCH that shows nothing is no proof of anything: a value that the account spells
// otherwise, and holds so already, must not have others refused.
func TestPatchThatShowsNothingConvictsNobody(t *testing.T) {
	with := crowd(3)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"customData": map[string]any{"plan": "gold", "seats": 12}}
	}
	var third int64
	with.transport = func(next http.RoundTripper) http.RoundTripper {
		return doctoring(func(r *http.Request, body string) string {
			if strings.HasSuffix(r.URL.Path, fmt.Sprint(third)) {
				return strings.Replace(body, `"seats":12`, `"seats":12,"groups":["a"]`, 1)
			}
			return body
		})(meddling(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
			return bytes.ReplaceAll(body, []byte(`"GOLD"`), []byte(`"gold"`)), nil
		})(next))
	}
	open(t, with, func(a *account) {
		ids := a.ids()
		third = ids[2]
		for i, plan := range []string{"GOLD", "silver", "silver"} {
			if _, err := a.UpdateCustomer(a.Context(), ids[i], planned(plan)(ids[i])); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}
