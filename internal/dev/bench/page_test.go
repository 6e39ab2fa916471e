// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// known are figures as runs of different days leave them.
func known() figures {
	rows := func(requests ...int) []row {
		var all []row
		for i, n := range requests {
			all = append(all, row{step: steps[i], usage: usage{125, 200, 50e6}, Requests: n})
		}
		return all
	}
	var f figures
	f = f.put(measured{Provider: peers[1].String(), Customers: peerCustomers, Date: "2024-01-31", Machine: "theirs", Rows: rows(200, 100, 100, 300)})
	f = f.put(measured{Provider: ours.String(), Customers: 1000, Date: "2024-01-01", Rows: rows(7)})
	f = f.put(measured{Provider: ours.String(), Customers: 100, Date: "2024-02-02", Machine: "ours", Rows: rows(101, 11, 2, 25)})
	f = f.put(measured{Provider: ours.String(), Customers: 1000, Date: "2024-02-02", Machine: "ours", Rows: rows(1001, 101, 11, 205)})
	f = f.put(measured{Provider: peers[1].String(), Customers: limitCreates, Limit: 120, Rows: []row{{step: steps[0], Requests: 430, Errors: 2}}})
	f[0].Rows[1].Wrong = "sees changes that nobody made"
	return f
}

func TestPage(t *testing.T) {
	t.Parallel()
	text := page(known())
	for _, want := range []string{
		"| 1,000 | update all | 10 | 205 | 202 | 1 | 1.2 | 2.0 | 50 |",
		"| 100 | plan, nothing to do | 100 | 2 | 2 | at once | 1.2 | 2.0 | 50 |",
		"| plan, nothing to do, `-parallelism=10` | 11 | – | 100, sees changes that nobody made |",
		"| 200 creates at the limit: errors for the user | – | – | 2 |",
		"| Requests | this provider | Mastercard/restapi 3.0.0 | magodo/restful 0.25.1 |",
		"- this provider, 1,000 customers: 2024-02-02, ours",
		"- magodo/restful 0.25.1, 100 customers: 2024-01-31, theirs",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "2024-01-01") {
		t.Errorf("the page has what was measured anew since:\n%s", text)
	}
}

// TestChart: it is XML, and shows the numbers that it is about.
func TestChart(t *testing.T) {
	t.Parallel()
	text := chart(known())
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">25<", ">300<", ">100, sees changes that nobody made<", "magodo/restful 0.25.1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the chart has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "205") {
		t.Errorf("the chart is about %d customers only:\n%s", peerCustomers, text)
	}
}

func TestSmallest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		step      step
		customers int
		want      int
	}{
		{step{create, 10}, 1000, 1002},
		{step{plan, 10}, 1001, 102},
		{step{plan, 500}, 1001, 12},
		{step{update, 10}, 1000, 202},
		{step{drift, 10}, 1000, 103},
		{step{destroy, 10}, 1000, 1102},
	} {
		if got := test.step.smallest(test.customers); got != test.want {
			t.Errorf("%v with %d customers: %d, want %d", test.step, test.customers, got, test.want)
		}
	}
}
