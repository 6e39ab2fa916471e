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
	stage  stage
	cannot bool // it failed, or one that it waits for did
}

type stage int

const (
	waiting stage = iota
	running
	done
)

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
			n, left := pick(nodes)
			switch {
			case !left || halted():
				mu.Unlock()
				return nil
			case n != nil:
				n.stage = running
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
				n.stage, n.cannot = done, !ok
				changed.Broadcast()
				mu.Unlock()
			}
		})
	}
	workers.Wait()
}

// pick is the first node that can run, and whether any is left that may.
func pick(nodes []*node) (ready *node, left bool) {
	for again := true; again; {
		again, left = false, false
		for _, n := range nodes {
			if n.stage != waiting {
				continue
			}
			switch {
			case slices.ContainsFunc(n.after, func(before *node) bool { return before.cannot }):
				n.stage, n.cannot, again = done, true, true
			case !slices.ContainsFunc(n.after, func(before *node) bool { return before.stage != done }):
				return n, true
			default:
				left = true
			}
		}
	}
	return nil, left
}
