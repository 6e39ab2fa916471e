// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package chaos

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// The rules.
const (
	ruleHarm      = "a value that nobody manages, or that this apply did not change, was changed"
	ruleDeleted   = "somebody was deleted whom no configuration asked to delete"
	ruleTwice     = "somebody exists twice"
	ruleOrphan    = "somebody was created, stands in no state, and no error says so"
	ruleAdopted   = "somebody was taken over whom nobody imported"
	ruleSilent    = "a step that did not work was no error"
	ruleUnsettled = "when all faults are over, one apply does not bring all together"
	ruleNotEmpty  = "the plan after an apply is not empty"
	ruleState     = "after a clean apply state, configuration and HelpCrunch differ"
	ruleCore      = "Terraform calls it a bug in the provider"
	ruleLimit     = "more requests than the limit"
	ruleDestroy   = "a destroy did not do what its policy says"
)

// permit is what a run may do to one person.
type permit struct {
	values  map[string]string // to make of them
	on, off map[string]bool   // tags
	exact   bool              // all tags that are not in on may go
	deleted bool
}

// permits are what the plan of a run allows.
func (w *walk) permits(r *run) map[int64]*permit {
	all := make(map[int64]*permit)
	of := func(id int64) *permit {
		if all[id] == nil {
			all[id] = &permit{values: map[string]string{}, on: map[string]bool{}, off: map[string]bool{}}
		}
		return all[id]
	}
	if !r.applied {
		return all
	}
	for _, c := range r.plan.Changes {
		before, after := core.Attributes(c.Prior), core.Attributes(c.Planned)
		switch c.Type {
		case customerType:
			id := number(core.Text(before["id"]))
			switch c.Action {
			case core.Update:
				p := of(id)
				letGo := w.bound[c.Address].letGo
				if _, imported := r.imports[c.Address]; imported && w.bound[c.Address].id != id {
					letGo = true
				}
				was, will := values(before), values(after)
				for key, value := range will {
					if old, managed := was[key]; !managed || old != value {
						p.values[key] = value
					}
				}
				for key := range was {
					if _, managed := will[key]; !managed && !letGo && key != "unsubscribed" && key != "blocked" {
						p.values[key] = ""
					}
				}
				switch {
				case !after["tags"].IsNull() && !before["tags"].Equal(after["tags"]):
					p.exact = true
					for tag := range strings.SplitSeq(will["tags"], ",") {
						p.on[tag] = true
					}
				case after["tags"].IsNull() && !before["tags"].IsNull() && !letGo:
					maps.Copy(p.off, w.wrote[c.Address])
					if c := w.config[nameOf(c.Address)]; c != nil {
						for tag := range c.labels {
							// Who gives it comes after who takes it off, and may not come any more.
							gives := r.plan.Change(labelAddress(c.name, tag))
							problems, finished := r.finished[labelAddress(c.name, tag)]
							if gives == nil || gives.Action == core.NoOp || finished && problems.Err() == nil {
								delete(p.off, tag)
							}
						}
					}
				}
			case core.Delete, core.DeleteThenCreate, core.CreateThenDelete:
				of(id).deleted = w.deletable(r, c)
			}
		case tagType:
			if c.Action != core.Create && c.Action != core.NoOp && c.Action != core.Update {
				of(number(core.Text(before["customer_id"]))).off[core.Text(before["name"])] = true
			}
			if c.Action != core.Delete {
				id := number(core.Text(after["customer_id"]))
				if id == 0 {
					id = number(w.state.Get(addressOf(nameOf(c.Address))).ID())
				}
				of(id).on[core.Text(after["name"])] = true
			}
		}
	}
	return all
}

// deletable reports whether a plan may delete somebody.
func (w *walk) deletable(r *run, c *core.Change) bool {
	if policy := core.Text(core.Attributes(c.Prior)["deletion_policy"]); policy != "" {
		return policy == "delete"
	}
	if b, known := w.bound[c.Address]; known && b.imported && fmt.Sprint(b.id) == core.Text(core.Attributes(c.Prior)["id"]) {
		return false
	}
	return r.policy == "" || r.policy == "delete"
}

