// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
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

// stopped checks what a stop has left: who has no error is written, who has that
// of the stop is not, and everybody has what they had besides.
func (a *account) stopped(outcomes map[int64]outcome, isWritten func(sandbox.Record) bool) (written int) {
	a.Helper()
	for id, got := range outcomes {
		record, _ := a.server.Customer(id)
		if got.err != nil && !errors.Is(got.err, context.Canceled) && !errors.Is(got.err, context.DeadlineExceeded) {
			a.Errorf("%d: error %v", id, got.err)
		}
		if isWritten(record) != (got.err == nil) || !a.keptAll(id) {
			a.Errorf("%d: error %v, HelpCrunch holds %v", id, got.err, record)
		}
		if got.err == nil {
			written++
		}
	}
	return written
}

func isNamed(record sandbox.Record) bool { return record["name"] == "Ada" }

func isGold(record sandbox.Record) bool {
	plan, _ := record.Custom("plan")
	return plan == "gold"
}

// stopWhileHeld names everybody Ada, so many at a time, stops after a time of the bubble
// in which HelpCrunch has one customer and holds the answer, and lets that come only then.
func (a *account) stopWhileHeld(parallel int, after time.Duration) (outcomes map[int64]outcome) {
	a.Helper()
	ctx, cancel := context.WithCancel(a.Context())
	release := make(chan struct{})
	a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Hold, Release: release})
	var wait sync.WaitGroup
	wait.Go(func() { outcomes = a.updateAll(ctx, parallel, a.ids(), named("Ada")) })
	time.Sleep(after)
	if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
		a.Errorf("batches of %v before the stop, want the canary", sizes)
	}
	cancel()
	synctest.Wait()
	close(release)
	wait.Wait()
	return outcomes
}

// A stop while everybody waits for the canary: it is written, and nobody else.
func TestStopWhileOthersWaitForTheCanary(t *testing.T) {
	open(t, crowd(25, "batch-clears-omitted"), func(a *account) {
		outcomes := a.stopWhileHeld(25, 10*time.Second)
		if written := a.stopped(outcomes, isNamed); written != 1 {
			t.Errorf("%d were written, want the canary", written)
		}
	})
}

// A stop while the canaries are looked for: nobody is written.
func TestStopWhileCanariesAreLookedFor(t *testing.T) {
	open(t, crowd(25), func(a *account) {
		release := make(chan struct{})
		defer close(release)
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpSearch, Kind: sandbox.Hold, Release: release})
		ctx, cancel := context.WithTimeout(a.Context(), 5*time.Second)
		defer cancel()
		if written := a.stopped(a.updateAll(ctx, 25, a.ids(), named("Ada")), isNamed); written != 0 || a.now() != 5*time.Second {
			t.Errorf("%d were written after %v", written, a.now())
		}
		// Which of the three batches hears of the stop first is not for anybody to say.
		if !regexp.MustCompile(`^search( search){0,2}$`).MatchString(a.operations()) {
			t.Errorf("%q", a.operations())
		}
	})
}

// A stop while another customer's properties are at stake: who waits for that is not written.
func TestStopBehindALonePatch(t *testing.T) {
	with := crowd(2)
	with.client = func(c *helpcrunch.Config) { c.BatchSize = 1 }
	open(t, with, func(a *account) {
		ids := a.ids()
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.Late, Delay: 20 * time.Second})
		var wait sync.WaitGroup
		wait.Go(func() { a.stopped(a.updateAll(a.Context(), 1, ids[:1], planned("gold")), isGold) })
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(a.Context(), 5*time.Second)
		defer cancel()
		if written := a.stopped(a.updateAll(ctx, 1, ids[1:], planned("gold")), isGold); written != 0 || a.now() != 6*time.Second {
			t.Errorf("%d were written after %v", written, a.now())
		}
		wait.Wait()
		if a.operations() != "get patch" {
			t.Errorf("%q", a.operations())
		}
	})
}

// A stop while the budget is spent, at whatever point of an update that comes:
// who waits is not written, nothing is sent any more, and no slot is kept.
func TestStopWhileTheBudgetIsSpent(t *testing.T) {
	const limit = 6
	for spent := range limit + 1 {
		for what, test := range map[string]struct {
			switches    []string
			parallelism int
			changes     func(int64) helpcrunch.Changes
			isWritten   func(sandbox.Record) bool
		}{
			"fields":                            {nil, 12, named("Ada"), isNamed},
			"fields that batches clear":         {[]string{"batch-clears-omitted"}, 12, named("Ada"), isNamed},
			"properties":                        {nil, 12, planned("gold"), isGold},
			"properties, one by one":            {nil, 1, planned("gold"), isGold},
			"properties that every write loses": {[]string{"custom-data-replaces"}, 12, planned("gold"), isGold},
		} {
			with := crowd(12, test.switches...)
			with.client = func(c *helpcrunch.Config) { c.Budget = budget.New(budget.Config{Limit: limit}) }
			open(t, with, func(a *account) {
				for range spent {
					if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithTimeout(a.Context(), 20*time.Second)
				defer cancel()
				a.stopped(a.updateAll(ctx, test.parallelism, a.ids(), test.changes), test.isWritten)
				sent := a.requests()
				if a.now() > 20*time.Second {
					t.Errorf("%s, %d spent: it took %v", what, spent, a.now())
				}
				time.Sleep(3 * time.Minute)
				if after := a.requests(); after != sent {
					t.Errorf("%s, %d spent: %d requests after the stop: %s", what, spent, after-sent, a.operations())
				}
				began := a.now()
				for range limit {
					if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
						t.Fatal(err)
					}
				}
				if took := a.now() - began; took > 0 {
					t.Errorf("%s, %d spent: the whole budget takes %v afterwards", what, spent, took)
				}
			})
		}
	}
}

// A search that is not waited for has changed nothing, and is not spoken of as if it had.
func TestStoppedSearchChangesNothing(t *testing.T) {
	with := crowd(2)
	with.transport = meddling(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
		time.Sleep(5 * time.Second)
		return body, nil
	})
	open(t, with, func(a *account) {
		ctx, cancel := context.WithTimeout(a.Context(), time.Second)
		defer cancel()
		var wait sync.WaitGroup
		for i := range 2 {
			wait.Go(func() {
				_, err := a.LookUp(ctx, helpcrunch.UserID, fmt.Sprint("crm-", i))
				if !errors.Is(err, context.DeadlineExceeded) || helpcrunch.OutcomeUnknown(err) || strings.Contains(err.Error(), "outcome") {
					t.Errorf("it says %v", err)
				}
			})
		}
		wait.Wait()
		time.Sleep(time.Minute) // until the search is over
	})
}

// Who waits to repeat a request whose answer was lost, and is stopped, is told that it
// may have been carried out.
func TestStopBeforeALostRequestIsRepeated(t *testing.T) {
	with := crowd(1)
	with.client = func(c *helpcrunch.Config) {
		c.Budget = budget.New(budget.Config{Limit: 1})
	}
	open(t, with, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.DropAfter})
		ctx, cancel := context.WithTimeout(a.Context(), 20*time.Second)
		defer cancel()
		_, err := a.UpdateCustomer(ctx, a.ada, named("Ada")(a.ada))
		if record, _ := a.server.Customer(a.ada); !isNamed(record) || !helpcrunch.OutcomeUnknown(err) {
			t.Errorf("the error is %v, HelpCrunch holds %v", err, record)
		}
	})
}
