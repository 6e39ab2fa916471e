// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"time"
)

// CreateCustomer creates a customer ("Create customer").
//
// A create whose answer was lost is not sent again: it may have been carried
// out. With a user id it is looked for, and believed to be ours only if there
// is exactly one that holds what was sent and nothing else; for the lost
// answer may have been a refusal because of somebody else's customer.
// Otherwise the error is one that [OutcomeUnknown] knows.
func (c *Client) CreateCustomer(ctx context.Context, changes Changes) (*Customer, error) {
	if err := c.refusals.of(changes.CustomData); err != nil {
		return nil, err
	}
	var created single
	err := c.do(ctx, request{operation: createCustomer, body: changes}, &created)
	if err == nil {
		whole, err := c.complete(ctx, created.row)
		if err != nil {
			return nil, &UnreadableError{ID: created.id, Field: created.missing[0], Err: err}
		}
		return whole.held, nil
	}
	c.refusals.note(changes.CustomData, err)
	userID, _ := changes.UserID.Get()
	if userID == "" || !OutcomeUnknown(err) {
		return nil, err
	}
	found, lookup := c.FindCustomers(ctx, Filter{UserID.SearchField(), "=", userID})
	if lookup == nil && len(found) == 0 && sleep(ctx, searchLag) {
		found, lookup = c.FindCustomers(ctx, Filter{UserID.SearchField(), "=", userID})
	}
	if lookup != nil {
		return nil, errors.Join(err, lookup)
	}
	if len(found) == 1 && changes.holdsOnly(found[0]) {
		return found[0], nil
	}
	return nil, err
}

// searchLag is after how long a search is asked once more for a customer that
// may have just been created.
const searchLag = 5 * time.Second