func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}

// judge looks what a run has done to everybody.
func (w *walk) judge(r *run) {
	w.judgeCore(r)
	permits := w.permits(r)
	created := w.judgeNew(r)
	w.judgeBindings(r, created)
	harmed := 0 // by a kill, in an account that clears
	for _, id := range slices.Sorted(maps.Keys(w.truth)) {
		p := permits[id]
		if p == nil {
			p = &permit{}
		}
		record, exists := w.server.Customer(id)
		if !exists {
			if !p.deleted {
				w.found(ruleDeleted, "customer %d (%s): %v", id, w.owner(id), shown(w.truth[id]))
			}
			w.learn(id)
			continue
		}
		if w.judgeValues(r, id, p, held(record)) {
			harmed++
		}
	}
	if harmed > canaries {
		w.found(ruleHarm, "a kill cost %d customers what nobody could put back any more", harmed)
	}
	w.judgeChanges(r, created)
	w.judgeLimit()
	w.settleBindings(r)
}

// canaries are how many customers may be at stake at a time: one in a batch,
// and one for the custom data of a PATCH.
const canaries = 2

// judgeValues compares what a person holds with what they held, and reports
// whether a kill harmed them.
func (w *walk) judgeValues(r *run, id int64, p *permit, now map[string]string) (harmed bool) {
	keys := maps.Clone(now)
	maps.Copy(keys, w.seen[id])
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is := w.seen[id][key], now[key]
		if was == is || key == "tags" {
			continue
		}
		w.seen[id][key] = is
		if is == w.truth[id][key] {
			continue // put back
		}
		if written, ok := w.lost[lostKey{id, key}]; ok && is == written {
			w.truth[id][key] = is
			continue // put back, too
		}
		allowed, ok := p.values[key]
		ok = ok && allowed == is
		if tag, isTag := strings.CutPrefix(key, "tag."); isTag {
			ok = is != "" && p.on[tag] || is == "" && (p.off[tag] || p.exact && !p.on[tag])
		}
		if ok {
			w.truth[id][key] = is
			continue
		}
		address := w.owner(id)
		switch {
		case r.killed.Load() && w.law.clears():
			w.note("  customer %d (%s): %s was %q, is %q: nobody could put it back", id, address, key, was, is)
			w.truth[id][key], harmed = is, true
		case w.law.clears() && len(r.problems.Of(address).Errors()) > 0:
			w.note("  customer %d (%s): %s was %q, is %q: to be put back", id, address, key, was, is)
			if planned, ok := p.values[key]; ok { // perhaps it was written before it was lost
				w.lost[lostKey{id, key}] = planned
			}
		default:
			w.found(ruleHarm, "customer %d (%s): %s was %q, is %q", id, address, key, was, is)
			w.truth[id][key] = is
		}
	}
	return harmed
}

