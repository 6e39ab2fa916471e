// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Event is a customer event as it was received.
type Event struct {
	ID        int64          `json:"id"`
	Customer  int64          `json:"customer"`
	Name      string         `json:"name"`
	Data      map[string]any `json:"data"` // numbers are json.Number
	CreatedAt time.Time      `json:"createdAt"`
}

// Events returns all events received, oldest first.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event{}, s.journal.events...)
}

// event is POST /events, answered 200. Empty data comes back as [], like empty
// custom data.
func (s *Server) event(c call) answer {
	body, faulty := parseBody(c.body)
	if len(faulty) > 0 {
		return s.refuse(badRequest(faulty))
	}
	name, _ := body["name"].(string)
	if name == "" {
		faulty = append(faulty, errorEntry{"name", "This value should not be blank."})
	}
	data, ok := body["data"].(map[string]any)
	if list, isList := body["data"].([]any); isList && len(list) == 0 {
		ok = true // what PHP makes of an empty object
	}
	if !ok && body["data"] != nil {
		faulty = append(faulty, errorEntry{"data", "This value should be of type object."})
	}
	id, message := s.customerID(body["customer"])
	if message != "" {
		faulty = append(faulty, errorEntry{"customer", message})
	}
	if len(faulty) > 0 {
		return s.refuse(badRequest(faulty))
	}
	if _, ok := s.store.find(id); !ok {
		return s.refuse(apiError{status: http.StatusNotFound})
	}

	event := Event{ID: int64(len(s.journal.events) + 1), Customer: id, Name: name, Data: data, CreatedAt: c.now}
	s.journal.events = append(s.journal.events, event)
	out := map[string]any{
		"id": event.ID, "name": name, "data": []any{},
		"createdAt": s.switches.timestamp(strconv.FormatInt(c.now.Unix(), 10)),
	}
	if len(data) > 0 {
		out["data"] = data
	}
	return answer{status: http.StatusOK, body: out, customers: 1}
}

// customerID reads the id of a customer in a request body, or returns what is
// wrong with it.
func (s *Server) customerID(value any) (id int64, message string) {
	if value == nil {
		return 0, "This value should not be blank."
	}
	number, ok := s.number(value)
	if !ok {
		return 0, "This value should be of type numeric."
	}
	id, err := number.Int64()
	if err != nil {
		return 0, "This value should be of type integer."
	}
	return id, ""
}

// number reads a number in a request body.
func (s *Server) number(value any) (number json.Number, ok bool) {
	if text, isText := value.(string); isText && s.switches.DigitsAsNumbers && isSeconds(text) {
		return json.Number(text), true
	}
	number, ok = value.(json.Number)
	return number, ok
}
