// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// keptAfter reports whether what hangs on the context of a call outlives it.
func keptAfter(t *testing.T, serve func(context.Context)) bool {
	t.Helper()
	type key struct{}
	weakly := func() weak.Pointer[[1 << 20]byte] {
		load := new([1 << 20]byte)
		serve(context.WithValue(t.Context(), key{}, load))
		return weak.Make(load)
	}()
	for range 3 {
		runtime.GC()
	}
	return weakly.Value() != nil
}

func TestServerLetsGoOfContexts(t *testing.T) {
	request := &tfprotov6.ReadResourceRequest{TypeName: "helpcrunch_customer"}
	framework := providerserver.NewProtocol6(New("test")())()
	if !keptAfter(t, func(ctx context.Context) { _, _ = framework.ReadResource(ctx, request) }) {
		t.Error("the framework lets go of contexts now: the Server's cutting off is no longer needed")
	}
	runtime.KeepAlive(framework)

	server, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	if keptAfter(t, func(ctx context.Context) { _, _ = server.ReadResource(ctx, request) }) {
		t.Error("the server keeps the context of a call that has returned")
	}
	runtime.KeepAlive(server)
}

// TestServerStop: a stop asks the calls under way to end, waits for them, and
// for a quiet time after the last.
func TestServerStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, err := NewServer(New("test"))
		if err != nil {
			t.Fatal(err)
		}
		began, asked := time.Now(), time.Duration(-1)
		begun := make(chan struct{})
		go func() {
			_, _ = call(t.Context(), server, 0, func(context.Context, int) (int, error) {
				close(begun)
				<-time.After(5 * time.Second) // an answer that is waited for
				asked = time.Since(began)
				return 0, nil
			})
		}()
		<-begun
		server.Stop(t.Context(), time.Second)
		if took := time.Since(began); asked != 5*time.Second || took != 6*time.Second {
			t.Errorf("the call returned after %s and the stop after %s, want 5s and 6s", asked, took)
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began = time.Now()
		server.Stop(ctx, time.Hour)
		if took := time.Since(began); took != 0 {
			t.Errorf("a second signal was obeyed after %s", took)
		}
	})
}

// TestServerPassesTheEndOn: what the caller cancels ends in the provider too.
func TestServerPassesTheEndOn(t *testing.T) {
	server, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	_, err = call(ctx, server, 0, func(inner context.Context, _ int) (int, error) {
		if _, ok := inner.Deadline(); !ok {
			t.Error("the deadline is gone")
		}
		cancel()
		<-inner.Done()
		return 0, inner.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestServerAbandoned: where nobody waits for answers, what is under way at
// HelpCrunch is finished, however long it takes, and everything else is left.
func TestServerAbandoned(t *testing.T) {
	for name, row := range map[string]struct{ call, request, want time.Duration }{
		"nothing to do":                {0, 0, time.Second},
		"an answer":                    {5 * time.Second, 5 * time.Second, 6 * time.Second},
		"one that is long in coming":   {time.Hour, time.Hour, time.Hour + time.Second},
		"a call that heeds no context": {24 * time.Hour, 0, patience},
		"one that works on its answer": {24 * time.Hour, time.Minute, time.Minute + patience},
		"one between two requests":     {patience - time.Second, 0, patience},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, err := NewServer(New("test"))
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				begun, ended := make(chan struct{}), make(chan struct{})
				if row.call == 0 {
					close(ended)
				} else {
					go func() {
						defer close(ended)
						_, _ = call(t.Context(), server, 0, func(context.Context, int) (int, error) {
							close(begun)
							<-time.After(row.call)
							return 0, nil
						})
					}()
					<-begun
				}
				server.abandon(func() bool { return time.Since(began) < row.request })
				if took := time.Since(began); took < row.want-time.Second || took > row.want {
					t.Errorf("it took %s, want %s", took, row.want)
				}
				<-ended
			})
		})
	}
}
