// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"testing"
)

func TestSmallest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		act                    act
		customers, parallelism int
		want                   int
	}{
		{create, 100, 10, 100},
		{plan, 100, 10, 10},
		{plan, 1000, 100, 10},
		{plan, 5000, 500, 50},
		{plan, 101, 100, 2},
		{update, 1000, 10, 100},
		{update, 1000, 100, 100},
		{update, 1001, 10, 101},
		{drift, 100, 10, 11},
		{drift, 1000, 100, 11},
		{drift, 5000, 100, 55},
		{destroy, 5000, 100, 5000},
	} {
		t.Run(fmt.Sprint(test.act, test.customers, "at", test.parallelism), func(t *testing.T) {
			t.Parallel()
			if got := smallest(test.act, test.customers, test.parallelism); got != test.want {
				t.Errorf("%d requests, want %d", got, test.want)
			}
		})
	}
}
