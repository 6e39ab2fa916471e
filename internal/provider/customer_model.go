// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// customerModel is a helpcrunch_customer in Terraform. An attribute that is
// null is not managed; "" is managed and kept empty, which is null in the API.
type customerModel struct {
	ID             types.String   `tfsdk:"id"`
	Origin         types.String   `tfsdk:"origin"`
	Organization   types.String   `tfsdk:"organization"`
	Name           types.String   `tfsdk:"name"`
	Email          types.String   `tfsdk:"email"`
	UserID         types.String   `tfsdk:"user_id"`
	Company        types.String   `tfsdk:"company"`
	Phone          types.String   `tfsdk:"phone"`
	Notes          types.String   `tfsdk:"notes"`
	Locale         types.String   `tfsdk:"locale"`
	Source         types.String   `tfsdk:"source"`
	Referer        types.String   `tfsdk:"referer"`
	LastPage       types.String   `tfsdk:"last_page"`
	CreatedFrom    types.String   `tfsdk:"created_from"`
	IntegrationID  types.String   `tfsdk:"integration_id"`
	FirstSeen      types.String   `tfsdk:"first_seen"`
	LastSeen       types.String   `tfsdk:"last_seen"`
	Unsubscribed   types.Bool     `tfsdk:"unsubscribed"`
	Blocked        types.Bool     `tfsdk:"blocked"`
	Tags           types.Set      `tfsdk:"tags"`
	CustomData     types.Dynamic  `tfsdk:"custom_data"`
	DeletionPolicy types.String   `tfsdk:"deletion_policy"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

func (m *customerModel) key() string             { return m.ID.ValueString() }
func (m *customerModel) belongsTo() types.String { return m.Organization }
func (m *customerModel) limits() timeouts.Value  { return m.Timeouts }

func (m *customerModel) customer(diags *diag.Diagnostics) int64 {
	if m.ID.IsUnknown() {
		return 0
	}
	return parseID(m.ID.ValueString(), diags)
}

// stringAttribute ties an attribute to its field of the API.
type stringAttribute struct {
	name     string
	field    *helpcrunch.StringField
	of       func(*customerModel) *types.String
	imported bool // an import stores it
}

var stringAttributes = []stringAttribute{
	{"name", helpcrunch.Name, func(m *customerModel) *types.String { return &m.Name }, true},
	{"email", helpcrunch.Email, func(m *customerModel) *types.String { return &m.Email }, true},
	{"user_id", helpcrunch.UserID, func(m *customerModel) *types.String { return &m.UserID }, true},
	{"company", helpcrunch.Company, func(m *customerModel) *types.String { return &m.Company }, true},
	{"phone", helpcrunch.Phone, func(m *customerModel) *types.String { return &m.Phone }, true},
	{"notes", helpcrunch.Notes, func(m *customerModel) *types.String { return &m.Notes }, true},
	{"locale", helpcrunch.Locale, func(m *customerModel) *types.String { return &m.Locale }, true},
	{"source", helpcrunch.Source, func(m *customerModel) *types.String { return &m.Source }, false},
	{"referer", helpcrunch.Referer, func(m *customerModel) *types.String { return &m.Referer }, false},
	{"last_page", helpcrunch.LastPage, func(m *customerModel) *types.String { return &m.LastPage }, false},
	{"created_from", helpcrunch.CreatedFrom, func(m *customerModel) *types.String { return &m.CreatedFrom }, false},
	{"integration_id", helpcrunch.IntegrationID, func(m *customerModel) *types.String { return &m.IntegrationID }, false},
}

// timestampAttribute ties an attribute to its field of the API.
type timestampAttribute struct {
	name  string
	field string
	of    func(*customerModel) *types.String
	sent  func(*helpcrunch.Changes) *helpcrunch.Optional[helpcrunch.Timestamp]
	held  func(*helpcrunch.Customer) helpcrunch.Timestamp
}

var timestampAttributes = []timestampAttribute{
	{
		"first_seen", "firstSeen",
		func(m *customerModel) *types.String { return &m.FirstSeen },
		func(c *helpcrunch.Changes) *helpcrunch.Optional[helpcrunch.Timestamp] { return &c.FirstSeen },
		func(c *helpcrunch.Customer) helpcrunch.Timestamp { return c.FirstSeen },
	},
	{
		"last_seen", "lastSeen",
		func(m *customerModel) *types.String { return &m.LastSeen },
		func(c *helpcrunch.Changes) *helpcrunch.Optional[helpcrunch.Timestamp] { return &c.LastSeen },
		func(c *helpcrunch.Customer) helpcrunch.Timestamp { return c.LastSeen },
	},
}

// boolAttribute ties an attribute to its field of the API.
type boolAttribute struct {
	name string // in the API as well
	of   func(*customerModel) *types.Bool
	sent func(*helpcrunch.Changes) *helpcrunch.Optional[bool]
	held func(*helpcrunch.Customer) bool
}

var boolAttributes = []boolAttribute{
	{
		"unsubscribed",
		func(m *customerModel) *types.Bool { return &m.Unsubscribed },
		func(c *helpcrunch.Changes) *helpcrunch.Optional[bool] { return &c.Unsubscribed },
		func(c *helpcrunch.Customer) bool { return c.Unsubscribed },
	},
	{
		"blocked",
		func(m *customerModel) *types.Bool { return &m.Blocked },
		func(c *helpcrunch.Changes) *helpcrunch.Optional[bool] { return &c.Blocked },
		func(c *helpcrunch.Customer) bool { return c.Blocked },
	},
}

// changes are what turns a customer as in prior into one as in m. Both are
// wholly known.
//
// A line taken out is cleared; with letGo, what an import found and the
// configuration never mentioned, it is only forgotten. The tags of a line taken
// out are no change: others may have given them (writtenTags).
func (m *customerModel) changes(prior *customerModel, letGo bool) helpcrunch.Changes {
	var changes helpcrunch.Changes
	for _, a := range stringAttributes {
		plan, state, sent := *a.of(m), *a.of(prior), a.field.Sent(&changes)
		switch {
		case plan.IsNull():
			if a.field.Normal(state.ValueString()) != "" && !letGo {
				*sent = helpcrunch.None[string]()
			}
		case !state.IsNull() && a.field.Same(plan.ValueString(), state.ValueString()):
		case a.field.Normal(plan.ValueString()) == "":
			*sent = helpcrunch.None[string]()
		default:
			*sent = helpcrunch.Some(plan.ValueString())
		}
	}
	for _, a := range timestampAttributes {
		plan, state, sent := *a.of(m), *a.of(prior), a.sent(&changes)
		switch {
		case plan.IsNull():
			if state.ValueString() != "" && !letGo {
				*sent = helpcrunch.None[helpcrunch.Timestamp]()
			}
		case !state.IsNull() && normalTimestamp(plan.ValueString()) == normalTimestamp(state.ValueString()):
		case plan.ValueString() == "":
			*sent = helpcrunch.None[helpcrunch.Timestamp]()
		default:
			if moment, err := parseTimestamp(plan.ValueString()); err == nil {
				*sent = helpcrunch.Some(moment)
			}
		}
	}
	for _, a := range boolAttributes {
		if plan := *a.of(m); !plan.IsNull() && !plan.Equal(*a.of(prior)) {
			*a.sent(&changes) = helpcrunch.Some(plan.ValueBool())
		}
	}
	if !m.Tags.IsNull() && !sameTags(m.Tags, prior.Tags) {
		changes.Tags = tagsOf(m.Tags)
	}
	changes.CustomData = customData{m.CustomData}.changes(customData{prior.CustomData}, letGo)
	return changes
}

// changes are the properties to write. Only those that mean something else now.
func (v customData) changes(prior customData, letGo bool) helpcrunch.CustomData {
	changes := helpcrunch.CustomData{}
	planned, known := v.properties(), prior.properties()
	for name, value := range planned {
		state, managed := known[name]
		switch {
		case managed && value.Equal(state):
		case value.IsEmpty():
			changes[name] = helpcrunch.Value{} // "" is sent as null, like everywhere
		default:
			changes[name] = value
		}
	}
	for name, state := range known {
		if _, managed := planned[name]; !managed && !state.IsEmpty() && !letGo {
			changes[name] = helpcrunch.Value{}
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return changes
}

// removed names what prior manages and holds and m leaves out: the lines taken out.
func (m *customerModel) removed(prior *customerModel) []string {
	var names []string
	for _, a := range stringAttributes {
		if a.of(m).IsNull() && a.field.Normal(a.of(prior).ValueString()) != "" {
			names = append(names, a.name)
		}
	}
	if m.Tags.IsNull() && len(prior.Tags.Elements()) > 0 {
		names = append(names, "tags")
	}
	if planned := (customData{m.CustomData}); !planned.isUnknown() {
		elements, _ := planned.elements()
		for name, value := range (customData{prior.CustomData}).properties() {
			if _, managed := elements[name]; !managed && !value.IsEmpty() {
				names = append(names, "custom_data."+name)
			}
		}
	}
	return names
}

// refresh makes the managed attributes what HelpCrunch holds. What means the
// same keeps its form; what is not managed stays null.
func (m *customerModel) refresh(held *helpcrunch.Customer) {
	m.ID = types.StringValue(strconv.FormatInt(held.ID, 10))
	for _, a := range stringAttributes {
		a.refresh(m, held)
	}
	for _, a := range timestampAttributes {
		a.refresh(m, held)
	}
	for _, a := range boolAttributes {
		a.refresh(m, held)
	}
	m.Tags = foldTags(m.Tags, held.Tags)
	if custom := (customData{m.CustomData}); !custom.isNull() {
		m.CustomData = custom.fold(held.CustomData)
	}
}

// agrees reports whether a refresh would change nothing.
func (m *customerModel) agrees(held *helpcrunch.Customer) bool {
	refreshed := *m
	refreshed.refresh(held)
	for _, a := range stringAttributes {
		if !a.of(m).Equal(*a.of(&refreshed)) {
			return false
		}
	}
	for _, a := range timestampAttributes {
		if !a.of(m).Equal(*a.of(&refreshed)) {
			return false
		}
	}
	for _, a := range boolAttributes {
		if !a.of(m).Equal(*a.of(&refreshed)) {
			return false
		}
	}
	return m.Tags.Equal(refreshed.Tags) && m.CustomData.Equal(refreshed.CustomData)
}

func (a stringAttribute) refresh(m *customerModel, held *helpcrunch.Customer) {
	state, text := a.of(m), ""
	if held := *a.field.Held(held); held != nil {
		text = *held
	}
	if !state.IsNull() && !a.field.Same(state.ValueString(), text) {
		*state = textOf(text)
	}
}

func (a timestampAttribute) refresh(m *customerModel, held *helpcrunch.Customer) {
	state, answer := a.of(m), a.held(held).String()
	if !state.IsNull() && normalTimestamp(state.ValueString()) != answer {
		*state = types.StringValue(answer)
	}
}

func (a boolAttribute) refresh(m *customerModel, held *helpcrunch.Customer) {
	if state := a.of(m); !state.IsNull() {
		*state = types.BoolValue(a.held(held))
	}
}

// textOf is a text as Terraform keeps it, whatever form HelpCrunch has it in.
func textOf(text string) types.String { return types.StringValue(norm.NFC.String(text)) }

// foldTags are the tags as they read when HelpCrunch holds held: those that it
// still has keep their element, for colours are the account's and a tag keeps
// the one that it was written with.
func foldTags(tags types.Set, held []helpcrunch.Tag) types.Set {
	if tags.IsNull() || len(held) > maxTags {
		return tags
	}
	holds := make(map[string]bool, len(held))
	for _, tag := range held {
		holds[helpcrunch.NormalTag(tag.Name)] = true
	}
	var elements []attr.Value
	known := make(map[string]bool, len(held))
	for _, element := range tags.Elements() {
		if name := helpcrunch.NormalTag(tagOf(element).Name); holds[name] {
			elements = append(elements, element)
			known[name] = true
		}
	}
	seen := make(map[string]bool) // two names may meet in NFC
	for _, tag := range held {
		name := norm.NFC.String(tag.Name)
		if !known[helpcrunch.NormalTag(name)] && !seen[name] {
			elements = append(elements, tagElement(name))
			seen[name] = true
		}
	}
	return types.SetValueMust(tagType, elements)
}

// adopt makes m what an import stores: the attributes that describe a person,
// as far as they hold something. Whether somebody is subscribed, and what
// moves by itself, stays unmanaged until it is written.
func (m *customerModel) adopt(held *helpcrunch.Customer) {
	m.ID = types.StringValue(strconv.FormatInt(held.ID, 10))
	for _, a := range stringAttributes {
		if text := *a.field.Held(held); a.imported && text != nil && a.field.Normal(*text) != "" {
			*a.of(m) = textOf(*text)
		}
	}
	if n := len(held.Tags); n > 0 && n <= maxTags {
		m.Tags = foldTags(types.SetValueMust(tagType, nil), held.Tags)
	}
	m.CustomData = customDataOf(held.CustomData)
}

// The type of one tag in the set.
var tagType = types.ObjectType{AttrTypes: map[string]attr.Type{"name": types.StringType, "color": types.StringType}}

func tagElement(name string) attr.Value {
	return types.ObjectValueMust(tagType.AttrTypes, map[string]attr.Value{"name": types.StringValue(name), "color": types.StringNull()})
}

// tagOf is a tag as the API has it. What is null or unknown is "".
func tagOf(element attr.Value) helpcrunch.Tag {
	var tag helpcrunch.Tag
	if object, ok := element.(types.Object); ok {
		if name, ok := object.Attributes()["name"].(types.String); ok {
			tag.Name = name.ValueString()
		}
		if color, ok := object.Attributes()["color"].(types.String); ok {
			tag.Color = color.ValueString()
		}
	}
	return tag
}

// tagsOf are the tags of a set, never nil.
func tagsOf(set types.Set) []helpcrunch.Tag {
	tags := make([]helpcrunch.Tag, 0, len(set.Elements()))
	for _, element := range set.Elements() {
		tags = append(tags, tagOf(element))
	}
	return tags
}

// writtenTags are those of the names that the configuration wrote that the
// state has: what a line taken out takes off.
func writtenTags(state types.Set, written []string) []string {
	return slices.DeleteFunc(namesOf(state), func(name string) bool {
		return !slices.ContainsFunc(written, func(other string) bool { return helpcrunch.NormalTag(other) == helpcrunch.NormalTag(name) })
	})
}

// namesOf are the names of a set of tags, never nil.
func namesOf(set types.Set) []string {
	names := make([]string, 0, len(set.Elements()))
	for _, tag := range tagsOf(set) {
		names = append(names, tag.Name)
	}
	return names
}

// sameTags reports whether two known sets have the same names, and no colour
// is asked for in the first that the second does not ask for.
func sameTags(plan, state types.Set) bool {
	if plan.IsNull() || state.IsNull() {
		return plan.IsNull() && state.IsNull()
	}
	type asked struct{ name, color string }
	names := make(map[string]bool)
	colors := make(map[asked]bool)
	for _, tag := range tagsOf(state) {
		name := helpcrunch.NormalTag(tag.Name)
		names[name] = false
		colors[asked{name, normalColor(tag.Color)}] = true
	}
	for _, tag := range tagsOf(plan) {
		name := helpcrunch.NormalTag(tag.Name)
		if _, ok := names[name]; !ok || tag.Color != "" && !colors[asked{name, normalColor(tag.Color)}] {
			return false
		}
		names[name] = true
	}
	for _, planned := range names {
		if !planned {
			return false
		}
	}
	return true
}
