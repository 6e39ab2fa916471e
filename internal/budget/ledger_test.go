// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"bytes"
	"context"
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
	for limit, want := range map[int]tenth{
		5: 0,     // one is free
		4: 10,    // when the first come free
		3: 10,    // which are two at once
		2: 30,    // somebody else with a higher limit took more than ours
		1: never, // as long as one is in flight
	} {
		if got := l.opens(limit); got != want {
			t.Errorf("limit %d: a slot opens at %d, want %d", limit, got, want)
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

// What a process may write the next one reads.
func TestFullestLedgerIsRead(t *testing.T) {
	l := ledger{
		Version: ledgerVersion, PausedUntil: never, Since: never, Taken: []taken{{never, maxSlots}},
		Share: share{Refused: never, Cap: maxSlots, Retry: never, Probe: never, Door: never},
	}
	l.add(never)
	content, err := encode(l)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := parseLedger(content); err != nil || !slices.Equal(read.Taken, l.Taken) || read.PausedUntil != never || read.Since != never || read.Share != l.Share {
		t.Errorf("of %s it reads %v: %v", content, read, err)
	}
}

func TestTenths(t *testing.T) {
	for from, want := range map[time.Duration]tenth{0: 0, 1: 1, 100 * time.Millisecond: 1, 100*time.Millisecond + 1: 2} {
		if got := tenths(from); got != want {
			t.Errorf("%v became %d tenths, want %d", from, got, want)
		}
	}
}

func TestLedgerClamp(t *testing.T) {
	l := ledger{PausedUntil: 100, Taken: []taken{{10, 1}, {50, 3}, {90, 2}, {91, 4}, {never, maxSlots}}}
	if !l.clamp(20, 100, 50) {
		t.Error("nothing clamped")
	}
	if want := []taken{{10, 1}, {50, maxSlots}, {90, 2}, {91, 4}}; !slices.Equal(l.Taken, want) || l.PausedUntil != 100 {
		t.Errorf("taken %v, want %v; paused until %d", l.Taken, want, l.PausedUntil)
	}
	if l.clamp(20, 100, 50) {
		t.Error("clamped again")
	}
	if !l.clamp(20, 90, 40) {
		t.Error("nothing clamped behind a nearer horizon")
	}
	if want := []taken{{10, 1}, {40, 4}, {50, maxSlots}, {90, 2}}; !slices.Equal(l.Taken, want) || l.PausedUntil != 40 {
		t.Errorf("taken %v, want %v; paused until %d", l.Taken, want, l.PausedUntil)
	}
}

// What has happened cannot lie ahead: a clock that was set back, if only by
// minutes, would keep a machine from asking for more.
func TestShareFromTheFutureIsForgotten(t *testing.T) {
	l := ledger{Share: share{Refused: 1200, Cap: 7}}
	if !l.clamp(1000, 4000, 1600) || l.Share != (share{}) {
		t.Errorf("the share is %+v", l.Share)
	}
	for _, believed := range []share{{Refused: 1000, Cap: 7, Retry: 1500}, {Refused: 1010, Cap: 7, Retry: 4000}} { // a second of tolerance
		l.Share = believed
		if l.clamp(1000, 4000, 1600) || l.Share != believed {
			t.Errorf("the share became %+v", l.Share)
		}
	}
}

// FuzzFileContent looks for a content of the file that fails a run, keeps it
// waiting for longer than any other process can, or is not fit to go on with:
// what is written back must be what the next process reads.
func FuzzFileContent(f *testing.F) {
	for _, content := range damaged {
		if len(content) < maxFile { // its length is all that is wrong with a longer one
			f.Add([]byte(content))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		const now = time.Hour
		config := Config{Limit: 1, Window: time.Minute, Hold: time.Minute, Log: func(context.Context, string, map[string]any) {}}
		file := newFile(config)
		l, _, err := file.read(t.Context(), bytes.NewReader(content), now)
		if err != nil {
			t.Fatal(err)
		}
		l.prune(now)
		b := &Budget{config: config, random: func() float64 { return 0.5 }}
		o := b.room(&l, now)
		if o == nil {
			o = b.mayGo(&l, now, &Slot{}, false)
		}
		if o != nil && o.next > file.horizon+time.Second/10 {
			t.Errorf("the next slot is %v away", o.next)
		}

		l.add(tenths(now + config.Window))
		written, err := encode(l)
		if err != nil {
			t.Fatal(err)
		}
		again, repaired, err := file.read(t.Context(), bytes.NewReader(written), now)
		if err != nil || repaired || !slices.Equal(again.Taken, l.Taken) || again.PausedUntil != l.PausedUntil || again.Share != l.Share {
			t.Errorf("wrote %s and read %v, repaired %t, error %v", written, again, repaired, err)
		}

		if l.prune(now + file.horizon + time.Second); len(l.Taken) > 0 || l.PausedUntil != 0 || l.Share.Refused != 0 {
			t.Errorf("left over: %v", l)
		}
	})
}

func TestLedgerOpens(t *testing.T) {
	l := ledger{Taken: []taken{{Until: 10, Slots: 2}, {Until: 20, Slots: 1}, {Until: never, Slots: 3}}}
	for limit, want := range map[int]tenth{7: 0, 6: 10, 5: 10, 4: 20, 3: never, 1: never} {
		if got := l.opens(limit); got != want {
			t.Errorf("fewer than %d are taken from %d on, want %d", limit, got, want)
		}
	}
	if got := new(ledger).opens(1); got != 0 {
		t.Errorf("where nothing is taken, from %d on", got)
	}
}
