// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"errors"
	"net/http"
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

func TestTooManyRequestsIsRepeatedWhateverTheOperation(t *testing.T) {
	const more = 5 * retries
	impatient := func(config *helpcrunch.Config) { config.MaxRetries = 0 }
	each(t, setup{client: impatient}, func(a *account, c call) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany, Times: more})
		if err := c.do(a, a.Context()); err != nil {
			a.Error(err)
		}
		if got := a.requests(); got != more+1 {
			a.Errorf("%d requests, want %d", got, more+1)
		}
		if got := len(a.server.Events()) + len(a.server.Customers()); c.appends && got != 2 { // Ada and one more thing
			a.Errorf("there are %d customers and events", got)
		}
	})
}

// Two are refused, one fault each way: the retries are all still there.
func TestTooManyRequestsUsesNoRetriesUp(t *testing.T) {
	open(t, setup{}, func(a *account) {
		for range retries {
			a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany})
			a.server.Arm(sandbox.Fault{Kind: sandbox.FailBefore})
		}
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Error(err)
		}
	})
}

func TestPauseAfterTooManyRequests(t *testing.T) {
	const told = 17 * time.Second
	for _, test := range []struct {
		name        string
		form        sandbox.RetryAfterForm
		retryAfter  time.Duration
		least, most time.Duration
	}{
		{"seconds", sandbox.RetryAfterSeconds, told, told, told + 200*time.Millisecond},
		{"date", sandbox.RetryAfterDate, told, told, told + 200*time.Millisecond},
		{"not said", sandbox.NoRetryAfter, 0, time.Second, 2*time.Second + 200*time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			open(t, setup{sandbox: sandbox.Config{Switches: sandbox.Switches{RetryAfter: test.form}}}, func(a *account) {
				a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany, RetryAfter: test.retryAfter})
				var wait sync.WaitGroup
				get := func() {
					if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
						a.Error(err)
					}
				}
				wait.Go(get)
				synctest.Wait() // the first has its 429
				for range 5 {
					wait.Go(get)
				}
				wait.Wait()
				arrivals := a.server.Requests()[1:]
				if len(arrivals) != 6 {
					a.Fatalf("%d requests after the first", len(arrivals))
				}
				for _, r := range arrivals {
					if at := r.ArrivedAt.Sub(a.began); at < test.least || at > test.most {
						a.Errorf("a request arrived after %v, want %v to %v", at, test.least, test.most)
					}
				}
			})
		})
	}
}

func TestRetryAfterThatMakesNoSense(t *testing.T) {
	for _, header := range []string{"", "soon", "0", "-5", "Mon, 01 Jan 1990 00:00:00 GMT", "99999999999999999999"} {
		t.Run(header, func(t *testing.T) {
			open(t, setup{transport: retryAfter(header)}, func(a *account) {
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					a.Fatal(err)
				}
				if a.now() < time.Second || a.now() > 2200*time.Millisecond {
					a.Errorf("paused for %v", a.now())
				}
			})
		})
	}
}

// So many seconds overflow a time.Duration; a negative pause would be none.
func TestRetryAfterBeyondMeasure(t *testing.T) {
	open(t, setup{transport: retryAfter("9999999999")}, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		if a.now() < time.Hour {
			a.Errorf("paused for %v", a.now())
		}
	})
}

// retryAfter is a transport that refuses the first request with this header.
func retryAfter(header string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		first := true
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if !first {
				return next.RoundTrip(r)
			}
			first = false
			return response(r, http.StatusTooManyRequests, http.Header{"Retry-After": {header}}, strings.NewReader("")), nil
		})
	}
}

func TestPausesGrowToAWindow(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany, Times: 8})
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		requests := a.server.Requests()
		for i, seconds := range []int{2, 4, 8, 16, 32, 60, 60, 60} {
			most := time.Duration(seconds) * time.Second
			wait := requests[i+1].ArrivedAt.Sub(requests[i].ArrivedAt)
			if wait < most/2 || wait > most+200*time.Millisecond {
				a.Errorf("pause %d was %v, want %v to %v", i, wait, most/2, most)
			}
		}
	})
}

