// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// The same letter, as Unicode composes it and as it takes it apart.
const (
	composed   = "\u00e9"
	decomposed = "e\u0301"
)

func TestValueEqual(t *testing.T) {
	number := func(text string) helpcrunch.Value {
		value, err := helpcrunch.NumberValue(text)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	text := func(text string) helpcrunch.Value { return v(helpcrunch.String, text) }
	for _, test := range []struct {
		a, b helpcrunch.Value
		want bool
	}{
		{helpcrunch.Value{}, text(""), true},
		{helpcrunch.Value{}, text(" \n"), true},
		{number("15"), number("15.0"), true},
		{text("1700000000"), number("1700000000"), true},
		{text("007"), number("7"), true},
		{text("007"), text("7"), false}, // the noughts would be lost
		{text("7.0"), text("7"), false},
		{text("1.50"), number("1.5"), true},
		{text("-0"), number("0"), true},
		{text("+7"), number("7"), false},
		{text("1e3"), number("1000"), false},
		{text("."), number("0"), false},
		{text("-"), number("0"), false},
		{text("0x10"), number("16"), false},
		{text("true"), v(helpcrunch.Bool, "true"), true},
		{text("TRUE"), v(helpcrunch.Bool, "true"), false},
		{v(helpcrunch.Bool, "true"), v(helpcrunch.Bool, "false"), false},
		{v(helpcrunch.Bool, "true"), number("1"), false},
		{helpcrunch.Value{}, number("0"), false},
		{helpcrunch.Value{}, v(helpcrunch.Bool, "false"), false},
		{text("ada"), text("Ada"), false},
		{text(" Ada\n"), text("Ada"), true},
		{text(composed), text(decomposed), true},
		{number("9007199254740993"), number("9007199254740992"), false},       // 2^53+1
		{number("9007199254740993"), text("9007199254740993"), true},          // exact in a text as well
		{number("0.1"), number("0.1000000000000000055511151231257827"), true}, // one double
		{number("0.1"), number("0.10000000000000002"), false},
		{number("0.01"), number("0.0099999999999999999999999999999999999999999999999999"), true},
		{text("3." + strings.Repeat("3", 154)), number("3.3333333333333335"), true},
		{number("3.0" + strings.Repeat("0", 140) + "1"), number("3"), true},
		{number("1e-400"), number("0"), false},
		{v(helpcrunch.Opaque, "[1]"), v(helpcrunch.Opaque, "[2]"), false},
	} {
		if test.a.Equal(test.b) != test.want || test.b.Equal(test.a) != test.want {
			t.Errorf("%+v equals %+v: %t", test.a, test.b, !test.want)
		}
	}
}

// TestSentNumber: an integer is sent digit by digit, any other number as the
// shortest text of its double.
func TestSentNumber(t *testing.T) {
	for text, want := range map[string]string{
		"15": "15", "1603885746": "1603885746", "1.603885746e9": "1603885746", "9007199254740993": "9007199254740993",
		"-12.750": "-12.75", "0.1": "0.1", "1e-7": "0.0000001", "1e-400": "!",
		"1" + strings.Repeat("0", 120) + "1":     "1" + strings.Repeat("0", 120) + "1",
		"0.01" + strings.Repeat("0", 150) + "14": "0.01",               // 1 - 0.99 in Terraform
		"3." + strings.Repeat("3", 154):          "3.3333333333333335", // 10 / 3
		"3.0" + strings.Repeat("0", 140) + "1":   "3",
		"1e700":                                  "!", "ten": "!",
	} {
		got, err := helpcrunch.SentNumber(text)
		if want == "!" {
			if err == nil {
				t.Errorf("%s is sent as %s", text, got.Text)
			}
			continue
		}
		if err != nil || got != v(helpcrunch.Number, want) {
			t.Errorf("%s is sent as %s (%v), want %s", text, got.Text, err, want)
		}
	}
}

func TestStringFieldSame(t *testing.T) {
	for _, test := range []struct {
		field *helpcrunch.StringField
		a, b  string
		want  bool
	}{
		{helpcrunch.Email, "Ada@Example.com", "ada@example.COM ", true},
		{helpcrunch.Locale, "en-GB", "EN-gb", true},
		{helpcrunch.Name, "Ada", "ada", false},
		{helpcrunch.Name, "Ada ", "Ada", true},
		{helpcrunch.Name, "Ada  L", "Ada L", false},
		{helpcrunch.Notes, "a\n", "a", true},
		{helpcrunch.Name, "Ren" + composed, "Ren" + decomposed, true},
		{helpcrunch.Email, "REN\u00c9@b.cd", "ren" + decomposed + "@b.cd", true},
		{helpcrunch.Name, "", "\t", true},
		{helpcrunch.UserID, "007", "7", false},
	} {
		if test.field.Same(test.a, test.b) != test.want || test.field.Same(test.b, test.a) != test.want {
			t.Errorf("%s: %q is %q: %t", test.field.Name, test.a, test.b, !test.want)
		}
	}
}

// TestNamesMeetInNFC: a property is known by its name in NFC, and goes back
// under the name that HelpCrunch has it by.
func TestNamesMeetInNFC(t *testing.T) {
	one, two := v(helpcrunch.String, "one"), v(helpcrunch.String, "two")
	for name, test := range map[string]struct {
		held, named helpcrunch.CustomData
		sent        string
	}{
		"as usual":         {helpcrunch.CustomData{"plan": one}, helpcrunch.CustomData{"plan": one}, composed},
		"taken apart":      {helpcrunch.CustomData{decomposed: one}, helpcrunch.CustomData{composed: one}, decomposed},
		"both":             {helpcrunch.CustomData{composed: one, decomposed: two}, helpcrunch.CustomData{composed: one}, composed},
		"neither composed": {helpcrunch.CustomData{"\u1e69": one, "s\u0323\u0307": one, "s\u0307\u0323": two}, helpcrunch.CustomData{"\u1e69": one}, composed},
		"nobody can tell":  {helpcrunch.CustomData{"s\u0323\u0307": one, "s\u0307\u0323": two, "plan": one}, helpcrunch.CustomData{"plan": one}, composed},
	} {
		if got := test.held.Named(); !maps.Equal(got, test.named) {
			t.Errorf("%s: %+q is known as %+q, want %+q", name, slices.Sorted(maps.Keys(test.held)), slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(test.named)))
		}
		if _, ok := (helpcrunch.CustomData{composed: two}).Spelled(test.held.Spellings())[test.sent]; !ok {
			t.Errorf("%s: not sent as %q", name, test.sent)
		}
	}
}

