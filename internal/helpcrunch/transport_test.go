// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// wire is what a request looks like.
type wire struct {
	method, url, body string
	header            http.Header
}

// recording is a transport that notes every request.
func recording(sent *[]wire) func(http.RoundTripper) http.RoundTripper {
	return meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		*sent = append(*sent, wire{r.Method, r.URL.String(), string(body), r.Header})
		return body, nil
	})
}

func TestRequests(t *testing.T) {
	var sent []wire
	open(t, setup{transport: recording(&sent)}, func(a *account) {
		for _, c := range calls {
			if err := c.do(a, a.Context()); err != nil && !helpcrunch.IsNotFound(err) { // Ada is deleted on the way
				a.Errorf("%s: %v", c.operation, err)
			}
		}
		customer := fmt.Sprintf("http://127.0.0.1/v1/customers/%d", a.ada)
		want := []wire{
			{"GET", customer, "", nil},
			{"POST", "http://127.0.0.1/v1/customers/search", `{"filter":[{"field":"customers.email","operator":"=","value":"ada@analytical.example"}],"limit":100,"offset":0}`, nil},
			{"GET", "http://127.0.0.1/v1/organization", "", nil},
			{"PUT", customer + "/tags", `{"tags":[{"name":"trial"}]}`, nil},
			{"DELETE", customer + "/tags", `{"tags":[{"name":"vip"}]}`, nil},
			{"DELETE", customer, "", nil},
			{"POST", "http://127.0.0.1/v1/customers", `{"name":"Grace"}`, nil},
			{"POST", "http://127.0.0.1/v1/events", fmt.Sprintf(`{"name":"signed in","data":{"plan":"difference engine"},"customer":%d}`, a.ada), nil},
		}
		if len(sent) != len(want) {
			a.Fatalf("%d requests, want %d", len(sent), len(want))
		}
		for i, got := range sent {
			header := http.Header{"Authorization": {"Bearer " + apiKey}, "Accept": {"application/json"}, "User-Agent": {"tests"}}
			if want[i].body != "" {
				header.Set("Content-Type", "application/json")
			}
			if fmt.Sprint(got.header) != fmt.Sprint(header) {
				a.Errorf("%s %s has the headers %v", got.method, got.url, got.header)
			}
			if got.header = nil; fmt.Sprint(got) != fmt.Sprint(want[i]) {
				a.Errorf("got  %v\nwant %v", got, want[i])
			}
		}
	})
}

// What cannot be sent was not sent, and so is in no doubt.
func TestHeaderThatCannotBeSent(t *testing.T) {
	for name, meddle := range map[string]func(*helpcrunch.Config){
		"user agent": func(config *helpcrunch.Config) { config.UserAgent = "tests\r\nX-Forged: yes" },
		"API key":    func(config *helpcrunch.Config) { config.APIKey += "\x00" },
	} {
		all := slices.Concat(together, calls)
		for _, c := range all {
			t.Run(fmt.Sprint(name, c.operation), func(t *testing.T) {
				open(t, setup{client: meddle}, func(a *account) {
					err := c.do(a, a.Context())
					if err == nil || helpcrunch.OutcomeUnknown(err) || !strings.Contains(err.Error(), name) || a.requests() != 0 || a.now() > time.Second {
						a.Errorf("error %v after %v and %d requests", err, a.now(), a.requests())
					}
					silent(a.T, fmt.Sprint(err))
				})
			})
		}
	}
}

