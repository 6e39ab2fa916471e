// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// What never gets better: how often is it sent?
func TestRequestsForAFaultThatStays(t *testing.T) {
	const once, again = 1, 1 + retries
	for _, test := range []struct {
		fault sandbox.FaultKind
		// how many requests, by effect
		reads, changes, appends int
	}{
		{sandbox.FailBefore, again, again, once},
		{sandbox.FailAfter, again, again, once},
		{sandbox.DropBefore, again, again, once},
		{sandbox.DropAfter, again, again, once},
		{sandbox.BadGateway, again, again, once},
		{sandbox.Late, again, again, once},
		{sandbox.Unauthorized, once, once, once},
		{sandbox.Forbidden, once, once, once},
		{sandbox.Redirect, once, once, once},
	} {
		t.Run(string(test.fault), func(t *testing.T) {
			each(t, setup{}, func(a *account, c call) {
				a.server.Arm(sandbox.Fault{Kind: test.fault, Times: 100, Delay: time.Hour})
				if err := c.do(a, a.Context()); err == nil {
					a.Error("no error")
				}
				want := map[string]int{"reads": test.reads, "changes": test.changes, "appends": test.appends}[c.effect()]
				if got := a.requests(); got != want {
					a.Errorf("%d requests, want %d", got, want)
				}
			})
		})
	}
}

func TestFaultThatPasses(t *testing.T) {
	for _, fault := range []sandbox.FaultKind{sandbox.FailBefore, sandbox.DropAfter, sandbox.BadGateway} {
		t.Run(string(fault), func(t *testing.T) {
			each(t, setup{}, func(a *account, c call) {
				if c.appends {
					return
				}
				a.server.Arm(sandbox.Fault{Kind: fault, Times: retries})
				if err := c.do(a, a.Context()); err != nil {
					a.Error(err)
				}
			})
		})
	}
}

func TestUnreadableAnswerIsAskedForAgain(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.WrongType, Times: retries})
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Error(err)
		}
	})
}

// unreachable is a transport that fails before a connection stands.
func unreachable(times int, err error) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		left := times
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if left--; left >= 0 {
				return nil, err
			}
			return next.RoundTrip(r)
		})
	}
}

var refused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

func TestUnreachableIsRepeatedWhateverTheOperation(t *testing.T) {
	unresolved := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.helpcrunch.com", IsNotFound: true}}
	for _, err := range []error{refused, unresolved} {
		each(t, setup{transport: unreachable(retries, err)}, func(a *account, c call) {
			if err := c.do(a, a.Context()); err != nil {
				a.Error(err)
			}
			if got := a.requests(); got != 1 {
				a.Errorf("%d requests arrived, want 1", got)
			}
		})
	}
}

func TestUnreachableForGood(t *testing.T) {
	each(t, setup{transport: unreachable(1+retries, refused)}, func(a *account, c call) {
		err := c.do(a, a.Context())
		var unreachable *helpcrunch.UnreachableError
		if !errors.As(err, &unreachable) || !errors.Is(err, refused.Err) {
			a.Errorf("error %v", err)
		}
		if helpcrunch.OutcomeUnknown(err) {
			a.Error("the outcome is said to be unknown of a request that was never sent")
		}
		if text := err.Error(); !strings.HasPrefix(text, "HelpCrunch cannot be reached: ") || !strings.Contains(text, "refused") {
			a.Errorf("it says %q", text)
		}
		if got := a.requests(); got != 0 {
			a.Errorf("%d requests arrived after the retries were used up", got)
		}
	})
}

// Without TLS the key stays on this machine, whatever address its name is said to have.
func TestKeyStaysOnThisMachine(t *testing.T) {
	config := config(t, nowhere(t))
	config.MaxRetries = 0
	config.BaseURL, _ = url.Parse("http://192.0.2.1:8080/v1")
	_, err := helpcrunch.NewClient(config).GetOrganization(t.Context())
	if _, unreachable := errors.AsType[*helpcrunch.UnreachableError](err); !unreachable || !strings.Contains(err.Error(), "only this machine") {
		t.Errorf("error %v", err)
	}
}

