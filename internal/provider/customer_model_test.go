// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

func objectOf(elements map[string]attr.Value) types.Dynamic { return customDataObject(elements) }

func tagsNamed(names ...string) types.Set {
	elements := make([]attr.Value, len(names))
	for i, name := range names {
		elements[i] = tagElement(name)
	}
	return types.SetValueMust(tagType, elements)
}

func numberOf(text string) types.Number {
	number, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return types.NumberValue(number)
}

func heldOf(t *testing.T, answer string) helpcrunch.CustomData {
	t.Helper()
	var held helpcrunch.CustomData
	if err := json.Unmarshal([]byte(answer), &held); err != nil {
		t.Fatal(err)
	}
	return held
}

// TestFoldCustomData: a property that means the same keeps its value and type,
// whatever form HelpCrunch gives it.
func TestFoldCustomData(t *testing.T) {
	for name, c := range map[string]struct {
		state  types.Dynamic
		answer string
		want   types.Dynamic
	}{
		"a date comes back as an integer": {
			objectOf(map[string]attr.Value{"at": types.StringValue("1603885746")}), `{"at":1603885746}`,
			objectOf(map[string]attr.Value{"at": types.StringValue("1603885746")}),
		},
		"a large date is not written in powers of ten": {
			objectOf(map[string]attr.Value{"at": types.StringValue("1600000000")}), `{"at":1.6e9}`,
			objectOf(map[string]attr.Value{"at": types.StringValue("1600000000")}),
		},
		"15 is 15.0": {
			objectOf(map[string]attr.Value{"n": numberOf("15")}), `{"n":15.0}`, objectOf(map[string]attr.Value{"n": numberOf("15")}),
		},
		"2^53+1 is not 2^53": {
			objectOf(map[string]attr.Value{"n": numberOf("9007199254740993")}), `{"n":9007199254740992}`,
			objectOf(map[string]attr.Value{"n": numberOf("9007199254740992")}),
		},
		"an empty text stays one when it is missing": {
			objectOf(map[string]attr.Value{"a": types.StringValue("")}), `[]`, objectOf(map[string]attr.Value{"a": types.StringValue("")}),
		},
		"a null stays one when it comes back as an empty text": {
			objectOf(map[string]attr.Value{"a": types.StringNull()}), `{"a":""}`, objectOf(map[string]attr.Value{"a": types.StringNull()}),
		},
		"only the drifted property changes": {
			objectOf(map[string]attr.Value{"a": types.StringValue("7"), "b": types.BoolValue(true)}), `{"a":7,"b":false}`,
			objectOf(map[string]attr.Value{"a": types.StringValue("7"), "b": types.BoolValue(false)}),
		},
		"what is not managed stays out": {
			objectOf(map[string]attr.Value{"a": types.StringValue("x")}), `{"a":"x","secret":"y"}`,
			objectOf(map[string]attr.Value{"a": types.StringValue("x")}),
		},
		"a map of strings stays one": {
			types.DynamicValue(types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringValue("7"), "b": types.StringValue("x"), "c": types.StringValue("z")})),
			`{"a":8,"b":"x"}`,
			types.DynamicValue(types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringValue("8"), "b": types.StringValue("x"), "c": types.StringNull()})),
		},
		"a map of numbers that no longer fit becomes an object": {
			types.DynamicValue(types.MapValueMust(types.NumberType, map[string]attr.Value{"a": numberOf("7"), "b": numberOf("8")})),
			`{"a":"seven","b":8}`,
			objectOf(map[string]attr.Value{"a": types.StringValue("seven"), "b": numberOf("8")}),
		},
	} {
		if got := (customData{c.state}).fold(heldOf(t, c.answer)); !got.Equal(c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestCustomDataOf: an import takes what holds something and can be written.
func TestCustomDataOf(t *testing.T) {
	got := customDataOf(heldOf(t, `{"":"x","empty":"","null":null,"list":[1],"plan":"gold"}`))
	if want := objectOf(map[string]attr.Value{"plan": types.StringValue("gold")}); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := customDataOf(heldOf(t, `{"":"x","empty":""}`)); !got.IsNull() {
		t.Errorf("of nothing it makes %s", got)
	}
}

// TestTagsAtTheLimit: as many tags as a set may have are imported and read, one
// more is not; where there is none, no set is imported.
func TestTagsAtTheLimit(t *testing.T) {
	for held, want := range map[int]int{0: 0, 1: 1, maxTags: maxTags, maxTags + 1: 0} {
		customer := &helpcrunch.Customer{ID: 17}
		for _, name := range manyTags(held) {
			customer.Tags = append(customer.Tags, helpcrunch.Tag{Name: name})
		}
		if refused := tooManyTags(customer).HasError(); refused != (held > maxTags) {
			t.Errorf("%d tags: refused %t", held, refused)
		}
		imported := newCustomerModel()
		imported.adopt(customer, &account{personalDataInState: true})
		if n := len(imported.Tags.Elements()); n != want || imported.Tags.IsNull() != (want == 0) {
			t.Errorf("%d tags: %d are imported, null %t", held, n, imported.Tags.IsNull())
		}
		if n := len(foldTags(types.SetValueMust(tagType, nil), customer.Tags).Elements()); n != want {
			t.Errorf("%d tags: %d are read", held, n)
		}
	}
	if refuseTags(customerKind, nil) != nil {
		t.Error("refused without a configuration")
	}
}

// TestTagsAlike: names that HelpCrunch may take for one tag are refused, unless
// the customer has them both.
func TestTagsAlike(t *testing.T) {
	for _, c := range []struct {
		planned, held types.Set
		refused       bool
	}{
		{tagsNamed("vip", "beta"), types.SetNull(tagType), false},
		{tagsNamed("vip", "VIP"), types.SetNull(tagType), true},
		{tagsNamed("vip", "vip "), types.SetNull(tagType), true},
		{tagsNamed("vip", "VIP"), tagsNamed("vip", "VIP", "beta"), false},
		{tagsNamed("vip", "VIP", "vip "), tagsNamed("vip", "VIP"), true},
		{tagsNamed("vip", "VIP"), tagsNamed("vip"), true},
		{tagsNamed("vip", "VIP"), tagsNamed("vip", "Vip"), true},
		{types.SetUnknown(tagType), tagsNamed("vip"), false},
	} {
		if got := tagsAlike(c.planned, c.held).HasError(); got != c.refused {
			t.Errorf("%s where there is %s: refused %t", c.planned, c.held, got)
		}
	}
}

func TestSameColor(t *testing.T) {
	for _, same := range [][2]string{{"red", "#f00"}, {"RED", "#FF0000"}, {"#f00", "rgb(255, 0, 0)"}, {"hsl(0 100% 50%)", "red"}, {"bleu", "bleu"}} {
		if !sameColor(same[0], same[1]) {
			t.Errorf("%s and %s are not the same", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"red", "#f01"}, {"bleu", "blue"}, {"", "red"}} {
		if sameColor(other[0], other[1]) {
			t.Errorf("%s and %s are the same", other[0], other[1])
		}
	}
}

func TestParseTimestamp(t *testing.T) {
	for text, want := range map[string]int64{
		"1700000000": 1700000000, "0": 0, "-1": -1, "2023-11-14T22:13:20Z": 1700000000, "2023-11-15T00:13:20+02:00": 1700000000,
	} {
		if got, err := parseTimestamp(text); err != nil || got.Unix() != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "1603885746713", "-62167219201", "2023-11-14", "1.7e9", "2023-11-14T22:13:20.5Z", "2023-11-14 22:13:20"} {
		if got, err := parseTimestamp(text); err == nil {
			t.Errorf("%s is %s", text, got)
		}
	}
}

// TestChanges: what is sent for a step from one state to the next plan.
func TestChanges(t *testing.T) {
	colored := func(name, color string) types.Set {
		return types.SetValueMust(tagType, []attr.Value{types.ObjectValueMust(tagType.AttrTypes, map[string]attr.Value{
			"name": types.StringValue(name), "color": types.StringValue(color),
		})})
	}
	for name, c := range map[string]struct {
		state, plan customerModel
		letGo       bool
		want        string
	}{
		"nothing":                {want: `{}`},
		"left out":               {customerModel{Blocked: types.BoolValue(true)}, customerModel{}, false, `{}`},
		"set":                    {customerModel{}, customerModel{Name: types.StringValue("Ada")}, false, `{"name":"Ada"}`},
		"the same":               {customerModel{Name: types.StringValue("Ada")}, customerModel{Name: types.StringValue("Ada")}, false, `{}`},
		"emptied":                {customerModel{Name: types.StringValue("Ada")}, customerModel{Name: types.StringValue("")}, false, `{"name":null}`},
		"taken out":              {customerModel{Name: types.StringValue("Ada")}, customerModel{}, false, `{"name":null}`},
		"an empty one out":       {customerModel{Name: types.StringValue("")}, customerModel{}, false, `{}`},
		"let go":                 {customerModel{Name: types.StringValue("Ada"), Tags: tagsNamed("vip"), CustomData: objectOf(map[string]attr.Value{"a": types.BoolValue(true)})}, customerModel{}, true, `{}`},
		"emptied after import":   {customerModel{Name: types.StringValue("Ada")}, customerModel{Name: types.StringValue("")}, true, `{"name":null}`},
		"a case":                 {customerModel{Email: types.StringValue("A@b.cd")}, customerModel{Email: types.StringValue("a@b.cd")}, false, `{}`},
		"a case that matters":    {customerModel{Name: types.StringValue("ada")}, customerModel{Name: types.StringValue("Ada")}, false, `{"name":"Ada"}`},
		"outer space":            {customerModel{Name: types.StringValue("Ada")}, customerModel{Name: types.StringValue("Ada ")}, false, `{}`},
		"another with space":     {customerModel{Name: types.StringValue("Ada")}, customerModel{Name: types.StringValue("Grace ")}, false, `{"name":"Grace "}`},
		"nothing but space":      {customerModel{Name: types.StringValue("Ada")}, customerModel{Name: types.StringValue("\n")}, false, `{"name":null}`},
		"a space out":            {customerModel{Name: types.StringValue(" ")}, customerModel{}, false, `{}`},
		"a moment":               {customerModel{}, customerModel{FirstSeen: types.StringValue("2023-11-14T22:13:20Z")}, false, `{"firstSeen":"1700000000"}`},
		"the same moment":        {customerModel{FirstSeen: types.StringValue("1700000000")}, customerModel{FirstSeen: types.StringValue("2023-11-14T22:13:20Z")}, false, `{}`},
		"a moment out":           {customerModel{FirstSeen: types.StringValue("1700000000")}, customerModel{}, false, `{"firstSeen":null}`},
		"false over nothing":     {customerModel{}, customerModel{Unsubscribed: types.BoolValue(false)}, false, `{"unsubscribed":false}`},
		"tags":                   {customerModel{Tags: tagsNamed("vip")}, customerModel{Tags: tagsNamed("beta")}, false, `{"tags":[{"name":"beta"}]}`},
		"a tag with space":       {customerModel{Tags: tagsNamed("vip ")}, customerModel{Tags: tagsNamed("vip")}, false, `{}`},
		"a tag's case":           {customerModel{Tags: tagsNamed("VIP")}, customerModel{Tags: tagsNamed("vip")}, false, `{"tags":[{"name":"vip"}]}`},
		"one tag of two":         {customerModel{Tags: tagsNamed("VIP", "vip")}, customerModel{Tags: tagsNamed("vip")}, false, `{"tags":[{"name":"vip"}]}`},
		"a colour's form":        {customerModel{Tags: colored("vip", "red")}, customerModel{Tags: colored("vip", "#F00")}, false, `{}`},
		"another colour":         {customerModel{Tags: colored("vip", "red")}, customerModel{Tags: colored("vip", "blue")}, false, `{"tags":[{"name":"vip","color":"blue"}]}`},
		"a colour out":           {customerModel{Tags: colored("vip", "red")}, customerModel{Tags: tagsNamed("vip")}, false, `{}`},
		"a colour in":            {customerModel{Tags: tagsNamed("vip")}, customerModel{Tags: colored("vip", "red")}, false, `{"tags":[{"name":"vip","color":"red"}]}`},
		"no tags":                {customerModel{Tags: tagsNamed("vip")}, customerModel{Tags: tagsNamed()}, false, `{"tags":[]}`},
		"no tags from nothing":   {customerModel{}, customerModel{Tags: tagsNamed()}, false, `{"tags":[]}`},
		"tags out":               {customerModel{Tags: tagsNamed("vip")}, customerModel{}, false, `{}`}, // which are ours is not known here
		"the same tags":          {customerModel{Tags: tagsNamed("a", "b")}, customerModel{Tags: tagsNamed("b", "a")}, false, `{}`},
		"a property":             {customerModel{}, customerModel{CustomData: objectOf(map[string]attr.Value{"a": numberOf("1.50")})}, false, `{"customData":[{"property":"a","value":1.5}]}`},
		"another form":           {customerModel{CustomData: objectOf(map[string]attr.Value{"a": numberOf("15")})}, customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.StringValue("15")})}, false, `{}`},
		"noughts":                {customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.StringValue("007")})}, customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.StringValue("7")})}, false, `{"customData":[{"property":"a","value":"7"}]}`},
		"what Terraform reckons": {customerModel{CustomData: objectOf(map[string]attr.Value{"a": numberOf("0.01")})}, customerModel{CustomData: objectOf(map[string]attr.Value{"a": numberOf("0.010000000000000000000000000000000000001")})}, false, `{}`},
		"a property of space":    {customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.StringValue("x")})}, customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.StringValue(" ")})}, false, `{"customData":[{"property":"a","value":null}]}`},
		"a property kept empty":  {customerModel{}, customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.StringValue("")})}, false, `{"customData":[{"property":"a","value":null}]}`},
		"a property out":         {customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.BoolValue(true), "b": types.BoolValue(true)})}, customerModel{CustomData: objectOf(map[string]attr.Value{"b": types.BoolValue(true)})}, false, `{"customData":[{"property":"a","value":null}]}`},
		"custom data out":        {customerModel{CustomData: objectOf(map[string]attr.Value{"a": types.BoolValue(true)})}, customerModel{}, false, `{"customData":[{"property":"a","value":null}]}`},
	} {
		got, err := json.Marshal(c.plan.changes(&c.state, &customerModel{}, c.letGo, nil))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: sent %s, %v, want %s", name, got, err, c.want)
		}
	}
}

