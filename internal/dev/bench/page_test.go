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
			all = append(all, row{Act: steps[i].act, Parallelism: steps[i].parallelism, Requests: n, ProviderCPU: 1.25, TerraformCPU: 2, Peak: 50e6})
		}
		return all
	}
	var f figures
	f = f.put(measured{Provider: "restful", Version: "0.1.0", Customers: peerCustomers, Date: "2024-01-31", Rows: rows(200, 100, 100, 300)})
	f = f.put(measured{Provider: "helpcrunch", Customers: 1000, Date: "2024-01-01", Rows: rows(7)})
	f = f.put(measured{Provider: "helpcrunch", Customers: 100, Date: "2024-02-02", Rows: rows(101, 11, 2, 25)})
	f = f.put(measured{Provider: "helpcrunch", Customers: 1000, Date: "2024-02-02", Rows: rows(1001, 101, 11, 205)})
	f = f.put(measured{Provider: "restful", Version: "0.1.0", Customers: limitCreates, Limit: 120, Rows: []row{{
		Act: create, Parallelism: 10, Requests: 430, Refused: 30, Errors: 2, Minutes: 3.25,
	}}})
	f[len(f)-2].Rows[1].Note = "sees changes that nobody made"
	return f
}

func TestPage(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(page(known())), " ") // a table has as much white space as it needs
	for _, want := range []string{
		"| 1,000 | update all | 10 | 205 | 202 | 1 | 1.2 | 2.0 | 50 |",
		"| 100 | plan, nothing to do | 100 | 2 | 2 | at once | 1.2 | 2.0 | 50 |",
		"| plan, -parallelism=10 | 11 | – | 100, sees changes that nobody made |",
		"| 200 creates at the limit: errors for the user | – | – | 2 |",
		"| Requests | This provider | Mastercard/restapi 3.0.0 | magodo/restful 0.1.0 |",
		"helpcrunch, 1,000 customers: measured on 2024-02-02",
		"restful, 100 customers: measured on 2024-01-31",
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
	for _, want := range []string{">25<", ">300<", ">100, sees changes that nobody made<", "magodo/restful 0.1.0"} {
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
		{step{create, 10}, 1000, 1001},
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

func TestMinutesAtLimit(t *testing.T) {
	t.Parallel()
	for requests, want := range map[int]int{0: 0, 1: 0, 120: 0, 121: 1, 240: 1, 1000: 8} {
		if got := minutesAtLimit(requests); got != want {
			t.Errorf("%d requests: %d minutes, want %d", requests, got, want)
		}
	}
}
