// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// strict is a server that takes so many requests in a minute from everybody
// together.
type strict struct {
	rules
	mu       sync.Mutex
	arrivals []time.Time
}

type rules struct {
	limit         int
	fixed         bool // windows begin with the minute of the clock
	tells         bool // with how long to wait
	countsRefused bool
}

func (s *strict) ask(now time.Time) (ok bool, told time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	begin := now.Add(-time.Minute)
	if s.fixed {
		begin = now.Truncate(time.Minute).Add(-1)
	}
	for len(s.arrivals) > 0 && !s.arrivals[0].After(begin) {
		s.arrivals = s.arrivals[1:]
	}
	ok = len(s.arrivals) < s.limit
	if ok || s.countsRefused {
		s.arrivals = append(s.arrivals, now)
	}
	if !ok && s.tells {
		told = time.Minute - now.Sub(s.arrivals[max(len(s.arrivals)-s.limit, 0)])
		if s.fixed {
			told = now.Truncate(time.Minute).Add(time.Minute).Sub(now)
		}
		told = (told + time.Second - 1).Truncate(time.Second)
	}
	return ok, told
}

// machine is one that makes its requests with ten callers and a budget of its own.
type machine struct {
	limit    int
	starts   time.Duration
	requests int

	first, done       time.Duration // its first accepted request, and its last
	accepted, refused int
}

func (m *machine) run(s *strict, start time.Time, random *rand.Rand) {
	time.Sleep(m.starts)
	var mu sync.Mutex
	draw := func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Float64()
	}
	b := New(Config{Limit: m.limit, Hold: 30 * time.Second})
	b.random = draw
	left := m.requests
	var callers sync.WaitGroup
	for range 10 {
		callers.Go(func() {
			for {
				mu.Lock()
				left--
				more := left >= 0
				mu.Unlock()
				for more {
					slot, err := b.Acquire(context.Background())
					if err != nil {
						panic(err)
					}
					latency := time.Duration((0.1 + 0.2*draw()) * float64(time.Second))
					time.Sleep(latency / 2)
					ok, told := s.ask(time.Now())
					time.Sleep(latency / 2)
					mu.Lock()
					if ok {
						m.accepted++
						if m.first == 0 {
							m.first = time.Since(start)
						}
						m.done = time.Since(start)
					} else {
						m.refused++
					}
					mu.Unlock()
					if ok {
						slot.Answered()
						break
					}
					slot.Refused(told)
				}
				if !more {
					return
				}
			}
		})
	}
	callers.Wait()
}

// scenario is who shares a limit with whom, and what must come of it: of the
// middle of several seeds, for chance gives one machine more than the other.
type scenario struct {
	server      rules
	machines    int
	requests    int
	integration int           // requests a minute of one that never waits
	limit       int           // that the machines are told, 0 = the server's
	comesLate   bool          // the last machine, to others who work without an end
	used        float64       // least part of the time that a strict limit needs
	refused     float64       // most of what was sent
	fair        float64       // least of when the first was done, in the time of the last
	late        time.Duration // longest until the first request of a machine was accepted
}

// outcome is what came of it.
type outcome struct {
	used, refused, fair float64
	late                time.Duration
}

func (s scenario) play(t *testing.T, seed uint64) (o outcome) {
	random := rand.New(rand.NewPCG(seed, 0))
	server := &strict{rules: s.server}
	machines := make([]*machine, s.machines)
	for i := range machines {
		machines[i] = &machine{limit: cmp.Or(s.limit, 120), starts: time.Duration(random.Float64() * float64(30*time.Second)), requests: s.requests}
	}
	last := machines[len(machines)-1]
	if s.comesLate {
		last.starts, last.requests = time.Duration((200+100*random.Float64())*float64(time.Second)), 100
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		if s.integration > 0 {
			go func() {
				for ctx.Err() == nil {
					server.ask(time.Now())
					time.Sleep(time.Minute / time.Duration(s.integration))
				}
			}()
		}
		var all sync.WaitGroup
		for _, m := range machines {
			own := rand.New(rand.NewPCG(seed, random.Uint64()))
			all.Go(func() { m.run(server, start, own) })
		}
		all.Wait()
		cancel()
		synctest.Wait()
		began, first, end, sent, refused, requests := time.Hour, 100*time.Hour, time.Duration(0), 0, 0, 0
		for _, m := range machines {
			began, first, end = min(began, m.starts), min(first, m.done), max(end, m.done)
			sent, refused, requests = sent+m.accepted+m.refused, refused+m.refused, requests+m.requests
			o.late = max(o.late, m.first-m.starts)
		}
		if s.comesLate {
			o.late = last.first - last.starts
		}
		windows := (requests+server.limit-1)/server.limit - 1
		o.used = float64(windows) / (end - began).Minutes()
		o.refused = float64(refused) / float64(sent)
		o.fair = float64(first-began) / float64(end-began)
		time.Sleep(time.Minute) // the integration's last
	})
	return o
}

