// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// faultTests shows each kind, armed for one PATCH of Ada's name.
var faultTests = []struct {
	kind   FaultKind
	done   bool
	status int // 0: the connection is cut
	body   string
}{
	{FailBefore, false, 500, errorsOf("invalid_request", "Invalid request", "internal_error", "Internal server error")},
	{FailAfter, true, 500, errorsOf("invalid_request", "Invalid request", "internal_error", "Internal server error")},
	{DropBefore, false, 0, ""},
	{DropAfter, true, 0, ""},
	{Late, true, 200, strings.Replace(adaBody, "Ada", "Countess", 1)},
	{Hold, true, 200, strings.Replace(adaBody, "Ada", "Countess", 1)},
	{TooMany, false, 429, errorsOf("invalid_request", "Invalid request", "too_many_requests", "Too many requests")},
	{Unauthorized, false, 401, errorsOf("invalid_request", "Invalid request", "unauthorized", "Unauthorized")},
	{NotFound, false, 404, notFoundBody},
	{Forbidden, false, 403, errorsOf("invalid_request", "Invalid request", "forbidden", "Forbidden")},
	{BadGateway, false, 502, string(badGateway().body)},
	{WrongType, true, 200, `"unexpected"`},
	{WrongID, true, 200, strings.NewReplacer("Ada", "Countess", "542335", "1542335", `{"name":"vip","color":"#ff0000"}`, `{"color":"#ff0000","name":"vip"}`, `{"name":"old","color":"#c377e0"}`, `{"color":"#c377e0","name":"old"}`).Replace(adaBody)},
	{Oversized, true, 200, strings.Repeat(" ", 12<<20) + strings.Replace(adaBody, "Ada", "Countess", 1)},
	{Redirect, false, 307, ""},
}

func TestEachFault(t *testing.T) {
	if len(faultTests) != len(FaultList()) {
		t.Errorf("%d tests for %d faults", len(faultTests), len(FaultList()))
	}
	released := make(chan struct{})
	close(released)
	for _, c := range faultTests {
		t.Run(string(c.kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{})
				b.Arm(Fault{Kind: c.kind, Operation: OpPatch, Release: released})
				b.want("GET", "/customers/542335", "", 200, adaBody) // another operation

				got, err := b.try("PATCH", "/customers/542335", `{"name":"Countess"}`)
				if (err != nil) != (c.status == 0) || got.status != c.status || got.body != c.body {
					t.Errorf("got %d %.2000s %v", got.status, got.body, err)
				}
				want := "Ada"
				if c.done {
					want = "Countess"
				}
				b.field(adaID, "name", want)
				if last := b.Requests()[1]; last.Status != c.status || last.Operation != OpPatch {
					t.Errorf("logged %+v", last)
				}

				b.wantStatus("PATCH", "/customers/542335", `{}`, 200) // used up
				if armed := b.Armed(); len(armed) != 0 {
					t.Errorf("still armed: %v", armed)
				}
			})
		})
	}
}

func TestFaultsMeetRequestsInTurn(t *testing.T) {
	b := newBench(t, Config{})
	b.Arm(Fault{Kind: TooMany, Times: 2, After: 1})
	b.Arm(Fault{Kind: Forbidden, Operation: OpList})
	var got []int
	for _, path := range []string{"/customers/542335", "/customers/542335", "/customers/542335", "/customers/542335", "/customers", "/customers"} {
		got = append(got, b.do("GET", path, "").status)
	}
	if asJSON(got) != `[200,429,429,200,403,200]` {
		t.Errorf("statuses %v", got)
	}
	if got := b.Counts(); got.TooManyRequests != 2 || got.Total() != 4 {
		t.Errorf("counts %v", got)
	}

	b.Arm(Fault{Kind: Forbidden})
	b.Disarm()
	b.wantStatus("GET", "/customers", "", 200)
}

func TestFaultsWaitForAdmittedRequests(t *testing.T) {
	b := newBench(t, Config{Rate: 1})
	b.Arm(Fault{Kind: Forbidden, After: 1})
	b.wantStatus("GET", "/customers", "", 200)
	b.wantStatus("GET", "/customers", "", 429)
	if armed := b.Armed(); len(armed) != 1 || armed[0].After != 0 {
		t.Errorf("armed %v", armed)
	}
}

func TestFaultDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.Arm(Fault{Kind: TooMany, RetryAfter: 1500 * time.Millisecond})
		if got := b.do("GET", "/customers", "").header.Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After %q", got)
		}
		b.Arm(Fault{Kind: TooMany})
		if got, ok := b.do("GET", "/customers", "").header["Retry-After"]; ok {
			t.Errorf("Retry-After %q", got)
		}
		b.Arm(Fault{Kind: Redirect, URL: "https://example.com/v1"})
		if got := b.do("GET", "/customers", "").header.Get("Location"); got != "https://example.com/v1" {
			t.Errorf("Location %q", got)
		}
		b.Arm(Fault{Kind: Late, Delay: 7 * time.Second})
		start := time.Now()
		b.do("GET", "/customers", "")
		if got := time.Since(start); got != 7*time.Second {
			t.Errorf("answered after %v", got)
		}
		b.Arm(Fault{Kind: WrongID, Times: 2})
		if got := found(b.do("GET", "/customers", "")); got != "1.542335e+06 1.542336e+06" {
			t.Errorf("ids %s", got)
		}
		if got := b.do("PUT", "/customers/batch", `[{"customer":542335}]`).body; !strings.Contains(got, `"id":1542335,`) {
			t.Errorf("batch %s", got)
		}
	})
}

func TestHoldUntilReleased(t *testing.T) {
	b := newBench(t, Config{})
	held, release := make(chan struct{}), make(chan struct{})
	b.Arm(Fault{Kind: Hold, Release: release, Held: held})
	answered := make(chan response)
	go func() {
		got, err := b.try("DELETE", "/customers/542336", "")
		if err != nil {
			t.Error(err)
		}
		answered <- got
	}()
	<-held
	if _, ok := b.Customer(bobID); ok {
		t.Error("not carried out while held")
	}
	if got := b.Requests(); len(got) != 1 || got[0].Status != 0 || b.Counts().Total() != 0 {
		t.Errorf("while held: %+v", got)
	}
	b.want("GET", "/customers/542335", "", 200, adaBody) // others are served
	select {
	case got := <-answered:
		t.Errorf("answered %v while held", got)
	default:
	}
	close(release)
	if got := <-answered; got.body != "Ok" {
		t.Errorf("answer %v", got)
	}
}

func TestMisspeltFaultsPanic(t *testing.T) {
	for _, fault := range []Fault{{Kind: "drop"}, {Kind: Late, Operation: "put"}, {Kind: Late, Times: -1}, {}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: armed", fault)
				}
			}()
			newBench(t, Config{}).Arm(fault)
		}()
	}
}

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"batch:drop-after":        {Operation: OpBatch, Kind: DropAfter},
		"any:too-many-requests:3": {Kind: TooMany, Times: 3},
	} {
		if got, err := ParseFault(text); err != nil || got != want {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "batch", "batch:none", "put:late", "batch:late:0", "batch:late:x", "batch:hold"} {
		if got, err := ParseFault(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
