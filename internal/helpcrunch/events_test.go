// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"fmt"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

func TestSendEvent(t *testing.T) {
	open(t, setup{}, func(a *account) {
		sent := helpcrunch.Event{Name: "signed in", Customer: a.ada, Data: map[string]any{"from": "web"}}
		if err := a.SendEvent(a.Context(), sent); err != nil {
			a.Fatal(err)
		}
		events := a.server.Events()
		if len(events) != 1 || events[0].Customer != a.ada || events[0].Name != "signed in" || fmt.Sprint(events[0].Data) != "map[from:web]" {
			a.Errorf("received %v", events)
		}
		sent.Customer++
		if err := a.SendEvent(a.Context(), sent); !helpcrunch.IsNotFound(err) {
			a.Errorf("an event of nobody: %v", err)
		}
	})
}
