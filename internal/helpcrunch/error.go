// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
)

// Error is an answer of HelpCrunch other than the expected one.
type Error struct {
	Operation string // what was asked for, as in "update a customer"
	Status    int
	Entries   []ErrorEntry // in the order of the body; empty where the body was not HelpCrunch's JSON
	Location  string       // where a redirect pointed to, without its query
	Until     time.Time    // until when a 429 says that no request is taken; zero = it does not say
	unread    int          // how many more entries the body had
}

// Bounds of what a server may say.
const (
	maxEntries   = 100 // that are kept
	shownEntries = 10  // that an error tells
	shownText    = 300 // characters of an entry
)

// ErrorEntry is one entry of an error body, {"code": ..., "message": ...}.
// The code is a word such as "invalid_userId_value", or the path of a field
// in the request such as "[3].customData[0].value" ("API setup").
type ErrorEntry struct {
	Code, Message string // of any length: String may be shown
}

// Error shows the entries: generic ones stand first, last or not at all.
func (e *Error) Error() string {
	text := fmt.Sprintf("HelpCrunch answered %d", e.Status)
	var shown []string
	for _, entry := range e.Entries[:min(len(e.Entries), shownEntries)] {
		shown = append(shown, entry.String())
	}
	if more := len(e.Entries) - len(shown) + e.unread; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	if len(shown) > 0 {
		text += ": " + strings.Join(shown, "; ")
	} else {
		text += fmt.Sprintf(" (%s) without a readable error body", http.StatusText(e.Status))
	}
	if e.Location != "" && len(e.Entries) == 0 {
		text += ", redirecting to " + OneLine(e.Location, shownText)
	}
	if !e.Until.IsZero() {
		text += ", and takes no requests until " + e.Until.UTC().Format(time.RFC3339)
	}
	return text
}

// String is the entry as it may be shown.
func (e ErrorEntry) String() string { return OneLine(e.Code+": "+e.Message, shownText) }

// DuplicateUserID reports whether some other customer has the user id that was sent.
func (e *Error) DuplicateUserID() bool {
	return e.Status == http.StatusBadRequest && slices.ContainsFunc(e.Entries, func(entry ErrorEntry) bool {
		return entry.Field() == "userId"
	})
}

// Field is the top-level request field that the entry is about, "" if it
// names none: "customer.email", "[3].email" and "invalid_email_value" are all
// about "email", "customData[0].value" is about "customData".
func (e ErrorEntry) Field() string {
	code := e.Code
	if inner, ok := strings.CutPrefix(code, "invalid_"); ok {
		code = strings.TrimSuffix(inner, "_value")
	}
	if strings.HasPrefix(code, "[") {
		_, code, _ = strings.Cut(code, "].")
	}
	code = strings.TrimPrefix(code, "customer.")
	if i := strings.IndexAny(code, ".["); i >= 0 {
		code = code[:i]
	}
	if !slices.Contains(requestFields, code) {
		return ""
	}
	return code
}

// OfProperty reports whether the entry is about the name of a custom property,
// which the account does not have, and not about its value.
func (e ErrorEntry) OfProperty() bool { return strings.HasSuffix(e.Code, ".property") }

// blamable reports whether one customer in a batch may be the cause of the
// refusal. 401, 403, 429 and 5xx say nothing about a customer.
func (e *Error) blamable() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// LostError is a request that may or may not have been carried out: it was
// sent, and no readable answer came back.
type LostError struct {
	Operation string
	Err       error
}

func (e *LostError) Error() string {
	return "no readable answer from HelpCrunch: " + OneLine(e.Err.Error(), shownText)
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// UnreadableError is a customer in an answer of HelpCrunch who is not as the
// documentation says. HelpCrunch has done what it was asked for, so nothing is
// repeated; what it holds now is not known.
type UnreadableError struct {
	ID    int64  // of the customer, who exists; 0 only in a list that does not say whom it is about
	Field string // the API's name of what cannot be read; "" = the customer as a whole
	Err   error
}

// Error tells nothing of the answer: it is people's data.
func (e *UnreadableError) Error() string {
	whom, what := "a customer without an id", ""
	if e.ID != 0 {
		whom = fmt.Sprintf("customer %d", e.ID)
	}
	if e.Field != "" {
		what = fmt.Sprintf("field %q: ", e.Field)
	}
	return "the answer of HelpCrunch about " + whom + " cannot be read: " + what + e.Err.Error()
}

// Unwrap returns why it cannot be read.
func (e *UnreadableError) Unwrap() error { return e.Err }

// OtherCustomerError is an answer about another customer than was asked for. A
// customer who was merged into another may be answered so.
type OtherCustomerError struct {
	Operation  string // what was asked for
	Asked, Got int64
}

func (e *OtherCustomerError) Error() string {
	return fmt.Sprintf("asked to %s %d, HelpCrunch answered with customer %d", e.Operation, e.Asked, e.Got)
}

// UnreachableError is a request that was never sent: nobody answered at the address.
type UnreachableError struct {
	Err error
}

func (e *UnreachableError) Error() string {
	return "HelpCrunch cannot be reached: " + OneLine(e.Err.Error(), shownText)
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// IsNotFound reports whether HelpCrunch said that there is no such customer.
// A 404 that is not in HelpCrunch's own words, or from where not even the
// account is known, is a wrong address or a gateway, and says nothing about
// anybody.
func IsNotFound(err error) bool {
	answered, ok := errors.AsType[*Error](err)
	return ok && answered.Status == http.StatusNotFound && slices.ContainsFunc(answered.Entries, func(entry ErrorEntry) bool {
		// "not_found" on newer pages, "entity_not_found" on older ones ("Delete customer").
		return strings.HasSuffix(entry.Code, "not_found")
	})
}

// OutcomeUnknown reports whether the request may have been carried out
// although it failed: its answer was lost or cannot be read, was a 5xx, or was
// not waited for any longer.
func OutcomeUnknown(err error) bool {
	if errors.Is(err, batch.ErrOutcomeUnknown) {
		return true
	}
	// The lost answer first: a later look-up that was refused says nothing about it.
	if _, lost := errors.AsType[*LostError](err); lost {
		return true
	}
	if _, unreadable := errors.AsType[*UnreadableError](err); unreadable {
		return true
	}
	var answered *Error
	return errors.As(err, &answered) && answered.Status >= http.StatusInternalServerError
}

// readError makes an Error of an answer.
func readError(op operation, answer *http.Response, body []byte) *Error {
	e := &Error{Operation: op.name, Status: answer.StatusCode}
	var entries []json.RawMessage
	if fields, err := objectOnce(body); err == nil {
		_ = json.Unmarshal(fields["errors"], &entries)
	}
	for i, entry := range entries {
		if len(e.Entries) == maxEntries {
			e.unread = len(entries) - i
			break
		}
		fields, _, _ := object(entry)
		code, _ := textOf(fields["code"])
		message, _ := textOf(fields["message"])
		if read := (ErrorEntry{Code: text(code), Message: text(message)}); read != (ErrorEntry{}) {
			e.Entries = append(e.Entries, read)
		}
	}
	if location, err := answer.Location(); err == nil {
		location.RawQuery, location.Fragment, location.RawFragment, location.User = "", "", "", nil
		e.Location = location.String()
	}
	if answer.StatusCode == http.StatusTooManyRequests {
		e.Until = toldUntil(answer.Header, time.Now())
	}
	return e
}
