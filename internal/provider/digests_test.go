// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import "testing"

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
