// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"testing"
	"testing/synctest"
)

func TestEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock starts at 946684800
		b := newBench(t, Config{})
		b.want("POST", "/events", `{"name":"paid","customer":542335,"data":{"sum":12345678901234567890}}`, 200,
			`{"createdAt":"946684800","data":{"sum":12345678901234567890},"id":1,"name":"paid"}`)
		b.want("POST", "/events", `{"name":"seen","customer":542335,"data":{}}`, 200,
			`{"createdAt":"946684800","data":[],"id":2,"name":"seen"}`)
		b.want("POST", "/events", `{"name":"seen","customer":542335,"data":[]}`, 200, // which is how PHP writes {}
			`{"createdAt":"946684800","data":[],"id":3,"name":"seen"}`)
		events := b.Events()
		if len(events) != 3 || events[0].Name != "paid" || events[0].Customer != adaID ||
			asJSON(events[0].Data) != `{"sum":12345678901234567890}` {
			t.Errorf("events %v", events)
		}
		if got := b.Counts().Events; got != 3 {
			t.Errorf("%d events counted", got)
		}
	})
}

func TestEventRefusals(t *testing.T) {
	b := newBench(t, Config{})
	b.want("POST", "/events", `{"name":"paid","customer":1}`, 404, notFoundBody)
	b.want("POST", "/events", `{"name":"paid","customer":"542335"}`, 400, refusal("customer", "This value should be of type numeric."))
	b.want("POST", "/events", `{"name":"paid","customer":542335,"data":[1]}`, 400, refusal("data", "This value should be of type object."))
	b.want("POST", "/events", `{"name":"","data":7}`, 400, errorsOf("invalid_request", "Invalid request",
		"name", "This value should not be blank.", "data", "This value should be of type object.",
		"customer", "This value should not be blank."))
	if got := b.Events(); len(got) != 0 {
		t.Errorf("refused events kept: %v", got)
	}
}
