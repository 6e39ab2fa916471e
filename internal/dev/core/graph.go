// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"slices"
	"sync"
	"time"
)

// node is a piece of work in a graph.
type node struct {
	after  []*node
	run    func() bool // reports whether those that wait for it may go on
	done   bool
	cannot bool // it failed, or one that it waits for did
}

// walk runs the nodes, so many at a time, each once those before it are done.
// They begin in the order in which they stand, as far as they can, with a pace
// between them: the time that Terraform's own work takes. Once halted, none
// begins any more.
func walk(nodes []*node, parallelism int, pace time.Duration, halted func() bool) {
	if parallelism <= 0 {
		parallelism = DefaultParallelism
	}
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	// Held by the worker that looks for its next node. A channel, for a worker
	// that waits for a mutex would keep a bubble's time from passing.
	turn := make(chan struct{}, 1)
	next := func() *node {
		turn <- struct{}{}
		defer func() { <-turn }()
		mu.Lock()
		for {
			var n *node
			n, nodes = pick(nodes)
			switch {
			case halted() || n == nil && len(nodes) == 0:
				mu.Unlock()
				return nil
			case n != nil:
				mu.Unlock()
				if pace > 0 {
					<-time.After(pace)
				}
				return n
			}
			changed.Wait()
		}
	}
	var workers sync.WaitGroup
	for range min(parallelism, len(nodes)) {
		workers.Go(func() {
			for n := next(); n != nil; n = next() {
				ok := !halted() && n.run()
				mu.Lock()
				n.done, n.cannot = true, !ok
				changed.Broadcast()
				mu.Unlock()
			}
		})
	}
	workers.Wait()
}

// pick takes the first node that can run, if any, and those that never can off
// the nodes that are left.
func pick(left []*node) (*node, []*node) {
	for i := 0; i < len(left); i++ {
		n := left[i]
		switch {
		case slices.ContainsFunc(n.after, func(before *node) bool { return before.cannot }):
			n.done, n.cannot = true, true
			left, i = slices.Delete(left, i, i+1), -1 // others may wait for it
		case !slices.ContainsFunc(n.after, func(before *node) bool { return !before.done }):
			if i == 0 {
				return n, left[1:]
			}
			return n, slices.Delete(left, i, i+1)
		}
	}
	return nil, left
}
