// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// written remembers what this run has written: whom, for good; and with which
// user id and e-mail address, as hashes, for as long as a search may not show it.
type written struct {
	mu     sync.Mutex
	seed   maphash.Seed
	ids    map[int64]time.Time // and when last
	values []writtenValue      // oldest first
}

type writtenValue struct {
	id    int64
	field *StringField
	hash  uint64
	at    time.Time
}

func newWritten() *written { return &written{seed: maphash.MakeSeed(), ids: make(map[int64]time.Time)} }

// mostSearchLag is for how long after a write a search may not show it, and
// is waited for and asked again.
const mostSearchLag = 2 * time.Minute

// claim reports whether this run had not written the customer before: who has
// been made or changed by somebody else here is not what a create has made.
func (w *written) claim(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, claimed := w.ids[id]
	w.ids[id] = time.Now()
	return !claimed
}

// touch takes down that the customer is written just now.
func (w *written) touch(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids[id] = time.Now()
}

// justNow reports whether a search may not show yet what this run has written of
// the customer.
func (w *written) justNow(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, written := w.ids[id]
	return written && time.Since(at) <= mostSearchLag
}

// note takes down what was written of a customer.
func (w *written) note(id int64, changes Changes) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids[id] = time.Now()
	w.drop(func(v writtenValue) bool { return v.id == id && !v.field.Sent(&changes).IsZero() })
	for _, field := range []*StringField{UserID, Email} {
		if value, ok := field.Sent(&changes).Get(); ok {
			w.values = append(w.values, writtenValue{id, field, w.hash(field, value), time.Now()})
		}
	}
}

// forget is for a customer who was deleted.
func (w *written) forget(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(func(v writtenValue) bool { return v.id == id })
}

// drop forgets values, and those that a search shows by now.
func (w *written) drop(over func(writtenValue) bool) {
	w.values = slices.DeleteFunc(w.values, func(v writtenValue) bool { return time.Since(v.at) > mostSearchLag || over(v) })
}

// missing are the customers who were given this value a moment ago and are not
// among those that a search has found.
func (w *written) missing(field *StringField, value string, found []*Customer) []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(func(writtenValue) bool { return false })
	var ids []int64
	for _, v := range w.values {
		if v.field == field && v.hash == w.hash(field, value) &&
			!slices.ContainsFunc(found, func(customer *Customer) bool { return customer.ID == v.id }) {
			ids = append(ids, v.id)
		}
	}
	return ids
}

func (w *written) hash(field *StringField, value string) uint64 {
	return maphash.String(w.seed, field.Normal(value))
}
