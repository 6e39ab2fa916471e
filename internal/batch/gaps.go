// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import (
	"slices"
	"time"
)

// gaps remembers the latest quiet times between two callers joining the same batch.
type gaps struct {
	latest [16]time.Duration
	next   int
}

func (g *gaps) add(gap time.Duration) {
	g.latest[g.next] = gap
	g.next = (g.next + 1) % len(g.latest)
}

func (g *gaps) largest() time.Duration {
	return slices.Max(g.latest[:])
}
