// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// ErrNoCustomer is what [Server.Change] and [Server.Delete] wrap for an id that
// no customer has.
var ErrNoCustomer = errors.New("there is no such customer")

// Add adds a customer as a colleague would in the web app, and returns its id.
// Fields that are left out are empty. The record may have an "id" of its own
// that no customer ever had; it may also have "location" and "device". Otherwise
// it must keep to the rules of a create request, but customData is an object as
// in answers, with dates as integers or digits.
func (s *Server) Add(customer Record) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(customer, s.switches.SearchLag)
}

func (s *Server) add(customer Record, lag time.Duration) (int64, error) {
	fields, err := normalize(customer)
	if err != nil {
		return 0, err
	}
	id := s.store.newID()
	if given, ok := fields["id"]; ok {
		own, message := s.customerID(given)
		switch {
		case message != "":
			return 0, invalid("id", message)
		case own < 1 || s.store.issued[own]:
			return 0, invalid("id", "This id is not free.")
		}
		id = own
	}
	return id, s.byHand(newCustomer(id), fields, lag)
}

// Change changes a customer as a colleague or the customer would: fields that
// are left out stay, nil empties, tags are replaced, customData is changed
// property by property.
func (s *Server) Change(id int64, fields Record) error {
	body, err := normalize(fields)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.store.find(id)
	if !ok {
		return fmt.Errorf("customer %d: %w", id, ErrNoCustomer)
	}
	return s.byHand(r, body, s.switches.SearchLag)
}

// Delete deletes a customer for good.
func (s *Server) Delete(id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.store.find(id); !ok {
		return fmt.Errorf("customer %d: %w", id, ErrNoCustomer)
	}
	s.store.remove(id, time.Now(), s.switches.SearchLag)
	return nil
}

// Customer returns a customer as the account holds it, and whether it exists.
func (s *Server) Customer(id int64) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.store.find(id)
	if !ok {
		return nil, false
	}
	return s.store.colored(r), true
}

// Customers returns all customers that exist, by ascending id.
func (s *Server) Customers() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := []Record{}
	for _, r := range s.store.all() {
		records = append(records, s.store.colored(r))
	}
	return records
}

// normalize turns Go values into those that a decoded request body has.
func normalize(fields Record) (map[string]any, error) {
	encoded, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	return body, decodeJSON(encoded, &body)
}

// byHand writes fields over a record, by the rules of a request.
func (s *Server) byHand(r Record, fields map[string]any, lag time.Duration) error {
	if custom, ok := fields["customData"].(map[string]any); ok {
		fields["customData"] = s.asPairs(custom)
	}
	if tags, ok := fields["tags"].([]any); ok {
		for i, tag := range tags {
			if name, ok := tag.(string); ok {
				tags[i] = map[string]any{"name": name}
			}
		}
	}
	change, faulty := s.parseChange(fields, "")
	if len(faulty) > 0 {
		return apiError{status: http.StatusBadRequest, entries: faulty}
	}

	after := change.apply(r, manner{})
	if location, ok := fields["location"].(map[string]any); ok {
		maps.Copy(after["location"].(map[string]any), location)
	}
	if device, ok := fields["device"]; ok {
		after["device"] = device
	}
	if s.store.userIDTaken(after, nil) {
		return userIDTaken
	}
	s.store.register(change.tags, false)
	s.store.write(after, time.Now(), lag)
	return nil
}

// asPairs turns customData as answers show it into what requests send.
func (s *Server) asPairs(custom map[string]any) []any {
	pairs := []any{}
	for _, name := range sortedKeys(custom) {
		value := custom[name]
		if number, ok := value.(json.Number); ok && s.store.attributes[name] == DateAttribute {
			value = number.String()
		}
		pairs = append(pairs, map[string]any{"property": name, "value": value})
	}
	return pairs
}
