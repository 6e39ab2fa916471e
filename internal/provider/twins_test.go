// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// person is the life of one customer in a configuration, with as much of Terraform
// as a provider can tell, in process.
type person struct {
	*testing.T
	account  *sandbox.Server
	settings attributes
	block    core.Block
	state    *core.State
}

const personAddress = "helpcrunch_customer.a"

func newPerson(t *testing.T, account *sandbox.Server) *person {
	t.Helper()
	return &person{T: t, account: account, block: core.Block{Address: personAddress, Type: "helpcrunch_customer"}, state: core.NewState()}
}

func (l *person) start() *core.Process {
	l.Helper()
	server, err := NewServer(New("test"))
	if err != nil {
		l.Fatal(err)
	}
	settings := attributes{"base_url": text(l.account.URL()), "api_key": text(l.account.Key()), "requests_per_minute": tftypes.NewValue(tftypes.Number, 100_000)}
	maps.Copy(settings, l.settings)
	process, err := core.Start(l.Context(), server, "1.14.0", settings)
	if err != nil {
		l.Fatal(err)
	}
	return process
}

// write makes this the configuration.
func (l *person) write(written attributes) { l.block.Attributes = written }

// plan plans the configuration.
func (l *person) plan(o core.Options) *core.Plan {
	l.Helper()
	plan := l.start().Plan(l.Context(), l.state, []core.Block{l.block}, o)
	if l.block.Type == "" {
		l.Fatal("no configuration")
	}
	return plan
}

// apply applies the configuration, and returns what the plan changes, as in "+email
// ~phone", what was said, and how many writes were sent.
func (l *person) apply(o core.Options) (changed string, said core.Problems, writes int) {
	l.Helper()
	before := writesOf(l.account)
	plan := l.plan(o)
	said = plan.Problems
	changed = l.changes(plan)
	if said.Err() == nil {
		said = append(said, l.start().Apply(l.Context(), l.state, plan, o)...)
	}
	return changed, said, writesOf(l.account) - before
}

// must is apply for what has to go well.
func (l *person) must(changed string, writes int) {
	l.Helper()
	got, said, sent := l.apply(core.Options{})
	if said.Err() != nil || got != changed || sent != writes {
		l.Fatalf("changed %q with %d writes (want %q with %d): %v", got, sent, changed, writes, said)
	}
	if again := l.plan(core.Options{}); !again.IsEmpty() || again.Problems.Err() != nil {
		l.Fatalf("the plan afterwards: %s %v", l.changes(again), again.Problems)
	}
}

func writesOf(account *sandbox.Server) int {
	writes := 0
	for _, request := range account.Requests() {
		if !strings.HasSuffix(request.Path, "/search") && request.Method != "GET" {
			writes++
		}
	}
	return writes
}

// changes names what a plan changes: + comes in, ~ changes, - goes out.
func (l *person) changes(plan *core.Plan) string {
	l.Helper()
	change := plan.Change(personAddress)
	if change == nil || change.Action == core.NoOp {
		return ""
	}
	if change.Action != core.Update {
		return string(change.Action)
	}
	var changes []string
	note := func(before, after map[string]tftypes.Value, prefix string) {
		for name, value := range after {
			switch held, had := before[name]; {
			case name == "digests":
			case (!had || held.IsNull()) && !value.IsNull():
				changes = append(changes, "+"+prefix+name)
			case had && !held.IsNull() && value.IsNull():
				changes = append(changes, "-"+prefix+name)
			case had && !held.Equal(value):
				changes = append(changes, "~"+prefix+name)
			}
		}
		for name := range before {
			if _, has := after[name]; !has {
				changes = append(changes, "-"+prefix+name)
			}
		}
	}
	before, after := core.Attributes(change.Prior), core.Attributes(change.Planned)
	note(before, after, "")
	if !after["digests"].IsKnown() {
		changes = append(changes, "~digests")
	} else {
		note(core.Attributes(before["digests"]), core.Attributes(after["digests"]), "#")
	}
	slices.Sort(changes)
	return strings.Join(changes, " ")
}

