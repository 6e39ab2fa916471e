// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// maxBatch is the most customers that one batch may change (page "Batch update
// customers").
const maxBatch = 10

// batchItem is one checked item of a batch.
type batchItem struct {
	id     int64
	change change
}

// batch is PUT /customers/batch. All items are checked before any is looked up,
// and all are written or none, unless a switch says otherwise.
func (s *Server) batch(c call) answer {
	var body []any
	if err := decodeJSON(c.body, &body); err != nil || body == nil {
		return s.failure(invalid("body", "This value should be of type array."))
	}
	respond := func(a answer) answer {
		a.customers = len(body)
		return a
	}
	switch {
	case len(body) == 0:
		return respond(s.failure(invalid("body", "This collection should contain 1 element or more.")))
	case len(body) > maxBatch:
		return respond(s.failure(invalid("body", fmt.Sprintf("This collection should contain %d elements or less.", maxBatch))))
	}

	items, faulty := s.parseBatch(body)
	if len(faulty) > 0 {
		return respond(s.failure(badRequest(faulty)))
	}

	staged := map[int64]Record{}
	var done []batchItem
	var results []Record
	for _, item := range items {
		r, ok := staged[item.id]
		if !ok {
			r, ok = s.store.find(item.id)
		}
		if !ok {
			if s.switches.BatchPartialWrite {
				s.commitBatch(done, staged, c.now)
			}
			return respond(s.failure(apiError{status: http.StatusNotFound}))
		}
		after := item.change.apply(r, s.batchManner())
		if s.store.userIDTaken(after, staged) {
			return respond(s.failure(userIDTaken))
		}
		staged[item.id] = after
		done = append(done, item)
		results = append(results, after)
	}
	s.commitBatch(done, staged, c.now)

	objects := []map[string]any{}
	for _, r := range results {
		objects = append(objects, s.render(r))
	}
	if s.switches.BatchShuffled {
		slices.Reverse(objects)
	}
	if s.switches.BatchShort {
		objects = objects[:len(objects)-1]
	}
	return respond(answer{status: http.StatusOK, body: objects})
}

func (s *Server) parseBatch(body []any) ([]batchItem, []errorEntry) {
	var items []batchItem
	var faulty []errorEntry
	for i, value := range body {
		prefix := fmt.Sprintf("[%d].", i)
		object, _ := value.(map[string]any)
		id, message := s.customerID(object["customer"])
		if message != "" {
			faulty = append(faulty, errorEntry{prefix + "customer", message})
		}
		change, wrong := s.parseChange(object, prefix)
		faulty = append(faulty, wrong...)
		items = append(items, batchItem{id, change})
	}
	return items, faulty
}

func (s *Server) commitBatch(items []batchItem, staged map[int64]Record, now time.Time) {
	for _, item := range items {
		s.commit(staged[item.id], item.change.tags, now)
	}
}
