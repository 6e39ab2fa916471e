// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// limiter admits at most rate requests in any window. It keeps the arrival time
// of each admitted request; refused ones are not counted.
type limiter struct {
	rate     int // 0: no limit
	window   time.Duration
	arrivals []time.Time // oldest first, none older than a window
}

// admit counts a request that arrives now. Where it is refused, wait says how
// long until one would be admitted.
func (l *limiter) admit(now time.Time, fixed bool) (wait time.Duration, ok bool) {
	count := l.count(now, fixed)
	if l.rate == 0 || count < l.rate {
		l.arrivals = append(l.arrivals, now)
		return 0, true
	}
	if fixed {
		return now.Truncate(l.window).Add(l.window).Sub(now), false
	}
	return l.arrivals[len(l.arrivals)-l.rate].Add(l.window).Sub(now), false
}

// count returns the number of requests admitted in the window that holds now:
// the last one, or with fixed windows the one since the last full window (for a
// minute, the minute on the clock).
func (l *limiter) count(now time.Time, fixed bool) int {
	old := 0
	for old < len(l.arrivals) && !l.arrivals[old].Add(l.window).After(now) {
		old++
	}
	l.arrivals = l.arrivals[old:]
	if !fixed {
		return len(l.arrivals)
	}
	count, start := 0, now.Truncate(l.window)
	for _, arrival := range l.arrivals {
		if !arrival.Before(start) {
			count++
		}
	}
	return count
}

// retryAfter renders a wait as the value of a Retry-After header, rounded up to
// a full second.
func retryAfter(form RetryAfterForm, now time.Time, wait time.Duration) string {
	if form == RetryAfterDate {
		at := now.Add(wait)
		if whole := at.Truncate(time.Second); whole.Before(at) {
			at = whole.Add(time.Second)
		}
		return at.UTC().Format(http.TimeFormat)
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}
