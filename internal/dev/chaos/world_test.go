// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package chaos

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// world is what the walk knows of the people, beside the sandbox.
type world struct {
	truth     map[int64]map[string]string // what everybody should hold
	lost      map[lostKey]string          // what they may hold as well, once what an account cleared is put back
	seen      map[int64]map[string]string // what they held when it was looked at last
	strangers map[int]int64               // people of the web app, by their number in the walk
	ours      map[int64]string            // people whom the provider has created: for whom
	bound     map[string]binding          // by address
	wrote     map[string]map[string]bool  // the tags that applied configurations have had, by address

	now *run // the run that is under way, or the last
}

// lostKey is one value of a person.
type lostKey struct {
	id  int64
	key string
}

// binding is who stands in the state under an address.
type binding struct {
	id       int64
	imported bool
	letGo    bool // no update has succeeded since the import
}

func newWorld() world {
	return world{
		truth: map[int64]map[string]string{}, seen: map[int64]map[string]string{}, strangers: map[int]int64{},
		ours: map[int64]string{}, bound: map[string]binding{}, lost: map[lostKey]string{}, wrote: map[string]map[string]bool{},
	}
}

// owner is the address that a person is bound to or about to be imported to, "" for none.
func (w *walk) owner(id int64) string {
	for address, b := range w.bound {
		if b.id == id {
			return address
		}
	}
	for address, key := range w.imports {
		if key == fmt.Sprint(id) || key == "user_id:"+w.truth[id]["user_id"] {
			return address
		}
	}
	return ""
}

// stranger adds somebody whom no configuration knows.
func (w *walk) stranger(i int) {
	d := w.dice("stranger", i)
	who := fmt.Sprintf("s%d", i)
	r := sandbox.Record{"name": textFor(d, "name", who), "firstSeen": "1500000000"}
	for _, attribute := range []string{"company", "phone", "notes", "user_id", "source"} {
		if chance(d, 60) {
			r[fields[attribute]] = textFor(d, attribute, who)
		}
	}
	if chance(d, 50) {
		r["tags"] = []string{pick(d, tagNames), "auto"}
	}
	if chance(d, 50) {
		r["customData"] = map[string]any{"plan": valueFor(d, "plan", who), "tier": valueFor(d, "tier", who)}
	}
	r["unsubscribed"] = chance(d, 40)
	id, err := w.server.Add(r)
	if err != nil {
		w.found("the walk cannot add somebody", "%s", err)
		return
	}
	w.strangers[i] = id
	w.learn(id)
	w.note("  %s is customer %d: %v", who, id, shown(w.truth[id]))
}

// learn takes a person as they are for the truth.
func (w *walk) learn(id int64) {
	r, ok := w.server.Customer(id)
	if !ok {
		delete(w.truth, id)
		delete(w.seen, id)
		return
	}
	w.truth[id], w.seen[id] = held(r), held(r)
}

func shown(values map[string]string) map[string]string {
	short := make(map[string]string)
	for key, value := range values {
		if value != "" && value != "false" && key != "tags" {
			short[key] = value
		}
	}
	return short
}

// edits lets colleagues and customers write.
func (w *walk) edits(when string, gently bool) {
	d := w.dice("edits", when, w.round)
	if !chance(d, 70) {
		return
	}
	for i := range 1 + d.IntN(4) {
		if w.part("edit-%s %d %d", when, w.round, i) {
			w.edit(when, i, gently, nil)
		}
	}
	// Where nobody can show what an account clears, a batch rests on what a search
	// has shown, and that knows nothing of just now.
	if w.law.clears() {
		<-time.After(w.law.switches.SearchLag)
	}
}

