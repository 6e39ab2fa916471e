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
	"testing/synctest"
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
		outcomes := a.updateAll(a.Context(), 10, a.ids(), true, named("Ada"))
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
			outcomes := a.updateAll(a.Context(), 10, a.ids(), true, planned("gold"))
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
		a.updateAll(a.Context(), 2, ids[20:], true, named("Ada"))
		outcomes := a.updateAll(a.Context(), 10, ids[:20], true, planned("gold"))
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

// Where no customer holds properties that are not sent, nothing can be lost
// and nothing is proven.
func TestCanaryOnlyWhereSomethingIsAtStake(t *testing.T) {
	open(t, crowd(25, "custom-data-replaces"), func(a *account) {
		a.updateAll(a.Context(), 10, a.ids(), false, func(int64) helpcrunch.Changes {
			return helpcrunch.Changes{CustomData: helpcrunch.CustomData{
				"plan": {Kind: helpcrunch.String, Text: "gold"}, "seats": {Kind: helpcrunch.Number, Text: "12"},
				"renewal": {Kind: helpcrunch.String, Text: "1700000000"},
			}}
		})
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1, 10, 10, 4}) || a.requests() != 5 {
			t.Errorf("%q", a.operations())
		}
	})
	open(t, crowd(1), func(a *account) {
		a.updateAll(a.Context(), 1, a.ids(), false, planned("gold"))
		if a.operations() != "patch" {
			t.Errorf("%q for a customer without other properties", a.operations())
		}
	})
}

// A lone update of some properties is proven too, once.
func TestCanaryOfALonePatch(t *testing.T) {
	open(t, crowd(3), func(a *account) {
		for _, id := range a.ids() {
			if got := a.updateAll(a.Context(), 1, []int64{id}, true, planned("gold"))[id]; got.err != nil || got.Loss != nil {
				t.Error(got.err, got.Loss)
			}
		}
		if a.operations() != "get patch patch patch" {
			t.Errorf("%q", a.operations())
		}
	})
	open(t, crowd(2, "custom-data-replaces"), func(a *account) {
		for i, id := range a.ids() {
			got := a.updateAll(a.Context(), 1, []int64{id}, true, planned("gold"))[id]
			if got.err != nil || (got.Loss != nil) != (i == 0) || !a.keptProperties(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("%v, %+v, HelpCrunch holds %v", got.err, got.Loss, record)
			}
		}
	})
}

// Customers that hold nothing, or only what HelpCrunch fills in by itself, prove
// nothing: three are tried, then the documentation is believed.
func TestCanaryThatHasNothingToLose(t *testing.T) {
	for _, held := range []sandbox.Record{{}, {"locale": "en", "createdFrom": "web", "firstSeen": "1700000000", "lastPage": "https://example.com"}} {
		with := crowd(30)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = held
		}
		open(t, with, func(a *account) {
			a.updateAll(a.Context(), 10, a.ids(), false, named("Ada"))
			if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1, 1, 1, 10, 10, 7}) || a.server.Count(sandbox.OpGet) != 3 {
				t.Errorf("%q with batches of %v", a.operations(), sizes)
			}
		})
	}
}

// What three customers with nothing to lose let assume is not enough for those
// who hold other properties.
func TestCanaryAfterThreeWithNothingToLose(t *testing.T) {
	for _, name := range []string{"batch-clears-custom-data", "custom-data-replaces"} {
		with := crowd(14, name)
		for i := range 4 {
			with.sandbox.Customers[i] = sandbox.Record{}
		}
		open(t, with, func(a *account) {
			ids := a.ids()
			empty := func(others helpcrunch.Others) {
				var wait sync.WaitGroup
				for _, id := range ids[:4] {
					wait.Go(func() {
						if _, err := a.UpdateCustomer(a.Context(), id, planned("gold")(id), others); err != nil {
							t.Error(err)
						}
					})
				}
				wait.Wait()
			}
			empty(helpcrunch.NoOthers)
			empty(helpcrunch.PerhapsOthers)
			outcomes := a.updateAll(a.Context(), 10, ids[4:], true, planned("gold"))
			for id, got := range outcomes {
				if got.err != nil || !a.keptAll(id) {
					record, _ := a.server.Customer(id)
					t.Errorf("%s: %d: %v, HelpCrunch holds %v", name, id, got.err, record)
				}
			}
			if told := losses(outcomes); len(told) == 0 {
				t.Errorf("%s: told of nothing", name)
			}
		})
	}
}

// What a canary loses counts also where the last read had shown nothing to lose.
func TestCanaryThatWasBelievedEmpty(t *testing.T) {
	open(t, crowd(25, "batch-clears-custom-data"), func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 2, ids[:2], false, planned("gold"))
		for id, got := range a.updateAll(a.Context(), 10, ids[2:], true, planned("gold")) {
			if got.err != nil || !a.keptAll(id) {
				t.Errorf("%d: %v", id, got.err)
			}
		}
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
			t.Errorf("batches of %v, want the first canary alone", sizes)
		}
	})
}

