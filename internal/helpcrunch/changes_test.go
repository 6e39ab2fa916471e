// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// full changes every field.
func full() helpcrunch.Changes {
	return helpcrunch.Changes{
		Name: helpcrunch.Some("Ada"), Email: helpcrunch.Some("ada@analytical.example"), UserID: helpcrunch.Some("17"),
		Company: helpcrunch.Some("Engines"), Phone: helpcrunch.Some("1"), FirstSeen: helpcrunch.Some(helpcrunch.At(1700000000)),
		LastSeen: helpcrunch.Some(helpcrunch.At(1700000001)), Unsubscribed: helpcrunch.Some(true), Blocked: helpcrunch.Some(false),
		Source: helpcrunch.Some("https://s.example"), Referer: helpcrunch.Some("https://r.example"), LastPage: helpcrunch.Some("https://l.example"),
		Locale: helpcrunch.Some("en"), CreatedFrom: helpcrunch.Some("web"), IntegrationID: helpcrunch.Some("i"), Notes: helpcrunch.Some("n"),
		Tags:       []helpcrunch.Tag{{Name: "vip", Color: "#ff0000"}, {Name: "trial"}},
		CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold"), "seats": v(helpcrunch.Number, "12")},
	}
}

// cleared clears every field that can be cleared.
func cleared() helpcrunch.Changes {
	text, moment := helpcrunch.None[string](), helpcrunch.None[helpcrunch.Timestamp]()
	return helpcrunch.Changes{
		Name: text, Email: text, UserID: text, Company: text, Phone: text, FirstSeen: moment, LastSeen: moment,
		Source: text, Referer: text, LastPage: text, Locale: text, CreatedFrom: text, IntegrationID: text, Notes: text,
		Tags: []helpcrunch.Tag{}, CustomData: helpcrunch.CustomData{"plan": {}},
	}
}

func TestChangesToJSON(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes helpcrunch.Changes
		want    string
	}{
		{"nothing", helpcrunch.Changes{}, `{}`},
		{
			"everything", full(),
			`{"name":"Ada","email":"ada@analytical.example","userId":"17","company":"Engines","phone":"1",` +
				`"firstSeen":"1700000000","lastSeen":"1700000001","unsubscribed":true,"blocked":false,` +
				`"source":"https://s.example","referer":"https://r.example","lastPage":"https://l.example","locale":"en",` +
				`"createdFrom":"web","integrationId":"i","notes":"n",` +
				`"tags":[{"name":"vip","color":"#ff0000"},{"name":"trial"}],` +
				`"customData":[{"property":"plan","value":"gold"},{"property":"seats","value":12}]}`,
		},
		{
			"everything cleared", cleared(),
			`{"name":null,"email":null,"userId":null,"company":null,"phone":null,"firstSeen":null,"lastSeen":null,` +
				`"source":null,"referer":null,"lastPage":null,"locale":null,"createdFrom":null,"integrationId":null,"notes":null,` +
				`"tags":[],"customData":[{"property":"plan","value":null}]}`,
		},
		{"the first second of 1970", helpcrunch.Changes{FirstSeen: helpcrunch.Some(helpcrunch.At(0))}, `{"firstSeen":"0"}`},
		{"a custom property that looks like another kind", helpcrunch.Changes{CustomData: helpcrunch.CustomData{"n": v(helpcrunch.String, "12")}}, `{"customData":[{"property":"n","value":"12"}]}`},
	} {
		if got := encode(t, test.changes); string(got) != test.want {
			t.Errorf("%s: got %s\nwant %s", test.name, got, test.want)
		}
		if zero := test.changes.IsZero(); zero != (test.want == "{}") {
			t.Errorf("%s: IsZero is %t", test.name, zero)
		}
	}
}

func TestOptional(t *testing.T) {
	for _, test := range []struct {
		name     string
		optional helpcrunch.Optional[bool]
		value    bool
		ok, zero bool
	}{
		{"left out", helpcrunch.Optional[bool]{}, false, false, true},
		{"null", helpcrunch.None[bool](), false, false, false},
		{"false", helpcrunch.Some(false), false, true, false},
		{"true", helpcrunch.Some(true), true, true, false},
	} {
		if value, ok := test.optional.Get(); value != test.value || ok != test.ok || test.optional.IsZero() != test.zero {
			t.Errorf("%s: %t, %t; left out: %t", test.name, value, ok, test.optional.IsZero())
		}
	}
}

