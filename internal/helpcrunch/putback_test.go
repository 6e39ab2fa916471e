// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// A canary whose first answer is lost may have lost what it held, whatever is
// said of the repetition.
func TestCanaryWhoseRepetitionIsRefused(t *testing.T) {
	for _, refusal := range []sandbox.FaultKind{sandbox.TooMany, sandbox.NotFound, sandbox.Forbidden} {
		open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.DropAfter})
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: refusal})
			a.updateAll(a.Context(), 3, a.ids(), named("Ada"))
			for _, id := range a.ids() {
				if !a.keptAll(id) {
					record, _ := a.server.Customer(id)
					t.Errorf("%s: HelpCrunch holds %v: %s", refusal, record, a.operations())
				}
			}
		})
	}
}

// What is put back does not stand in the queue, also where it is refused once;
// and where it is refused on and on, its caller hears in time that it has to be kept.
func TestPutBackThatIsRefusedAsTooMuch(t *testing.T) {
	for refused, kept := range map[int]bool{1: true, 1_000_000: false} {
		with := crowd(3, "batch-clears-omitted")
		with.client = func(c *helpcrunch.Config) { c.Budget = budget.New(budget.Config{Limit: 120}) }
		open(t, with, func(a *account) {
			for range 30 { // of ours in the window
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					t.Fatal(err)
				}
			}
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.TooMany, Times: refused})
			ctx, cancel := context.WithTimeout(a.Context(), time.Minute)
			defer cancel()
			lost := 0
			for _, got := range a.updateAll(ctx, 3, a.ids(), named("Ada")) {
				if restore, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok && len(restore.Sealed) > 0 {
					lost++
				}
			}
			all := a.keptAll(a.ids()[0]) && a.keptAll(a.ids()[1]) && a.keptAll(a.ids()[2])
			if all != kept || (lost == 0) != kept {
				t.Errorf("refused %d times: kept %t, %d told of a loss", refused, all, lost)
			}
			a.server.Disarm()
		})
	}
}

// Who is not shown by the search takes slots of their own, also where there are
// hardly any.
func TestSmallBudgetDoesNotStandStill(t *testing.T) {
	for limit := 1; limit <= 3; limit++ {
		with := crowd(3)
		with.client = func(c *helpcrunch.Config) { c.Budget = budget.New(budget.Config{Limit: limit}) }
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if strings.HasSuffix(r.URL.Path, "/search") {
				return []byte(`{"filter":[{"field":"customers.id","operator":"=","value":999999}],"limit":100}`), nil
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			ctx, cancel := context.WithTimeout(a.Context(), 20*time.Minute)
			defer cancel()
			for id, got := range a.updateAll(ctx, 3, a.ids(), planned("gold")) {
				if got.err != nil {
					t.Errorf("limit %d: %d: %v", limit, id, got.err)
				}
			}
		})
	}
}

// What an account was just seen to clear is not put at stake again, and is told.
func TestMadeCanaryKnowsWhatWasSeen(t *testing.T) {
	with := crowd(4, "batch-clears-custom-data")
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"customData": map[string]any{"seats": 12}}
	}
	with.sandbox.Attributes["b"] = sandbox.TextAttribute
	open(t, with, func(a *account) {
		told := 0
		for id, got := range a.updateAll(a.Context(), 4, a.ids(), func(int64) helpcrunch.Changes {
			return helpcrunch.Changes{Name: helpcrunch.Some("Ada"), CustomData: helpcrunch.CustomData{
				"plan": {Kind: helpcrunch.String, Text: "gold"}, "b": {Kind: helpcrunch.String, Text: "x"},
			}}
		}) {
			if got.err != nil {
				t.Errorf("%d: %v", id, got.err)
			}
			if got.Loss != nil {
				told++
			}
		}
		batches := 0
		for _, request := range a.server.Requests() {
			if request.Operation == sandbox.OpBatch && bytes.Contains(request.Body, []byte("customData")) {
				batches++
			}
		}
		if batches != 1 || told != 1 {
			t.Errorf("custom data was at stake in %d batches, want 1, and %d were told of a loss, want 1", batches, told)
		}
	})
}

// What moves by itself and was cleared with the first write of a canary that is
// made is put back with what its second write shows to be cleared.
func TestMadeCanaryPutsBackWhatMoves(t *testing.T) {
	holding := sandbox.Record{"lastPage": "https://example.com/a", "lastSeen": "1700000000"}
	open(t, plainly(3, holding, []int{0, 1, 2}, "batch-clears-omitted"), func(a *account) {
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			record, _ := a.server.Customer(id)
			if got.err != nil || record["name"] != "Ada" || record["lastPage"] != holding["lastPage"] || record["lastSeen"] != holding["lastSeen"] {
				t.Errorf("%d: %v, %v: %s", id, record, got.err, a.operations())
			}
		}
	})
}

// A PATCH that is answered with somebody else has been carried out: what it cleared
// is looked for and put back.
func TestUnionIsCheckedThoughAnotherCustomerIsAnswered(t *testing.T) {
	with := crowd(1, "custom-data-replaces")
	open(t, with, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.WrongID})
		for id, got := range a.updateAll(a.Context(), 1, a.ids(), planned("gold")) {
			record, _ := a.server.Customer(id)
			plan, _ := record.Custom("plan")
			if seats, _ := record.Custom("seats"); got.err != nil || plan != "gold" || seats == nil {
				t.Errorf("%d: %v, %v: %s", id, record, got.err, a.operations())
			}
		}
	})
}
