// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// query is one condition of a shared search: a customer by id, or all
// customers with a value in a field.
type query struct {
	id    int64 // 0 = by field
	field *StringField
	value string
}

func (q query) filter() Filter {
	if q.id != 0 {
		return Filter{"customers.id", "=", q.id}
	}
	return Filter{q.field.SearchField(), "=", q.value}
}

// fits reports whether a customer has the value.
func (q query) fits(customer *Customer) bool {
	held := *q.field.Held(customer)
	return held != nil && q.field.Same(*held, q.value)
}

// The sizes of a search, from what the documentation lets expect down to what
// every account takes ("Search customers" names no limit).
var searchSizes = []int{MaxPage, 10, 1}

// ReadCustomer reads one customer. Reads that are made side by side share a
// search.
//
// A search may lag behind a write. So a customer that it does not find is read
// alone before it is called gone, and so is one for whom believable returns
// false.
func (c *Client) ReadCustomer(ctx context.Context, id int64, believable func(*Customer) bool) (*Customer, error) {
	found, err := c.ask(ctx, query{id: id})
	if err != nil {
		return nil, err
	}
	if len(found.customers) == 1 && (found.strong || believable(found.customers[0])) {
		return found.customers[0], nil
	}
	return c.GetCustomer(ctx, id)
}

// LookUp returns all customers with this value in this field. Look-ups that
// are made side by side share a search.
//
// Where this run has just given somebody that value, and the search does not
// show them yet, it is repeated for as long as it may lag; whom it still does
// not show is read by id.
func (c *Client) LookUp(ctx context.Context, field *StringField, value string) ([]*Customer, error) {
	found, err := c.lookUp(ctx, field, value, searchLags, func(found []*Customer) bool {
		return len(c.written.missing(field, value, found)) == 0
	})
	if err != nil {
		return nil, err
	}
	for _, id := range c.written.missing(field, value, found) {
		customer, err := c.GetCustomer(ctx, id)
		if err != nil && !IsNotFound(err) {
			return nil, err
		}
		if err == nil && (query{field: field, value: value}).fits(customer) {
			found = append(found, customer)
		}
	}
	return found, nil
}

// lookUp looks customers up until enough are found, with these waits between.
func (c *Client) lookUp(ctx context.Context, field *StringField, value string, waits []time.Duration, enough func([]*Customer) bool) ([]*Customer, error) {
	for {
		found, err := c.having(ctx, field, value)
		switch {
		case err != nil:
			return nil, err
		case len(waits) == 0 || enough(found):
			return found, nil
		case !sleep(ctx, waits[0]):
			return nil, context.Cause(ctx)
		}
		waits = waits[1:]
	}
}

// having searches for a value. Outer white space is no difference to us, and may be
// one to the search: a value that has some is also asked for without, side by side, so
// that it is one request.
func (c *Client) having(ctx context.Context, field *StringField, value string) ([]*Customer, error) {
	forms := slices.Compact([]string{value, strings.TrimSpace(value)})
	answers, errs := make([]found, len(forms)), make([]error, len(forms))
	var asking sync.WaitGroup
	for i, form := range forms {
		asking.Go(func() { answers[i], errs[i] = c.ask(ctx, query{field: field, value: form}) })
	}
	asking.Wait()
	var customers []*Customer
	for _, answer := range answers {
		for _, customer := range answer.customers {
			if !slices.ContainsFunc(customers, func(other *Customer) bool { return other.ID == customer.ID }) {
				customers = append(customers, customer)
			}
		}
	}
	return customers, cmp.Or(errs...)
}

// ask answers a query. What a search answers whose caller has ended is not waited
// for, and it has changed nothing.
func (c *Client) ask(ctx context.Context, q query) (found, error) {
	answer, err := c.queries.Do(withDeadline(ctx), q)
	if errors.Is(err, batch.ErrOutcomeUnknown) {
		err = fmt.Errorf("a search was not waited for; nothing was changed: %w", cmp.Or(context.Cause(ctx), context.DeadlineExceeded))
	}
	return answer, err
}

// found is the answer to a query.
type found struct {
	customers []*Customer
	strong    bool      // read alone, not by a search
	at        time.Time // when the search answered, of a query by id
}

// sendQueries answers what has gathered by the time the budget has a slot. Who
// ask the same share the answer: the tags of one customer are resources of their own.
func (c *Client) sendQueries(ctx context.Context, take func(int) []*batch.Item[query, found]) error {
	slot, err := c.config.Budget.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("waiting for the request budget to read a customer: %w", err)
	}
	asking := make(map[query][]*batch.Item[query, found])
	var queries []query // each once
	for _, item := range take(searchSizes[c.searchSize.Load()]) {
		if asking[item.Value] == nil {
			queries = append(queries, item.Value)
		}
		asking[item.Value] = append(asking[item.Value], item)
	}
	answer := func(q query, found found, err error) {
		for _, item := range asking[q] {
			item.Answer(found, err)
		}
	}
	switch {
	case len(queries) == 0:
		slot.Cancel()
	case len(queries) == 1 && queries[0].id != 0:
		customer, err := c.one(ctx, request{operation: getCustomer, id: queries[0].id, slot: slot})
		answer(queries[0], found{customers: []*Customer{customer}, strong: true}, err)
	default:
		c.search(ctx, slot, queries, answer)
	}
	return nil
}