func TestWithoutNulls(t *testing.T) {
	if got := cleared().WithoutNulls(); !got.IsZero() {
		t.Errorf("of nothing but nulls is left %s", encode(t, got))
	}
	if got := full().WithoutNulls(); !reflect.DeepEqual(got, full()) {
		t.Errorf("of no nulls is left %s", encode(t, got))
	}
	mixed := helpcrunch.Changes{
		Name: helpcrunch.Some("Ada"), Phone: helpcrunch.None[string](), Unsubscribed: helpcrunch.Some(false),
		CustomData: helpcrunch.CustomData{"plan": {}, "text": v(helpcrunch.String, ""), "seats": v(helpcrunch.Number, "0")},
	}
	before := encode(t, mixed)
	if got, want := encode(t, mixed.WithoutNulls()), `{"name":"Ada","unsubscribed":false,"customData":[{"property":"seats","value":0}]}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if after := encode(t, mixed); string(after) != string(before) {
		t.Errorf("the changes themselves have become %s", after)
	}
}

// held is a customer that holds all of full.
func held() *helpcrunch.Customer {
	return &helpcrunch.Customer{
		ID: 1, Name: new("Ada"), Email: new("ada@analytical.example"), UserID: new("17"), Company: new("Engines"), Phone: new("1"),
		FirstSeen: helpcrunch.At(1700000000), LastSeen: helpcrunch.At(1700000001), Unsubscribed: true,
		Source: new("https://s.example"), Referer: new("https://r.example"), LastPage: new("https://l.example"), Locale: new("en"),
		CreatedFrom: new("web"), IntegrationID: new("i"), Notes: new("n"),
		Tags:       []helpcrunch.Tag{{Name: "trial", Color: "#c377e0"}, {Name: "vip", Color: "#00ff00"}},
		CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold"), "seats": v(helpcrunch.Number, "12"), "more": v(helpcrunch.Bool, "true")},
	}
}

func TestUnstuck(t *testing.T) {
	everything := []string{
		"name", "email", "userId", "company", "phone", "source", "referer", "lastPage", "locale", "createdFrom", "integrationId", "notes",
		"firstSeen", "lastSeen", "unsubscribed", "blocked", "tags", "customData.plan", "customData.seats",
	}
	clearable := slices.DeleteFunc(slices.Clone(everything), func(name string) bool {
		return name == "unsubscribed" || name == "blocked" || name == "customData.seats"
	})
	for _, test := range []struct {
		name    string
		changes helpcrunch.Changes
		held    *helpcrunch.Customer
		want    []string
	}{
		{"nothing sent", helpcrunch.Changes{}, held(), nil},
		{"everything stuck", full(), held(), nil},
		{"nothing stuck", full(), &helpcrunch.Customer{Blocked: true}, everything},
		{"everything cleared", cleared(), &helpcrunch.Customer{}, nil},
		{"everything cleared, to empty text", cleared(), &helpcrunch.Customer{Name: new(""), CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "")}}, nil},
		{"nothing cleared", cleared(), held(), clearable},
		{
			"another case",
			helpcrunch.Changes{Email: helpcrunch.Some("ADA@analytical.example"), Locale: helpcrunch.Some("EN"), Name: helpcrunch.Some("ADA")},
			held(),
			[]string{"name"},
		},
		{"a tag too many", helpcrunch.Changes{Tags: []helpcrunch.Tag{{Name: "vip"}}}, held(), []string{"tags"}},
		{"a tag twice", helpcrunch.Changes{Tags: []helpcrunch.Tag{{Name: "vip"}, {Name: "trial"}, {Name: "vip"}}}, held(), nil},
		{"a tag in another case", helpcrunch.Changes{Tags: []helpcrunch.Tag{{Name: "VIP"}, {Name: "trial"}}}, held(), []string{"tags"}},
		{"a tag that another's name begins with", helpcrunch.Changes{Tags: []helpcrunch.Tag{{Name: "vip"}, {Name: "tria"}}}, held(), []string{"tags"}},
		{
			"custom values of another kind, and one that is missing",
			helpcrunch.Changes{CustomData: helpcrunch.CustomData{"seats": v(helpcrunch.String, "12"), "more": v(helpcrunch.Bool, "false"), "gone": v(helpcrunch.Bool, "true"), "never": {}}},
			held(),
			[]string{"customData.gone", "customData.more"},
		},
	} {
		if got := test.changes.Unstuck(test.held); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v\nwant %v", test.name, got, test.want)
		}
	}
}
