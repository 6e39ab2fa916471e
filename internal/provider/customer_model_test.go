// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"math/big"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

func objectOf(elements map[string]attr.Value) types.Dynamic { return customDataObject(elements) }

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

// TestTagsAlike: names that HelpCrunch may take for one tag are refused, unless
// the customer has them both.
func TestTagsAlike(t *testing.T) {
	tags := func(names ...string) types.Set {
		elements := make([]attr.Value, len(names))
		for i, name := range names {
			elements[i] = tagElement(name)
		}
		return types.SetValueMust(tagType, elements)
	}
	for _, c := range []struct {
		planned, held types.Set
		refused       bool
	}{
		{tags("vip", "beta"), types.SetNull(tagType), false},
		{tags("vip", "VIP"), types.SetNull(tagType), true},
		{tags("vip", "vip "), types.SetNull(tagType), true},
		{tags("vip", "VIP"), tags("vip", "VIP", "beta"), false},
		{tags("vip", "VIP", "vip "), tags("vip", "VIP"), true},
		{tags("vip", "VIP"), tags("vip"), true},
		{tags("vip", "VIP"), tags("vip", "Vip"), true},
		{types.SetUnknown(tagType), tags("vip"), false},
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
	tags := func(names ...string) types.Set {
		elements := make([]attr.Value, len(names))
		for i, name := range names {
			elements[i] = tagElement(name)
		}
		return types.SetValueMust(tagType, elements)
	}
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
		"let go":                 {customerModel{Name: types.StringValue("Ada"), Tags: tags("vip"), CustomData: objectOf(map[string]attr.Value{"a": types.BoolValue(true)})}, customerModel{}, true, `{}`},
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
		"tags":                   {customerModel{Tags: tags("vip")}, customerModel{Tags: tags("beta")}, false, `{"tags":[{"name":"beta"}]}`},
		"a tag with space":       {customerModel{Tags: tags("vip ")}, customerModel{Tags: tags("vip")}, false, `{}`},
		"a tag's case":           {customerModel{Tags: tags("VIP")}, customerModel{Tags: tags("vip")}, false, `{"tags":[{"name":"vip"}]}`},
		"one tag of two":         {customerModel{Tags: tags("VIP", "vip")}, customerModel{Tags: tags("vip")}, false, `{"tags":[{"name":"vip"}]}`},
		"a colour's form":        {customerModel{Tags: colored("vip", "red")}, customerModel{Tags: colored("vip", "#F00")}, false, `{}`},
		"another colour":         {customerModel{Tags: colored("vip", "red")}, customerModel{Tags: colored("vip", "blue")}, false, `{"tags":[{"name":"vip","color":"blue"}]}`},
		"a colour out":           {customerModel{Tags: colored("vip", "red")}, customerModel{Tags: tags("vip")}, false, `{}`},
		"a colour in":            {customerModel{Tags: tags("vip")}, customerModel{Tags: colored("vip", "red")}, false, `{"tags":[{"name":"vip","color":"red"}]}`},
		"no tags":                {customerModel{Tags: tags("vip")}, customerModel{Tags: tags()}, false, `{"tags":[]}`},
		"no tags from nothing":   {customerModel{}, customerModel{Tags: tags()}, false, `{"tags":[]}`},
		"tags out":               {customerModel{Tags: tags("vip")}, customerModel{}, false, `{}`}, // which are ours is not known here
		"the same tags":          {customerModel{Tags: tags("a", "b")}, customerModel{Tags: tags("b", "a")}, false, `{}`},
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