// holds compares what HelpCrunch holds, "" for nothing.
func (l *person) holds(want map[string]string) {
	l.Helper()
	customers := l.account.Customers()
	if len(customers) != 1 {
		l.Fatalf("%d customers", len(customers))
	}
	for field, value := range want {
		var got any
		if property, ok := propertyOf(field); ok {
			got, _ = customers[0].Custom(property)
		} else {
			got = customers[0][field]
		}
		if got == nil {
			got = ""
		}
		if fmt.Sprint(got) != value {
			l.Errorf("%s is %q, want %q", field, got, value)
		}
	}
}

// byHand is what a colleague does.
func (l *person) byHand(change sandbox.Record) {
	l.Helper()
	if err := l.account.Change(l.account.Customers()[0].ID(), change); err != nil {
		l.Fatal(err)
	}
}

// leaks fails where the state has one of these texts.
func (l *person) leaks(texts ...string) {
	l.Helper()
	object := l.state.Get(personAddress)
	for _, text := range texts {
		if strings.Contains(object.Value.String(), text) || strings.Contains(string(object.Private), text) {
			l.Errorf("%q stands in the state: %s %s", text, object.Value, object.Private)
		}
	}
}

func custom(properties map[string]tftypes.Value) tftypes.Value {
	kinds := make(map[string]tftypes.Type)
	for name, value := range properties {
		kinds[name] = value.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, properties)
}

// TestTwins: what a write-only attribute is given is written, kept so, and put
// right when somebody changes it; the plan names the field, and the state has
// digests alone. The four rules of ownership hold as for plain attributes.
func TestTwins(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	l.write(attributes{
		"name_wo": text("Ada Lovelace"), "email_wo": text("Ada@Example.com"), "phone_wo": text(""), "notes_wo": text("likes numbers"),
		"custom_data_wo": custom(attributes{"plan": text("gold"), "seats": number(12), "trial": tftypes.NewValue(tftypes.Bool, true)}),
		"user_id":        text("crm-1"),
	})
	l.must("create", 1)
	l.holds(map[string]string{"name": "Ada Lovelace", "email": "Ada@Example.com", "phone": "", "notes": "likes numbers", "customData.plan": "gold", "customData.seats": "12"})
	l.leaks("Lovelace", "Example", "example", "numbers", "gold")

	// Drift, of one that was filled, and of one that is kept empty.
	l.byHand(sandbox.Record{"name": "Ada King", "company": "Engines"})
	l.must("~#name", 1)
	l.byHand(sandbox.Record{"phone": "0", "customData": map[string]any{"seats": 13}})
	l.must("~#custom_data.seats ~#phone", 1)
	l.holds(map[string]string{"name": "Ada Lovelace", "phone": "", "customData.seats": "12", "company": "Engines", "customData.plan": "gold"})

	// A change of one sends that one alone: what a colleague changes in that moment stays.
	l.block.Attributes["notes_wo"] = text("likes engines")
	plan := l.plan(core.Options{})
	l.byHand(sandbox.Record{"name": "Countess of Lovelace"})
	if said := l.start().Apply(t.Context(), l.state, plan, core.Options{}); said.Err() != nil || l.changes(plan) != "~#notes" {
		t.Fatal(l.changes(plan), said)
	}
	l.holds(map[string]string{"name": "Countess of Lovelace", "notes": "likes engines"})
	l.must("~#name", 1)
	l.leaks("Lovelace", "engines", "Countess")

	// What HelpCrunch takes for the same is no change: the case of an address, a number's text.
	l.block.Attributes["email_wo"] = text("ada@example.com")
	l.block.Attributes["custom_data_wo"] = custom(attributes{"plan": text("gold "), "seats": number(12), "trial": text("true")})
	l.must("", 0)

	// A line taken out is cleared; a property as well, and what is not written is left alone.
	delete(l.block.Attributes, "notes_wo")
	l.block.Attributes["custom_data_wo"] = custom(attributes{"seats": number(12)})
	l.must("-#custom_data.plan -#custom_data.trial -#notes", 1)
	l.holds(map[string]string{"notes": "", "customData.plan": "", "customData.seats": "12", "company": "Engines"})
	delete(l.block.Attributes, "custom_data_wo")
	delete(l.block.Attributes, "phone_wo") // which is empty: nothing is to be sent for it
	l.must("-#custom_data.seats -#phone", 1)
	delete(l.block.Attributes, "email_wo")
	delete(l.block.Attributes, "name_wo")
	l.must("-#email -#name", 1)
	l.holds(map[string]string{"name": "", "email": "", "userId": "crm-1", "company": "Engines"})
}