// kept is a customer who holds something of every kind, known what a state has of
// them, and hidden what it has where personal data is kept out of it.
func kept(t *testing.T) (held *helpcrunch.Customer, known, hidden customerModel, d *digester) {
	t.Helper()
	d, err := newDigester("a key")
	if err != nil {
		t.Fatal(err)
	}
	held = &helpcrunch.Customer{
		ID: 7, Name: new("Ada"), UserID: new("crm-17"), Company: new("Engines"), Blocked: true, Tags: []helpcrunch.Tag{{Name: "vip"}},
		CustomData: heldOf(t, `{"plan":"gold","tier":"7"}`),
	}
	known = newCustomerModel()
	known.adopt(held, &account{personalDataInState: true})
	known.Blocked = types.BoolValue(true)
	hidden = newCustomerModel()
	hidden.adopt(held, &account{digester: d})
	return held, known, hidden, d
}

// TestAdoptWithoutPersonalData: of what tells who somebody is an import stores a
// digest, of the rest the value.
func TestAdoptWithoutPersonalData(t *testing.T) {
	held, known, hidden, d := kept(t)
	if !known.Name.Equal(types.StringValue("Ada")) || !known.Digests.IsNull() || known.CustomData.IsNull() {
		t.Errorf("it has %v", known)
	}
	digests := hidden.digests(d)
	if !hidden.Name.IsNull() || !hidden.CustomData.IsNull() || hidden.Company.ValueString() != "Engines" || hidden.UserID.ValueString() != "crm-17" {
		t.Errorf("without personal data it has %v", hidden)
	}
	if len(digests.all) != 3 || !digests.is("name", "Ada") || !digests.is("custom_data.plan", held.CustomData["plan"].Forms()...) || !digests.is("custom_data.tier", held.CustomData["tier"].Forms()...) {
		t.Errorf("there are digests of %v", hidden.Digests)
	}
}

