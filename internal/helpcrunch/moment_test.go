// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// besidePatches lets somebody write to each customer once, between the read and the
// first PATCH of them.
func besidePatches(of **account, written sandbox.Record) func(http.RoundTripper) http.RoundTripper {
	var mu sync.Mutex
	met := make(map[int64]bool)
	return meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		id, err := strconv.ParseInt(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], 10, 64)
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPatch && !met[id] {
			met[id] = true
			if err = errors.Join(err, (*of).server.Change(id, written)); err != nil {
				panic(err)
			}
		}
		return body, nil
	})
}

// A PATCH keeps the fields that it leaves out. So what is not as before there, beside one
// that is compared for its custom properties, is somebody else's, and stays. A property that
// is another convicts no account of replacing them.
func TestWhatIsWrittenBesideAPatchStays(t *testing.T) {
	held := sandbox.Record{"name": "before", "locale": "en", "tags": []string{"vip", "eu"}, "customData": map[string]any{"seats": 12, "renewal": 1700000000}}
	alone := sandbox.Record{"customData": map[string]any{"seats": 12}}
	for name, test := range map[string]struct {
		held, written sandbox.Record
		requests      string
	}{
		"a name":               {held, sandbox.Record{"name": "colleague's"}, "get patch patch"},
		"a locale":             {held, sandbox.Record{"locale": "de"}, "get patch patch"},
		"a tag taken off":      {held, sandbox.Record{"tags": []string{"eu"}}, "get patch patch"},
		"a property":           {held, sandbox.Record{"customData": map[string]any{"seats": 99}}, "get patch get patch"},
		"a property that is 0": {held, sandbox.Record{"customData": map[string]any{"seats": 0}}, "get patch get patch"},
		"the only property":    {alone, sandbox.Record{"customData": map[string]any{"seats": 99}}, "get patch get patch"},
	} {
		for _, replaces := range []bool{false, true} {
			if _, ofProperties := test.written["customData"]; ofProperties && replaces {
				continue // there it is sent along: said in the threat model
			}
			var switches []string
			if replaces {
				switches = []string{"custom-data-replaces"}
			}
			with := crowd(2, switches...)
			for i := range with.sandbox.Customers {
				with.sandbox.Customers[i] = test.held
			}
			var of *account
			with.transport = besidePatches(&of, test.written)
			open(t, with, func(a *account) {
				of = a
				want, err := sandbox.New(sandbox.Config{Key: apiKey, Attributes: with.sandbox.Attributes, Customers: []sandbox.Record{test.held}})
				if err != nil {
					t.Fatal(err)
				}
				its := want.Customers()[0].ID()
				if err := want.Change(its, test.written); err != nil {
					t.Fatal(err)
				}
				if err := want.Change(its, sandbox.Record{"customData": map[string]any{"plan": "gold"}}); err != nil {
					t.Fatal(err)
				}
				wanted, _ := want.Customer(its)
				for _, id := range a.ids() {
					got := a.updateAll(a.Context(), 1, []int64{id}, planned("gold"))[id]
					record, _ := a.server.Customer(id)
					for _, field := range []string{"id", "lastSeen"} {
						delete(record, field)
						delete(wanted, field)
					}
					if got.err != nil || fmt.Sprint(record) != fmt.Sprint(wanted) {
						t.Errorf("%s, replaces %t: %v, told of %+v, HelpCrunch holds\n%v, want\n%v", name, replaces, got.err, got.Loss, record, wanted)
					}
				}
				if !replaces && a.operations() != test.requests {
					t.Errorf("%s: %s", name, a.operations())
				}
			})
		}
	}
}

