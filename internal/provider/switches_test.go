// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// twelve is more than one batch, and more than Terraform does at once by default.
const twelve = 12

// act is a part of a customer's life with Terraform.
type act string

const (
	creation    act = "create"
	cleanPlan   act = "clean plan"
	change      act = "update"
	repair      act = "drift and repair"
	lineOut     act = "take lines out"
	importing   act = "import"
	destruction act = "destroy"
)

// The configurations of the acts.
const (
	always = `
  count           = 12
  user_id         = "crm-${count.index}"
  email           = "customer-${count.index}@example.com"
  first_seen      = "1700000000"
  deletion_policy = "delete"
`
	bareLines = always + `
  name        = "Customer ${count.index}"
  company     = "Company ${count.index}"
  tags        = [{ name = "team", color = "red" }, { name = "trial" }]
`
	createdLines = bareLines + `
  custom_data = { plan = "gold-${count.index}", tier = "first" }
`
	updatedLines = always + `
  name        = "Customer ${count.index}, renamed"
  company     = "Company ${count.index}"
  tags        = [{ name = "team", color = "blue" }, { name = "vip" }]
  custom_data = { plan = "silver-${count.index}", tier = "first" }
`
	shortenedLines = always + `
  name        = "Customer ${count.index}, renamed"
  custom_data = { plan = "silver-${count.index}" }
`
	importedLines = always + `
  name        = "Customer ${count.index}, imported"
  custom_data = { plan = "silver-${count.index}" }
`
)

// life is twelve customers, what HelpCrunch should hold of them, and what of
// that Terraform manages.
type life struct {
	*stage
	switchRow
	want      []sandbox.Record // with tags as names
	managed   []string         // attributes, and properties of custom_data
	throttled int              // answers of 429 until now
}

// switchRow is a switch and what differs under it from the life that
// [life.live] tells. Unless it says otherwise nothing differs: no warning, no
// error, and the same records at the end of each act.
type switchRow struct {
	name     string // the switch
	value    string // "" = on
	from     act    // the first act under it; "" = all
	also     string // another switch
	rate     int    // the account's limit a second; 0 = none
	importID bool   // customers are imported by id alone
	real     bool   // with the real Terraform

	says    map[act][]string    // warnings, as "warning: summary"
	color   string              // what the account's colour of the tag is after the update; "" = the one asked for
	instead map[act]func(*life) // comes in the place of an act
	after   map[act]func(*life) // looks at the requests of an act
}

// loss is what an account says that clears what it was not asked to clear.
var loss = []string{"warning: " + lossSummary}