// TestRefreshWithoutPersonalData: what a state has stays, and no new value comes in
// that tells who somebody is, but a digest of it.
func TestRefreshWithoutPersonalData(t *testing.T) {
	for _, changed := range []bool{false, true} {
		held, state, _, d := kept(t)
		if changed {
			held.Name, held.Company = new("Grace"), new("Looms")
		}
		state.refresh(held, &account{digester: d})
		if state.Company.ValueString() != *held.Company || state.Name.IsNull() != changed || state.digests(d).is("name", "Grace") != changed || len(state.Digests.Elements()) > 1 {
			t.Errorf("changed %t: the state is %v", changed, state)
		}
		if state.refresh(held, &account{digester: d, personalDataInState: true}); state.Name.IsNull() != changed {
			t.Errorf("changed %t: with personal data the name is %s", changed, state.Name)
		}
	}
	held, state, _, d := kept(t)
	held.Name = new("Grace")
	if state.refresh(held, &account{digester: d, personalDataInState: true}); state.Name.ValueString() != "Grace" || !state.Digests.IsNull() {
		t.Errorf("with personal data the state is %v", state)
	}
}

// TestAgrees: whatever a refresh would change is seen, and nothing else.
func TestAgrees(t *testing.T) {
	for name, test := range map[string]struct {
		change        func(held *helpcrunch.Customer)
		known, hidden bool // whether the state agrees
	}{
		"nothing":       {func(*helpcrunch.Customer) {}, true, true},
		"not managed":   {func(held *helpcrunch.Customer) { held.Phone, held.Unsubscribed = new("555"), true }, true, true},
		"another form":  {func(held *helpcrunch.Customer) { held.Name = new(" Ada") }, true, true},
		"a text":        {func(held *helpcrunch.Customer) { held.Company = new("Looms") }, false, false},
		"a hidden text": {func(held *helpcrunch.Customer) { held.Name = new("Grace") }, false, false},
		"a flag":        {func(held *helpcrunch.Customer) { held.Blocked = false }, false, true}, // it has none
		"tags":          {func(held *helpcrunch.Customer) { held.Tags = nil }, false, false},
		"a property":    {func(held *helpcrunch.Customer) { held.CustomData["plan"] = helpcrunch.Value{} }, false, false},
	} {
		held, known, hidden, d := kept(t)
		test.change(held)
		if got := known.agrees(held, &account{digester: d, personalDataInState: true}); got != test.known {
			t.Errorf("%s: agrees %t", name, got)
		}
		if got := hidden.agrees(held, &account{digester: d}); got != test.hidden {
			t.Errorf("%s, without personal data: agrees %t", name, got)
		}
		if other, _ := newDigester("another key"); name == "a hidden text" && !hidden.agrees(held, &account{digester: other}) {
			t.Errorf("%s: digests of another key were compared", name)
		}
	}
}

