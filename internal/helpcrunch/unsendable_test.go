// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// holdingAnObject lets the answers about a customer show an object in a custom
// property, which no request can write.
func (a *account) holdingAnObject(id int64) {
	a.doctor = func(_ *http.Request, body string) string {
		object := func(row string) string {
			return strings.Replace(row, `"renewal":1700000000`, `"renewal":{"secret":[1]}`, 1)
		}
		switch {
		case !strings.Contains(body, fmt.Sprintf(`"id":%d`, id)):
			return body
		case strings.Contains(body, `},{`):
			return rewriteRow(a.T, body, id, object)
		}
		return object(body)
	}
	a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(r *http.Request, body string) string { return a.doctor(r, body) })))
}

// What could not be written back is not put at stake: nothing is sent, and the
// error says of whom and why, without what they hold.
func TestUpdateThatCouldLoseAnObject(t *testing.T) {
	for _, parallelism := range []int{1, 3} {
		open(t, crowd(3), func(a *account) {
			a.holdingAnObject(a.ada)
			outcomes := a.updateAll(a.Context(), parallelism, a.ids()[:parallelism], planned("gold"))
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				plan, _ := record.Custom("plan")
				if id != a.ada {
					if got.err != nil || plan != "gold" {
						t.Errorf("%d: error %v, the plan is %v", id, got.err, plan)
					}
					continue
				}
				unsendable, ok := errors.AsType[*helpcrunch.UnsendableError](got.err)
				if parallelism > 1 && got.err == nil && plan == "gold" && a.keptProperties(id) {
					continue // the others have shown by then that the account keeps properties
				}
				if !ok || unsendable.ID != a.ada || unsendable.Property != "renewal" || plan != nil || helpcrunch.OutcomeUnknown(got.err) {
					t.Fatalf("error %v, the plan is %v", got.err, plan)
				}
				if text := got.err.Error(); !strings.Contains(text, fmt.Sprintf("customer %d", a.ada)) || !strings.Contains(text, `"renewal"`) || strings.Contains(text, "secret") {
					t.Errorf("it says %q", text)
				}
			}
		})
	}
}

// Where the account has shown that it keeps what is not sent, nothing is at stake.
func TestUpdateBesideAnObjectThatStays(t *testing.T) {
	open(t, crowd(2), func(a *account) {
		ids := a.ids()
		a.holdingAnObject(ids[1])
		for _, id := range ids {
			got := a.updateAll(a.Context(), 1, []int64{id}, planned("gold"))[id]
			record, _ := a.server.Customer(id)
			if plan, _ := record.Custom("plan"); got.err != nil || plan != "gold" || !a.keptProperties(id) {
				t.Errorf("%d: error %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
	})
}

// An object that is to be replaced need not be written back.
func TestUpdateOfAnObject(t *testing.T) {
	open(t, crowd(2, "custom-data-replaces"), func(a *account) {
		ids := a.ids()
		a.holdingAnObject(ids[1])
		renewed := func(int64) helpcrunch.Changes {
			return helpcrunch.Changes{CustomData: helpcrunch.CustomData{"renewal": v(helpcrunch.String, "1800000000")}}
		}
		for _, id := range ids {
			got := a.updateAll(a.Context(), 1, []int64{id}, renewed)[id]
			record, _ := a.server.Customer(id)
			renewal, _ := record.Custom("renewal")
			if seats, _ := record.Custom("seats"); got.err != nil || fmt.Sprint(renewal) != "1800000000" || fmt.Sprint(seats) != "12" {
				t.Errorf("%d: error %v, HelpCrunch holds %v", id, got.err, record)
			}
		}
		if sizes := a.sizes(sandbox.OpBatch); len(sizes) > 0 {
			t.Errorf("batches of %v", sizes)
		}
	})
}
