// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"maps"
	"slices"
	"strings"
)

// kind is a kind of what a customer holds. An account may treat the kinds
// differently: strings are columns of theirs, tags and custom data relations.
type kind uint32

const (
	plain      kind = 1 << iota // strings and moments
	flags                       // which cannot be null
	labels                      // the tags
	data                        // custom data that is not mentioned at all
	properties                  // what a custom data that is mentioned leaves out
)

// wholeCustomer are the kinds of which a batch item may leave out all.
const wholeCustomer = plain | flags | labels | data

// field is one thing that a customer may hold and a request may leave out.
type field struct {
	name  string // the API's; a custom property is "customData.<name>"
	kind  kind
	moves bool // by itself, as the customer browses
	fills bool // by itself, where nobody filled it in
	sent  func(*Changes) bool
	holds func(*Customer) bool
	unset func(*Customer) bool               // whether it holds what an account may answer for nothing; nil = never
	stays func(before, after *Customer) bool // as it was, at least
	keep  func(*Changes, *Customer)          // takes it over from a customer, to put it back
	copy  func(to, from *Customer)
}

var fields = func() []field {
	var all []field
	for _, f := range stringFields {
		all = append(all, field{
			name: f.Name, kind: plain, moves: f == LastPage, fills: f.filledByItself(),
			sent:  func(c *Changes) bool { return !f.Sent(c).IsZero() },
			holds: func(c *Customer) bool { return text(*f.Held(c)) != "" },
			stays: func(before, after *Customer) bool { return f.Same(text(*f.Held(before)), text(*f.Held(after))) },
			keep:  func(c *Changes, from *Customer) { *f.Sent(c) = Some(text(*f.Held(from))) },
			copy:  func(to, from *Customer) { *f.Held(to) = *f.Held(from) },
		})
	}
	return append(all,
		field{
			name: "firstSeen", kind: plain, fills: true,
			sent:  func(c *Changes) bool { return !c.FirstSeen.IsZero() },
			holds: func(c *Customer) bool { return !c.FirstSeen.IsNull() },
			stays: func(before, after *Customer) bool { return before.FirstSeen == after.FirstSeen },
			keep:  func(c *Changes, from *Customer) { c.FirstSeen = Some(from.FirstSeen) },
			copy:  func(to, from *Customer) { to.FirstSeen = from.FirstSeen },
		},
		field{
			name: "lastSeen", kind: plain, moves: true,
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

// shows reports whether a customer holds something that no account answers for
// nothing.
func (f field) shows(held *Customer) bool {
	return f.holds(held) && (f.unset == nil || !f.unset(held))
}

// proves reports whether it would be missed, and shows by staying that it is kept:
// what moves by itself would not be missed, and what HelpCrunch fills in by itself
// proves nothing by being there.
func (f field) proves(held *Customer) bool { return !f.moves && !f.fills && f.shows(held) }

// withTags are tags and those of others that are not among them.
func withTags(tags, others []Tag) []Tag {
	names := tagNames(tags)
	return slices.Concat(tags, slices.DeleteFunc(slices.Clone(others), func(tag Tag) bool { return slices.Contains(names, NormalTag(tag.Name)) }))
}

// propertyField is a custom property as a field.
func propertyField(name string, k kind) field {
	return field{
		name: propertyPrefix + name, kind: k,
		holds: func(c *Customer) bool { return c.CustomData[name].Text != "" },
		unset: func(c *Customer) bool {
			return c.CustomData[name] == Value{Bool, "false"} || c.CustomData[name] == Value{Number, "0"}
		},
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
	k := data
	if c.CustomData != nil {
		k = properties
	}
	for _, name := range held.CustomData.nonEmpty() {
		if _, sent := c.CustomData[name]; !sent {
			all = append(all, propertyField(name, k))
		}
	}
	return all
}

// atRisk are the kinds of what a customer holds and the changes leave out.
func (c *Changes) atRisk(held *Customer) kind {
	var kinds kind
	for _, f := range c.omitted(held) {
		kinds |= f.kind
	}
	return kinds
}

// atStake are those of them that prove something by staying.
func (c *Changes) atStake(held *Customer) kind {
	var kinds kind
	for _, f := range c.omitted(held) {
		if f.proves(held) {
			kinds |= f.kind
		}
	}
	return kinds
}

// leavesOut are the kinds of which a customer may hold something that the changes
// leave out.
func (c *Changes) leavesOut() kind {
	kinds := data
	if c.CustomData != nil {
		kinds = properties
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
