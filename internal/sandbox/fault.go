// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is what goes wrong with a request.
type FaultKind string

// The kinds of fault. "Done" means that the operation is carried out.
//
// Go's http.Transport repeats a GET by itself when a connection that it reuses
// breaks; a drop armed once for a GET can therefore go unnoticed by the client.
const (
	FailBefore   FaultKind = "fail-before"       // not done, 500
	FailAfter    FaultKind = "fail-after"        // done, 500
	DropBefore   FaultKind = "drop-before"       // not done, connection cut
	DropAfter    FaultKind = "drop-after"        // done, connection cut instead of the answer
	Late         FaultKind = "late"              // done, answered after Fault.Delay
	Hold         FaultKind = "hold"              // done, answered once Fault.Release is closed; from Go only
	TooMany      FaultKind = "too-many-requests" // not done, 429, with Fault.RetryAfter if set
	Unauthorized FaultKind = "unauthorized"      // not done, 401
	Forbidden    FaultKind = "forbidden"         // not done, 403
	NotFound     FaultKind = "not-found"         // not done, 404 in HelpCrunch's own words
	BadGateway   FaultKind = "bad-gateway"       // not done, 502 with an HTML page
	WrongType    FaultKind = "wrong-type"        // done, the answer is a JSON string
	WrongID      FaultKind = "wrong-id"          // done, the customers in the answer have other ids
	Oversized    FaultKind = "oversized"         // done, the answer is good, after 12 MiB of blanks
	Redirect     FaultKind = "redirect"          // not done, 307 to Fault.URL
)

// FaultInfo describes one kind of fault.
type FaultInfo struct {
	Kind        FaultKind
	Description string
}

// FaultList describes all kinds of fault.
func FaultList() []FaultInfo {
	return []FaultInfo{
		{FailBefore, "The request is not carried out and answered 500."},
		{FailAfter, "The request is carried out and answered 500."},
		{DropBefore, "The connection is cut; the request is not carried out."},
		{DropAfter, "The request is carried out; the connection is cut instead of an answer."},
		{Late, "The request is carried out and answered late."},
		{Hold, "The request is carried out; its answer waits until a test lets it go (Go only)."},
		{TooMany, "The request is answered 429."},
		{Unauthorized, "The request is answered 401."},
		{Forbidden, "The request is answered 403."},
		{NotFound, "The request is answered 404, as if there were no such customer."},
		{BadGateway, "The request is not carried out and answered 502 with an HTML page."},
		{WrongType, "The request is carried out; the answer is a JSON string instead of an object or array."},
		{WrongID, "The request is carried out; the customers in the answer have other ids."},
		{Oversized, "The request is carried out; the answer comes after 12 MiB of blanks."},
		{Redirect, "The request is not carried out and redirected to another address."},
	}
}

const (
	defaultDelay    = 2 * time.Second
	defaultRedirect = "https://elsewhere.invalid/v1"
	oversize        = 12 << 20 // bytes of blanks
)

// Fault makes the next requests of an operation go wrong. Requests that the key
// check or the rate limit refuses do not meet it.
type Fault struct {
	Operation Operation // empty: any
	Kind      FaultKind
	Times     int // how many requests it meets; 0 means one
	After     int // how many requests of the operation pass unharmed before

	Delay      time.Duration // Late: 0 means two seconds
	RetryAfter time.Duration // TooMany: 0 means no Retry-After header
	URL        string        // Redirect: where to; empty means an address that does not exist

	// Release is for Hold: the answer waits until it is closed or the client
	// gives up.
	Release <-chan struct{}

	// Held is for Hold: unless nil, it is sent one value as each request has
	// been carried out and begins to wait.
	Held chan<- struct{}
}

// Arm makes a fault ready. Faults meet requests in the order in which they were
// armed, one a request. A kind or operation that does not exist is a panic: a
// misspelt fault would let a test pass for the wrong reason.
func (s *Server) Arm(fault Fault) {
	if err := fault.check(); err != nil {
		panic(err)
	}
	fault.Times = max(fault.Times, 1)
	if fault.Delay == 0 {
		fault.Delay = defaultDelay
	}
	if fault.URL == "" {
		fault.URL = defaultRedirect
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault)
}

// Armed returns the faults that have not been used up. Times and After are what
// is left.
func (s *Server) Armed() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	armed := []Fault{}
	for _, f := range s.faults {
		armed = append(armed, *f)
	}
	return armed
}