// TestKeeps: it is about the one attribute, be it there or in a digest.
func TestKeeps(t *testing.T) {
	for name, test := range map[string]struct {
		change       func(held *helpcrunch.Customer)
		name, userID bool // whether they are kept
	}{
		"nothing":     {func(*helpcrunch.Customer) {}, true, true},
		"the name":    {func(held *helpcrunch.Customer) { held.Name = new("Grace") }, false, true},
		"the user id": {func(held *helpcrunch.Customer) { held.UserID = new("crm-18") }, true, false},
	} {
		held, known, hidden, d := kept(t)
		test.change(held)
		for _, state := range []customerModel{known, hidden} {
			a := &account{digester: d, personalDataInState: !state.Name.IsNull()}
			if name, userID := state.keeps("name", held, a), state.keeps("user_id", held, a); name != test.name || userID != test.userID {
				t.Errorf("%v changed, personal data in the state %t: keeps the name %t, the user id %t", test, a.personalDataInState, name, userID)
			}
		}
		if other, _ := newDigester("another key"); hidden.keeps("name", held, &account{digester: other}) || hidden.keeps("user_id", held, &account{digester: other}) != test.userID {
			t.Errorf("%s changed: what the digest of another key is of was believed", name)
		}
	}
}

// TestCorrect: what HelpCrunch has not taken is in the state as it is, and what was
// taken out and could not be cleared stays managed, so that the next plan clears
// it again. Nothing else changes.
func TestCorrect(t *testing.T) {
	properties := func(pairs ...string) types.Dynamic {
		elements := make(map[string]attr.Value)
		for i := 0; i < len(pairs); i += 2 {
			elements[pairs[i]] = types.StringValue(pairs[i+1])
		}
		return objectOf(elements)
	}
	planned := func() customerModel {
		m := newCustomerModel()
		m.ID, m.Name, m.Blocked, m.Tags, m.CustomData = types.StringValue("7"), types.StringValue("Grace"), types.BoolValue(false), tagsNamed("beta"), properties("tier", "8")
		return m
	}
	for field, correct := range map[string]func(m *customerModel){
		"name":            func(m *customerModel) { m.Name = types.StringValue("Ada") },
		"company":         func(m *customerModel) { m.Company = types.StringValue("Engines") },
		"blocked":         func(m *customerModel) { m.Blocked = types.BoolValue(true) },
		"tags":            func(m *customerModel) { m.Tags = tagsNamed("vip") },
		"customData.tier": func(m *customerModel) { m.CustomData = properties("tier", "7") },
		"customData.plan": func(m *customerModel) { m.CustomData = properties("tier", "7", "plan", "gold") },
	} {
		held, state, _, d := kept(t)
		got, want := planned(), planned()
		got.correct(field, &state, held, &account{digester: d, personalDataInState: true})
		if correct(&want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the state is %v, want %v", field, got, want)
		}
	}

	// With twins in the state, and in the plan only that of the tier.
	for field, places := range map[string][]string{
		"name": {"custom_data.tier", "name"}, "customData.plan": {"custom_data.plan", "custom_data.tier"}, "customData.tier": {"custom_data.tier"}, "company": {"custom_data.tier"},
	} {
		for _, custom := range []types.Dynamic{types.DynamicNull(), properties("seats", "1")} {
			held, _, state, d := kept(t)
			plan := newCustomerModel()
			plan.ID, plan.CustomData, plan.Digests = state.ID, custom, types.MapValueMust(types.StringType, map[string]attr.Value{"custom_data.tier": state.Digests.Elements()["custom_data.tier"]})
			plan.correct(field, &state, held, &account{digester: d})
			if got := slices.Sorted(maps.Keys(plan.Digests.Elements())); !slices.Equal(got, places) || !plan.Name.IsNull() || custom.IsNull() != plan.CustomData.IsNull() {
				t.Errorf("%s: there are digests of %v, want %v, custom data %v", field, got, places, plan.CustomData)
			}
			for place, digest := range plan.Digests.Elements() {
				if !digest.Equal(state.Digests.Elements()[place]) {
					t.Errorf("%s: the digest of %s is another one", field, place)
				}
			}
		}
	}
}

