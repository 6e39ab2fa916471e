// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
)

// Organization is the account that the API key belongs to ("Get organization").
type Organization struct {
	ID     int64  `json:"id"`
	Domain string `json:"domain"`
}

// GetOrganization reads the account: the cheapest way to see that a key works.
func (c *Client) GetOrganization(ctx context.Context) (*Organization, error) {
	var answer struct {
		Data Organization `json:"data"`
	}
	if err := c.do(ctx, request{operation: getOrganization}, &answer); err != nil {
		return nil, err
	}
	return &answer.Data, nil
}

// address is what a run knows of the address that it sends to.
type address struct {
	right atomic.Bool           // it has answered as the API does
	wrong atomic.Pointer[Error] // it does not even know the account
	turn  chan struct{}         // held by who finds out
}

// located tells a customer that does not exist from an address that knows
// nobody, such as that of another version of the API. It is asked after a 404,
// and spends one request if nothing has succeeded in this run. It reports
// whether the 404 can be believed; at a wrong address it ends the run's requests.
func (c *Client) located(ctx context.Context, notFound *Error) bool {
	if c.address.right.Load() {
		return true
	}
	select {
	case c.address.turn <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-c.address.turn }()
	if c.address.right.Load() {
		return true
	}
	_, err := c.GetOrganization(ctx)
	if refusal, ok := errors.AsType[*Error](err); ok {
		switch refusal.Status {
		case http.StatusNotFound:
			wrong := *notFound
			wrong.Entries = nil
			c.address.wrong.Store(&wrong)
		case http.StatusForbidden: // what a key may not see is there
			c.address.right.Store(true)
			return true
		}
	}
	return err == nil
}