// The same over a real connection: net/http has its own mind about the bodies of GET and DELETE.
func TestRealConnection(t *testing.T) {
	server, err := sandbox.Start(sandbox.Config{Key: apiKey, Customers: []sandbox.Record{{"email": adasEmail, "tags": []string{"vip"}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	a := &account{T: t, server: server, ada: server.Customers()[0].ID(), Client: helpcrunch.NewClient(config(t, server))}
	for _, c := range calls {
		if err := c.do(a, t.Context()); err != nil && c.operation != sandbox.OpEvent { // Ada is deleted by then
			t.Errorf("%s: %v", c.operation, err)
		}
		if got := server.Count(c.operation); got != 1 {
			t.Errorf("%s: %d requests", c.operation, got)
		}
	}
	for _, r := range server.Requests() {
		if r.Operation == sandbox.OpUntag && string(r.Body) != `{"tags":[{"name":"vip"}]}` {
			t.Errorf("the body of the DELETE is %q", r.Body)
		}
	}
}

func TestBaseURLWithPath(t *testing.T) {
	for _, base := range []string{"http://proxy.example/helpcrunch/v1", "http://proxy.example/helpcrunch/v1/"} {
		var sent []wire
		elsewhere := func(config *helpcrunch.Config) { config.BaseURL, _ = url.Parse(base) }
		open(t, setup{transport: recording(&sent), client: elsewhere}, func(a *account) {
			_, _ = a.GetOrganization(a.Context())
			if want := "http://proxy.example/helpcrunch/v1/organization"; len(sent) != 1 || sent[0].url != want {
				a.Errorf("sent %v, want %s", sent, want)
			}
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"https://elsewhere.example/v1/x", "/v2/x", "//elsewhere.example"} {
			t.Run(fmt.Sprint(status, location), func(t *testing.T) {
				var hosts []string
				redirecting := func(http.RoundTripper) http.RoundTripper {
					return roundTrip(func(r *http.Request) (*http.Response, error) {
						hosts = append(hosts, r.URL.Host)
						return response(r, status, http.Header{"Location": {location}}, strings.NewReader("")), nil
					})
				}
				each(t, setup{transport: redirecting}, func(a *account, c call) {
					hosts = nil
					err := c.do(a, a.Context())
					var answered *helpcrunch.Error
					if !errors.As(err, &answered) || answered.Status != status {
						a.Errorf("error %v", err)
					}
					if !slices.Equal(hosts, []string{"127.0.0.1"}) {
						a.Errorf("requests went to %v", hosts)
					}
				})
			})
		}
	}
}

func TestAnswerThatIsNotOne(t *testing.T) {
	person := fmt.Sprintf("%s %s %s", adasName, adasEmail, adasNotes)
	for _, test := range []struct {
		name, contentType, body string
		want                    string // in the error
	}{
		{"a web page", "text/html", "<html>" + person + "</html>", "text/html"},
		{"nothing", "application/json", "", "0 bytes"},
		{"half of it", "application/json", `{"id": 17, "name": "` + person, "invalid JSON"},
		{"two of it", "application/json", `{"id": 17} {"id": 17}`, "invalid JSON"},
		{"null", "application/json", "null", "documented type"},
		{"text", "application/json", `"` + person + `"`, "it does not have the documented type"},
		{"a number", "application/json", `17`, "it does not have the documented type"},
		{"a list", "application/json", `["` + person + `"]`, "it does not have the documented type"},
		{"an object", "application/json", `{"person": "` + person + `"}`, "without"},
		{"no id", "application/json", `{"id": 0, "data": null}`, "without"},
		{"data of another kind", "application/json", `{"data": "` + person + `"}`, "not the JSON that was expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			once := func(config *helpcrunch.Config) { config.MaxRetries = 0 }
			each(t, setup{transport: answering(test.contentType, test.body), client: once}, func(a *account, c call) {
				err := c.do(a, a.Context())
				var lost *helpcrunch.LostError
				if !errors.As(err, &lost) || !helpcrunch.OutcomeUnknown(err) {
					a.Fatalf("error %v", err)
				}
				if !strings.Contains(err.Error(), test.want) {
					a.Errorf("error %q does not say %q", err, test.want)
				}
				silent(a.T, err.Error())
			}, sandbox.OpGet, sandbox.OpSearch, sandbox.OpCreate, sandbox.OpTag, sandbox.OpUntag)
		})
	}
}

func TestOversizedAnswer(t *testing.T) {
	open(t, setup{client: func(config *helpcrunch.Config) { config.MaxRetries = 0 }}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Oversized})
		_, err := a.GetCustomer(a.Context(), a.ada)
		if !helpcrunch.OutcomeUnknown(err) || !strings.Contains(err.Error(), "10 MiB") {
			a.Errorf("error %v", err)
		}
	})
}

// No more is read than tells that it is too much.
func TestOversizedAnswerIsNotReadToItsEnd(t *testing.T) {
	body := bytes.NewReader(make([]byte, 12<<20))
	large := func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			return response(r, http.StatusBadGateway, nil, body), nil
		})
	}
	open(t, setup{transport: large, client: func(config *helpcrunch.Config) { config.MaxRetries = 0 }}, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), a.ada); err == nil {
			a.Error("no error")
		}
		if left := body.Len(); left != 2<<20-1 {
			a.Errorf("%d bytes are left", left)
		}
	})
}