// Disarm takes all faults back. Requests that are being held stay held.
func (s *Server) Disarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (f Fault) check() error {
	if !slices.ContainsFunc(FaultList(), func(i FaultInfo) bool { return i.Kind == f.Kind }) {
		return fmt.Errorf("there is no fault %q", f.Kind)
	}
	if f.Operation != "" && !slices.Contains(Operations(), f.Operation) {
		return fmt.Errorf("there is no operation %q; there are %v", f.Operation, Operations())
	}
	if f.Times < 0 || f.After < 0 || f.Delay < 0 || f.RetryAfter < 0 {
		return errors.New("a fault cannot have negative numbers")
	}
	return nil
}

// ParseFault reads a fault such as batch:drop-after or any:too-many-requests:3:
// operation, kind and how many requests it meets.
func ParseFault(text string) (Fault, error) {
	operation, rest, named := strings.Cut(text, ":")
	if !named {
		return Fault{}, fmt.Errorf("fault %q: write operation:kind, such as batch:drop-after", text)
	}
	kind, times, counted := strings.Cut(rest, ":")
	fault := Fault{Operation: operationFromOutside(Operation(operation)), Kind: FaultKind(kind)}
	if counted {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return Fault{}, fmt.Errorf("fault %q: %q is not a number of requests", text, times)
		}
		fault.Times = n
	}
	if err := fault.checkFromOutside(); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return fault, nil
}

// operationFromOutside is the operation of a fault that does not come from a Go
// test: there, any is a word.
func operationFromOutside(name Operation) Operation {
	if name == "any" {
		return ""
	}
	return name
}

// checkFromOutside is check for faults that do not come from a Go test.
func (f Fault) checkFromOutside() error {
	if f.Kind == Hold {
		return errors.New("only a Go test can hold an answer")
	}
	return f.check()
}

// before reports whether the fault keeps the request from being carried out.
func (k FaultKind) before() bool {
	switch k {
	case FailBefore, DropBefore, TooMany, Unauthorized, Forbidden, NotFound, BadGateway, Redirect:
		return true
	}
	return false
}

// dueFault takes the fault that the next request of an operation meets, if any.
func (s *Server) dueFault(name Operation) *Fault {
	for i, f := range s.faults {
		if f.Operation != "" && f.Operation != name {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		met := *f
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return &met
	}
	return nil
}

// alter returns what a fault makes of the reply; nil cuts the connection. The
// reply is nil if the fault kept the request from being carried out.
func (s *Server) alter(honest *reply, f *Fault, now time.Time) *reply {
	switch f.Kind {
	case FailBefore, FailAfter:
		return s.refused(apiError{status: http.StatusInternalServerError})
	case DropBefore, DropAfter:
		return nil
	case Unauthorized:
		return s.refused(apiError{status: http.StatusUnauthorized})
	case Forbidden:
		return s.refused(apiError{status: http.StatusForbidden})
	case NotFound:
		return s.refused(apiError{status: http.StatusNotFound})
	case BadGateway:
		return badGateway()
	case TooMany:
		reply := s.refused(apiError{status: http.StatusTooManyRequests})
		if f.RetryAfter > 0 {
			reply.header.Set("Retry-After", retryAfter(s.switches.RetryAfter, now, f.RetryAfter))
		}
		return reply
	case Redirect:
		reply := textReply(http.StatusTemporaryRedirect, "text/html", "")
		reply.header.Set("Location", f.URL)
		return reply
	case WrongType:
		honest.body = []byte(`"unexpected"`)
	case WrongID:
		honest.body = otherIDs(honest.body)
	case Oversized:
		honest.body = append(bytes.Repeat([]byte(" "), oversize), honest.body...)
	}
	return honest
}

// otherIDs adds a million to the id of each customer in an answer.
func otherIDs(body []byte) []byte {
	var value any
	if decodeJSON(body, &value) != nil {
		return body
	}
	customers := []any{value}
	if object, ok := value.(map[string]any); ok && object["data"] != nil {
		customers, _ = object["data"].([]any)
	} else if list, ok := value.([]any); ok {
		customers = list
	}
	for _, customer := range customers {
		object, _ := customer.(map[string]any)
		if number, ok := object["id"].(json.Number); ok {
			id, _ := number.Int64()
			object["id"] = id + 1_000_000
		}
	}
	return encodeJSON(value)
}

// wait holds the answer back as the fault asks. It reports false if the client
// gave up.
func (f *Fault) wait(ctx context.Context) bool {
	switch f.Kind {
	case Late:
		return pause(ctx, f.Delay)
	case Hold:
		if f.Held != nil {
			select {
			case f.Held <- struct{}{}:
			case <-f.Release:
			case <-ctx.Done():
			}
		}
		select {
		case <-f.Release:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// pause waits for a time and reports false if the client gave up.
func pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
