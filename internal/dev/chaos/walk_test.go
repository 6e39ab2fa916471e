// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package chaos

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/provider"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// finding is a rule that did not hold.
type finding struct {
	rule   string // a few words that stay the same from walk to walk
	detail string
}

// result is what became of a walk.
type result struct {
	seed     uint64
	steps    int // operations on one resource
	rounds   int
	findings []finding
	parts    []string // what the walk was made of, in order
	trace    []string
}

// walk is a random walk.
type walk struct {
	seed    uint64
	skip    map[string]bool // parts that are left out
	avoid   map[string]bool // kinds of parts that are left out everywhere
	verbose bool

	server *sandbox.Server
	law    law
	round  int
	began  time.Time
	steps  atomic.Int64

	mu       sync.Mutex
	parts    []string
	trace    []string
	findings []finding

	config  map[string]*customer // what is written now, by the name of the resource
	imports map[string]string    // import blocks: address → id
	state   *core.State

	world
}

// law is what an account does and what the provider is told of it, for a whole walk.
type law struct {
	switches    sandbox.Switches
	names       []string
	limit       int // requests a minute
	batchSize   int
	parallelism int
	policy      string // the provider's deletion_policy, "" for none
	pinned      bool   // organization stands in the provider block
}

// clears reports whether the account clears what a request does not mention:
// what somebody writes in just that moment can be lost.
func (l law) clears() bool {
	return l.switches.BatchClearsOmitted || l.switches.BatchClearsCustomData || l.switches.CustomDataReplaces
}

// play walks a seed in a bubble of its own.
func play(t *testing.T, seed uint64, skip, avoid map[string]bool, verbose bool) result {
	t.Helper()
	w := &walk{
		seed: seed, skip: skip, avoid: avoid, verbose: verbose,
		config: map[string]*customer{}, imports: map[string]string{}, state: core.NewState(), world: newWorld(),
	}
	synctest.Test(t, func(t *testing.T) {
		w.began = time.Now()
		w.prepare(t)
		rounds := 2 + w.dice("rounds").IntN(5)
		for w.round = 1; w.round <= rounds && len(w.findings) == 0; w.round++ {
			w.play()
		}
		if len(w.findings) == 0 {
			w.farewell()
		}
	})
	return result{seed: seed, steps: int(w.steps.Load()), rounds: w.round, findings: w.findings, parts: w.parts, trace: w.trace}
}

// dice are made of the seed and of what they are thrown for.
func (w *walk) dice(what ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, what...)
	return rand.New(rand.NewPCG(w.seed, h.Sum64()))
}

// part reports whether a part of the walk is walked. Its first word is its kind.
func (w *walk) part(format string, arguments ...any) bool {
	name := fmt.Sprintf(format, arguments...)
	kind, _, _ := strings.Cut(name, " ")
	if w.avoid[kind] {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.parts, name) {
		w.parts = append(w.parts, name)
	}
	return !w.skip[name]
}

func (w *walk) note(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, fmt.Sprintf("%8.2fs ", time.Since(w.began).Seconds())+fmt.Sprintf(format, arguments...))
}

func (w *walk) found(rule, format string, arguments ...any) {
	detail := fmt.Sprintf(format, arguments...)
	w.note("FINDING: %s: %s", rule, detail)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.findings = append(w.findings, finding{rule, detail})
}

// prepare opens the account: its laws, and strangers whom no configuration knows.
func (w *walk) prepare(t *testing.T) {
	d := w.dice("law")
	for _, info := range sandbox.SwitchList() {
		likely := 7
		if slices.Contains([]string{"batch-clears-omitted", "custom-data-replaces", "tags-append", "create-dropped"}, info.Name) {
			likely = 16 // these cost people something
		}
		if chance(w.dice("law", info.Name), likely) && w.part("law-%s", info.Name) {
			value := info.On
			if info.Name == "search-lag" {
				value = pick(d, []string{"2s", "4s", "1m", "8m"})
			}
			if err := w.law.switches.Set(info.Name, value); err != nil {
				t.Fatal(err)
			}
			w.law.names = append(w.law.names, info.Name+"="+value)
		}
	}
	w.law.limit = pick(d, []int{120, 120, 120, 60, 20})
	w.law.batchSize = pick(d, []int{10, 10, 10, 3, 1})
	w.law.parallelism = pick(d, []int{10, 10, 10, 1, 2, 100})
	w.law.policy = pick(d, []string{"", "", "", "", "abandon", "prevent"})
	w.law.pinned = chance(d, 20)
	server, err := sandbox.New(sandbox.Config{Key: fmt.Sprintf("key-%d-%d", w.seed, len(w.skip)), Attributes: properties, Switches: w.law.switches})
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	w.note("seed %d: account %v, %d requests a minute, batches of %d, parallelism %d, provider's deletion_policy %q",
		w.seed, w.law.names, w.law.limit, w.law.batchSize, w.law.parallelism, w.law.policy)
	for i := range w.dice("strangers").IntN(5) {
		if w.part("stranger s%d", i) {
			w.stranger(i)
		}
	}
}

