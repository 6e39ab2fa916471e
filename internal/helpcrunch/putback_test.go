// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// clearing lets batches of an account clear what an item does not mention of these fields.
func clearing(fields map[string]string) func(http.RoundTripper) http.RoundTripper {
	return meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method != http.MethodPut {
			return body, nil
		}
		for field, empty := range fields {
			if !bytes.Contains(body, []byte(`"`+field+`":`)) {
				body = bytes.ReplaceAll(body, []byte(`"customer":`), []byte(`"`+field+`":`+empty+`,"customer":`))
			}
		}
		return body, nil
	})
}

// Flags, tags and the moment somebody was first seen are put back as well, at
// once or, where that fails, later.
func TestEveryKindOfFieldIsPutBack(t *testing.T) {
	holding := sandbox.Record{"name": "before", "firstSeen": "1700000000", "unsubscribed": true, "blocked": true, "tags": []string{"vip"}, "phone": "555"}
	empty := map[string]string{"firstSeen": "null", "unsubscribed": "false", "blocked": "false", "tags": "[]", "phone": "null"}
	for _, later := range []bool{false, true} {
		with := plainly(3, holding, []int{0, 1, 2})
		with.transport = clearing(empty)
		open(t, with, func(a *account) {
			if later {
				lost := a.loseACanary(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore})
				if want := []string{"phone", "firstSeen", "unsubscribed", "blocked", "tags"}; !slices.Equal(lost.Fields, want) {
					t.Errorf("lost are %v, want %v", lost.Fields, want)
				}
				if _, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{}); err != nil {
					t.Error(err)
				}
			} else {
				for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
					if got.err != nil || !got.Blocked || !got.Unsubscribed || got.FirstSeen.Unix() != 1700000000 || len(got.Tags) != 1 {
						t.Errorf("%d: got %s, error %v", id, encode(t, got.Customer), got.err)
					}
				}
			}
			for _, id := range a.ids() {
				record, _ := a.server.Customer(id)
				if record["unsubscribed"] != true || record["blocked"] != true || fmt.Sprint(record["firstSeen"]) != "1700000000" || !slices.Equal(record.TagNames(), []string{"vip"}) || record["phone"] != "555" {
					t.Errorf("later %t: HelpCrunch holds %v", later, record)
				}
			}
		})
	}
}

// A kind that the first canary does not hold is proven by a second: an account
// that keeps strings may clear tags.
func TestKindThatTheFirstCanaryDoesNotHold(t *testing.T) {
	with := plainly(10, sandbox.Record{"notes": "prefers calls", "customData": map[string]any{"seats": 12}}, []int{0, 1, 2})
	for i := 3; i < 10; i++ {
		with.sandbox.Customers[i] = sandbox.Record{"tags": []string{"vip"}}
	}
	with.transport = clearing(map[string]string{"tags": "[]"})
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
		for i, id := range a.ids() {
			record, _ := a.server.Customer(id)
			if tags := record.TagNames(); outcomes[id].err != nil || record["name"] != "Ada" || i >= 3 && !slices.Equal(tags, []string{"vip"}) {
				t.Errorf("%d: error %v, HelpCrunch holds %v", i, outcomes[id].err, record)
			}
		}
		if told := losses(outcomes); len(told) != 1 || !told[0].ByBatch || !slices.Equal(told[0].Fields, []string{"tags"}) {
			t.Errorf("told of %+v", told)
		}
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1, 1}) {
			t.Errorf("batches of %v, want two canaries", sizes)
		}
	})
}

// What is taken along with an update is none of its caller's business: a refusal
// points to the place that the value has among those that the caller sends.
func TestRefusalOfAnUpdateThatTakesOthersAlong(t *testing.T) {
	for name, test := range map[string]struct{ said, want string }{
		"of a value that was sent": {"customData[2].value", "customData[0].value"},
		"of one that was held":     {"customData[0].value", "customData.value"},
		"of something else":        {"invalid_request", "invalid_request"},
	} {
		with := crowd(2, "custom-data-replaces")
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"customData": map[string]any{"plan": "gold", "renewal": 1700000000}}
		}
		refusing := false
		with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if refusing && bytes.Contains(body, []byte(`"plan"`)) {
				return nil, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"invalid_request","message":"No."},{"code":"`+test.said+`","message":"No."}]}`))
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			seated := func(int64) helpcrunch.Changes {
				return helpcrunch.Changes{CustomData: helpcrunch.CustomData{"seats": v(helpcrunch.Number, "12")}}
			}
			ids := a.ids()
			if got := a.updateAll(a.Context(), 1, ids[:1], seated)[ids[0]]; got.err != nil || got.Loss == nil {
				t.Fatalf("%s: error %v, told of %v", name, got.err, got.Loss)
			}
			refusing = true
			got := a.updateAll(a.Context(), 1, ids[1:], seated)[ids[1]]
			refusal, ok := errors.AsType[*helpcrunch.Error](got.err)
			if !ok || len(refusal.Entries) != 2 || refusal.Entries[0].Code != "invalid_request" || refusal.Entries[1].Code != test.want {
				t.Errorf("%s: error %v, want the code %q", name, got.err, test.want)
			}
			if record, _ := a.server.Customer(ids[1]); len(record["customData"].(map[string]any)) != 2 {
				t.Errorf("%s: HelpCrunch holds %v", name, record)
			}
		})
	}
}
