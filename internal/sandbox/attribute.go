// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"net/url"
	"unicode/utf8"
)

// maxValueLength is the longest text value of a custom attribute, and the
// longest notes, in characters. No page states it; it was met in practice.
const maxValueLength = 255

// AttributeType is the type of a custom attribute. It decides what JSON a value
// must be in a request.
type AttributeType string

// The types of custom attributes. No page lists them; these are the ones that
// the pages' samples show.
const (
	TextAttribute    AttributeType = "text"    // a string of at most 255 characters
	NumberAttribute  AttributeType = "number"  // a number
	DateAttribute    AttributeType = "date"    // UNIX seconds: a string in requests, an integer in answers
	URLAttribute     AttributeType = "url"     // a string with an http or https address, at most 255 characters
	BooleanAttribute AttributeType = "boolean" // true or false
)

var attributeTypes = []AttributeType{
	TextAttribute, NumberAttribute, DateAttribute, URLAttribute, BooleanAttribute,
}

// check returns the value as answers show it, or what is wrong with it.
func (t AttributeType) check(value any) (any, string) {
	text, isText := value.(string)
	switch t {
	case NumberAttribute:
		if number, ok := value.(json.Number); ok {
			return number, ""
		}
		return nil, "This value should be of type numeric."
	case BooleanAttribute:
		if flag, ok := value.(bool); ok {
			return flag, ""
		}
		return nil, "This value should be of type bool."
	case DateAttribute:
		switch {
		case !isText:
			return nil, "This value should be of type string."
		case !isSeconds(text):
			return nil, "This value is not a valid timestamp."
		}
		return json.Number(text), ""
	}
	switch {
	case !isText:
		return nil, "This value should be of type string."
	case utf8.RuneCountInString(text) > maxValueLength:
		return nil, tooLong
	case t == URLAttribute && !isURL(text):
		return nil, "This value is not a valid URL."
	}
	return text, ""
}

const tooLong = "This value is too long. It should have 255 characters or less."

func isURL(text string) bool {
	address, err := url.Parse(text)
	return err == nil && address.Host != "" && (address.Scheme == "http" || address.Scheme == "https")
}