// Machines that know nothing of each other share one limit: nearly all of it is
// used, little is refused, nobody starves, and one that is alone notices nothing.
func TestShareOfTheLimit(t *testing.T) {
	t.Parallel()
	const seeds = 7
	sliding := rules{limit: 120}
	for name, s := range map[string]scenario{
		"alone":                       {server: sliding, machines: 1, used: 0.985, fair: 1, late: time.Second},
		"alone, fixed windows":        {server: rules{limit: 120, fixed: true}, machines: 1, used: 0.985, fair: 1, late: time.Second},
		"two":                         {server: sliding, machines: 2, used: 0.90, refused: 0.04, fair: 0.7},
		"four":                        {server: sliding, machines: 4, used: 0.92, refused: 0.07, fair: 0.5},
		"eight":                       {server: sliding, machines: 8, used: 0.93, refused: 0.12, fair: 0.45},
		"two, fixed windows":          {server: rules{limit: 120, fixed: true}, machines: 2, used: 0.92, refused: 0.05, fair: 0.7},
		"four, fixed windows":         {server: rules{limit: 120, fixed: true}, machines: 4, used: 0.92, refused: 0.09, fair: 0.5},
		"four, told for how long":     {server: rules{limit: 120, tells: true}, machines: 4, used: 0.92, refused: 0.07, fair: 0.5},
		"four, told, fixed windows":   {server: rules{limit: 120, tells: true, fixed: true}, machines: 4, used: 0.92, refused: 0.10, fair: 0.5},
		"two, refused ones count":     {server: rules{limit: 120, countsRefused: true}, machines: 2, used: 0.88, refused: 0.05, fair: 0.6},
		"four, refused ones count":    {server: rules{limit: 120, countsRefused: true}, machines: 4, used: 0.88, refused: 0.08, fair: 0.4},
		"eight, refused ones count":   {server: rules{limit: 120, countsRefused: true}, machines: 8, used: 0.85, refused: 0.15, fair: 0.45},
		"a latecomer":                 {server: sliding, machines: 2, requests: 3000, comesLate: true, late: time.Minute},
		"a latecomer to three":        {server: sliding, machines: 4, requests: 1500, comesLate: true, late: time.Minute, refused: 0.1},
		"an account that allows less": {server: rules{limit: 60}, machines: 1, used: 0.9, refused: 0.05, fair: 1},
		// An integration that takes 90 a minute and never waits leaves 30.
		"an integration":                {server: sliding, machines: 1, requests: 300, integration: 90, refused: 0.05, fair: 1, late: time.Minute},
		"an integration that is spared": {server: sliding, machines: 1, requests: 300, integration: 90, limit: 29, fair: 1, late: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.requests = cmp.Or(s.requests, 1000)
			var all [seeds]outcome
			for seed := range all {
				all[seed] = s.play(t, uint64(seed))
			}
			middle := func(of func(outcome) float64) float64 {
				slices.SortFunc(all[:], func(a, b outcome) int { return cmp.Compare(of(a), of(b)) })
				return of(all[seeds/2])
			}
			used, refused := middle(func(o outcome) float64 { return o.used }), middle(func(o outcome) float64 { return o.refused })
			fair, late := middle(func(o outcome) float64 { return o.fair }), slices.MaxFunc(all[:], func(a, b outcome) int { return cmp.Compare(a.late, b.late) }).late
			t.Logf("%-30s used %.3f, refused %4.1f %%, the first done in %.2f of the last one's time, the latest began after %v", name, used, 100*refused, fair, late.Round(time.Second/10))
			if used < s.used || refused > s.refused && s.used+s.refused > 0 || fair < s.fair || s.late > 0 && late > s.late {
				t.Errorf("want used at least %.3f, refused at most %.1f %%, first to last at least %.2f, the latest within %v", s.used, 100*s.refused, s.fair, s.late)
			}
		})
	}
}

// Who has less than ten slots probes after two seconds, and ever more seldom while
// the probes are refused; a full ten in the window begin that anew.
func TestProbesOfFewSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 120}), time.Now()
		acquire(t, b).Answered()
		time.Sleep(30 * time.Second)
		for range 8 {
			acquire(t, b).Answered()
		}
		refuse(t, b, 0)
		for _, at := range []time.Duration{32 * time.Second, 36 * time.Second, 44 * time.Second} {
			acquire(t, b).Refused(0)
			expectAt(t, start, at)
		}
		b.Overdraw(t.Context()).Answered()
		time.Sleep(15 * time.Second)
		refuse(t, b, 0)
		time.Sleep(time.Second) // the first of the ten is out of the window
		acquire(t, b)
		expectAt(t, start, 61*time.Second)
	})
}

// Ten that were accepted since the last 429 allow a probe at once.
func TestProbeAfterTenThatWereAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 120}), time.Now()
		b.random = func() float64 { return 1 }
		for range 17 {
			acquire(t, b).Answered()
		}
		time.Sleep(20 * time.Second)
		b.Overdraw(t.Context()).Refused(0) // ten may be ours by now, and 78 seconds pass without a probe
		time.Sleep(40 * time.Second)
		for range 11 {
			acquire(t, b).Answered()
		}
		expectAt(t, start, time.Minute)
	})
}

