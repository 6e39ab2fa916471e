// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// retries is MaxRetries of every client that a test does not set up otherwise.
const retries = 2

// What nobody but HelpCrunch may ever see.
const (
	apiKey     = "key-N0bodys/Business=="
	adasName   = "Ada Lovelace"
	adasEmail  = "ada@analytical.example"
	adasUserID = "crm-17"
	adasPhone  = "+44 20 7946 0017"
	adasNotes  = "prefers punched cards"
	adasPlan   = "difference engine"
)

var secrets = []string{apiKey, adasName, adasEmail, adasPhone, adasNotes, adasPlan}

// ada is in the account of every test that does not bring its own customers.
var ada = sandbox.Record{
	"name": adasName, "email": adasEmail, "userId": adasUserID, "phone": adasPhone, "notes": adasNotes,
	"tags": []string{"vip"}, "customData": map[string]any{"plan": adasPlan},
}

// account is an account of a sandbox and a client of it, in a bubble.
type account struct {
	*testing.T
	*helpcrunch.Client

	server *sandbox.Server
	ada    int64 // id of the first customer
	began  time.Time
	doctor func(r *http.Request, body string) string

	mu    sync.Mutex
	lines []line
}

// line is what the client logged once.
type line struct {
	message string
	fields  map[string]any
}

// setup is what a test wants otherwise than usual.
type setup struct {
	sandbox   sandbox.Config
	client    func(*helpcrunch.Config)
	transport func(next http.RoundTripper) http.RoundTripper
}

// open runs test in a bubble. The bubble ends only when nothing is under way.
func open(t *testing.T, with setup, test func(a *account)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		with.sandbox.Key = apiKey
		if with.sandbox.Customers == nil {
			with.sandbox.Customers = []sandbox.Record{ada}
		}
		if with.sandbox.Attributes == nil {
			with.sandbox.Attributes = map[string]sandbox.AttributeType{"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute}
		}
		server, err := sandbox.New(with.sandbox)
		if err != nil {
			t.Fatal(err)
		}
		a := &account{T: t, server: server, began: time.Now()}
		if customers := server.Customers(); len(customers) > 0 {
			a.ada = customers[0].ID()
		}
		config := config(t, server)
		config.Transport, config.Log = server.Transport(), a.log
		if with.transport != nil {
			config.Transport = with.transport(config.Transport)
		}
		if with.client != nil {
			with.client(&config)
		}
		a.Client = helpcrunch.NewClient(config)
		test(a)
	})
}

// config is the usual one, with plenty of budget.
func config(t *testing.T, server *sandbox.Server) helpcrunch.Config {
	t.Helper()
	base, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	return helpcrunch.Config{
		BaseURL: base, APIKey: apiKey, UserAgent: "tests",
		Budget:    budget.New(budget.Config{Limit: 100_000}),
		BatchSize: helpcrunch.MaxBatchSize, MaxRetries: retries,
		RequestTimeout: helpcrunch.DefaultRequestTimeout,
	}
}

func (a *account) log(_ context.Context, message string, fields map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, line{message, fields})
}

// now is the time since the test began.
func (a *account) now() time.Duration { return time.Since(a.began) }

// requests is how many requests reached the sandbox, whatever it answered.
func (a *account) requests() int { return len(a.server.Requests()) }

// call is one operation of the client.
type call struct {
	operation sandbox.Operation
	changes   bool // something at HelpCrunch
	appends   bool // twice is not the same as once
	do        func(a *account, ctx context.Context) error
}

// calls are all operations but updates, on Ada where they are about one customer.
var calls = []call{
	{operation: sandbox.OpGet, do: func(a *account, ctx context.Context) error {
		return about(a.ada)(a.GetCustomer(ctx, a.ada))
	}},
	{operation: sandbox.OpSearch, do: func(a *account, ctx context.Context) error {
		return several(a.FindCustomers(ctx, helpcrunch.Filter{Field: "customers.email", Operator: "=", Value: adasEmail}))
	}},
	{operation: sandbox.OpOrganization, do: func(a *account, ctx context.Context) error {
		_, err := a.GetOrganization(ctx)
		return err
	}},
	{operation: sandbox.OpTag, changes: true, do: func(a *account, ctx context.Context) error {
		return about(a.ada)(a.TagCustomer(ctx, a.ada, []helpcrunch.Tag{{Name: "trial"}}))
	}},
	{operation: sandbox.OpUntag, changes: true, do: func(a *account, ctx context.Context) error {
		return about(a.ada)(a.UntagCustomer(ctx, a.ada, []string{"vip"}))
	}},
	{operation: sandbox.OpDelete, changes: true, do: func(a *account, ctx context.Context) error {
		return a.DeleteCustomer(ctx, a.ada)
	}},
	{operation: sandbox.OpCreate, changes: true, appends: true, do: func(a *account, ctx context.Context) error {
		created, err := a.CreateCustomer(ctx, helpcrunch.Changes{Name: helpcrunch.Some("Grace")})
		if (created == nil) == (err == nil) {
			return fmt.Errorf("got customer %+v and error %v together", created, err)
		}
		return err
	}},
	{operation: sandbox.OpEvent, changes: true, appends: true, do: func(a *account, ctx context.Context) error {
		return a.SendEvent(ctx, helpcrunch.Event{Name: "signed in", Customer: a.ada, Data: map[string]any{"plan": adasPlan}})
	}},
}