// TestRemoved: a line taken out is one that was there and held something. Where it
// is not known yet what stands in the configuration, none is.
func TestRemoved(t *testing.T) {
	_, known, hidden, d := kept(t)
	empty := newCustomerModel()
	empty.Name, empty.Tags, empty.CustomData = types.StringValue(""), tagsNamed(), objectOf(map[string]attr.Value{"plan": types.StringValue("")})
	left := newCustomerModel()
	left.CustomData = objectOf(map[string]attr.Value{"tier": types.StringValue("8"), "seats": types.StringValue("1")})
	later := newCustomerModel()
	later.CustomData = types.DynamicUnknown()
	twins := newCustomerModel()
	twins.Digests = types.MapUnknown(types.StringType)
	both := later
	both.Digests = twins.Digests
	for name, test := range map[string]struct {
		plan, prior customerModel
		want        []string
	}{
		"nothing":                {known, known, nil},
		"nothing of a digest":    {hidden, hidden, nil},
		"all":                    {newCustomerModel(), known, []string{"company", "custom_data.plan", "custom_data.tier", "name", "tags", "user_id"}},
		"all of a digest":        {newCustomerModel(), hidden, []string{"company", "custom_data.plan", "custom_data.tier", "name", "tags", "user_id"}},
		"what holds nothing":     {newCustomerModel(), empty, nil},
		"one property":           {left, known, []string{"company", "custom_data.plan", "name", "tags", "user_id"}},
		"properties known later": {later, known, []string{"company", "name", "tags", "user_id"}},
		"twins known later":      {twins, known, []string{"company", "tags", "user_id"}},
		"both known later":       {both, known, []string{"company", "tags", "user_id"}},
	} {
		if got := slices.Sorted(slices.Values(test.plan.removed(&test.prior, d))); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestAttributeOfAField: an error stands on the attribute that was written, which
// may be the write-only one.
func TestAttributeOfAField(t *testing.T) {
	_, known, hidden, _ := kept(t)
	mixed := hidden
	mixed.CustomData = known.CustomData
	named := newCustomerModel()
	named.Digests = types.MapValueMust(types.StringType, map[string]attr.Value{"name": types.StringValue("x")})
	for _, test := range []struct {
		of          customerModel
		field, want string
	}{
		{known, "name", "name"},
		{hidden, "name", "name_wo"},
		{hidden, "company", "company"},
		{hidden, "tags", "tags"},
		{known, "customData.plan", "custom_data"},
		{hidden, "customData.plan", "custom_data_wo"},
		{hidden, "customData.seats", "custom_data"},
		{known, "customData", "custom_data"},
		{hidden, "customData", "custom_data_wo"},
		{mixed, "customData", "custom_data"},
		{named, "customData", "custom_data"},
		{newCustomerModel(), "customData", "custom_data"},
	} {
		if got := test.of.attributeOf(test.field); got != test.want {
			t.Errorf("%s is said to be %s, want %s", test.field, got, test.want)
		}
	}
}

// FuzzCustomDataRoundTrip: whatever HelpCrunch holds, an import followed by a
// read of the same is stable, and asks for no change.
func FuzzCustomDataRoundTrip(f *testing.F) {
	for _, answer := range []string{
		`{"a":"x","b":1,"c":1.50,"d":true,"e":null,"f":""}`, `[]`, `null`, `[{"property":"a","value":9007199254740993}]`,
		`{"a":{"b":1},"c":[1]}`, `{"a":-0,"b":1e400,"c":0.1,"d":"1e3"}`, `{"":"x"}`,
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var held helpcrunch.CustomData
		if json.Unmarshal(answer, &held) != nil {
			t.Skip("not an answer")
		}
		imported := customDataOf(held)
		again := imported
		if !imported.IsNull() {
			again = customData{imported}.fold(held)
		}
		if !again.Equal(imported) {
			t.Fatalf("imported as %s, read as %s", imported, again)
		}
		if changes := propertyChanges(again, imported); changes != nil {
			t.Fatalf("asks for %v", changes)
		}
		for name, value := range (customData{imported}).properties() {
			if there := held.Named()[name]; !value.Equal(there) || value.Kind != there.Kind {
				t.Fatalf("%q is %v, HelpCrunch holds %v", name, value, there)
			}
		}
	})
}

func TestAttributesOfAPIFields(t *testing.T) {
	got := []string{}
	for _, code := range []string{"invalid_userId_value", "customer.email", "[3].customData[0].value", "lastSeen", "tags[0].name", "invalid_request", "customer", "filter[0].field"} {
		got = append(got, attributeOf(helpcrunch.ErrorEntry{Code: code}.Field()))
	}
	want := []string{"user_id", "email", "custom_data", "last_seen", "tags", "", "", ""}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
