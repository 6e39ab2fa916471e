// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
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