// judgeNew looks at the people who are new, and returns for whom they are.
func (w *walk) judgeNew(r *run) map[string]int64 {
	created := make(map[string]int64)
	for _, record := range w.server.Customers() {
		id := record.ID()
		if w.truth[id] != nil {
			continue
		}
		now := held(record)
		parts := strings.Fields(now["name"])
		var change *core.Change
		if r.plan != nil && r.applied && len(parts) == 3 {
			change = r.plan.Change(addressOf(parts[1]))
		}
		w.learn(id)
		if change == nil || change.Action == core.NoOp || change.Action == core.Update || change.Action == core.Delete {
			if !r.wasTouched(id, "name") {
				w.found(ruleTwice, "customer %d is new, and no plan creates them: %v", id, shown(now))
			}
			continue
		}
		if other := created[change.Address]; other != 0 {
			w.found(ruleTwice, "customers %d and %d are both new, for %s", other, id, change.Address)
		}
		created[change.Address] = id
		w.ours[id] = change.Address
		planned := values(core.Attributes(change.Planned))
		for key, value := range now {
			tag, isTag := strings.CutPrefix(key, "tag.")
			switch want := planned[key]; {
			case value == want || value == "" || value == "false" || key == "tags" || r.wasTouched(id, key):
			case isTag && (slices.Contains(strings.Split(planned["tags"], ","), tag) || w.labelled(change.Address, tag)):
			default:
				w.found(ruleHarm, "customer %d was created for %s with %s %q, planned was %q", id, change.Address, key, value, want)
			}
		}
		if w.state.Get(change.Address).ID() == fmt.Sprint(id) {
			continue
		}
		if deposed := w.state.Deposed(change.Address); deposed.ID() == fmt.Sprint(id) {
			continue
		}
		said := fmt.Sprint(r.problems.Of(change.Address).Errors())
		if !r.killed.Load() && !strings.Contains(said, "import") {
			w.found(ruleOrphan, "customer %d, for %s; said was: %s", id, change.Address, said)
		}
		w.note("  customer %d is an orphan of %s", id, change.Address)
	}
	return created
}

func (w *walk) labelled(address, tag string) bool {
	c := w.config[nameOf(address)]
	if c == nil {
		return false
	}
	_, ok := c.labels[tag]
	return ok
}

// judgeBindings looks who stands in the state.
func (w *walk) judgeBindings(r *run, created map[string]int64) {
	owners := make(map[string]string)
	for _, address := range w.state.Addresses() {
		object := w.state.Get(address)
		if object.Type != customerType {
			continue
		}
		if other := owners[object.ID()]; other != "" {
			w.found(ruleTwice, "customer %s stands in the state for %s and %s", object.ID(), other, address)
		}
		owners[object.ID()] = address
		id := number(object.ID())
		_, imported := r.imports[address]
		switch b := w.bound[address]; {
		case b.id == id:
		case created[address] == id:
			w.bound[address] = binding{id: id}
		case w.ours[id] == address && !imported:
			w.bound[address] = binding{id: id}
		case imported:
			w.bound[address] = binding{id: id, imported: true, letGo: true}
		default:
			w.found(ruleAdopted, "%s is customer %d now: %v", address, id, shown(w.truth[id]))
			w.bound[address] = binding{id: id}
		}
		delete(w.imports, address)
	}
}

// asks reports whether an update has something to send in any case: a flag that is
// not managed any more is let go, and so may tags be.
func asks(c *core.Change) bool {
	before, after := values(core.Attributes(c.Prior)), values(core.Attributes(c.Planned))
	for _, flag := range []string{"unsubscribed", "blocked", "tags"} {
		if _, managed := after[flag]; !managed {
			delete(before, flag)
		}
	}
	return !maps.Equal(before, after)
}

// settleBindings takes down what the changes that came to their end mean.
func (w *walk) settleBindings(r *run) {
	if r.plan == nil {
		return
	}
	for _, c := range r.plan.Changes {
		problems, finished := r.finished[c.Address]
		if c.Type != customerType || !finished || problems.Err() != nil {
			continue
		}
		if b, ok := w.bound[c.Address]; ok && c.Action == core.Update {
			b.letGo = false
			w.bound[c.Address] = b
		}
		tags := values(core.Attributes(c.Planned))["tags"]
		if w.wrote[c.Address] == nil || c.Action != core.Update {
			w.wrote[c.Address] = map[string]bool{}
		}
		for tag := range strings.SplitSeq(tags, ",") {
			w.wrote[c.Address][tag] = true
		}
	}
	for address := range w.bound {
		if w.state.Get(address) == nil {
			delete(w.bound, address)
		}
	}
}