// TestTwinsMove: from an attribute to its twin and back nothing is sent where the
// value is the same, and nothing is cleared.
func TestTwinsMove(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	plain := attributes{
		"name": text("Ada "), "email": text("Ada@example.com"), "phone": text(""), "notes": text("old"),
		"custom_data": custom(attributes{"plan": text("gold"), "seats": number(12)}),
	}
	hidden := attributes{
		"name_wo": text("Ada"), "email_wo": text("ada@example.com"), "phone_wo": text(""), "notes_wo": text("old"),
		"custom_data_wo": custom(attributes{"plan": text("gold"), "seats": number(12)}),
	}
	all := map[string]string{"name": "Ada ", "email": "Ada@example.com", "phone": "", "notes": "old", "customData.plan": "gold", "customData.seats": "12"}
	l.write(maps.Clone(plain))
	l.must("create", 1)
	l.write(maps.Clone(hidden))
	l.must("+#custom_data.plan +#custom_data.seats +#email +#name +#notes +#phone -custom_data -email -name -notes -phone", 0)
	l.holds(all)
	l.leaks("Ada", "old", "gold")
	l.write(maps.Clone(plain))
	l.must("+custom_data +email +name +notes +phone -#custom_data.plan -#custom_data.seats -#email -#name -#notes -#phone", 0)
	l.holds(all)

	// Moved and changed at once: that field is written, and no other.
	changed := maps.Clone(hidden)
	changed["notes_wo"] = text("new")
	changed["custom_data_wo"] = custom(attributes{"plan": text("gold"), "seats": number(13)})
	l.write(changed)
	l.must("+#custom_data.plan +#custom_data.seats +#email +#name +#notes +#phone -custom_data -email -name -notes -phone", 1)
	all["notes"], all["customData.seats"] = "new", "13"
	l.holds(all)
	l.write(plain)
	l.must("+custom_data +email +name +notes +phone -#custom_data.plan -#custom_data.seats -#email -#name -#notes -#phone", 1)
	all["notes"], all["customData.seats"] = "old", "12"
	l.holds(all)
}

// TestTwinsOfANewKey: digests are made with the API key. With another one the next
// plan is empty; without a refresh they cannot be compared, which one warning says.
func TestTwinsOfANewKey(t *testing.T) {
	t.Parallel()
	account := newSandbox(t)
	l := newPerson(t, account)
	l.write(attributes{"name_wo": text("Ada"), "email_wo": text("ada@example.com")})
	l.must("create", 1)
	before := l.state.Get(personAddress).Value

	account.SetKey("a-new-key")
	if plan := l.plan(core.Options{}); !plan.IsEmpty() || len(plan.Problems) > 0 {
		t.Errorf("with a new key: %s %v", l.changes(plan), plan.Problems)
	}
	plan := l.plan(core.Options{NoRefresh: true})
	if !plan.IsEmpty() || len(plan.Problems) != 1 || plan.Problems[0].Summary != "Digests were made with another API key" {
		t.Errorf("with a new key and no refresh: %s %v", l.changes(plan), plan.Problems)
	}
	// Something else is written without a refresh: the digests stay as they are, those of the other key too.
	l.block.Attributes["company"] = text("Engines")
	l.block.Attributes["phone_wo"] = text("1")
	changed, said, _ := l.apply(core.Options{NoRefresh: true})
	if changed != "+#phone +company" || said.Err() != nil {
		t.Fatal(changed, said)
	}
	l.holds(map[string]string{"name": "Ada", "email": "ada@example.com", "company": "Engines", "phone": "1"})
	l.must("", 0)
	l.block.Attributes["company"] = text("Other Engines")
	l.must("~company", 1)
	if after := l.state.Get(personAddress).Value; core.Attributes(before)["digests"].Equal(core.Attributes(after)["digests"]) {
		t.Error("a refresh makes no digests with the new key")
	}
	// A line taken out, of which only a digest of the old key is known, is cleared all the same.
	account.SetKey("yet-another-key")
	delete(l.block.Attributes, "phone_wo")
	if changed, said, writes := l.apply(core.Options{NoRefresh: true}); changed != "-#phone" || said.Err() != nil || writes != 1 {
		t.Error(changed, said, writes)
	}
	l.holds(map[string]string{"phone": ""})
}

