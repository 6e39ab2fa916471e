// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// searchModel is a search as the data source helpcrunch_customers and the list
// resource helpcrunch_customer take it.
type searchModel struct {
	Filter []filterModel `tfsdk:"filter"`
	Match  types.String  `tfsdk:"match"`
	Sort   types.String  `tfsdk:"sort"`
	Order  types.String  `tfsdk:"order"`
}

type filterModel struct {
	Field    types.String `tfsdk:"field"`
	Operator types.String `tfsdk:"operator"`
	Value    types.String `tfsdk:"value"`
}

// fieldKind is what a search compares a field with ("Search customers").
type fieldKind struct {
	operators []string
	value     func(text string) (any, error)
}

var (
	textField = fieldKind{[]string{"=", "!=", "~", "!~"}, func(text string) (any, error) { return text, nil }}
	idField   = fieldKind{[]string{"=", "!=", ">", "<", ">=", "<="}, func(text string) (any, error) {
		if !isID(text) {
			return nil, fmt.Errorf("write a string of digits such as %q", "542335")
		}
		return strconv.ParseInt(text, 10, 64)
	}}
	dateField = fieldKind{idField.operators, func(text string) (any, error) {
		moment, err := parseTimestamp(text)
		if err == nil && moment.IsNull() {
			err = fmt.Errorf("it is empty")
		}
		return moment.Unix(), err
	}}
	tagField = fieldKind{[]string{"="}, func(text string) (any, error) { return []helpcrunch.Tag{{Name: text}}, nil }}
)

// searchFields are the fields that can be searched, by our names.
var searchFields = map[string]struct {
	name string // the API's
	kind fieldKind
}{
	"id":           {"customers.id", idField},
	"name":         {"customers.name", textField},
	"email":        {"customers.email", textField},
	"user_id":      {"customers.userId", textField},
	"company":      {"customers.company", textField},
	"phone":        {"customers.phone", textField},
	"country_code": {"customers.countryCode", textField},
	"region_code":  {"customers.regionCode", textField},
	"city":         {"customers.city", textField},
	"last_seen":    {"customers.lastSeen", dateField},
	"tag":          {"customers.tagsData", tagField},
	"telegram_id":  {"customers.telegramId", textField},
	"facebook_id":  {"customers.facebookId", textField},
	"instagram_id": {"customers.instagramId", textField},
	"viber_id":     {"customers.viberId", textField},
	"whatsapp_id":  {"customers.whatsappId", textField},
}

var (
	matches = map[string]bool{"all": false, "any": true} // whether one filter is enough
	sorts   = map[string]string{"first_seen": "customers.firstSeen", "last_seen": "customers.lastSeen"}
	orders  = []string{"asc", "desc"}
)

// The descriptions that data source and list resource share.
var (
	filterDescription   = "Conditions such as `[{ field = \"tag\", operator = \"=\", value = \"vip\" }]`. None, or left out: every customer."
	fieldDescription    = fmt.Sprintf("What to compare: %s, such as `\"email\"`.", inCode(slices.Sorted(maps.Keys(searchFields))))
	operatorDescription = "How to compare: `=` for every field; `!=` for all but `tag`; `~` (contains) and `!~` (does not contain) for text; `>`, `<`, `>=` and `<=` for `id` and `last_seen`."
	valueDescription    = "What to compare with, such as `\"vip\"`: for `last_seen` UNIX seconds or RFC 3339, for `tag` the name of a tag."
	matchDescription    = "Whether `\"all\"` filters have to fit or `\"any\"` is enough. Default `\"all\"`."
	sortDescription     = "What to sort by: `\"first_seen\"` or `\"last_seen\"`. Left out, HelpCrunch decides."
	orderDescription    = "The order of the sort: `\"asc\"` or `\"desc\"`. Left out, HelpCrunch decides."
)

// problems are the faults of what is known of a search.
func (m *searchModel) problems() diag.Diagnostics {
	var diags diag.Diagnostics
	refuse := func(at path.Path, value types.String, allowed []string, what string) {
		if !value.IsNull() && !value.IsUnknown() && !slices.Contains(allowed, value.ValueString()) {
			diags.AddAttributeError(at, "Not a search that HelpCrunch knows", fmt.Sprintf("%s is %s.", what, quoted(allowed)))
		}
	}
	for i, filter := range m.Filter {
		at := path.Root("filter").AtListIndex(i)
		refuse(at.AtName("field"), filter.Field, slices.Sorted(maps.Keys(searchFields)), "field")
		field, ok := searchFields[filter.Field.ValueString()]
		if !ok {
			continue
		}
		refuse(at.AtName("operator"), filter.Operator, field.kind.operators, "The operator for "+filter.Field.ValueString())
		if filter.Value.IsUnknown() {
			continue
		}
		if _, err := field.kind.value(filter.Value.ValueString()); err != nil {
			diags.AddAttributeError(at.AtName("value"), "Not a value for this field",
				fmt.Sprintf("The value for %s does not fit: %s.", filter.Field.ValueString(), err))
		}
	}
	refuse(path.Root("match"), m.Match, slices.Sorted(maps.Keys(matches)), "match")
	refuse(path.Root("sort"), m.Sort, slices.Sorted(maps.Keys(sorts)), "sort")
	refuse(path.Root("order"), m.Order, orders, "order")
	return diags
}

// search is the search in the API's terms. The model has no problems.
func (m *searchModel) search(most int64) helpcrunch.Search {
	search := helpcrunch.Search{
		Any:   matches[m.Match.ValueString()],
		Sort:  sorts[m.Sort.ValueString()],
		Order: m.Order.ValueString(),
		Most:  int(most),
	}
	for _, filter := range m.Filter {
		field := searchFields[filter.Field.ValueString()]
		value, _ := field.kind.value(filter.Value.ValueString())
		search.Filters = append(search.Filters, helpcrunch.Filter{Field: field.name, Operator: filter.Operator.ValueString(), Value: value})
	}
	return search
}

// inCode lists words as documentation does.
func inCode(words []string) string {
	return "`\"" + strings.Join(words, "\"`, `\"") + "\"`"
}