// judgeChanges looks whether what was reported as done is done.
func (w *walk) judgeChanges(r *run, created map[string]int64) {
	if r.plan == nil || !r.applied {
		return
	}
	for _, c := range r.plan.Changes {
		problems, finished := r.finished[c.Address]
		if !finished || c.Type != customerType || problems.Err() != nil {
			continue
		}
		prior := number(core.Text(core.Attributes(c.Prior)["id"]))
		if c.Action == core.Delete {
			policy := core.Text(core.Attributes(c.Prior)["deletion_policy"])
			if policy == "" {
				policy = r.policy
			}
			_, exists := w.server.Customer(prior)
			switch {
			case w.state.Get(c.Address) != nil && !c.Deposed:
				w.found(ruleDestroy, "%s was destroyed and still stands in the state", c.Address)
			case exists && w.deletable(r, c):
				w.found(ruleDestroy, "%s was destroyed and customer %d lives on (policy %q)", c.Address, prior, policy)
			case policy == "prevent" && r.policy != "abandon": // the provider's frees everybody
				w.found(ruleDestroy, "%s was destroyed against its policy", c.Address)
			}
			continue
		}
		id := prior
		if c.Action != core.Update {
			id = created[c.Address]
			if len(problems) > 0 {
				continue // a warning: the next plan shows it
			}
		}
		record, exists := w.server.Customer(id)
		if !exists {
			if c.Action == core.Update && asks(c) && !r.wasTouched(id, "name") { // what changes nothing asks nobody
				w.found(ruleSilent, "%s of %s is done, and customer %d does not exist", c.Action, c.Address, id)
			}
			continue
		}
		now, was := held(record), values(core.Attributes(c.Prior))
		for key, value := range values(core.Attributes(c.Planned)) {
			if old, managed := was[key]; c.Action == core.Update && managed && old == value {
				continue
			}
			if now[key] != value && !r.wasTouched(id, key) {
				w.found(ruleSilent, "%s of %s is done without an error, and %s of customer %d is %q, planned was %q", c.Action, c.Address, key, id, now[key], value)
			}
		}
	}
}

// has reports whether somebody holds this.
func (w *walk) has(key, value string) bool {
	return slices.ContainsFunc(w.server.Customers(), func(r sandbox.Record) bool { return held(r)[key] == value })
}

// keyed is the customer whom an import id means.
func (w *walk) keyed(id string) int64 {
	if userID, ok := strings.CutPrefix(id, "user_id:"); ok {
		for _, r := range w.server.Customers() {
			if held(r)["user_id"] == userID {
				return r.ID()
			}
		}
	}
	return number(id)
}

// judgeCore looks for what only a faulty provider does.
func (w *walk) judgeCore(r *run) {
	for _, p := range r.problems.Errors() {
		switch p.Summary {
		case core.InvalidPlan, core.InvalidObject, core.InconsistentFinalPlan, core.InconsistentResult, core.InvalidResultObject, "The plugin did not answer":
			w.found(ruleCore, "%s", p)
		}
	}
}

// overdrafts are how many requests may exceed the limit: what must follow
// another one at once, such as what is put back, takes no account of it.
const overdrafts = 3

// judgeLimit counts requests.
func (w *walk) judgeLimit() {
	limit := w.law.limit + overdrafts
	var window []time.Time
	for _, request := range w.server.Requests() {
		if request.Status == http.StatusTooManyRequests {
			continue
		}
		window = append(window, request.ArrivedAt)
		for window[0].Add(time.Minute).Before(request.ArrivedAt) {
			window = window[1:]
		}
		if len(window) > limit {
			w.found(ruleLimit, "%d requests within a minute of %s", len(window), request.ArrivedAt.Sub(w.began))
			return
		}
	}
}