var switchRows = []switchRow{
	{
		name:    "", // the likeliest account
		real:    true,
		instead: map[act]func(*life){creation: bareFirst},
		after: map[act]func(*life){
			cleanPlan: func(l *life) { l.requests(sandbox.OpSearch, 1, 2); l.requests(sandbox.OpGet, 0, 1) },
			change:    theCanaryAndTwoMore,
			repair:    func(l *life) { l.requests(sandbox.OpBatch, 1, 2) },
		},
	},
	{
		name: "batch-clears-omitted",
		real: true,
		says: map[act][]string{change: loss, repair: loss, lineOut: loss, importing: loss},
		after: map[act]func(*life){
			// The canary alone is at stake; the restoration takes one try more, for the date.
			change: func(l *life) {
				l.requests(sandbox.OpBatch, 1, 1)
				l.requests(sandbox.OpGet, 2, 3)
				l.requests(sandbox.OpPatch, 11+2, 11+2)
			},
			importing: func(l *life) { l.requests(sandbox.OpBatch, 1, 1) },
		},
	},
	{
		name: "batch-clears-custom-data",
		says: map[act][]string{change: loss, repair: loss, lineOut: loss},
		after: map[act]func(*life){
			change:    func(l *life) { l.requests(sandbox.OpBatch, 1, 1); l.requests(sandbox.OpPatch, 11+2, 11+2) },
			importing: theCanaryAndTwoMore, // which mentions no custom data
		},
	},
	{
		name: "custom-data-replaces",
		says: map[act][]string{change: loss, repair: loss, lineOut: loss},
		after: map[act]func(*life){
			// Each is read before. The canary's restore finds out what is a date.
			change: func(l *life) {
				l.requests(sandbox.OpBatch, 1, 1)
				l.requests(sandbox.OpGet, 12, 13)
				l.requests(sandbox.OpPatch, 12, 12+2)
			},
			importing: theCanaryAndTwoMore,
		},
	},
	{
		name: "batch-partial-write",
		instead: map[act]func(*life){
			// The sixth customer goes between the refresh and the update.
			change: func(l *life) {
				if err := l.server.Delete(l.id(5)); err != nil {
					l.Fatal(err)
				}
				out := l.apply(updatedLines, noRefresh)
				text := said(out.diags)
				if out.err == nil || out.errors() != 1 || !strings.Contains(text, "HelpCrunch has no such customer.") ||
					!strings.Contains(text, "[helpcrunch_customer.many[5]") {
					l.Fatalf("with one customer gone: %v\n%s", out.err, text)
				}
				again := l.apply(updatedLines)
				if again.err != nil || !maps.Equal(again.planned, map[string]string{"helpcrunch_customer.many[5]": "create"}) {
					l.Fatalf("afterwards %v are planned: %v\n%s", again.planned, again.err, said(again.diags))
				}
				l.expect(updated)
				l.want[5] = recordOf(5)
				updated(5, l.want[5])
			},
		},
	},
	{name: "batch-shuffled", after: map[act]func(*life){change: theCanaryAndTwoMore}},
	{
		name: "batch-short",
		after: map[act]func(*life){
			// Who is missing from an answer is read: the canary, and one of each batch.
			change: func(l *life) {
				batches, patches := l.server.Count(sandbox.OpBatch), l.server.Count(sandbox.OpPatch)
				l.requests(sandbox.OpBatch, 2, 3)
				l.requests(sandbox.OpGet, 1+batches+patches, 1+batches+patches) // a PATCH is a canary of its own
			},
		},
	},
	{
		name: "tags-append",
		after: map[act]func(*life){
			change:  func(l *life) { l.requests(sandbox.OpUntag, 12, 12) },
			repair:  func(l *life) { l.requests(sandbox.OpUntag, 3, 3) },
			lineOut: func(l *life) { l.requests(sandbox.OpUntag, 12, 12) },
		},
	},
	{
		name: "tag-color-kept", color: "red",
		says: map[act][]string{change: {"warning: HelpCrunch kept another colour for a tag"}, repair: {"warning: HelpCrunch kept another colour for a tag"}},
	},
	{name: "custom-nulls-kept"},
	{name: "custom-data-object", instead: map[act]func(*life){creation: bareFirst}},
	{name: "custom-data-pairs", instead: map[act]func(*life){creation: bareFirst}},
	{
		name: "unknown-property-dropped",
		instead: map[act]func(*life){
			creation: func(l *life) {
				// A warning, since an error would taint the customers and delete them.
				ghost := strings.Replace(createdLines, "plan =", `ghost = "boo", plan =`, 1)
				out := l.apply(ghost)
				l.heard(creation, out, "warning: HelpCrunch did not take a custom property")
				if text := said(out.diags); strings.Count(text, `The property "ghost" of custom_data`) != twelve {
					l.Errorf("twelve properties that were dropped say:\n%s", text)
				}
				// It stays in the plan, and an update says it as an error.
				again := l.apply(ghost)
				if text := said(again.diags); again.err == nil || len(again.planned) != twelve ||
					strings.Count(text, "error: HelpCrunch did not take a custom property") != twelve {
					l.Errorf("an update with a property that is dropped: %v, %v\n%s", again.planned, again.err, text)
				}
				if out := l.apply(createdLines); out.err != nil || slices.ContainsFunc(slices.Collect(maps.Values(out.planned)), func(a string) bool { return a != "update" }) {
					l.Errorf("without the property: %v, %v\n%s", out.planned, out.err, said(out.diags))
				}
				l.expect(created)
				l.requests(sandbox.OpCreate, twelve, twelve)
			},
		},
	},
	{name: "integer-timestamps"},
	{name: "fractional-timestamps"},
	{name: "single-entry-errors", instead: map[act]func(*life){change: func(l *life) { changeWithOneBad(l, "email") }}},
	{name: "specific-errors-first", instead: map[act]func(*life){change: func(l *life) { changeWithOneBad(l, "email", "custom_data") }}},
	{
		name: "empty-search-not-found",
		instead: map[act]func(*life){
			// All of them go, so that the search finds nobody.
			repair: func(l *life) {
				for i := range twelve {
					if err := l.server.Delete(l.id(i)); err != nil {
						l.Fatal(err)
					}
				}
				l.writtenAgo(time.Hour) // a moment after a write, it would be taken for a fault
				out := l.apply(updatedLines)
				l.heard(repair, out, saidOfMissing+"are made anew")
				for i := range twelve {
					if action := out.planned[address(i)]; action != "create" {
						l.Errorf("%s, which is gone, is planned for %q", address(i), action)
					}
					l.want[i] = recordOf(i)
				}
				if !slices.ContainsFunc(l.server.Requests(), func(r sandbox.Request) bool {
					return r.Operation == sandbox.OpSearch && r.Status == http.StatusNotFound
				}) {
					l.Error("no search found nobody")
				}
				l.requests(sandbox.OpGet, twelve, twelve) // who is not found is asked for alone
				l.expect(updated)
				l.byHand()
			},
		},
	},
	{name: "total-in-meta"},
	{
		// Nobody ever shows in a search.
		name: "search-lag", value: "1h", importID: true,
		after: map[act]func(*life){cleanPlan: func(l *life) { l.requests(sandbox.OpGet, twelve, twelve) }},
	},
	{
		// Everybody shows in it as they were created, whatever is written later.
		name: "search-lag", value: "1h", from: cleanPlan,
		after: map[act]func(*life){
			cleanPlan: func(l *life) { l.requests(sandbox.OpGet, 0, 1) },
			repair:    func(l *life) { l.requests(sandbox.OpGet, twelve, twelve+1) }, // written a moment ago; the canary
		},
	},
	{
		name: "search-max-filters", value: "10",
		after: map[act]func(*life){
			// One is refused, then ten and two; nobody is asked for alone.
			cleanPlan: func(l *life) { l.requests(sandbox.OpSearch, 3, 4); l.requests(sandbox.OpGet, 0, 1) },
		},
	},
	// An account that names no time is believed to share its minute with others, which takes minutes.
	{name: "fixed-window", also: "retry-after-seconds", rate: 6, after: map[act]func(*life){destruction: wasThrottled}},
	{name: "retry-after-seconds", rate: 6, after: map[act]func(*life){destruction: wasThrottled}},
	{name: "retry-after-date", rate: 6, after: map[act]func(*life){destruction: wasThrottled}},
	{
		name: "batch-throttled-every", value: "2", also: "retry-after-seconds",
		after: map[act]func(*life){
			// The same batch is sent again, and nobody is asked for alone.
			change: func(l *life) {
				theCanaryAndTwoMore(l)
				wasThrottled(l)
			},
		},
	},
	{
		name: "create-dropped",
		says: map[act][]string{creation: {saidOfAdoption}},
		after: map[act]func(*life){
			// None is created twice. As no refusal arrives either, they are looked up in the end, together as far as they end together.
			creation: func(l *life) {
				creates := twelve * (1 + helpcrunch.DefaultMaxRetries)
				l.requests(sandbox.OpCreate, creates, creates)
				l.requests(sandbox.OpSearch, 1, twelve-1)
			},
		},
	},
	{name: "bad-gateway-every", value: "9"}, // creates are repeated, too: their user_id tells them apart
	{name: "slow-answers", value: "100ms"},
}

