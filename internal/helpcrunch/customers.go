// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// GetCustomer reads one customer: the strongest read that there is ("Get customer").
func (c *Client) GetCustomer(ctx context.Context, id int64) (*Customer, error) {
	return c.one(ctx, request{operation: getCustomer, id: id})
}

// ListCustomers returns one page of all customers, at most MaxPage from offset on ("Get customers").
func (c *Client) ListCustomers(ctx context.Context, offset int) ([]*Customer, error) {
	var page customerPage
	query := url.Values{"limit": {strconv.Itoa(MaxPage)}, "offset": {strconv.Itoa(offset)}}
	if err := c.do(ctx, request{operation: listCustomers, query: query}, &page); err != nil {
		return nil, err
	}
	return page.Data, nil
}

// customerPage is the envelope of lists and searches. The place of the total
// is not certain, so it is not read.
type customerPage struct {
	Data []*Customer `json:"data"`
}

// UnmarshalJSON refuses what is not a page: to be taken for an empty one, it
// would say that there is nobody.
func (p *customerPage) UnmarshalJSON(data []byte) error {
	type plain customerPage
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if read.Data == nil || slices.Contains(read.Data, nil) {
		return errors.New("a page without a list of customers")
	}
	*p = customerPage(read)
	return nil
}

// DeleteCustomer deletes a customer and the history of its chats ("Delete
// customer"). One that is gone already is a success.
func (c *Client) DeleteCustomer(ctx context.Context, id int64) error {
	err := c.do(ctx, request{operation: deleteCustomer, id: id}, nil) // the body is the word Ok
	if IsNotFound(err) {
		return nil
	}
	return err
}

// TagCustomer adds tags; the others stay ("Tag customer").
func (c *Client) TagCustomer(ctx context.Context, id int64, tags []Tag) (*Customer, error) {
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

// SearchCustomers yields the customers that fit, each once, page by page. It
// ends with a short page or with one that brings nobody new: a customer may
// move to another page while this one is read. An error is the last that it
// yields.
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
	return c.pages(ctx, nil, body, search.Most)
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

// pages reads page after page of at most body.Limit, until it has as many
// customers as are wanted or can fit; 0 = unknown. The slot is for the first
// page; nil = take one.
func (c *Client) pages(ctx context.Context, slot *budget.Slot, body searchBody, most int) iter.Seq2[*Customer, error] {
	return func(yield func(*Customer, error) bool) {
		seen := make(map[int64]bool)
		for {
			var page customerPage
			err := c.do(ctx, request{operation: searchCustomers, body: body, slot: slot}, &page)
			slot = nil
			if err != nil && !IsNotFound(err) { // accounts differ in whether nothing found is a 404
				yield(nil, err)
				return
			}
			known := len(seen)
			for _, customer := range page.Data {
				if seen[customer.ID] {
					continue
				}
				seen[customer.ID] = true
				if !yield(customer, nil) || len(seen) == most {
					return
				}
			}
			if len(page.Data) < body.Limit || len(seen) == known {
				return
			}
			body.Offset += len(page.Data)
		}
	}
}

// collect is the opposite of a stream: all customers, or the error.
func collect(customers iter.Seq2[*Customer, error]) ([]*Customer, error) {
	var all []*Customer
	for customer, err := range customers {
		if err != nil {
			return nil, err
		}
		all = append(all, customer)
	}
	return all, nil
}

// one carries out a request whose answer is the customer it is about.
func (c *Client) one(ctx context.Context, r request) (*Customer, error) {
	customer := new(Customer)
	if err := c.do(ctx, r, customer); err != nil {
		return nil, err
	}
	if customer.ID != r.id {
		return nil, fmt.Errorf("asked to %s %d, HelpCrunch answered with customer %d", r.name, r.id, customer.ID)
	}
	return customer, nil
}
