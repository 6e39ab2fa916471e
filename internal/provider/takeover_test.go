// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func flag(value bool) tftypes.Value { return tftypes.NewValue(tftypes.Bool, value) }

// summaries are what was said, each once, in the order in which it was said first.
func summaries(said core.Problems) string {
	var all []string
	for _, p := range said {
		if text := p.Summary; len(all) == 0 || !strings.Contains(strings.Join(all, "; "), text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

// TestImportWritesNothingThatIsSo: an import stores neither of the two flags, and
// writing them as they are sends nothing; another value is sent, and subscribing
// somebody again is warned of.
func TestImportWritesNothingThatIsSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unsubscribed, blocked bool // in HelpCrunch
		writes                int
		said                  string
	}{
		{false, false, 0, ""},
		{false, true, 1, "The configuration blocks or unblocks an imported person"},
		{true, false, 1, "A person is subscribed again"},
	} {
		l := newPerson(t, newSandbox(t))
		if _, err := l.account.Add(sandbox.Record{"name": "Ada", "unsubscribed": c.unsubscribed, "blocked": c.blocked}); err != nil {
			t.Fatal(err)
		}
		l.write(attributes{"name": text("Ada"), "unsubscribed": flag(false), "blocked": flag(false)})
		plan := l.plan(core.Options{Imports: map[string]string{personAddress: itoa(l.account.Customers()[0].ID())}})
		said := plan.Problems
		if changed := l.changes(plan); changed != "+blocked +unsubscribed" || summaries(said) != c.said {
			t.Errorf("%+v: %s %v", c, changed, said)
		}
		before := writesOf(l.account)
		if said := l.start().Apply(t.Context(), l.state, plan, core.Options{}); said.Err() != nil || writesOf(l.account)-before != c.writes {
			t.Errorf("%+v: %d writes %v", c, writesOf(l.account)-before, said)
		}
		l.holds(map[string]string{"unsubscribed": "false", "blocked": "false"})
		l.must("", 0)
	}
}

// TestImportWritesNoEmptinessThatIsSo: what the import found empty, and is to be empty,
// is not written, and keeps what a colleague gives it between plan and apply.
func TestImportWritesNoEmptinessThatIsSo(t *testing.T) {
	t.Parallel()
	withheld := attributes{"personal_data_in_state": flag(false)}
	plan := func(value tftypes.Value) tftypes.Value { return objectValue(map[string]tftypes.Value{"plan": value}) }
	null := tftypes.NewValue(tftypes.String, nil)
	for name, c := range map[string]struct{ settings, written attributes }{
		"plain":                    {nil, attributes{"name": text("Ada"), "phone": text(""), "notes": text(""), "custom_data": plan(null)}},
		"plain, an empty property": {nil, attributes{"name": text("Ada"), "phone": text(""), "notes": text(""), "custom_data": plan(text(""))}},
		"twins":                    {nil, attributes{"name": text("Ada"), "phone_wo": text(""), "notes_wo": text(""), "custom_data_wo": plan(null)}},
		"withheld":                 {withheld, attributes{"name_wo": text("Ada"), "phone_wo": text(""), "notes_wo": text(""), "custom_data_wo": plan(text(""))}},
	} {
		for _, holds := range []bool{false, true} {
			l := newPerson(t, newSandbox(t))
			l.settings = c.settings
			held := sandbox.Record{"name": "Ada"}
			if holds { // what is to be empty, so that it has to be written
				held = sandbox.Record{"name": "Ada", "phone": "555", "tags": []string{"vip"}, "customData": map[string]any{"plan": "gold"}}
			}
			ada, err := l.account.Add(held)
			if err != nil {
				t.Fatal(err)
			}
			c.written["tags"] = tagSet(newClient(t, l.account))
			l.write(c.written)
			plan := l.plan(core.Options{Imports: map[string]string{personAddress: itoa(ada)}})
			colleague := sandbox.Record{"notes": "A colleague's"}
			if !holds {
				colleague = sandbox.Record{"notes": "A colleague's", "phone": "556", "tags": []string{"hot"}, "customData": map[string]any{"plan": "silver"}}
			}
			if err := l.account.Change(ada, colleague); err != nil {
				t.Fatal(err)
			}
			before, want := writesOf(l.account), map[bool]int{true: 1}[holds]
			if said := l.start().Apply(t.Context(), l.state, plan, core.Options{}); said.Err() != nil || writesOf(l.account)-before != want {
				t.Errorf("%s, %t: %d writes: %v", name, holds, writesOf(l.account)-before, said)
			}
			record, _ := l.account.Customer(ada)
			got, _ := record.Custom("plan")
			if record["notes"] != "A colleague's" || !holds && (record["phone"] != "556" || got != "silver" || len(record.TagNames()) != 1) ||
				holds && (record["phone"] != nil || got != nil || len(record.TagNames()) > 0) {
				t.Errorf("%s, %t: HelpCrunch holds %v", name, holds, record)
			}
			// From now on it is drift.
			if changed, said, writes := l.apply(core.Options{}); changed == "" || said.Err() != nil || writes != 1 {
				t.Errorf("%s, %t: the next apply changes %q with %d writes: %v", name, holds, changed, writes, said)
			}
			if record, _ := l.account.Customer(ada); record["notes"] != nil {
				t.Errorf("%s, %t: the next apply leaves %v", name, holds, record)
			}
		}
	}
}

// TestImportByAKeyOfBeforeIsNotSettled: also an apply that sends nothing looks whether
// the key is still theirs, so that neither a later one nor a tag gets to somebody else.
func TestImportByAKeyOfBeforeIsNotSettled(t *testing.T) {
	t.Parallel()
	const refusal = "Whether they are who was meant is not known"
	for name, c := range map[string]struct{ first, then string }{
		"a deletion":                     {`deletion_policy = "delete"`, ""},
		"a later write":                  {`deletion_policy = "prevent"`, "resource \"helpcrunch_customer\" \"a\" {\n  user_id = \"crm-17\"\n  notes = \"owes 500\"\n}\n"},
		"a tag":                          {"", "as before"},
		"a tag beside nothing to change": {`name = "Somebody"`, "as before"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newSandbox(t)
			somebody, err := server.Add(sandbox.Record{"name": "Somebody", "userId": "crm-17"})
			if err != nil {
				t.Fatal(err)
			}
			if err := server.SetSwitch("search-lag", "1h"); err != nil {
				t.Fatal(err)
			}
			if err := server.Change(somebody, sandbox.Record{"userId": "web-9"}); err != nil {
				t.Fatal(err)
			}
			if _, err := server.Add(sandbox.Record{"name": "Ada", "userId": "crm-17"}); err != nil {
				t.Fatal(err)
			}
			before := byUserID(server)
			s := newStage(t, server)
			block := "resource \"helpcrunch_customer\" \"a\" {\n  user_id = \"crm-17\"\n  " + c.first + "\n}\n"
			if c.then == "as before" {
				block += "resource \"helpcrunch_customer_tag\" \"vip\" {\n  customer_id = helpcrunch_customer.a.id\n  name = \"vip\"\n}\n"
				c.then = block
			}
			if out := s.apply(block + importBlock("helpcrunch_customer.a", "user_id:crm-17")); out.err == nil || !strings.Contains(said(out.diags), refusal) {
				t.Errorf("the import: %v\n%s", out.err, said(out.diags))
			}
			s.apply(c.then, noRefresh)
			onlyChanges(t, server, before)
		})
	}
}

