// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

const (
	// firstID is the id of the first customer that the sandbox creates.
	firstID = 542335

	// defaultColor is the colour of a tag that was never given one (page
	// "Tag customer").
	defaultColor = "#c377e0"
)

// store is the account: customers, tags and custom attributes. The server's
// lock guards it. Records in it are never changed, only replaced.
type store struct {
	customers  map[int64]*entry
	owners     map[string]int64 // customers by userId
	issued     map[int64]bool   // ids ever used
	nextID     int64
	colors     map[string]string // the account's tags by name
	attributes map[string]AttributeType
}

// entry is a customer with what search and list still show of its past.
type entry struct {
	current Record    // nil once deleted
	shown   []version // oldest first, never empty
}

// version is what a write left behind.
type version struct {
	record  Record // nil if the write was a deletion
	written time.Time
	lag     time.Duration
}

func newStore(attributes map[string]AttributeType) *store {
	st := &store{
		customers:  map[int64]*entry{},
		owners:     map[string]int64{},
		issued:     map[int64]bool{},
		nextID:     firstID,
		colors:     map[string]string{},
		attributes: map[string]AttributeType{},
	}
	maps.Copy(st.attributes, attributes)
	return st
}

// newID returns an id that no customer ever had, without using it up.
func (st *store) newID() int64 {
	for st.issued[st.nextID] {
		st.nextID++
	}
	return st.nextID
}

func (st *store) find(id int64) (Record, bool) {
	e := st.customers[id]
	if e == nil || e.current == nil {
		return nil, false
	}
	return e.current, true
}

// userIDTaken reports whether another customer has the record's userId, given
// that the staged records are about to replace those with the same ids.
func (st *store) userIDTaken(r Record, staged map[int64]Record) bool {
	userID, ok := r.text("userId")
	if !ok {
		return false
	}
	for id, other := range staged {
		if id != r.ID() && other["userId"] == userID {
			return true
		}
	}
	owner, owned := st.owners[userID]
	_, replaced := staged[owner]
	return owned && owner != r.ID() && !replaced
}

// write stores a record under its id. Search and list show it after the lag.
func (st *store) write(r Record, now time.Time, lag time.Duration) {
	st.disown(r.ID())
	if userID, ok := r.text("userId"); ok {
		st.owners[userID] = r.ID()
	}
	st.issued[r.ID()] = true
	st.put(r.ID(), r, now, lag)
}

func (st *store) remove(id int64, now time.Time, lag time.Duration) {
	st.disown(id)
	st.put(id, nil, now, lag)
}

// disown frees the userId that a customer has until now.
func (st *store) disown(id int64) {
	if r, ok := st.find(id); ok {
		if userID, ok := r.text("userId"); ok {
			delete(st.owners, userID)
		}
	}
}

func (st *store) put(id int64, r Record, now time.Time, lag time.Duration) {
	e := st.customers[id]
	if e == nil {
		e = &entry{}
		st.customers[id] = e
	}
	e.current = r
	e.shown = append(e.shown, version{r, now, lag})
}

// visible returns the customers as search and list show them, by ascending id.
// A write shows once the lag that was set when it was made, or a smaller one set
// since, has passed.
func (st *store) visible(now time.Time, lag time.Duration) []Record {
	var records []Record
	for _, e := range st.customers {
		newest := -1
		for i, v := range e.shown {
			if !v.written.Add(min(v.lag, lag)).After(now) {
				newest = i
			}
		}
		if newest < 0 {
			continue
		}
		e.shown = e.shown[newest:]
		if r := e.shown[0].record; r != nil {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, byID)
	return records
}

// all returns the customers that exist, by ascending id.
func (st *store) all() []Record {
	var records []Record
	for _, e := range st.customers {
		if e.current != nil {
			records = append(records, e.current)
		}
	}
	slices.SortFunc(records, byID)
	return records
}

func byID(a, b Record) int { return cmp.Compare(a.ID(), b.ID()) }

// register gives the account the tags it does not have. An existing tag takes a
// new colour unless it keeps its old one; a tag without a colour changes none.
func (st *store) register(tags []Tag, keepColors bool) {
	for _, tag := range tags {
		old, exists := st.colors[tag.Name]
		switch {
		case tag.Color != "" && !(exists && keepColors):
			st.colors[tag.Name] = tag.Color
		case !exists:
			st.colors[tag.Name] = defaultColor
		default:
			st.colors[tag.Name] = old
		}
	}
}

// colored returns a copy of a record with its tags in the account's colours.
func (st *store) colored(r Record) Record {
	c := r.clone()
	tags := c["tags"].([]Tag)
	for i := range tags {
		tags[i].Color = st.colors[tags[i].Name]
	}
	return c
}
