// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// errorEntry is one element of the "errors" array in an error answer.
type errorEntry struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// apiError is a refusal. The entries name what is wrong; where there is none,
// the status says it all. It is an error for use by hand.
type apiError struct {
	status  int
	entries []errorEntry
	// specificFirst puts the entries before the general one whatever the
	// switches say.
	specificFirst bool
}

func (e apiError) Error() string {
	if len(e.entries) == 0 {
		return http.StatusText(e.status)
	}
	return fmt.Sprintf("%s: %s", e.entries[0].Code, e.entries[0].Message)
}

// invalid is a 400 for one field, named by its path such as customData[0].value.
func invalid(path, message string) apiError {
	return apiError{status: http.StatusBadRequest, entries: []errorEntry{{path, message}}}
}

// userIDTaken is the 400 for a userId that another customer has. Seen on a live
// account, its own code comes before the general one.
var userIDTaken = apiError{
	status:        http.StatusBadRequest,
	entries:       []errorEntry{{"invalid_userId_value", "This value is already used."}},
	specificFirst: true,
}

// The texts for a status as the newest pages have them, after the general
// entry, and as the oldest pages have them, alone.
var (
	newestEntries = map[int]errorEntry{
		http.StatusUnauthorized:        {"unauthorized", "Unauthorized"},
		http.StatusForbidden:           {"forbidden", "Forbidden"},
		http.StatusNotFound:            {"not_found", "Chat not found"},
		http.StatusTooManyRequests:     {"too_many_requests", "Too many requests"},
		http.StatusInternalServerError: {"internal_error", "Internal server error"},
	}
	oldestEntries = map[int]errorEntry{
		http.StatusUnauthorized:        {"invalid_token", "Invalid token"},
		http.StatusForbidden:           {"forbidden", "Forbidden"},
		http.StatusNotFound:            {"entity_not_found", "Customer not found"},
		http.StatusTooManyRequests:     {"too_many_requests", "You have exceeded your requests limit"},
		http.StatusInternalServerError: {"internal_error", "Internal server error"},
	}
)

// failure turns a refusal into an answer in the form that the switches ask for.
func (s *Server) failure(e apiError) answer {
	general := errorEntry{"invalid_request", "Invalid request"}
	specific := e.entries
	if len(specific) == 0 {
		specific = []errorEntry{newestEntries[e.status]}
	}

	var entries []errorEntry
	switch {
	case s.switches.Errors == SingleEntryErrors && len(e.entries) == 0:
		entries = []errorEntry{oldestEntries[e.status]}
	case s.switches.Errors == SingleEntryErrors:
		entries = specific[:1]
	case s.switches.Errors == SpecificErrorsFirst || e.specificFirst:
		entries = append(append(entries, specific...), general)
	default:
		entries = append([]errorEntry{general}, specific...)
	}
	return answer{status: e.status, body: map[string]any{"errors": entries}}
}

func (s *Server) refused(e apiError) *reply { return s.encode(s.failure(e)) }

// tooManyRequests is a 429; wait is when the next request would be served, and
// is told only where a switch asks for it.
func (s *Server) tooManyRequests(now time.Time, wait time.Duration) *reply {
	reply := s.refused(apiError{status: http.StatusTooManyRequests})
	if s.switches.RetryAfter != NoRetryAfter {
		reply.header.Set("Retry-After", retryAfter(s.switches.RetryAfter, now, wait))
	}
	return reply
}
