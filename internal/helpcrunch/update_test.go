// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// crowd is a setup with so many customers, each with a user id, a phone and
// two custom properties.
func crowd(count int, switches ...string) setup {
	with := setup{
		sandbox: sandbox.Config{Attributes: map[string]sandbox.AttributeType{
			"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute, "renewal": sandbox.DateAttribute,
		}},
	}
	for i := range count {
		with.sandbox.Customers = append(with.sandbox.Customers, sandbox.Record{
			"userId": fmt.Sprintf("crm-%d", i), "phone": "555", "tags": []string{"vip"}, "unsubscribed": true,
			"customData": map[string]any{"seats": 12, "renewal": 1700000000},
		})
	}
	for _, name := range switches {
		if err := with.sandbox.Switches.Set(name, ""); err != nil {
			panic(err)
		}
	}
	return with
}

// crowdHeld is a customer of a crowd as HelpCrunch holds it.
func (a *account) keptAll(id int64) bool {
	record, ok := a.server.Customer(id)
	return ok && record["phone"] == "555" && record["unsubscribed"] == true && slices.Equal(record.TagNames(), []string{"vip"}) && a.keptProperties(id)
}

func (a *account) keptProperties(id int64) bool {
	record, _ := a.server.Customer(id)
	seats, _ := record.Custom("seats")
	renewal, _ := record.Custom("renewal")
	return fmt.Sprint(seats) == "12" && fmt.Sprint(renewal) == "1700000000"
}

func (a *account) ids() []int64 {
	var ids []int64
	for _, customer := range a.server.Customers() {
		ids = append(ids, customer.ID())
	}
	return ids
}

type outcome struct {
	helpcrunch.Written
	err error
}

// updateAll updates customers as Terraform does, so many at a time.
func (a *account) updateAll(ctx context.Context, parallelism int, ids []int64, changes func(id int64) helpcrunch.Changes) map[int64]outcome {
	var wait sync.WaitGroup
	var mu sync.Mutex
	outcomes := make(map[int64]outcome)
	turn := make(chan struct{}, parallelism)
	for _, id := range ids {
		turn <- struct{}{}
		wait.Go(func() {
			written, err := a.UpdateCustomer(ctx, id, changes(id))
			mu.Lock()
			outcomes[id] = outcome{written, err}
			mu.Unlock()
			<-turn
		})
	}
	wait.Wait()
	return outcomes
}

// named is a change of the name.
func named(name string) func(int64) helpcrunch.Changes {
	return func(int64) helpcrunch.Changes { return helpcrunch.Changes{Name: helpcrunch.Some(name)} }
}

// sizes are the numbers of customers in the requests of one operation.
func (a *account) sizes(operation sandbox.Operation) []int {
	var sizes []int
	for _, request := range a.server.Requests() {
		if request.Operation == operation {
			sizes = append(sizes, request.Customers)
		}
	}
	return sizes
}

func (a *account) operations() string {
	var all []string
	for _, request := range a.server.Requests() {
		all = append(all, string(request.Operation))
	}
	return strings.Join(all, " ")
}

func TestUpdatesLeaveTogether(t *testing.T) {
	for _, c := range []struct {
		parallelism, count int
		batches            []int
	}{
		{10, 25, []int{1, 9, 10, 5}},
		{100, 25, []int{1, 9, 10, 5}},
		{10, 10, []int{1, 9}},
		{4, 12, []int{1, 3, 4, 4}},
	} {
		open(t, crowd(c.count), func(a *account) {
			for id, got := range a.updateAll(a.Context(), c.parallelism, a.ids(), func(id int64) helpcrunch.Changes {
				return helpcrunch.Changes{Name: helpcrunch.Some(fmt.Sprint("customer ", id))}
			}) {
				record, _ := a.server.Customer(id)
				want := fmt.Sprint("customer ", id)
				if got.err != nil || got.ID != id || *got.Name != want || record["name"] != want || got.Loss != nil || !a.keptAll(id) {
					t.Errorf("%d: %v, HelpCrunch holds %v", id, got.err, record)
				}
			}
			if sizes := slices.Sorted(slices.Values(a.sizes(sandbox.OpBatch))); !slices.Equal(sizes, slices.Sorted(slices.Values(c.batches))) || a.requests() != len(sizes)+2 {
				t.Errorf("%d at a time: batches of %v in %q, want %v, a search and a read", c.parallelism, sizes, a.operations(), c.batches)
			}
		})
	}
}

