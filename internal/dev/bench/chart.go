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
	labelWidth = 210 // left of the bars
	barWidth   = 420 // of the longest
	barHeight  = 12
	barStep    = 15
	groupGap   = 14
	chartTop   = 84
	legendStep = 200
)

// chart draws the requests of all contenders, act by act. Colours follow the
// reader's light or dark mode.
func chart(f figures) string {
	most := 1
	var body strings.Builder
	for i, c := range contenders() {
		fmt.Fprintf(&body, "  <rect class=\"c%d\" x=\"%d\" y=\"50\" width=\"12\" height=\"12\" rx=\"2\"/>\n", i, 16+i*legendStep)
		fmt.Fprintf(&body, "  <text x=\"%d\" y=\"61\">%s</text>\n", 34+i*legendStep, c)
		for _, s := range steps {
			if r := f.find(c, peerCustomers, 0, s); r != nil {
				most = max(most, r.Requests)
			}
		}
	}
	y := chartTop
	for _, s := range steps {
		label := string(s.Act)
		if s.Act == plan {
			label = fmt.Sprintf("plan, -parallelism=%d", s.Parallelism)
		}
		fmt.Fprintf(&body, "  <text class=\"label\" x=\"%d\" y=\"%d\">%s</text>\n", labelWidth-10, y+barStep+barHeight-2, label)
		for i, c := range contenders() {
			if r := f.find(c, peerCustomers, 0, s); r != nil {
				width := max(2, r.Requests*barWidth/most)
				fmt.Fprintf(&body, "  <rect class=\"c%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>\n", i, labelWidth, y, width, barHeight)
				fmt.Fprintf(&body, "  <text class=\"number\" x=\"%d\" y=\"%d\">%s</text>\n", labelWidth+width+6, y+barHeight-2, html.EscapeString(cost(r)))
			}
			y += barStep
		}
		y += groupGap
	}
	title := fmt.Sprintf("Requests for %s customers", thousands(peerCustomers))
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="title">
  <title id="title">%[3]s, with this provider and with two others</title>
  <style>
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .head { font-size: 17px; font-weight: 600 }
    .label { text-anchor: end }
    .number { font-size: 11px }
    .c0 { fill: #0969da }
    .c1 { fill: #8c959f }
    .c2 { fill: #c4cad1 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .c0 { fill: #4493f8 }
      .c1 { fill: #7d8590 }
      .c2 { fill: #484f58 }
    }
  </style>
  <text class="head" x="16" y="30">%[3]s</text>
%[4]s</svg>
`, chartWidth, y, title, body.String())
}
