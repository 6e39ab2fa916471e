// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestUntaintedImportIsStillLetGo: Terraform hands over no private state where a
// tainted object is replaced, and keeps none where that is refused. What an import
// found and no configuration has ever mentioned is let go all the same.
func TestUntaintedImportIsStillLetGo(t *testing.T) {
	t.Parallel()
	for _, noRefresh := range []bool{false, true} {
		helpCrunch := newSandbox(t)
		id, err := helpCrunch.Add(sandbox.Record{"name": "Ada", "company": "Engines", "tags": []string{"auto"}, "customData": map[string]any{"plan": "gold"}})
		if err != nil {
			t.Fatal(err)
		}
		blocks := []core.Block{{Address: "helpcrunch_customer.a", Type: "helpcrunch_customer", Attributes: attributes{"name": text("Ada")}}}
		state := core.NewState()
		apply := func(o core.Options) core.Problems {
			t.Helper()
			server, err := NewServer(New("test"))
			if err != nil {
				t.Fatal(err)
			}
			process, err := core.Start(t.Context(), server, "1.14.0", attributes{
				"base_url": text(helpCrunch.URL()), "api_key": text(helpCrunch.Key()),
				"requests_per_minute": tftypes.NewValue(tftypes.Number, 100_000),
			})
			if err != nil {
				t.Fatal(err)
			}
			plan := process.Plan(t.Context(), state, blocks, o)
			if plan.Problems.Err() != nil {
				t.Fatal(plan.Problems)
			}
			return process.Apply(t.Context(), state, plan, o)
		}

		server, err := NewServer(New("test"))
		if err != nil {
			t.Fatal(err)
		}
		process, err := core.Start(t.Context(), server, "1.14.0", attributes{"base_url": text(helpCrunch.URL()), "api_key": text(helpCrunch.Key())})
		if err != nil {
			t.Fatal(err)
		}
		imported, problems := process.Import(t.Context(), "helpcrunch_customer.a", "helpcrunch_customer", itoa(id))
		if problems.Err() != nil {
			t.Fatal(problems)
		}
		state.Set("helpcrunch_customer.a", imported)

		state.Taint("helpcrunch_customer.a", true)
		if said := apply(core.Options{}).Errors(); len(said) != 1 || !strings.Contains(said[0].Summary, "must not be deleted") {
			t.Fatalf("the replacement of somebody imported was answered with %v", said)
		}
		state.Taint("helpcrunch_customer.a", false)
		for range 2 { // the first lets go, the second has nothing to do
			if said := apply(core.Options{NoRefresh: noRefresh}); said.Err() != nil {
				t.Fatal(said)
			}
			held, _ := helpCrunch.Customer(id)
			if plan, _ := held.Custom("plan"); held["company"] != "Engines" || len(held.TagNames()) != 1 || plan != "gold" {
				t.Errorf("refresh %t: what nobody has mentioned was cleared: %v", !noRefresh, held)
			}
		}
	}
}
