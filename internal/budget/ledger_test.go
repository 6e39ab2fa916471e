// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"slices"
	"testing"
	"time"
)

func TestLedgerKeepsOrderAndCounts(t *testing.T) {
	var l ledger
	for _, until := range []tenth{30, 10, never, 20, 10} {
		l.add(until)
	}
	l.remove(20)
	l.remove(25) // not there
	want := []taken{{10, 2}, {30, 1}, {never, 1}}
	if !slices.Equal(l.Taken, want) {
		t.Fatalf("taken %v, want %v", l.Taken, want)
	}
	for _, test := range []struct {
		limit, n int
		want     tenth
	}{
		{5, 1, 0},     // one is free
		{5, 2, 10},    // two, when the first come free
		{4, 2, 10},    // which are two at once
		{4, 3, 30},    //
		{3, 1, 10},    // somebody else with a higher limit took more than ours
		{1, 1, never}, // as long as one is in flight
	} {
		if got := l.opens(test.limit, test.n); got != test.want {
			t.Errorf("limit %d: %d slots open at %d, want %d", test.limit, test.n, got, test.want)
		}
	}
	l.pause(30)
	l.pause(29)
	l.prune(2999 * time.Millisecond)
	if want := []taken{{30, 1}, {never, 1}}; !slices.Equal(l.Taken, want) || l.PausedUntil != 30 {
		t.Errorf("a moment before 30: taken %v, want %v; paused until %d", l.Taken, want, l.PausedUntil)
	}
	l.prune(3 * time.Second)
	if want := []taken{{never, 1}}; !slices.Equal(l.Taken, want) || l.PausedUntil != 0 {
		t.Errorf("at 30: taken %v, want %v; paused until %d", l.Taken, want, l.PausedUntil)
	}
}

func TestRoundUp(t *testing.T) {
	for from, want := range map[time.Duration]tenth{0: 0, 1: 1, 100 * time.Millisecond: 1, 100*time.Millisecond + 1: 2} {
		if got := roundUp(from); got != want {
			t.Errorf("%v became %d tenths, want %d", from, got, want)
		}
	}
}

func TestLedgerClamp(t *testing.T) {
	l := ledger{PausedUntil: 100, Taken: []taken{{10, 1}, {50, 3}, {90, 2}, {91, 4}, {never, maxSlots}}}
	if !l.clamp(100, 50) {
		t.Error("nothing clamped")
	}
	if want := []taken{{10, 1}, {50, maxSlots}, {90, 2}, {91, 4}}; !slices.Equal(l.Taken, want) || l.PausedUntil != 100 {
		t.Errorf("taken %v, want %v; paused until %d", l.Taken, want, l.PausedUntil)
	}
	if l.clamp(100, 50) {
		t.Error("clamped again")
	}
	if !l.clamp(90, 40) {
		t.Error("nothing clamped behind a nearer horizon")
	}
	if want := []taken{{10, 1}, {40, 4}, {50, maxSlots}, {90, 2}}; !slices.Equal(l.Taken, want) || l.PausedUntil != 40 {
		t.Errorf("taken %v, want %v; paused until %d", l.Taken, want, l.PausedUntil)
	}
}

// FuzzParseLedger looks for a content that passes and is none of ours, or
// breaks what works on it.
func FuzzParseLedger(f *testing.F) {
	for _, content := range damaged {
		if len(content) < maxFile { // its length is all that is wrong with a longer one
			f.Add([]byte(content))
		}
	}
	f.Add([]byte(`{"version":1,"paused_until":17,"taken":[{"until":16,"slots":3},{"until":18,"slots":1}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		l, err := parseLedger(content)
		if err != nil {
			return
		}
		const now, window = time.Hour, time.Minute
		l.clamp(roundUp(now+window), roundUp(now+window))
		if open := l.opens(1, 1); open.sinceEpoch() > now+window+time.Second/10 {
			t.Errorf("the next slot opens at %v", open.sinceEpoch())
		}
		if l.PausedUntil.sinceEpoch() > now+window+time.Second/10 {
			t.Errorf("paused until %v", l.PausedUntil.sinceEpoch())
		}
		l.prune(now + 2*window)
		if len(l.Taken) > 0 || l.PausedUntil != 0 {
			t.Errorf("left over: %v", l)
		}
	})
}
