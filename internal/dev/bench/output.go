// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// Where a run of everything leaves what it found.
const (
	// templatePath is a page of the documentation, which make docs copies as it is.
	templatePath = "templates/guides/benchmark.md"
	// pagePath is that copy.
	pagePath = "docs/guides/benchmark.md"
	// chartPath is outside of docs/, where a registry takes nothing but pages.
	chartPath = "bench/benchmark.svg"
	// chartURL is the chart for readers of the registry, which shows no files.
	chartURL = "https://raw.githubusercontent.com/terraform-helpcrunch/terraform-provider-helpcrunch/main/" + chartPath
)

func write(r *results, machine string) error {
	text := page(r, machine)
	for path, content := range map[string]string{templatePath: text, pagePath: text, chartPath: chart(r, machine)} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making a folder for %s: %w", path, err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	progress("Written: %s, %s, %s", templatePath, pagePath, chartPath)
	return nil
}

func page(r *results, machine string) string {
	return fmt.Sprintf(`---
page_title: "Benchmark: what the provider costs"
description: |-
  Requests, seconds, CPU and memory for 100, 1,000 and 5,000 customers, measured with make bench.
---

# What the provider costs

![Requests for 1,000 customers](%s)

Measured with `+"`make bench`"+` on %s, against a local HelpCrunch that answers at once and has no limit. An account of yours has 120 requests a minute: there the requests are what takes the time.

%s
- *Smallest possible* is what nobody can go below: HelpCrunch creates and deletes customers one by one, updates at most %d and finds at most %d with one request, and Terraform issues as many reads side by side as its `+"`-parallelism`"+` says.
- *Without batches* is the same provider with `+"`batch_size = 1`"+`, reading with `+"`-parallelism=1`"+`: a request a customer.
- *Terraform alone* is Terraform on the same customers, with a provider of the same schema that does nothing and keeps nothing: what it takes to write the provider's private data is the provider's. A dash is what was not measured.
- *update all* and *destroy* are `+"`terraform apply -refresh=false`"+`; the reads of a plan without changes come on top. The first update of a run goes alone, between a read and a comparison. With Terraform, the seconds of *update all* and of *Terraform alone* are the means of two more updates each, side by side, of which each stands still for a second while the other runs: a machine that is slow for a minute is slow for both.
- *repair drift* finds customers that the provider itself has written a moment ago: those that differ are read once more, alone, as a search may lag behind. Ten minutes later they are not.
- %s customers are driven over protocol 6 in the provider's own process, without Terraform: CPU and memory of the driver are in the numbers.

## The figures that it has to reach

%s
*At the limit* %d customers are created as fast as a HelpCrunch allows that counts strictly: %d requests in any %s, instead of in any minute. Times depend on the machine; of them only the ratio is told.
`, chartURL, machine, table(r.rows), batchSize, searchSize, thousands(memoryCustomers), list(r.figures()),
		limitCreates, sandbox.DefaultRate, limitWindow)
}