// play is a round: people write, the configuration changes, it is planned and
// applied while people write on and things fail. Then what must hold is looked
// at, and mostly all is brought together again.
func (w *walk) play() {
	w.note("round %d", w.round)
	w.edits("before", false)
	w.change()
	options := core.Options{Imports: maps.Clone(w.imports)}
	if chance(w.dice("stale", w.round), 15) && w.part("norefresh %d", w.round) {
		options.NoRefresh = true
		w.note("  -refresh=false")
	}
	for _, address := range w.state.Addresses() {
		switch d := w.dice("replace", w.round, address); {
		case chance(d, 4) && w.part("taint %d %s", w.round, address):
			w.note("  terraform taint %s", address)
			w.state.Taint(address, true)
		case chance(d, 3) && w.config[nameOf(address)] != nil && w.part("replace %d %s", w.round, address):
			w.note("  -replace=%s", address)
			options.Replace = append(options.Replace, address)
		}
	}
	w.faults("plan", 15)
	r := w.plan(options, w.law.policy)
	w.disarm()
	w.edits("between", false)
	if r.plan != nil && r.plan.Problems.Err() == nil {
		w.faults("apply", 60)
		w.apply(r, true)
		w.disarm()
	}
	w.judge(r)
	if len(w.findings) == 0 && chance(w.dice("calm", w.round), 70) {
		w.calm()
	}
}

// change changes the configuration.
func (w *walk) change() {
	d := w.dice("change")
	count, richest := 2+d.IntN(8), 4
	if chance(d, 40) { // many, most of whom hold nothing but a name
		count, richest = 12+d.IntN(25), 1
	}
	for i := range count {
		name := fmt.Sprintf("a%d", i)
		d := w.dice("change", w.round, name)
		c := w.config[name]
		if !w.part("customer %s", name) {
			continue
		}
		switch {
		case c == nil && chance(d, 55):
			richness := d.IntN(richest)
			if richest == 1 && chance(d, 10) {
				richness = 1
			}
			c = newCustomer(d, name, richness)
			w.link(d, c)
			w.bleach(c)
			w.config[name] = c
			w.note("  + %s", c)
		case c == nil:
		case chance(d, 6):
			if w.part("remove %d %s", w.round, name) {
				delete(w.config, name)
				delete(w.imports, addressOf(name))
				w.note("  - %s", name)
			}
		case chance(d, 65):
			if w.part("mutate %d %s", w.round, name) {
				c = c.clone()
				if richest == 1 && chance(d, 70) {
					c.texts["name"] = textFor(d, "name", name)
				} else {
					c.mutate(d)
				}
				w.bleach(c)
				if c.custom != nil && chance(d, 4) && w.part("undefined %d %s", w.round, name) {
					c.custom[undefined] = "x"
				}
				w.config[name] = c
				w.note("  ~ %s", c)
			}
		}
	}
}

// bleach takes the colours away where the walk has none.
func (w *walk) bleach(c *customer) {
	if w.part("colors") {
		return
	}
	for _, tags := range []map[string]string{c.tags, c.labels} {
		for tag := range tags {
			tags[tag] = ""
		}
	}
}