// indifferent are the switches that no life could tell: they answer otherwise
// what the provider never asks.
var indifferent = []string{
	"put-keeps-omitted",   // a single PUT; where it clears what it leaves out, every life would lose something
	"digits-as-numbers",   // an id or a time in quotes; where it is refused, every life would end there
	"search-ignores-case", // a value in another case; helpcrunch.TestLookUpHeedsCase has one
}

// bareFirst is the creation of customers without custom data, which they get
// with an update: answers show what is empty in another form.
func bareFirst(l *life) {
	l.heard(creation, l.apply(bareLines))
	out := l.apply(createdLines)
	l.heard(creation, out)
	if len(out.planned) != twelve || out.planned[address(0)] != "update" {
		l.Errorf("custom data for all of them is planned as %v", out.planned)
	}
	l.expect(created)
}

// theCanaryAndTwoMore: one customer proves that batches lose nothing, read
// beforehand; the others follow in two requests.
func theCanaryAndTwoMore(l *life) {
	l.requests(sandbox.OpGet, 1, 2) // the second, if one is left over for a PATCH
	writes := l.server.Count(sandbox.OpBatch) + l.server.Count(sandbox.OpPatch)
	if writes < 3 || writes > 4 {
		l.Errorf("%d requests to write twelve customers, want 3", writes)
	}
}

