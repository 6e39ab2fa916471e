// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"maps"
	"slices"
	"strings"
)

// kind is a set of kinds of what a customer holds. An account may treat them
// differently: it may find customers by their keys, strings are columns of theirs, tags
// and custom data relations.
type kind uint32

const (
	keys            kind = 1 << iota // the strings that others know the customer by
	plain                            // other strings
	given                            // strings that may come by themselves
	moments                          // of a visit
	flags                            // which cannot be null
	labels                           // the tags
	data                             // custom data that is not mentioned at all
	properties                       // what a custom data that is mentioned leaves out
	nothingData                      // of data, what an account may answer for nothing
	nothingProperty                  // of properties, the same
)

const (
	wholeCustomer = keys | plain | given | moments | flags | labels | data | nothingData // of which a batch item may leave out all
	anyProperty   = properties | nothingProperty
)

// field is one thing that a customer may hold and a request may leave out.
type field struct {
	name  string // the API's; a custom property is "customData.<name>"
	kind  kind
	moves bool // by itself, as the customer browses
	fills bool // by itself, where nobody filled it in
	sent  func(*Changes) bool
	holds func(*Customer) bool
	stays func(before, after *Customer) bool // as it was, at least
	keep  func(*Changes, *Customer)          // takes it over from a customer, to put it back
	copy  func(to, from *Customer)
}

// proves are the kinds that it shows to be kept by staying.
func (f field) proves() kind {
	switch f.kind {
	case plain:
		return plain | given | moments
	case data:
		return data | nothingData
	case properties:
		return anyProperty
	default:
		return f.kind
	}
}

// proven are the kinds that are shown by what stayed, or would: a string that may have
// come by itself shows nothing alone.
func proven(stayed kind) kind {
	if stayed&(keys|plain|moments) == 0 {
		stayed &^= given
	}
	return stayed
}

var fields = func() []field {
	var all []field
	for _, f := range stringFields {
		k := plain
		switch {
		case f == Email || f == UserID || f == IntegrationID:
			k = keys
		case f.filledByItself():
			k = given
		}
		all = append(all, field{
			name: f.Name, kind: k, moves: f == LastPage, fills: f.filledByItself(),
			sent:  func(c *Changes) bool { return !f.Sent(c).IsZero() },
			holds: func(c *Customer) bool { return f.Normal(text(*f.Held(c))) != "" },
			stays: func(before, after *Customer) bool { return f.Same(text(*f.Held(before)), text(*f.Held(after))) },
			keep:  func(c *Changes, from *Customer) { *f.Sent(c) = Some(text(*f.Held(from))) },
			copy:  func(to, from *Customer) { *f.Held(to) = *f.Held(from) },
		})
	}
	return append(all,
		field{
			name: "firstSeen", kind: moments, fills: true,
			sent:  func(c *Changes) bool { return !c.FirstSeen.IsZero() },
			holds: func(c *Customer) bool { return !c.FirstSeen.IsNull() },
			stays: func(before, after *Customer) bool { return before.FirstSeen == after.FirstSeen },
			keep:  func(c *Changes, from *Customer) { c.FirstSeen = Some(from.FirstSeen) },
			copy:  func(to, from *Customer) { to.FirstSeen = from.FirstSeen },
		},
		field{
			name: "lastSeen", kind: moments, moves: true,
			sent:  func(c *Changes) bool { return !c.LastSeen.IsZero() },
			holds: func(c *Customer) bool { return !c.LastSeen.IsNull() },
			stays: func(before, after *Customer) bool { return before.LastSeen == after.LastSeen },
			keep:  func(c *Changes, from *Customer) { c.LastSeen = Some(from.LastSeen) },
			copy:  func(to, from *Customer) { to.LastSeen = from.LastSeen },
		},
		field{
			name: "unsubscribed", kind: flags,
			sent:  func(c *Changes) bool { return !c.Unsubscribed.IsZero() },
			holds: func(c *Customer) bool { return c.Unsubscribed },
			stays: func(before, after *Customer) bool { return before.Unsubscribed == after.Unsubscribed },
			keep:  func(c *Changes, from *Customer) { c.Unsubscribed = Some(from.Unsubscribed) },
			copy:  func(to, from *Customer) { to.Unsubscribed = from.Unsubscribed },
		},
		field{
			name: "blocked", kind: flags,
			sent:  func(c *Changes) bool { return !c.Blocked.IsZero() },
			holds: func(c *Customer) bool { return c.Blocked },
			stays: func(before, after *Customer) bool { return before.Blocked == after.Blocked },
			keep:  func(c *Changes, from *Customer) { c.Blocked = Some(from.Blocked) },
			copy:  func(to, from *Customer) { to.Blocked = from.Blocked },
		},
		field{
			name: "tags", kind: labels,
			sent:  func(c *Changes) bool { return c.Tags != nil },
			holds: func(c *Customer) bool { return len(c.Tags) > 0 },
			stays: func(before, after *Customer) bool { return len(withTags(after.Tags, before.Tags)) == len(after.Tags) },
			keep:  func(c *Changes, from *Customer) { c.Tags = from.Tags },
			copy:  func(to, from *Customer) { to.Tags = from.Tags },
		},
	)
}()

