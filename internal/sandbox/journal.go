// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"maps"
	"net/http"
	"time"
)

// Operation names a kind of API request.
type Operation string

// The operations. OpUnknown is a path or method that the API does not have.
const (
	OpGet          Operation = "get"          // GET /customers/{id}
	OpList         Operation = "list"         // GET /customers
	OpSearch       Operation = "search"       // POST /customers/search
	OpCreate       Operation = "create"       // POST /customers
	OpUpdate       Operation = "update"       // PUT /customers/{id}
	OpPatch        Operation = "patch"        // PATCH /customers/{id}
	OpBatch        Operation = "batch"        // PUT /customers/batch
	OpTag          Operation = "tag"          // PUT /customers/{id}/tags
	OpUntag        Operation = "untag"        // DELETE /customers/{id}/tags
	OpDelete       Operation = "delete"       // DELETE /customers/{id}
	OpEvent        Operation = "event"        // POST /events
	OpOrganization Operation = "organization" // GET /organization
	OpUnknown      Operation = "unknown"
)

// Operations returns all operations of the API, without OpUnknown.
func Operations() []Operation {
	return []Operation{
		OpGet, OpList, OpSearch, OpCreate, OpUpdate, OpPatch, OpBatch,
		OpTag, OpUntag, OpDelete, OpEvent, OpOrganization,
	}
}

// Request is one API request as the sandbox saw it.
type Request struct {
	Method    string    `json:"method"`
	Path      string    `json:"path"`  // with /v1, without the query
	Query     string    `json:"query"` // as sent, without the question mark
	Operation Operation `json:"operation"`
	Body      []byte    `json:"-"`
	ArrivedAt time.Time `json:"arrivedAt"`

	// Status is the answer's; 0 until it has been given, and for good when
	// the connection was dropped instead.
	Status int `json:"status"`

	// Customers is how many customers the request was about: the items of a
	// batch, the customers in the answer to a list or search, else 1 or 0.
	Customers int `json:"customers"`

	// InWindow is how many requests the rate limit had admitted in the
	// current window when this one arrived, this one included.
	InWindow int `json:"inWindow"`
}

// Counts says how many requests the sandbox has answered.
type Counts struct {
	// Served counts requests by operation, whatever became of them, except
	// those answered 429. Operations that were not called are absent.
	Served map[Operation]int `json:"served"`

	// TooManyRequests counts answers 429.
	TooManyRequests int `json:"tooManyRequests"`

	// Events counts events received.
	Events int `json:"events"`
}

// Total returns the number of requests served, whatever the operation.
func (c Counts) Total() int {
	total := 0
	for _, n := range c.Served {
		total += n
	}
	return total
}

// journal remembers requests and events.
type journal struct {
	requests []*Request
	events   []Event
	served   map[Operation]int
	tooMany  int
}

func newJournal() journal { return journal{served: map[Operation]int{}} }

func (j *journal) begin(r Request) *Request {
	j.requests = append(j.requests, &r)
	return &r
}

func (j *journal) finish(r *Request) {
	if r.Status == http.StatusTooManyRequests {
		j.tooMany++
		return
	}
	j.served[r.Operation]++
}

// Counts returns the counts since the start or the last [Server.ResetCounts].
// A request is counted when it is answered.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Counts{
		Served:          maps.Clone(s.journal.served),
		TooManyRequests: s.journal.tooMany,
		Events:          len(s.journal.events),
	}
}

// Count returns the number of requests served for one operation.
func (s *Server) Count(operation Operation) int { return s.Counts().Served[operation] }

// Requests returns all API requests in the order of their arrival, those still
// waiting for their answer included.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, len(s.journal.requests))
	for i, r := range s.journal.requests {
		requests[i] = *r
	}
	return requests
}

// ResetCounts forgets all counts, requests and events. Customers, switches,
// faults and the rate limit's window stay.
func (s *Server) ResetCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = newJournal()
}