// TestTwinsThatComeLate: values that are not known when Terraform plans, or are
// others each time, end in no error of Terraform's own. (One that is the same in
// the plan and another one in the apply does, where something else changes.)
func TestTwinsThatComeLate(t *testing.T) {
	t.Parallel()
	unknown := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	none := tftypes.NewValue(tftypes.String, nil)
	for name, c := range map[string]struct {
		values  []tftypes.Value // asked for in the plan, in the plan of the apply, and in the apply
		created bool            // with "Ada" before
		changed string
		held    string
		wrong   string
	}{
		"unknown, create":          {[]tftypes.Value{unknown, text("Ada"), text("Ada")}, false, "create", "Ada", ""},
		"unknown and null, create": {[]tftypes.Value{unknown, none, none}, false, "create", "", ""},
		"unknown, the same":        {[]tftypes.Value{unknown, text("Ada"), text("Ada")}, true, "~digests", "Ada", ""},
		"unknown, another":         {[]tftypes.Value{unknown, text("Eva"), text("Eva")}, true, "~digests", "Eva", ""},
		"unknown, taken out":       {[]tftypes.Value{unknown, none, none}, true, "~digests", "", ""},
		"another each time":        {[]tftypes.Value{text("Eva"), text("Ida"), text("Una")}, true, "~#name", "Una", ""},
		"another each time, new":   {[]tftypes.Value{text("Eva"), text("Ida"), text("Una")}, false, "create", "Una", ""},
		"the old one at last":      {[]tftypes.Value{text("Eva"), text("Eva"), text("Ada")}, true, "~#name", "Ada", ""},
		"gone at last":             {[]tftypes.Value{text("Eva"), text("Eva"), none}, true, "~#name", "Ada", "Customer 542335 was not updated"},
		"gone at last, create":     {[]tftypes.Value{text("Eva"), text("Eva"), none}, false, "create", "", ""},
		"there at last, create":    {[]tftypes.Value{none, none, text("Eva")}, false, "create", "", ""}, // it is written by the next apply
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newPerson(t, newSandbox(t))
			if c.created {
				l.write(attributes{"name_wo": text("Ada"), "company": text("Engines")})
				l.must("create", 1)
			}
			l.write(attributes{"company": text("Engines")})
			asked := 0
			l.block.Ephemeral = map[string]func() tftypes.Value{"name_wo": func() tftypes.Value {
				value := c.values[min(asked, len(c.values)-1)]
				asked++
				return value
			}}
			changed, said, _ := l.apply(core.Options{})
			errors := said.Errors()
			if changed != c.changed || (c.wrong == "") != (len(errors) == 0) {
				t.Fatalf("%q: %v", changed, said)
			}
			if c.wrong != "" {
				if len(errors) != 1 || errors[0].Summary != c.wrong || !strings.Contains(errors[0].Attribute, "name_wo") {
					t.Error(said)
				}
				if !c.created && len(l.account.Customers()) > 0 {
					t.Error("somebody was created")
				}
			}
			if c.created || c.wrong == "" {
				l.holds(map[string]string{"name": c.held, "company": "Engines"})
				l.block.Ephemeral = nil
				if c.held != "" {
					l.block.Attributes["name_wo"] = text(c.held)
				}
				l.must("", 0)
			}
		})
	}
}

// TestTwinsIgnored: what ignore_changes hides is let go and never cleared, whether
// it is one twin or everything.
func TestTwinsIgnored(t *testing.T) {
	t.Parallel()
	for name, ignored := range map[string][]string{"one": {"name_wo", "custom_data_wo"}, "all": {"name_wo", "email_wo", "phone_wo", "notes_wo", "custom_data_wo", "company"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newPerson(t, newSandbox(t))
			l.write(attributes{"name_wo": text("Ada"), "email_wo": text("ada@example.com"), "company": text("Engines"), "custom_data_wo": custom(attributes{"plan": text("gold"), "seats": number(1)})})
			l.must("create", 1)
			l.block.IgnoreChanges = ignored
			l.block.Attributes["name_wo"] = text("Eva")
			l.block.Attributes["custom_data_wo"] = custom(attributes{"plan": text("silver")})
			_, said, writes := l.apply(core.Options{})
			if said.Err() != nil || writes > 0 {
				t.Fatal(said, writes)
			}
			l.holds(map[string]string{"name": "Ada", "email": "ada@example.com", "company": "Engines", "customData.plan": "gold", "customData.seats": "1"})
			l.must("", 0)
		})
	}
}

