// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package chaos

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/provider"
)

var (
	forTime = flag.Duration("chaos.time", 0, "how long TestChaos walks; 0 = it does not")
	seed    = flag.Uint64("chaos.seed", 0, "the walk to begin with; 0 = one that the clock chooses, and many")
	all     = flag.Bool("chaos.all", false, "walk also what notYet leaves out")
	verbose = flag.Bool("chaos.verbose", false, "print the bodies of requests, and the trace of a walk that found nothing")
)

// notYet are the kinds of parts that are not walked, and why: what is known to
// be broken, and is being mended.
var notYet = map[string]string{}

func avoided() map[string]bool {
	avoid := make(map[string]bool)
	if !*all {
		for kind := range notYet {
			avoid[kind] = true
		}
	}
	return avoid
}

func TestMain(m *testing.M) {
	flag.Parse()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "HELPCRUNCH_") {
			os.Unsetenv(name)
		}
	}
	// The processes of a walk share a budget, and no others do.
	cache, err := os.MkdirTemp("", "chaos")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		os.Setenv(name, cache)
	}
	provider.TuneProcess()
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}

// TestWalks walks some fixed seeds.
func TestWalks(t *testing.T) {
	t.Parallel()
	if *forTime > 0 {
		t.Skip("TestChaos walks")
	}
	for seed := range uint64(5) {
		if r := play(t, seed+1, nil, avoided(), false); len(r.findings) > 0 {
			t.Error(report(t, r))
			return
		}
	}
}

// TestChaos walks for as long as -chaos.time says, or the one walk of
// -chaos.seed.
func TestChaos(t *testing.T) {
	if *forTime == 0 && *seed == 0 {
		t.Skip("make chaos walks")
	}
	began, next := time.Now(), *seed
	if next == 0 {
		next = uint64(began.Unix())
	}
	first := next
	var mu sync.Mutex
	steps, rounds, walks, found := 0, 0, 0, map[string]int{}
	draw := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, (next-1 == first || time.Since(began) < *forTime) && len(found) < 5
	}
	workers := runtime.GOMAXPROCS(0)
	if *forTime == 0 {
		workers = 1
	}
	t.Run("walks", func(t *testing.T) {
		for worker := range workers {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed, more := draw(); more; seed, more = draw() {
					r := play(t, seed, nil, avoided(), *verbose)
					if *verbose && len(r.findings) == 0 {
						t.Log(strings.Join(r.trace, "\n"))
					}
					mu.Lock()
					walks, steps, rounds = walks+1, steps+r.steps, rounds+r.rounds
					known := true
					if len(r.findings) > 0 {
						rule := r.findings[0].rule
						found[rule]++
						known = found[rule] > 1
					}
					mu.Unlock()
					switch {
					case known && len(r.findings) > 0:
						t.Logf("seed %d, too: %s: %s", seed, r.findings[0].rule, r.findings[0].detail)
					case !known:
						t.Errorf("after %s: %s", time.Since(began).Round(time.Second), report(t, r))
					}
				}
			})
		}
	})
	t.Logf("%d walks from seed %d on, %d rounds, %d steps in %s", walks, first, rounds, steps, time.Since(began).Round(time.Second))
	for _, rule := range slices.Sorted(maps.Keys(found)) {
		t.Logf("%d times: %s", found[rule], rule)
	}
}

// report makes a walk that found something as short as it can, and tells it.
func report(t *testing.T, r result) string {
	t.Helper()
	rule, began := r.findings[0].rule, time.Now()
	skip := map[string]bool{}
	least := r
	tries := 0
	again := func(parts []string) bool {
		tries++
		without := maps.Clone(skip)
		for _, part := range parts {
			without[part] = true
		}
		shorter := play(t, r.seed, without, avoided(), *verbose)
		if len(shorter.findings) == 0 || shorter.findings[0].rule != rule {
			return false
		}
		skip, least = without, shorter
		return true
	}
	// Halves first, then ever smaller pieces.
	for size := (len(r.parts) + 1) / 2; size > 0 && time.Since(began) < 30*time.Second; size /= 2 {
		for from := 0; from < len(r.parts) && time.Since(began) < 30*time.Second; from += size {
			piece := slices.DeleteFunc(slices.Clone(r.parts[from:min(from+size, len(r.parts))]), func(part string) bool { return skip[part] })
			if len(piece) > 0 {
				again(piece)
			}
		}
	}
	left := slices.DeleteFunc(slices.Clone(r.parts), func(part string) bool { return skip[part] })
	return fmt.Sprintf("seed %d: %s\n%s\n\nWalk it again: go test -run TestChaos -chaos.seed=%d ./internal/dev/chaos\nWhat is left of it after %d tries: %s\n%s\n",
		r.seed, rule, least.findings[0].detail, r.seed, tries, strings.Join(left, "; "), strings.Join(least.trace, "\n"))
}
