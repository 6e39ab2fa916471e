// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// figure is something that the provider promises.
type figure struct {
	name     string
	measured string
	promise  string
	verdict  verdict
}

// verdict is whether a figure holds. What depends on the machine is not judged.
type verdict int

const (
	unjudged verdict = iota
	holds
	fails
)

func judge(ok bool) verdict {
	if ok {
		return holds
	}
	return fails
}

const (
	mostWrites         = 105 // for 1,000 customers, the canary's read included
	mostRefusals       = 40  // requests until 100 customers have their error
	mostMemory         = 100 // MB, with 5,000 customers
	mostTime           = 1.15
	mostCPU            = 0.5
	memoryCustomers    = 5000
	requestedCustomers = 1000
)

// mostReads are for a plan of 1,000 customers, by parallelism.
var mostReads = map[int]int{10: 105, 100: 20}

// figures are those of which something was measured.
func (r *results) figures() []figure {
	var all []figure
	for _, line := range r.rows {
		if line.customers == requestedCustomers {
			all = append(all, requestFigures(line)...)
		}
	}
	for _, line := range r.rows {
		if line.customers == requestedCustomers && line.act == update {
			all = append(all, timeFigures(line)...)
		}
	}
	all = append(all, r.memoryFigure()...)
	all = append(all, r.limitFigures()...)
	if r.refusal != nil {
		all = append(all, figure{
			name:     fmt.Sprintf("A custom property that nobody registered, %d customers", refusalCustomers),
			measured: fmt.Sprintf("%d requests, %d errors", r.refusal.requests, r.refusal.errors),
			promise:  fmt.Sprintf("fewer than %d, one each", mostRefusals),
			verdict:  judge(r.refusal.requests < mostRefusals && r.refusal.errors == refusalCustomers),
		})
	}
	if len(r.spread) > 0 {
		all = append(all, figure{
			name:     fmt.Sprintf("From the first to the last of ten updates, %s customers", thousands(spreadCustomers)),
			measured: r.spread.String(),
		})
	}
	if r.lone > 0 {
		all = append(all, figure{
			name:     "A lone update, from the call until it is at HelpCrunch",
			measured: fmt.Sprintf("%d ms", r.lone.Milliseconds()),
			promise:  fmt.Sprintf("it waits for company for %d ms", helpcrunch.DefaultBatchLinger.Milliseconds()),
		})
	}
	return all
}

func requestFigures(line row) []figure {
	most := 0
	switch line.act {
	case update:
		most = mostWrites
	case plan:
		most = mostReads[line.parallelism]
	}
	if most == 0 {
		return nil
	}
	return []figure{{
		name:     line.String(),
		measured: fmt.Sprintf("%d requests", line.requests),
		promise:  fmt.Sprintf("at most %d", most),
		verdict:  judge(line.requests <= most),
	}}
}

func timeFigures(line row) []figure {
	var all []figure
	if line.alone != nil {
		all = append(all, figure{
			name:     line.String() + ", time to Terraform's own share",
			measured: ratio(line.took, line.alone.took),
			promise:  fmt.Sprintf("at most %.2f", mostTime),
		})
	}
	if line.terraformCPU > 0 {
		all = append(all, figure{
			name:     line.String() + ", CPU of the provider to Terraform's",
			measured: ratio(line.providerCPU, line.terraformCPU),
			promise:  fmt.Sprintf("at most %.2f", mostCPU),
		})
	}
	return all
}

func (r *results) memoryFigure() []figure {
	var peak int64
	for _, line := range r.rows {
		if line.customers == memoryCustomers {
			peak = max(peak, line.peak)
		}
	}
	if peak == 0 {
		return nil
	}
	return []figure{{
		name:     fmt.Sprintf("Memory of the provider, %s customers", thousands(memoryCustomers)),
		measured: fmt.Sprintf("%.0f MB", megabytes(peak)),
		promise:  fmt.Sprintf("less than %d MB", mostMemory),
		verdict:  judge(megabytes(peak) < mostMemory),
	}}
}

func (r *results) limitFigures() []figure {
	var all []figure
	for _, l := range r.limited {
		name, least := "At the limit, one process", 95
		if l.processes > 1 {
			name, least = fmt.Sprintf("At the limit, %d processes", l.processes), 90
		}
		all = append(all, figure{
			name:     name + ", of the rate in use",
			measured: fmt.Sprintf("%.1f %%", 100*l.share),
			promise:  fmt.Sprintf("at least %d %%", least),
			verdict:  judge(100*l.share >= float64(least)),
		}, figure{
			name:     name + ", answers of 429 and failures",
			measured: fmt.Sprintf("%d and %d", l.refused, l.failed),
			promise:  "none",
			verdict:  judge(l.refused == 0 && l.failed == 0),
		})
	}
	return all
}

func ratio(a, b time.Duration) string { return fmt.Sprintf("%.2f", a.Seconds()/b.Seconds()) }

// list is the figures as Markdown.
func list(figures []figure) string {
	words := map[verdict]string{holds: ": holds", fails: ": **does not hold**"}
	var text strings.Builder
	for _, f := range figures {
		fmt.Fprintf(&text, "- %s: %s", f.name, f.measured)
		if f.promise != "" {
			fmt.Fprintf(&text, " (%s)", f.promise)
		}
		text.WriteString(words[f.verdict] + "\n")
	}
	return text.String()
}

// missed is an error where a figure was judged and does not hold.
func missed(figures []figure) error {
	var names []string
	for _, f := range figures {
		if f.verdict == fails {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("the provider does not reach its figures:\n  %s", strings.Join(names, "\n  "))
}