func TestSpellTag(t *testing.T) {
	held := []helpcrunch.Tag{{Name: "vip "}, {Name: "beta"}, {Name: " beta"}, {Name: " a"}, {Name: "a "}, {Name: decomposed}}
	for name, want := range map[string]string{
		"vip": "vip ", "vip ": "vip ", "beta": "beta", " beta": " beta", "beta ": "beta ", "a": "a", "new": "new", composed: decomposed,
	} {
		if got := helpcrunch.SpellTag(name, held); got != want {
			t.Errorf("%+q is spelled %+q, want %+q", name, got, want)
		}
	}
}

// TestUnstuckIgnoresForms: what HelpCrunch trimmed, or put in another form of
// the same, has stuck.
func TestUnstuckIgnoresForms(t *testing.T) {
	name, email := "Ada", "ADA@example.com"
	held := &helpcrunch.Customer{
		Name: &name, Email: &email, Tags: []helpcrunch.Tag{{Name: "vip"}, {Name: decomposed}},
		CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold"), "seats": v(helpcrunch.Number, "3")},
	}
	sent := helpcrunch.Changes{
		Name: helpcrunch.Some("Ada "), Email: helpcrunch.Some("ada@example.com"), Tags: []helpcrunch.Tag{{Name: " vip"}, {Name: composed}},
		CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold\n"), "seats": v(helpcrunch.String, "3")},
	}
	if unstuck := sent.Unstuck(held); len(unstuck) > 0 {
		t.Errorf("%q did not stick", unstuck)
	}
}

