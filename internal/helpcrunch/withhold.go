// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"unicode/utf8"
)

// named are the keys of a request whose values may be repeated: they name
// something, or are the key that a customer is known by.
var named = []string{"id", "userId", "property", "tags", "field", "operator", "comparison", "sort", "order"}

// withhold takes the values that a request has sent out of what the server says of
// them. They are people's data, and an error stands in terminals and in the logs
// of runners.
func (e *Error) withhold(sent []byte) {
	var body any
	decoder := json.NewDecoder(bytes.NewReader(sent))
	decoder.UseNumber()
	if len(e.Entries) == 0 || decoder.Decode(&body) != nil {
		return
	}
	var values []string
	var collect func(value any)
	collect = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if value["field"] == "customers.id" { // of a search
				return
			}
			for key, inner := range value {
				if !slices.Contains(named, key) {
					collect(inner)
				}
			}
		case []any:
			for _, inner := range value {
				collect(inner)
			}
		case string:
			values = append(values, value)
		case json.Number:
			values = append(values, value.String())
		}
	}
	collect(body)
	// The longer ones first, which may have others in them.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, value := range slices.Compact(values) {
		if value == "" {
			continue
		}
		pattern := regexp.QuoteMeta(value)
		if utf8.RuneCountInString(value) < 4 { // as a word of its own, for every text has an "a" in it
			pattern = `\b` + pattern + `\b`
		}
		said := regexp.MustCompile("(?i)" + pattern)
		for i := range e.Entries {
			e.Entries[i].Message = said.ReplaceAllLiteralString(e.Entries[i].Message, "(the value)")
		}
	}
}
