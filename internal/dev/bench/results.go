// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"time"
)

// results is all that was measured; what was not is empty.
type results struct {
	rows    []row
	limited []limited
	spread  spread
	lone    time.Duration // from the call of a lone update until it is at HelpCrunch
	refusal *refusal
}

// setting is with how much an act is played.
type setting struct {
	customers   int
	parallelism int
}

// row is one act in one setting.
type row struct {
	setting
	act act
	measurement
	smallest int
	without  *measurement // without batches
	alone    *measurement // Terraform with the idle provider
}

func (r row) String() string {
	return fmt.Sprintf("%s customers, parallelism %d: %s", thousands(r.customers), r.parallelism, titles[r.act])
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// thousands is a number as people write it.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
