// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// A property that nobody registered, on a hundred customers: everyone gets the
// error in HelpCrunch's words, for few requests; what has nothing to do with
// it is written.
func TestUnregisteredPropertyIsLearned(t *testing.T) {
	for parallelism, switches := range map[int][]string{10: nil, 100: nil, 20: {"batch-clears-omitted"}, 50: {"custom-data-replaces"}} {
		open(t, crowd(110, switches...), func(a *account) {
			ids := a.ids()
			outcomes := a.updateAll(a.Context(), parallelism, ids, func(id int64) helpcrunch.Changes {
				if id < ids[100] {
					return helpcrunch.Changes{CustomData: helpcrunch.CustomData{"colour": {Kind: helpcrunch.String, Text: "red"}}}
				}
				return named("Ada")(id)
			})
			for id, got := range outcomes {
				if id >= ids[100] {
					if got.err != nil {
						t.Errorf("%d has nothing to do with it and got %v", id, got.err)
					}
				} else if got.err == nil || !strings.Contains(got.err.Error(), "customData[0].property") {
					t.Errorf("%d got %v", id, got.err)
				}
			}
			if n := a.requests(); n >= 40 && switches == nil {
				t.Errorf("%d at a time: %d requests", parallelism, n)
			}
		})
	}
	open(t, setup{sandbox: crowd(0).sandbox}, func(a *account) {
		a.server.ResetCounts()
		for range 100 {
			_, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{CustomData: helpcrunch.CustomData{"colour": {Kind: helpcrunch.String, Text: "red"}}})
			if err == nil {
				t.Fatal("created")
			}
		}
		if n := a.server.Count(sandbox.OpCreate); n != 3 {
			t.Errorf("%d creates", n)
		}
	})
}

// A bad value is one customer's own: the next may have a better one.
func TestBadValuesAreNotLearned(t *testing.T) {
	open(t, crowd(8), func(a *account) {
		ids := a.ids()
		for i, id := range ids {
			plan := strings.Repeat("x", 300)
			if i >= 5 {
				plan = "gold"
			}
			got := a.updateAll(a.Context(), 1, []int64{id}, planned(plan))[id]
			if (got.err == nil) != (i >= 5) {
				t.Errorf("%d: %v", i, got.err)
			}
		}
	})
}