// A property that the account itself sets with each write is told, and fails nobody.
func TestPropertyThatChangesWithEachWrite(t *testing.T) {
	for name, held := range map[string]sandbox.Record{
		"alone":          {"phone": "555", "customData": map[string]any{"seats": 1}},
		"beside another": {"phone": "555", "customData": map[string]any{"seats": 1, "renewal": 1700000000}},
	} {
		with := plainly(10, nil, nil)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = held
		}
		count := 1
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			if r.Method == http.MethodPatch || r.Method == http.MethodPut {
				count++
				body = bytes.ReplaceAll(body, []byte(`}]}`), fmt.Appendf(nil, `},{"property":"seats","value":%d}]}`, count))
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			outcomes := a.updateAll(a.Context(), 10, a.ids(), planned("gold"))
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				if plan, _ := record.Custom("plan"); got.err != nil || plan != "gold" {
					t.Errorf("%s: %v, HelpCrunch holds %v", name, got.err, record)
				}
			}
			told := losses(outcomes)
			for _, loss := range told {
				if !slices.Equal(slices.Concat(loss.Fields, loss.Changed), []string{"customData.seats"}) {
					t.Errorf("%s: told of %+v", name, loss)
				}
			}
			if len(told) == 0 {
				t.Errorf("%s: nobody was told", name)
			}
		})
	}
}

// What an account gave, and could not be put back, is put back later as well, where it is
// as it was left then. What somebody wrote or cleared since stays.
func TestWhatTheAccountGaveIsPutBackLater(t *testing.T) {
	for name, test := range map[string]struct {
		given map[string]string
		since sandbox.Record
		want  []any // phone, tags, notes
	}{
		"texts":              {map[string]string{"phone": `"000"`, "notes": "null"}, nil, []any{"555", []string{"vip"}, "n"}},
		"tags":               {map[string]string{"tags": `[{"name":"api"}]`}, nil, []any{"555", []string{"api", "vip"}, "n"}},
		"another text since": {map[string]string{"phone": `"000"`, "notes": "null"}, sandbox.Record{"phone": "777"}, []any{"777", []string{"vip"}, "n"}},
		"cleared since":      {map[string]string{"phone": `"000"`, "notes": "null"}, sandbox.Record{"phone": nil}, []any{nil, []string{"vip"}, "n"}},
		"another tag since":  {map[string]string{"tags": `[]`}, sandbox.Record{"tags": []string{"eu"}}, []any{"555", []string{"eu"}, "n"}},
	} {
		with := crowd(3)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "notes": "n", "tags": []string{"vip"}}
		}
		with.transport = clearing(test.given)
		open(t, with, func(a *account) {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore, Times: 1000})
			var lost *helpcrunch.RestoreError
			for _, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
				if e, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
					lost = e
				}
			}
			a.server.Disarm()
			if lost == nil {
				t.Fatalf("%s: nobody was told", name)
			}
			if err := a.server.Change(lost.ID, test.since); err != nil {
				t.Fatal(err)
			}
			told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{})
			record, _ := a.server.Customer(lost.ID)
			tags := record.TagNames()
			slices.Sort(tags)
			if is := []any{record["phone"], tags, record["notes"]}; err != nil || fmt.Sprint(is) != fmt.Sprint(test.want) {
				t.Errorf("%s: %v, told of %+v, HelpCrunch holds %v, want %v", name, err, told, is, test.want)
			}
		})
	}
}

// Where it is not known whether anything was lost, and somebody has worked on the customer
// since, what they cleared stays so, and is told.
func TestWhatMayHaveBeenLostIsNotPutBackOverAnybody(t *testing.T) {
	with := plainly(3, sandbox.Record{"name": "before", "phone": "555", "notes": "n"}, []int{0, 1, 2})
	open(t, with, func(a *account) {
		lost := a.loseACanary(
			sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.DropBefore}, sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore},
			sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.FailBefore, After: 1})
		if err := a.server.Change(lost.ID, sandbox.Record{"phone": "777", "notes": nil}); err != nil {
			t.Fatal(err)
		}
		told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{})
		if record, _ := a.server.Customer(lost.ID); !lost.Perhaps || err != nil || told == nil || len(told.Fields) > 0 || !slices.Equal(told.Changed, []string{"phone", "notes"}) || record["phone"] != "777" || record["notes"] != nil {
			t.Errorf("perhaps %t: told of %+v, %v, HelpCrunch holds %v", lost.Perhaps, told, err, record)
		}
	})
}

