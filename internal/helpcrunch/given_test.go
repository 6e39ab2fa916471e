// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// answeringForNothing is an account that answers these for custom properties that
// nobody has set.
func answeringForNothing(given map[string]any) func(http.RoundTripper) http.RoundTripper {
	var fill func(value any)
	fill = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, inner := range value {
				fill(inner)
			}
		case map[string]any:
			for _, inner := range value {
				fill(inner)
			}
			held, isCustomer := value["customData"]
			if !isCustomer {
				return
			}
			properties, some := held.(map[string]any)
			if !some {
				properties = make(map[string]any)
			}
			for name, nothing := range given {
				if properties[name] == nil {
					properties[name] = nothing
				}
			}
			value["customData"] = properties
		}
	}
	return doctoring(func(_ *http.Request, body string) string {
		var answer any
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			return body // a deletion
		}
		fill(answer)
		filled, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		return string(filled)
	})
}

// An account may answer false or 0 for what was never set: that it does so acquits it of
// nothing but that.
func TestWhatIsAnsweredForNothingAcquitsNobody(t *testing.T) {
	for name, batchSize := range map[string]int{"batch-clears-custom-data": 10, "custom-data-replaces": 1} {
		for held, lost := range map[string][]string{
			`{"trial": true, "seats": 12, "visits": 3}`:  {"customData.seats", "customData.trial", "customData.visits"},
			`{"trial": false, "seats": 12, "visits": 0}`: {"customData.seats"},
			`{"trial": false, "visits": 0}`:              nil,
		} {
			var properties map[string]any
			if err := json.Unmarshal([]byte(held), &properties); err != nil {
				t.Fatal(err)
			}
			with := plainly(25, sandbox.Record{"customData": properties}, nil, name)
			for i := range with.sandbox.Customers {
				with.sandbox.Customers[i] = sandbox.Record{"customData": properties}
			}
			with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute, "visits": sandbox.NumberAttribute, "trial": sandbox.BooleanAttribute}
			with.transport = answeringForNothing(map[string]any{"trial": false, "seats": 0, "visits": 0})
			with.client = func(c *helpcrunch.Config) { c.BatchSize = batchSize }
			open(t, with, func(a *account) {
				outcomes := a.updateAll(a.Context(), 10, a.ids(), planned("gold"))
				for id, got := range outcomes {
					record, _ := a.server.Customer(id)
					if got.err != nil {
						t.Errorf("%s: %s: %d: %v", name, held, id, got.err)
					}
					for property, value := range properties {
						if is, _ := record.Custom(property); fmt.Sprint(is) != fmt.Sprint(value) && lost != nil {
							t.Errorf("%s: %s: HelpCrunch holds %v", name, held, record)
						}
					}
				}
				told := losses(outcomes)
				if len(told) == 0 != (lost == nil) || len(told) > 0 && !slices.Equal(told[0].Fields, lost) {
					t.Errorf("%s: %s: told of %+v", name, held, told)
				}
				if sizes := a.sizes(sandbox.OpBatch); lost != nil && slices.ContainsFunc(sizes, func(n int) bool { return n > 1 }) {
					t.Errorf("%s: %s: batches of %v", name, held, sizes)
				}
			})
		}
	}
}