// An accepted probe makes what is used ours: the rest is what a user is told
// that others take.
func TestAcceptedProbeIsOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{Limit: 120})
		for range 20 {
			acquire(t, b).Answered()
		}
		refuse(t, b, 0)
		acquire(t, b).Answered()
		next := acquire(t, b)
		go func() { acquire(t, b).Answered() }()
		synctest.Wait()
		if others := b.Queue().Others; others != 120-21 {
			t.Errorf("others are said to use %d", others)
		}
		next.Cancel()
		synctest.Wait()
	})
}

// Once a probe has shown that the whole limit is ours, nobody else is there any more,
// and the door is what lets a newcomer in.
func TestAloneOnceAllIsOurs(t *testing.T) {
	s := share{Refused: 1000, Cap: 60, Retry: 1600}
	if s.accepted(119, 120, true); s.others(120) != 1 {
		t.Errorf("with 119 of 120 others use %d", s.others(120))
	}
	if s.accepted(120, 120, true); s != (share{}) || s.free(120, probeAfter) != 118 {
		t.Errorf("with all of them the share is %+v", s)
	}
}

// After a minute without a request nothing is known of others any more.
func TestOthersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 120}), time.Now()
		refuse(t, b, 0)
		time.Sleep(time.Minute)
		for range 120 { // in flight at once, which probes are not
			acquire(t, b)
		}
		expectAt(t, start, time.Minute)
	})
}

// The processes of a machine act as one: what a 429 told one of them, the
// others heed as well, and only one of them probes.
func TestShareIsThatOfTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, start := sharedFile(t), time.Now()
		a, b := New(Config{Limit: 120, File: path, Hold: 30 * time.Second}), New(Config{Limit: 120, File: path, Hold: 30 * time.Second})
		a.random, b.random = func() float64 { return 0 }, func() float64 { return 0 }
		for range 20 {
			acquire(t, a).Answered()
		}
		acquire(t, a).Refused(0)
		probe := acquire(t, b)                                         // 12 of 20 may be ours, so this is a probe, 0.7 of a minute later
		expectSoonAfter(t, start, 42*time.Second-time.Second/10, late) // tenths are rounded up
		if !probe.probe {
			t.Fatal("not a probe")
		}

		// Its process dies: until its time is over nobody probes, and those who
		// fall out of the window may be replaced.
		acquire(t, a).Answered()
		expectSoonAfter(t, start, time.Minute, late)
	})
}

func TestProbeOfADeadProcessEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := sharedFile(t)
		dead, b := New(Config{Limit: 120, File: path, Hold: 10 * time.Second}), New(Config{Limit: 120, File: path, Hold: 10 * time.Second})
		acquire(t, dead).Refused(0)
		if !acquire(t, dead).probe { // and nothing more is heard of it
			t.Fatal("not a probe")
		}
		start := time.Now()
		if slot := acquire(t, b); !slot.probe {
			t.Error("not a probe")
		}
		expectSoonAfter(t, start, 10*time.Second-time.Second/10, late)
	})

	// Of one process, which need not look again and again, to the moment.
	synctest.Test(t, func(t *testing.T) {
		b, start := New(Config{Limit: 120, Hold: 10 * time.Second}), time.Now()
		refuse(t, b, 0)
		acquire(t, b)
		acquire(t, b)
		expectAt(t, start, firstRetry+10*time.Second)
	})
}

// The last slot that is taken closes the door, and no other does.
func TestDoorCloses(t *testing.T) {
	never := func() float64 { t.Error("asked for a moment"); return 0 }
	for own, door := range map[int]tenth{117: 900, 118: 900, 119: 0} {
		s := share{Door: 900}
		if v, _ := s.decide(1000, own, 118, 120, never); v != goes || s.Door != door {
			t.Errorf("with %d of 120 it may do %d, and the door is %d, want %d", own, v, s.Door, door)
		}
	}
}

// Alone, and past the first window, the last slots are taken a while after they
// came free, by whichever process comes first: that is no reason to speak of others.
func TestDoorIsThatOfTheMachine(t *testing.T) {
	for _, shared := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var j journal
			config, start := Config{Limit: 120, Hold: 30 * time.Second, Log: j.log}, time.Now()
			if shared {
				config.File = sharedFile(t)
			}
			b := New(config)
			b.random = func() float64 { return 0 }
			acquire(t, b).Answered()
			time.Sleep(50 * time.Second)
			acquire(t, b).Answered()
			time.Sleep(20 * time.Second) // past the first window, and never without a request
			for range 119 {
				acquire(t, b).Answered()
			}
			expectSoonAfter(t, start, 70*time.Second, late)
			time.Sleep(40 * time.Second)
			acquire(t, b).Answered()                                                                              // that of 50 seconds is free after 110, and taken after 0.7 of the 25 that a door stays shut
			expectSoonAfter(t, start, 110*time.Second+17500*time.Millisecond-time.Second/10, late+time.Second/10) // the file keeps tenths
			if lines := j.logged(); len(lines) != 1 || lines[0].fields["reason"] != windowFull || lines[0].fields["taken_by_others"] != 0 {
				t.Errorf("logged %v, want that the window is full", lines)
			}
		})
	}
}
