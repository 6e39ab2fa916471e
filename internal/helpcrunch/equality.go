// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// What is equal has one normal form. Nothing is ever sent in it: it is made to
// be compared.

// normalText is a text without outer white space, which people type and
// HelpCrunch may trim, in Unicode's NFC, which is all that Terraform keeps.
func normalText(text string) string { return strings.TrimSpace(norm.NFC.String(text)) }

// Normal is the normal form of a value of this field, "" for an empty one.
func (f *StringField) Normal(text string) string {
	text = normalText(text)
	if f.IgnoresCase {
		return strings.ToLower(text)
	}
	return text
}

// Same reports whether two texts are one value of this field.
func (f *StringField) Same(a, b string) bool { return a == b || f.Normal(a) == f.Normal(b) }

// NormalTag is the normal form of the name of a tag.
func NormalTag(name string) string { return normalText(name) }

// Normal is the normal form of a custom value, "" for an empty one. A date is
// sent as "1700000000" and answered as 1700000000, and a map of strings has
// numbers and bools as text: so a text that is a number is that number, and
// "true" is true. A cleared value may come back as null, "" or not at all.
//
// An integer is exact. Any other number is the double that HelpCrunch keeps.
func (v Value) Normal() string {
	switch v.Kind {
	case Number:
		return normalNumber(v.Text)
	case String:
		text := normalText(v.Text)
		if isDecimal(text) {
			if number, err := NumberValue(text); err == nil {
				return normalNumber(number.Text)
			}
		}
		return text
	}
	return v.Text
}

// Equal reports whether two values mean the same to HelpCrunch: their normal
// forms are equal. Two texts are never numbers to each other, for the text
// "007" would be lost in "7".
func (v Value) Equal(other Value) bool {
	if v == other {
		return true
	}
	if v.Kind == String && other.Kind == String {
		return normalText(v.Text) == normalText(other.Text)
	}
	return v.Normal() == other.Normal()
}

// Forms are normal forms to make digests of: the first is that of v, and v equals
// every value whose first is among them. A number does not equal a text with
// other digits here, such as 7 and "007", although [Value.Equal] takes them for one.
func (v Value) Forms() []string {
	const text, number, boolean = "text ", "number ", "bool "
	normal := v.Normal()
	switch {
	case v.IsEmpty():
		return []string{""}
	case v.Kind == Number:
		return []string{number + normal, text + normal}
	case v.Kind == Bool:
		return []string{boolean + normal, text + normal}
	}
	forms := []string{text + normalText(v.Text), boolean + normalText(v.Text)}
	if isDecimal(normalText(v.Text)) {
		forms = append(forms, number+normal)
	}
	return forms
}

// IsEmpty reports whether there is nothing: null, or a text of white space.
func (v Value) IsEmpty() bool { return v.Equal(Value{}) }

// SentNumber is the number with the given JSON text as it is sent: an integer
// digit by digit, any other number as the shortest text of the double that
// HelpCrunch keeps. Terraform reckons with 154 digits: 1 - 0.99 has them all.
// One that no double is near is an error.
func SentNumber(text string) (Value, error) {
	number, err := NumberValue(text)
	if err != nil {
		return number, err
	}
	nearest, ok := double(number.Text)
	if !ok {
		return Value{}, fmt.Errorf("a number that no double is near")
	}
	return Value{Number, nearest}, nil
}

// normalNumber is double, and the number itself where no double is near.
func normalNumber(exact string) string {
	if nearest, ok := double(exact); ok {
		return nearest
	}
	return exact
}

// double is the exact decimal of an integer, and the shortest text of the
// nearest double of any other number.
func double(exact string) (text string, ok bool) {
	if !strings.Contains(exact, ".") {
		return exact, true
	}
	nearest, err := strconv.ParseFloat(exact, 64)
	if err != nil || nearest == 0 {
		return "", false
	}
	return strconv.FormatFloat(nearest, 'f', -1, 64), true
}

// isDecimal reports whether a text is a number as Terraform writes one in a
// text: digits, and perhaps a sign and a fraction.
func isDecimal(text string) bool {
	whole, fraction, broken := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return isDigits(whole) && (!broken || isDigits(fraction))
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// Named are the properties by their names in NFC, the only ones that Terraform
// has. Of two that meet there the one that is written so is meant; where none
// is, nobody can tell which, and both are left out.
func (d CustomData) Named() CustomData {
	named := make(CustomData, len(d))
	for name, value := range d {
		if norm.NFC.IsNormalString(name) {
			named[name] = value
		}
	}
	if len(named) == len(d) {
		return d
	}
	for name, spelling := range d.Spellings() {
		named[name] = d[spelling]
	}
	return named
}

// Spellings are the names of properties that HelpCrunch has in another form
// than NFC, by their NFC; nil for none.
func (d CustomData) Spellings() map[string]string {
	var spellings map[string]string
	meet := make(map[string]int)
	for name := range d {
		composed := norm.NFC.String(name)
		meet[composed]++
		if composed != name {
			if spellings == nil {
				spellings = make(map[string]string)
			}
			spellings[composed] = name
		}
	}
	for composed := range spellings {
		if meet[composed] > 1 {
			delete(spellings, composed)
		}
	}
	if len(spellings) == 0 {
		return nil
	}
	return spellings
}

// Spelled are the properties under the names that HelpCrunch has them by.
func (d CustomData) Spelled(spellings map[string]string) CustomData {
	if d == nil || len(spellings) == 0 {
		return d
	}
	spelled := make(CustomData, len(d))
	for name, value := range d {
		if spelling, ok := spellings[name]; ok {
			name = spelling
		}
		spelled[name] = value
	}
	return spelled
}

// SpellTag is the name of a tag as HelpCrunch spells it: the name itself if it
// is held, else the only one held that means the same, else the name itself.
func SpellTag(name string, held []Tag) string {
	spelling, fitting := name, 0
	for _, tag := range held {
		if tag.Name == name {
			return name
		}
		if NormalTag(tag.Name) == NormalTag(name) {
			spelling = tag.Name
			fitting++
		}
	}
	if fitting > 1 {
		return name
	}
	return spelling
}