// A read that waits for the budget apart from its write would put back what a
// colleague has changed meanwhile.
func TestCanaryReadsJustBeforeItWrites(t *testing.T) {
	for name, changes := range map[string]func(int64) helpcrunch.Changes{"batch-clears-omitted": named("Ada"), "custom-data-replaces": planned("gold")} {
		with := crowd(2, name)
		with.client = func(c *helpcrunch.Config) {
			c.Budget, c.BatchLinger = budget.New(budget.Config{Limit: 4}), time.Second
		}
		open(t, with, func(a *account) {
			for range 3 {
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					t.Fatal(err)
				}
			}
			var outcomes map[int64]outcome
			var wait sync.WaitGroup
			wait.Go(func() { outcomes = a.updateAll(a.Context(), 2, a.ids(), true, changes) })
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

// A budget of one request a minute is slow, and no reason to stand still.
func TestCanaryWithOneRequestAMinute(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.client = func(c *helpcrunch.Config) {
		c.Budget, c.BatchLinger = budget.New(budget.Config{Limit: 1}), time.Second
	}
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), true, named("Ada")) {
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

// An account may clear some kinds of fields and keep others: all that is lost
// is put back and counts, even one field of many.
func TestCanaryThatLosesOneField(t *testing.T) {
	with := crowd(11)
	var server *sandbox.Server
	var canary int64
	beforeBatches(&with, func(ids []int64) error {
		if canary != 0 {
			return nil
		}
		canary = ids[0]
		return server.Change(canary, sandbox.Record{"phone": nil})
	})
	open(t, with, func(a *account) {
		server = a.server
		outcomes := a.updateAll(a.Context(), 10, a.ids(), true, named("Ada"))
		record, _ := a.server.Customer(canary)
		if told := losses(outcomes); len(told) != 1 || !slices.Equal(told[0].Fields, []string{"phone"}) || record["phone"] != "555" {
			t.Errorf("told of %+v, the phone is %v", told, record["phone"])
		}
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
			t.Errorf("batches of %v", sizes)
		}
	})
}

// What a later canary loses counts, whatever an earlier one kept that held
// less.
func TestCanaryThatLosesAfterOneThatKept(t *testing.T) {
	with := crowd(22)
	for i := range 2 {
		with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("without a phone ", i)}
	}
	var server *sandbox.Server
	beforeBatches(&with, func(ids []int64) error {
		var err error
		for _, id := range ids { // this account clears phones, and nothing else
			err = errors.Join(err, server.Change(id, sandbox.Record{"phone": nil}))
		}
		return err
	})
	open(t, with, func(a *account) {
		server = a.server
		ids := a.ids()
		a.updateAll(a.Context(), 2, ids[:2], true, named("Ada"))
		for id, got := range a.updateAll(a.Context(), 10, ids[2:], true, planned("gold")) {
			if got.err != nil || !a.keptAll(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("%d: %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1, 1}) {
			t.Errorf("batches of %v", sizes)
		}
	})
}

// Customers of whom little is known are no longer sent together when the canary
// of the same batch, of whom more is known, loses something.
func TestCanaryLateInABatch(t *testing.T) {
	with := crowd(20, "batch-clears-custom-data")
	for i := range 10 {
		with.sandbox.Customers[i] = sandbox.Record{}
	}
	open(t, with, func(a *account) {
		ids := a.ids()
		update := func(ids []int64, others func(i int) helpcrunch.Others) {
			var wait sync.WaitGroup
			for i, id := range ids {
				wait.Go(func() {
					if _, err := a.UpdateCustomer(a.Context(), id, planned("gold")(id), others(i)); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait() // this one has come before the next one comes
			}
			wait.Wait()
		}
		perhaps := func(int) helpcrunch.Others { return helpcrunch.PerhapsOthers }
		none := func(int) helpcrunch.Others { return helpcrunch.NoOthers }
		update(ids[:10], none) // from now on ten are known to come together
		update(ids[:10], none)
		update(ids[:10], perhaps)
		update(ids[10:], func(i int) helpcrunch.Others {
			if i == 9 {
				return helpcrunch.SomeOthers
			}
			return helpcrunch.PerhapsOthers
		})
		for _, id := range ids[10:] {
			if !a.keptAll(id) {
				record, _ := a.server.Customer(id)
				t.Errorf("HelpCrunch holds %v", record)
			}
		}
	})
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
					return response(r, http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}}, strings.NewReader(`{"errors":[]}`)), nil
				}
			}
			return next.RoundTrip(r)
		})
	}
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 10, a.ids(), true, planned("gold")) {
			if got.err != nil || !a.keptProperties(id) {
				t.Errorf("%d: %v", id, got.err)
			}
		}
		// Each needs a read and a write, once more where it was refused, and each
		// refusal pauses everybody for half a minute. That a property is a date
		// is found out once.
		requests := 2*customers + 2*len(refused) + 4
		if most := time.Duration(requests/limit+1)*time.Minute + time.Duration(len(refused))*30*time.Second; a.now() > most {
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
		for _, got := range a.updateAll(a.Context(), 3, a.ids(), true, named("Ada")) {
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
	ctx, cancel := context.WithCancel(a.Context())
	release := make(chan struct{})
	a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Hold, Release: release})
	var outcomes map[int64]outcome
	var wait sync.WaitGroup
	wait.Go(func() { outcomes = a.updateAll(ctx, 3, a.ids(), true, named("Ada")) })
	time.Sleep(after) // of the bubble
	if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
		a.Errorf("batches of %v before the stop, want the canary", sizes)
	}
	cancel()
	synctest.Wait()
	close(release)
	wait.Wait()
	written := 0
	for id, got := range outcomes {
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
		c.Budget, c.BatchLinger = budget.New(budget.Config{Limit: 4}), time.Second
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
		for _, got := range a.updateAll(a.Context(), 3, a.ids(), true, named("Ada")) {
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
			outcomes := a.updateAll(a.Context(), 3, a.ids(), true, named("Ada"))
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
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), true, named("Ada")) {
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