// TestIgnoredPlacesAreNotCleared: what ignore_changes hides in the plan and Terraform
// shows when it applies is let go, whichever of the two attributes it is, a key of a
// map or an object without any.
func TestIgnoredPlacesAreNotCleared(t *testing.T) {
	t.Parallel()
	gold := custom(attributes{"plan": text("gold")})
	for name, c := range map[string]struct {
		before, after attributes
		settings      attributes
		ignored       []string
		held          map[string]string
	}{
		"a plain one, kept out of the state now": {
			attributes{"email": text("ada@example.com")}, attributes{"email": text("ada@example.com")}, withoutPersonalData, []string{"email"}, map[string]string{"email": "new@example.com"},
		},
		"from a twin to a plain one": {
			attributes{"name_wo": text("Ada"), "custom_data_wo": gold}, attributes{"name": text("Ada"), "custom_data": gold}, nil, []string{"name", "custom_data"}, map[string]string{"name": "Ada", "customData.plan": "gold"},
		},
		"a twin without properties": {
			attributes{"custom_data_wo": gold}, attributes{"custom_data_wo": custom(nil)}, nil, []string{"custom_data_wo"}, map[string]string{"customData.plan": "gold"},
		},
		"a twin without properties that is not ignored": {
			attributes{"custom_data_wo": gold}, attributes{"custom_data_wo": custom(nil)}, nil, nil, map[string]string{"customData.plan": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newPerson(t, newSandbox(t))
			l.write(c.before)
			l.must("create", 1)
			l.byHand(sandbox.Record{"email": "new@example.com"})
			l.write(c.after)
			l.block.IgnoreChanges, l.settings = c.ignored, c.settings
			if _, said, _ := l.apply(core.Options{}); said.Err() != nil {
				t.Fatal(said)
			}
			l.holds(c.held)
		})
	}
	// Terraform takes an ignored key of a map out of the configuration that it plans with.
	l := newPerson(t, newSandbox(t))
	both, one := custom(attributes{"plan": text("gold"), "seats": number(1)}), custom(attributes{"seats": number(1)})
	l.write(attributes{"custom_data_wo": both})
	l.must("create", 1)
	asked := 0
	l.block.Ephemeral = map[string]func() tftypes.Value{"custom_data_wo": func() tftypes.Value {
		if asked++; asked < 3 {
			return one
		}
		return both
	}}
	if _, said, _ := l.apply(core.Options{}); said.Err() != nil {
		t.Fatal(said)
	}
	l.holds(map[string]string{"customData.plan": "gold", "customData.seats": "1"})
}

// TestIgnoredValueBesideItsTwin: what ignore_changes keeps in the state would take in
// what the twin writes. It is refused.
func TestIgnoredValueBesideItsTwin(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	l.write(attributes{"name": text("Ada"), "custom_data": custom(attributes{"plan": text("gold")})})
	l.must("create", 1)
	l.write(attributes{"name_wo": text("Eva"), "custom_data_wo": custom(attributes{"plan": text("silver")})})
	l.block.IgnoreChanges = []string{"name", "custom_data"}
	_, said, writes := l.apply(core.Options{})
	if errors := said.Errors(); len(errors) != 2 || writes > 0 || !strings.Contains(errors[0].Detail, "out of ignore_changes") {
		t.Errorf("%d writes: %v", writes, said)
	}
	// One that is null beside the other is no second one, also where the null has a type.
	none := tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, nil)
	for _, written := range []attributes{{"custom_data": none, "custom_data_wo": custom(attributes{"plan": text("gold")})}, {"custom_data_wo": none, "custom_data": custom(attributes{"plan": text("gold")})}} {
		l := newPerson(t, newSandbox(t))
		l.write(written)
		l.must("create", 1)
	}
	l = newPerson(t, newSandbox(t))
	l.write(attributes{"name": text("Ada"), "name_wo": text("Ada")})
	if _, said, _ := l.apply(core.Options{}); len(said.Errors()) != 1 || said.Errors()[0].Summary != "An attribute and its write-only twin" {
		t.Error(said)
	}
}

