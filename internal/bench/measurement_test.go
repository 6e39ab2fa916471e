// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"testing"
	"time"
)

// TestMiddle: one noisy round does not decide on the time, and no round hides
// requests or memory.
func TestMiddle(t *testing.T) {
	t.Parallel()
	got := middle([]measurement{
		{took: 90 * time.Second, requests: 102, providerCPU: 9, peak: 50},
		{took: 40 * time.Second, requests: 106, providerCPU: 4, peak: 40, refused: 1},
		{took: 44 * time.Second, requests: 101, providerCPU: 5, peak: 60},
	})
	if want := (measurement{took: 44 * time.Second, requests: 106, providerCPU: 5, peak: 60, refused: 1}); got != want {
		t.Errorf("the middle is %+v, want %+v", got, want)
	}
}
