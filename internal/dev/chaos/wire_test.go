// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// wire carries the requests of one provider process to the sandbox, takes a
// little time for each, and lets things happen between two.
type wire struct {
	walk *walk
	dead atomic.Bool // the process is: nothing that it sends arrives

	mu   sync.Mutex
	sent int
	// events happen as a request has been sent: the first one is number 1.
	events map[int][]func()
}

// at lets something happen with a request.
func (w *wire) at(request int, do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.events == nil {
		w.events = make(map[int][]func())
	}
	w.events[w.sent+request] = append(w.events[w.sent+request], do)
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent++
	n := w.sent
	events := w.events[n]
	w.mu.Unlock()
	line := fmt.Sprintf("%s %s", r.Method, strings.TrimPrefix(r.URL.Path, "/v1"))
	// There and back take times of their own, so that no two requests that
	// leave together arrive together, and one order is like another next time.
	there := 10*time.Millisecond + time.Duration(w.walk.dice("latency", n).IntN(60_000))*time.Microsecond
	if !rest(r.Context(), there) || w.dead.Load() {
		return nil, w.lost(r.Context(), line)
	}
	var body []byte
	if r.Body != nil && w.walk.verbose {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	answer, err := w.walk.server.Transport().RoundTrip(r)
	status := "cut"
	if err == nil {
		status = fmt.Sprint(answer.StatusCode)
	}
	w.walk.note("    %s %s → %s", line, body, status)
	for _, happen := range events {
		happen()
	}
	if err == nil && (!rest(r.Context(), there/2) || w.dead.Load()) {
		err = w.lost(r.Context(), line)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (w *wire) lost(ctx context.Context, line string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.walk.note("    %s: the process is dead", line)
	return io.ErrUnexpectedEOF
}

// rest reports whether the time has passed before the context ended.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
