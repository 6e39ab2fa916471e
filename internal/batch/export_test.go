// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package batch

import "fmt"

// Leftovers describes what a coalescer still holds that it should not hold when nobody is inside; "" if nothing.
// It stops the timer.
func (c *Coalescer[T, R]) Leftovers() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ticking := c.timer != nil && c.timer.Stop()
	if len(c.ready)+len(c.behind)+len(c.launched)+c.waiting+c.underWay == 0 && !ticking {
		return ""
	}
	return fmt.Sprintf("ready %d, keys %d, launched %d, waiting %d, under way %d, timer ticking %t",
		len(c.ready), len(c.behind), len(c.launched), c.waiting, c.underWay, ticking)
}