// An answer as large as it may be.
func TestLargestAnswer(t *testing.T) {
	body := append(bytes.Repeat([]byte{' '}, 10<<20-9), `{"id":17}`...)
	large := func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			return response(r, http.StatusOK, nil, bytes.NewReader(body)), nil
		})
	}
	open(t, setup{transport: large}, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), 17); err != nil {
			a.Error(err)
		}
	})
}

// Somebody else's answer is nobody's.
func TestWrongIDInAnswer(t *testing.T) {
	each(t, setup{}, func(a *account, c call) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.WrongID})
		err := c.do(a, a.Context())
		other := fmt.Sprintf("%d, HelpCrunch answered with customer %d", a.ada, a.ada+1_000_000)
		if err == nil || !strings.Contains(err.Error(), other) {
			a.Errorf("error %v", err)
		}
		if got := a.requests(); got != 1 {
			a.Errorf("%d requests", got)
		}
	}, sandbox.OpGet, sandbox.OpTag, sandbox.OpUntag)
}

// What is asked for twice may not be mixed from both answers.
func TestAnswerAfterAHalfReadOne(t *testing.T) {
	first := true
	changing := func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			body := `{"data": [` + customerJSON(17, "") + `]}`
			if first {
				body = `{"data": [` + customerJSON(17, `"phone": "1"`) + `, ` + customerJSON(18, "") + `, {"id":`
			}
			first = false
			return response(r, http.StatusOK, nil, strings.NewReader(body)), nil
		})
	}
	open(t, setup{transport: changing}, func(a *account) {
		got, err := a.FindCustomers(a.Context())
		if err != nil {
			a.Fatal(err)
		}
		if len(got) != 1 || got[0].Phone != nil {
			text, _ := json.Marshal(got)
			a.Errorf("got %s", text)
		}
	})
}

// What the configuration refuses is an error of every operation, and nothing is sent.
func TestRefusedConfiguration(t *testing.T) {
	why := errors.New("the address is not HelpCrunch's")
	each(t, setup{client: func(config *helpcrunch.Config) { config.Refused = why }}, func(a *account, c call) {
		if err := c.do(a, a.Context()); !errors.Is(err, why) {
			a.Errorf("error %v", err)
		}
		if got := a.requests(); got != 0 {
			a.Errorf("%d requests", got)
		}
	})
}

// What has no JSON is not sent.
func TestEventThatCannotBeSent(t *testing.T) {
	open(t, setup{}, func(a *account) {
		err := a.SendEvent(a.Context(), helpcrunch.Event{Name: "signed in", Customer: a.ada, Data: map[string]any{"seats": math.NaN()}})
		if err == nil || !strings.Contains(err.Error(), "send an event") || helpcrunch.OutcomeUnknown(err) || a.requests() != 0 {
			a.Errorf("error %v after %d requests", err, a.requests())
		}
	})
}

// A process that is carrying out a request knows, also while it waits to repeat it.
func TestUnderWay(t *testing.T) {
	open(t, setup{}, func(a *account) {
		if helpcrunch.UnderWay() {
			a.Error("before anything was sent")
		}
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.Late, Delay: 10 * time.Second})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.TooMany, RetryAfter: 30 * time.Second})
		done := make(chan error)
		for range 2 {
			go func() { done <- second(a.GetCustomer(a.Context(), a.ada)) }()
		}
		for range 2 {
			time.Sleep(5 * time.Second)
			if !helpcrunch.UnderWay() {
				a.Errorf("after %s it is not", a.now())
			}
			if err := <-done; err != nil {
				a.Error(err)
			}
		}
		synctest.Wait()
		if helpcrunch.UnderWay() {
			a.Error("after both were answered")
		}
	})
}