// TestTagByAKeyOfBefore: a data source believes a search as well, and a tag does not.
func TestTagByAKeyOfBefore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, name string }{
		{"user_id", `"vip"`},
		{"email", `"vip"`},
		{"user_id", "terraform_data.name.output"}, // not known yet
	} {
		key := test.key
		server := newSandbox(t)
		somebody, err := server.Add(sandbox.Record{"name": "Somebody", "userId": "crm@example.com", "email": "crm@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorkspace(t, server, required+"data \"helpcrunch_customer\" \"a\" {\n  "+key+" = \"crm@example.com\"\n}\n"+
			"resource \"helpcrunch_customer_tag\" \"vip\" {\n  customer_id = data.helpcrunch_customer.a.id\n  name = "+test.name+"\n}\nresource \"terraform_data\" \"name\" {\n  input = \"vip\"\n}\n")
		if err := server.SetSwitch("search-lag", "1h"); err != nil {
			t.Fatal(err)
		}
		if err := server.Change(somebody, sandbox.Record{"userId": "web-9", "email": "web@example.com"}); err != nil {
			t.Fatal(err)
		}
		before := byUserID(server)
		if diags, err := w.Apply(t.Context()); err == nil || !strings.Contains(said(diags), "was looked up by the "+key+" that they had") {
			t.Errorf("it says %v\n%s", err, said(diags))
		}
		onlyChanges(t, server, before)

		if err := server.Change(somebody, sandbox.Record{"userId": "crm@example.com", "email": "crm@example.com"}); err != nil {
			t.Fatal(err)
		}
		if applied(t, w); len(onlyCustomer(t, server).TagNames()) != 1 {
			t.Errorf("HelpCrunch holds %v", server.Customers())
		}
	}
}

// TestKeyThatIsNotedMeanwhile: a key by which somebody is found while another one is
// looked at is looked at as well.
func TestKeyThatIsNotedMeanwhile(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id, err := server.Add(sandbox.Record{"userId": "crm-1", "email": "new@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	var a *account
	a = newAccount(helpcrunch.Config{
		BaseURL: base, APIKey: server.Key(), Budget: budget.New(budget.Config{Limit: 100}), RequestTimeout: time.Minute, BatchSize: 10, Log: tflogDebug,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			a.noteKeyed(id, foundBy{importKey{helpcrunch.Email, "old@example.com"}, false})
			return http.DefaultTransport.RoundTrip(r)
		}),
	}, nil, "", true)
	a.noteKeyed(id, foundBy{importKey{helpcrunch.UserID, "crm-1"}, false})
	if diags := a.stillKeyed(t.Context(), id); diags.HasError() {
		t.Error(diags)
	}
	if diags := a.stillKeyed(t.Context(), id); !diags.HasError() {
		t.Error("an e-mail address of before is not looked at")
	}
}

