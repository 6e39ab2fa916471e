// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// TestRefusalsStandOnTheirAttribute: what HelpCrunch says of a field is shown
// beside the line that set it, in HelpCrunch's own words.
func TestRefusalsStandOnTheirAttribute(t *testing.T) {
	t.Parallel()
	ofCustomer := func(err error) diag.Diagnostics {
		return customerRefused("", err, helpcrunch.Changes{CustomData: helpcrunch.CustomData{"plan": {}}}, attributeOf)
	}
	ofTag := func(err error) diag.Diagnostics { return tagRefused("", err) }
	ofEvent := func(err error) diag.Diagnostics { return eventFailed(7, err) }
	for _, row := range []struct {
		explain    func(error) diag.Diagnostics
		code, want string
	}{
		{ofCustomer, "email", "email"},
		{ofCustomer, "invalid_userId_value", "user_id"},
		{ofCustomer, "customData[0].value", "custom_data"},
		{ofCustomer, "customData[0].property", "custom_data"},
		{ofCustomer, "invalid_request", ""},
		{ofTag, "tags[0].name", "name"},
		{ofTag, "tags[0].color", "color"},
		{ofTag, "tags", "name"},
		{ofTag, "email", ""},
		{ofTag, "invalid_request", ""},
		{ofEvent, "name", "name"},
		{ofEvent, "data", "data"},
		{ofEvent, "data.plan", "data"},
		{ofEvent, "data[0]", "data"},
		{ofEvent, "customer", "customer_id"},
		{ofEvent, "email", ""},
		{ofEvent, "invalid_request", ""},
	} {
		diags := row.explain(&helpcrunch.Error{Status: http.StatusBadRequest, Entries: []helpcrunch.ErrorEntry{{Code: row.code, Message: "No."}}})
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), "HelpCrunch answered 400: "+row.code+": No.") {
			t.Errorf("%s: %v", row.code, diags)
			continue
		}
		at := ""
		if located, ok := diags[0].(diag.DiagnosticWithPath); ok {
			at = located.Path().String()
		}
		if at != row.want {
			t.Errorf("%s stands on %q, want %q", row.code, at, row.want)
		}
	}
}

// TestRefusalsOfCustomData: the name and the value of a property have remedies of their own.
func TestRefusalsOfCustomData(t *testing.T) {
	t.Parallel()
	sent := helpcrunch.Changes{CustomData: helpcrunch.CustomData{"renewal": {}}}
	for code, want := range map[string]string{
		"customData[0].property": `HelpCrunch does not know the property "renewal" of custom_data. Add it in HelpCrunch under Settings > Contacts > Custom attributes`,
		"customData[0].value":    `a date as UNIX seconds in quotes`,
	} {
		diags := customerRefused("", &helpcrunch.Error{Status: http.StatusBadRequest, Entries: []helpcrunch.ErrorEntry{{Code: code, Message: "No."}}}, sent, attributeOf)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), want) {
			t.Errorf("%s: %v, want %s", code, diags, want)
		}
	}
}
