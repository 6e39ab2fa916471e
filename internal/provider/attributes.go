// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// textAttribute is what is text in Terraform: a string field of the API, or a
// moment. Everything that has the attributes of a customer is made from the
// table below: the schemas, what is compared, sent and read back, the
// write-only twins and their digests.
type textAttribute struct {
	name     string
	of       func(*customerModel) *types.String
	twin     func(*customerModel) *types.String // the write-only one, for what tells who somebody is; nil for none
	imported bool                               // an import stores it
	is       string                             // what it is
	written  string                             // what matters to who writes it
	api
}

// api is a text in the API. "" is an empty one, which the API has as null.
type api struct {
	field  string
	normal func(text string) string // the form in which equal ones are equal
	held   func(*helpcrunch.Customer) string
	send   func(changes *helpcrunch.Changes, text string)
	check  func(text string) error // nil for what takes any text
}

func (a textAttribute) same(x, y string) bool { return x == y || a.normal(x) == a.normal(y) }

// apiString is a string field of the API.
func apiString(f *helpcrunch.StringField) api {
	return api{
		f.Name,
		f.Normal,
		func(c *helpcrunch.Customer) string {
			if text := *f.Held(c); text != nil {
				return *text
			}
			return ""
		},
		func(c *helpcrunch.Changes, text string) {
			if f.Normal(text) == "" {
				*f.Sent(c) = helpcrunch.None[string]()
			} else {
				*f.Sent(c) = helpcrunch.Some(text)
			}
		},
		nil,
	}
}

// apiMoment is a timestamp of the API.
func apiMoment(field string, held func(*helpcrunch.Customer) helpcrunch.Timestamp, sent func(*helpcrunch.Changes) *helpcrunch.Optional[helpcrunch.Timestamp]) api {
	return api{
		field,
		normalTimestamp,
		func(c *helpcrunch.Customer) string { return held(c).String() },
		func(c *helpcrunch.Changes, text string) {
			if moment, err := parseTimestamp(text); text == "" {
				*sent(c) = helpcrunch.None[helpcrunch.Timestamp]()
			} else if err == nil { // problems reports it
				*sent(c) = helpcrunch.Some(moment)
			}
		},
		func(text string) error {
			_, err := parseTimestamp(text)
			return err
		},
	}
}

var (
	firstSeen = apiMoment("firstSeen", func(c *helpcrunch.Customer) helpcrunch.Timestamp { return c.FirstSeen },
		func(c *helpcrunch.Changes) *helpcrunch.Optional[helpcrunch.Timestamp] { return &c.FirstSeen })
	lastSeen = apiMoment("lastSeen", func(c *helpcrunch.Customer) helpcrunch.Timestamp { return c.LastSeen },
		func(c *helpcrunch.Changes) *helpcrunch.Optional[helpcrunch.Timestamp] { return &c.LastSeen })
)