// link ties a new customer to somebody who is there already: by an import, or
// by the mistake of taking their user_id.
func (w *walk) link(d *rand.Rand, c *customer) {
	i := d.IntN(5)
	id, there := w.strangers[i]
	if !there || w.owner(id) != "" || w.truth[id] == nil {
		return
	}
	userID := w.truth[id]["user_id"]
	switch {
	case chance(d, 40) && w.part("import %s", c.name):
		w.imports[addressOf(c.name)] = fmt.Sprint(id)
		if chance(d, 30) && userID != "" {
			w.imports[addressOf(c.name)] = "user_id:" + userID
		}
		if chance(d, 50) {
			delete(c.texts, "user_id")
		}
		w.note("  import %s into %s", w.imports[addressOf(c.name)], c.name)
	case chance(d, 80) && userID != "" && !w.claimed(userID) && w.part("conflict %s", c.name):
		c.texts["user_id"] = userID
	}
}

// claimed reports whether a configuration has a user_id already.
func (w *walk) claimed(userID string) bool {
	for _, c := range w.config {
		if c.texts["user_id"] == userID {
			return true
		}
	}
	return false
}

// run is a plan and perhaps an apply.
type run struct {
	plan     *core.Plan
	problems core.Problems
	policy   string // the provider's
	process  *core.Process
	wire     *wire
	server   *provider.Server

	blocks   []core.Block
	imports  map[string]string
	applied  bool
	stopped  bool
	killed   atomic.Bool
	mu       sync.Mutex
	finished map[string]core.Problems // changes that came to their end, by address
	touched  map[string]bool          // "<id> <value>" that somebody wrote since the plan began
}

// start starts a provider, as Terraform does for each plan and each apply.
func (w *walk) start(r *run, policy string) bool {
	r.wire = &wire{walk: w}
	server, err := provider.NewServer(provider.NewOver("chaos", r.wire))
	if err != nil {
		w.found("the provider does not start", "%s", err)
		return false
	}
	r.server = server
	settings := map[string]tftypes.Value{
		"api_key":             text(w.server.Key()),
		"base_url":            text(w.server.URL()),
		"requests_per_minute": tftypes.NewValue(tftypes.Number, w.law.limit),
		"batch_size":          tftypes.NewValue(tftypes.Number, w.law.batchSize),
	}
	if policy != "" {
		settings["deletion_policy"] = text(policy)
	}
	if w.law.pinned {
		settings["organization"] = text(sandbox.DefaultOrganization.Domain)
	}
	r.process, err = core.Start(context.Background(), server, "1.14.0", settings)
	if err != nil {
		w.note("  the provider was not configured: %s", err)
		r.problems = append(r.problems, core.Problem{IsError: true, Summary: "not configured", Detail: err.Error()})
		return false
	}
	return true
}

func (w *walk) options(o core.Options) core.Options {
	o.Parallelism, o.Pace = w.law.parallelism, 37*time.Millisecond
	return o
}

// plan plans the configuration, with a process of its own.
func (w *walk) plan(o core.Options, policy string) *run {
	r := &run{imports: o.Imports, finished: map[string]core.Problems{}, touched: map[string]bool{}}
	w.now = r
	for _, name := range slices.Sorted(maps.Keys(w.config)) {
		r.blocks = append(r.blocks, w.config[name].blocks()...)
	}
	w.note("  plan")
	if !w.start(r, policy) {
		return r
	}
	r.plan = r.process.Plan(context.Background(), w.state, r.blocks, w.options(o))
	r.problems = append(r.problems, r.plan.Problems...)
	w.steps.Add(int64(len(r.plan.Changes)))
	for _, c := range r.plan.Changes {
		if c.Action != core.NoOp {
			w.note("    %s %s%s", c.Action, c.Address, difference(c))
		}
	}
	w.tell(r.plan.Problems)
	r.policy = policy
	return r
}

// difference is what a change changes, in a few words.
func difference(c *core.Change) string {
	if c.Action != core.Update {
		return ""
	}
	before, after := values(core.Attributes(c.Prior)), values(core.Attributes(c.Planned))
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if value, managed := after[key]; !managed {
			parts = append(parts, fmt.Sprintf("%s: %q → not managed", key, before[key]))
		} else if value != before[key] {
			parts = append(parts, fmt.Sprintf("%s: %q → %q", key, before[key], value))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if _, managed := before[key]; !managed {
			parts = append(parts, fmt.Sprintf("%s: not managed → %q", key, after[key]))
		}
	}
	return ": " + strings.Join(parts, ", ")
}

