// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

var heads = []string{
	"Customers", "Parallelism", "Act", "Requests", "Smallest possible", "Ratio", "Without batches",
	"Seconds", "Without batches", "Terraform alone", "Provider CPU, s", "Terraform CPU, s", "Provider memory, MB",
}

const leftColumn = 2 // the act; all others are numbers

// table is a Markdown table that can be read as it is.
func table(rows []row) string {
	lines := [][]string{heads}
	for _, r := range rows {
		lines = append(lines, cells(r))
	}
	widths := make([]int, len(heads))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for n, line := range lines {
		for i, cell := range line {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == leftColumn {
				cell += gap
			} else {
				cell = gap + cell
			}
			fmt.Fprintf(&text, "| %s ", cell)
		}
		text.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i, width := range widths {
			if i == leftColumn {
				fmt.Fprintf(&text, "| %s ", strings.Repeat("-", width))
			} else {
				fmt.Fprintf(&text, "| %s: ", strings.Repeat("-", width-1))
			}
		}
		text.WriteString("|\n")
	}
	return text.String()
}

const none = "–"

func cells(r row) []string {
	line := []string{
		thousands(r.customers), fmt.Sprint(r.parallelism), titles[r.act],
		thousands(r.requests), thousands(r.smallest), fmt.Sprintf("%.2f", float64(r.requests)/float64(r.smallest)), none,
		number(r.took), none, none, number(r.providerCPU), number(r.terraformCPU), "n/a",
	}
	if r.without != nil {
		line[6], line[8] = thousands(r.without.requests), number(r.without.took)
	}
	if r.alone != nil {
		line[9] = number(r.alone.took)
	}
	if r.peak > 0 {
		line[12] = fmt.Sprintf("%.0f", megabytes(r.peak))
	}
	return line
}

func number(d time.Duration) string {
	if d == 0 {
		return none
	}
	return fmt.Sprintf("%.1f", d.Seconds())
}