// A single PUT, be it a batch of one, could empty what it does not mention.
func TestLoneUpdateIsAPatch(t *testing.T) {
	open(t, crowd(1), func(a *account) {
		got := a.updateAll(a.Context(), 1, a.ids(), named("Ada"))[a.ada]
		if got.err != nil || a.operations() != "patch" || a.now() != 250*time.Millisecond {
			t.Errorf("%v: %q after %s", got.err, a.operations(), a.now())
		}
	})
	open(t, setup{sandbox: crowd(9).sandbox, client: func(c *helpcrunch.Config) { c.BatchSize = 1 }}, func(a *account) {
		a.updateAll(a.Context(), 9, a.ids(), named("Ada"))
		if counts := a.server.Counts(); counts.Served[sandbox.OpPatch] != 9 || a.requests() != 9 {
			t.Errorf("batch_size = 1: %q", a.operations())
		}
	})
}

// One bad customer among ten, in each place and for each reason: nine are
// written, one gets the error, for eight further requests at most.
func TestOneBadCustomerStandsAlone(t *testing.T) {
	for reason, c := range map[string]struct {
		switches []string
		spoil    func(a *account, id int64) helpcrunch.Changes
		status   int
	}{
		"value": {nil, func(*account, int64) helpcrunch.Changes {
			return helpcrunch.Changes{Notes: helpcrunch.Some(strings.Repeat("x", 300))}
		}, http.StatusBadRequest},
		"value, answered without a place": {[]string{"single-entry-errors"}, func(*account, int64) helpcrunch.Changes {
			return helpcrunch.Changes{Notes: helpcrunch.Some(strings.Repeat("x", 300))}
		}, http.StatusBadRequest},
		"gone": {nil, func(a *account, id int64) helpcrunch.Changes {
			if err := a.server.Delete(id); err != nil {
				a.Error(err)
			}
			return named("Ada")(id)
		}, http.StatusNotFound},
		"gone, others written before": {[]string{"batch-partial-write"}, func(a *account, id int64) helpcrunch.Changes {
			if err := a.server.Delete(id); err != nil {
				a.Error(err)
			}
			return named("Ada")(id)
		}, http.StatusNotFound},
		"taken": {nil, func(*account, int64) helpcrunch.Changes {
			return helpcrunch.Changes{UserID: helpcrunch.Some("crm-0")}
		}, http.StatusBadRequest},
	} {
		for place := 1; place <= 10; place++ {
			open(t, crowd(20, c.switches...), func(a *account) {
				ids := a.ids()
				a.updateAll(a.Context(), 10, ids[10:], named("first")) // the law is known now, and that ten come together
				a.server.ResetCounts()
				ids = append(ids[1:10], ids[11])
				bad := ids[place-1]
				spoilt := c.spoil(a, bad)
				for id, got := range a.updateAll(a.Context(), 10, ids, func(id int64) helpcrunch.Changes {
					if id == bad {
						return spoilt
					}
					return named("Ada")(id)
				}) {
					record, _ := a.server.Customer(id)
					var refusal *helpcrunch.Error
					switch {
					case id == bad && (!errors.As(got.err, &refusal) || refusal.Status != c.status):
						t.Errorf("%s, place %d: the bad one got %v", reason, place, got.err)
					case id != bad && (got.err != nil || record["name"] != "Ada"):
						t.Errorf("%s, place %d: a good one got %v and is %v", reason, place, got.err, record["name"])
					}
				}
				if n := a.requests(); n > 1+8 {
					t.Errorf("%s, place %d: %d further requests: %q", reason, place, n-1, a.operations())
				}
			})
		}
	}
}

