// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// answered is a client whose every request gets this answer.
func answered(status int, header http.Header, body []byte) *helpcrunch.Client {
	return helpcrunch.NewClient(helpcrunch.Config{
		BaseURL: &url.URL{Scheme: "https", Host: "api.example"}, APIKey: apiKey, UserAgent: "tests",
		Budget: budget.New(budget.Config{Limit: 10_000}), BatchSize: 10, RequestTimeout: time.Second,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return response(r, status, header, strings.NewReader(string(body))), nil
		}),
	})
}

// FuzzAnswers: whatever comes back with a 2xx is the customer who was asked
// for, or an error that may be shown.
func FuzzAnswers(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		client := answered(http.StatusOK, nil, body)
		if got, err := client.GetCustomer(t.Context(), 17); (got == nil) == (err == nil) || got != nil && got.ID != 17 {
			t.Errorf("got %v, error %v", got, err)
		} else if err != nil {
			harmless(t, err.Error())
		}
		found := make(map[int64]bool)
		for customer, err := range client.SearchCustomers(t.Context(), helpcrunch.Search{Most: 100}) {
			switch {
			case (customer == nil) == (err == nil):
				t.Errorf("got %v, error %v", customer, err)
			case err != nil:
				harmless(t, err.Error())
			case found[customer.ID] || customer.ID <= 0:
				t.Errorf("customer %d is there twice, or nobody", customer.ID)
			default:
				found[customer.ID] = true
			}
		}
		written, err := client.UpdateCustomer(t.Context(), 17, helpcrunch.Changes{Name: helpcrunch.Some("Ada")})
		if err == nil && (written.Customer == nil || written.Customer.ID != 17) {
			t.Errorf("updated %v", written.Customer)
		} else if err != nil {
			harmless(t, err.Error())
		}
		if err := client.DeleteCustomer(t.Context(), 17); err == nil && strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
			t.Errorf("%q is taken for done", body)
		}
	})
}

// FuzzErrorBody: an error is short, on one line, and says gone only where HelpCrunch does.
func FuzzErrorBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, status int, location string, body []byte) {
		status = 300 + (status%300+300)%300
		if status == http.StatusTooManyRequests {
			status++ // is waited for
		}
		header := http.Header{"Location": {location}}
		_, err := answered(status, header, body).GetCustomer(t.Context(), 17)
		if err == nil {
			t.Fatal("no error")
		}
		if helpcrunch.IsNotFound(err) && (status != http.StatusNotFound || !strings.Contains(string(body), `"errors"`)) {
			t.Errorf("%q says that somebody is gone", body)
		}
		harmless(t, err.Error())
	})
}

// FuzzRetryAfter: whatever is named, nobody waits beyond their time, nor less than nothing.
func FuzzRetryAfter(f *testing.F) {
	f.Fuzz(func(t *testing.T, after, reset string) {
		header := http.Header{"Retry-After": {after}, "X-Ratelimit-Reset": {reset}}
		now := time.Now()
		until := helpcrunch.ToldUntil(header, now)
		if !until.IsZero() && (!until.After(now) || until.After(now.Add(24*time.Hour))) {
			t.Errorf("%q and %q name %v, %v from now", after, reset, until, until.Sub(now))
		}
	})
}
