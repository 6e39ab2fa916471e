// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// tagClaims is what the resources of one plan or apply want of the tags of
// customers. One of them may take a tag off that another gives: a replacement
// that is created first, a key of a for_each that is renamed, a line that moves
// from a helpcrunch_customer into a helpcrunch_customer_tag. Terraform calls
// them in any order, and the tag has to be there afterwards.
type tagClaims struct {
	mu      sync.Mutex
	wanted  map[claimedTag]bool // true where the resource has it already
	leaving map[claimedTag]bool
	turns   map[string]chan struct{} // by customer
}

type claimedTag struct{ customer, name string } // the name in its normal form

// want notes that a resource gives the tags, or has them already, and reports
// whether another one takes any of them off, or has done so: then they have to
// be given again.
func (c *tagClaims) want(customer string, already bool, names ...string) (leaving bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wanted == nil {
		c.wanted = make(map[claimedTag]bool)
	}
	for _, name := range names {
		c.wanted[claimedTag{customer, helpcrunch.NormalTag(name)}] = already
		leaving = leaving || c.leaving[claimedTag{customer, helpcrunch.NormalTag(name)}]
	}
	return leaving
}

// leave notes that a resource takes the tags off, and returns those that no
// other one has: the rest must stay.
func (c *tagClaims) leave(customer string, names ...string) (unwanted []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving == nil {
		c.leaving = make(map[claimedTag]bool)
	}
	for _, name := range names {
		if _, wanted := c.wanted[claimedTag{customer, helpcrunch.NormalTag(name)}]; !wanted {
			c.leaving[claimedTag{customer, helpcrunch.NormalTag(name)}] = true
			unwanted = append(unwanted, name)
		}
	}
	return unwanted
}

// had reports whether another resource has any of the tags already.
func (c *tagClaims) had(customer string, names ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool { return c.wanted[claimedTag{customer, helpcrunch.NormalTag(name)}] })
}

// turn waits until no other request for tags of the customer is under way:
// which of two HelpCrunch would carry out first, nobody knows.
func (c *tagClaims) turn(ctx context.Context, customer string) (done func(), err error) {
	c.mu.Lock()
	turn, ok := c.turns[customer]
	if !ok {
		if c.turns == nil {
			c.turns = make(map[string]chan struct{})
		}
		turn = make(chan struct{}, 1)
		c.turns[customer] = turn
	}
	c.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for other tags of customer %s: %w", customer, ctx.Err())
	}
}

// tag gives a customer a tag that stays.
func (a *account) tag(ctx context.Context, id int64, tag helpcrunch.Tag) (*helpcrunch.Customer, error) {
	customer := strconv.FormatInt(id, 10)
	a.tags.want(customer, false, tag.Name) // what the plan could not say of a customer to be known later
	done, err := a.tags.turn(ctx, customer)
	if err != nil {
		return nil, err
	}
	defer done()
	return a.client.TagCustomer(ctx, id, []helpcrunch.Tag{tag})
}

// untag takes those of the tags off that no other resource gives the customer.
// The customer is nil where there are none.
func (a *account) untag(ctx context.Context, id int64, names []string) (*helpcrunch.Customer, error) {
	customer := strconv.FormatInt(id, 10)
	done, err := a.tags.turn(ctx, customer)
	if err != nil {
		return nil, err
	}
	defer done()
	if names = a.tags.leave(customer, names...); len(names) == 0 {
		return nil, nil
	}
	answer, err := a.client.UntagCustomer(ctx, id, names)
	if err == nil && slices.ContainsFunc(answer.Tags, func(held helpcrunch.Tag) bool { return slices.Contains(names, held.Name) }) {
		err = errTagKept
	}
	return answer, err
}

var errTagKept = errors.New("the answer still has the tag")

const tagKeptAdvice = "HelpCrunch accepted the request, and its answer still has the tag. Run terraform apply again, or take the tag off in HelpCrunch."