// Accounts whose batches do something else to what an item leaves out than to clear all
// of it: whatever is not as before convicts them, and is put back where nothing is there
// or nothing has stayed.
func TestBatchesThatGiveWhatAnItemLeavesOut(t *testing.T) {
	everything := sandbox.Record{"name": "Ada", "phone": "555", "notes": "n", "locale": "en", "tags": []string{"vip", "eu"}}
	for _, test := range []struct {
		name           string
		holding        sandbox.Record
		given          map[string]string
		back, changed  []string
		tags, itsTags  []string // of the others, and of the canary
		canaryIsToHold string   // as its name and locale
	}{
		{"a name, and no phone", sandbox.Record{"name": "Ada", "phone": "555"}, map[string]string{"name": `"Visitor"`, "phone": "null"}, []string{"name", "phone"}, nil, nil, nil, "Ada <nil>"},
		{"a name", sandbox.Record{"name": "Ada"}, map[string]string{"name": `"Visitor"`}, []string{"name"}, nil, nil, nil, "Ada <nil>"},
		{"a name that is there already, and no phone", sandbox.Record{"name": "Visitor", "phone": "555"}, map[string]string{"name": `"Visitor"`, "phone": "null"}, []string{"phone"}, nil, nil, nil, "Visitor <nil>"},
		{"a name, and keep the rest", everything, map[string]string{"name": `"Visitor"`}, nil, []string{"name"}, []string{"vip", "eu"}, []string{"vip", "eu"}, "Visitor en"},
		{"a locale, and keep the rest", everything, map[string]string{"locale": `"de"`}, nil, []string{"locale"}, []string{"vip", "eu"}, []string{"vip", "eu"}, "Ada de"},
		{"a locale, and no phone and notes", everything, map[string]string{"name": `"Visitor"`, "locale": `"de"`, "phone": "null", "notes": "null"}, []string{"name", "phone", "locale", "notes"}, nil, []string{"vip", "eu"}, []string{"vip", "eu"}, "Ada en"},
		{"no notes", everything, map[string]string{"notes": "null"}, []string{"notes"}, nil, []string{"vip", "eu"}, []string{"vip", "eu"}, "Ada en"},
		{"a tag of their own", everything, map[string]string{"tags": `[{"name":"api"}]`}, []string{"tags"}, nil, []string{"vip", "eu"}, []string{"vip", "eu", "api"}, "Ada en"},
		{"fewer tags", everything, map[string]string{"tags": `[{"name":"eu"}]`}, nil, []string{"tags"}, []string{"vip", "eu"}, []string{"eu"}, "Ada en"},
	} {
		with := plainly(25, nil, nil)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = test.holding
		}
		with.transport = clearing(test.given)
		open(t, with, func(a *account) {
			outcomes := a.updateAll(a.Context(), 10, a.ids(), func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} })
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				want, tags := fmt.Sprint(test.holding["name"], " ", test.holding["locale"]), test.tags
				if got.Loss != nil {
					want, tags = test.canaryIsToHold, test.itsTags
				}
				held := record.TagNames()
				slices.Sort(held)
				slices.Sort(tags)
				if is := fmt.Sprint(record["name"], " ", record["locale"]); got.err != nil || record["company"] != "Engines" || is != want ||
					record["phone"] != test.holding["phone"] || record["notes"] != test.holding["notes"] || !slices.Equal(held, tags) {
					t.Errorf("%s: %v, HelpCrunch holds %v", test.name, got.err, record)
				}
			}
			if told := losses(outcomes); len(told) != 1 || !told[0].ByBatch || !slices.Equal(told[0].Fields, test.back) || !slices.Equal(told[0].Changed, test.changed) {
				t.Errorf("%s: told of %+v", test.name, told)
			}
			if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1}) {
				t.Errorf("%s: batches of %v", test.name, sizes)
			}
		})
	}
}

// A tag that comes to somebody who is written is no loss.
func TestTagThatComesMeanwhileIsNoLoss(t *testing.T) {
	with := crowd(11)
	var of *account
	beforeBatches(&with, func(ids []int64) error {
		for _, id := range ids {
			if err := of.server.Change(id, sandbox.Record{"tags": []string{"updated", "vip"}}); err != nil {
				return err
			}
		}
		return nil
	})
	open(t, with, func(a *account) {
		of = a
		if told := losses(a.updateAll(a.Context(), 11, a.ids(), named("Ada"))); len(told) > 0 {
			t.Errorf("told of %+v", told)
		}
		if sizes := a.sizes(sandbox.OpBatch); !slices.Equal(sizes, []int{1, 9}) {
			t.Errorf("batches of %v", sizes)
		}
	})
}

// That something is there after a put-back says nothing: what is not as before is told, and
// nobody is told that it was put back. A put-back that is not carried out is an error.
func TestPutBackOfAValueThatIsIgnored(t *testing.T) {
	for given, test := range map[string]struct{ back, changed, missing []string }{
		`"000"`: {back: []string{"notes"}, changed: []string{"phone"}},
		`null`:  {missing: []string{"phone"}},
	} {
		with := plainly(3, nil, nil)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "notes": "n"}
		}
		clearing := clearing(map[string]string{"phone": given, "notes": "null"})
		with.transport = func(next http.RoundTripper) http.RoundTripper {
			return clearing(meddlingWithPatches(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
				return bytes.ReplaceAll(bytes.ReplaceAll(body, []byte(`,"phone":"555"`), nil), []byte(`"phone":"555",`), nil), nil
			})(next))
		}
		open(t, with, func(a *account) {
			var missing []string
			outcomes := a.updateAll(a.Context(), 3, a.ids(), named("Ada"))
			for _, got := range outcomes {
				if lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
					missing = append(missing, lost.Fields...)
				}
			}
			told := losses(outcomes)
			if !slices.Equal(missing, test.missing) || len(told) != 1-len(missing) || len(told) > 0 && (!slices.Equal(told[0].Fields, test.back) || !slices.Equal(told[0].Changed, test.changed)) {
				t.Errorf("%s: missing are %v, told of %+v", given, missing, told)
			}
		})
	}
}
