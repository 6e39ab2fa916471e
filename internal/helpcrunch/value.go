// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Kind is the kind of a custom value.
type Kind int

// The kinds of a custom value. Opaque stands for what the API does not
// document, an object or a list: it is kept as it came.
const (
	Null Kind = iota
	String
	Number
	Bool
	Opaque
)

// Value is the value of one custom property ("Customer model"). Its text is
// the string itself, the exact decimal of a number, "true" or "false", or the
// JSON of an opaque value. The zero Value is null.
type Value struct {
	Kind Kind
	Text string
}

// NumberValue is the number with the given JSON text, in its one exact
// decimal form: 15.0 is 15, and 1.6e3 is 1600.
func NumberValue(text string) (Value, error) {
	// Reading takes quadratic time: a million digits, seconds.
	if len(text) > 1024 {
		return Value{}, fmt.Errorf("a number of more than 1024 characters")
	}
	// 512 bits are what Terraform gives a number. An exponent is bounded so
	// that a few bytes of an answer cannot become megabytes of digits.
	number, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
	if err != nil || number.IsInf() {
		return Value{}, fmt.Errorf("not a number")
	}
	if exponent := number.MantExp(nil); exponent > 2048 || exponent < -2048 {
		return Value{}, fmt.Errorf("a number beyond 10^±600")
	}
	if whole, exactly := number.Int64(); exactly == big.Exact {
		return Value{Number, strconv.FormatInt(whole, 10)}, nil // ten times faster, and -0 is 0
	}
	return Value{Number, number.Text('f', -1)}, nil
}

// mayBeNothing reports whether an account may answer the value for a property that nobody
// has set, be it as text.
func (v Value) mayBeNothing() bool {
	switch v.Normal() {
	case "", "0", "false":
		return true
	}
	return false
}

// MarshalJSON writes the value in its own kind.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Kind {
	case Null:
		return []byte("null"), nil
	case String:
		return json.Marshal(v.Text)
	default:
		return []byte(v.Text), nil
	}
}

// UnmarshalJSON reads any JSON value.
func (v *Value) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || data[0] == 'n':
		*v = Value{}
	case data[0] == '"':
		v.Kind = String
		return json.Unmarshal(data, &v.Text)
	case data[0] == 't' || data[0] == 'f':
		*v = Value{Bool, string(data)}
	case data[0] == '{' || data[0] == '[':
		*v = Value{Opaque, string(data)}
	default:
		number, err := NumberValue(string(data))
		if err != nil {
			number = Value{Opaque, string(data)}
		}
		*v = number
	}
	return nil
}

// CustomData holds the custom properties of a customer by name.
//
// Requests carry it as a list of {"property", "value"} ("Update customer").
// Answers carry an object; older ones a list of pairs; and [] or null where
// there is none.
type CustomData map[string]Value

type property struct {
	Property string `json:"property"`
	Value    Value  `json:"value"`
}

// MarshalJSON writes the form of requests, in the order of the names.
func (d CustomData) MarshalJSON() ([]byte, error) {
	pairs := make([]property, 0, len(d))
	for _, name := range slices.Sorted(maps.Keys(d)) {
		pairs = append(pairs, property{name, d[name]})
	}
	return json.Marshal(pairs)
}

// UnmarshalJSON reads all four forms of answers.
func (d *CustomData) UnmarshalJSON(data []byte) error {
	*d = nil
	data = bytes.TrimSpace(data)
	if isNull(data) {
		return nil
	}
	if !bytes.HasPrefix(data, []byte("[")) {
		properties, err := objectOnce(data)
		if err != nil {
			return err
		}
		read := make(CustomData, len(properties))
		for name, property := range properties {
			var value Value
			if err := value.UnmarshalJSON(property); err != nil {
				return err
			}
			read[name] = value
		}
		*d = read
		return nil
	}
	pairs, err := list(data)
	if err != nil {
		return err
	}
	read := make(CustomData, len(pairs))
	for _, pair := range pairs {
		fields, err := objectOnce(pair)
		if err != nil {
			return err
		}
		var name *string
		if json.Unmarshal(fields["property"], &name) != nil || name == nil {
			return errType
		}
		if _, twice := read[*name]; twice {
			return errTwice
		}
		var value Value
		if err := value.UnmarshalJSON(fields["value"]); err != nil {
			return err
		}
		read[*name] = value
	}
	*d = read
	return nil
}
