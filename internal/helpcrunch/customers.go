// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// GetCustomer reads one customer: the strongest read that there is ("Get customer").
func (c *Client) GetCustomer(ctx context.Context, id int64) (*Customer, error) {
	return c.one(ctx, request{operation: getCustomer, id: id})
}

// DeleteCustomer deletes a customer and the history of its chats ("Delete
// customer"). One that is gone already is a success.
func (c *Client) DeleteCustomer(ctx context.Context, id int64) error {
	err := c.do(ctx, request{operation: deleteCustomer, id: id}, nil)
	if err != nil && !IsNotFound(err) {
		return err
	}
	c.written.forget(id)
	return nil
}

// TagCustomer adds tags; the others stay ("Tag customer").
func (c *Client) TagCustomer(ctx context.Context, id int64, tags []Tag) (*Customer, error) {
	c.written.touch(id) // it may be carried out any moment now
	defer c.written.touch(id)
	return c.one(ctx, request{operation: tagCustomer, id: id, body: map[string][]Tag{"tags": tags}})
}

// UntagCustomer takes tags off by name; the others stay ("Untag customer").
func (c *Client) UntagCustomer(ctx context.Context, id int64, names []string) (*Customer, error) {
	tags := make([]Tag, len(names))
	for i, name := range names {
		tags[i].Name = name
	}
	return c.one(ctx, request{operation: untagCustomer, id: id, body: map[string][]Tag{"tags": tags}})
}

// SettleTags makes the tags of a customer exactly the wanted ones, for
// accounts where "tags" in a request appends. It costs nothing where they are.
func (c *Client) SettleTags(ctx context.Context, held *Customer, wanted []Tag) (*Customer, error) {
	names := tagNames(wanted)
	var extra []string
	for _, tag := range held.Tags {
		if !slices.Contains(names, NormalTag(tag.Name)) {
			extra = append(extra, tag.Name)
		}
	}
	if len(extra) > 0 {
		settled, err := c.UntagCustomer(ctx, held.ID, extra)
		if err != nil {
			return held, err
		}
		held = settled
	}
	present := tagNames(held.Tags)
	missing := slices.DeleteFunc(slices.Clone(wanted), func(tag Tag) bool { return slices.Contains(present, NormalTag(tag.Name)) })
	if len(missing) > 0 {
		settled, err := c.TagCustomer(ctx, held.ID, missing)
		if err != nil {
			return held, err
		}
		held = settled
	}
	return held, nil
}

