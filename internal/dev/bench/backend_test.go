// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBackend asks for what Terraform asks for, and for what it must not get.
func TestBackend(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&backend{})
	defer server.Close()
	const mine, others = `{"ID":"mine"}`, `{"ID":"others"}`
	for _, step := range []struct {
		method, query, body string
		status              int
		want                string
	}{
		{"GET", "", "", 204, ""},
		{"LOCK", "", mine, 200, ""},
		{"LOCK", "", others, 423, mine},
		{"POST", "?ID=others", "theirs", 423, mine},
		{"POST", "?ID=mine", "ours", 200, ""},
		{"GET", "", "", 200, "ours"},
		{"UNLOCK", "", others, 423, mine},
		{"UNLOCK", "", mine, 200, ""},
		{"LOCK", "", others, 200, ""},
		{"UNLOCK", "", others, 200, ""},
		{"DELETE", "", "", 200, ""},
		{"GET", "", "", 204, ""},
		{"PATCH", "", "", 405, "no such method\n"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), step.method, server.URL+step.query, strings.NewReader(step.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || response.StatusCode != step.status || string(got) != step.want {
			t.Fatalf("%s%s %s: %d %q (%v), want %d %q", step.method, step.query, step.body, response.StatusCode, got, err, step.status, step.want)
		}
	}
}