// The keys that customers are known by may stay where the other strings are cleared.
func TestKeysAcquitNothingElse(t *testing.T) {
	with := plainly(20, nil, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "email": fmt.Sprintf("%d@example.com", i)}
		if i >= 10 {
			with.sandbox.Customers[i]["notes"] = "n"
		}
	}
	with.transport = clearing(map[string]string{"notes": "null"})
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
		for _, id := range a.ids()[10:] {
			if record, _ := a.server.Customer(id); outcomes[id].err != nil || record["notes"] != "n" {
				t.Errorf("%v, HelpCrunch holds %v", outcomes[id].err, record)
			}
		}
		if told := losses(outcomes); len(told) != 1 || !slices.Equal(told[0].Fields, []string{"notes"}) {
			t.Errorf("told of %+v", told)
		}
	})
}

// Nor do they what comes by itself, where they hold none of it. Who holds both shows it, and
// so does a visitor without a key: such customers cost no more than others.
func TestKeysAndWhatComesByItself(t *testing.T) {
	for _, who := range []string{"apart", "both", "visitors", "no visitors"} {
		both := who != "apart"
		with := plainly(100, nil, nil)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "locale": "uk", "firstSeen": "1700000000"}
			switch who {
			case "visitors":
				with.sandbox.Customers[i] = sandbox.Record{"locale": "uk", "firstSeen": "1700000000", "lastSeen": "1700000001"}
			case "no visitors":
				with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "locale": "uk", "createdFrom": "api"}
			}
			if !both && i < 10 {
				with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "tags": []string{"vip"}, "unsubscribed": true, "customData": map[string]any{"seats": 3}}
			}
		}
		if !both {
			with.transport = clearing(map[string]string{"locale": "null", "firstSeen": "null"})
		}
		open(t, with, func(a *account) {
			outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
			for i, id := range a.ids() {
				if record, _ := a.server.Customer(id); outcomes[id].err != nil || (both || i >= 10) && (record["locale"] != "uk" || who != "no visitors" && record["firstSeen"] == nil) {
					t.Errorf("%s: %v, HelpCrunch holds %v", who, outcomes[id].err, record)
				}
			}
			if n := a.requests(); both && n > 23 { // a canary with its read, and a search before each of ten batches
				t.Errorf("%s: %d requests: %s", who, n, a.operations())
			}
		})
	}
}

// Among those who hold the same kinds the canary is one who holds most fields.
func TestCanaryHoldsAsMuchAsPossible(t *testing.T) {
	with := plainly(20, sandbox.Record{"phone": "555"}, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555"}
	}
	for _, i := range []int{3, 13} {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "notes": "n", "company": "Engines"}
	}
	with.transport = clearing(map[string]string{"notes": "null"})
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 20, a.ids(), named("Ada"))
		for _, id := range a.ids() {
			if record, _ := a.server.Customer(id); outcomes[id].err != nil || record["company"] != nil && record["notes"] != "n" {
				t.Errorf("%v, HelpCrunch holds %v", outcomes[id].err, record)
			}
		}
	})
}

// Who holds nothing but false or 0 shows that this stays, and costs no more than others.
func TestNothingButFalse(t *testing.T) {
	with := plainly(100, nil, nil)
	with.sandbox.Attributes = map[string]sandbox.AttributeType{"trial": sandbox.BooleanAttribute}
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "customData": map[string]any{"trial": false}}
	}
	open(t, with, func(a *account) {
		a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
		if n := a.requests(); n > 23 { // a canary with its read, and a search before each of ten batches
			t.Errorf("%d requests: %s", n, a.operations())
		}
	})
}

