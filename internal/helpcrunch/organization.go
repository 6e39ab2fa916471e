// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
)

// Organization is the account that the API key belongs to ("Get organization").
type Organization struct {
	ID     int64  `json:"id"`
	Domain string `json:"domain"`
}

// UnknownOrganizationError is an account that cannot be read in this run: the
// key may not, HelpCrunch does not serve it, or a fault lasted.
type UnknownOrganizationError struct {
	Err error
}

func (e *UnknownOrganizationError) Error() string {
	return "the account of the API key cannot be read: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *UnknownOrganizationError) Unwrap() error { return e.Err }

// Lasts reports whether another run would not read the account either: the key may
// not, or HelpCrunch does not serve it, or otherwise than documented. Else it was a fault.
func (e *UnknownOrganizationError) Lasts() bool {
	refusal, ok := errors.AsType[*Error](e.Err)
	return ok && (refusal.Status == http.StatusForbidden || refusal.Status == http.StatusNotFound) || errors.Is(e.Err, errUnnamed)
}

var errUnnamed = errors.New("an organization without an id")

// GetOrganization reads the account: the cheapest way to see that a key works.
func (c *Client) GetOrganization(ctx context.Context) (*Organization, error) {
	organization := new(Organization)
	if err := c.do(ctx, request{operation: getOrganization}, organization); err != nil {
		return nil, err
	}
	return organization, nil
}

// UnmarshalJSON refuses what does not name an account.
func (o *Organization) UnmarshalJSON(data []byte) error {
	fields, err := objectOnce(data)
	if err == nil {
		fields, err = objectOnce(fields["data"])
	}
	read := Organization{ID: idOf(fields["id"])}
	if domain, odd := textOf(fields["domain"]); odd == nil {
		read.Domain = OneLine(text(domain), 255)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errUnnamed, err)
	case read.ID == 0:
		return errUnnamed
	}
	*o = read
	return nil
}

// organization is what a run knows of the account, and of the address that it
// sends to.
type organization struct {
	turn    chan struct{} // held by who finds out
	known   atomic.Pointer[Organization]
	unknown atomic.Pointer[UnknownOrganizationError]
	right   atomic.Bool           // the address has answered as the API does
	wrong   atomic.Pointer[Error] // the address does not even know the account
	peopled atomic.Bool           // somebody has been read
}

// Peopled reports whether this run has read any customer: where nobody was
// found at all, that one is gone may be a fault of the account's.
func (c *Client) Peopled() bool { return c.organization.peopled.Load() }

// Organization is the account of the key. It is asked for once in a run, and
// so is one that cannot be read: an [UnknownOrganizationError]. Another error
// is one of this call, and would have been that of any other request.
func (c *Client) Organization(ctx context.Context) (*Organization, error) {
	o := &c.organization
	if known := o.known.Load(); known != nil {
		return known, nil
	}
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to %s: %w", getOrganization.name, context.Cause(ctx))
	}
	defer func() { <-o.turn }()
	if known := o.known.Load(); known != nil {
		return known, nil
	}
	if unknown := o.unknown.Load(); unknown != nil {
		return nil, unknown
	}
	known, err := c.GetOrganization(ctx)
	switch {
	case err == nil:
		o.known.Store(known)
	case ctx.Err() == nil && saysNothingOfTheKey(err):
		unknown := &UnknownOrganizationError{err}
		o.unknown.Store(unknown)
		return nil, unknown
	}
	return known, err
}

// saysNothingOfTheKey reports whether an account could not be read although
// other requests of the key may well go through.
func saysNothingOfTheKey(err error) bool {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Status != http.StatusUnauthorized && refusal.Status != http.StatusTooManyRequests
	}
	_, lost := errors.AsType[*LostError](err)
	return lost
}

// located tells a customer that does not exist from an address that knows
// nobody, such as that of another version of the API. It is asked after a 404,
// and spends one request if nothing has succeeded in this run. It reports
// whether the 404 can be believed; at a wrong address it ends the run's requests.
func (c *Client) located(ctx context.Context, notFound *Error) bool {
	if c.organization.right.Load() {
		return true
	}
	_, err := c.Organization(ctx)
	if c.organization.right.Load() {
		return true
	}
	if refusal, ok := errors.AsType[*Error](err); ok {
		switch refusal.Status {
		case http.StatusNotFound:
			wrong := *notFound
			wrong.Entries = nil
			c.organization.wrong.Store(&wrong)
		case http.StatusForbidden: // what a key may not see is there
			c.organization.right.Store(true)
			return true
		}
	}
	return err == nil
}
