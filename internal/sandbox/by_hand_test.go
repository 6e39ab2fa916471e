// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestByHand(t *testing.T) {
	b := newBench(t, Config{})
	id, err := b.Add(Record{
		"name": "Cleo", "tags": []string{"vip"}, "location": map[string]any{"city": "Kyiv"},
		"device": map[string]any{"platform": "mobile"}, "customData": map[string]any{"seats": 9007199254740993, "renewal": 5},
	})
	if err != nil || id != 542337 {
		t.Fatal(id, err)
	}
	r, ok := b.Customer(id)
	if !ok || r.ID() != id || r["name"] != "Cleo" || r["phone"] != nil || r["blocked"] != false {
		t.Errorf("record %v", r)
	}
	b.field(id, "location", map[string]any{"city": "Kyiv", "countryCode": nil, "regionCode": nil})
	b.field(id, "device", map[string]any{"platform": "mobile"})
	b.field(id, "tags", []Tag{{"vip", "#ff0000"}})
	if seats, ok := r.Custom("seats"); !ok || seats != json.Number("9007199254740993") {
		t.Errorf("seats %v", seats)
	}
	if plan, ok := r.Custom("plan"); ok {
		t.Errorf("plan %v", plan)
	}

	if err := b.Change(id, Record{"name": nil, "blocked": true, "customData": map[string]any{"renewal": nil, "plan": "pro"}, "location": map[string]any{"countryCode": "UA"}}); err != nil {
		t.Fatal(err)
	}
	b.field(id, "name", nil)
	b.field(id, "blocked", true)
	b.field(id, "customData", map[string]any{"plan": "pro", "seats": 9007199254740993})
	b.field(id, "location", map[string]any{"city": "Kyiv", "countryCode": "UA", "regionCode": nil})
	if r["name"] != "Cleo" {
		t.Error("a record handed out before has changed")
	}

	if err := b.Delete(id); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Customer(id); ok || len(b.Customers()) != 2 {
		t.Error("not deleted")
	}
	for _, err := range []error{b.Delete(id), b.Change(id, Record{})} {
		if !errors.Is(err, ErrNoCustomer) {
			t.Errorf("error %v", err)
		}
	}
	if got := b.Counts().Total(); got != 0 {
		t.Errorf("%d requests counted", got)
	}
}

func TestSwitchesDoNotBindPeople(t *testing.T) {
	b := newBench(t, Config{Switches: Switches{TagsAppend: true, CustomDataReplaces: true, CustomNullsKept: true}})
	if err := b.Change(adaID, Record{"tags": []string{"new"}, "customData": map[string]any{"seats": 1, "plan": nil}}); err != nil {
		t.Fatal(err)
	}
	b.field(adaID, "tags", []Tag{{"new", "#c377e0"}})
	b.field(adaID, "customData", map[string]any{"renewal": 1603885746, "seats": 1})
}

func TestRecordsHandedOutAreCopies(t *testing.T) {
	b := newBench(t, Config{})
	r, _ := b.Customer(adaID)
	r["name"] = "changed"
	r["tags"].([]Tag)[0].Name = "changed"
	r["customData"].(map[string]any)["plan"] = "changed"
	r["location"].(map[string]any)["city"] = "changed"
	b.want("GET", "/customers/542335", "", 200, adaBody)
}

func TestByHandRefusals(t *testing.T) {
	b := newBench(t, Config{})
	for name, r := range map[string]Record{
		"id":         {"id": adaID},
		"text id":    {"id": "7"},
		"negative":   {"id": -7},
		"email":      {"email": "nobody"},
		"userId":     {"userId": "crm-1"},
		"unknown":    {"customData": map[string]any{"colour": "red"}},
		"wrong type": {"customData": map[string]any{"seats": "many"}},
		"not JSON":   {"name": func() {}},
	} {
		if id, err := b.Add(r); err == nil {
			t.Errorf("%s: added %d", name, id)
		}
		if name == "id" || name == "text id" || name == "negative" {
			continue
		}
		if err := b.Change(bobID, r); err == nil {
			t.Errorf("%s: changed", name)
		}
	}
	if got := len(b.Customers()); got != 2 {
		t.Errorf("%d customers", got)
	}
}

func TestDefineAttribute(t *testing.T) {
	b := newBench(t, Config{})
	body := `{"customData":[{"property":"colour","value":"red"}]}`
	b.wantStatus("PATCH", "/customers/542335", body, 400)
	if err := b.DefineAttribute("colour", TextAttribute); err != nil {
		t.Fatal(err)
	}
	b.wantStatus("PATCH", "/customers/542335", body, 200)
	for name, kind := range map[string]AttributeType{"": TextAttribute, "size": "int"} {
		if err := b.DefineAttribute(name, kind); err == nil {
			t.Errorf("%q of type %q was defined", name, kind)
		}
	}
}
