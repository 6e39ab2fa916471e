// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// backend keeps one state for Terraform's http backend, in memory. A state in
// a local file is written anew with each customer, which costs Terraform more
// than everything else together and says nothing about a provider.
type backend struct {
	mu    sync.Mutex
	state []byte // nil = none
	lock  []byte // what Terraform says about the holder; nil = nobody has it
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch r.Method {
	case http.MethodGet:
		if b.state == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = w.Write(b.state)
	case http.MethodPost:
		if b.lock == nil || r.URL.Query().Get("ID") == lockID(b.lock) {
			b.state = body
			return
		}
		b.refuse(w)
	case http.MethodDelete:
		b.state = nil
	case "LOCK":
		if b.lock == nil {
			b.lock = body
			return
		}
		b.refuse(w)
	case "UNLOCK":
		if lockID(body) == lockID(b.lock) {
			b.lock = nil
			return
		}
		b.refuse(w)
	default:
		http.Error(w, "no such method", http.StatusMethodNotAllowed)
	}
}

// refuse says who has the lock.
func (b *backend) refuse(w http.ResponseWriter) {
	w.WriteHeader(http.StatusLocked)
	_, _ = w.Write(b.lock)
}

func lockID(lock []byte) string {
	var info struct{ ID string }
	if json.Unmarshal(lock, &info) != nil {
		return ""
	}
	return info.ID
}