func wasThrottled(l *life) {
	if l.throttled == 0 {
		l.Error("no request was answered 429")
	}
}

// changeWithOneBad is the update with one customer among them that HelpCrunch
// refuses: the error stands on these attributes of that one.
func changeWithOneBad(l *life, attributes ...string) {
	bad := strings.NewReplacer(
		`"customer-${count.index}@example.com"`, `count.index == 7 ? "no address" : "customer-${count.index}@example.com"`,
		`"silver-${count.index}"`, `count.index == 7 ? join("", range(200)) : "silver-${count.index}"`,
	).Replace(updatedLines)
	out := l.apply(bad)
	text := said(out.diags)
	for _, attribute := range attributes {
		if !strings.Contains(text, fmt.Sprintf("error: Customer %d was not updated: HelpCrunch does not accept the value of ", l.id(7))) ||
			!strings.Contains(text, "[helpcrunch_customer.many[7]   "+attribute+" ") {
			l.Errorf("no error on %s of the bad one:\n%s", attribute, text)
		}
	}
	if n := out.errors(); n != len(attributes) {
		l.Errorf("%d errors, want %d:\n%s", n, len(attributes), text)
	}
	again := l.apply(updatedLines)
	l.heard(change, again)
	if !maps.Equal(again.planned, map[string]string{address(7): "update"}) {
		l.Errorf("%v are planned afterwards, want the bad one alone", again.planned)
	}
	l.expect(updated)
}