// A tag that is taken off in the moment of the canary, by this run itself or somebody else,
// does not come back while others are there.
func TestTagTakenOffMeanwhileStaysOff(t *testing.T) {
	with := plainly(3, sandbox.Record{"name": "before", "phone": "555", "tags": []string{"vip", "eu"}}, []int{0, 1, 2})
	var of *account
	var untagged int64
	beforeBatches(&with, func(ids []int64) error {
		if untagged != 0 {
			return nil
		}
		untagged = ids[0]
		_, err := of.UntagCustomer(of.Context(), untagged, []string{"eu"})
		return err
	})
	open(t, with, func(a *account) {
		of = a
		got := a.updateAll(a.Context(), 3, a.ids(), named("Ada"))[untagged]
		if record, _ := a.server.Customer(untagged); !slices.Equal(record.TagNames(), []string{"vip"}) || got.Loss == nil || !slices.Equal(got.Loss.Changed, []string{"tags"}) {
			t.Errorf("told of %+v, HelpCrunch holds %v", got.Loss, record)
		}
	})
}

// A canary that is repeated after a fault builds on a read of before it: another value may
// be somebody's, and stays.
func TestRepeatedCanaryOverwritesNobody(t *testing.T) {
	with := plainly(3, sandbox.Record{"phone": "555"}, []int{0, 1, 2})
	var of *account
	var canary int64
	sent := 0
	beforeBatches(&with, func(ids []int64) error {
		if sent++; sent != 2 {
			return nil
		}
		canary = ids[0]
		return of.server.Change(canary, sandbox.Record{"phone": "777"})
	})
	open(t, with, func(a *account) {
		of = a
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.FailBefore})
		got := a.updateAll(a.Context(), 3, a.ids(), named("Ada"))[canary]
		if record, _ := a.server.Customer(canary); got.err != nil || record["phone"] != "777" || record["name"] != "Ada" {
			t.Errorf("%v, told of %+v, HelpCrunch holds %v", got.err, got.Loss, record)
		}
	})
}

// What is put back and spelled otherwise is told, and fails nobody.
func TestPutBackThatIsSpelledOtherwise(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.transport = meddlingWithPatches(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
		return bytes.ReplaceAll(body, []byte(`"phone":"555"`), []byte(`"phone":"+555"`)), nil
	})
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 3, a.ids(), named("Ada"))
		for id, got := range outcomes {
			if got.err != nil {
				t.Errorf("%d: %v", id, got.err)
			}
		}
		if told := losses(outcomes); len(told) != 1 || !slices.Equal(told[0].Changed, []string{"phone"}) || slices.Contains(told[0].Fields, "phone") {
			t.Errorf("told of %+v", told)
		}
	})
}

// An account that replaces custom data and gives a text of its own shows by that text that
// something stays: what is gone is put back all the same, to each of them.
func TestAccountThatReplacesAndGivesAText(t *testing.T) {
	for _, batchSize := range []int{1, 10} {
		with := plainly(25, nil, nil, "custom-data-replaces")
		with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "tier": sandbox.TextAttribute, "seats": sandbox.NumberAttribute}
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "customData": map[string]any{"tier": "basic", "seats": 12}}
		}
		with.transport = answeringForNothing(map[string]any{"tier": "basic"})
		with.client = func(c *helpcrunch.Config) { c.BatchSize = batchSize }
		open(t, with, func(a *account) {
			outcomes := a.updateAll(a.Context(), 10, a.ids(), planned("gold"))
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				if seats, _ := record.Custom("seats"); got.err != nil || fmt.Sprint(seats) != "12" {
					t.Errorf("batches of %d: %v, HelpCrunch holds %v", batchSize, got.err, record)
				}
			}
			if told := losses(outcomes); len(told) == 0 || !slices.Equal(told[0].Fields, []string{"customData.seats"}) {
				t.Errorf("batches of %d: told of %+v", batchSize, told)
			}
		})
	}
}

