// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestWalk: each after those that it waits for, none after one that failed, so
// many at a time, and none once all is halted.
func TestWalk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		parallelism int
		fails       string
		halts       string // once this one has run
		want        string
	}{
		"all":            {1, "", "", "abcd"},
		"one fails":      {1, "a", "", "acd"}, // b waits for a
		"a late failure": {1, "d", "", "abcd"},
		"halted":         {1, "", "b", "ab"},
		"side by side":   {4, "", "", "acdb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var ran []string
				began, halted := time.Now(), false
				add := func(name string, after ...*node) *node {
					return &node{after: after, run: func() bool {
						mu.Lock()
						ran = append(ran, name)
						halted = halted || name == test.halts
						mu.Unlock()
						<-time.After(time.Second)
						return name != test.fails
					}}
				}
				a := add("a")
				walk([]*node{a, add("b", a), add("c"), add("d")}, test.parallelism, time.Millisecond, func() bool {
					mu.Lock()
					defer mu.Unlock()
					return halted
				})
				if got := strings.Join(ran, ""); got != test.want {
					t.Errorf("ran %q, want %q", got, test.want)
				}
				if took := time.Since(began); test.parallelism > 1 && took > 3*time.Second {
					t.Errorf("side by side it took %s", took)
				}
			})
		})
	}
}
