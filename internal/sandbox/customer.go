// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// get is GET /customers/{id}.
func (s *Server) get(c call) answer {
	r, ok := s.store.find(c.id)
	if !ok {
		return s.refuse(apiError{status: http.StatusNotFound})
	}
	return s.one(http.StatusOK, r)
}

// create is POST /customers. No field is required.
func (s *Server) create(c call) answer {
	change, faulty := s.readChange(c.body)
	if len(faulty) > 0 {
		return s.refuse(badRequest(faulty))
	}
	created := change.apply(newCustomer(s.store.newID()), s.patchManner())
	if s.store.userIDTaken(created, nil) {
		return s.refuse(userIDTaken)
	}
	s.commit(created, change.tags, c.now)
	return s.one(http.StatusCreated, created)
}

// update is PUT /customers/{id}: what the body does not mention becomes null.
func (s *Server) update(c call) answer { return s.write(c, s.putManner()) }

// patch is PATCH /customers/{id}: what the body does not mention stays.
func (s *Server) patch(c call) answer { return s.write(c, s.patchManner()) }

func (s *Server) write(c call, m manner) answer {
	r, ok := s.store.find(c.id)
	if !ok {
		return s.refuse(apiError{status: http.StatusNotFound})
	}
	change, faulty := s.readChange(c.body)
	if len(faulty) > 0 {
		return s.refuse(badRequest(faulty))
	}
	after := change.apply(r, m)
	if s.store.userIDTaken(after, nil) {
		return s.refuse(userIDTaken)
	}
	s.commit(after, change.tags, c.now)
	return s.one(http.StatusOK, after)
}

// remove is DELETE /customers/{id}, answered with the text Ok.
func (s *Server) remove(c call) answer {
	if _, ok := s.store.find(c.id); !ok {
		return s.refuse(apiError{status: http.StatusNotFound})
	}
	s.store.remove(c.id, c.now, s.switches.SearchLag)
	return answer{status: http.StatusOK, text: "Ok", customers: 1}
}

// tag is PUT /customers/{id}/tags: it appends.
func (s *Server) tag(c call) answer {
	return s.retag(c, func(tags, named []Tag) []Tag {
		s.store.register(named, s.switches.TagColorKept)
		return mergeTags(tags, named)
	})
}

// untag is DELETE /customers/{id}/tags with a body. Tags that are not attached
// are ignored; the account keeps the tag.
func (s *Server) untag(c call) answer {
	return s.retag(c, func(tags, gone []Tag) []Tag {
		return slices.DeleteFunc(slices.Clone(tags), func(tag Tag) bool {
			return slices.ContainsFunc(gone, func(g Tag) bool { return g.Name == tag.Name })
		})
	})
}

func (s *Server) retag(c call, combine func(tags, named []Tag) []Tag) answer {
	r, ok := s.store.find(c.id)
	if !ok {
		return s.refuse(apiError{status: http.StatusNotFound})
	}
	body, faulty := parseBody(c.body)
	if len(faulty) > 0 {
		return s.refuse(badRequest(faulty))
	}
	tags, faulty := parseTags(body["tags"], "")
	if len(faulty) > 0 {
		return s.refuse(badRequest(faulty))
	}
	after := r.clone()
	after["tags"] = combine(after["tags"].([]Tag), tags)
	s.store.write(after, c.now, s.switches.SearchLag)
	return s.one(http.StatusOK, after)
}

// commit stores a customer and gives the account the tags that the request
// named.
func (s *Server) commit(r Record, tags []Tag, now time.Time) {
	s.store.register(tags, s.switches.TagColorKept)
	s.store.write(r, now, s.switches.SearchLag)
}

// parseBody reads a request body that must be a JSON object.
func parseBody(body []byte) (map[string]any, []errorEntry) {
	var value any
	if err := decodeJSON(body, &value); err != nil {
		return nil, []errorEntry{{"body", "This value should be valid JSON."}}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, []errorEntry{{"body", "This value should be of type object."}}
	}
	return object, nil
}

// readChange reads a request body that changes or creates one customer.
func (s *Server) readChange(body []byte) (change, []errorEntry) {
	object, faulty := parseBody(body)
	if len(faulty) > 0 {
		return change{}, faulty
	}
	return s.parseChange(object, "")
}

func badRequest(entries []errorEntry) apiError {
	return apiError{status: http.StatusBadRequest, entries: entries}
}

// one is the answer of the operations that give one customer.
func (s *Server) one(status int, r Record) answer {
	return answer{status: status, body: s.render(r), customers: 1}
}

// refuse is the answer about one customer's faulty fields or missing id.
func (s *Server) refuse(e apiError) answer {
	a := s.failure(e)
	a.customers = 1
	return a
}

// render returns the customer object of an answer in the form that the switches
// ask for.
func (s *Server) render(r Record) map[string]any {
	out := map[string]any(s.store.colored(r))
	for _, field := range timeFields {
		if text, ok := r.text(field); ok {
			out[field] = s.switches.timestamp(text)
		}
	}
	custom := r["customData"].(map[string]any)
	switch {
	case s.switches.CustomData == CustomDataPairs:
		pairs := []map[string]any{}
		for _, name := range sortedKeys(custom) {
			pairs = append(pairs, map[string]any{"property": name, "value": custom[name]})
		}
		out["customData"] = pairs
	case s.switches.CustomData == CustomDataObject || len(custom) > 0:
		out["customData"] = custom
	default:
		out["customData"] = []any{}
	}
	return out
}

// timestamp renders UNIX seconds in digits in the form that the switch asks
// for.
func (w Switches) timestamp(seconds string) any {
	switch w.Timestamps {
	case IntegerTimestamps:
		return json.Number(seconds)
	case FractionalTimestamps:
		return seconds + ".713"
	}
	return seconds
}