// FuzzEqual: equality is the same both ways, survives the way to HelpCrunch and
// back, and is never wider than the normal form.
func FuzzEqual(f *testing.F) {
	for _, seed := range [][2]string{
		{`"007"`, `7`},
		{`"7"`, `"007"`},
		{`null`, `" "`},
		{`0.1`, `"0.10"`},
		{`9007199254740993`, `9007199254740992.0`},
		{`"` + composed + `"`, `"` + decomposed + `"`},
		{`true`, `"true"`},
		{`"-0"`, `0`},
		{`1e-400`, `0`},
		{`[1]`, `"[1]"`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var a, b helpcrunch.Value
		if json.Unmarshal(first, &a) != nil || json.Unmarshal(second, &b) != nil {
			return
		}
		if same := a; !a.Equal(same) || a.Equal(b) != b.Equal(a) {
			t.Errorf("%+v and %+v: equality is one-sided", a, b)
		}
		if a.Equal(b) && !(a.Kind == helpcrunch.String && b.Kind == helpcrunch.String) && a.Normal() != b.Normal() {
			t.Errorf("%+v equals %+v, with other normal forms", a, b)
		}
		if a.Kind == helpcrunch.Number {
			sent, err := helpcrunch.SentNumber(a.Text)
			if err == nil && !sent.Equal(a) {
				t.Errorf("%+v is sent as %+v", a, sent)
			}
		}
	})
}

// A digest is made of the first form of what was seen, and the forms of what is
// seen now are looked for in it: what means the same is found, and nothing else.
func TestForms(t *testing.T) {
	text := func(text string) helpcrunch.Value { return v(helpcrunch.String, text) }
	number := func(text string) helpcrunch.Value { return v(helpcrunch.Number, text) }
	for _, test := range []struct {
		seen, now helpcrunch.Value
		want      bool
	}{
		{text("gold"), text("gold"), true},
		{text("gold"), text(" gold\n"), true},
		{text(decomposed), text(composed), true},
		{text("gold"), text("silver"), false},
		{text("gold"), text("Gold"), false},
		{text("7"), number("7"), true}, // a date is sent as text and answered as a number
		{number("7"), text(" 7 "), true},
		{number("7"), text("8"), false},
		{number("7"), number("8"), false},
		{number("1.5"), text("1.5"), true},
		{number("0.1"), number("0.1000000000000000055511151231257827"), true}, // one double
		{text("007"), text("7"), false},
		{text("007"), number("7"), false}, // or the text would be lost in the number
		{v(helpcrunch.Bool, "true"), text("true"), true},
		{text("true"), v(helpcrunch.Bool, "true"), true},
		{v(helpcrunch.Bool, "true"), v(helpcrunch.Bool, "false"), false},
		{v(helpcrunch.Bool, "true"), number("1"), false},
		{number("1"), v(helpcrunch.Bool, "true"), false},
		{text("number 7"), number("7"), false},
		{helpcrunch.Value{}, text("  "), true},
		{text(""), helpcrunch.Value{}, true},
		{text(""), text("x"), false},
		{text("x"), helpcrunch.Value{}, false},
		{number("0"), helpcrunch.Value{}, false},
	} {
		if got := slices.Contains(test.now.Forms(), test.seen.Forms()[0]); got != test.want {
			t.Errorf("%+v is taken for %+v, seen before: %t", test.now, test.seen, got)
		}
		if test.want && !test.now.Equal(test.seen) {
			t.Errorf("%+v does not equal %+v", test.now, test.seen)
		}
	}
}
