// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// chartURL is the chart for readers of the registry, which shows no files.
const chartURL = "https://raw.githubusercontent.com/terraform-helpcrunch/terraform-provider-helpcrunch/main/" + chartPath

// page is made of the figures alone.
func page(f figures) string {
	return fmt.Sprintf(`---
page_title: "Benchmark: what the provider costs"
description: |-
  How many requests, how much CPU and memory the provider needs, beside the smallest possible and beside other providers.
---

# What the provider costs

![Requests for %[1]d customers, beside two other providers](%[2]s)

HelpCrunch allows an account %[3]d requests a minute, so the requests are what takes the time. `+"`make bench`"+` counts them: the real Terraform CLI, with its state in an http backend, against a local HelpCrunch that answers at once and, unless the table says otherwise, has no limit. *Minutes at the limit* are computed: %[3]d requests may leave at once, and each further %[3]d take a minute.

## Beside the smallest possible

%[4]s
- *Smallest possible* is what nobody can go below: HelpCrunch creates and deletes customers one by one, updates at most %[5]d and finds at most %[6]d with one request, and Terraform reads as many side by side as its `+"`-parallelism`"+` says. Each provider process asks once which account it has, and Terraform has two of them for an apply of something that is there: it plans with one and applies with the other.
- *update all* and *destroy* read everything first, as `+"`terraform apply`"+` and `+"`terraform destroy`"+` do. *repair drift* is a plan that finds what a colleague has changed, and an apply of that plan. The provider itself has written these customers a moment ago, and reads those that differ once more, alone: a search may lag behind. Ten minutes later it does not.
- CPU is that of all processes of the provider, and of Terraform without them. Memory is the most that one process of the provider had.

%[7]s
## Beside other providers

There are providers for any REST API. These two do the same work on %[1]d customers, each by itself.

%[8]s
%[9]s`, peerCustomers, chartURL, sandbox.DefaultRate, table(costs(f)), batchSize, searchSize, origins(f, ours.name), table(comparison(f)), peersNote(f))
}

// costs are the lines of the first table.
func costs(f figures) [][]string {
	lines := [][]string{{"Customers", "", "`-parallelism`", "Requests", "Smallest possible", "Minutes at the limit", "Provider CPU, s", "Terraform CPU, s", "Provider memory, MB"}}
	for _, m := range f {
		if m.Provider != ours.name || m.Limit != 0 {
			continue
		}
		for _, r := range m.Rows {
			s := step{r.Act, r.Parallelism}
			lines = append(lines, []string{
				thousands(m.Customers), string(r.Act), fmt.Sprint(r.Parallelism), thousands(r.Requests), thousands(s.smallest(m.Customers)),
				minutes(r.Requests), fmt.Sprintf("%.1f", r.ProviderCPU), fmt.Sprintf("%.1f", r.TerraformCPU), fmt.Sprintf("%.0f", megabytes(r.Peak)),
			})
		}
	}
	return lines
}

func minutes(requests int) string {
	if n := minutesAtLimit(requests); n > 0 {
		return fmt.Sprint(n)
	}
	return "at once"
}

// comparison are the lines of the second table.
func comparison(f figures) [][]string {
	lines := [][]string{{"Requests", "This provider"}}
	for _, c := range peers {
		lines[0] = append(lines[0], f.published(c).String())
	}
	add := func(title string, cell func(c contender) string) {
		line := []string{title}
		for _, c := range contenders() {
			line = append(line, cell(c))
		}
		lines = append(lines, line)
	}
	for _, s := range steps {
		add(s.title(), func(c contender) string {
			return cost(f.find(c.name, peerCustomers, 0).row(s))
		})
	}
	limited := func(title string, cell func(r *row) string) {
		add(fmt.Sprintf("%d creates at the limit: %s", limitCreates, title), func(c contender) string {
			if r := f.find(c.name, limitCreates, sandbox.DefaultRate).row(steps[0]); r != nil {
				return cell(r)
			}
			return missing
		})
	}
	limited("all requests", func(r *row) string { return fmt.Sprint(r.Requests) })
	limited("of them refused", func(r *row) string { return fmt.Sprint(r.Refused) })
	limited("errors for the user", func(r *row) string { return fmt.Sprint(r.Errors) })
	limited("minutes", func(r *row) string { return fmt.Sprintf("%.1f", r.Minutes) })
	return lines
}

// missing stands for what was not measured.
const missing = "–"

// cost is a cell: the requests, and what went wrong.
func cost(r *row) string {
	switch {
	case r == nil:
		return missing
	case r.Errors > 0:
		return fmt.Sprintf("%s, %d errors", thousands(r.Requests), r.Errors)
	case r.Note != "":
		return thousands(r.Requests) + ", " + r.Note
	default:
		return thousands(r.Requests)
	}
}

func contenders() []contender { return slices.Concat([]contender{ours}, peers) }

// published is a peer in the version that was measured.
func (f figures) published(c contender) contender {
	if m := f.find(c.name, peerCustomers, 0); m.Version != "" {
		c.version = m.Version
	}
	return c
}

func peersNote(f figures) string {
	var text strings.Builder
	fmt.Fprintf(&text, "- *At the limit* HelpCrunch refuses whatever is more than %d requests in any minute. The minutes are those from the first request to the last.\n", sandbox.DefaultRate)
	var sources []string
	for _, c := range peers {
		sources = append(sources, fmt.Sprintf("[%s](https://github.com/%s)", f.published(c), c.repository))
	}
	fmt.Fprintf(&text, "- %s were built from the sources of these releases. [How they are set up](https://github.com/terraform-helpcrunch/terraform-provider-helpcrunch/blob/main/internal/dev/bench/contender.go) follows their documentation: updates with PATCH, which leaves alone what a request does not mention, up to ten retries, and for restapi its `rate_limit` of two a second. restapi does not watch custom data, whose form differs between a request and an answer; restful does, with a template for the answer.\n", strings.Join(sources, " and "))
	for _, c := range peers {
		text.WriteString(origins(f, c.name))
	}
	return text.String()
}

// origins say when and where the figures of a provider were measured.
func origins(f figures, provider string) string {
	var text strings.Builder
	for _, m := range f {
		if m.Provider == provider {
			limit := ""
			if m.Limit > 0 {
				limit = " at the limit"
			}
			fmt.Fprintf(&text, "- %s, %s customers%s: measured on %s, %s.\n", provider, thousands(m.Customers), limit, m.Date, m.Machine)
		}
	}
	return text.String()
}

// table is a Markdown table that can be read as it is.
func table(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
	}
	var text strings.Builder
	for _, line := range slices.Insert(slices.Clone(lines), 1, rule) {
		for i, cell := range line {
			text.WriteString("| " + cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+1))
		}
		text.WriteString("|\n")
	}
	return text.String()
}

// thousands groups the digits of a number that is not negative.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