// Other accounts that replace custom data and give values of their own: one customer may be
// a colleague's doing, and with the second the account is convicted. Both are told.
func TestAccountThatReplacesAndGivesValues(t *testing.T) {
	for name, given := range map[string]map[string]any{
		"0":                {"seats": 0},
		"a text and 0":     {"tier": "basic", "seats": 0},
		"a text and 1":     {"tier": "basic", "seats": 1},
		"other values":     {"tier": "other", "seats": 1},
		"a new text and 0": {"tier": "other", "seats": 0},
	} {
		for _, batchSize := range []int{1, 10} {
			with := plainly(25, nil, nil, "custom-data-replaces")
			with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "tier": sandbox.TextAttribute, "seats": sandbox.NumberAttribute}
			for i := range with.sandbox.Customers {
				with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "customData": map[string]any{"tier": "basic", "seats": 12}}
			}
			with.transport = answeringForNothing(given)
			with.client = func(c *helpcrunch.Config) { c.BatchSize = batchSize }
			open(t, with, func(a *account) {
				lost := 0
				for id, got := range a.updateAll(a.Context(), 10, a.ids(), planned("gold")) {
					record, _ := a.server.Customer(id)
					seats, _ := record.Custom("seats")
					if fmt.Sprint(seats) == "12" && got.err == nil {
						continue
					}
					if lost++; got.err != nil || got.Loss == nil || !slices.Contains(got.Loss.Changed, "customData.seats") {
						t.Errorf("%s, batches of %d: %v, told of %+v, HelpCrunch holds %v", name, batchSize, got.err, got.Loss, record)
					}
				}
				if lost > 3 { // with a canary
					t.Errorf("%s, batches of %d: %d have lost their seats", name, batchSize, lost)
				}
			})
		}
	}
}

// A locale that the account gives to everybody shows nothing beside a key.
func TestKeysAndALocaleThatIsGiven(t *testing.T) {
	with := plainly(30, nil, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "locale": "uk", "firstSeen": "1700000000"}
		if i < 5 {
			with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "email": fmt.Sprintf("%d@example.com", i), "locale": "en"}
		}
	}
	with.transport = clearing(map[string]string{"locale": `"en"`, "firstSeen": "null"})
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 5, a.ids()[:5], named("Ada"))
		maps.Copy(outcomes, a.updateAll(a.Context(), 10, a.ids()[5:], named("Ada")))
		for i, id := range a.ids() {
			if record, _ := a.server.Customer(id); outcomes[id].err != nil || i >= 5 && (record["locale"] != "uk" || record["firstSeen"] == nil) {
				t.Errorf("%v, told of %+v, HelpCrunch holds %v", outcomes[id].err, outcomes[id].Loss, record)
			}
		}
	})
}

// What moves by itself does not become empty by itself.
func TestAccountThatClearsWhatMoves(t *testing.T) {
	held := sandbox.Record{"phone": "555", "locale": "en", "firstSeen": "1700000000", "lastSeen": "1700000001", "lastPage": "https://example.com"}
	for name, given := range map[string]map[string]string{
		"moments alone":  {"lastSeen": "null", "lastPage": "null"},
		"and the others": {"lastSeen": "null", "lastPage": "null", "firstSeen": "null", "locale": "null"},
	} {
		with := plainly(30, nil, nil)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = held
		}
		with.transport = clearing(given)
		open(t, with, func(a *account) {
			before := a.heldBeside(a.ids(), "name")
			outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
			for id, got := range outcomes {
				record, _ := a.server.Customer(id)
				if got.err != nil || fmt.Sprint(record["lastSeen"]) != "1700000001" {
					t.Errorf("%s: %v, HelpCrunch holds %v", name, got.err, record)
				}
			}
			if after := a.heldBeside(a.ids(), "name"); after != before {
				t.Errorf("%s: HelpCrunch held\n%s\nand holds\n%s", name, before, after)
			}
			if told := losses(outcomes); len(told) != 1 || len(told[0].Fields) != len(given) {
				t.Errorf("%s: told of %+v", name, told)
			}
		})
	}
}