// Filter is one condition of a search ("Search customers").
type Filter struct {
	Field    string `json:"field"` // such as "customers.email"
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// SearchField is the name of the field in a search.
func (f *StringField) SearchField() string { return "customers." + f.Name }

// Search says which customers to look for ("Search customers").
type Search struct {
	Filters []Filter // none = everyone
	Any     bool     // one filter is enough; otherwise all have to fit
	Sort    string   // "customers.firstSeen" or "customers.lastSeen"; "" = HelpCrunch's own order
	Order   string   // "asc" or "desc"; "" = HelpCrunch's own
	Most    int      // how many customers at most; 0 = all
}

// SearchCustomers yields the customers that fit, each once, page by page. A
// customer who cannot be read is an [UnreadableError] among the others; any
// other error is the last that it yields.
func (c *Client) SearchCustomers(ctx context.Context, search Search) iter.Seq2[*Customer, error] {
	body := searchBody{Filter: search.Filters, Sort: search.Sort, Order: search.Order, Limit: MaxPage}
	if len(search.Filters) > 1 {
		body.Comparison = "AND"
		if search.Any {
			body.Comparison = "OR"
		}
	}
	if search.Most > 0 {
		body.Limit = min(search.Most, MaxPage)
	}
	return func(yield func(*Customer, error) bool) {
		for r, err := range c.pages(ctx, nil, body, search.Most) {
			if err == nil {
				r, err = c.complete(ctx, r)
			}
			if IsNotFound(err) { // gone in between
				continue
			}
			_, odd := errors.AsType[*UnreadableError](err)
			if !yield(r.whole(), err) || err != nil && !odd {
				return
			}
		}
	}
}

// FindCustomers returns every customer that meets all filters.
func (c *Client) FindCustomers(ctx context.Context, filters ...Filter) ([]*Customer, error) {
	return collect(c.SearchCustomers(ctx, Search{Filters: filters}))
}

// searchBody is the body of a search.
type searchBody struct {
	Filter     []Filter `json:"filter,omitempty"`
	Comparison string   `json:"comparison,omitempty"`
	Sort       string   `json:"sort,omitempty"`
	Order      string   `json:"order,omitempty"`
	Limit      int      `json:"limit"`
	Offset     int      `json:"offset"`
}

// MaxFound is how many customers one search brings at most: a server whose
// pages never end is not read for ever.
const MaxFound = 100_000

// pages reads page after page of at most body.Limit, until it has as many
// customers as are wanted or can fit; 0 = unknown. Each comes once, as it
// stands there. The slot is for the first page; nil = take one.
//
// It ends with the last page, which is short. Somebody may come, go or move to
// another page meanwhile, so the total may move, and a customer may come again;
// but a full page of people who were all there before is no further page, and
// nor is one beyond the total.
func (c *Client) pages(ctx context.Context, slot *budget.Slot, body searchBody, most int) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		seen := make(map[int64]bool)
		first := -1 // the total that the first page named
		for read := 0; ; {
			var p page
			err := c.do(ctx, request{operation: searchCustomers, body: body, slot: slot}, &p)
			slot = nil
			if err != nil && !IsNotFound(err) { // accounts differ in whether nothing found is a 404
				yield(row{}, err)
				return
			}
			if read == 0 {
				first = p.total
			}
			read += len(p.rows)
			if wrong := p.endless(first, read, c.mostFound); wrong != nil {
				yield(row{}, wrong)
				return
			}
			known, now := len(seen), time.Now()
			for _, r := range p.rows {
				r.at = now
				if seen[r.id] {
					continue
				}
				if r.id != 0 {
					seen[r.id] = true
				}
				if !yield(r, nil) || len(seen) == most {
					return
				}
			}
			// A short page is the last, unless the account counts more.
			if len(p.rows) == 0 || len(p.rows) < body.Limit && read >= p.total {
				return
			}
			if len(seen) == known {
				yield(row{}, errors.New("a search does not end: HelpCrunch answered with the same customers again"))
				return
			}
			body.Offset = read
		}
	}
}

// endless says why there should be no such page: so many customers have been
// read by now, of most that may be, and the first page counted so many. Other writers are normal, so
// the count may grow, but not as fast as the pages.
func (p page) endless(first, read, most int) error {
	switch {
	case first >= 0 && read > max(first, min(p.total, 2*first+MaxPage)):
		return fmt.Errorf("a search does not end: HelpCrunch counted %d customers on its first page, and has answered with %d by now", first, read)
	case read > most:
		return fmt.Errorf("a search found more than %d customers: narrow it down with another filter", most)
	}
	return nil
}

// complete reads a customer alone of whom an answer has left something out: it
// is not empty because a search or a batch does not tell it. What even the read
// by id leaves out is null.
func (c *Client) complete(ctx context.Context, r row) (row, error) {
	if r.err != nil || len(r.missing) == 0 {
		return r, r.err
	}
	customer, err := c.GetCustomer(ctx, r.id)
	return row{id: r.id, held: customer}, err
}

// collect is the opposite of a stream: all of it, or the error.
func collect[T any](stream iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for one, err := range stream {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// one carries out a request whose answer is the customer it is about.
func (c *Client) one(ctx context.Context, r request) (*Customer, error) {
	var answer single
	err := c.do(ctx, r, &answer)
	_, unreadable := errors.AsType[*UnreadableError](err)
	switch {
	case answer.id != 0 && answer.id != r.id && (err == nil || unreadable):
		return nil, &OtherCustomerError{r.name, r.id, answer.id}
	case err != nil:
		return nil, err
	case r.operation == getCustomer:
		c.organization.peopled.Store(true)
		return answer.held, nil // nothing can tell more
	case (r.operation == tagCustomer || r.operation == untagCustomer) && !answer.lacks("tags"):
		return answer.held, nil // nothing else was asked for
	}
	completed, err := c.complete(ctx, answer.row)
	return completed.held, err
}
