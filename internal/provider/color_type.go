// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/mazznoer/csscolorparser"
)

var (
	_ basetypes.StringTypable                    = colorType{}
	_ basetypes.StringValuableWithSemanticEquals = color{}
)

// colorType is the type of a tag's color: any CSS colour, equal when it looks the same.
type colorType struct {
	basetypes.StringType
}

// color is a value of colorType.
type color struct {
	basetypes.StringValue
}

func colorNull() color { return color{types.StringNull()} }

func (t colorType) Equal(o attr.Type) bool {
	_, ok := o.(colorType)
	return ok
}

func (t colorType) String() string { return "colorType" }

func (t colorType) ValueType(context.Context) attr.Value { return color{} }

func (t colorType) ValueFromString(_ context.Context, v basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return color{v}, nil
}

func (t colorType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	text, err := stringFromTerraform(ctx, t.StringType, in)
	return color{text}, err
}

func (v color) Type(context.Context) attr.Type { return colorType{} }

func (v color) Equal(o attr.Value) bool {
	other, ok := o.(color)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals reports whether both look the same.
func (v color) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(color)
	return ok && v.sameAs(other), nil
}

func (v color) sameAs(other color) bool {
	if v.IsNull() || v.IsUnknown() || other.IsNull() || other.IsUnknown() {
		return v.Equal(other)
	}
	return sameColor(v.ValueString(), other.ValueString())
}

// sameColor compares CSS colours; what cannot be parsed equals only itself.
func sameColor(a, b string) bool {
	if a == b {
		return true
	}
	mine, err := csscolorparser.Parse(a)
	theirs, err2 := csscolorparser.Parse(b)
	return err == nil && err2 == nil && mine.HexString() == theirs.HexString()
}
