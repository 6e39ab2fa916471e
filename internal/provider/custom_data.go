// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// customData reads and folds custom_data: an object or map of strings, numbers,
// bools and nulls.
type customData struct{ types.Dynamic }

// isNull also sees a null that has a type, such as tomap(null).
func (v customData) isNull() bool { return v.IsNull() || v.IsUnderlyingValueNull() }

// isUnknown reports whether not even the names of the properties are known.
func (v customData) isUnknown() bool { return v.IsUnknown() || v.IsUnderlyingValueUnknown() }

// elements are the properties by name; ok is false for anything but an object or a map.
func (v customData) elements() (elements map[string]attr.Value, ok bool) {
	if v.isNull() || v.isUnknown() {
		return nil, true
	}
	switch underlying := v.UnderlyingValue().(type) {
	case types.Object:
		return underlying.Attributes(), true
	case types.Map:
		return underlying.Elements(), true
	}
	return nil, false
}

// properties are the properties as the API has them. Elements of a wrong kind
// and unknown ones are left out: problems reports the first, and nothing is
// sent before the second are known.
func (v customData) properties() helpcrunch.CustomData {
	elements, _ := v.elements()
	properties := make(helpcrunch.CustomData, len(elements))
	for name, element := range elements {
		if value, ok := propertyValue(element); ok {
			properties[name] = value
		}
	}
	return properties
}

// fold is what custom_data reads as when HelpCrunch holds held: the same
// properties, of which those that still mean the same keep their value and
// type. A map stays a map where the new values fit into it; otherwise one
// drifted property would drag all others into the plan.
func (v customData) fold(held helpcrunch.CustomData) types.Dynamic {
	held = held.Named()
	elements, _ := v.elements()
	folded := make(map[string]attr.Value, len(elements))
	for name, element := range elements {
		if prior, ok := propertyValue(element); ok && prior.Equal(held[name]) {
			folded[name] = element
		} else {
			folded[name] = elementOf(held[name])
		}
	}
	if prior, ok := v.UnderlyingValue().(types.Map); ok {
		if fitting, ok := mapOf(prior.ElementType(context.Background()), folded); ok {
			return types.DynamicValue(fitting)
		}
	}
	return customDataObject(folded)
}

// with is v, and the property as other has it where v has none.
func (v customData) with(name string, other types.Dynamic) types.Dynamic {
	mine, _ := v.elements()
	theirs, _ := customData{other}.elements()
	if _, managed := mine[name]; managed || theirs[name] == nil {
		return v.Dynamic
	}
	if mine = maps.Clone(mine); mine == nil {
		mine = make(map[string]attr.Value)
	}
	mine[name] = theirs[name]
	return customDataObject(mine)
}

// customDataObject is an object of the elements.
func customDataObject(elements map[string]attr.Value) types.Dynamic {
	kinds := make(map[string]attr.Type, len(elements))
	for name, element := range elements {
		kinds[name] = element.Type(context.Background())
	}
	return types.DynamicValue(types.ObjectValueMust(kinds, elements))
}

// customDataOf is an object of everything that HelpCrunch holds and Terraform
// can write: what is empty or not a plain value is left out.
func customDataOf(held helpcrunch.CustomData) types.Dynamic {
	elements := make(map[string]attr.Value, len(held))
	for name, value := range held.Named() {
		if name != "" && !value.IsEmpty() && value.Kind != helpcrunch.Opaque {
			elements[name] = elementOf(value)
		}
	}
	if len(elements) == 0 {
		return types.DynamicNull()
	}
	return customDataObject(elements)
}

// mapOf is a map of the elements, each turned into the element type; ok is
// false where one does not fit.
func mapOf(kind attr.Type, elements map[string]attr.Value) (result types.Map, ok bool) {
	fitted := make(map[string]attr.Value, len(elements))
	for name, element := range elements {
		value, _ := propertyValue(element)
		switch {
		case element.Type(context.Background()).Equal(kind):
			fitted[name] = element
		case kind.Equal(types.StringType) && value.Kind == helpcrunch.Null:
			fitted[name] = types.StringNull()
		case kind.Equal(types.StringType):
			fitted[name] = types.StringValue(value.Text)
		case kind.Equal(types.NumberType) && value.Kind == helpcrunch.Null:
			fitted[name] = types.NumberNull()
		case kind.Equal(types.BoolType) && value.Kind == helpcrunch.Null:
			fitted[name] = types.BoolNull()
		default:
			return result, false
		}
	}
	return types.MapValueMust(kind, fitted), true
}

// propertyValue is the API's form of a property; ok is false for what a
// property cannot hold and for unknown values.
func propertyValue(element attr.Value) (value helpcrunch.Value, ok bool) {
	if element == nil || element.IsNull() {
		return helpcrunch.Value{}, true
	}
	if element.IsUnknown() {
		return value, false
	}
	switch typed := element.(type) {
	case types.Dynamic:
		return propertyValue(typed.UnderlyingValue())
	case types.String:
		return helpcrunch.Value{Kind: helpcrunch.String, Text: typed.ValueString()}, true
	case types.Bool:
		return helpcrunch.Value{Kind: helpcrunch.Bool, Text: fmt.Sprint(typed.ValueBool())}, true
	case types.Number:
		value, err := helpcrunch.SentNumber(typed.ValueBigFloat().Text('g', -1))
		return value, err == nil
	}
	return value, false
}

// elementOf is Terraform's form of a property.
func elementOf(value helpcrunch.Value) attr.Value {
	switch value.Kind {
	case helpcrunch.Null:
		return types.DynamicNull()
	case helpcrunch.Bool:
		return types.BoolValue(value.Text == "true")
	case helpcrunch.Number:
		if number, _, err := big.ParseFloat(value.Text, 10, 512, big.ToNearestEven); err == nil {
			return types.NumberValue(number)
		}
	}
	return textOf(value.Text)
}
