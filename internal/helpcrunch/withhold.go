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
	"unicode/utf8"
)

// withoutKey is a text of whoever answered, searchable and without the API key: a gateway
// may show what it has got. Shorter keys than any real one would be found in every word.
func (c *Client) withoutKey(text string) string {
	text = searchable(text)
	if key := c.config.APIKey; len(searchable(key)) >= 8 {
		for _, form := range []string{searchable(key), url.QueryEscape(key), url.PathEscape(key)} {
			text = strings.ReplaceAll(text, form, "(the API key)")
		}
	}
	return text
}

// keyless is an error whose text has the API key in it, or what could hide it,
// without that.
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

// mostSaid is how many characters a message may have to be looked through for values:
// that takes as long as both are, one by the other, and 300 of them are shown.
const mostSaid = 2000

// withhold takes the values that a request has sent out of what the server says of
// them, which withholdKey has made searchable. They are people's data, and an error
// stands in terminals and in the logs of runners.
func (e *Error) withhold(sent []byte) {
	var body any
	decoder := json.NewDecoder(bytes.NewReader(sent))
	decoder.UseNumber()
	if len(e.Entries) == 0 || decoder.Decode(&body) != nil {
		return
	}
	var values []string
	var collect func(value any, free bool)
	collect = func(value any, free bool) {
		switch value := value.(type) {
		case map[string]any:
			if !free && value["field"] == "customers.id" { // of a search
				return
			}
			for key, inner := range value {
				if free || !slices.Contains(named, key) {
					collect(inner, free || key == "data") // of an event, where keys are anybody's
				}
			}
		case []any:
			for _, inner := range value {
				collect(inner, free)
			}
		case string:
			values = append(values, searchable(value))
		case json.Number:
			values = append(values, value.String())
		}
	}
	collect(body, false)
	longest := 0 // of the messages
	for i := range e.Entries {
		length := utf8.RuneCountInString(e.Entries[i].Message)
		if length > mostSaid {
			e.Entries[i].Message = "(a message beyond measure)"
			length = len(e.Entries[i].Message)
		}
		longest = max(longest, length)
	}
	// The longer ones first, which may have others in them.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, value := range slices.Compact(values) {
		words := strings.Fields(value)
		if least := utf8.RuneCountInString(strings.Join(words, " ")); least == 0 || least > longest {
			continue
		}
		said := saying(words, len(value))
		for i := range e.Entries {
			e.Entries[i].Message = said.ReplaceAllLiteralString(e.Entries[i].Message, "(the value)")
		}
	}
}

// saying is where a text says the words of a value, in whatever case and white space.
func saying(words []string, length int) *regexp.Regexp {
	first, last := words[0][0], words[len(words)-1]
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	pattern := strings.Join(words, `\s+`)
	if length < 4 { // as a word of its own, for every text has an "a" in it; a short name in another script is longer
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