// Nor does a canary that met a fault acquit, where a locale is another afterwards.
func TestRepeatedCanaryWhoseLocaleIsAnother(t *testing.T) {
	with := plainly(30, nil, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "phone": "555", "locale": "uk", "firstSeen": "1700000000"}
	}
	with.transport = clearing(map[string]string{"locale": `"en"`})
	open(t, with, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.FailBefore})
		told := 0
		for id, got := range a.updateAll(a.Context(), 10, a.ids(), named("Ada")) {
			record, _ := a.server.Customer(id)
			if got.Loss != nil {
				told++
			} else if got.err != nil || record["locale"] != "uk" {
				t.Errorf("%v, HelpCrunch holds %v", got.err, record)
			}
		}
		if told != 1 {
			t.Errorf("%d were told", told)
		}
	})
}

// Where one PATCH has shown what may have been chance, nobody acquits who holds just what
// the account gives.
func TestDoubtedPatchIsNotAcquitted(t *testing.T) {
	with := crowd(20, "custom-data-replaces")
	with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "tier": sandbox.TextAttribute}
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"customData": map[string]any{"tier": "other"}}
	}
	with.sandbox.Customers[1]["customData"] = map[string]any{"tier": "basic"}
	with.client = func(c *helpcrunch.Config) { c.BatchSize = 1 }
	with.transport = answeringForNothing(map[string]any{"tier": "basic"})
	open(t, with, func(a *account) {
		told := 0
		for i, id := range a.ids() {
			got := a.updateAll(a.Context(), 1, []int64{id}, planned("gold"))[id]
			record, _ := a.server.Customer(id)
			tier, _ := record.Custom("tier")
			if got.Loss != nil {
				told++
			} else if got.err != nil || i != 1 && tier != "other" {
				t.Errorf("%d: %v, HelpCrunch holds %v", i, got.err, record)
			}
		}
		if told != 2 {
			t.Errorf("%d were told", told)
		}
	})
}

// A PATCH that shows one property to stay and another to be gone acquits nobody.
func TestPatchAcquitsNobodyThoughSomethingStays(t *testing.T) {
	for name, test := range map[string]struct{ given, first map[string]any }{
		"a false that is cleared":   {map[string]any{"tier": "basic"}, map[string]any{"tier": "basic", "trial": false}},
		"a false that becomes true": {map[string]any{"tier": "basic", "trial": true}, map[string]any{"tier": "basic", "trial": false}},
	} {
		with := crowd(20, "custom-data-replaces")
		with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "tier": sandbox.TextAttribute, "seats": sandbox.NumberAttribute, "trial": sandbox.BooleanAttribute}
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"customData": map[string]any{"seats": 12, "tier": "other"}}
		}
		with.sandbox.Customers[0]["customData"] = test.first
		with.client = func(c *helpcrunch.Config) { c.BatchSize = 1 }
		with.transport = answeringForNothing(test.given)
		open(t, with, func(a *account) {
			for _, id := range a.ids() {
				got := a.updateAll(a.Context(), 1, []int64{id}, planned("gold"))[id]
				record, _ := a.server.Customer(id)
				if seats, _ := record.Custom("seats"); got.err != nil || id != a.ada && fmt.Sprint(seats) != "12" {
					t.Errorf("%s: %v, told of %+v, HelpCrunch holds %v", name, got.err, got.Loss, record)
				}
			}
		})
	}
}

