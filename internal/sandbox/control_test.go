// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hand calls the control path and compares the whole answer.
func (b *bench) hand(call, body string, status int, answer string) {
	b.t.Helper()
	method, path, _ := strings.Cut(call, " ")
	got, err := b.send(method, "/_sandbox"+path, body, "")
	if err != nil || got.status != status || got.body != answer {
		b.t.Errorf("%s %s\n got %d %s %v\nwant %d %s", call, body, got.status, got.body, err, status, answer)
	}
}

func TestControlCustomers(t *testing.T) {
	b := newBench(t, Config{Customers: []Record{ada()}})
	b.hand("GET /customers", "", 200, "["+adaBody+"]")
	b.hand("GET /customers/542335", "", 200, adaBody)
	b.hand("POST /customers", `{"name":"Bob","customData":{"renewal":12345678901}}`, 200, `{"id":542336}`)
	b.field(bobID, "customData", map[string]any{"renewal": 12345678901})
	b.hand("PATCH /customers/542336", `{"name":null,"tags":["vip"]}`, 200, `{}`)
	b.field(bobID, "name", nil)
	b.field(bobID, "tags", []Tag{{"vip", "#ff0000"}})
	b.hand("DELETE /customers/542336", "", 200, `{}`)

	missing := `{"error":"customer 542336: there is no such customer"}`
	b.hand("DELETE /customers/542336", "", 404, missing)
	b.hand("PATCH /customers/542336", "{}", 404, missing)
	b.hand("GET /customers/542336", "", 404, `{"error":"there is no such customer"}`)
	b.hand("POST /customers", `{"email":"x"}`, 400, `{"error":"email: This value is not a valid email address."}`)
	b.hand("PATCH /customers/542335", `{"blocked":null}`, 400, `{"error":"blocked: This value should be of type bool."}`)
	b.hand("PUT /customers", "", 404, `{"error":"the sandbox has no PUT /_sandbox/customers"}`)
	for _, call := range []string{"POST /customers", "PATCH /customers/542335", "PATCH /switches", "POST /faults", "PATCH /attributes"} {
		method, path, _ := strings.Cut(call, " ")
		if got, err := b.send(method, "/_sandbox"+path, "[", ""); err != nil || got.status != 400 {
			t.Errorf("%s with a broken body: %d %v", call, got.status, err)
		}
	}
}

func TestControlCounts(t *testing.T) {
	for _, reset := range []string{"DELETE /counts", "POST /counts"} {
		b := newBench(t, Config{})
		b.do("GET", "/customers/542335", "")
		b.do("POST", "/events", `{"name":"paid","customer":542335}`)
		b.hand("GET /counts", "", 200, `{"served":{"event":1,"get":1},"tooManyRequests":0,"events":1}`)
		for path, want := range map[string]string{"/requests": `"path":"/v1/events"`, "/events": `"name":"paid"`} {
			if got, err := b.send("GET", "/_sandbox"+path, "", ""); err != nil || !strings.Contains(got.body, want) {
				t.Errorf("%s: %s %v", path, got.body, err)
			}
		}
		b.hand(reset, "", 200, `{}`)
		b.hand("GET /counts", "", 200, `{"served":{},"tooManyRequests":0,"events":0}`)
		b.hand("GET /requests", "", 200, `[]`)
		b.hand("GET /events", "", 200, `[]`)
	}
}

func TestControlSwitches(t *testing.T) {
	b := newBench(t, Config{})
	b.hand("PATCH /switches", `{"batch-short":true,"search-lag":"3s","search-max-filters":7}`, 200, `{}`)
	if got, want := b.Switches(), (Switches{BatchShort: true, SearchLag: 3e9, SearchMaxFilters: 7}); got != want {
		t.Errorf("switches %+v", got)
	}
	b.hand("PATCH /switches", `{"batch-short":false,"search-lag":"perhaps"}`, 400, `{"error":"switch search-lag: \"perhaps\" is not a duration such as 2s"}`)
	if !b.Switches().BatchShort {
		t.Error("a refused body set a switch")
	}
	got, err := b.send("GET", "/_sandbox/switches", "", "")
	if err != nil || !strings.Contains(got.body, `"name":"search-lag","value":"3s"`) || strings.Count(got.body, `"name"`) != len(SwitchNames()) {
		t.Errorf("%s %v", got.body, err)
	}
}

func TestControlFaults(t *testing.T) {
	b := newBench(t, Config{})
	b.hand("POST /faults", `{"operation":"get","kind":"too-many-requests","times":2,"retryAfter":"7s"}`, 200, `{}`)
	b.hand("POST /faults", `{"operation":"any","kind":"late","delay":"1ms"}`, 200, `{}`)
	b.hand("GET /faults", "", 200, `[{"operation":"get","kind":"too-many-requests","times":2},{"kind":"late","times":1}]`)
	if got := b.Armed()[1].Delay; got != 1e6 {
		t.Errorf("delay %v", got)
	}
	if got := b.wantStatus("GET", "/customers/542335", "", 429).header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After %q", got)
	}
	b.hand("DELETE /faults", "", 200, `{}`)
	b.hand("GET /faults", "", 200, `[]`)
	for _, body := range []string{`{"kind":"hold"}`, `{"kind":"none"}`, `{"kind":"late","delay":"soon"}`, `{"kind":"too-many-requests","retryAfter":"soon"}`, `{"kind":"late","delay":"-1s"}`} {
		if got, err := b.send("POST", "/_sandbox/faults", body, ""); err != nil || got.status != 400 {
			t.Errorf("%s: %d %v", body, got.status, err)
		}
	}
}

func TestControlAttributes(t *testing.T) {
	b := newBench(t, Config{})
	b.hand("PATCH /attributes", `{"colour":"text"}`, 200, `{}`)
	b.wantStatus("PATCH", "/customers/542335", `{"customData":[{"property":"colour","value":"red"}]}`, 200)
	b.hand("PATCH /attributes", `{"colour":"int"}`, 400, `{"error":"custom attribute \"colour\" cannot have type \"int\": a name and one of [text number date url boolean] are needed"}`)
}

func TestControlMeetsNoFaultAndIsNotCounted(t *testing.T) {
	b := newBench(t, Config{Rate: 1, Switches: Switches{BadGatewayEvery: 1}})
	b.Arm(Fault{Kind: Forbidden})
	for range 3 {
		b.hand("GET /counts", "", 200, `{"served":{},"tooManyRequests":0,"events":0}`)
	}
	if len(b.Armed()) != 1 || len(b.Requests()) != 0 {
		t.Error("the control path was counted")
	}
}

// A web page in the browser of a developer can send requests to this machine.
func TestControlObeysNoWebPage(t *testing.T) {
	b := newBench(t, Config{Customers: []Record{ada()}})
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/_sandbox/customers", strings.NewReader(`{"name":"Bob"}`))
		r.Header.Set(name, value)
		answer := httptest.NewRecorder()
		b.ServeHTTP(answer, r)
		if answer.Code != http.StatusForbidden || len(b.Customers()) != 1 {
			t.Errorf("%s: answered %d, %d customers", name, answer.Code, len(b.Customers()))
		}
	}
}
