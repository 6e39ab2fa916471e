// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
)

// request is one call of an operation.
type request struct {
	operation
	id        int64 // for {id} in the path
	query     url.Values
	body      any
	customers []int64      // for the log: whom it is about, where id does not say it
	slot      *budget.Slot // for the first attempt; nil = take one
	urgent    bool         // takes slots whether there are any or not
	bounded   bool         // ctx cuts its attempts short whatever they do
	impatient bool         // a 429 ends the call, and a refusal after a lost answer does not hide that
	once      bool         // a fault ends the call as well
	repeated  *bool        // is set where a fault was met and it was sent again; nil = nobody asks
}

// underWay counts the requests that are being carried out.
var underWay atomic.Int64

// UnderWay reports whether a client of this process is carrying out a request,
// its repetitions and the waits between them included.
func UnderWay() bool { return underWay.Load() > 0 }

// do carries out a request and decodes its answer into out (nil = it has none but that it was done).
//
// Every attempt takes a slot of the budget. A 429 is repeated for any operation,
// for as long as ctx lives and as the budget says: it is refused before anything
// is done. Where it names a time after the end of ctx,
// it is an error at once. Other faults are repeated MaxRetries times
// where that can do no harm.
//
// ctx bounds the waits. An attempt that changes something is not cut short by
// it, unless the request says so: the answer belongs into the state.
func (c *Client) do(ctx context.Context, r request, out json.Unmarshaler) (err error) {
	underWay.Add(1)
	defer underWay.Add(-1)
	var lost error // of an attempt that may have been carried out
	defer func() {
		// Whatever is said of a repetition, what the caller read before may be gone.
		if r.impatient && !OutcomeUnknown(err) {
			err = after(lost, err)
		}
	}()
	for name, value := range map[string]string{"API key": c.config.APIKey, "user agent": c.config.UserAgent} {
		if strings.ContainsFunc(value, unicode.IsControl) { // net/http finds it when it looks as if something was sent
			giveBack(r.slot)
			return fmt.Errorf("the %s has a line break or another control character in it: nothing was sent to %s", name, r.name)
		}
	}
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return fmt.Errorf("encoding the request to %s: %w", r.name, err)
		}
	}
	for faults, refusals := 0, 0; ; {
		slot := r.slot
		r.slot = nil
		if slot == nil && c.refusedForGood(ctx) == nil {
			var err error
			if slot, err = c.acquire(ctx, r.urgent); err != nil {
				return after(lost, fmt.Errorf("waiting for the request budget to %s: %w", r.name, err))
			}
		}
		// Looked at once more after the wait: most of a big apply stands in it
		// when the first answer comes.
		if refused := c.refusedForGood(ctx); refused != nil {
			giveBack(slot)
			return after(lost, refused)
		}
		started := time.Now()
		status, err := c.attempt(ctx, r, body, out)
		_, unreachable := errors.AsType[*UnreachableError](err)
		var answered *Error
		isAnswer := errors.As(err, &answered)
		if isAnswer {
			c.withholdKey(answered)
			answered.withhold(body)
		}
		throttled := isAnswer && answered.Status == http.StatusTooManyRequests
		if throttled && !answered.Until.IsZero() {
			c.told.Store(answered) // before the next one has a slot
		}
		switch {
		case unreachable:
			slot.Cancel()
		case throttled && answered.Until.IsZero():
			slot.Refused(0)
		case throttled && outlasts(ctx, answered.Until):
			slot.Cancel() // other processes may have more time: their own request tells them
		case throttled:
			slot.Refused(time.Until(answered.Until))
		default:
			slot.Answered()
		}
		c.logAttempt(ctx, r, status, faults+refusals+1, time.Since(started))
		if err == nil {
			c.organization.right.Store(true)
			return nil
		}
		switch {
		case isAnswer && answered.Status == http.StatusUnauthorized:
			c.unauthorized.CompareAndSwap(nil, answered)
			return err
		case IsNotFound(err) && r.operation != getOrganization:
			if !c.located(ctx, answered) {
				answered.Entries = nil // they say nothing about a customer
			}
			return err
		case throttled:
			refusals++
			if !answered.Until.IsZero() && outlasts(ctx, answered.Until) || r.impatient || ctx.Err() != nil {
				return err
			}
			// What is urgent does not stand in the queue, and comes back soon.
			if r.urgent && !sleep(ctx, max(time.Until(answered.Until), backoff(firstBackoff, maxBackoff, refusals-1))) {
				return err
			}
		default:
			if r.once || !c.again(ctx, r.operation, err, faults) {
				return err
			}
			if faults++; r.repeated != nil {
				*r.repeated = true
			}
			if r.effect != reads && OutcomeUnknown(err) {
				lost = err
			}
		}
	}
}