// White space is nothing that could stay.
func TestWhiteSpaceAcquitsNobody(t *testing.T) {
	company := func(int64) helpcrunch.Changes { return helpcrunch.Changes{Company: helpcrunch.Some("Engines")} }
	for name, test := range map[string]struct {
		blank, full sandbox.Record
		switches    []string
		given       map[string]string
		changes     func(int64) helpcrunch.Changes
		batchSize   int
	}{
		"a name":                     {sandbox.Record{"name": " "}, sandbox.Record{"name": "Grace"}, nil, map[string]string{"name": "null"}, company, 10},
		"notes":                      {sandbox.Record{"notes": "\u00a0"}, sandbox.Record{"notes": "n"}, nil, map[string]string{"notes": `""`}, company, 10},
		"a property beside a batch":  {sandbox.Record{"customData": map[string]any{"note": " "}}, sandbox.Record{"customData": map[string]any{"note": "n"}}, []string{"batch-clears-custom-data"}, nil, planned("gold"), 10},
		"a property beside a PATCH":  {sandbox.Record{"customData": map[string]any{"note": " "}}, sandbox.Record{"customData": map[string]any{"note": "n"}}, []string{"custom-data-replaces"}, nil, planned("gold"), 1},
		"all properties of a batch":  {sandbox.Record{"customData": map[string]any{"note": " "}}, sandbox.Record{"customData": map[string]any{"note": "n"}}, []string{"batch-clears-omitted"}, nil, company, 10},
		"0 as text, given by itself": {sandbox.Record{"customData": map[string]any{"note": "0.00"}}, sandbox.Record{"customData": map[string]any{"note": "n"}}, []string{"batch-clears-omitted"}, nil, company, 10},
	} {
		with := plainly(30, nil, nil, test.switches...)
		with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "note": sandbox.TextAttribute}
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = test.full
			if i < 10 {
				with.sandbox.Customers[i] = test.blank
			}
		}
		with.client = func(c *helpcrunch.Config) { c.BatchSize = test.batchSize }
		with.transport = clearing(test.given)
		if strings.HasPrefix(name, "0") {
			with.transport = answeringForNothing(map[string]any{"note": "0.00"})
		}
		open(t, with, func(a *account) {
			for i := 0; i < 30; i += 10 {
				a.updateAll(a.Context(), 10, a.ids()[i:i+10], test.changes)
			}
			for _, id := range a.ids()[10:] {
				record, _ := a.server.Customer(id)
				note, _ := record.Custom("note")
				of, _ := test.full["customData"].(map[string]any)
				if record["name"] != test.full["name"] || record["notes"] != test.full["notes"] || note != of["note"] {
					t.Errorf("%s: HelpCrunch holds %v", name, record)
				}
			}
		})
	}
}

// A slow account is convicted like any other, though nothing but what is empty is put back.
func TestSlowAccountIsConvicted(t *testing.T) {
	with := plainly(25, nil, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "notes": "n"}
	}
	with.transport = func(next http.RoundTripper) http.RoundTripper {
		next = clearing(map[string]string{"notes": "null"})(next)
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut {
				time.Sleep(11 * time.Second)
			}
			return next.RoundTrip(r)
		})
	}
	open(t, with, func(a *account) {
		outcomes := a.updateAll(a.Context(), 10, a.ids(), named("Ada"))
		lost := 0
		for id, got := range outcomes {
			record, _ := a.server.Customer(id)
			if record["notes"] == "n" {
				continue
			}
			if lost++; got.Loss == nil || !slices.Equal(got.Loss.Changed, []string{"notes"}) {
				t.Errorf("%v, told of %+v, HelpCrunch holds %v", got.err, got.Loss, record)
			}
		}
		if sizes := a.sizes(sandbox.OpBatch); lost > 1 || !slices.Equal(sizes, []int{1}) {
			t.Errorf("%d have lost their notes, batches of %v", lost, sizes)
		}
	})
}

