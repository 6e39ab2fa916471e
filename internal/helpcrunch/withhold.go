// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
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
		if strings.TrimSpace(value) == "" {
			continue
		}
		said := saying(value)
		for i := range e.Entries {
			e.Entries[i].Message = said.ReplaceAllLiteralString(e.Entries[i].Message, "(the value)")
		}
	}
}

// saying is where a text says a value, in whatever case and white space.
func saying(value string) *regexp.Regexp {
	words := strings.Fields(value)
	first, last := words[0][0], words[len(words)-1]
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	pattern := strings.Join(words, `\s+`)
	if len(value) < 4 { // as a word of its own, for every text has an "a" in it; a short name in another script is longer
		if isWordByte(first) {
			pattern = `\b` + pattern
		}
		if isWordByte(last[len(last)-1]) {
			pattern += `\b`
		}
	}
	return regexp.MustCompile("(?i)" + pattern)
}

// isWordByte reports whether \b has a side there.
func isWordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}
