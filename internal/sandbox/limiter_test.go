// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"testing"
	"testing/synctest"
	"time"
)

// step is a request at a time counted from the start of a full minute, and the
// status it must get.
type step struct {
	at     time.Duration
	status int
}

func steps(t *testing.T, cfg Config, want []step) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { // starts at midnight
		b := newBench(t, cfg)
		start := time.Now()
		for i, step := range want {
			time.Sleep(time.Until(start.Add(step.at)))
			if got := b.do("GET", "/organization", "").status; got != step.status {
				t.Errorf("request %d, at %v: got %d, want %d", i, step.at, got, step.status)
			}
		}
	})
}

func TestSlidingWindow(t *testing.T) {
	steps(t, Config{Rate: 3}, []step{
		{50 * time.Second, 200},
		{55 * time.Second, 200},
		{55 * time.Second, 200},
		{56 * time.Second, 429},
		{70 * time.Second, 429}, // another minute on the clock does not help
		{110*time.Second - 1, 429},
		{110 * time.Second, 200}, // refused requests were not counted
		{110 * time.Second, 429},
		{115 * time.Second, 200},
		{115 * time.Second, 200},
		{115 * time.Second, 429},
	})
}

func TestFixedWindow(t *testing.T) {
	steps(t, Config{Rate: 3, Switches: Switches{FixedWindow: true}}, []step{
		{50 * time.Second, 200},
		{55 * time.Second, 200},
		{55 * time.Second, 200},
		{60*time.Second - 1, 429},
		{60 * time.Second, 200},
		{60 * time.Second, 200},
		{60 * time.Second, 200},
		{61 * time.Second, 429},
	})
}

func TestSlidingAfterFixedWindows(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	l := limiter{rate: 1, window: time.Minute}
	for _, at := range []time.Duration{59 * time.Second, 61 * time.Second} { // one in each minute on the clock
		if _, ok := l.admit(start.Add(at), true); !ok {
			t.Errorf("refused at %v", at)
		}
	}
	if wait, ok := l.admit(start.Add(62*time.Second), false); ok || wait != 59*time.Second {
		t.Errorf("wait %v %v, want 59s", wait, ok)
	}
}

func TestOtherWindow(t *testing.T) {
	steps(t, Config{Rate: 1, Window: time.Second}, []step{{0, 200}, {500 * time.Millisecond, 429}, {time.Second, 200}})
}

func TestDefaultRateAndAllThatIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Rate: DefaultRate})
		for range 200 {
			if got, err := b.send("GET", "/v1/customers", "", "Bearer wrong"); err != nil || got.status != 401 {
				t.Fatalf("wrong key: %d %v", got.status, err)
			}
			if got, err := b.send("GET", "/_sandbox/customers", "", ""); err != nil || got.status != 200 {
				t.Fatalf("by hand: %d %v", got.status, err)
			}
		}
		for i := range 120 {
			if got := b.do("PUT", "/customers/batch", `[{"customer":542335},{"customer":542336}]`).status; got != 200 {
				t.Fatalf("request %d: %d", i, got)
			}
		}
		b.want("PATCH", "/customers/542335", `{"name":"late"}`, 429,
			errorsOf("invalid_request", "Invalid request", "too_many_requests", "Too many requests"))
		b.field(adaID, "name", "Ada")
		if got := b.Counts().TooManyRequests; got != 1 {
			t.Errorf("%d refusals counted", got)
		}
	})
}

func TestNoLimit(t *testing.T) {
	b := newBench(t, Config{})
	for range 200 {
		b.wantStatus("GET", "/organization", "", 200)
	}
}

func TestRetryAfter(t *testing.T) {
	for form, want := range map[RetryAfterForm]string{
		NoRetryAfter:      "",
		RetryAfterSeconds: "58", // 57.5 s, rounded up
		RetryAfterDate:    "Sat, 01 Jan 2000 00:01:00 GMT",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, Config{Rate: 2, Switches: Switches{RetryAfter: form}})
			b.do("GET", "/organization", "")
			time.Sleep(2500 * time.Millisecond)
			b.do("GET", "/organization", "")
			got := b.wantStatus("GET", "/organization", "", 429).header.Get("Retry-After")
			if got != want {
				t.Errorf("%s: %q, want %q", form, got, want)
			}
		})
	}
}
