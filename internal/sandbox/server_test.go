// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// bench is a sandbox under test with a caller who has its key.
type bench struct {
	*Server
	t *testing.T
}

// newBench has the attributes and customers of the tests unless cfg has its own:
// Ada (542335) with a value in every kind of field, and Bob (542336) with none.
func newBench(t *testing.T, cfg Config) *bench {
	t.Helper()
	if cfg.Attributes == nil {
		cfg.Attributes = map[string]AttributeType{
			"plan": TextAttribute, "seats": NumberAttribute, "renewal": DateAttribute,
			"site": URLAttribute, "vip": BooleanAttribute,
		}
	}
	if cfg.Customers == nil {
		cfg.Customers = []Record{ada(), {"name": "Bob"}}
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{server, t}
}

const (
	adaID = 542335
	bobID = 542336
)

func ada() Record {
	return Record{
		"name": "Ada", "email": "ada@example.com", "userId": "crm-1", "phone": "+48 1",
		"firstSeen": "1700000000", "unsubscribed": true,
		"tags":       []Tag{{Name: "vip", Color: "#ff0000"}, {Name: "old"}},
		"customData": map[string]any{"plan": "pro", "renewal": 1603885746},
	}
}

// response is what a call came back with.
type response struct {
	status int
	header http.Header
	body   string
}

// try calls the API; an error is a dropped connection.
func (b *bench) try(method, path, body string) (response, error) {
	b.t.Helper()
	return b.send(method, "/v1"+path, body, "Bearer "+b.Key())
}

func (b *bench) send(method, path, body, authorization string) (response, error) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := b.Transport().RoundTrip(r)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response{answer.StatusCode, answer.Header, string(content)}, nil
}

func (b *bench) do(method, path, body string) response {
	b.t.Helper()
	r, err := b.try(method, path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// want calls the API and compares the whole answer.
func (b *bench) want(method, path, body string, status int, answer string) {
	b.t.Helper()
	if got := b.do(method, path, body); got.status != status || got.body != answer {
		b.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, path, body, got.status, got.body, status, answer)
	}
}

// wantStatus calls the API and compares the status alone.
func (b *bench) wantStatus(method, path, body string, status int) response {
	b.t.Helper()
	got := b.do(method, path, body)
	if got.status != status {
		b.t.Errorf("%s %s %s: got %d %s, want %d", method, path, body, got.status, got.body, status)
	}
	return got
}

// field compares one field of a customer as the account holds it.
func (b *bench) field(id int64, field string, want any) {
	b.t.Helper()
	r, ok := b.Customer(id)
	if !ok {
		b.t.Errorf("customer %d is gone", id)
	}
	if got := asJSON(r[field]); got != asJSON(want) {
		b.t.Errorf("customer %d: %s is %s, want %s", id, field, got, asJSON(want))
	}
}

func asJSON(value any) string { return string(encodeJSON(value)) }

// object decodes an answer.
func (r response) object() map[string]any {
	var out map[string]any
	if err := json.Unmarshal([]byte(r.body), &out); err != nil {
		panic(err)
	}
	return out
}

// errorsOf is the body of an error answer with these codes and messages.
func errorsOf(codesAndMessages ...string) string {
	var entries []errorEntry
	for i := 0; i < len(codesAndMessages); i += 2 {
		entries = append(entries, errorEntry{codesAndMessages[i], codesAndMessages[i+1]})
	}
	return asJSON(map[string]any{"errors": entries})
}

// refusal is the body of a 400 for one field.
func refusal(path, message string) string {
	return errorsOf("invalid_request", "Invalid request", path, message)
}

var notFoundBody = errorsOf("invalid_request", "Invalid request", "not_found", "Chat not found")

func TestEveryPathNeedsTheKey(t *testing.T) {
	b := newBench(t, Config{Key: "secret="})
	unauthorized := errorsOf("invalid_request", "Invalid request", "unauthorized", "Unauthorized")
	for _, call := range []string{
		"GET /v1/organization", "GET /v1/customers", "POST /v1/customers", "POST /v1/customers/search",
		"PUT /v1/customers/batch", "GET /v1/customers/542335", "PUT /v1/customers/542335",
		"PATCH /v1/customers/542335", "DELETE /v1/customers/542335", "PUT /v1/customers/542335/tags",
		"DELETE /v1/customers/542335/tags", "POST /v1/events", "GET /v1/elsewhere",
	} {
		method, path, _ := strings.Cut(call, " ")
		for _, authorization := range []string{"", "Bearer wrong", "secret=", "Basic secret=", "Bearer SECRET=", "Bearer <secret=>"} {
			got, err := b.send(method, path, "{}", authorization)
			if err != nil || got.status != 401 || got.body != unauthorized {
				t.Errorf("%s with %q: got %d %s %v", call, authorization, got.status, got.body, err)
			}
		}
	}
	if got := b.Customers(); len(got) != 2 {
		t.Errorf("customers changed without a key: %v", got)
	}
	for _, scheme := range []string{"Bearer", "bearer"} { // whose case does not matter (RFC 9110)
		if got, err := b.send("GET", "/v1/organization", "", scheme+" secret="); err != nil || got.status != 200 {
			t.Errorf("right key with %s: got %d %v", scheme, got.status, err)
		}
	}
}

func TestUnknownPathsAndIDs(t *testing.T) {
	b := newBench(t, Config{})
	for _, call := range []string{
		"GET /customers/1", "GET /customers/ada", "GET /customers/-1", "PATCH /customers/1", "PUT /customers/1",
		"DELETE /customers/1", "PUT /customers/1/tags", "DELETE /customers/1/tags", "GET /customers/search",
		"PATCH /customers/batch", "POST /customers/542335", "GET /customers/", "GET //customers", "GET /chats",
	} {
		method, path, _ := strings.Cut(call, " ")
		b.want(method, path, `{"tags":[]}`, 404, notFoundBody)
	}
}

func TestOrganization(t *testing.T) {
	newBench(t, Config{}).want("GET", "/organization", "", 200,
		`{"data":{"chatEnabled":true,"domain":"sandbox.invalid","id":999999999999,"teamOnline":true}}`)
}

func TestAnswersAreJSON(t *testing.T) {
	b := newBench(t, Config{})
	for _, path := range []string{"/customers", "/customers/1"} {
		if got := b.do("GET", path, "").header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", path, got)
		}
	}
}