// Who answers in HelpCrunch's place, without its certificate, gets no request at all.
func TestKeyGoesToNobodyElse(t *testing.T) {
	var got atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail
	server.StartTLS()
	defer server.Close()
	config := config(t, nowhere(t))
	config.BaseURL, _ = url.Parse(server.URL)
	_, err := helpcrunch.NewClient(config).GetOrganization(t.Context())
	if _, unreachable := errors.AsType[*helpcrunch.UnreachableError](err); !unreachable || got.Load() != 0 {
		t.Errorf("error %v, %d requests", err, got.Load())
	}
}

func TestWrongServerIsNotAskedAgain(t *testing.T) {
	wrong := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	each(t, setup{transport: unreachable(1, wrong)}, func(a *account, c call) {
		var unreachable *helpcrunch.UnreachableError
		if err := c.do(a, a.Context()); !errors.As(err, &unreachable) {
			a.Errorf("error %v", err)
		}
		if got := a.requests(); got != 0 {
			a.Errorf("%d requests", got)
		}
	})
}

// A dial that takes longer than an attempt ends with the attempt's error, not its own.
func TestDialWithoutEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		dial func(attempt <-chan struct{}) (net.Conn, error)
	}{
		{"no connection", func(end <-chan struct{}) (net.Conn, error) {
			<-end
			return nil, errors.New("too late")
		}},
		{"no TLS", func(end <-chan struct{}) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				<-end
				_ = theirs.Close()
			}()
			return ours, nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var end chan struct{}
			hanging := func(http.RoundTripper) http.RoundTripper {
				return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return test.dial(end) }}
			}
			https := func(config *helpcrunch.Config) { config.BaseURL.Scheme = "https" }
			open(t, setup{transport: hanging, client: https}, func(a *account) {
				end = make(chan struct{}) // of this bubble
				_, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{})
				close(end)
				if _, ok := errors.AsType[*helpcrunch.UnreachableError](err); !ok {
					a.Errorf("error %v", err)
				}
				if got := len(a.lines); got != 1+retries {
					a.Errorf("%d attempts, want %d", got, 1+retries)
				}
			})
		})
	}
}

func TestUnreachableSpendsNoBudget(t *testing.T) {
	scarce := func(config *helpcrunch.Config) { config.Budget = budget.New(budget.Config{Limit: 1}) }
	open(t, setup{transport: unreachable(retries, refused), client: scarce}, func(a *account) {
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		if a.now() > 2*time.Second {
			a.Errorf("waited %v for slots of requests that were never sent", a.now())
		}
	})
}

func TestEveryAttemptSpendsBudget(t *testing.T) {
	scarce := func(config *helpcrunch.Config) { config.Budget = budget.New(budget.Config{Limit: 1}) }
	open(t, setup{client: scarce}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.FailBefore})
		a.server.Arm(sandbox.Fault{Kind: sandbox.Late, Delay: 10 * time.Second})
		for range 2 {
			if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
				a.Fatal(err)
			}
		}
		// The third waits for the second's answer and a window.
		for i, want := range []time.Duration{0, time.Minute, time.Minute + 10*time.Second + time.Minute} {
			if got := a.server.Requests()[i].ArrivedAt.Sub(a.began); got < want || got > want+time.Second {
				a.Errorf("request %d arrived after %v, want %v", i, got, want)
			}
		}
	})
}

func TestWaitBetweenAttempts(t *testing.T) {
	patient := func(config *helpcrunch.Config) { config.MaxRetries = 9 }
	open(t, setup{client: patient}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.FailBefore, Times: 100})
		if _, err := a.GetCustomer(a.Context(), a.ada); err == nil {
			a.Fatal("no error")
		}
		requests := a.server.Requests()
		for i, milliseconds := range []int{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000} {
			most := time.Duration(milliseconds) * time.Millisecond
			if wait := requests[i+1].ArrivedAt.Sub(requests[i].ArrivedAt); wait < most/2 || wait > most {
				a.Errorf("wait %d was %v, want %v to %v", i, wait, most/2, most)
			}
		}
	})
}

