// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func str(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func setOf(elements ...tftypes.Value) tftypes.Value {
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, elements)
}

var (
	unknown  = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	nullText = tftypes.NewValue(tftypes.String, nil)
)

// TestCompletes: what was planned, with what was unknown filled in, and nothing else.
func TestCompletes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		planned, actual tftypes.Value
		want            bool
	}{
		"the same":                 {str("a"), str("a"), true},
		"another":                  {str("a"), str("b"), false},
		"absent":                   {str("a"), nullText, false},
		"present":                  {nullText, str("a"), false},
		"filled in":                {unknown, str("a"), true},
		"another type":             {str("1"), tftypes.NewValue(tftypes.Number, 1), false},
		"a set in another order":   {setOf(str("a"), str("b")), setOf(str("b"), str("a")), true},
		"a set with one unknown":   {setOf(str("a"), unknown), setOf(str("b"), str("a")), true},
		"a set with one too many":  {setOf(str("a")), setOf(str("a"), str("b")), false},
		"a set with another":       {setOf(str("a"), str("b")), setOf(str("a"), str("c")), false},
		"a set with one twice":     {setOf(str("a"), str("b")), setOf(str("a"), str("a")), false},
		"an object beside its map": {tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"a": str("a")}), tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.String}}, map[string]tftypes.Value{"a": str("a")}), false},
	} {
		if got := completes(test.planned, test.actual); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// TestInvalidPlan: a provider may plan what the configuration says, what the
// state says where the configuration says something, and what it computes.
func TestInvalidPlan(t *testing.T) {
	t.Parallel()
	schema := &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
		{Name: "id", Type: tftypes.String, Computed: true},
		{Name: "name", Type: tftypes.String, Optional: true},
	}}}
	of := func(id, name tftypes.Value) tftypes.Value {
		return object(schema, map[string]tftypes.Value{"id": id, "name": name})
	}
	for name, test := range map[string]struct {
		prior, config, planned tftypes.Value
		valid                  bool
	}{
		"a create":                      {null(schema), of(nullText, str("a")), of(unknown, str("a")), true},
		"the state's form":              {of(str("1"), str("A")), of(nullText, str("a")), of(str("1"), str("A")), true},
		"neither":                       {of(str("1"), str("A")), of(nullText, str("a")), of(str("1"), str("b")), false},
		"a default":                     {null(schema), of(nullText, nullText), of(unknown, str("a")), false},
		"what the configuration is not": {of(str("1"), str("a")), of(nullText, nullText), of(str("1"), str("a")), false},
		"nothing":                       {null(schema), of(nullText, str("a")), null(schema), false},
	} {
		if why := invalidPlan(schema, test.prior, test.config, test.planned); (why == "") != test.valid {
			t.Errorf("%s: got %q", name, why)
		}
	}
}
