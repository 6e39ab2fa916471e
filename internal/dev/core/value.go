// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Attributes are the attributes of an object by name, none where it is null or
// unknown.
func Attributes(object tftypes.Value) map[string]tftypes.Value {
	var attributes map[string]tftypes.Value
	if object.IsKnown() && !object.IsNull() {
		_ = object.As(&attributes)
	}
	return attributes
}

// Text is a string, "" where it is null, unknown or no string.
func Text(value tftypes.Value) string {
	var text string
	if value.IsKnown() && !value.IsNull() && value.Type() != nil && value.Type().Is(tftypes.String) {
		_ = value.As(&text)
	}
	return text
}

// object is a value of a schema, in which what is not given is null.
func object(schema *tfprotov6.Schema, attributes map[string]tftypes.Value) tftypes.Value {
	kind, _ := schema.ValueType().(tftypes.Object)
	all := make(map[string]tftypes.Value, len(kind.AttributeTypes))
	for name, t := range kind.AttributeTypes {
		value, given := attributes[name]
		if !given {
			value = tftypes.NewValue(t, nil)
		}
		all[name] = value
	}
	return tftypes.NewValue(kind, all)
}

func null(schema *tfprotov6.Schema) tftypes.Value { return tftypes.NewValue(schema.ValueType(), nil) }

func encode(schema *tfprotov6.Schema, value tftypes.Value) (*tfprotov6.DynamicValue, error) {
	encoded, err := tfprotov6.NewDynamicValue(schema.ValueType(), value)
	return &encoded, err
}

func decode(schema *tfprotov6.Schema, value *tfprotov6.DynamicValue) (tftypes.Value, error) {
	if value == nil {
		return null(schema), nil
	}
	return value.Unmarshal(schema.ValueType())
}

// equal is equality as Terraform has it: type and value, and sets in any order.
func equal(a, b tftypes.Value) bool {
	if a.Type() == nil || b.Type() == nil || !a.Type().Equal(b.Type()) || a.IsKnown() != b.IsKnown() || a.IsNull() != b.IsNull() {
		return false
	}
	if !a.IsKnown() || a.IsNull() {
		return true
	}
	switch a.Type().(type) {
	case tftypes.Object, tftypes.Map:
		var left, right map[string]tftypes.Value
		if a.As(&left) != nil || b.As(&right) != nil || len(left) != len(right) {
			return false
		}
		for name, value := range left {
			if other, ok := right[name]; !ok || !equal(value, other) {
				return false
			}
		}
		return true
	case tftypes.Set:
		return sameElements(a, b, equal)
	}
	return a.Equal(b)
}

// completes reports whether an actual value is what was planned, with what was
// unknown filled in.
func completes(planned, actual tftypes.Value) bool {
	switch {
	case !planned.IsKnown():
		return true
	case planned.IsNull() || actual.IsNull() || !actual.IsKnown() || planned.IsFullyKnown():
		return equal(planned, actual)
	}
	switch planned.Type().(type) {
	case tftypes.Object, tftypes.Map:
		var left, right map[string]tftypes.Value
		if planned.As(&left) != nil || actual.As(&right) != nil || len(left) != len(right) {
			return false
		}
		for name, value := range left {
			if other, ok := right[name]; !ok || !completes(value, other) {
				return false
			}
		}
		return true
	case tftypes.Set:
		return sameElements(planned, actual, completes)
	}
	return equal(planned, actual)
}

// sameElements pairs the elements of two sets.
func sameElements(a, b tftypes.Value, same func(a, b tftypes.Value) bool) bool {
	var left, right []tftypes.Value
	if a.As(&left) != nil || b.As(&right) != nil || len(left) != len(right) {
		return false
	}
	right = slices.Clone(right)
	for _, element := range left {
		i := slices.IndexFunc(right, func(other tftypes.Value) bool { return same(element, other) })
		if i < 0 {
			return false
		}
		right = slices.Delete(right, i, i+1)
	}
	return true
}