// mayBeNothing reports whether a customer holds nothing there but what an account may
// answer for nothing.
func (f field) mayBeNothing(held *Customer) bool {
	if name, ok := strings.CutPrefix(f.name, propertyPrefix); ok {
		return held.CustomData[name].mayBeNothing()
	}
	return !f.holds(held)
}

// withTags are tags and those of others that are not among them.
func withTags(tags, others []Tag) []Tag {
	names := tagNames(tags)
	return slices.Concat(tags, slices.DeleteFunc(slices.Clone(others), func(tag Tag) bool { return slices.Contains(names, NormalTag(tag.Name)) }))
}

// someStay reports whether any of the tags before are there afterwards.
func someStay(before, after []Tag) bool { return len(withTags(after, before)) < len(before)+len(after) }

// propertyField is a custom property as a field.
func propertyField(name string, k kind) field {
	return field{
		name: propertyPrefix + name, kind: k,
		holds: func(c *Customer) bool { return !c.CustomData[name].IsEmpty() },
		stays: func(before, after *Customer) bool {
			was, is := before.CustomData[name], after.CustomData[name]
			return was.Equal(is) || was.Kind == Opaque && is.Kind == Opaque // of which JSON has many forms
		},
		keep: func(c *Changes, from *Customer) {
			if c.CustomData == nil {
				c.CustomData = make(CustomData)
			}
			c.CustomData[name] = from.CustomData[name]
		},
		copy: func(to, from *Customer) {
			if to.CustomData == nil {
				to.CustomData = make(CustomData)
			}
			to.CustomData[name] = from.CustomData[name]
		},
	}
}

// fieldNamed is the field with a name as in field.
func fieldNamed(name string) field {
	if name, ok := strings.CutPrefix(name, propertyPrefix); ok {
		return propertyField(name, data)
	}
	return fields[slices.IndexFunc(fields, func(f field) bool { return f.name == name })]
}

const propertyPrefix = "customData."

// omitted are the fields that a customer holds and the changes leave out.
func (c *Changes) omitted(held *Customer) []field {
	var all []field
	for _, f := range fields {
		if !f.sent(c) && f.holds(held) {
			all = append(all, f)
		}
	}
	k, nothing := data, nothingData
	if c.CustomData != nil {
		k, nothing = properties, nothingProperty
	}
	for _, name := range held.CustomData.nonEmpty() {
		if _, sent := c.CustomData[name]; sent || held.CustomData[name].IsEmpty() {
			continue
		}
		if held.CustomData[name].mayBeNothing() {
			all = append(all, propertyField(name, nothing))
		} else {
			all = append(all, propertyField(name, k))
		}
	}
	return all
}

// atRisk are the kinds that have to be shown before the changes leave out what a
// customer holds.
func (c *Changes) atRisk(held *Customer) kind {
	var kinds kind
	for _, f := range c.omitted(held) {
		kinds |= f.kind
	}
	return kinds
}

// atStake are those of them that they would show by what they hold.
func (c *Changes) atStake(held *Customer) kind {
	var kinds kind
	for _, f := range c.omitted(held) {
		kinds |= f.kind & f.proves()
	}
	return proven(kinds)
}

// leavesOut are the kinds that have to be shown before the changes leave out what a
// customer may hold.
func (c *Changes) leavesOut() kind {
	kinds := data | nothingData
	if c.CustomData != nil {
		kinds = anyProperty
	}
	for _, f := range fields {
		if !f.sent(c) {
			kinds |= f.kind
		}
	}
	return kinds
}

// filled are the properties that hold something.
func (d CustomData) filled() CustomData {
	filled := make(CustomData)
	for _, name := range d.nonEmpty() {
		filled[name] = d[name]
	}
	return filled
}

// nonEmpty are the names of the properties that hold something, sorted.
func (d CustomData) nonEmpty() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if d[name].Text != "" {
			names = append(names, name)
		}
	}
	return names
}