// Where an answer takes long, or the read was long before, another value is more likely
// somebody's.
func TestMomentIsShort(t *testing.T) {
	with := plainly(3, nil, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "userId": fmt.Sprint("u", i)}
	}
	var of *account
	canary := int64(0)
	beforeBatches(&with, func(ids []int64) error {
		if canary != 0 {
			return nil
		}
		canary = ids[0]
		time.Sleep(15 * time.Second)
		return of.server.Change(canary, sandbox.Record{"phone": "777"})
	})
	open(t, with, func(a *account) {
		of = a
		got := a.updateAll(a.Context(), 3, a.ids(), named("Ada"))[canary]
		if record, _ := a.server.Customer(canary); got.err != nil || record["phone"] != "777" || got.Loss == nil || !slices.Equal(got.Loss.Changed, []string{"phone"}) {
			t.Errorf("%v, told of %+v, HelpCrunch holds %v", got.err, got.Loss, record["phone"])
		}
	})
}

// Answers to writes may leave out what is false: that is no loss that fails anybody.
func TestAnswersThatLeaveOutFalse(t *testing.T) {
	with := plainly(25, nil, nil)
	with.sandbox.Attributes = map[string]sandbox.AttributeType{"trial": sandbox.BooleanAttribute, "seats": sandbox.NumberAttribute}
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "customData": map[string]any{"trial": false, "seats": 12}}
	}
	with.transport = doctoring(func(r *http.Request, body string) string {
		if r.Method == http.MethodPut || r.Method == http.MethodPatch {
			body = strings.NewReplacer(`,"trial":false`, ``, `"trial":false,`, ``).Replace(body)
		}
		return body
	})
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 10, a.ids(), named("Ada")) {
			if got.err != nil {
				t.Errorf("%d: %v", id, got.err)
			}
		}
	})
}

// One value that is refused does not hide another that is accepted and not held.
func TestPutBackThatIsRefusedAndIgnored(t *testing.T) {
	with := plainly(3, nil, nil, "batch-clears-omitted")
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "notes": "n", "company": "c"}
	}
	with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if bytes.Contains(body, []byte(`"phone":"555"`)) {
			return nil, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"phone","message":"No."}]}`))
		}
		return bytes.ReplaceAll(body, []byte(`"notes":"n"`), []byte(`"blocked":false`)), nil
	})
	open(t, with, func(a *account) {
		var missing []string
		for _, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
				missing = append(missing, lost.Fields...)
			}
		}
		if slices.Sort(missing); !slices.Equal(missing, []string{"notes", "phone"}) {
			t.Errorf("missing are %v", missing)
		}
	})
}

// Names of custom properties are anybody's, and do not speak to the terminal.
func TestRestoreErrorSpeaksToNoTerminal(t *testing.T) {
	const odd = "ti\x1b]0;owned\x07er"
	with := plainly(3, nil, nil)
	with.sandbox.Attributes = map[string]sandbox.AttributeType{odd: sandbox.TextAttribute, "a": sandbox.TextAttribute}
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "customData": map[string]any{odd: "x", "a": "stays"}}
	}
	name, err := json.Marshal(odd)
	if err != nil {
		t.Fatal(err)
	}
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		switch r.Method {
		case http.MethodPatch:
			return nil, response(r, http.StatusForbidden, nil, strings.NewReader(`{"errors":[]}`))
		case http.MethodPut:
			body = bytes.ReplaceAll(body, []byte(`"customer":`), []byte(`"phone":null,"customData":[{"property":`+string(name)+`,"value":"other"}],"customer":`))
		}
		return body, nil
	})
	open(t, with, func(a *account) {
		told := 0
		for _, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
				told++
				if text := lost.Error(); strings.ContainsAny(text, "\x1b\x07") || !strings.Contains(text, "owned") {
					t.Errorf("%q", text)
				}
			}
		}
		if told != 1 {
			t.Errorf("%d were told", told)
		}
	})
}