// The good ones are answered as soon as it is known that they are good.
func TestGoodCustomersDoNotWaitForTheBadOne(t *testing.T) {
	with := crowd(20)
	with.transport = meddling(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
		time.Sleep(time.Second)
		return body, nil
	})
	open(t, with, func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 10, ids[10:], named("first"))
		began := time.Now()
		var wait sync.WaitGroup
		for i, id := range ids[:10] {
			wait.Go(func() {
				changes, want := named("Ada")(id), 2*time.Second // their batch is refused, then sent without the bad one
				if i == 4 {
					changes, want = helpcrunch.Changes{Notes: helpcrunch.Some(strings.Repeat("x", 300))}, 3*time.Second
				}
				_, err := a.UpdateCustomer(a.Context(), id, changes)
				if (err != nil) != (i == 4) || time.Since(began) != want {
					t.Errorf("%d got %v after %s, want an answer after %s", id, err, time.Since(began), want)
				}
			})
		}
		wait.Wait()
	})
}

// Each status that may be about one customer is narrowed down, also those that
// the documentation does not mention.
func TestEveryRefusalIsNarrowed(t *testing.T) {
	for _, status := range []int{
		http.StatusBadRequest, http.StatusNotFound, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
	} {
		with, bad := crowd(20), int64(0)
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if id := fmt.Sprint(bad); r.Method == http.MethodPut && bytes.Contains(body, []byte(id)) ||
				r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, id) {
				return nil, response(r, status, nil, strings.NewReader(`{"errors":[{"code":"refused","message":"Refused"}]}`))
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			ids := a.ids()
			a.updateAll(a.Context(), 10, ids[10:], named("first"))
			bad = ids[6]
			for id, got := range a.updateAll(a.Context(), 10, ids[:10], named("Ada")) {
				var refusal *helpcrunch.Error
				record, _ := a.server.Customer(id)
				switch {
				case id == bad && (!errors.As(got.err, &refusal) || refusal.Status != status):
					t.Errorf("%d: the bad one got %v", status, got.err)
				case id != bad && (got.err != nil || record["name"] != "Ada"):
					t.Errorf("%d: a good one got %v and is %v", status, got.err, record["name"])
				}
			}
		})
	}
}

// A batch that is told to wait is sent again as it was, and nobody in it is
// asked for alone, however often and also at the end of everybody's patience.
func TestThrottledBatchStaysTogether(t *testing.T) {
	for _, c := range []struct {
		times    int
		patience time.Duration
		gotten   bool
	}{{3, time.Hour, true}, {1000, time.Minute, false}} {
		open(t, crowd(20), func(a *account) {
			ids := a.ids()
			a.updateAll(a.Context(), 10, ids[10:], named("first"))
			a.server.ResetCounts()
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.TooMany, Times: c.times})
			ctx, cancel := context.WithTimeout(a.Context(), c.patience)
			defer cancel()
			for id, got := range a.updateAll(ctx, 10, ids[:10], named("Ada")) {
				if record, _ := a.server.Customer(id); (got.err == nil) != c.gotten || (record["name"] == "Ada") != c.gotten {
					t.Errorf("%d is %v: %v", id, record["name"], got.err)
				}
			}
			requests := a.server.Requests()
			if c.gotten && len(requests) != c.times+1 || len(requests) < 2 {
				t.Errorf("%q", a.operations())
			}
			for _, r := range requests {
				if r.Operation != sandbox.OpBatch || !bytes.Equal(r.Body, requests[0].Body) {
					t.Errorf("%s %s after %s", r.Operation, r.Body, requests[0].Body)
				}
			}
		})
	}
}

// What says nothing about a customer is never narrowed down.
func TestFaultsAreNotBlamedOnACustomer(t *testing.T) {
	for fault, attempts := range map[sandbox.FaultKind]int{
		sandbox.Unauthorized: 1, sandbox.Forbidden: 1, sandbox.FailBefore: 1 + retries, sandbox.FailAfter: 1 + retries,
		sandbox.DropBefore: 1 + retries, sandbox.DropAfter: 1 + retries, sandbox.BadGateway: 1 + retries,
	} {
		open(t, crowd(20), func(a *account) {
			ids := a.ids()
			a.updateAll(a.Context(), 10, ids[10:], named("first"))
			a.server.ResetCounts()
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: fault, Times: 100})
			for id, got := range a.updateAll(a.Context(), 10, ids[:10], named("Ada")) {
				if got.err == nil {
					t.Errorf("%s: %d got no error", fault, id)
				}
			}
			if sizes := a.sizes(sandbox.OpBatch); len(sizes) != attempts || a.requests() != attempts {
				t.Errorf("%s: %q, want the batch %d times", fault, a.operations(), attempts)
			}
		})
	}
}