func (w *walk) tell(problems core.Problems) {
	for _, p := range problems {
		w.note("    %s", strings.ReplaceAll(p.String(), "\n", " "))
	}
}

// apply applies a plan, with a process of its own that may be stopped or die.
func (w *walk) apply(r *run, wild bool) {
	w.note("  apply")
	if !w.start(r, r.policy) {
		return
	}
	r.applied = true
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := w.options(core.Options{
		Killed: r.killed.Load,
		Observe: func(c *core.Change, problems core.Problems, begins bool) {
			if begins {
				w.steps.Add(1)
				return
			}
			if r.killed.Load() {
				return
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.finished[c.Address] = append(r.finished[c.Address], problems...)
		},
	})
	if wild {
		w.during(r)
		d := w.dice("end", w.round)
		at := 1 + d.IntN(12)
		switch {
		case chance(d, 12) && w.part("stop %d", w.round):
			r.wire.at(at, func() {
				w.note("    Ctrl-C")
				r.stopped = true
				cancel()
				_, _ = r.server.StopProvider(context.Background(), &tfprotov6.StopProviderRequest{})
			})
		case chance(d, 12) && w.part("crash %d", w.round):
			r.wire.at(at, func() {
				w.note("    kill -9")
				r.killed.Store(true)
				r.wire.dead.Store(true)
				cancel()
			})
		}
	}
	problems := r.process.Apply(ctx, w.state, r.plan, o)
	r.problems = append(r.problems, problems...)
	w.tell(problems)
}

// faults arms what goes wrong.
func (w *walk) faults(when string, percent int) {
	d := w.dice("faults", when, w.round)
	if !chance(d, percent) {
		return
	}
	kinds := []sandbox.FaultKind{
		sandbox.FailBefore, sandbox.FailAfter, sandbox.DropBefore, sandbox.DropAfter, sandbox.Late, sandbox.TooMany,
		sandbox.Unauthorized, sandbox.Forbidden, sandbox.BadGateway, sandbox.WrongType, sandbox.WrongID, sandbox.Redirect,
		sandbox.NotFound, sandbox.Oversized,
	}
	operations := []sandbox.Operation{
		"", sandbox.OpCreate, sandbox.OpCreate, sandbox.OpBatch, sandbox.OpBatch, sandbox.OpPatch, sandbox.OpPatch, sandbox.OpGet,
		sandbox.OpSearch, sandbox.OpTag, sandbox.OpUntag, sandbox.OpDelete, sandbox.OpOrganization,
	}
	for i := range 1 + d.IntN(4) {
		f := sandbox.Fault{Kind: pick(d, kinds), Operation: pick(d, operations), Times: pick(d, []int{1, 1, 1, 2, 3, 8}), After: pick(d, []int{0, 0, 1, 2, 5})}
		switch f.Kind {
		case sandbox.Late:
			f.Delay = pick(d, []time.Duration{time.Second, 10 * time.Second, 29 * time.Second, 45 * time.Second})
		case sandbox.TooMany:
			f.RetryAfter = pick(d, []time.Duration{0, 0, 3 * time.Second, time.Minute})
		case sandbox.WrongID:
			if f.Operation == "" || f.Operation == sandbox.OpCreate {
				continue // who is told another id than the true one has no chance
			}
		case sandbox.NotFound:
			// Who is told that somebody is gone who is to go believes it.
			f.Operation = pick(d, []sandbox.Operation{sandbox.OpGet, sandbox.OpGet, sandbox.OpPatch, sandbox.OpBatch})
		case sandbox.Forbidden:
			if f.Operation == "" || f.Operation == sandbox.OpOrganization {
				continue // a key that may read the account in the plan, and not in the apply, Terraform itself refuses
			}
		case sandbox.WrongType:
			f.Times = min(f.Times, 3) // nor is this to last for a whole apply
		case sandbox.Oversized:
			f.Times = 1
		}
		if w.part("fault-%s %s %d %d", f.Kind, when, w.round, i) {
			w.note("  fault: %s of %q, %d times after %d", f.Kind, f.Operation, f.Times, f.After)
			w.server.Arm(f)
		}
	}
}

// disarm ends the faults.
func (w *walk) disarm() { w.server.Disarm() }
