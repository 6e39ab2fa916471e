// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestWaitingIsTold: who has waited for the request limit for more than a minute
// says so, under one summary, with what takes the requests; who has not says nothing.
func TestWaitingIsTold(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, c := range []struct {
		limit, customers int
		told             int
	}{{20, 15, 0}, {20, 70, 70 - 19}} { // 19 beside the request for the account
		synctest.Test(t, func(t *testing.T) {
			account, err := sandbox.New(sandbox.Config{Rate: c.limit, Key: fmt.Sprint("waiting-", c.customers)})
			if err != nil {
				t.Fatal(err)
			}
			server, err := NewServer(NewOver("test", account.Transport()))
			if err != nil {
				t.Fatal(err)
			}
			process, err := core.Start(t.Context(), server, "1.14.0", attributes{
				"base_url": text(account.URL()), "api_key": text(account.Key()), "requests_per_minute": tftypes.NewValue(tftypes.Number, c.limit),
			})
			if err != nil {
				t.Fatal(err)
			}
			var blocks []core.Block
			for i := range c.customers {
				blocks = append(blocks, core.Block{Address: fmt.Sprintf("helpcrunch_customer.a[%d]", i), Type: "helpcrunch_customer", Attributes: attributes{"user_id": text(fmt.Sprint("crm-", i))}})
			}
			state := core.NewState()
			plan := process.Plan(t.Context(), state, blocks, core.Options{Parallelism: 100})
			said := process.Apply(t.Context(), state, plan, core.Options{Parallelism: 100})
			if said.Err() != nil {
				t.Fatal(said.Err())
			}
			for _, p := range said {
				if p.Summary != "Operations waited for the request limit" || !strings.Contains(p.Detail, "20 requests a minute") || !strings.Contains(p.Detail, "this run") {
					t.Errorf("%s", p)
				}
			}
			if len(said) != c.told {
				t.Errorf("%d of %d said that they waited, want %d", len(said), c.customers, c.told)
			}
		})
	}
}