// Answers belong to customers by id, in whatever order and number they come.
func TestBatchAnswers(t *testing.T) {
	for _, name := range []string{"batch-shuffled", "batch-short"} {
		open(t, crowd(12, name), func(a *account) {
			for id, got := range a.updateAll(a.Context(), 10, a.ids(), func(id int64) helpcrunch.Changes {
				return helpcrunch.Changes{Name: helpcrunch.Some(fmt.Sprint(id))}
			}) {
				if got.err != nil || got.ID != id || *got.Name != fmt.Sprint(id) {
					t.Errorf("%s: %d got %+v, %v", name, id, got.Customer, got.err)
				}
			}
			if writes := len(a.sizes(sandbox.OpBatch)); writes != 3 || a.server.Count(sandbox.OpPatch) != 0 {
				t.Errorf("%s: %q", name, a.operations())
			}
		})
	}
}

// A caller that gives up before its batch leaves is taken out; one that gives
// up afterwards gets the answer all the same, and takes nobody along.
func TestUpdateThatIsCancelled(t *testing.T) {
	open(t, crowd(7), func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 4, ids[3:], named("first")) // so that three wait for a fourth
		before, cancelBefore := context.WithCancel(a.Context())
		after, cancelAfter := context.WithCancel(a.Context())
		release := make(chan struct{})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Hold, Release: release})
		errs := make([]error, 3)
		var wait sync.WaitGroup
		for i, ctx := range []context.Context{before, after, a.Context()} {
			wait.Go(func() { _, errs[i] = a.UpdateCustomer(ctx, ids[i], named("Ada")(0)) })
		}
		synctest.Wait()
		cancelBefore()
		time.Sleep(time.Second) // the linger is over, and the answer is being held
		cancelAfter()
		synctest.Wait()
		close(release)
		wait.Wait()
		if !errors.Is(errs[0], context.Canceled) || errs[1] != nil || errs[2] != nil {
			t.Errorf("got %v", errs)
		}
		for i, want := range []any{nil, "Ada", "Ada"} {
			if record, _ := a.server.Customer(ids[i]); record["name"] != want {
				t.Errorf("customer %d is named %v, want %v", i, record["name"], want)
			}
		}
	})
}

// A run that is stopped while a refusal is being narrowed down blames nobody.
func TestStopWhileNarrowing(t *testing.T) {
	open(t, crowd(20, "single-entry-errors"), func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 10, ids[10:], named("first"))
		ctx, cancel := context.WithCancel(a.Context())
		release := make(chan struct{})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Hold, Release: release})
		var outcomes map[int64]outcome
		var wait sync.WaitGroup
		wait.Go(func() {
			outcomes = a.updateAll(ctx, 10, ids[:10], func(id int64) helpcrunch.Changes {
				if id == ids[4] {
					return helpcrunch.Changes{Notes: helpcrunch.Some(strings.Repeat("x", 300))}
				}
				return named("Ada")(id)
			})
		})
		time.Sleep(time.Second)
		cancel()
		synctest.Wait()
		close(release)
		wait.Wait()
		for id, got := range outcomes {
			if got.err == nil || !strings.Contains(got.err.Error(), "perhaps because of another customer") {
				t.Errorf("%d got %v", id, got.err)
			}
			if record, _ := a.server.Customer(id); record["name"] != nil {
				t.Errorf("%d was written", id)
			}
		}
	})
}

// A second write to the same customer goes into a later batch, in order.
func TestOneCustomerOnceInABatch(t *testing.T) {
	open(t, crowd(3), func(a *account) {
		ids := a.ids()
		var order []string
		var mu sync.Mutex
		var wait sync.WaitGroup
		for _, name := range []string{"one", "two", "three"} {
			wait.Go(func() {
				if _, err := a.UpdateCustomer(a.Context(), ids[0], named(name)(0)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			})
			synctest.Wait()
		}
		wait.Go(func() { _, _ = a.UpdateCustomer(a.Context(), ids[1], named("other")(0)) })
		wait.Wait()
		record, _ := a.server.Customer(ids[0])
		if !reflect.DeepEqual(order, []string{"one", "two", "three"}) || record["name"] != "three" {
			t.Errorf("answered in the order %v, HelpCrunch holds %v", order, record["name"])
		}
	})
}