// TestReplacementOfAnIgnoredTwin: Terraform hides an ignored twin where it plans a
// replacement, and shows it where it makes the successor.
func TestReplacementOfAnIgnoredTwin(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} {
		l := newPerson(t, newSandbox(t))
		l.write(attributes{"name_wo": text("Ada"), "deletion_policy": text("delete")})
		l.must("create", 1)
		l.block.IgnoreChanges, l.block.CreateBeforeDestroy = []string{"name_wo"}, first
		for _, o := range []core.Options{{}, {Replace: []string{personAddress}}} {
			if _, said, _ := l.apply(o); said.Err() != nil {
				t.Fatal(said)
			}
		}
		l.holds(map[string]string{"name": "Ada"})
	}
}

// TestImportWithATwinThatIsNotKnown says of no configured field that it is let go.
func TestImportWithATwinThatIsNotKnown(t *testing.T) {
	t.Parallel()
	account := newSandbox(t)
	id := somebody(t, account)
	l := newPerson(t, account)
	l.settings = withoutPersonalData
	l.write(attributes{"name_wo": tftypes.NewValue(tftypes.String, tftypes.UnknownValue), "email_wo": text("ada@example.com")})
	plan := l.plan(core.Options{Imports: map[string]string{personAddress: itoa(id)}})
	if len(plan.Problems) != 1 || strings.Contains(plan.Problems[0].Detail, "name") || strings.Contains(plan.Problems[0].Detail, "email") || !strings.Contains(plan.Problems[0].Detail, "company") {
		t.Error(plan.Problems)
	}
}

// TestTwinOfAnAnswerThatCannotBeRead: the customer is in the state as planned, the
// digest of what was sent included; taken out, it is cleared.
func TestTwinOfAnAnswerThatCannotBeRead(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	l.write(attributes{"email_wo": text("ada@example.com"), "company": text("Engines")})
	l.settings = answeringCreates(t, l.account, func(created string) string {
		return strings.Replace(created, `"email":"ada@example.com"`, `"email":{}`, 1)
	})
	if _, said, _ := l.apply(core.Options{}); said.Err() != nil || len(said) == 0 {
		t.Fatal(said)
	}
	delete(l.block.Attributes, "email_wo")
	if changed, said, writes := l.apply(core.Options{NoRefresh: true}); changed != "-#email" || said.Err() != nil || writes != 1 {
		t.Error(changed, said, writes)
	}
	l.holds(map[string]string{"email": "", "company": "Engines"})
}

// TestTwinsOfManyMove: a hundred customers who move to the twins and back at once
// cost nothing but the reads, and nobody loses anything.
func TestTwinsOfManyMove(t *testing.T) {
	t.Parallel()
	const people = 100
	account := newSandbox(t)
	l := newPerson(t, account)
	blocks := func(suffix string) []core.Block {
		var all []core.Block
		for i := range people {
			all = append(all, core.Block{Address: fmt.Sprintf("helpcrunch_customer.a[%d]", i), Type: "helpcrunch_customer", Attributes: attributes{
				"user_id": text(fmt.Sprint("crm-", i)), "name" + suffix: text(fmt.Sprint("Customer ", i)), "email" + suffix: text(fmt.Sprintf("customer-%d@example.com", i)),
				"custom_data" + suffix: custom(attributes{"plan": text("gold"), "seats": number(i)}),
			}})
		}
		return all
	}
	apply := func(suffix string) (changes, writes int) {
		t.Helper()
		before := writesOf(account)
		plan := l.start().Plan(t.Context(), l.state, blocks(suffix), core.Options{})
		for _, c := range plan.Changes {
			if c.Action != core.NoOp {
				changes++
			}
		}
		said := l.start().Apply(t.Context(), l.state, plan, core.Options{})
		if len(plan.Problems) > 0 || len(said) > 0 {
			t.Fatal(plan.Problems, said)
		}
		return changes, writesOf(account) - before
	}
	apply("")
	held := fmt.Sprint(account.Customers())
	for _, suffix := range []string{"_wo", "_wo", "", ""} {
		if changes, writes := apply(suffix); writes > 0 || changes != 0 && changes != people {
			t.Errorf("%d changes and %d writes to %q", changes, writes, suffix)
		}
	}
	if now := fmt.Sprint(account.Customers()); now != held {
		t.Error("HelpCrunch holds something else")
	}
}
