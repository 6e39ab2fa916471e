// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// TestDigestIsOfOneKeyAndCustomer: who has the state and not the API key has
// nothing to test guesses with, and cannot see who has the same value.
func TestDigestIsOfOneKeyAndCustomer(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, key := range []string{"a key", "another key"} {
		d, err := newDigester(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, customer := range []string{"1", "11"} {
			for _, place := range []string{"phone", "custom_data.phone"} {
				digest := d.digest(customer, place, "555").ValueString()[len(d.tag):]
				if seen[digest] {
					t.Errorf("the digest of customer %s, %s with %s was seen before", customer, place, key)
				}
				seen[digest] = true
			}
		}
	}
}

// Withholding what many properties hold costs by the property, not by their square,
// however they are named: an answer may have thousands.
func TestManyPropertiesAreDigestedAtOnce(t *testing.T) { // alone: it counts
	d, err := newDigester("secret-of-acme")
	if err != nil {
		t.Fatal(err)
	}
	allocated := func(properties int) float64 {
		held := &helpcrunch.Customer{ID: 1, CustomData: helpcrunch.CustomData{}}
		for i := range properties {
			held.CustomData[fmt.Sprint("e\u0301", i)] = helpcrunch.Value{Kind: helpcrunch.String, Text: "x"}
		}
		return testing.AllocsPerRun(1, func() {
			m := newCustomerModel()
			m.adopt(held, &account{digester: d})
			if len(m.Digests.Elements()) != properties {
				t.Fatalf("%d digests of %d properties", len(m.Digests.Elements()), properties)
			}
		})
	}
	if some, many := allocated(200), allocated(800); many > 6*some {
		t.Errorf("four times the properties take %.0f allocations instead of %.0f", many, some)
	}
}
