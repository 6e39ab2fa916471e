// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxControlBody bounds what the control path reads of one request, in bytes.
const maxControlBody = 10 << 20

// controlRoutes adds what is done by hand, over HTTP: JSON in and out, no key,
// never counted, never limited.
//
//	GET    /_sandbox/customers        all customers
//	POST   /_sandbox/customers        add one; answers {"id": ...}
//	GET    /_sandbox/customers/{id}
//	PATCH  /_sandbox/customers/{id}   change one
//	DELETE /_sandbox/customers/{id}
//	GET    /_sandbox/counts           requests served, by operation; 429s; events
//	DELETE /_sandbox/counts           start counting anew (or POST)
//	GET    /_sandbox/requests         the log of API requests, without bodies
//	GET    /_sandbox/events           the events received
//	GET    /_sandbox/switches         name, value and description of each
//	PATCH  /_sandbox/switches         set some: {"batch-short": true, "search-lag": "1s"}
//	GET    /_sandbox/faults           the faults that are armed
//	POST   /_sandbox/faults           arm one: {"operation": "batch", "kind": "drop-after", "times": 2}
//	DELETE /_sandbox/faults           take all back
//	PATCH  /_sandbox/attributes       define custom attributes: {"plan": "text"}
func (s *Server) controlRoutes(mux *http.ServeMux) {
	// No key keeps out the web pages that a developer visits meanwhile.
	foreign := http.NewCrossOriginProtection()
	for pattern, act := range map[string]func(*http.Request) (any, error){
		"GET /_sandbox/customers":         func(*http.Request) (any, error) { return s.Customers(), nil },
		"POST /_sandbox/customers":        s.controlAdd,
		"GET /_sandbox/customers/{id}":    s.controlGet,
		"PATCH /_sandbox/customers/{id}":  s.controlChange,
		"DELETE /_sandbox/customers/{id}": s.controlDelete,
		"GET /_sandbox/counts":            func(*http.Request) (any, error) { return s.Counts(), nil },
		"DELETE /_sandbox/counts":         s.controlReset,
		"POST /_sandbox/counts":           s.controlReset,
		"GET /_sandbox/requests":          func(*http.Request) (any, error) { return s.Requests(), nil },
		"GET /_sandbox/events":            func(*http.Request) (any, error) { return s.Events(), nil },
		"GET /_sandbox/switches":          func(*http.Request) (any, error) { return s.controlSwitches(), nil },
		"PATCH /_sandbox/switches":        s.controlSwitch,
		"GET /_sandbox/faults":            s.controlFaults,
		"POST /_sandbox/faults":           s.controlArm,
		"DELETE /_sandbox/faults":         s.controlDisarm,
		"PATCH /_sandbox/attributes":      s.controlAttributes,
	} {
		mux.Handle(pattern, foreign.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
			value, err := act(r)
			status := http.StatusOK
			switch {
			case errors.Is(err, ErrNoCustomer):
				status = http.StatusNotFound
			case err != nil:
				status = http.StatusBadRequest
			}
			if err != nil {
				value = map[string]any{"error": err.Error()}
			}
			s.encode(answer{status: status, body: value}).write(w)
		})))
	}
	mux.HandleFunc("/_sandbox/", func(w http.ResponseWriter, r *http.Request) {
		s.encode(answer{status: http.StatusNotFound, body: map[string]any{"error": "the sandbox has no " + r.Method + " " + r.URL.Path}}).write(w)
	})
}

// nothing is the body where there is nothing to tell.
var nothing = map[string]any{}

func (s *Server) controlAdd(r *http.Request) (any, error) {
	customer, err := readBody[Record](r)
	if err != nil {
		return nil, err
	}
	id, err := s.Add(customer)
	return map[string]any{"id": id}, err
}

func (s *Server) controlGet(r *http.Request) (any, error) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	customer, ok := s.Customer(id)
	if !ok {
		return nil, ErrNoCustomer
	}
	return customer, nil
}

func (s *Server) controlChange(r *http.Request) (any, error) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	fields, err := readBody[Record](r)
	if err != nil {
		return nil, err
	}
	return nothing, s.Change(id, fields)
}

func (s *Server) controlDelete(r *http.Request) (any, error) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return nothing, s.Delete(id)
}

func (s *Server) controlReset(*http.Request) (any, error) {
	s.ResetCounts()
	return nothing, nil
}

func (s *Server) controlSwitches() any {
	switches := s.Switches()
	list := []map[string]string{}
	for _, info := range SwitchList() {
		list = append(list, map[string]string{
			"name": info.Name, "value": switches.Get(info.Name), "description": info.Description,
		})
	}
	return list
}

// controlSwitch sets all of the switches named, or none.
func (s *Server) controlSwitch(r *http.Request) (any, error) {
	values, err := readBody[map[string]any](r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switches := s.switches
	for _, name := range sortedKeys(values) {
		if err := switches.Set(name, fmt.Sprint(values[name])); err != nil {
			return nil, err
		}
	}
	s.switches = switches
	return nothing, nil
}

// faultBody is a fault on the control path. Delay and RetryAfter are durations
// such as "2s".
type faultBody struct {
	Operation  Operation `json:"operation,omitempty"`
	Kind       FaultKind `json:"kind"`
	Times      int       `json:"times,omitempty"`
	After      int       `json:"after,omitempty"`
	Delay      string    `json:"delay,omitempty"`
	RetryAfter string    `json:"retryAfter,omitempty"`
	URL        string    `json:"url,omitempty"`
}

func (s *Server) controlFaults(*http.Request) (any, error) {
	bodies := []faultBody{}
	for _, f := range s.Armed() {
		bodies = append(bodies, faultBody{Operation: f.Operation, Kind: f.Kind, Times: f.Times, After: f.After})
	}
	return bodies, nil
}

func (s *Server) controlArm(r *http.Request) (any, error) {
	body, err := readBody[faultBody](r)
	if err != nil {
		return nil, err
	}
	fault := Fault{Operation: operationFromOutside(body.Operation), Kind: body.Kind, Times: body.Times, After: body.After, URL: body.URL}
	if fault.Delay, err = parseWait(body.Delay); err != nil {
		return nil, err
	}
	if fault.RetryAfter, err = parseWait(body.RetryAfter); err != nil {
		return nil, err
	}
	if err := fault.checkFromOutside(); err != nil {
		return nil, err
	}
	s.Arm(fault)
	return nothing, nil
}

func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

func (s *Server) controlDisarm(*http.Request) (any, error) {
	s.Disarm()
	return nothing, nil
}

func (s *Server) controlAttributes(r *http.Request) (any, error) {
	attributes, err := readBody[map[string]AttributeType](r)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(attributes) {
		if err := s.DefineAttribute(name, attributes[name]); err != nil {
			return nil, err
		}
	}
	return nothing, nil
}

func readBody[T any](r *http.Request) (T, error) {
	var value T
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return value, err
	}
	if err := decodeJSON(content, &value); err != nil {
		return value, fmt.Errorf("the body is not what is needed: %w", err)
	}
	return value, nil
}