func TestStartListensUntilClosed(t *testing.T) {
	server, err := Start(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	get := func() (int, error) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL()+"/organization", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+DefaultKey)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	if status, err := get(); status != 200 || err != nil {
		t.Errorf("got %d %v, want 200", status, err)
	}
	if !strings.HasPrefix(server.URL(), "http://127.0.0.1:") || !strings.HasSuffix(server.URL(), "/v1") {
		t.Errorf("URL %s", server.URL())
	}
	server.Close()
	if status, err := get(); err == nil {
		t.Errorf("got %d after Close", status)
	}
}

func TestDroppedConnectionOnTheNetwork(t *testing.T) {
	server, err := Start(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for kind, want := range map[FaultKind]int{DropBefore: 0, DropAfter: 1} {
		server.Arm(Fault{Operation: OpCreate, Kind: kind})
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL()+"/customers", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+server.Key())
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			t.Errorf("%s: answered %s", kind, answer.Status)
		}
		customers := server.Customers()
		if len(customers) != want {
			t.Errorf("%s: %d customers, want %d", kind, len(customers), want)
		}
		for _, customer := range customers {
			if err := server.Delete(customer.ID()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestHugeBodyIsRefused(t *testing.T) {
	b := newBench(t, Config{})
	b.want("POST", "/customers", `{"name":"`+strings.Repeat("a", maxRequestBody)+`"}`, 400, refusal("body", "This value is too long."))
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"rate":      {Rate: -1},
		"window":    {Window: -1},
		"attribute": {Attributes: map[string]AttributeType{"plan": "colour"}},
		"customer":  {Customers: []Record{{"email": "nobody"}}},
		"custom":    {Customers: []Record{{"customData": map[string]any{"plan": "pro"}}}},
		"userId":    {Customers: []Record{{"userId": "a"}, {"userId": "a"}}},
		"id":        {Customers: []Record{{"id": 7}, {"id": 7}}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRequestsAreCountedAndLogged(t *testing.T) {
	var observed []Request
	b := newBench(t, Config{Observe: func(r Request) { observed = append(observed, r) }})
	b.do("GET", "/customers?limit=1", "")
	b.do("PUT", "/customers/batch", `[{"customer":542335},{"customer":542336}]`)
	b.do("GET", "/customers/1", "")
	b.Arm(Fault{Kind: TooMany})
	b.do("GET", "/customers/542335", "")

	if got, want := asJSON(b.Counts()), `{"served":{"batch":1,"get":1,"list":1},"tooManyRequests":1,"events":0}`; got != want {
		t.Errorf("counts %s, want %s", got, want)
	}
	if b.Count(OpBatch) != 1 || b.Counts().Total() != 3 {
		t.Errorf("batches %d, total %d", b.Count(OpBatch), b.Counts().Total())
	}
	var lines []string
	for _, r := range b.Requests() {
		lines = append(lines, fmt.Sprint(r.Operation, " ", r.Method, " ", r.Path, " ", r.Query, " ", r.Status, " ", r.Customers, " ", r.InWindow, " ", string(r.Body)))
	}
	want := []string{
		"list GET /v1/customers limit=1 200 1 1 ",
		`batch PUT /v1/customers/batch  200 2 2 [{"customer":542335},{"customer":542336}]`,
		"get GET /v1/customers/1  404 1 3 ",
		"get GET /v1/customers/542335  429 0 4 ",
	}
	if asJSON(lines) != asJSON(want) {
		t.Errorf("log\n got %s\nwant %s", asJSON(lines), asJSON(want))
	}
	if asJSON(observed) != asJSON(b.Requests()) {
		t.Errorf("observed %s", asJSON(observed))
	}

	b.ResetCounts()
	if got := b.Counts(); got.Total() != 0 || got.TooManyRequests != 0 || len(b.Requests()) != 0 {
		t.Errorf("after the reset: %v", got)
	}
}

func TestConcurrentCallers(t *testing.T) {
	b := newBench(t, Config{})
	const callers, each = 8, 20
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for i := range each {
				id, err := b.Add(Record{"userId": fmt.Sprintf("%d-%d", caller, i)})
				if err != nil {
					t.Error(err)
				}
				b.do("POST", "/customers", `{"name":"Cleo"}`)
				b.do("PATCH", fmt.Sprintf("/customers/%d", id), `{"tags":[{"name":"x"}]}`)
				b.do("PUT", "/customers/batch", `[{"customer":542335,"phone":"1"}]`)
				b.do("POST", "/customers/search", `{}`)
				b.SetSwitches(Switches{BatchShort: i%2 == 0})
				_, _ = b.Counts(), b.Requests()
			}
		})
	}
	wait.Wait()
	if got, want := len(b.Customers()), 2+2*callers*each; got != want {
		t.Errorf("%d customers, want %d", got, want)
	}
	if got := b.Count(OpCreate); got != callers*each {
		t.Errorf("%d creates counted", got)
	}
}
