// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"html"
	"strings"
)

// The measures of the chart, in pixels.
const (
	chartWidth = 760
	labelWidth = 190 // left of the bars
	barWidth   = 360 // of the longest
	barHeight  = 18
	barStep    = 24
	groupStep  = 38 // for the title of a group
	chartTop   = 56
)

// bar is one number of requests.
type bar struct {
	label    string
	class    string
	requests int
}

// chart draws the requests for 1,000 customers. Colours follow the reader's
// light or dark mode.
func chart(r *results, machine string) string {
	var body strings.Builder
	y := chartTop
	for _, a := range []act{plan, update, drift} {
		bars := r.bars(a)
		if len(bars) == 0 {
			continue
		}
		title := titles[a]
		fmt.Fprintf(&body, "  <text class=\"act\" x=\"16\" y=\"%d\">%s</text>\n", y+14, strings.ToUpper(title[:1])+title[1:])
		y += barStep
		for _, b := range bars {
			width := max(2, b.requests*barWidth/requestedCustomers)
			fmt.Fprintf(&body, "  <text class=\"label\" x=\"%d\" y=\"%d\">%s</text>\n", labelWidth-8, y+13, html.EscapeString(b.label))
			fmt.Fprintf(&body, "  <rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>\n", b.class, labelWidth, y, width, barHeight)
			fmt.Fprintf(&body, "  <text x=\"%d\" y=\"%d\">%s</text>\n", labelWidth+width+8, y+13, html.EscapeString(cost(b.requests)))
			y += barStep
		}
		y += groupStep - barStep
	}
	height := y + 20
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="title">
  <title id="title">Requests that the provider needs for %[3]s customers</title>
  <style>
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .head { font-size: 17px; font-weight: 600 }
    .act { font-weight: 600 }
    .label { text-anchor: end }
    .note { font-size: 11px; fill: #656d76 }
    .without { fill: #b9c0c8 }
    .with { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .note { fill: #8d96a0 }
      .without { fill: #484f58 }
      .with { fill: #4493f8 }
    }
  </style>
  <text class="head" x="16" y="30">Requests for %[3]s customers</text>
%[4]s  <text class="note" x="16" y="%[5]d">make bench on %[6]s</text>
</svg>
`, chartWidth, height, thousands(requestedCustomers), body.String(), height-10, html.EscapeString(machine))
}

// bars are those of one act: first without batches, then with.
func (r *results) bars(a act) []bar {
	var bars []bar
	for _, line := range r.rows {
		if line.act != a || line.customers != requestedCustomers {
			continue
		}
		if line.without != nil {
			bars = append(bars, bar{"without batches", "without", line.without.requests})
		}
		bars = append(bars, bar{fmt.Sprintf("parallelism %d", line.parallelism), "with", line.requests})
	}
	return bars
}

// cost is a number of requests, and what the limit makes of it.
func cost(requests int) string {
	const perMinute = 120
	switch minutes := (requests - 1) / perMinute; minutes {
	case 0:
		return fmt.Sprintf("%s, at once", thousands(requests))
	case 1:
		return fmt.Sprintf("%s, a minute at the limit", thousands(requests))
	default:
		return fmt.Sprintf("%s, %d minutes at the limit", thousands(requests), minutes)
	}
}