// calm ends all faults, applies, follows the advice of errors, and looks
// whether all is together then.
func (w *walk) calm() {
	w.note("  calm")
	switches := w.law.switches
	switches.CreateDropped, switches.BadGatewayEvery = false, 0
	w.server.SetSwitches(switches)
	defer w.server.SetSwitches(w.law.switches)
	<-time.After(11 * time.Minute)
	w.tidy()
	policy := w.law.policy
	for attempt := 1; ; attempt++ {
		r := w.plan(core.Options{Imports: maps.Clone(w.imports)}, policy)
		if r.problems.Err() == nil {
			w.apply(r, false)
		}
		w.judge(r)
		if len(w.findings) > 0 {
			return
		}
		errors := r.problems.Errors()
		if len(errors) == 0 && len(w.state.DeposedAddresses()) == 0 {
			break
		}
		if attempt == 4 {
			w.found(ruleUnsettled, "after %d applies: %s", attempt, errors)
			return
		}
		for _, p := range errors {
			if !w.advised(p) {
				w.found(ruleUnsettled, "%s", p)
				return
			}
		}
		if len(w.state.DeposedAddresses()) > 0 {
			policy = "abandon" // the way out that the documentation names
		}
		<-time.After(time.Minute)
	}
	r := w.plan(core.Options{}, policy)
	w.judge(r)
	switch {
	case len(w.findings) > 0:
	case r.problems.Err() != nil:
		w.found(ruleUnsettled, "the plan afterwards: %s", r.problems.Errors())
	case !r.plan.IsEmpty():
		for _, c := range r.plan.Changes {
			if c.Action != core.NoOp {
				w.found(ruleNotEmpty, "%s %s%s", c.Action, c.Address, difference(c))
			}
		}
	default:
		w.judgeTogether()
	}
	w.forget()
}

// judgeTogether looks whether state, configuration and HelpCrunch are one, and
// everybody holds what they should.
func (w *walk) judgeTogether() {
	for name, c := range w.config {
		object := w.state.Get(addressOf(name))
		if object == nil {
			w.found(ruleState, "%s does not stand in the state", addressOf(name))
			continue
		}
		wanted, stated := values(c.attributes()), values(core.Attributes(object.Value))
		record, _ := w.server.Customer(number(object.ID()))
		now := held(record)
		for key, value := range wanted {
			if stated[key] != value {
				w.found(ruleState, "%s: %s is %q in the state, %q in the configuration", name, key, stated[key], value)
			}
			if now[key] != value {
				w.found(ruleState, "%s: %s is %q in HelpCrunch, %q in the configuration", name, key, now[key], value)
			}
		}
		for key := range stated {
			if _, managed := wanted[key]; !managed {
				w.found(ruleState, "%s: %s stands in the state, not in the configuration", name, key)
			}
		}
		for tag := range c.labels {
			if now["tag."+tag] == "" {
				w.found(ruleState, "%s: the tag %s is not there", name, tag)
			}
		}
	}
	for id, truth := range w.truth {
		record, exists := w.server.Customer(id)
		if !exists {
			continue
		}
		now := held(record)
		for key, value := range truth {
			// A user_id that somebody else has taken in that moment is theirs: it cannot
			// be put back, and each plan says so.
			if key != "tags" && now[key] != value && (key != "user_id" || !w.has("user_id", value)) {
				w.found(ruleHarm, "customer %d (%s): %s is %q, and was not put back to %q", id, w.owner(id), key, now[key], value)
			}
		}
	}
}