// TestTagsByAKeyOfBefore: what is refused for one tag is refused for the others, where
// each is planned and given in the same apply, and no other key makes good for it.
func TestTagsByAKeyOfBefore(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	somebody, err := server.Add(sandbox.Record{"name": "Somebody", "userId": "crm-1", "email": "crm@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, server, required+`resource "terraform_data" "key" {
  input = "crm-1"
}

data "helpcrunch_customer" "a" {
  user_id = terraform_data.key.output
}

data "helpcrunch_customer" "b" {
  email      = "crm@example.com"
  depends_on = [data.helpcrunch_customer.a]
}

resource "helpcrunch_customer_tag" "each" {
  for_each    = toset(["vip", "gold", "beta"])
  customer_id = data.helpcrunch_customer.a.id
  name        = each.key
  depends_on  = [data.helpcrunch_customer.b]
}
`)
	if err := server.SetSwitch("search-lag", "1h"); err != nil {
		t.Fatal(err)
	}
	if err := server.Change(somebody, sandbox.Record{"userId": "web-9"}); err != nil {
		t.Fatal(err)
	}
	if diags, err := w.Apply(t.Context()); err == nil || !strings.Contains(said(diags), "was looked up by the user_id that they had") {
		t.Errorf("it says %v\n%s", err, said(diags))
	}
	if tags := onlyCustomer(t, server).TagNames(); len(tags) > 0 {
		t.Errorf("they have the tags %v", tags)
	}
}

// TestImportByAKeyOfBefore: an import by a key believes a search, which may still show
// who had the key a moment before. They are read before they are written for the first
// time, many together, and are not written where the key is somebody else's by now.
func TestImportByAKeyOfBefore(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"user_id:crm-", "email:crm-"} {
		for _, many := range []int{1, 5} {
			l := newPerson(t, newSandbox(t))
			l.settings = attributes{"personal_data_in_state": flag(many == 1)}
			imports, blocks := make(map[string]string), make([]core.Block, many)
			for i := range many {
				key := fmt.Sprintf("crm-%d@example.com", i)
				if _, err := l.account.Add(sandbox.Record{"userId": key, "email": key, "company": "Engines"}); err != nil {
					t.Fatal(err)
				}
				address := fmt.Sprintf("helpcrunch_customer.a[%d]", i)
				blocks[i] = core.Block{Address: address, Type: "helpcrunch_customer", Attributes: attributes{"company": text("Analytical Engines")}}
				imports[address] = strings.Replace(prefix, "crm-", key, 1)
			}
			if err := l.account.SetSwitch("search-lag", "1h"); err != nil {
				t.Fatal(err)
			}
			eva := l.account.Customers()[0].ID()
			if err := l.account.Change(eva, sandbox.Record{"userId": "other", "email": "other@example.com"}); err != nil {
				t.Fatal(err)
			}
			plan := l.start().Plan(t.Context(), l.state, blocks, core.Options{Imports: imports, Parallelism: many})
			if plan.Problems.Err() != nil {
				t.Fatal(plan.Problems)
			}
			if many > 1 { // a search is all there is, and by the time of the apply it shows what is there
				if err := l.account.SetSwitch("search-lag", "0s"); err != nil {
					t.Fatal(err)
				}
			}
			before := l.account.Count(sandbox.OpSearch)
			said := l.start().Apply(t.Context(), l.state, plan, core.Options{Parallelism: many})
			if errs := said.Errors(); len(errs) != 1 || errs[0].Address != blocks[0].Address || !strings.Contains(errs[0].Detail, "Whether they are who was meant is not known") {
				t.Fatalf("%s, %d: %v", prefix, many, said)
			}
			for i, customer := range l.account.Customers() {
				if want := map[bool]string{true: "Engines", false: "Analytical Engines"}[i == 0]; customer["company"] != want {
					t.Errorf("%s, %d: customer %d has company %v, want %s", prefix, many, i, customer["company"], want)
				}
			}
			if n := l.account.Count(sandbox.OpSearch) - before; n > 2 { // one of them chooses the canary
				t.Errorf("%d searches", n)
			}

			// What a refresh reads makes nobody the one who was meant: they have to leave the
			// state. Who is settled is not asked for any more.
			plan = l.start().Plan(t.Context(), l.state, blocks, core.Options{Parallelism: many})
			if errs := plan.Problems.Errors(); len(errs) != 1 || errs[0].Address != blocks[0].Address || !strings.Contains(errs[0].Detail, "this customer by id: "+itoa(eva)) {
				t.Errorf("%s, %d: the next plan: %v", prefix, many, plan.Problems)
			}
			l.state.Set(blocks[0].Address, nil)
			for i := range 2 {
				again := core.Options{Parallelism: many}
				if i == 0 {
					again.Imports = map[string]string{blocks[0].Address: itoa(eva)}
				}
				plan = l.start().Plan(t.Context(), l.state, blocks, again)
				if said := l.start().Apply(t.Context(), l.state, plan, core.Options{Parallelism: many}); said.Err() != nil {
					t.Errorf("the next run: %v", said)
				}
			}
			l.account.ResetCounts()
			for i := range blocks {
				blocks[i].Attributes["company"] = text("Engines")
			}
			plan = l.start().Plan(t.Context(), l.state, blocks, core.Options{NoRefresh: true})
			if said := l.start().Apply(t.Context(), l.state, plan, core.Options{}); said.Err() != nil || many == 1 && total(l.account) != 1 {
				t.Errorf("a later update: %d requests: %v", total(l.account), said)
			}
		}
	}
}

// TestErasedPersonDoesNotComeBack: who was not made by Terraform and is gone stays in
// the state, is not made anew by any apply, and can be taken out of the configuration;
// who was made is made anew.
func TestErasedPersonDoesNotComeBack(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	id, err := l.account.Add(sandbox.Record{"name": "Ada", "email": "ada@example.com", "userId": "crm-1"})
	if err != nil {
		t.Fatal(err)
	}
	l.write(attributes{"name": text("Ada"), "email": text("ada@example.com"), "user_id": text("crm-1")})
	if _, said, _ := l.apply(core.Options{Imports: map[string]string{personAddress: itoa(id)}}); said.Err() != nil {
		t.Fatal(said)
	}
	if err := l.account.Delete(id); err != nil {
		t.Fatal(err)
	}
	for range 2 { // in every plan
		changed, said, writes := l.apply(core.Options{})
		if changed != "" || writes > 0 || len(said) != 1 || !strings.HasPrefix(said[0].Summary, "Customers are missing") || !strings.Contains(said[0].Detail, "terraform state rm") {
			t.Fatalf("%q, %d writes: %v", changed, writes, said)
		}
	}
	l.block.Attributes["email"] = text("other@example.com")
	if _, said, writes := l.apply(core.Options{}); writes > 0 || len(said.Errors()) != 1 || said.Errors()[0].Summary != "A customer who is gone cannot be changed" {
		t.Errorf("a change: %d writes, %v", writes, said)
	}

	// Without a refresh first, as Terraform 1.11 plans what has left the configuration.
	for name, c := range map[string]struct {
		exists bool
		said   string
	}{"gone": {false, ""}, "there": {true, "The customer must not be deleted"}} {
		who, state := l, l.state.Clone()
		if c.exists {
			other := newPerson(t, newSandbox(t))
			id, err := other.account.Add(sandbox.Record{"name": "Eva"})
			if err != nil {
				t.Fatal(err)
			}
			other.write(attributes{"name": text("Eva")})
			if _, said, _ := other.apply(core.Options{Imports: map[string]string{personAddress: itoa(id)}}); said.Err() != nil {
				t.Fatal(said)
			}
			who, state = other, other.state
		}
		plan := who.start().Plan(t.Context(), state, nil, core.Options{NoRefresh: true})
		if got := summaries(plan.Problems.Errors()); got != c.said {
			t.Errorf("%s: %s", name, got)
		}
		if c.said == "" {
			said := who.start().Apply(t.Context(), state, plan, core.Options{})
			if said.Err() != nil || state.Get(personAddress) != nil {
				t.Errorf("%s: %v, %v", name, said, state.Get(personAddress))
			}
		}
	}

	made := newPerson(t, newSandbox(t))
	made.write(attributes{"name": text("Ada")})
	made.must("create", 1)
	if err := made.account.Delete(made.account.Customers()[0].ID()); err != nil {
		t.Fatal(err)
	}
	made.account.ResetCounts()
	if changed, said, _ := made.apply(core.Options{NoRefresh: true}); changed != "" || said.Err() != nil {
		t.Error(changed, said)
	}
}

// TestAdoptExistingIsKnownInTheApply: whether somebody is taken over need not be known before.
func TestAdoptExistingIsKnownInTheApply(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"yes", "no"} {
		server := newSandbox(t)
		applied(t, newWorkspace(t, server, required+fmt.Sprintf("resource \"terraform_data\" \"adopts\" {\n  input = %q\n}\n", answer)+
			customerBlock("user_id = \"crm-1\"\nadopt_existing = terraform_data.adopts.output == \"yes\"\n")))
		if ada := onlyCustomer(t, server); ada["userId"] != "crm-1" {
			t.Errorf("HelpCrunch holds %v", ada)
		}
	}
}

// TestAdoptExisting takes over who has the user_id, writes what differs, touches
// nothing else, and says so; without it, or for somebody else's customer, it is an error.
func TestAdoptExisting(t *testing.T) {
	t.Parallel()
	for _, lag := range []string{"", "4s"} {
		l := newPerson(t, newSandbox(t))
		there := sandbox.Record{
			"name": "Ada", "userId": "crm-1", "company": "Engines", "phone": "555", "unsubscribed": true, "tags": []string{"auto"},
			"customData": map[string]any{"plan": "gold", "seats": 12},
		}
		if _, err := l.account.Add(there); err != nil {
			t.Fatal(err)
		}
		if lag != "" {
			var switches sandbox.Switches
			if err := switches.Set("search-lag", lag); err != nil {
				t.Fatal(err)
			}
			l.account.SetSwitches(switches)
		}
		written := attributes{
			"user_id": text("crm-1"), "name": text("Ada"), "email_wo": text("ada@example.com"), "phone": text("777"), "unsubscribed": flag(false),
			"custom_data_wo": custom(attributes{"plan": text("silver")}),
		}
		l.write(written)
		if _, said, _ := l.apply(core.Options{}); len(said.Errors()) != 1 || !strings.Contains(said.Errors()[0].Summary, "already exists") {
			t.Fatalf("unasked: %v", said)
		}
		l.state = core.NewState()
		written["adopt_existing"] = flag(true)
		_, said, _ := l.apply(core.Options{})
		if said.Err() != nil || summaries(said) != "Nobody was subscribed again; Existing customers were taken over" {
			t.Fatalf("asked: %v", said)
		}
		for _, request := range l.account.Requests() {
			if strings.Contains(string(request.Body), `"name"`) && request.Operation == sandbox.OpPatch {
				t.Errorf("what is so already was written: %s", request.Body)
			}
		}
		l.holds(map[string]string{"email": "ada@example.com", "phone": "777", "company": "Engines", "unsubscribed": "true", "customData.plan": "silver", "customData.seats": "12"})
		if origin := core.Text(core.Attributes(l.state.Get(personAddress).Value)["origin"]); origin != originAdopted {
			t.Error(origin)
		}
		if plan := l.plan(core.Options{}); l.changes(plan) != "~unsubscribed" || summaries(plan.Problems) != "A person is subscribed again" {
			t.Errorf("the plan afterwards: %s %v", l.changes(plan), plan.Problems)
		}
		if plan := l.start().Plan(t.Context(), l.state, nil, core.Options{}); summaries(plan.Problems.Errors()) != "The customer must not be deleted" {
			t.Errorf("a destroy: %v", plan.Problems)
		}
	}

	// Nobody has it: a create as ever.
	l := newPerson(t, newSandbox(t))
	l.write(attributes{"user_id": text("crm-1"), "adopt_existing": flag(true)})
	l.must("create", 1)
	l.write(attributes{"adopt_existing": flag(true)})
	if plan := l.plan(core.Options{}); summaries(plan.Problems) != "Nobody to adopt" {
		t.Errorf("without a user_id: %v", plan.Problems)
	}
}

// TestAdoptExistingThatFails: nothing is kept of a takeover that does not work, and
// the next apply finds the customer again.
func TestAdoptExistingThatFails(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	if _, err := l.account.Add(sandbox.Record{"name": "Ada", "userId": "crm-1"}); err != nil {
		t.Fatal(err)
	}
	l.write(attributes{"user_id": text("crm-1"), "name": text("Ada King"), "adopt_existing": flag(true)})
	l.account.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.Forbidden})
	if _, said, _ := l.apply(core.Options{}); len(said.Errors()) != 1 || l.state.Get(personAddress) != nil {
		t.Fatal(said, l.state.Get(personAddress))
	}
	if _, said, _ := l.apply(core.Options{}); said.Err() != nil {
		t.Fatal(said)
	}
	l.holds(map[string]string{"name": "Ada King"})
	l.must("", 0)
}

// TestKilledRunIsPickedUp: a run that makes many and is killed anywhere, with its
// state or without, ends after one more apply with each of them there once.
func TestKilledRunIsPickedUp(t *testing.T) {
	t.Parallel()
	const people = 40
	for _, stateIsLost := range []bool{false, true} {
		for _, after := range []int{1, 12, 25} {
			account := newSandbox(t)
			var blocks []core.Block
			for i := range people {
				blocks = append(blocks, core.Block{Address: fmt.Sprintf("helpcrunch_customer.a[%d]", i), Type: "helpcrunch_customer", Attributes: attributes{
					"user_id": text(fmt.Sprint("crm-", i)), "name": text(fmt.Sprint("Customer ", i)), "adopt_existing": flag(true), "deletion_policy": text("delete"),
				}})
			}
			l := newPerson(t, account)
			process := l.start()
			plan := process.Plan(t.Context(), l.state, blocks, core.Options{})
			process.Apply(t.Context(), l.state, plan, core.Options{Killed: func() bool { return account.Counts().Served[sandbox.OpCreate] >= after }})
			if n := len(account.Customers()); n < after || n == people {
				t.Fatalf("%d were made before the kill after %d", n, after)
			}
			if stateIsLost {
				l.state = core.NewState()
			}
			process = l.start()
			plan = process.Plan(t.Context(), l.state, blocks, core.Options{})
			said := process.Apply(t.Context(), l.state, plan, core.Options{})
			if plan.Problems.Err() != nil || said.Err() != nil {
				t.Fatal(plan.Problems.Err(), said.Err())
			}
			seen := make(map[string]bool)
			for _, customer := range account.Customers() {
				seen[fmt.Sprint(customer["userId"])] = true
			}
			if len(seen) != people || len(account.Customers()) != people || len(l.state.Addresses()) != people {
				t.Errorf("state lost %t, killed after %d: %d customers with %d user ids, %d in the state", stateIsLost, after, len(account.Customers()), len(seen), len(l.state.Addresses()))
			}
		}
	}
}

// TestLinesTakenOut: a flag that is taken out is let go, and the plan says which of
// the lines taken out are cleared and which are not. Of write-only values it names both
// ends, for what is ignored looks the same.
func TestLinesTakenOut(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	l.write(attributes{"name": text("Ada"), "email": text("ada@example.com"), "phone_wo": text("555"), "unsubscribed": flag(true)})
	l.must("create", 1)
	l.write(attributes{"name": text("Ada")})
	plan := l.plan(core.Options{})
	if summaries(plan.Problems) != "Lines taken out are not all cleared; Write-only values are cleared unless ignore_changes hides their lines" ||
		!strings.HasSuffix(plan.Problems[0].Detail, "stay as they are: unsubscribed. Cleared in HelpCrunch: email.") ||
		!strings.Contains(plan.Problems[1].Detail, "does not have these write-only values any more: phone. Where their lines were taken out, the apply clears them") {
		t.Error(plan.Problems)
	}
	l.must("-#phone -email -unsubscribed", 1)
	l.holds(map[string]string{"email": "", "phone": "", "unsubscribed": "true"})
	l.write(attributes{})
	if plan := l.plan(core.Options{}); summaries(plan.Problems) != "Lines taken out are cleared" || l.changes(plan) != "-name" {
		t.Error(plan.Problems)
	}

	// What holds nothing is not lost, and what moves to its plain attribute neither.
	l.write(attributes{"name_wo": text("Ada"), "phone_wo": text(""), "custom_data_wo": custom(attributes{"plan": text("gold"), "seats": number(12)})})
	l.must("+#custom_data.plan +#custom_data.seats +#name +#phone -name", 1)
	l.write(attributes{"name": text("Ada")})
	plan = l.plan(core.Options{})
	if summaries(plan.Problems) != "Write-only values are cleared unless ignore_changes hides their lines" || !strings.Contains(plan.Problems[0].Detail, "any more: custom_data.plan, custom_data.seats. Where") {
		t.Error(plan.Problems)
	}
	l.must("+name -#custom_data.plan -#custom_data.seats -#name -#phone", 1)

	// The tags of others stay.
	l.write(attributes{"name": text("Ada"), "blocked": flag(false), "tags": tagSet(newClient(t, l.account), "vip")})
	l.must("+blocked +tags", 1)
	l.byHand(sandbox.Record{"tags": []string{"auto"}})
	l.write(attributes{"name": text("Ada")})
	if plan := l.plan(core.Options{}); summaries(plan.Problems) != "Lines taken out are not all cleared" || !strings.Contains(plan.Problems[0].Detail, "stay as they are: blocked. Nothing is cleared.") {
		t.Error(plan.Problems)
	}
}

// TestLinesOfOthersTakenOut: the plan says what it clears of somebody who was there before,
// for that of an import looks the same and clears nothing.
func TestLinesOfOthersTakenOut(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	if _, err := l.account.Add(sandbox.Record{"userId": "crm-17", "name": "Ada", "email": "ada@example.com", "customData": map[string]any{"plan": "gold"}}); err != nil {
		t.Fatal(err)
	}
	l.write(attributes{"user_id": text("crm-17"), "adopt_existing": flag(true), "name": text("Ada"), "email": text("ada@example.com"), "custom_data": custom(attributes{"plan": text("gold")})})
	if _, said, writes := l.apply(core.Options{}); said.Err() != nil || writes > 0 {
		t.Fatal(writes, said)
	}
	l.write(attributes{"user_id": text("crm-17"), "adopt_existing": flag(true), "name": text("Ada King")})
	plan := l.plan(core.Options{})
	if summaries(plan.Problems) != "Lines taken out are cleared" || !strings.Contains(plan.Problems[0].Detail, "clears them in HelpCrunch: email, custom_data.plan. ") {
		t.Error(plan.Problems)
	}
	l.must("-custom_data -email ~name", 1)
	l.write(attributes{"user_id": text("crm-17"), "adopt_existing": flag(true), "name": text("Ada")})
	if plan := l.plan(core.Options{}); len(plan.Problems) > 0 {
		t.Error(plan.Problems)
	}
}

// TestTakeOverOfWhoIsReplaced: a successor that is made first finds its predecessor,
// who must live on; one that comes after the deletion is made anew, also where a
// search still shows who was deleted.
func TestTakeOverOfWhoIsReplaced(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		l := newPerson(t, newSandbox(t))
		var switches sandbox.Switches
		if err := switches.Set("search-lag", "3s"); err != nil {
			t.Fatal(err)
		}
		l.account.SetSwitches(switches)
		l.write(attributes{"user_id": text("crm-1"), "name": text("Ada"), "adopt_existing": flag(true)})
		l.block.CreateBeforeDestroy = first
		l.must("create", 1)
		before := l.account.Customers()[0].ID()
		_, said, _ := l.apply(core.Options{Replace: []string{personAddress}})
		if said.Err() != nil {
			t.Fatal(said)
		}
		customers := l.account.Customers()
		if len(customers) != 1 || (customers[0].ID() == before) != first || l.state.Get(personAddress).ID() != itoa(customers[0].ID()) {
			t.Errorf("created first %t: %v, %v", first, customers, said)
		}
		l.must("", 0)
	}
}

// TestTakeOverOfWhoIsRenamed: a resource that is renamed without a moved block would
// delete and take over one person. The plan refuses it.
func TestTakeOverOfWhoIsRenamed(t *testing.T) {
	t.Parallel()
	helpCrunch := newSandbox(t)
	s := newRealStage(t, helpCrunch)
	block := func(name string) string {
		return "resource \"helpcrunch_customer\" \"" + name + "\" {\n  user_id = \"crm-1\"\n  adopt_existing = true\n}\n"
	}
	s.mustApply(block("old"))
	if out := s.apply(block("new")); out.errors() != 1 || !strings.Contains(said(out.diags), "moved block") {
		t.Errorf("a rename says %s", said(out.diags))
	}
	if n := len(helpCrunch.Customers()); n != 1 {
		t.Errorf("%d customers", n)
	}
	s.mustApply(block("new") + "moved {\n  from = helpcrunch_customer.old\n  to = helpcrunch_customer.new\n}\n")

	// Nor does a second resource take over who is managed already.
	if out := s.apply(block("new") + block("again")); out.errors() != 1 || !strings.Contains(said(out.diags), "is managed in this configuration") {
		t.Errorf("a second resource says %s", said(out.diags))
	}
	// A successor that is made first takes over its predecessor, who lives on.
	first := strings.Replace(block("new"), "\n}\n", "\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n", 1)
	s.mustApply(first)
	before := helpCrunch.Customers()[0].ID()
	out := s.apply(first, options{replace: []string{"helpcrunch_customer.new"}})
	if customers := helpCrunch.Customers(); out.err != nil || len(customers) != 1 || customers[0].ID() != before {
		t.Errorf("a replacement: %v\n%s%v", out.err, said(out.diags), customers)
	}
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		t.Errorf("the plan afterwards: %v %v", out.planned, out.err)
	}
}

// TestDeletedAndManaged: where two resources have one customer, taking the one out
// does not delete whom the other keeps.
func TestDeletedAndManaged(t *testing.T) {
	t.Parallel()
	helpCrunch := newSandbox(t)
	s := newStage(t, helpCrunch)
	block := func(name string) string {
		return "resource \"helpcrunch_customer\" \"" + name + "\" {\n  name = \"Ada\"\n  deletion_policy = \"delete\"\n}\n"
	}
	s.mustApply(block("one"))
	id := itoa(helpCrunch.Customers()[0].ID())
	if out := s.apply(block("one") + block("two") + importBlock("helpcrunch_customer.two", id)); out.err != nil {
		t.Fatal(said(out.diags))
	}
	for _, kept := range []string{"one", "two"} {
		if out := s.apply(block(kept)); out.errors() == 0 || !strings.Contains(said(out.diags), "One customer is deleted and managed") {
			t.Errorf("%s is kept: %s", kept, said(out.diags))
		}
	}
	if n := len(helpCrunch.Customers()); n != 1 {
		t.Errorf("%d customers", n)
	}
}

// TestTakeOverOfWhoHasAnotherUserID: a search may still show somebody under the user_id
// that they had. They are left alone, and who the create was for is made.
func TestTakeOverOfWhoHasAnotherUserID(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	other, err := l.account.Add(sandbox.Record{"name": "Eva", "userId": "crm-1", "phone": "555"})
	if err != nil {
		t.Fatal(err)
	}
	var switches sandbox.Switches
	if err := switches.Set("search-lag", "4s"); err != nil {
		t.Fatal(err)
	}
	l.account.SetSwitches(switches)
	if err := l.account.Change(other, sandbox.Record{"userId": "crm-2"}); err != nil {
		t.Fatal(err)
	}
	l.write(attributes{"user_id": text("crm-1"), "name": text("Ada"), "phone": text(""), "adopt_existing": flag(true)})
	l.must("create", 1)
	if eva, _ := l.account.Customer(other); eva["name"] != "Eva" || eva["userId"] != "crm-2" || eva["phone"] != "555" {
		t.Errorf("somebody else is now %v", eva)
	}
	if id := l.state.Get(personAddress).ID(); id == itoa(other) || len(l.account.Customers()) != 2 {
		t.Errorf("the state has customer %s of %v", id, l.account.Customers())
	}

	// The same where HelpCrunch refuses the create, for somebody whom a search does not show yet.
	l = newPerson(t, newSandbox(t))
	if other, err = l.account.Add(sandbox.Record{"name": "Eva", "userId": "crm-1"}); err != nil {
		t.Fatal(err)
	}
	l.account.SetSwitches(switches)
	if err := l.account.Change(other, sandbox.Record{"userId": "crm-2"}); err != nil {
		t.Fatal(err)
	}
	ada, err := l.account.Add(sandbox.Record{"name": "Ada", "userId": "crm-1"})
	if err != nil {
		t.Fatal(err)
	}
	l.write(attributes{"user_id": text("crm-1"), "name": text("Ada King"), "adopt_existing": flag(true)})
	if _, said, _ := l.apply(core.Options{}); said.Err() != nil || l.state.Get(personAddress).ID() != itoa(ada) {
		t.Errorf("%v: %v", said, l.state.Get(personAddress))
	}
	if eva, _ := l.account.Customer(other); eva["name"] != "Eva" || eva["userId"] != "crm-2" {
		t.Errorf("somebody else is now %v", eva)
	}
}

// TestTakeOverDespiteWhiteSpace: outer white space in a user_id is no difference, and
// makes nobody a second time; that they are found costs one search as ever.
func TestTakeOverDespiteWhiteSpace(t *testing.T) {
	t.Parallel()
	for written, held := range map[string]string{" crm-1": "crm-1", "crm-1\t": "crm-1", " crm-1 ": " crm-1 "} {
		l := newPerson(t, newSandbox(t))
		id, err := l.account.Add(sandbox.Record{"name": "Ada", "userId": held})
		if err != nil {
			t.Fatal(err)
		}
		l.write(attributes{"user_id": text(written), "name": text("Ada"), "adopt_existing": flag(true)})
		if _, said, writes := l.apply(core.Options{}); said.Err() != nil || writes != 0 || len(l.account.Customers()) != 1 || l.state.Get(personAddress).ID() != itoa(id) {
			t.Errorf("%q where HelpCrunch has %q: %d writes, %d customers: %v", written, held, writes, len(l.account.Customers()), said)
		}
		if n := l.account.Count(sandbox.OpSearch); n != 1 {
			t.Errorf("%q: %d searches", written, n)
		}
		l.must("", 0)
	}
}

// TestOneIsTakenOverOnce: of two resources whose user_id turns out to be the same one
// takes the customer over, and the other is refused.
func TestOneIsTakenOverOnce(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	if _, err := l.account.Add(sandbox.Record{"name": "Ada", "userId": "crm-1"}); err != nil {
		t.Fatal(err)
	}
	var blocks []core.Block
	for _, name := range []string{"Ada King", "Ada Lovelace"} {
		blocks = append(blocks, core.Block{Address: fmt.Sprintf("helpcrunch_customer.a[%q]", name), Type: "helpcrunch_customer", Attributes: attributes{
			"user_id": text("crm-1"), "name": text(name), "adopt_existing": flag(true),
		}})
	}
	plan := l.start().Plan(t.Context(), l.state, blocks, core.Options{})
	said := l.start().Apply(t.Context(), l.state, plan, core.Options{})
	if len(said.Errors()) != 1 || !strings.Contains(said.Errors()[0].Detail, "is managed by another resource") || len(l.state.Addresses()) != 1 || writesOf(l.account) != 1 {
		t.Errorf("%d writes, %v in the state: %v", writesOf(l.account), l.state.Addresses(), said)
	}
}

// TestTakeOverInATest: terraform test has one provider for all its applies. Whom one of
// them takes over, a later one deletes.
func TestTakeOverInATest(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	if _, err := l.account.Add(sandbox.Record{"name": "Ada", "userId": "crm-1"}); err != nil {
		t.Fatal(err)
	}
	l.write(attributes{"user_id": text("crm-1"), "name": text("Ada"), "adopt_existing": flag(true), "deletion_policy": text("delete")})
	process := l.start()
	for _, blocks := range [][]core.Block{{l.block}, nil} {
		plan := process.Plan(t.Context(), l.state, blocks, core.Options{})
		if said := slices.Concat(plan.Problems, process.Apply(t.Context(), l.state, plan, core.Options{})); said.Err() != nil {
			t.Fatal(said)
		}
	}
	if customers := l.account.Customers(); len(customers) > 0 {
		t.Errorf("still there: %v", customers)
	}
}
