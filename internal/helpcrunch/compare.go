// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"slices"
	"time"
)

// since is how much time lies between what is compared: whatever is otherwise is the
// likelier a colleague's.
type since int

const (
	aMoment since = iota // a read and the answer to what was sent at once
	aWhile               // there were faults between them, or a long wait
	anyTime              // hours, perhaps
)

// momentLasts is the longest moment.
const momentLasts = 10 * time.Second

// comparison is what became of what an update left out.
type comparison struct {
	kept, lost    kind     // the kinds of which it shows that; of the others it shows nothing
	back, changed []string // what is to be put back, and what else is not as before, by name
}

// left is what an update leaves out of what a customer holds, and may take from them. A
// PATCH keeps all but, perhaps, custom properties.
func (u *update) left(held *Customer, inBatch bool) []field {
	return slices.DeleteFunc(u.omitted(held), func(f field) bool { return !inBatch && f.kind&anyProperty == 0 })
}

// compare compares a customer before and after an update that left out some of
// what they held.
//
// A kind is kept where something of it stayed that proves it, and all is as it was. What
// is not is the account's doing, or that of somebody who wrote meanwhile, and nobody can
// tell which. Any such thing convicts a batch, which costs requests and nothing else. A
// PATCH that is convicted takes along what was read, and may overwrite others: so only a
// kind of which some is empty and nothing has stayed convicts it.
//
// Of the same moment, what is empty is put back, and another value is where nothing of its
// kind has stayed (beside a PATCH: and some of it is gone). Later it may well be a
// colleague's: what is empty is put back where all of its kind is, at any time keys and
// other strings taken together, and nothing else.
//
// What moves by itself may be another value at any time, and shows nothing by that.
func (u *update) compare(before, after *Customer, inBatch bool, elapsed since) comparison {
	inMoment := elapsed == aMoment
	var stayed, empty, nothing, changed, moved kind
	left := u.left(before, inBatch)
	for _, f := range left {
		switch {
		case f.moves && f.holds(after):
			if inMoment && f.stays(before, after) {
				stayed |= f.proves()
			}
		case !f.moves && f.stays(before, after):
			stayed |= f.proves()
		case !f.holds(after):
			empty |= f.kind
		case f.mayBeNothing(after):
			nothing |= f.kind
		case inMoment || !f.fills:
			changed |= f.kind
			if f.kind == labels && someStay(before.Tags, after.Tags) {
				stayed |= labels
			}
		default: // it may have come by itself
			moved |= f.kind
		}
	}
	gone := empty | nothing
	seen := comparison{kept: proven(stayed) &^ (gone | changed | moved)}
	if seen.lost = gone | changed | moved; !inBatch {
		seen.lost = empty &^ stayed
	}
	there := proven(stayed) // of what nothing is put back but what is empty
	switch {
	case !inMoment:
		there = stayed | nothing | changed
		if strings := keys | plain | given | moments; elapsed == anyTime && there&strings != 0 {
			there |= strings
		}
	case !inBatch:
		there |= changed &^ gone
	}
	for _, f := range left {
		none := there&f.kind == 0
		switch {
		case f.moves && f.holds(after), f.stays(before, after):
		case inMoment && none, (inMoment || none) && !f.holds(after):
			seen.back = append(seen.back, f.name)
		default:
			seen.changed = append(seen.changed, f.name)
		}
	}
	return seen
}

// happened reports whether an update that was not answered was carried out, by
// what the customer holds now: what was sent, or no longer what was not.
func (u *update) happened(after *Customer, lost int) bool {
	return len(u.Unstuck(after)) == 0 || lost > 0
}

// effect reports whether an update was to change something, and whether any of that is
// not as it was before.
func (u *update) effect(before, after *Customer) (due, shown bool) {
	var was Changes
	differs := u.Unstuck(before)
	for _, name := range differs {
		fieldNamed(name).keep(&was, before)
	}
	return len(differs) > 0, len(was.Unstuck(after)) > 0
}
