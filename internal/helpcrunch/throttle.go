// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxTold is the longest time that is believed: who names a later one means something else.
const maxTold = 24 * time.Hour

// toldUntil is when requests are taken again, as a 429 names it, the zero time
// if no header does so in a way that makes sense. The documentation names none
// ("API setup"); these are the usual ones, from the surest on.
func toldUntil(header http.Header, now time.Time) time.Time {
	for _, name := range []string{"Retry-After", "X-RateLimit-Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"} {
		if until := readMoment(header.Get(name), now); until.After(now) {
			if latest := now.Add(maxTold); until.After(latest) {
				return latest
			}
			return until
		}
	}
	return time.Time{}
}

// readMoment reads seconds from now, a moment in UNIX seconds or milliseconds,
// or an HTTP date. Which a number is, its size says: nobody waits for years.
func readMoment(text string, now time.Time) time.Time {
	whole, _, _ := strings.Cut(strings.TrimSpace(text), ".")
	number, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		date, _ := http.ParseTime(text)
		return date
	}
	switch {
	case number >= now.UnixMilli()/2:
		return time.UnixMilli(number)
	case number >= now.Unix()/2:
		return time.Unix(number, 0)
	}
	return now.Add(time.Duration(max(number, 0)) * time.Second)
}

// A batch belongs to many callers, and its context ends with the last of them.
// The deadline of the first goes along as a value.
type deadlineKey struct{}

func withDeadline(ctx context.Context) context.Context {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithValue(ctx, deadlineKey{}, deadline)
	}
	return ctx
}

// outlasts reports whether waiting for this moment makes no sense: the operation is over by then.
func outlasts(ctx context.Context, until time.Time) bool {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline, ok = ctx.Value(deadlineKey{}).(time.Time)
	}
	return ok && until.After(deadline)
}

// toldTooLate is the 429 that named a moment after the end of this operation,
// nil if there was none. Other processes are not told: their first request tells them.
func (c *Client) toldTooLate(ctx context.Context) *Error {
	if told := c.told.Load(); told != nil && told.Until.After(time.Now()) && outlasts(ctx, told.Until) {
		return told
	}
	return nil
}
