// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestGetOrganization(t *testing.T) {
	open(t, setup{}, func(a *account) {
		got, err := a.GetOrganization(a.Context())
		if err != nil || *got != (helpcrunch.Organization{ID: 999_999_999_999, Domain: "sandbox.invalid"}) {
			a.Errorf("got %v, error %v", got, err)
		}
	})
	open(t, setup{client: func(config *helpcrunch.Config) { config.APIKey += "=" }}, func(a *account) {
		if got, err := a.GetOrganization(a.Context()); got != nil || !unauthorized(err) {
			a.Errorf("with a wrong key: %v, error %v", got, err)
		}
	})
	open(t, setup{transport: answering("text/html", "<html>")}, func(a *account) {
		if got, err := a.GetOrganization(a.Context()); got != nil || err == nil {
			a.Errorf("of a web page: %v, error %v", got, err)
		}
	})
}

// The account is asked for once in a run, however many ask.
func TestOrganizationIsAskedForOnce(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: sandbox.Late, Delay: 5 * time.Second})
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				for range 2 {
					if got, err := a.Organization(a.Context()); err != nil || got.ID != 999_999_999_999 {
						t.Errorf("got %v, error %v", got, err)
					}
				}
			})
		}
		wait.Wait()
		a.served(sandbox.OpOrganization, 1)
	})
}

// An account that cannot be read is not asked for again, unless the fault is one
// that any other request would meet as well.
func TestOrganizationThatCannotBeRead(t *testing.T) {
	for fault, test := range map[sandbox.FaultKind]struct {
		unknown, lasts bool
		asked          int // in two calls
	}{
		sandbox.Forbidden:    {true, true, 1},
		sandbox.NotFound:     {true, true, 1},
		sandbox.FailBefore:   {true, false, 1 + retries},
		sandbox.DropBefore:   {true, false, 1 + retries},
		sandbox.WrongType:    {true, true, 1 + retries},
		sandbox.Redirect:     {true, false, 1},
		sandbox.Unauthorized: {false, false, 1},
	} {
		open(t, setup{}, func(a *account) {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: fault, Times: 100})
			for range 2 {
				got, err := a.Organization(a.Context())
				unknown, ok := errors.AsType[*helpcrunch.UnknownOrganizationError](err)
				if got != nil || err == nil || ok != test.unknown || ok && unknown.Lasts() != test.lasts {
					t.Errorf("%s: got %v, error %v", fault, got, err)
				}
				if ok && err.Error() != "the account of the API key cannot be read: "+unknown.Err.Error() || ok && !errors.Is(err, unknown.Err) {
					t.Errorf("%s: it says %q", fault, err)
				}
			}
			if n := a.requests(); n != test.asked {
				t.Errorf("%s: %d requests, want %d", fault, n, test.asked)
			}
		})
	}
}

// A call that was stopped says nothing of the account: the next one asks.
func TestOrganizationThatIsNotWaitedFor(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: sandbox.Late, Delay: time.Minute})
		ctx, cancel := context.WithTimeout(a.Context(), time.Second)
		defer cancel()
		var wait sync.WaitGroup
		for range 2 { // one that asks, and one that waits for it
			wait.Go(func() {
				_, err := a.Organization(ctx)
				if _, unknown := errors.AsType[*helpcrunch.UnknownOrganizationError](err); unknown || !errors.Is(err, context.DeadlineExceeded) || a.now() != time.Second {
					t.Errorf("error %v after %v", err, a.now())
				}
			})
		}
		wait.Wait()
		if got, err := a.Organization(a.Context()); err != nil || got.Domain != "sandbox.invalid" {
			t.Errorf("got %v, error %v", got, err)
		}
	})
}

func TestOrganizationWithoutAnID(t *testing.T) {
	for _, body := range []string{`{"data":{"domain":"x.example"}}`, `{"data":{"id":0}}`, `{"data":{"id":"-1"}}`, `{"data":[]}`, `{}`} {
		open(t, setup{transport: answering("application/json", body)}, func(a *account) {
			got, err := a.Organization(a.Context())
			if unknown, ok := errors.AsType[*helpcrunch.UnknownOrganizationError](err); got != nil || !ok || !unknown.Lasts() {
				t.Errorf("%s: got %v, error %v", body, got, err)
			}
		})
	}
}

// Whether anybody was ever found tells an empty account from one that cannot see.
func TestPeopled(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(a *account) error
		want bool
	}{
		"nothing":              {func(*account) error { return nil }, false},
		"somebody who is gone": {func(a *account) error { return not(a.GetCustomer(a.Context(), a.ada+1)) }, false},
		"a search for nobody":  {func(a *account) error { return second(a.LookUp(a.Context(), helpcrunch.Email, "nobody@example.com")) }, false},
		"the account":          {func(a *account) error { return second(a.Organization(a.Context())) }, false},
		"somebody":             {func(a *account) error { return second(a.GetCustomer(a.Context(), a.ada)) }, true},
		"a look-up":            {func(a *account) error { return second(a.LookUp(a.Context(), helpcrunch.Email, adasEmail)) }, true},
	} {
		open(t, setup{}, func(a *account) {
			if err := test.do(a); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := a.Peopled(); got != test.want {
				t.Errorf("after %s: %t", name, got)
			}
		})
	}
}

// not turns a 404 into success.
func not(_ *helpcrunch.Customer, err error) error {
	if !helpcrunch.IsNotFound(err) {
		return fmt.Errorf("want that there is none: %w", err)
	}
	return nil
}