// again reports, after a wait, whether an operation that met err may be tried once
// more, after so many faults before.
func (c *Client) again(ctx context.Context, op operation, err error, faults int) bool {
	return repeatable(op.effect, err) && faults < c.config.MaxRetries && sleep(ctx, backoff(firstBackoff, maxBackoff, faults))
}

// after is an error that came after a lost answer, if there was one: whatever it says,
// what was lost may have been carried out.
func after(lost, err error) error {
	if lost == nil || err == nil {
		return err
	}
	return errors.Join(lost, err)
}

func (c *Client) acquire(ctx context.Context, urgent bool) (*budget.Slot, error) {
	if urgent {
		return c.config.Budget.Overdraw(ctx), nil
	}
	return c.config.Budget.Acquire(ctx)
}

// refusedForGood is an answer that all later requests of the run would get as
// well, or that one would for as long as its operation lasts; nil if there was none.
func (c *Client) refusedForGood(ctx context.Context) error {
	if c.config.Refused != nil {
		return c.config.Refused
	}
	for _, err := range []*Error{c.unauthorized.Load(), c.organization.wrong.Load(), c.toldTooLate(ctx)} {
		if err != nil {
			return err
		}
	}
	return nil
}

// attempt sends a request once. The status is 0 where there was no answer.
func (c *Client) attempt(ctx context.Context, r request, body []byte, out json.Unmarshaler) (int, error) {
	if r.effect != reads && !r.bounded {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.RequestTimeout)
	defer cancel()

	// A dial may outlast the attempt, so its own error is not always to be had.
	var dialed, connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { dialed.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	target := c.config.BaseURL.JoinPath(r.route(r.id))
	target.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("building the request to %s: %w", r.name, err)
	}
	if r.method == http.MethodGet {
		// net/http repeats a GET by itself on every connection that it kept
		// and finds broken, and the budget would not see it. It does so only
		// where the body can be had again.
		req.Body, req.GetBody = io.NopCloser(http.NoBody), nil
	}
	req.Header.Set("Authorization", "Bearer "+c.config.APIKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.config.UserAgent)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}

	// Without an http.Client: a redirect is shown, never followed. It would
	// carry the key elsewhere, and turn a POST into a GET.
	answer, err := c.config.Transport.RoundTrip(req)
	if err != nil {
		err = c.keyless(err)
		if dialed.Load() && !connected.Load() || neverSent(err) {
			return 0, &UnreachableError{err}
		}
		return 0, &LostError{r.name, err}
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, int64(c.mostRead)+1)) // of what a compressed answer becomes
	switch {
	case answer.StatusCode/100 != 2:
		return answer.StatusCode, readError(r.operation, answer, content)
	case err != nil:
		return answer.StatusCode, &LostError{r.name, err}
	case len(content) > c.mostRead:
		return answer.StatusCode, &LostError{r.name, fmt.Errorf("the answer is larger than %d MiB", c.mostRead>>20)}
	}
	read := acknowledged
	if out != nil {
		read = func(content []byte) error { return json.Unmarshal(content, out) }
	}
	if err := read(content); err != nil {
		odd, ok := errors.AsType[*UnreadableError](err)
		switch {
		case ok && odd.ID != 0:
			return answer.StatusCode, odd
		case ok:
			err = odd.Err
		}
		return answer.StatusCode, &LostError{r.name, fmt.Errorf("the answer (%s, %d bytes) is not the JSON that was expected: %w",
			OneLine(c.withoutKey(answer.Header.Get("Content-Type")), 60), len(content), withoutContent(err))}
	}
	return answer.StatusCode, nil
}

func (c *Client) logAttempt(ctx context.Context, r request, status, attempt int, took time.Duration) {
	fields := map[string]any{
		"method": r.method, "route": r.path, "status": status, "attempt": attempt, "ms": took.Milliseconds(),
	}
	switch {
	case len(r.customers) > 0:
		fields["customers"] = r.customers
	case r.id != 0:
		fields["customers"] = []int64{r.id}
	}
	c.config.Log(ctx, "HelpCrunch request", fields)
}

// repeatable reports whether a request with this effect may be sent again after err.
func repeatable(e effect, err error) bool {
	if unreachable, ok := errors.AsType[*UnreachableError](err); ok {
		return !permanent(unreachable.Err)
	}
	_, unreadable := errors.AsType[*UnreadableError](err)
	return e != appends && OutcomeUnknown(err) && !unreadable
}

// neverSent reports whether the connection failed before the request went out.
func neverSent(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial" || permanent(err)
}

// permanent reports whether trying again cannot help: the server is not who it should be.
func permanent(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// withoutContent keeps values of the answer out of the error: they are people's data.
func withoutContent(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("invalid JSON at byte %d", syntax.Offset)
	}
	return err
}

// backoff is the wait before repetition n (from 0): exponential, with full jitter on its upper half.
func backoff(first, most time.Duration, n int) time.Duration {
	wait := min(first<<min(n, 16), most)
	return wait/2 + rand.N(wait/2+1)
}

// sleep reports whether it slept to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
