// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxLimit is the most customers on one page of a search or list, and how many
// there are where the request does not say.
const maxLimit = 100

// fieldType is the type of a searchable field; it decides on operators and
// values.
type fieldType string

const (
	integerField fieldType = "integer"
	dateField    fieldType = "date"
	stringField  fieldType = "string"
	arrayField   fieldType = "array"
)

// searchFields are the fields that the page "Search customers" lists, without
// their prefix "customers.".
var searchFields = map[string]fieldType{
	"id":          integerField,
	"lastSeen":    dateField,
	"tagsData":    arrayField,
	"name":        stringField,
	"email":       stringField,
	"company":     stringField,
	"phone":       stringField,
	"userId":      stringField,
	"countryCode": stringField,
	"regionCode":  stringField,
	"city":        stringField,
	"telegramId":  stringField,
	"facebookId":  stringField,
	"instagramId": stringField,
	"viberId":     stringField,
	"whatsappId":  stringField,
}

var operators = map[fieldType][]string{
	integerField: {"=", "!=", ">", "<", ">=", "<="},
	dateField:    {"=", "!=", ">", "<", ">=", "<="},
	stringField:  {"=", "!=", "~", "!~"},
	arrayField:   {"="},
}

// predicate is a checked filter. A customer without a value is unequal to every
// value and contains nothing; text is compared exactly, case included, unless a
// switch says otherwise.
type predicate func(Record) bool

// search is POST /customers/search.
func (s *Server) search(c call) answer {
	body, faulty := parseBody(c.body)
	if len(faulty) > 0 {
		return s.failure(badRequest(faulty))
	}
	predicates, faulty := s.parseFilter(body["filter"])
	comparison := body["comparison"]
	if comparison != nil && comparison != "AND" && comparison != "OR" {
		faulty = append(faulty, errorEntry{"comparison", "The value you selected is not a valid choice."})
	}
	page, wrong := parsePage(body)
	faulty = append(faulty, wrong...)
	if len(faulty) > 0 {
		return s.failure(badRequest(faulty))
	}

	matches := func(r Record) bool {
		for _, matches := range predicates {
			if matches(r) == (comparison == "OR") {
				return comparison == "OR"
			}
		}
		return comparison != "OR" || len(predicates) == 0
	}
	var found []Record
	for _, r := range s.store.visible(c.now, s.switches.SearchLag) {
		if matches(r) {
			found = append(found, r)
		}
	}
	if len(found) == 0 && s.switches.EmptySearchNotFound {
		return s.failure(apiError{status: http.StatusNotFound})
	}
	return s.paged(found, page)
}

// list is GET /customers.
func (s *Server) list(c call) answer {
	body := map[string]any{}
	for _, name := range []string{"limit", "offset"} {
		if text := c.query.Get(name); text != "" {
			body[name] = json.Number(text)
		}
	}
	for _, name := range []string{"sort", "order"} {
		if text := c.query.Get(name); text != "" {
			body[name] = text
		}
	}
	page, faulty := parsePage(body)
	if len(faulty) > 0 {
		return s.failure(badRequest(faulty))
	}
	return s.paged(s.store.visible(c.now, s.switches.SearchLag), page)
}

func (s *Server) parseFilter(value any) ([]predicate, []errorEntry) {
	list, ok := value.([]any)
	if !ok && value != nil {
		return nil, []errorEntry{{"filter", "This value should be of type array."}}
	}
	if most := s.switches.SearchMaxFilters; most > 0 && len(list) > most {
		return nil, []errorEntry{{"filter", fmt.Sprintf("This collection should contain %d elements or less.", most)}}
	}
	var predicates []predicate
	var faulty []errorEntry
	for i, item := range list {
		entry, _ := item.(map[string]any)
		predicate, part, message := s.parsePredicate(entry)
		if message != "" {
			faulty = append(faulty, errorEntry{fmt.Sprintf("filter[%d].%s", i, part), message})
		}
		predicates = append(predicates, predicate)
	}
	return predicates, faulty
}

// parsePredicate checks one {field, operator, value}. Where it is faulty, part
// and message say what is wrong.
func (s *Server) parsePredicate(entry map[string]any) (p predicate, part, message string) {
	field, _ := entry["field"].(string)
	name, prefixed := strings.CutPrefix(field, "customers.")
	kind, known := searchFields[name]
	if !prefixed || !known {
		return nil, "field", "The value you selected is not a valid choice."
	}
	operator, _ := entry["operator"].(string)
	if !slices.Contains(operators[kind], operator) {
		return nil, "operator", "The value you selected is not a valid choice."
	}
	switch kind {
	case stringField:
		text, ok := entry["value"].(string)
		if !ok {
			return nil, "value", "This value should be of type string."
		}
		return s.textPredicate(name, operator, text), "", ""
	case arrayField:
		tags, faulty := parseTags(entry["value"], "")
		if len(tags) == 0 || len(faulty) > 0 {
			return nil, "value", "This value should be of type array."
		}
		return tagsPredicate(tags), "", ""
	}
	number, _ := s.number(entry["value"])
	value, err := number.Int64()
	if err != nil {
		return nil, "value", "This value should be of type integer."
	}
	return integerPredicate(name, operator, value), "", ""
}

