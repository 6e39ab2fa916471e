// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestHelpNamesEverySwitchAndFault(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-help"}, &out, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v", err)
	}
	for _, name := range sandbox.SwitchNames() {
		if !strings.Contains(out.String(), "\n  "+name) {
			t.Errorf("no %s in\n%s", name, out.String())
		}
	}
	for _, fault := range sandbox.FaultList() {
		if listed := strings.Contains(out.String(), "\n  "+string(fault.Kind)); listed == (fault.Kind == sandbox.Hold) {
			t.Errorf("%s listed: %v", fault.Kind, listed)
		}
	}
}

func TestFlags(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o, err := parse([]string{
		"-customers", write("customers.json", `[{"name":"Ada"}]`),
		"-attributes", write("attributes.json", `{"plan":"text"}`), "-attributes", "seats=number,renewal=date",
		"-switch", "batch-short", "-switch", "search-lag=3s",
		"-fault", "batch:drop-after:2", "-fault", "any:late",
		"-rate", "0", "-window", "10s", "-key", "k=", "-address", "127.0.0.1:0", "-organization", "17=acme",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.config.Customers) != 1 || len(o.config.Attributes) != 3 || len(o.faults) != 2 || o.config.Rate != 0 ||
		o.config.Window != 10e9 || o.config.Key != "k=" || o.address != "127.0.0.1:0" ||
		o.config.Organization != (sandbox.Organization{ID: 17, Domain: "acme"}) ||
		o.config.Switches != (sandbox.Switches{BatchShort: true, SearchLag: 3e9}) {
		t.Errorf("options %+v", o)
	}
	if o, err := parse(nil, io.Discard); err != nil || o.config.Rate != 120 || o.address != "127.0.0.1:8080" {
		t.Errorf("defaults %+v %v", o, err)
	}
	for _, args := range [][]string{
		{"-switch", "none"},
		{"-fault", "none"},
		{"-attributes", "none"},
		{"-customers", "none.json"},
		{"-none"},
		{"none"},
		{"-organization", "acme"},
		{"-organization", "17"},
		{"-organization", "0=acme"},
		{"-organization", "17="},
	} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestServesUntilStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, announced := io.Pipe()
	var logged bytes.Buffer
	finished := make(chan error)
	go func() {
		finished <- run(ctx, []string{"-address", "127.0.0.1:0", "-customers", writeCustomers(t)}, announced, &logged)
	}()
	banner := make([]byte, 1000)
	n, err := out.Read(banner)
	if err != nil {
		t.Fatal(err)
	}
	base := regexp.MustCompile(`export HELPCRUNCH_BASE_URL=(http://127\.0\.0\.1:\d+/v1)\n +export HELPCRUNCH_API_KEY=sandbox-key\n`).FindSubmatch(banner[:n])
	if base == nil {
		t.Fatalf("banner %s", banner[:n])
	}
	request, err := http.NewRequestWithContext(t.Context(), "POST", string(base[1])+"/customers/search", strings.NewReader(`{"limit":2}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer sandbox-key")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
	stop()
	if err := <-finished; err != nil {
		t.Error(err)
	}
	if want := "POST /v1/customers/search 200, 2 customers, 1 in the window\n"; !strings.HasSuffix(logged.String(), want) || strings.Contains(logged.String(), "Ada") {
		t.Errorf("logged %s", logged.String())
	}
}

func writeCustomers(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "customers.json")
	if err := os.WriteFile(path, []byte(`[{"name":"Ada"},{"name":"Bob"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Anybody who reaches the port chooses the path, and the log stands on a terminal.
func TestLogLineSpeaksToNoTerminal(t *testing.T) {
	got := line(sandbox.Request{Method: "GET", Path: "/v1/\x1b]0;x\a\n/\u202e"})
	if want := "GET /v1/%1B%5D0;x%07%0A/%E2%80%AE dropped, 0 customers, 0 in the window"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestLogLine(t *testing.T) {
	got := line(sandbox.Request{Method: "PUT", Path: "/v1/customers/batch", Query: "q=secret", Body: []byte("secret"), Customers: 1, InWindow: 7})
	if want := "PUT /v1/customers/batch dropped, 1 customer, 7 in the window"; got != want {
		t.Errorf("got %s", got)
	}
}
