// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"strings"
	"testing"
	"time"
)

func TestReadCustomers(t *testing.T) {
	customers, err := ReadCustomers(strings.NewReader("[" + adaBody + `,{"name":"Bob","customData":[]}]`))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, Config{Customers: customers})
	b.want("GET", "/customers/542335", "", 200, adaBody) // an answer is a seed
	b.field(bobID, "name", "Bob")

	for _, text := range []string{"", "{}", "[1]", "[{}] x"} {
		if got, err := ReadCustomers(strings.NewReader(text)); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestSeedIsShownAtOnce(t *testing.T) {
	b := newBench(t, Config{Switches: Switches{SearchLag: time.Hour}})
	if got := found(b.do("GET", "/customers", "")); got != "542335 542336" {
		t.Errorf("shown %q", got)
	}
}

func TestReadAttributes(t *testing.T) {
	want := `{"plan":"text","renewal":"date"}`
	if got, err := ReadAttributes(strings.NewReader(want)); err != nil || asJSON(got) != want {
		t.Errorf("%v %v", got, err)
	}
	if got, err := ParseAttributes("plan=text, renewal=date"); err != nil || asJSON(got) != want {
		t.Errorf("%v %v", got, err)
	}
	for _, text := range []string{"", "[]", `{"plan":"colour"}`, `{"":"text"}`} {
		if got, err := ReadAttributes(strings.NewReader(text)); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, text := range []string{"", "plan", "plan=", "=text", "plan=text,", "plan=colour"} {
		if got, err := ParseAttributes(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
