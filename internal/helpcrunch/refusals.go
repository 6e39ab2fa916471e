// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
)

// refusalsToLearn is how many customers standing alone are refused for one
// custom property before it is believed that nobody can be given it.
const refusalsToLearn = 3

// refusals remembers the custom properties that the account does not have. On
// a thousand customers, one that nobody registered would otherwise cost a
// thousand requests.
//
// Only refusals of the property count, not those of its value: the next
// customer may have a better one.
type refusals struct {
	mu    sync.Mutex
	count map[string]int
	words map[string]error
}

// note counts the refusal of a customer that stood alone.
func (r *refusals) note(sent CustomData, err error) {
	refusal, ok := errors.AsType[*Error](err)
	if _, lost := errors.AsType[*RestoreError](err); lost || !ok || !refusal.blamable() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, entry := range refusal.Entries {
		name := sent.PropertyOf(entry)
		if name == "" || !entry.OfProperty() {
			continue
		}
		if r.count == nil {
			r.count, r.words = make(map[string]int), make(map[string]error)
		}
		if r.count[name]++; r.count[name] >= refusalsToLearn && r.words[name] == nil {
			r.words[name] = &LearnedError{Property: name, refusal: refusal}
		}
	}
}

// of is why these properties will be refused, nil if nothing is known.
func (r *refusals) of(sent CustomData) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if err := r.words[name]; err != nil {
			return err
		}
	}
	return nil
}

// LearnedError is a request that was not sent, because HelpCrunch has refused
// the same custom property for other customers of this run. It does not unwrap
// to the refusal, whose places and other entries are about somebody else.
type LearnedError struct {
	Property string
	refusal  *Error
}

func (e *LearnedError) Error() string {
	return e.refusal.Error() + " (said of other customers with the same property; not asked again)"
}

var (
	batchIndex    = regexp.MustCompile(`^\[(\d+)\]`)
	propertyIndex = regexp.MustCompile(`customData\[(\d+)\]`)
)

// items are the places in the batch that the entries point to.
func (e *Error) items() []int {
	var items []int
	for _, entry := range e.Entries {
		if i, ok := indexIn(batchIndex, entry.Code); ok {
			items = append(items, i)
		}
	}
	return items
}

// PropertyOf is the custom property that an entry points to by its place in
// the request, where they stand in the order of their names; "" if it points
// to none.
func (d CustomData) PropertyOf(entry ErrorEntry) string {
	names := slices.Sorted(maps.Keys(d))
	if i, ok := indexIn(propertyIndex, entry.Code); ok && i < len(names) {
		return names[i]
	}
	return ""
}

func indexIn(pattern *regexp.Regexp, code string) (int, bool) {
	match := pattern.FindStringSubmatch(code)
	if match == nil {
		return 0, false
	}
	i, err := strconv.Atoi(match[1])
	return i, err == nil
}