// during lets people write while an apply is under way.
func (w *walk) during(r *run) {
	d := w.dice("during", w.round)
	if !chance(d, 50) {
		return
	}
	// What an account clears is put back as it was read just before: who
	// writes in between writes in vain, and nobody can help it. So is what looks
	// like it anywhere: all that they hold of a kind.
	spared := map[int64]bool{}
	for _, c := range r.plan.Changes {
		if b, ok := w.bound[addressOf(nameOf(c.Address))]; ok && c.Action != core.NoOp {
			spared[b.id] = true
		}
	}
	for i := range 1 + d.IntN(3) {
		at := 1 + d.IntN(15)
		if w.part("edit-during %d %d", w.round, i) {
			r.wire.at(at, func() { w.edit("during", i, true, spared) })
		}
	}
}

// edit is one change by hand. Gently: it only adds.
func (w *walk) edit(when string, i int, gently bool, spared map[int64]bool) {
	d := w.dice("edit", when, w.round, i)
	name := fmt.Sprintf("a%d", d.IntN(30))
	if addresses := slices.Sorted(maps.Keys(w.config)); len(addresses) > 0 && chance(d, 80) {
		name = fmt.Sprintf("a%d", d.IntN(len(addresses)))
	}
	w.mu.Lock()
	id := w.bound[addressOf(name)].id
	if chance(d, 15) {
		id = w.strangers[d.IntN(5)]
	}
	w.mu.Unlock()
	before, ok := w.server.Customer(id)
	if !ok || spared[id] && w.law.clears() {
		return
	}
	change := sandbox.Record{}
	var key string
	switch kind := d.IntN(20); {
	case kind == 0:
		w.note("  by hand: customer %d is deleted", id)
		if err := w.server.Delete(id); err != nil {
			return
		}
		w.mu.Lock()
		delete(w.truth, id)
		delete(w.seen, id)
		w.mu.Unlock()
		w.now.touch(id, "deleted")
		return
	case kind < 9:
		key = pick(d, append(allTexts, "name", "phone", "notes"))
		change[fields[key]] = canonicalHand(textFor(d, key, "hand"), key)
	case kind < 11 && !gently:
		key = pick(d, allTexts)
		change[fields[key]] = nil
	case kind < 13:
		key = pick(d, []string{"unsubscribed", "blocked"})
		if spared[id] { // the only flag that they hold looks as if it had been cleared
			return
		}
		value, _ := before[key].(bool)
		change[key] = !value
	case kind < 16:
		tag := pick(d, append(tagNames, "auto", "auto2"))
		names := before.TagNames()
		key = "tag." + tag
		if at := slices.Index(names, tag); at < 0 {
			names = append(names, tag)
		} else if !gently {
			names = slices.Delete(names, at, at+1)
		}
		change["tags"] = names
	default:
		property := pick(d, slices.Sorted(maps.Keys(properties)))
		key = "custom." + property
		var value any
		if gently || chance(d, 75) {
			value = valueFor(d, property, "hand")
		}
		change["customData"] = map[string]any{property: value}
	}
	if err := w.server.Change(id, change); err != nil {
		w.note("  by hand: customer %d: %v was refused: %s", id, change, err)
		return
	}
	after, _ := w.server.Customer(id)
	value := held(after)[key]
	w.note("  by hand: customer %d (%s): %s = %q", id, name, key, value)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.truth[id] != nil { // else it is new, and looked at later
		w.truth[id][key], w.seen[id][key] = value, value
	}
	w.now.touch(id, key)
}

func canonicalHand(value, key string) string {
	if key == "first_seen" || key == "last_seen" {
		return canonical(key, value)
	}
	return value
}

func (r *run) touch(id int64, key string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.touched[fmt.Sprint(id, " ", key)] = true
	if len(key) > 4 && key[:4] == "tag." {
		r.touched[fmt.Sprint(id, " tags")] = true
	}
}

func (r *run) wasTouched(id int64, key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.touched[fmt.Sprint(id, " ", key)] || r.touched[fmt.Sprint(id, " deleted")]
}

// forget drops the log of requests that have been judged.
func (w *walk) forget() { w.server.ResetCounts() }
