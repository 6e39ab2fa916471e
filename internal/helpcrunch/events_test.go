// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

func TestSendEvent(t *testing.T) {
	open(t, setup{}, func(a *account) {
		sent := helpcrunch.Event{Name: "signed in", Customer: a.ada, Data: map[string]any{"from": "web", "exactly": json.Number("9007199254740993")}}
		if err := a.SendEvent(a.Context(), sent); err != nil {
			a.Fatal(err)
		}
		events := a.server.Events()
		if len(events) != 1 || events[0].Customer != a.ada || events[0].Name != "signed in" || fmt.Sprint(events[0].Data) != "map[exactly:9007199254740993 from:web]" {
			a.Errorf("received %v", events)
		}
		if err := a.SendEvent(a.Context(), helpcrunch.Event{Name: "signed out", Customer: a.ada}); err != nil {
			a.Fatal(err)
		}
		if body := string(a.server.Requests()[1].Body); !strings.Contains(body, `"data":{}`) {
			a.Errorf("without data %s is sent", body)
		}
		sent.Customer++
		if err := a.SendEvent(a.Context(), sent); !helpcrunch.IsNotFound(err) {
			a.Errorf("an event of nobody: %v", err)
		}
	})
}
