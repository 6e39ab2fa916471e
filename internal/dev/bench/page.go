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
- *Smallest possible* is what nobody can go below: HelpCrunch creates and deletes customers one by one, updates at most %[5]d and finds at most %[6]d with one request, and Terraform reads as many side by side as its `+"`-parallelism`"+` says. Each provider process asks once which account it has, and Terraform has two of them for an apply: it plans with one and applies with the other. (The 10,000 were created by a version that did not ask in the plan.) How many reads meet in one search depends on the pace of the machine.
- *update all* and *destroy* read everything first, as `+"`terraform apply`"+` and `+"`terraform destroy`"+` do. *repair drift* is a plan that finds what a colleague has changed, and an apply of that plan. The first update of many goes alone, after a search and a read, which together show what the account clears: three requests more. The customers hold something of each kind that an update leaves out (text, a tag, custom attributes, and they have unsubscribed). Where nobody holds any of a kind, a search before each batch says so: up to one request more for every ten customers. (The 10,000 were updated by a version that compared text alone, and had not unsubscribed.) The provider itself has written the drifted customers a moment ago, and reads them once more, alone: a search may lag behind. Ten minutes later it does not.
- CPU is that of all processes of the provider, and of Terraform without them. Memory is the most that one process of the provider had.

## Beside other providers

There are providers for any REST API. These two do the same work on %[1]d customers, each by itself.

%[7]s
- *At the limit* HelpCrunch refuses whatever is more than %[3]d requests in any minute. The minutes are those from the first request to the last.
- The others were built from the sources of their releases, [Mastercard/terraform-provider-restapi](https://github.com/Mastercard/terraform-provider-restapi) and [magodo/terraform-provider-restful](https://github.com/magodo/terraform-provider-restful). [How they are set up](https://github.com/terraform-helpcrunch/terraform-provider-helpcrunch/blob/main/internal/dev/bench/contender.go) follows their documentation: updates with PATCH, which leaves alone what a request does not mention, up to ten retries, and for restapi its `+"`rate_limit`"+` of two a second. restapi does not watch custom data, which an answer has in another form than a request; restful does, with a template for the answer.

## When this was measured

%[8]s`, peerCustomers, chartURL, sandbox.DefaultRate, table(costs(f)), batchSize, searchSize, table(comparison(f)), origins(f))
}

// costs are the lines of the first table.
func costs(f figures) [][]string {
	lines := [][]string{{"Customers", "", "`-parallelism`", "Requests", "Smallest possible", "Minutes at the limit", "Provider CPU, s", "Terraform CPU, s", "Provider memory, MB"}}
	for _, m := range f {
		if m.Provider != ours.String() || m.Limit != 0 {
			continue
		}
		for _, r := range m.Rows {
			minutes := fmt.Sprint((r.Requests - 1) / sandbox.DefaultRate) // what the limit lets through comes at once
			if minutes == "0" {
				minutes = "at once"
			}
			lines = append(lines, []string{
				thousands(m.Customers), string(r.Act), fmt.Sprint(r.Parallelism), thousands(r.Requests), thousands(r.smallest(m.Customers)), minutes,
				fmt.Sprintf("%.1f", float64(r.ProviderCPU)/100), fmt.Sprintf("%.1f", float64(r.TerraformCPU)/100), fmt.Sprintf("%.0f", float64(r.Peak)/1e6),
			})
		}
	}
	return lines
}

// comparison are the lines of the second table.
func comparison(f figures) [][]string {
	lines := [][]string{{"Requests"}}
	for _, c := range contenders() {
		lines[0] = append(lines[0], c.String())
	}
	add := func(title string, customers, limit int, s step, cell func(*row) string) {
		line := []string{title}
		for _, c := range contenders() {
			text := "–"
			if r := f.find(c, customers, limit, s); r != nil {
				text = cell(r)
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	for _, s := range steps {
		add(fmt.Sprintf("%s, `-parallelism=%d`", s.Act, s.Parallelism), peerCustomers, 0, s, cost)
	}
	for _, part := range []struct {
		title string
		cell  func(*row) string
	}{
		{"all requests", func(r *row) string { return fmt.Sprint(r.Requests) }},
		{"of them refused", func(r *row) string { return fmt.Sprint(r.Refused) }},
		{"errors for the user", func(r *row) string { return fmt.Sprint(r.Errors) }},
		{"minutes", func(r *row) string { return fmt.Sprintf("%.1f", r.Minutes) }},
	} {
		add(fmt.Sprintf("%d creates at the limit: %s", limitCreates, part.title), limitCreates, sandbox.DefaultRate, steps[0], part.cell)
	}
	return lines
}

// cost is a cell: the requests, and what went wrong.
func cost(r *row) string {
	text := thousands(r.Requests)
	if r.Errors > 0 {
		text += fmt.Sprintf(", %d errors", r.Errors)
	}
	if r.Wrong != "" {
		text += ", " + r.Wrong
	}
	return text
}

// origins say when and on what machine everything was measured.
func origins(f figures) string {
	var text strings.Builder
	for _, m := range f {
		what := "customers"
		if m.Limit > 0 {
			what = "creates at the limit"
		}
		fmt.Fprintf(&text, "- %s, %s %s: %s, %s\n", m.Provider, thousands(m.Customers), what, m.Date, m.Machine)
	}
	return text.String()
}

// table is a Markdown table.
func table(lines [][]string) string {
	var text strings.Builder
	for i, line := range lines {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			text.WriteString("|" + strings.Repeat(" --- |", len(line)) + "\n")
		}
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

func contenders() []contender { return slices.Concat([]contender{ours}, peers) }