func (s *Server) textPredicate(name, operator, text string) predicate {
	form := func(text string) string { return text }
	if s.switches.SearchIgnoresCase {
		form = strings.ToLower
	}
	text = form(text)
	return func(r Record) bool {
		held, ok := r.searchText(name)
		held = form(held)
		switch operator {
		case "=":
			return ok && held == text
		case "!=":
			return !ok || held != text
		case "~":
			return ok && strings.Contains(held, text)
		}
		return !ok || !strings.Contains(held, text)
	}
}

// searchText returns the value of a searchable text field. Location is flat in
// a search; an id in a channel is the integrationId of customers who came from
// there, by a bot or by direct messages included.
func (r Record) searchText(name string) (string, bool) {
	switch name {
	case "city", "regionCode", "countryCode":
		location, _ := r["location"].(map[string]any)
		text, ok := location[name].(string)
		return text, ok
	case "telegramId", "facebookId", "instagramId", "viberId", "whatsappId":
		channel, _ := r.text("createdFrom")
		channel = strings.TrimSuffix(strings.TrimSuffix(channel, "_bot"), "_direct")
		if channel != strings.TrimSuffix(name, "Id") {
			return "", false
		}
		return r.text("integrationId")
	}
	return r.text(name)
}

// tagsPredicate holds for customers with all of the tags.
func tagsPredicate(tags []Tag) predicate {
	return func(r Record) bool {
		names := r.TagNames()
		for _, tag := range tags {
			if !slices.Contains(names, tag.Name) {
				return false
			}
		}
		return true
	}
}

func integerPredicate(name, operator string, value int64) predicate {
	return func(r Record) bool {
		held, ok := r.ID(), true
		if name == "lastSeen" {
			held, ok = r.seconds("customers.lastSeen")
		}
		if !ok {
			return operator == "!="
		}
		switch operator {
		case "=":
			return held == value
		case "!=":
			return held != value
		case ">":
			return held > value
		case "<":
			return held < value
		case ">=":
			return held >= value
		}
		return held <= value
	}
}

// seconds returns a time field, named as in a sort, in UNIX seconds.
func (r Record) seconds(field string) (int64, bool) {
	text, ok := r.text(strings.TrimPrefix(field, "customers."))
	if !ok {
		return 0, false
	}
	value, err := strconv.ParseInt(text, 10, 64)
	return value, err == nil
}

// page says which part of a result to answer, and in which order.
type page struct {
	limit, offset int
	sort          string // empty: by ascending id
	descending    bool
}

func parsePage(body map[string]any) (page, []errorEntry) {
	p := page{limit: maxLimit}
	var faulty []errorEntry
	if value, given := body["limit"]; given {
		limit, ok := integer(value)
		p.limit = limit
		switch {
		case !ok:
			faulty = append(faulty, errorEntry{"limit", "This value should be of type integer."})
		case limit < 1 || limit > maxLimit:
			faulty = append(faulty, errorEntry{"limit", fmt.Sprintf("This value should be between 1 and %d.", maxLimit)})
		}
	}
	if value, given := body["offset"]; given {
		offset, ok := integer(value)
		p.offset = offset
		switch {
		case !ok:
			faulty = append(faulty, errorEntry{"offset", "This value should be of type integer."})
		case offset < 0:
			faulty = append(faulty, errorEntry{"offset", "This value should be either positive or zero."})
		}
	}
	if value, given := body["sort"]; given {
		p.sort, _ = value.(string)
		if p.sort != "customers.firstSeen" && p.sort != "customers.lastSeen" {
			faulty = append(faulty, errorEntry{"sort", "The value you selected is not a valid choice."})
		}
	}
	if value, given := body["order"]; given {
		order, _ := value.(string)
		p.descending = strings.EqualFold(order, "desc")
		if !p.descending && !strings.EqualFold(order, "asc") {
			faulty = append(faulty, errorEntry{"order", "The value you selected is not a valid choice."})
		}
	}
	return p, faulty
}

func integer(value any) (int, bool) {
	number, _ := value.(json.Number)
	n, err := strconv.Atoi(number.String())
	return n, err == nil
}

// paged answers one page of records, which come by ascending id. Customers
// without the time to sort by come first when ascending; ties stay by id.
func (s *Server) paged(records []Record, p page) answer {
	if p.sort != "" {
		slices.SortStableFunc(records, func(a, b Record) int {
			x, hasX := a.seconds(p.sort)
			y, hasY := b.seconds(p.sort)
			order := cmp.Compare(x, y)
			switch {
			case hasX && !hasY:
				order = 1
			case !hasX && hasY:
				order = -1
			}
			if p.descending {
				return -order
			}
			return order
		})
	} else if p.descending {
		slices.Reverse(records)
	}
	from := min(p.offset, len(records))
	data := []map[string]any{}
	for _, r := range records[from:min(from+p.limit, len(records))] {
		data = append(data, s.render(r))
	}
	out := map[string]any{"data": data}
	if s.switches.TotalInMeta {
		out["meta"] = map[string]any{"total": len(records)}
	} else {
		out["total"] = len(records)
	}
	return answer{status: http.StatusOK, body: out, customers: len(data)}
}
