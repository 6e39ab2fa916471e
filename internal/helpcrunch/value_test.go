// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// v is a shorthand.
func v(kind helpcrunch.Kind, text string) helpcrunch.Value {
	return helpcrunch.Value{Kind: kind, Text: text}
}

func TestValueFromJSON(t *testing.T) {
	zeros := strings.Repeat("0", 120)
	for _, test := range []struct {
		json string
		want helpcrunch.Value
		sent string // "" = as it came
	}{
		{"null", v(helpcrunch.Null, ""), ""},
		{`""`, v(helpcrunch.String, ""), ""},
		{`"Ada"`, v(helpcrunch.String, "Ada"), ""},
		{`"null"`, v(helpcrunch.String, "null"), ""},
		{`"\u0041\n"`, v(helpcrunch.String, "A\n"), `"A\n"`},
		{`"1700000000"`, v(helpcrunch.String, "1700000000"), ""},
		{"true", v(helpcrunch.Bool, "true"), ""},
		{"false", v(helpcrunch.Bool, "false"), ""},
		{"0", v(helpcrunch.Number, "0"), ""},
		{"-0", v(helpcrunch.Number, "0"), "0"},
		{"0.0", v(helpcrunch.Number, "0"), "0"},
		{"0e99", v(helpcrunch.Number, "0"), "0"},
		{"15", v(helpcrunch.Number, "15"), ""},
		{"15.0", v(helpcrunch.Number, "15"), "15"},
		{"1.5e1", v(helpcrunch.Number, "15"), "15"},
		{"-15.50", v(helpcrunch.Number, "-15.5"), "-15.5"},
		{"0.1", v(helpcrunch.Number, "0.1"), ""},
		{"1603885746", v(helpcrunch.Number, "1603885746"), ""},
		{"1.603885746e9", v(helpcrunch.Number, "1603885746"), "1603885746"},
		{"9007199254740993", v(helpcrunch.Number, "9007199254740993"), ""}, // 2^53+1
		{"18446744073709551617", v(helpcrunch.Number, "18446744073709551617"), ""},
		{"3.14159265358979323846264338327950288", v(helpcrunch.Number, "3.14159265358979323846264338327950288"), ""},
		{"1" + zeros + "1", v(helpcrunch.Number, "1"+zeros+"1"), ""},
		{"1e120", v(helpcrunch.Number, "1"+zeros), "1" + zeros},
		{"1e999999999", v(helpcrunch.Opaque, "1e999999999"), ""},
		{"1e700", v(helpcrunch.Opaque, "1e700"), ""},
		{`{"a": [1, null]}`, v(helpcrunch.Opaque, `{"a": [1, null]}`), `{"a":[1,null]}`},
		{`[]`, v(helpcrunch.Opaque, `[]`), ""},
	} {
		var got helpcrunch.Value
		if err := json.Unmarshal([]byte(test.json), &got); err != nil {
			t.Errorf("%s: %v", test.json, err)
			continue
		}
		if got != test.want {
			t.Errorf("%s is %+v, want %+v", test.json, got, test.want)
		}
		if test.sent == "" {
			test.sent = test.json
		}
		if sent, err := json.Marshal(got); err != nil || string(sent) != test.sent {
			t.Errorf("%s is sent as %s (%v), want %s", test.json, sent, err, test.sent)
		}
	}
}

