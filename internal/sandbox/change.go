// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"unicode/utf8"
)

// change is a checked request body: only what the body mentions.
type change struct {
	fields map[string]any // values as in a Record
	tags   []Tag          // nil if not mentioned; a tag without colour asks for none
	custom []property     // nil if not mentioned

	clearsCustom bool // customData is null, which clears ("Batch update customers", Tips)
}

// property is one entry of customData; a nil value clears.
type property struct {
	name  string
	value any
}

// parseChange checks the fields of one customer in a request. Paths of faulty
// fields start with prefix, such as "[3]." in a batch.
func (s *Server) parseChange(body map[string]any, prefix string) (change, []errorEntry) {
	c := change{fields: map[string]any{}}
	var faulty []errorEntry
	check := func(field, message string) {
		if message != "" {
			faulty = append(faulty, errorEntry{prefix + field, message})
		}
	}
	for _, field := range slices.Concat(textFields, timeFields) {
		if value, ok := body[field]; ok {
			if value == "" && slices.Contains(nullWhenEmpty, field) {
				value = nil
			}
			c.fields[field] = value
			check(field, checkText(field, value))
		}
	}
	for _, field := range booleanFields {
		if value, ok := body[field]; ok {
			c.fields[field] = value
			if _, isBool := value.(bool); !isBool {
				check(field, "This value should be of type bool.")
			}
		}
	}
	if value, ok := body["tags"]; ok {
		tags, wrong := parseTags(value, prefix)
		c.tags = tags
		faulty = append(faulty, wrong...)
	}
	if value, ok := body["customData"]; ok {
		custom, wrong := s.parseCustomData(value, prefix)
		c.custom, c.clearsCustom = custom, value == nil
		faulty = append(faulty, wrong...)
	}
	return c, faulty
}

// nullWhenEmpty are the fields that cannot hold "", and that clients in PHP send
// it for all the same: what they have nothing for is null.
var nullWhenEmpty = []string{"userId", "email"}

// checkText returns what is wrong with the value of a text or time field.
func checkText(field string, value any) string {
	if value == nil {
		return ""
	}
	text, ok := value.(string)
	switch {
	case !ok:
		return "This value should be of type string."
	case slices.Contains(timeFields, field) && !isSeconds(text):
		return "This value is not a valid timestamp."
	case field == "email" && !isEmail(text):
		return "This value is not a valid email address."
	case field == "notes" && utf8.RuneCountInString(text) > maxValueLength:
		return tooLong
	}
	return ""
}

func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

// parseTags reads an array of {name, color?}. A name given twice counts once,
// with its last colour.
func parseTags(value any, prefix string) ([]Tag, []errorEntry) {
	list, ok := value.([]any)
	if !ok {
		return nil, []errorEntry{{prefix + "tags", "This value should be of type array."}}
	}
	tags := []Tag{}
	var faulty []errorEntry
	for i, item := range list {
		entry, _ := item.(map[string]any)
		name, _ := entry["name"].(string)
		color, isText := entry["color"].(string)
		path := fmt.Sprintf("%stags[%d]", prefix, i)
		if name == "" {
			faulty = append(faulty, errorEntry{path + ".name", "This value should not be blank."})
			continue
		}
		if entry["color"] != nil && !isText {
			faulty = append(faulty, errorEntry{path + ".color", "This value should be of type string."})
		}
		tags = mergeTags(tags, []Tag{{Name: name, Color: color}})
	}
	return tags, faulty
}

// mergeTags appends the tags that are not there yet.
func mergeTags(tags, more []Tag) []Tag {
	merged := slices.Clone(tags)
	for _, tag := range more {
		at := slices.IndexFunc(merged, func(t Tag) bool { return t.Name == tag.Name })
		if at < 0 {
			merged = append(merged, tag)
		} else if tag.Color != "" {
			merged[at].Color = tag.Color
		}
	}
	return merged
}

// parseCustomData reads an array of {property, value}, or null.
func (s *Server) parseCustomData(value any, prefix string) ([]property, []errorEntry) {
	list, ok := value.([]any)
	if !ok && value != nil {
		return nil, []errorEntry{{prefix + "customData", "This value should be of type array."}}
	}
	custom := []property{}
	var faulty []errorEntry
	for i, item := range list {
		entry, _ := item.(map[string]any)
		name, _ := entry["property"].(string)
		path := fmt.Sprintf("%scustomData[%d]", prefix, i)
		kind, defined := s.store.attributes[name]
		switch {
		case name == "":
			faulty = append(faulty, errorEntry{path + ".property", "This value should not be blank."})
		case !defined && s.switches.UnknownPropertyDropped:
		case !defined:
			faulty = append(faulty, errorEntry{path + ".property", "This custom attribute does not exist."})
		case entry["value"] == nil:
			custom = append(custom, property{name, nil})
		default:
			checked, message := kind.check(entry["value"])
			if message != "" {
				faulty = append(faulty, errorEntry{path + ".value", message})
			}
			custom = append(custom, property{name, checked})
		}
	}
	return custom, faulty
}

// manner says what a write does with what its body does not mention, and with
// lists.
type manner struct {
	clearOmitted   bool // omitted fields become null, omitted tags and custom data empty
	replacesCustom bool // properties that customData does not mention are removed
	appendsTags    bool // tags that the body does not mention stay
	keepsNulls     bool // a nulled property stays, with null
}

// Manners of the single PUT, of PATCH and of the batch.
func (s *Server) putManner() manner {
	if s.switches.PutKeepsOmitted {
		return s.patchManner()
	}
	return s.clearingManner()
}

func (s *Server) clearingManner() manner {
	return manner{
		clearOmitted:   true,
		replacesCustom: true,
		appendsTags:    s.switches.TagsAppend,
		keepsNulls:     s.switches.CustomNullsKept,
	}
}

func (s *Server) patchManner() manner {
	return manner{
		replacesCustom: s.switches.CustomDataReplaces,
		appendsTags:    s.switches.TagsAppend,
		keepsNulls:     s.switches.CustomNullsKept,
	}
}

func (s *Server) batchManner() manner {
	if s.switches.BatchClearsOmitted {
		return s.clearingManner()
	}
	m := s.patchManner()
	m.replacesCustom = m.replacesCustom || s.switches.BatchClearsCustomData
	return m
}

// apply returns the customer as it is after a change. Booleans cannot be null,
// so they stay when omitted.
func (c change) apply(to Record, m manner) Record {
	after := to.clone()
	if m.clearOmitted {
		for _, field := range slices.Concat(textFields, timeFields) {
			after[field] = nil
		}
	}
	maps.Copy(after, c.fields)

	switch {
	case m.appendsTags:
		after["tags"] = mergeTags(after["tags"].([]Tag), c.tags)
	case c.tags != nil || m.clearOmitted:
		after["tags"] = append([]Tag{}, c.tags...)
	}

	custom := after["customData"].(map[string]any)
	if m.clearOmitted || c.clearsCustom || m.replacesCustom && c.custom != nil {
		clear(custom)
	}
	for _, p := range c.custom {
		if p.value == nil && !m.keepsNulls {
			delete(custom, p.name)
		} else {
			custom[p.name] = p.value
		}
	}
	return after
}