// The account's limit is lower than the configured one: slower, but no error.
func TestLimitLowerThanConfigured(t *testing.T) {
	open(t, setup{sandbox: sandbox.Config{Rate: 10, Switches: sandbox.Switches{RetryAfter: sandbox.RetryAfterSeconds}}}, func(a *account) {
		var wait sync.WaitGroup
		for range 35 {
			wait.Go(func() {
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					a.Error(err)
				}
			})
		}
		wait.Wait()
		if got := a.server.Count(sandbox.OpGet); got != 35 {
			a.Errorf("%d were served", got)
		}
	})
}

func TestBudgetKeepsTheLimit(t *testing.T) {
	const limit = 10
	scarce := func(config *helpcrunch.Config) { config.Budget = budget.New(budget.Config{Limit: limit}) }
	open(t, setup{sandbox: sandbox.Config{Rate: limit}, client: scarce}, func(a *account) {
		var wait sync.WaitGroup
		for range 3 * limit {
			wait.Go(func() {
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					a.Error(err)
				}
			})
		}
		wait.Wait()
		if got := a.server.Counts().TooManyRequests; got != 0 {
			a.Errorf("%d requests were too many", got)
		}
	})
}

func TestUnauthorizedStopsEverything(t *testing.T) {
	scarce := func(config *helpcrunch.Config) { config.Budget = budget.New(budget.Config{Limit: 1}) }
	each(t, setup{client: scarce}, func(a *account, c call) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Unauthorized}) // just this once
		first := c.do(a, a.Context())
		for _, later := range calls {
			if err := later.do(a, a.Context()); !unauthorized(err) || err != first {
				a.Errorf("%s: error %v, want %v", later.operation, err, first)
			}
		}
		if got := a.requests(); got != 1 {
			a.Errorf("%d requests, want 1", got)
		}
		if a.now() != 0 {
			a.Errorf("took %v: waited for a budget that is not needed", a.now())
		}
		if helpcrunch.IsNotFound(first) || helpcrunch.OutcomeUnknown(first) {
			a.Errorf("%v is taken for something else", first)
		}
	})
}

// Most of a big apply waits for the budget when the first answer comes.
func TestUnauthorizedStopsThoseWhoWaitForTheBudget(t *testing.T) {
	scarce := func(config *helpcrunch.Config) { config.Budget = budget.New(budget.Config{Limit: 1}) }
	open(t, setup{client: scarce}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Unauthorized})
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				if _, err := a.GetCustomer(a.Context(), a.ada); !unauthorized(err) {
					a.Errorf("error %v", err)
				}
			})
		}
		wait.Wait()
		if got := a.requests(); got != 1 {
			a.Errorf("%d requests, want 1", got)
		}
		if a.now() > 2*time.Minute {
			a.Errorf("took %v: slots that were not used were not given back", a.now())
		}
	})
}

func TestForbiddenStopsNobodyElse(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Forbidden})
		if _, err := a.GetCustomer(a.Context(), a.ada); err == nil || helpcrunch.IsNotFound(err) {
			a.Errorf("error %v", err)
		}
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Error(err)
		}
	})
}

func TestBudgetThatOutlastsTheCaller(t *testing.T) {
	scarce := func(config *helpcrunch.Config) { config.Budget = budget.New(budget.Config{Limit: 1}) }
	each(t, setup{client: scarce}, func(a *account, c call) {
		if _, err := a.GetOrganization(a.Context()); err != nil {
			a.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(a.Context(), 10*time.Second)
		defer cancel()
		err := c.do(a, ctx)
		if !errors.Is(err, context.DeadlineExceeded) || helpcrunch.OutcomeUnknown(err) || a.requests() != 1 {
			a.Errorf("error %v after %d requests", err, a.requests())
		}
		if !strings.Contains(err.Error(), "budget") {
			a.Errorf("error %q does not say what was waited for", err)
		}
	})
}

func unauthorized(err error) bool {
	var answered *helpcrunch.Error
	return errors.As(err, &answered) && answered.Status == http.StatusUnauthorized &&
		slices.Contains(answered.Entries, helpcrunch.ErrorEntry{Code: "unauthorized", Message: "Unauthorized"})
}
