// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// The inputs to begin with are in testdata/fuzz.

// FuzzColor: a colour in its normal form is in its normal form.
func FuzzColor(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		normal := normalColor(text)
		if again := normalColor(normal); again != normal {
			t.Errorf("%q is %q is %q", text, normal, again)
		}
		if !sameColor(text, normal) {
			t.Errorf("%q is not its normal form %q", text, normal)
		}
	})
}

// FuzzTimestampText: what can be read as a moment is sent as its seconds, which
// are the same moment, and which rfc3339() can write.
func FuzzTimestampText(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		moment, err := parseTimestamp(text)
		normal := normalTimestamp(text)
		if err != nil {
			if normal != text {
				t.Errorf("%q cannot be read, and is %q", text, normal)
			}
			return
		}
		again, err := parseTimestamp(normal)
		if err != nil || again != moment || moment.IsNull() != (text == "") {
			t.Errorf("%q is %s is %s, %v", text, moment, again, err)
		}
		if text == "" {
			return
		}
		written, err := formatRFC3339(normal)
		if err != nil || normalTimestamp(written) != normal {
			t.Errorf("%q is %s, which is %q in RFC 3339, %v", text, normal, written, err)
		}
	})
}

// FuzzCustomDataFromModel: what a configuration writes is held by HelpCrunch,
// read back and planned again without a change, in the form that it is written
// in. null, "" and what is not written are kept apart; what is unknown is not
// sent.
func FuzzCustomDataFromModel(f *testing.F) {
	f.Fuzz(func(t *testing.T, written []byte) {
		var values map[string]helpcrunch.Value
		if json.Unmarshal(written, &values) != nil {
			t.Skip("no object")
		}
		elements := make(map[string]attr.Value)
		for name, value := range values {
			if value.Kind == helpcrunch.Number {
				if _, err := helpcrunch.SentNumber(value.Text); err != nil {
					continue // refused
				}
			}
			if value.Kind != helpcrunch.Opaque && utf8.ValidString(name) {
				elements[norm.NFC.String(name)] = elementOf(value)
			}
		}
		later := maps.Clone(elements)
		later["unknown"] = types.StringUnknown()
		model := customData{customDataObject(elements)}

		sent := propertyChanges(customDataObject(later), types.DynamicNull())
		if _, ok := sent["unknown"]; ok && elements["unknown"] == nil {
			t.Fatal("what is unknown is sent")
		}
		sent = propertyChanges(model.Dynamic, types.DynamicNull())
		if len(sent) != len(elements) {
			t.Fatalf("%d of %d properties are sent", len(sent), len(elements))
		}
		body, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range []string{string(body), asObject(t, body), asObject(t, body, "null")} {
			var held helpcrunch.CustomData
			if err := json.Unmarshal([]byte(answer), &held); err != nil {
				t.Fatalf("%s: %v", answer, err)
			}
			again := model.fold(held)
			if !again.Equal(model.Dynamic) {
				t.Fatalf("written as %s, held as %s, read as %s", model, answer, again)
			}
			if changes := propertyChanges(again, model.Dynamic); changes != nil {
				t.Fatalf("written as %s, held as %s, asks for %v", model, answer, changes)
			}
			missing := slices.DeleteFunc(slices.Sorted(maps.Keys(sent)), func(name string) bool { return sent[name].Equal(held[name]) })
			if len(missing) > 0 {
				t.Fatalf("%q did not stick", missing)
			}
		}
	})
}

// asObject is a body of pairs as answers have it: an object, without the values
// that are left out.
func asObject(t *testing.T, pairs []byte, leftOut ...string) string {
	t.Helper()
	var list []struct {
		Property string
		Value    json.RawMessage
	}
	if err := json.Unmarshal(pairs, &list); err != nil {
		t.Fatal(err)
	}
	object := make(map[string]json.RawMessage)
	for _, pair := range list {
		if !slices.Contains(leftOut, string(pair.Value)) {
			object[pair.Property] = pair.Value
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzFilterValue: a value either does not fit its field, or is sent in the
// field's type.
func FuzzFilterValue(f *testing.F) {
	f.Fuzz(func(t *testing.T, name, text string) {
		field, ok := searchFields[name]
		if !ok {
			t.Skip("no field")
		}
		model := searchModel{Filter: []filterModel{{Field: types.StringValue(name), Operator: types.StringValue("="), Value: types.StringValue(text)}}}
		_, err := field.kind.value(text)
		if problems := model.problems(); problems.HasError() != (err != nil) {
			t.Fatalf("%s = %q: %v, %v", name, text, err, problems)
		}
		if err != nil {
			return
		}
		filter := model.search(0).Filters[0]
		switch value := filter.Value.(type) {
		case int64:
			if name != "id" && name != "last_seen" || name == "id" && strconv.FormatInt(value, 10) != text {
				t.Errorf("%s = %q is %d", name, text, value)
			}
		case string:
			if value != text || name == "id" || name == "last_seen" || name == "tag" {
				t.Errorf("%s = %q is %q", name, text, value)
			}
		case []helpcrunch.Tag:
			if name != "tag" || len(value) != 1 || value[0].Name != text {
				t.Errorf("%s = %q is %v", name, text, value)
			}
		default:
			t.Errorf("%s = %q is %T", name, text, value)
		}
	})
}

// FuzzImportID: an import id is the id of a customer, a key to look for, or refused.
func FuzzImportID(f *testing.F) {
	f.Fuzz(func(t *testing.T, id string) {
		key, isKey := parseImportKey(id)
		if isKey && (key.value == "" || isID(id) || id != attributeOf(key.field.Name)+":"+key.value) {
			t.Errorf("%q is %s %q", id, key.field.Name, key.value)
		}
		if number, err := strconv.ParseInt(id, 10, 64); isID(id) && (err != nil || number <= 0 || strconv.FormatInt(number, 10) != id) {
			t.Errorf("%q is no id", id)
		}
	})
}

// FuzzTagImportID: an import id of a tag is put together again as it was.
func FuzzTagImportID(f *testing.F) {
	f.Fuzz(func(t *testing.T, id string) {
		customer, name, ok := splitTagID(id)
		if ok != (isID(customer) && strings.HasPrefix(id, customer+"/") && len(id) > len(customer)+1) {
			t.Fatalf("%q is %q and %q: %t", id, customer, name, ok)
		}
		model := customerTagModel{CustomerID: types.StringValue(customer), Name: types.StringValue(name)}
		if ok && model.key() != id {
			t.Errorf("%q became %q", id, model.key())
		}
		if ok && model.problems().HasError() {
			t.Errorf("%q is imported, and refused in a configuration", id)
		}
	})
}