// tidy is what a user does after faults: they take out what HelpCrunch refuses,
// look for orphans, and let go of people who are gone.
func (w *walk) tidy() {
	for name, c := range w.config {
		if _, wrong := c.custom[undefined]; wrong {
			c = c.clone()
			delete(c.custom, undefined)
			w.config[name] = c
			w.note("  %s goes without %s", name, undefined)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(w.bound)) {
		object := w.state.Get(address)
		adopted := object != nil && core.Text(core.Attributes(object.Value)["origin"]) == "adopted"
		if b := w.bound[address]; (b.imported || adopted) && w.truth[b.id] == nil {
			w.note("  %s is gone from HelpCrunch: taken out", address)
			w.drop(nameOf(address))
		}
	}
	for address, key := range w.imports {
		if _, exists := w.server.Customer(number(key)); number(key) != 0 && !exists {
			delete(w.imports, address)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.ours)) {
		address := w.ours[id]
		if w.truth[id] == nil || w.owner(id) != "" || w.state.Deposed(address).ID() == fmt.Sprint(id) {
			continue
		}
		d := w.dice("orphan", w.round, address)
		c := w.config[nameOf(address)]
		switch {
		case w.abandoned(id):
		case c != nil && w.state.Get(address) == nil && w.imports[address] == "" && chance(d, 60):
			if c.texts["user_id"] != "" && c.texts["user_id"] == w.truth[id]["user_id"] && chance(d, 60) {
				continue // the error of the next apply says it
			}
			w.note("  orphan %d is imported into %s", id, address)
			w.imports[address] = fmt.Sprint(id)
		default:
			w.note("  orphan %d of %s is deleted by hand", id, address)
			_ = w.server.Delete(id)
			w.learn(id)
		}
	}
}

// abandoned reports whether somebody of ours was left in HelpCrunch on purpose,
// who is in nobody's way.
func (w *walk) abandoned(id int64) bool {
	c := w.config[nameOf(w.ours[id])]
	return c == nil || w.state.Get(w.ours[id]) != nil
}

// drop takes a resource out of configuration and state.
func (w *walk) drop(name string) {
	delete(w.config, name)
	delete(w.imports, addressOf(name))
	for _, address := range w.state.Addresses() {
		if nameOf(address) == name {
			w.state.Set(address, nil)
		}
	}
	delete(w.bound, addressOf(name))
}

var importID = regexp.MustCompile(`terraform import \S+ (\S+)`)

// advised does what an error says, and reports whether it said anything that
// may be said.
func (w *walk) advised(p core.Problem) bool {
	name := nameOf(p.Address)
	rename := func() bool {
		if w.config[name] == nil {
			return false
		}
		c := w.config[name].clone()
		c.texts["user_id"] = fmt.Sprintf("crm-%s-again-%d", name, w.round)
		w.config[name] = c
		w.note("  %s takes another user_id", name)
		return true
	}
	switch {
	case strings.Contains(p.Detail, "is managed by another resource") && strings.Contains(p.Summary, "user_id"):
		return rename()
	case strings.Contains(p.Detail, "terraform import") && strings.Contains(p.Summary, "user_id"):
		key := importID.FindStringSubmatch(p.Detail)
		if key == nil {
			return false
		}
		if w.state.Get(p.Address) != nil || w.owner(w.keyed(key[1])) != "" { // the advice is: if the state has that customer already
			return rename()
		}
		w.note("  %s is imported into %s", key[1], name)
		w.imports[p.Address] = key[1]
		return true
	case p.Summary == "The customer must not be deleted":
		object := w.state.Get(p.Address)
		if object != nil && object.Tainted {
			w.note("  terraform untaint %s", p.Address)
			w.state.Taint(p.Address, false)
			return true
		}
		if w.config[name] == nil {
			w.note("  terraform state rm %s", p.Address)
			w.drop(name)
			return true
		}
		return w.state.Deposed(p.Address) != nil
	case p.Summary == core.NonExistent || p.Summary == "No such customer":
		delete(w.imports, p.Address)
		return true
	}
	return false
}

// farewell destroys everything.
func (w *walk) farewell() {
	w.calm()
	if len(w.findings) > 0 || !w.part("farewell") {
		return
	}
	w.note("farewell")
	w.config = map[string]*customer{}
	for attempt := 1; ; attempt++ {
		r := w.plan(core.Options{Destroy: true}, w.law.policy)
		if r.problems.Err() == nil {
			w.apply(r, false)
		}
		w.judge(r)
		switch errors := r.problems.Errors(); {
		case len(w.findings) > 0 || len(errors) == 0:
			return
		case attempt == 3:
			w.found(ruleUnsettled, "a destroy: %s", errors)
			return
		default:
			for _, p := range errors {
				if !w.advised(p) {
					w.found(ruleUnsettled, "a destroy: %s", p)
					return
				}
			}
		}
	}
}
