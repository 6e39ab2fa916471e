// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// one is the schemas of a provider with a resource "thing".
var one = &tfprotov6.GetProviderSchemaResponse{
	Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
	ResourceSchemas: map[string]*tfprotov6.Schema{"thing": {Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
		{Name: "id", Type: tftypes.String, Computed: true},
		{Name: "name", Type: tftypes.String, Optional: true},
		{Name: "any", Type: tftypes.DynamicPseudoType, Optional: true},
	}}}},
}

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := Parse(one, `
locals { names = ["a", "b"] }

resource "thing" "many" {
  count = 2
  name  = "n-${local.names[count.index]}"
}

resource "thing" "keyed" {
  for_each = { x = 1, y = 2 }
  name     = thing.many[each.value - 1].name
  any      = { seats = each.value, id = thing.many[0].id }
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [any]
  }
}

import {
  to = thing.keyed["x"]
  id = "17"
}
`)
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, block := range c.Blocks {
		addresses = append(addresses, block.Address)
	}
	if want := []string{"thing.many[0]", "thing.many[1]", `thing.keyed["x"]`, `thing.keyed["y"]`}; !slices.Equal(addresses, want) {
		t.Fatalf("the resources are %v, want %v", addresses, want)
	}
	if c.Imports[`thing.keyed["x"]`] != "17" {
		t.Errorf("the imports are %v", c.Imports)
	}
	y := c.Blocks[3]
	if !y.CreateBeforeDestroy || !slices.Equal(y.IgnoreChanges, []string{"any"}) || !slices.Equal(y.dependsOn(), []string{"thing.many[0]", "thing.many[1]"}) {
		t.Errorf("the block is %+v", y)
	}
	// Of the other resource only the name is known yet.
	values, err := y.evaluate(func(address string) (tftypes.Value, bool) {
		return object(one.ResourceSchemas["thing"], map[string]tftypes.Value{
			"id":   tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
			"name": tftypes.NewValue(tftypes.String, "name of "+address),
		}), true
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := Text(values["name"]); got != "name of thing.many[1]" {
		t.Errorf("the name is %q", got)
	}
	inner := Attributes(values["any"])
	if inner["id"].IsKnown() || !inner["seats"].Equal(tftypes.NewValue(tftypes.Number, 2)) {
		t.Errorf("the value of any type is %s", values["any"])
	}
	if got := c.Line(`thing.keyed["y"]`, "any"); !strings.HasPrefix(got, "  any      = {") {
		t.Errorf("the line is %q", got)
	}
}

// TestParseRefuses: what is not played is refused, and never left out.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"moved {\n  from = thing.a\n  to = thing.b\n}":                                  "moved blocks need the real Terraform",
		"import {\n  to = thing.a\n  identity = { id = \"1\" }\n}":                      "an import by identity needs the real Terraform",
		"resource \"other\" \"a\" {}":                                                   `there is no resource "other"`,
		"resource \"thing\" \"a\" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}": "prevent_destroy in lifecycle needs the real Terraform",
	} {
		if _, err := Parse(one, source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
	c, err := Parse(one, "resource \"thing\" \"a\" {\n  color = 1\n}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Blocks[0].evaluate(nil); err == nil || !strings.Contains(err.Error(), `there is no attribute "color"`) {
		t.Errorf("an attribute that does not exist: %v", err)
	}
}
