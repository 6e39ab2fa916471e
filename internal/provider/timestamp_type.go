// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ basetypes.StringTypable                    = timestampType{}
	_ basetypes.StringValuableWithSemanticEquals = timestamp{}
)

// timestampType is the type of first_seen and last_seen: UNIX seconds or RFC
// 3339, equal when the instant is equal. "" is kept empty.
type timestampType struct {
	basetypes.StringType
}

// timestamp is a value of timestampType.
type timestamp struct {
	basetypes.StringValue
}

func timestampText(text string) timestamp { return timestamp{types.StringValue(text)} }

func (t timestampType) Equal(o attr.Type) bool {
	_, ok := o.(timestampType)
	return ok
}

func (t timestampType) String() string { return "timestampType" }

func (t timestampType) ValueType(context.Context) attr.Value { return timestamp{} }

func (t timestampType) ValueFromString(_ context.Context, v basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return timestamp{v}, nil
}

func (t timestampType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	text, err := stringFromTerraform(ctx, t.StringType, in)
	return timestamp{text}, err
}

func (v timestamp) Type(context.Context) attr.Type { return timestampType{} }

// String tells nothing: the framework logs it at the level of TRACE, beside
// the calls of StringSemanticEquals.
func (v timestamp) String() string { return "timestamp" }

func (v timestamp) Equal(o attr.Value) bool {
	other, ok := o.(timestamp)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals reports whether both are the same instant.
func (v timestamp) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(timestamp)
	return ok && v.sameAs(other), nil
}

func (v timestamp) sameAs(other timestamp) bool {
	if v.Equal(other) {
		return true
	}
	if v.IsNull() || v.IsUnknown() || other.IsNull() || other.IsUnknown() {
		return false
	}
	mine, err := parseTimestamp(v.ValueString())
	theirs, err2 := parseTimestamp(other.ValueString())
	return err == nil && err2 == nil && mine == theirs
}

// parseTimestamp reads UNIX seconds or RFC 3339; "" is null.
func parseTimestamp(text string) (helpcrunch.Timestamp, error) {
	if text == "" {
		return helpcrunch.Timestamp{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return helpcrunch.At(seconds), nil
	}
	moment, err := parseRFC3339(text)
	if errors.Is(err, errNotRFC3339) {
		err = errors.New(`write UNIX seconds such as "1700000000", or RFC 3339 such as "2023-11-14T22:13:20Z"`)
	}
	return moment, err
}

var errNotRFC3339 = errors.New(`write RFC 3339 such as "2023-11-14T22:13:20Z"`)

func parseRFC3339(text string) (helpcrunch.Timestamp, error) {
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return helpcrunch.Timestamp{}, errNotRFC3339
	}
	if moment.Nanosecond() != 0 {
		return helpcrunch.Timestamp{}, errors.New("HelpCrunch keeps whole seconds: leave the fraction of a second out")
	}
	return helpcrunch.At(moment.Unix()), nil
}

// stringFromTerraform is what every string type with a meaning of its own starts from.
func stringFromTerraform(ctx context.Context, t basetypes.StringType, in tftypes.Value) (basetypes.StringValue, error) {
	v, err := t.ValueFromTerraform(ctx, in)
	if err != nil {
		return basetypes.StringValue{}, err
	}
	text, ok := v.(basetypes.StringValue)
	if !ok {
		return basetypes.StringValue{}, fmt.Errorf("a string is a %T", v)
	}
	return text, nil
}
