// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// order is what a worker process is told to do, in its environment.
type order struct {
	Config   orderConfig
	Callers  int
	Requests int  // of each caller
	Die      bool // take all slots and the lock of the file, and wait to be killed
}

type orderConfig struct {
	Limit        int
	Window, Hold time.Duration
	File         string
}

const orderVariable = "BUDGET_TEST_ORDER"

// TestMain lets this binary be its own worker.
func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(orderVariable); ok {
		if err := work(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work carries out an order in a process of its own, and writes a line with the
// span of each request, in nanoseconds since 1970.
func work(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	b := New(Config{
		Limit: o.Config.Limit, Window: o.Config.Window, Hold: o.Config.Hold, File: o.Config.File,
		Log: func(_ context.Context, message string, fields map[string]any) {
			fmt.Fprintln(os.Stderr, message, fields)
		},
	})
	ctx := context.Background()
	if o.Die {
		return die(ctx, b)
	}
	var callers sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range o.Callers {
		callers.Go(func() {
			for range o.Requests {
				slot, err := b.Acquire(ctx)
				if err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				sent := time.Now().UnixNano()
				<-time.After(rand.N(20 * time.Millisecond))
				answered := time.Now().UnixNano()
				slot.Answered()
				mu.Lock()
				fmt.Fprintln(os.Stdout, sent, answered)
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return failed
}

func die(ctx context.Context, b *Budget) error {
	before := time.Now().UnixNano()
	for range b.config.Limit {
		if _, err := b.Acquire(ctx); err != nil {
			return err
		}
	}
	if err := flock.New(b.config.File + ".lock").Lock(); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, before, before)
	select {}
}

// worker is a process that carries out an order.
type worker struct {
	command *exec.Cmd
	output  *bufio.Scanner
	errors  *bytes.Buffer
}

func startWorker(t *testing.T, o order) *worker {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), orderVariable+"="+string(text))
	var errors bytes.Buffer
	command.Stderr = &errors
	pipe, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return &worker{command, bufio.NewScanner(pipe), &errors}
}

// next returns the next span that the worker wrote.
func (w *worker) next(t *testing.T) (span, bool) {
	t.Helper()
	if !w.output.Scan() {
		return span{}, false
	}
	var s span
	if _, err := fmt.Sscan(w.output.Text(), &s.from, &s.to); err != nil {
		// Under -cover and the like the runtime has a last word too.
		t.Logf("a worker wrote %q", w.output.Text())
		return w.next(t)
	}
	return s, true
}

// finish returns the spans of a worker that has done everything, each until a
// window after its answer.
func (w *worker) finish(t *testing.T, o order) []span {
	t.Helper()
	var spans []span
	for s, ok := w.next(t); ok; s, ok = w.next(t) {
		spans = append(spans, span{s.from, s.to + o.Config.Window})
	}
	if err := w.command.Wait(); err != nil {
		t.Errorf("a worker ended with %v: %s", err, w.errors)
	}
	if len(spans) != o.Callers*o.Requests {
		t.Errorf("a worker made %d requests, want %d", len(spans), o.Callers*o.Requests)
	}
	if log := w.errors.String(); strings.Contains(log, "budget") {
		t.Errorf("a worker logged: %s", log)
	}
	return spans
}

func TestProcessesShareTheWindow(t *testing.T) {
	t.Parallel() // it waits most of the time
	o := order{
		Config:   orderConfig{Limit: 30, Window: 150 * time.Millisecond, Hold: time.Minute, File: sharedFile(t)},
		Callers:  5,
		Requests: 8,
	}
	var workers []*worker
	for range 4 {
		workers = append(workers, startWorker(t, o))
	}
	var spans []span
	for _, w := range workers {
		spans = append(spans, w.finish(t, o)...)
	}
	if most := mostAtOnce(spans); most > o.Config.Limit {
		t.Errorf("%d requests in a window, the limit is %d", most, o.Config.Limit)
	}
}

func TestKilledProcessBlocksNobodyForLong(t *testing.T) {
	t.Parallel()
	o := order{
		Config:   orderConfig{Limit: 20, Window: 150 * time.Millisecond, Hold: time.Minute, File: sharedFile(t)},
		Callers:  3,
		Requests: 5,
	}
	victim := o
	victim.Die = true
	victim.Config.Hold = 450 * time.Millisecond
	dying := startWorker(t, victim)
	held, ok := dying.next(t)
	if !ok {
		t.Fatalf("the victim took nothing: %s", dying.errors)
	}
	if err := dying.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dying.command.Wait() // "signal: killed"

	var workers []*worker
	for range 3 {
		workers = append(workers, startWorker(t, o))
	}
	var spans []span
	for _, w := range workers {
		spans = append(spans, w.finish(t, o)...)
	}
	if most := mostAtOnce(spans); most > o.Config.Limit {
		t.Errorf("%d requests in a window, the limit is %d", most, o.Config.Limit)
	}
	for _, s := range spans {
		if expiry := held.from + victim.Config.Hold + victim.Config.Window; s.from < expiry {
			t.Fatalf("a request was sent %v before the slots of the killed process came back", expiry-s.from)
		}
	}
}
