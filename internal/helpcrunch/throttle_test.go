// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"errors"
	"fmt"
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
	const told, spread = 17 * time.Second, 2 * time.Second // one after the other, until one was accepted
	for _, test := range []struct {
		name        string
		form        sandbox.RetryAfterForm
		retryAfter  time.Duration
		least, most time.Duration
	}{
		{"seconds", sandbox.RetryAfterSeconds, told, told, told + spread},
		{"date", sandbox.RetryAfterDate, told, told, told + spread},
		{"not said", sandbox.NoRetryAfter, 0, 2 * time.Second, 2*time.Second + spread},
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
	for _, header := range []string{
		"", "soon", "0", "-5", "-10000000000", "-99999999999", "Mon, 01 Jan 1990 00:00:00 GMT", "99999999999999999999", "17, 18", "0x10", "1e3", "NaN", "\x1b[2J",
	} {
		t.Run(header, func(t *testing.T) {
			open(t, setup{transport: refusingOnce(http.Header{"Retry-After": {header}})}, func(a *account) {
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

// The usual headers, from the surest on. In a bubble it is the year 2000.
func TestTimesThatAServerNames(t *testing.T) {
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	moment := func(after time.Duration) string { return fmt.Sprint(began.Add(after).Unix()) }
	for _, test := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"seconds", http.Header{"Retry-After": {"17"}}, 17 * time.Second},
		{"seconds and a fraction", http.Header{"Retry-After": {"17.9"}}, 17 * time.Second},
		{"blanks", http.Header{"Retry-After": {" 17 "}}, 17 * time.Second},
		{"a date", http.Header{"Retry-After": {began.Add(time.Minute).Format(http.TimeFormat)}}, time.Minute},
		{"two values", http.Header{"Retry-After": {"17", "3600"}}, 17 * time.Second},
		{"UNIX seconds", http.Header{"Retry-After": {moment(time.Minute)}}, time.Minute},
		{"another name", http.Header{"X-Ratelimit-Retry-After": {"17"}}, 17 * time.Second},
		{"the surest of all", http.Header{"X-Ratelimit-Reset": {"3"}, "X-Ratelimit-Retry-After": {"5"}, "Retry-After": {"17"}}, 17 * time.Second},
		{"a reset in seconds", http.Header{"X-Ratelimit-Reset": {"17"}}, 17 * time.Second},
		{"a reset in UNIX seconds", http.Header{"X-Ratelimit-Reset": {moment(time.Minute)}}, time.Minute},
		{"a reset in UNIX milliseconds", http.Header{"X-Ratelimit-Reset": {moment(time.Minute) + "500"}}, time.Minute + time.Second/2},
		{"the standard's reset", http.Header{"Ratelimit-Reset": {"17"}}, 17 * time.Second},
		{"what makes no sense is passed over", http.Header{"Retry-After": {"soon"}, "X-Ratelimit-Reset": {moment(-time.Minute)}, "Ratelimit-Reset": {"17"}}, 17 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			open(t, setup{transport: refusingOnce(test.header)}, func(a *account) {
				if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
					a.Fatal(err)
				}
				// And up to a second more, so that not all come back at once.
				if a.now() < test.want || a.now() > test.want+1200*time.Millisecond {
					a.Errorf("paused for %v, want %v", a.now(), test.want)
				}
			})
		})
	}
}

// together are updates and reads at once, which share requests.
var together = []call{{operation: "updates", do: updating}, {operation: "reads", do: reading}}

//nolint:revive // as the other calls
func updating(a *account, ctx context.Context) error {
	var wait sync.WaitGroup
	errs := make([]error, 25)
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = a.UpdateCustomer(ctx, int64(i+1), helpcrunch.Changes{Name: helpcrunch.Some("Ada")})
		})
	}
	wait.Wait()
	for _, err := range errs[1:] {
		if fmt.Sprint(err) != fmt.Sprint(errs[0]) {
			return fmt.Errorf("%w and %w", errs[0], err)
		}
	}
	return errs[0]
}

