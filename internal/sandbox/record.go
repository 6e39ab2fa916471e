// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"maps"
	"slices"
)

// Record is a customer with the field names of the API's customer object. As
// [Server.Customer] returns it, every field is there and holds:
//
//   - "id": int64
//   - text fields and the times "firstSeen" and "lastSeen" (UNIX seconds in
//     digits): string or nil
//   - "unsubscribed", "blocked": bool
//   - "location", "device": map[string]any; device may be nil
//   - "tags": []Tag, in the order in which they were attached
//   - "customData": map[string]any from property to string, json.Number, bool
//     or, where [Switches].CustomNullsKept kept it, nil. A date is an integer.
//
// What [Server.Add] and [Server.Change] take may leave fields out, write tags
// as a []string of names, and use any Go numbers.
type Record map[string]any

// Tag is a tag as answers show it. The colour belongs to the account's tag of
// that name, not to the customer.
type Tag struct {
	Name  string `json:"name"`
	Color string `json:"color"`
}

// ID returns the customer's id, or 0 if the record has none.
func (r Record) ID() int64 {
	id, _ := r["id"].(int64)
	return id
}

// TagNames returns the names of the customer's tags, in the order in which they
// were attached.
func (r Record) TagNames() []string {
	tags, _ := r["tags"].([]Tag)
	names := make([]string, len(tags))
	for i, tag := range tags {
		names[i] = tag.Name
	}
	return names
}

// Custom returns the value of a custom property, and whether the customer has
// it.
func (r Record) Custom(property string) (value any, ok bool) {
	custom, _ := r["customData"].(map[string]any)
	value, ok = custom[property]
	return value, ok
}

func (r Record) text(field string) (string, bool) {
	text, ok := r[field].(string)
	return text, ok
}

func (r Record) clone() Record {
	c := maps.Clone(r)
	c["tags"] = slices.Clone(r["tags"].([]Tag))
	c["customData"] = maps.Clone(r["customData"].(map[string]any))
	c["location"] = maps.Clone(r["location"].(map[string]any))
	return c
}

// The writable fields by type; columns C and U of the customer object.
var (
	textFields = []string{
		"name", "email", "userId", "company", "phone", "source", "referer", "lastPage",
		"locale", "createdFrom", "integrationId", "notes",
	}
	timeFields    = []string{"firstSeen", "lastSeen"}
	booleanFields = []string{"unsubscribed", "blocked"}
)

// newCustomer is a customer as a create without any field makes it.
func newCustomer(id int64) Record {
	r := Record{
		"id":         id,
		"location":   map[string]any{"regionCode": nil, "countryCode": nil, "city": nil},
		"device":     nil,
		"tags":       []Tag{},
		"customData": map[string]any{},
	}
	for _, field := range slices.Concat(textFields, timeFields) {
		r[field] = nil
	}
	for _, field := range booleanFields {
		r[field] = false
	}
	return r
}