// A few bytes or a few million: no answer may keep a processor busy.
func TestNumbersWithoutEnd(t *testing.T) {
	long := strings.Repeat("7", 1_000_000)
	for _, text := range []string{long, "0." + long, "1e" + long, "-" + long} {
		began := time.Now()
		var got helpcrunch.Value
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Kind != helpcrunch.Opaque || got.Text != text {
			t.Errorf("%.9s...: kind %d, %d bytes, error %v", text, got.Kind, len(got.Text), err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%.9s... took %v", text, took)
		}
	}
}

func TestNumberValue(t *testing.T) {
	for text, want := range map[string]string{
		"15": "15", "15.0": "15", "1.6e3": "1600", "-0": "0", "0.10": "0.1", "1e-3": "0.001",
		"1." + strings.Repeat("0", 1022): "1", "1." + strings.Repeat("0", 1023): "!", // 1024 characters, and one more
		"": "!", "Inf": "!", "-Inf": "!", "NaN": "!", "ten": "!", "1e700": "!", "1e-700": "!", "1.": "1",
	} {
		got, err := helpcrunch.NumberValue(text)
		if want == "!" {
			if err == nil || got != (helpcrunch.Value{}) {
				t.Errorf("%q is %+v, error %v", text, got, err)
			}
		} else if err != nil || got != v(helpcrunch.Number, want) {
			t.Errorf("%q is %+v, error %v", text, got, err)
		}
	}
}

func TestCustomDataFromJSON(t *testing.T) {
	full := helpcrunch.CustomData{
		"plan": v(helpcrunch.String, "gold"), "seats": v(helpcrunch.Number, "12"),
		"trial": v(helpcrunch.Bool, "true"), "none": {}, "odd": v(helpcrunch.Opaque, "[1]"),
	}
	for _, test := range []struct {
		json string
		want helpcrunch.CustomData
	}{
		{`{"plan": "gold", "seats": 12, "trial": true, "none": null, "odd": [1]}`, full},
		{
			`[{"property": "plan", "value": "gold"}, {"property": "seats", "value": 12}, {"property": "trial", "value": true},
			  {"property": "none", "value": null}, {"value": [1], "property": "odd"}]`, full,
		},
		{`{}`, nil},
		{`[]`, nil},
		{` [ ] `, nil},
		{`null`, nil},
		{`[{"property": "plan"}]`, helpcrunch.CustomData{"plan": {}}},
	} {
		held := struct{ Data helpcrunch.CustomData }{helpcrunch.CustomData{"left": v(helpcrunch.String, "over")}}
		if err := json.Unmarshal([]byte(`{"Data":`+test.json+`}`), &held); err != nil {
			t.Errorf("%s: %v", test.json, err)
		} else if !maps.Equal(held.Data, test.want) {
			t.Errorf("%s is %v, want %v", test.json, held.Data, test.want)
		}
	}
	for _, wrong := range []string{`"text"`, `1`, `true`, `["plan"]`, `[[]]`, `[{"property": 1}]`} {
		var got helpcrunch.CustomData
		if err := json.Unmarshal([]byte(wrong), &got); err == nil {
			t.Errorf("%s is %v", wrong, got)
		}
	}
}

func TestCustomDataToJSON(t *testing.T) {
	for _, test := range []struct {
		data helpcrunch.CustomData
		want string
	}{
		{nil, `[]`},
		{helpcrunch.CustomData{}, `[]`},
		{
			helpcrunch.CustomData{"b": v(helpcrunch.Number, "1"), "c": {}, "a": v(helpcrunch.String, "1")},
			`[{"property":"a","value":"1"},{"property":"b","value":1},{"property":"c","value":null}]`,
		},
	} {
		if got, err := json.Marshal(test.data); err != nil || string(got) != test.want {
			t.Errorf("%v is sent as %s (%v), want %s", test.data, got, err, test.want)
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, seed := range []string{"null", `"Ada"`, "1.50", "-0", "1e600", "1e700", "true", `{"a" : "<"}`, `"\ud800"`, "0.1", "9007199254740993"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second helpcrunch.Value
		if json.Unmarshal(data, &first) != nil {
			return
		}
		sent := encode(t, first)
		if err := json.Unmarshal(sent, &second); err != nil {
			t.Fatalf("%s became %s: %v", data, sent, err)
		}
		if again := encode(t, second); string(again) != string(sent) {
			t.Errorf("%s became %s became %s", data, sent, again)
		}
		if first.Kind != helpcrunch.Opaque && first != second { // opaque JSON loses its blanks on the way
			t.Errorf("%+v became %+v", first, second)
		}
	})
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	sent, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("%+v: %v", value, err)
	}
	return sent
}