func TestRequestTimeoutIsForOneAttempt(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Late, Delay: time.Hour, Times: retries})
		if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		if least := retries * helpcrunch.DefaultRequestTimeout; a.now() < least || a.now() > least+2*time.Second {
			a.Errorf("took %v", a.now())
		}
	})
}

// The body counts as part of the answer.
func TestRequestTimeoutBoundsABodyThatNeverEnds(t *testing.T) {
	endless := func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			return response(r, http.StatusOK, nil, untilDone{r.Context()}), nil
		})
	}
	open(t, setup{transport: endless, client: func(c *helpcrunch.Config) { c.MaxRetries = 0 }}, func(a *account) {
		_, err := a.GetCustomer(a.Context(), a.ada)
		if !helpcrunch.OutcomeUnknown(err) || !errors.Is(err, context.DeadlineExceeded) {
			a.Errorf("error %v", err)
		}
		if a.now() != helpcrunch.DefaultRequestTimeout {
			a.Errorf("took %v", a.now())
		}
	})
}

// untilDone is a body that has nothing to say.
type untilDone struct{ ctx context.Context }

func (r untilDone) Read([]byte) (int, error) {
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

func TestCancellationWhileUnderWay(t *testing.T) {
	const answer, giveUp = 10 * time.Second, time.Second
	each(t, setup{}, func(a *account, c call) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Late, Delay: answer})
		ctx, cancel := context.WithTimeout(a.Context(), giveUp)
		defer cancel()
		err := c.do(a, ctx)
		if c.changes && (err != nil || a.now() != answer) {
			a.Errorf("error %v after %v: the answer to a change was not waited for", err, a.now())
		}
		if !c.changes && (!errors.Is(err, context.DeadlineExceeded) || a.now() != giveUp) {
			a.Errorf("error %v after %v: a read was not cut short", err, a.now())
		}
		if got := a.requests(); got != 1 {
			a.Errorf("%d requests", got)
		}
	})
}

func TestCancellationBetweenAttempts(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault sandbox.Fault
	}{
		{"fault", sandbox.Fault{Kind: sandbox.FailBefore, Times: 100}},
		{"pause", sandbox.Fault{Kind: sandbox.TooMany, Times: 100, RetryAfter: 10 * time.Second}},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, setup{}, func(a *account, c call) {
				a.server.Arm(test.fault)
				const giveUp = 100 * time.Millisecond
				ctx, cancel := context.WithCancel(a.Context())
				time.AfterFunc(giveUp, cancel)
				err := c.do(a, ctx)
				if c.appends && test.fault.Kind == sandbox.FailBefore {
					return // does not wait
				}
				if err == nil || a.now() != giveUp || a.requests() != 1 {
					a.Errorf("error %v after %v and %d requests", err, a.now(), a.requests())
				}
			})
		})
	}
}

// A change that comes back refused after its caller has gone is not made any more.
func TestTooManyRequestsAfterTheCallerHasGone(t *testing.T) {
	slow := sandbox.Config{Switches: sandbox.Switches{SlowAnswers: 10 * time.Second}}
	each(t, setup{sandbox: slow}, func(a *account, c call) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.TooMany})
		ctx, cancel := context.WithTimeout(a.Context(), time.Second)
		defer cancel()
		answered, ok := errors.AsType[*helpcrunch.Error](c.do(a, ctx))
		if !ok || answered.Status != http.StatusTooManyRequests || a.requests() != 1 {
			a.Errorf("error %v after %d requests", answered, a.requests())
		}
	}, sandbox.OpTag, sandbox.OpUntag, sandbox.OpDelete, sandbox.OpCreate, sandbox.OpEvent)
}

func TestCancelledBeforehand(t *testing.T) {
	each(t, setup{}, func(a *account, c call) {
		ctx, cancel := context.WithCancel(a.Context())
		cancel()
		if err := c.do(a, ctx); !errors.Is(err, context.Canceled) || a.requests() != 0 {
			a.Errorf("error %v, %d requests", err, a.requests())
		}
	})
}