// search answers queries with one search, or with several smaller ones where
// the account refuses so many at once.
func (c *Client) search(ctx context.Context, slot *budget.Slot, queries []query, answer func(query, found, error)) {
	body := searchBody{Filter: filters(queries), Comparison: "OR", Limit: MaxPage}
	most := len(body.Filter)
	if slices.ContainsFunc(queries, func(q query) bool { return q.id == 0 }) {
		most = 0 // any number of customers can have the same value
	}
	if len(body.Filter) == 1 {
		body.Comparison = ""
	}
	rows, err := collect(c.pages(ctx, slot, body, most))
	if len(rows) > 0 {
		c.organization.peopled.Store(true)
	}
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.blamable() && len(body.Filter) > 1 {
		// Ids are always fit to be searched, so for them it is the size; of
		// the other values one may be refused for its own sake.
		var ids, fields []query
		for _, q := range queries {
			if q.id != 0 {
				ids = append(ids, q)
			} else {
				fields = append(fields, q)
			}
		}
		parts := [][]query{ids, fields}
		switch {
		case len(fields) == 0:
			parts = slices.Collect(slices.Chunk(ids, c.shrinkSearches(len(body.Filter))))
		case len(ids) == 0:
			half := (len(fields) + 1) / 2
			parts = [][]query{fields[:half], fields[half:]}
		}
		for _, part := range parts {
			c.search(ctx, nil, part, answer)
		}
		return
	}
	for _, q := range queries {
		told := found{}
		failed := err
		for i := range rows {
			if failed != nil {
				break
			}
			switch r := &rows[i]; {
			case q.id != 0 && r.id == q.id && len(r.missing) > 0: // its caller reads it alone
			case q.id != 0 && r.id == q.id:
				told.customers, told.at, failed = append(told.customers, r.held), r.at, r.err
			case q.id == 0 && r.held != nil && (r.lacks(q.field.Name) || q.fits(r.held)):
				*r, failed = c.complete(ctx, *r)
				if IsNotFound(failed) { // gone in between
					*r, failed = row{}, nil
				}
				if failed == nil && r.held != nil && q.fits(r.held) {
					told.customers = append(told.customers, r.held)
				}
			}
		}
		if failed != nil {
			told = found{}
		}
		answer(q, told, failed)
	}
}

// filters are the conditions of queries.
func filters(queries []query) []Filter {
	all := make([]Filter, len(queries))
	for i, q := range queries {
		all[i] = q.filter()
	}
	return all
}

// shrinkSearches returns the next size below one that was refused, and
// remembers it.
func (c *Client) shrinkSearches(refused int) int {
	i := slices.IndexFunc(searchSizes, func(size int) bool { return size < refused }) // one alone is never too many
	c.searchSize.Store(max(c.searchSize.Load(), int32(i)))
	return searchSizes[i]
}

// Holders are the customers who have this user id, each read by id: a search may still
// show somebody who was deleted, or whose user id is another one by now. With taken,
// HelpCrunch has just said that there is one, and a search is repeated that shows nobody.
func (c *Client) Holders(ctx context.Context, userID string, taken bool) ([]*Customer, error) {
	if taken {
		return c.holders(ctx, userID, searchLags)
	}
	found, err := c.LookUp(ctx, UserID, userID)
	if err != nil {
		return nil, err
	}
	return c.stillHolding(ctx, userID, found, make(map[int64]bool))
}

// holders are those who have the user id; waits are those between look-ups that find nobody.
func (c *Client) holders(ctx context.Context, userID string, waits []time.Duration) ([]*Customer, error) {
	others := make(map[int64]bool)
	isNew := func(customer *Customer) bool { return !others[customer.ID] }
	for {
		found, err := c.lookUp(ctx, UserID, userID, waits, func(found []*Customer) bool { return slices.ContainsFunc(found, isNew) })
		if err != nil {
			return nil, err
		}
		more := slices.ContainsFunc(found, isNew)
		holding, err := c.stillHolding(ctx, userID, found, others)
		if err != nil || len(holding) > 0 || !more {
			return holding, err
		}
	}
}

// stillHolding are those of the found who have the user id. It takes down who has not,
// and does not read them again.
func (c *Client) stillHolding(ctx context.Context, userID string, found []*Customer, others map[int64]bool) ([]*Customer, error) {
	var holding []*Customer
	for _, shown := range found {
		if others[shown.ID] {
			continue
		}
		held, err := c.GetCustomer(ctx, shown.ID)
		switch {
		case err == nil && (query{field: UserID, value: userID}).fits(held):
			holding = append(holding, held)
		case err == nil || IsNotFound(err):
			others[shown.ID] = true
		default:
			return nil, err
		}
	}
	return holding, nil
}
