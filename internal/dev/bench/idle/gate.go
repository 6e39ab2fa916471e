// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"time"
)

// gate lets callers through once so many have come, and writes when they came:
// a line with a JSON list of nanoseconds for each group.
type gate struct {
	size int
	path string

	mu       sync.Mutex
	arrivals []int64
	open     chan struct{}
}

func newGate(size int, path string) *gate {
	return &gate{size: size, path: path, open: make(chan struct{})}
}

func (g *gate) pass(ctx context.Context) error {
	open, err := g.arrive()
	if err != nil {
		return err
	}
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) arrive() (<-chan struct{}, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := g.open
	g.arrivals = append(g.arrivals, time.Now().UnixNano())
	if len(g.arrivals) < g.size {
		return open, nil
	}
	err := g.write()
	close(g.open)
	g.arrivals, g.open = nil, make(chan struct{})
	return open, err
}

func (g *gate) write() error {
	line, err := json.Marshal(g.arrivals)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(g.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