// effect is a name for what the call does to HelpCrunch.
func (c call) effect() string {
	switch {
	case c.appends:
		return "appends"
	case c.changes:
		return "changes"
	}
	return "reads"
}

// about checks that there is a customer, the right one, or an error, never both.
func about(id int64) func(*helpcrunch.Customer, error) error {
	return func(customer *helpcrunch.Customer, err error) error {
		if (customer == nil) == (err == nil) || customer != nil && customer.ID != id {
			return fmt.Errorf("got customer %+v and error %v together", customer, err)
		}
		return err
	}
}

// several checks that nothing comes along with an error.
func several(customers []*helpcrunch.Customer, err error) error {
	if err != nil && customers != nil {
		return fmt.Errorf("got %d customers and error %v together", len(customers), err)
	}
	return err
}

// each runs test on every call, or only on those of the given operations, in
// an account of its own.
func each(t *testing.T, with setup, test func(a *account, c call), only ...sandbox.Operation) {
	t.Helper()
	for _, c := range calls {
		if len(only) > 0 && !slices.Contains(only, c.operation) {
			continue
		}
		t.Run(string(c.operation), func(t *testing.T) {
			open(t, with, func(a *account) { test(a, c) })
		})
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// meddling lets meddle say what is sent of each request, or answer it instead.
func meddling(meddle func(r *http.Request, body []byte) ([]byte, *http.Response)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			body, answer := meddle(r, body)
			if answer != nil {
				return answer, nil
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return next.RoundTrip(r)
		})
	}
}

// doctoring lets doctor rewrite the body of each answer of the sandbox.
func doctoring(doctor func(r *http.Request, body string) string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				return nil, err
			}
			answer.Body = io.NopCloser(strings.NewReader(doctor(r, string(body))))
			return answer, nil
		})
	}
}

// answering is a transport that gives every request the same answer, with the status that means success.
func answering(contentType, body string) func(http.RoundTripper) http.RoundTripper {
	return func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			status := http.StatusOK
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/customers") {
				status = http.StatusCreated
			}
			return response(r, status, http.Header{"Content-Type": {contentType}}, strings.NewReader(body)), nil
		})
	}
}

// answeringWith is a transport that answers every request with this, or fails with err.
func answeringWith(status int, header http.Header, body string, err error) func(http.RoundTripper) http.RoundTripper {
	return func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if err != nil {
				return nil, err
			}
			return response(r, status, header, strings.NewReader(body)), nil
		})
	}
}

// customerJSON is a customer in an answer, with every field: empty but for those
// that are given, such as `"name": "Ada", "blocked": true`.
func customerJSON(id int64, given string) string {
	fields := map[string]json.RawMessage{
		"unsubscribed": json.RawMessage("false"), "blocked": json.RawMessage("false"),
		"tags": json.RawMessage("[]"), "customData": json.RawMessage("[]"),
	}
	for _, name := range []string{
		"name", "email", "userId", "company", "phone", "firstSeen", "lastSeen", "location", "device", "source", "referer",
		"lastPage", "locale", "createdFrom", "integrationId", "notes",
	} {
		fields[name] = json.RawMessage("null")
	}
	if err := json.Unmarshal([]byte("{"+given+"}"), &fields); err != nil {
		panic(err)
	}
	fields["id"] = json.RawMessage(fmt.Sprint(id))
	body, _ := json.Marshal(fields)
	return string(body)
}

func response(r *http.Request, status int, header http.Header, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(body), Request: r}
}

// silent checks that a text tells none of the secrets.
func silent(t *testing.T, text string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q tells %q", text, secret)
		}
	}
}
