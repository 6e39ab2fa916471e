// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// good is what a run with nothing to complain of may have found.
func good() *results {
	without := measurement{requests: 1001, took: 50 * time.Second}
	alone := measurement{took: 40 * time.Second}
	return &results{
		rows: []row{
			{setting{1000, 10}, plan, measurement{requests: 100, took: 6 * time.Second}, 100, nil, &alone},
			{setting{1000, 10}, update, measurement{requests: 102, took: 44 * time.Second, providerCPU: 4 * time.Second, terraformCPU: 40 * time.Second}, 100, &without, &alone},
			{setting{1000, 100}, plan, measurement{requests: 10, took: 5 * time.Second}, 10, nil, nil},
			{setting{5000, 100}, update, measurement{requests: 502, peak: 68e6}, 500, nil, nil},
		},
		limited: []limited{{processes: 1, share: .98}, {processes: 4, share: .97}},
		spread:  spread{200 * time.Millisecond, 330 * time.Millisecond, 550 * time.Millisecond},
		lone:    251 * time.Millisecond,
		refusal: &refusal{requests: 12, errors: 100},
	}
}

func TestFiguresHold(t *testing.T) {
	t.Parallel()
	if err := missed(good().figures()); err != nil {
		t.Error(err)
	}
}

// TestMissedFigures: what is counted is judged, each by itself; times are not.
func TestMissedFigures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(*results)
		want  string
	}{
		"writes":              {func(r *results) { r.rows[1].requests = 106 }, "update all"},
		"reads":               {func(r *results) { r.rows[0].requests = 106 }, "plan without changes"},
		"reads of a hundred":  {func(r *results) { r.rows[2].requests = 21 }, "parallelism 100"},
		"memory":              {func(r *results) { r.rows[3].peak = 100e6 }, "Memory"},
		"429":                 {func(r *results) { r.limited[0].refused = 1 }, "one process"},
		"failures":            {func(r *results) { r.limited[1].failed = 1 }, "4 processes"},
		"refusals":            {func(r *results) { r.refusal.requests = 40 }, "nobody registered"},
		"an error is missing": {func(r *results) { r.refusal.errors = 99 }, "nobody registered"},
		"time":                {func(r *results) { r.rows[1].took = time.Hour }, ""},
		"rate":                {func(r *results) { r.limited[0].share = .949 }, "one process, of the rate"},
		"rate of four":        {func(r *results) { r.limited[1].share = .899 }, "4 processes, of the rate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good()
			test.spoil(r)
			err := missed(r.figures())
			switch {
			case test.want == "" && err != nil:
				t.Errorf("judged: %v", err)
			case test.want != "" && (err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want only one about %q", err, test.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	got := strings.Split(table(good().rows), "\n")
	for _, line := range got[:len(got)-1] {
		if strings.Count(line, "|") != len(heads)+1 || len([]rune(line)) != len([]rune(got[0])) {
			t.Errorf("not a line of the table: %s", line)
		}
	}
	if !strings.Contains(got[3], "update all           |      102 |               100 |  1.02 |           1,001 |    44.0 ") {
		t.Errorf("the update is %s", got[3])
	}
}

// TestChart: it is XML, and shows each number that it is about.
func TestChart(t *testing.T) {
	t.Parallel()
	text := chart(good(), "2 cores & more")
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">1,001, 8 minutes at the limit<", ">102, at once<", ">10, at once<", "Update all", "2 cores &amp; more"} {
		if !strings.Contains(text, want) {
			t.Errorf("the chart has no %q:\n%s", want, text)
		}
	}
}

func TestShareOfRate(t *testing.T) {
	t.Parallel()
	start := time.Unix(0, 0)
	var requests []sandbox.Request
	for window := range 3 {
		for range sandbox.DefaultRate {
			requests = append(requests, sandbox.Request{ArrivedAt: start.Add(time.Duration(window) * limitWindow)})
		}
	}
	if share := shareOfRate(requests); share != 1 {
		t.Errorf("a full rate is %v", share)
	}
	requests[len(requests)-1].ArrivedAt = start.Add(4 * limitWindow)
	if share := shareOfRate(requests); share != .5 {
		t.Errorf("half a rate is %v", share)
	}
}