var textAttributes = []textAttribute{
	{
		"name", func(m *customerModel) *types.String { return &m.Name }, func(m *customerModel) *types.String { return &m.NameWO }, true,
		"The full name, such as `\"Ada Lovelace\"`.", "", apiString(helpcrunch.Name),
	},
	{
		"email", func(m *customerModel) *types.String { return &m.Email }, func(m *customerModel) *types.String { return &m.EmailWO }, true,
		"The e-mail address, such as `\"ada@example.com\"`.", "HelpCrunch may store it in another case; that is not a difference.", apiString(helpcrunch.Email),
	},
	{
		"user_id", func(m *customerModel) *types.String { return &m.UserID }, nil, true,
		"Your own key for the customer, such as `\"crm-17\"`.", "No two customers of an account have the same.", apiString(helpcrunch.UserID),
	},
	{
		"company", func(m *customerModel) *types.String { return &m.Company }, nil, true,
		"The company, such as `\"Analytical Engines\"`.", "", apiString(helpcrunch.Company),
	},
	{
		"phone", func(m *customerModel) *types.String { return &m.Phone }, func(m *customerModel) *types.String { return &m.PhoneWO }, true,
		"The phone number in any form, such as `\"+44 20 7946 0000\"`.", "", apiString(helpcrunch.Phone),
	},
	{
		"notes", func(m *customerModel) *types.String { return &m.Notes }, func(m *customerModel) *types.String { return &m.NotesWO }, true,
		"Notes that agents see beside the chat, such as `\"Prefers calls in the morning\"`.", "HelpCrunch is reported to refuse more than 255 characters.", apiString(helpcrunch.Notes),
	},
	{
		"locale", func(m *customerModel) *types.String { return &m.Locale }, nil, true,
		"The language, ISO 639-1, such as `\"en\"`.", "The case is not a difference.", apiString(helpcrunch.Locale),
	},
	{
		"source", func(m *customerModel) *types.String { return &m.Source }, nil, false,
		"The URL that brought the customer, such as `\"https://example.com/campaign\"`.", "", apiString(helpcrunch.Source),
	},
	{
		"referer", func(m *customerModel) *types.String { return &m.Referer }, nil, false,
		"The URL that referred the customer, such as `\"https://example.org/\"`.", "", apiString(helpcrunch.Referer),
	},
	{
		"last_page", func(m *customerModel) *types.String { return &m.LastPage }, nil, false,
		"The URL of the page seen last, such as `\"https://example.com/pricing\"`.", "It moves as the customer browses: write it only to seed it.", apiString(helpcrunch.LastPage),
	},
	{
		"created_from", func(m *customerModel) *types.String { return &m.CreatedFrom }, nil, false,
		"The channel the customer came from: `\"web\"`, `\"iOS\"`, `\"android\"`, `\"telegram\"`, `\"viber\"`, `\"facebook\"`, `\"instagram\"` or another that HelpCrunch knows.", "", apiString(helpcrunch.CreatedFrom),
	},
	{
		"integration_id", func(m *customerModel) *types.String { return &m.IntegrationID }, nil, false,
		"The customer's id in the channel that `created_from` names, such as `\"98765\"`.", "", apiString(helpcrunch.IntegrationID),
	},
	{
		"first_seen", func(m *customerModel) *types.String { return &m.FirstSeen }, nil, false,
		"When the customer was first seen, in UNIX seconds such as `\"1700000000\"`.", orRFC3339, firstSeen,
	},
	{
		"last_seen", func(m *customerModel) *types.String { return &m.LastSeen }, nil, false,
		"When the customer was last seen, in UNIX seconds such as `\"1700000000\"`.", orRFC3339 + " It moves as the customer browses: write it only to seed it.", lastSeen,
	},
}

const orRFC3339 = "RFC 3339 (`\"2023-11-14T22:13:20Z\"`) is taken as well, and equal when the instant is equal."

// flagAttribute is true or false, in the API under the same name.
type flagAttribute struct {
	name    string
	of      func(*customerModel) *types.Bool
	is      string
	written string
	sent    func(*helpcrunch.Changes) *helpcrunch.Optional[bool]
	held    func(*helpcrunch.Customer) bool
}

var flagAttributes = []flagAttribute{
	{
		"unsubscribed", func(m *customerModel) *types.Bool { return &m.Unsubscribed }, "Whether the customer has opted out of e-mails: `true` or `false`.",
		"It has no default: a person who unsubscribed is not subscribed again unless `false` is written here, and the plan warns of it.",
		func(c *helpcrunch.Changes) *helpcrunch.Optional[bool] { return &c.Unsubscribed }, func(c *helpcrunch.Customer) bool { return c.Unsubscribed },
	},
	{
		"blocked", func(m *customerModel) *types.Bool { return &m.Blocked }, "Whether the customer is blocked from writing: `true` or `false`.", "It has no default.",
		func(c *helpcrunch.Changes) *helpcrunch.Optional[bool] { return &c.Blocked }, func(c *helpcrunch.Customer) bool { return c.Blocked },
	},
}

// attributeOf is the attribute that an API field belongs to, "" if none.
func attributeOf(field string) string {
	for _, a := range textAttributes {
		if a.field == field {
			return a.name
		}
	}
	for _, a := range flagAttributes {
		if a.name == field {
			return field
		}
	}
	switch _, property := propertyOf(field); {
	case property || field == "customData":
		return "custom_data"
	case field == "tags":
		return field
	}
	return ""
}

// propertyOf is the custom property that the name of an API field stands for, as
// in "customData.plan".
func propertyOf(field string) (name string, ok bool) { return strings.CutPrefix(field, "customData.") }