// TestLifeUnderEachSwitch: whatever the documentation leaves open, what is
// managed is as it is written, and what is not is lost nowhere.
func TestLifeUnderEachSwitch(t *testing.T) {
	t.Parallel()
	for _, row := range switchRows {
		name := row.name
		switch {
		case name == "":
			name = "none"
		case row.from != "":
			name += " from " + string(row.from)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := sandbox.Start(sandbox.Config{
				Rate: row.rate, Window: time.Second,
				Attributes: map[string]sandbox.AttributeType{
					"plan": sandbox.TextAttribute, "tier": sandbox.TextAttribute, "seats": sandbox.NumberAttribute,
					"score": sandbox.NumberAttribute, "renewal": sandbox.DateAttribute, "beta": sandbox.BooleanAttribute,
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.Close)
			stage := newStage(t, server)
			if row.real {
				stage = newRealStage(t, server)
			}
			l := &life{stage: stage, switchRow: row}
			for i := range twelve {
				l.want = append(l.want, recordOf(i))
			}
			l.live()
		})
	}
}

// TestEverySwitchHasALife: a new switch cannot be forgotten.
func TestEverySwitchHasALife(t *testing.T) {
	t.Parallel()
	lived := make(map[string]bool)
	for _, row := range switchRows {
		lived[row.name] = true
	}
	for _, name := range indifferent {
		lived[name] = true
	}
	delete(lived, "")
	for _, name := range sandbox.SwitchNames() {
		if !lived[name] {
			t.Errorf("the switch %s has no row in switchRows", name)
		}
		delete(lived, name)
	}
	for name := range lived {
		t.Errorf("there is no switch %q", name)
	}
}

func (l *life) live() {
	l.perform(creation, func() {
		l.heard(creation, l.apply(createdLines))
		l.expect(created)
	})
	l.managed = []string{"name", "company", "tags", "plan", "tier"}
	l.holds(creation)

	l.byHand()
	l.perform(cleanPlan, func() { l.plansNothing(cleanPlan) })
	l.holds(cleanPlan)

	l.perform(change, func() {
		out := l.apply(updatedLines)
		l.heard(change, out)
		if len(out.planned) != twelve {
			l.Errorf("the update plans %v", out.planned)
		}
		l.expect(updated)
	})
	l.holds(change)

	l.perform(repair, func() {
		drifted := []int{2, 5, 8}
		for _, i := range drifted {
			l.byHandOne(i, sandbox.Record{
				"company": "Drifted", "tags": []string{"team", "walk-in"}, "customData": map[string]any{"plan": "drifted"},
			})
		}
		l.byHandOne(3, sandbox.Record{"phone": "changed", "customData": map[string]any{"seats": 6}}) // unmanaged: no drift
		l.want[3]["phone"] = "changed"
		l.want[3]["customData"].(map[string]any)["seats"] = json.Number("6")
		out := l.apply(updatedLines)
		l.heard(repair, out)
		planned := make(map[string]string)
		for _, i := range drifted {
			planned[address(i)] = "update"
		}
		if !maps.Equal(out.planned, planned) {
			l.Errorf("after the drift %v are planned, want %v", out.planned, planned)
		}
	})
	l.holds(repair)

	l.perform(lineOut, func() {
		l.heard(lineOut, l.apply(shortenedLines), "warning: Lines taken out are cleared")
		l.expect(func(_ int, want sandbox.Record) {
			want["company"], want["tags"] = nil, []string{}
			delete(want["customData"].(map[string]any), "tier")
		})
	})
	l.managed = []string{"name", "plan"}
	l.holds(lineOut)

	l.perform(importing, func() {
		l.forget()
		var blocks strings.Builder
		var ids []string
		for i := range twelve {
			l.byHandOne(i, sandbox.Record{"company": "By hand", "tags": []string{"walk-in"}})
			id := itoa(l.id(i))
			if !l.importID {
				id = []string{id, fmt.Sprintf("user_id:crm-%d", i), fmt.Sprintf("email:customer-%d@example.com", i)}[i%3]
			}
			blocks.WriteString(importBlock(address(i), id))
			ids = append(ids, strconv.Quote(id))
		}
		l.more = blocks.String()
		if l.terraform != nil && isAtLeast(l.T, "1.16.0", "") { // whose first release follows one block alone
			l.more = "import {\n  for_each = toset(range(" + strconv.Itoa(twelve) + "))\n  to = helpcrunch_customer.many[each.key]\n  id = [" + strings.Join(ids, ", ") + "][each.key]\n}\n"
		}
		l.heard(importing, l.apply(importedLines), "warning: Imported values are let go, not cleared")
		l.expect(func(i int, want sandbox.Record) {
			want["name"] = fmt.Sprintf("Customer %d, imported", i)
			want["company"], want["tags"] = "By hand", []string{"walk-in"}
		})
	})
	l.holds(importing)
	l.plansNothing(importing)

	l.perform(destruction, func() { l.heard(destruction, l.destroy(), saidOfDeletions) })
	if left := l.server.Customers(); len(left) != 0 {
		l.Errorf("%d customers are left after the destroy", len(left))
	}
	if left := l.state(); len(left) != 0 {
		l.Errorf("the state still has %v after the destroy", left)
	}
}

// perform plays one act under the switch.
func (l *life) perform(a act, play func()) {
	l.Helper()
	if l.name != "" && (l.from == "" && a == creation || l.from == a) {
		for name, value := range map[string]string{l.name: l.value, l.also: ""} {
			if name == "" {
				continue
			}
			if err := l.server.SetSwitch(name, value); err != nil {
				l.Fatal(err)
			}
		}
	}
	l.server.ResetCounts()
	if instead := l.instead[a]; instead != nil {
		instead(l)
	} else {
		play()
	}
	l.throttled += l.server.Counts().TooManyRequests
	if after := l.after[a]; after != nil {
		after(l)
	}
	if l.Failed() {
		l.Fatalf("in the act %q; requests: %v", a, l.server.Counts().Served)
	}
}

// recordOf is one of the twelve before anybody has touched them.
func recordOf(i int) sandbox.Record {
	return sandbox.Record{
		"userId": fmt.Sprintf("crm-%d", i), "email": fmt.Sprintf("customer-%d@example.com", i), "firstSeen": "1700000000",
		"customData": map[string]any{},
	}
}

func created(i int, want sandbox.Record) {
	want["name"], want["company"] = fmt.Sprintf("Customer %d", i), fmt.Sprintf("Company %d", i)
	want["tags"] = []string{"team", "trial"}
	want["customData"].(map[string]any)["plan"] = fmt.Sprintf("gold-%d", i)
	want["customData"].(map[string]any)["tier"] = "first"
}

func updated(i int, want sandbox.Record) {
	created(i, want)
	want["name"] = fmt.Sprintf("Customer %d, renamed", i)
	want["tags"] = []string{"team", "vip"}
	want["customData"].(map[string]any)["plan"] = fmt.Sprintf("silver-%d", i)
}

func (l *life) expect(change func(i int, want sandbox.Record)) {
	for i, want := range l.want {
		change(i, want)
	}
}

// byHand gives everybody what Terraform does not manage.
func (l *life) byHand() {
	l.Helper()
	for i := range twelve {
		l.byHandOne(i, sandbox.Record{
			"phone": fmt.Sprintf("555-%d", i), "notes": "by hand", "lastPage": "https://example.com/", "lastSeen": "1800000000",
			"source": "https://example.org/", "unsubscribed": i%2 == 0, "blocked": i%3 == 0,
			"customData": map[string]any{"seats": i, "score": 1.5, "renewal": 1800000000 + i, "beta": true},
		})
		want := l.want[i]
		want["phone"], want["notes"], want["source"] = fmt.Sprintf("555-%d", i), "by hand", "https://example.org/"
		want["lastPage"], want["lastSeen"] = "https://example.com/", "1800000000"
		want["unsubscribed"], want["blocked"] = i%2 == 0, i%3 == 0
		maps.Copy(want["customData"].(map[string]any), map[string]any{
			"seats": json.Number(fmt.Sprint(i)), "score": json.Number("1.5"), "renewal": json.Number(fmt.Sprint(1800000000 + i)), "beta": true,
		})
	}
}

func (l *life) byHandOne(i int, fields sandbox.Record) {
	l.Helper()
	if err := l.server.Change(l.id(i), fields); err != nil {
		l.Fatal(err)
	}
}

func (l *life) record(i int) sandbox.Record {
	l.Helper()
	for _, record := range l.server.Customers() {
		if record["userId"] == fmt.Sprintf("crm-%d", i) {
			return record
		}
	}
	l.Fatalf("HelpCrunch has no customer crm-%d", i)
	return nil
}

func (l *life) id(i int) int64 { l.Helper(); return l.record(i).ID() }

func address(i int) string { return fmt.Sprintf("helpcrunch_customer.many[%d]", i) }

// holds compares HelpCrunch and the state with what is wanted.
func (l *life) holds(a act) {
	l.Helper()
	if n := len(l.server.Customers()); n != twelve {
		l.Errorf("after the act %q HelpCrunch has %d customers", a, n)
	}
	state := l.state()
	for i, want := range l.want {
		record := l.record(i)
		if wrong := differences(record, want); len(wrong) > 0 {
			l.Errorf("after the act %q HelpCrunch holds of customer %d:\n%s", a, i, strings.Join(wrong, "\n"))
		}
		if color := l.color; a == change {
			if color == "" {
				color = "blue"
			}
			if tags := record["tags"].([]sandbox.Tag); tags[0].Name != "team" || tags[0].Color != color {
				l.Errorf("customer %d has the tags %v, want team to be %s", i, tags, color)
			}
		}
		if wrong := l.differsFrom(state[i], record.ID(), want); len(wrong) > 0 {
			l.Errorf("after the act %q the state has of customer %d:\n%s", a, i, strings.Join(wrong, "\n"))
		}
	}
	if l.Failed() {
		l.FailNow()
	}
}

// differences compares a record field by field. A custom property that is null
// is one that is not there.
func differences(got, want sandbox.Record) []string {
	var wrong []string
	for field, holds := range got {
		wants := want[field]
		switch field {
		case "id", "location", "device":
			continue
		case "tags":
			names, _ := wants.([]string)
			holds, wants = sorted(got.TagNames()), append([]string{}, names...)
		case "customData":
			holds = maps.Clone(holds.(map[string]any))
			maps.DeleteFunc(holds.(map[string]any), func(_ string, value any) bool { return value == nil })
		case "unsubscribed", "blocked":
			wants, _ = wants.(bool)
		}
		if !reflect.DeepEqual(holds, wants) {
			wrong = append(wrong, fmt.Sprintf("%s = %v, want %v", field, holds, wants))
		}
	}
	return wrong
}

// differsFrom compares attributes in the state: what is managed is as wanted,
// everything else null.
func (l *life) differsFrom(attributes map[string]any, id int64, want sandbox.Record) []string {
	var tags any
	if slices.Contains(l.managed, "tags") {
		var names []any
		for _, name := range want["tags"].([]string) {
			names = append(names, name)
		}
		tags = names
	}
	properties := make(map[string]any)
	for name, value := range want["customData"].(map[string]any) {
		if slices.Contains(l.managed, name) {
			properties[name] = value
		}
	}
	all := map[string]any{
		"id": itoa(id), "user_id": want["userId"], "email": want["email"], "first_seen": want["firstSeen"], "deletion_policy": "delete",
		"name": want["name"], "company": nil, "phone": nil, "notes": nil, "last_page": nil, "source": nil, "last_seen": nil,
		"unsubscribed": nil, "blocked": nil, "tags": tags, "custom_data": properties,
	}
	if slices.Contains(l.managed, "company") {
		all["company"] = want["company"]
	}
	var wrong []string
	for name, wants := range all {
		has := attributes[name]
		switch has := has.(type) {
		case []any: // tags
			var names []string
			for _, tag := range has {
				names = append(names, fmt.Sprint(tag.(map[string]any)["name"]))
			}
			if fmt.Sprint(sorted(names)) != fmt.Sprint(wants) {
				wrong = append(wrong, fmt.Sprintf("%s = %v, want %v", name, names, wants))
			}
			continue
		case map[string]any: // a value with its type
			if !reflect.DeepEqual(has["value"], wants) {
				wrong = append(wrong, fmt.Sprintf("%s = %v, want %v", name, has["value"], wants))
			}
			continue
		}
		if has != wants {
			wrong = append(wrong, fmt.Sprintf("%s = %v, want %v", name, has, wants))
		}
	}
	return wrong
}

// heard checks that the act went well and what was said about it: what the
// row says, and more.
func (l *life) heard(a act, out outcome, more ...string) {
	l.Helper()
	want := sorted(append(more, l.says[a]...))
	if got := out.summaries(); out.err != nil || !slices.Equal(got, want) {
		l.Fatalf("the act %q says %v, want %v: %v\n%s", a, got, want, out.err, said(out.diags))
	}
}

func (l *life) plansNothing(a act) {
	l.Helper()
	out := l.plan()
	l.heard(cleanPlan, out)
	if len(out.planned) > 0 {
		l.Errorf("the plan after the act %q is not empty: %v", a, out.planned)
	}
}

// apply makes the lines the configuration of the twelve and applies it.
func (l *life) apply(lines string, o ...options) outcome {
	l.Helper()
	return l.stage.apply("resource \"helpcrunch_customer\" \"many\" {"+lines+"}\n", o...)
}
