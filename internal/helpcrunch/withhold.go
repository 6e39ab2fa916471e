// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// withoutKey is a text of whoever answered without the API key: a gateway may show
// what it has got. Shorter keys than any real one would be found in every word.
func (c *Client) withoutKey(text string) string {
	if key := c.config.APIKey; len(key) >= 8 {
		for _, form := range []string{key, url.QueryEscape(key), url.PathEscape(key)} {
			text = strings.ReplaceAll(text, form, "(the API key)")
		}
	}
	return text
}

// keyless is an error whose text has the API key in it, without it.
type keyless struct {
	error

	text string
}

func (e keyless) Error() string { return e.text }
func (e keyless) Unwrap() error { return e.error }

func (c *Client) keyless(err error) error {
	if text := c.withoutKey(err.Error()); text != err.Error() {
		return keyless{err, text}
	}
	return err
}

// withholdKey takes the API key out of what the server says.
func (c *Client) withholdKey(e *Error) {
	e.Location = c.withoutKey(e.Location)
	for i := range e.Entries {
		e.Entries[i].Code, e.Entries[i].Message = c.withoutKey(e.Entries[i].Code), c.withoutKey(e.Entries[i].Message)
	}
}

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