//nolint:revive // as the other calls
func reading(a *account, ctx context.Context) error {
	var wait sync.WaitGroup
	errs := make([]error, 25)
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = a.ReadCustomer(ctx, int64(i+1), func(*helpcrunch.Customer) bool { return true })
		})
	}
	wait.Wait()
	for _, err := range errs[1:] {
		if fmt.Sprint(err) != fmt.Sprint(errs[0]) {
			return fmt.Errorf("%w and %w", errs[0], err)
		}
	}
	return errs[0]
}

// Nobody waits in silence for a time that is after their own.
func TestTimeThatOutlastsTheOperation(t *testing.T) {
	all := slices.Concat(together, calls)
	for _, c := range all {
		t.Run(string(c.operation), func(t *testing.T) {
			hour := func(http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					return response(r, http.StatusTooManyRequests, http.Header{"Retry-After": {"3600"}}, strings.NewReader("")), nil
				})
			}
			sent := 0
			counting := func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					sent++
					return hour(next).RoundTrip(r)
				})
			}
			open(t, setup{transport: counting}, func(a *account) {
				ctx, cancel := context.WithTimeout(a.Context(), 20*time.Minute)
				defer cancel()
				for range 2 { // the second time, nothing is sent
					err := c.do(a, ctx)
					refusal, ok := errors.AsType[*helpcrunch.Error](err)
					if !ok || refusal.Status != http.StatusTooManyRequests || !strings.Contains(err.Error(), "429") || !strings.Contains(err.Error(), "2000-01-01T01:00:00Z") {
						a.Fatalf("error %v", err)
					}
					if helpcrunch.OutcomeUnknown(err) {
						a.Errorf("%v: nothing was done", err)
					}
				}
				if a.now() > time.Second || sent > 1 {
					a.Errorf("took %v and %d requests", a.now(), sent)
				}
			})
		})
	}
}

// Who has the time waits for it, and is served.
func TestTimeWithinTheOperation(t *testing.T) {
	open(t, setup{transport: refusingOnce(http.Header{"Retry-After": {"600"}})}, func(a *account) {
		ctx, cancel := context.WithTimeout(a.Context(), 5*time.Minute)
		defer cancel()
		if _, err := a.GetCustomer(ctx, a.ada); err == nil || a.now() != 0 {
			a.Errorf("error %v after %v", err, a.now())
		}
		longer, cancel := context.WithTimeout(a.Context(), 20*time.Minute)
		defer cancel()
		if _, err := a.GetCustomer(longer, a.ada); err != nil {
			a.Errorf("error %v after %v", err, a.now())
		}
	})
}

// Nobody is believed for longer than a day: this one is centuries, and a pause
// that overflows is none.
func TestRetryAfterBeyondMeasure(t *testing.T) {
	with := setup{transport: refusingOnce(http.Header{"Retry-After": {"9999999999"}})}
	const day = 24 * time.Hour
	open(t, with, func(a *account) {
		ctx, cancel := context.WithTimeout(a.Context(), time.Hour)
		defer cancel()
		_, err := a.GetCustomer(ctx, a.ada)
		if told, ok := errors.AsType[*helpcrunch.Error](err); !ok || told.Until.Sub(a.began) != day {
			a.Errorf("who has an hour is told: %v", err)
		}
	})
	open(t, with, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		if a.now() < day || a.now() > day+time.Minute {
			a.Errorf("paused for %v, want a day", a.now())
		}
	})
}

// refusingOnce is a transport that refuses the first request with this header.
func refusingOnce(header http.Header) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		first := true
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if !first {
				return next.RoundTrip(r)
			}
			first = false
			return response(r, http.StatusTooManyRequests, header, strings.NewReader("")), nil
		})
	}
}

// Who has nothing in the window asks ever more seldom.
func TestPausesGrow(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany, Times: 8})
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		requests := a.server.Requests()
		for i, seconds := range []int{2, 4, 8, 8, 8, 8, 8, 8} {
			most := time.Duration(seconds) * time.Second
			wait := requests[i+1].ArrivedAt.Sub(requests[i].ArrivedAt)
			if wait < most || wait > most+200*time.Millisecond {
				a.Errorf("pause %d was %v, want %v", i, wait, most)
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
