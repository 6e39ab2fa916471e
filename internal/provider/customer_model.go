// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"maps"
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
	AdoptExisting  types.Bool     `tfsdk:"adopt_existing"`
	DeletionPolicy types.String   `tfsdk:"deletion_policy"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`

	// The write-only twins stand in a configuration alone, never in a plan or state.
	NameWO       types.String  `tfsdk:"name_wo"`
	EmailWO      types.String  `tfsdk:"email_wo"`
	PhoneWO      types.String  `tfsdk:"phone_wo"`
	NotesWO      types.String  `tfsdk:"notes_wo"`
	CustomDataWO types.Dynamic `tfsdk:"custom_data_wo"`
	Digests      types.Map     `tfsdk:"digests"` // of what HelpCrunch holds where a twin is managed

	twinsEmptied bool // as in memory
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

// changes are what turns a customer as in state into one as in m, both wholly
// known. config has the values of the write-only twins; which of them are written
// is what the planned digests say.
//
// A line taken out is cleared; with letGo, what an import found and the
// configuration never mentioned, it is only forgotten. So is what ignore_changes
// hides: Terraform shows it when it applies, and did not when it planned. The tags of a line taken out are no change: others may have given
// them (writtenTags).
func (m *customerModel) changes(state, config *customerModel, letGo bool, d *digester) helpcrunch.Changes {
	var changes helpcrunch.Changes
	known, planned := state.digests(d), m.digests(d)
	for _, a := range textAttributes {
		plan, prior := *a.of(m), *a.of(state)
		switch {
		case planned.unknown(a.name):
			a.send(&changes, a.twin(config).ValueString())
		case planned.has(a.name):
		case !plan.IsNull():
			same := !prior.IsNull() && a.same(plan.ValueString(), prior.ValueString())
			if !same && !known.is(a.name, a.normal(plan.ValueString())) {
				a.send(&changes, plan.ValueString())
			}
		case letGo || !a.of(config).IsNull() || a.twin != nil && !a.twin(config).IsNull():
		case a.normal(prior.ValueString()) != "" || known.holds(a.name):
			a.send(&changes, "")
		}
	}
	for _, a := range flagAttributes {
		if plan := *a.of(m); !plan.IsNull() && !plan.Equal(*a.of(state)) {
			*a.sent(&changes) = helpcrunch.Some(plan.ValueBool())
		}
	}
	if !m.Tags.IsNull() && !sameTags(m.Tags, state.Tags) {
		changes.Tags = tagsOf(m.Tags)
	}
	changes.CustomData = m.propertyChanges(state, config, letGo, d)
	return changes
}

// propertyChanges are the properties to write. Only those that mean something else now.
func (m *customerModel) propertyChanges(state, config *customerModel, letGo bool, d *digester) helpcrunch.CustomData {
	changes := helpcrunch.CustomData{}
	write := func(name string, value helpcrunch.Value) {
		if value.IsEmpty() {
			value = helpcrunch.Value{} // "" is sent as null, like everywhere
		}
		changes[name] = value
	}
	known, planned := state.digests(d), m.digests(d)
	written, held := customData{m.CustomData}.properties(), customData{state.CustomData}.properties()
	for name, value := range written {
		before, managed := held[name]
		if !(managed && value.Equal(before)) && !known.is(placeOf(name), value.Forms()...) {
			write(name, value)
		}
	}
	twins := customData{config.CustomDataWO}.properties()
	for name, value := range twins {
		if planned.unknown(placeOf(name)) {
			write(name, value)
		}
	}
	hidden := !(customData{config.CustomDataWO}).isNull() && len(planned.properties()) == 0 && !m.twinsEmptied
	hidden = hidden || !(customData{config.CustomData}).isNull() && (customData{m.CustomData}).isNull()
	if letGo || hidden { // by ignore_changes
		return orNone(changes)
	}
	out := make(map[string]bool)
	for name, before := range held {
		out[name] = !before.IsEmpty()
	}
	for _, name := range known.properties() {
		out[name] = out[name] || known.holds(placeOf(name))
	}
	for name, holds := range out {
		_, managed := written[name]
		_, hidden := twins[name] // that one key of a map
		if holds && !managed && !hidden && !planned.has(placeOf(name)) {
			write(name, helpcrunch.Value{})
		}
	}
	return orNone(changes)
}

func orNone(changes helpcrunch.CustomData) helpcrunch.CustomData {
	if len(changes) == 0 {
		return nil
	}
	return changes
}

// removed names what prior manages and holds and m leaves out: the lines taken out.
func (m *customerModel) removed(prior *customerModel, d *digester) []string {
	var names []string
	known, planned := prior.digests(d), m.digests(d)
	for _, a := range textAttributes {
		if a.of(m).IsNull() && !planned.has(a.name) && !(a.twin != nil && m.Digests.IsUnknown()) && (a.normal(a.of(prior).ValueString()) != "" || known.holds(a.name)) {
			names = append(names, a.name)
		}
	}
	if m.Tags.IsNull() && len(prior.Tags.Elements()) > 0 {
		names = append(names, "tags")
	}
	if written := (customData{m.CustomData}); !written.isUnknown() && !m.Digests.IsUnknown() {
		elements, _ := written.elements()
		held := customData{prior.CustomData}.properties()
		maps.DeleteFunc(held, func(_ string, value helpcrunch.Value) bool { return value.IsEmpty() })
		for _, name := range slices.Concat(slices.Collect(maps.Keys(held)), known.properties()) {
			if _, managed := elements[name]; !managed && !planned.has(placeOf(name)) {
				names = append(names, placeOf(name))
			}
		}
	}
	return names
}

// refresh makes the managed attributes what HelpCrunch holds. What means the
// same keeps its form; what is not managed stays null.
func (m *customerModel) refresh(held *helpcrunch.Customer, a *account) {
	m.ID = types.StringValue(strconv.FormatInt(held.ID, 10))
	digests := m.digests(a.digester)
	for place := range digests.all {
		digests.take(place, held)
	}
	for _, text := range textAttributes {
		text.refresh(m, held, digests, a)
	}
	m.Digests = digests.value()
	for _, flag := range flagAttributes {
		flag.refresh(m, held)
	}
	m.Tags = foldTags(m.Tags, held.Tags)
	if custom := (customData{m.CustomData}); !custom.isNull() {
		m.CustomData = custom.fold(held.CustomData)
	}
}

// agrees reports whether a refresh would change nothing.
func (m *customerModel) agrees(held *helpcrunch.Customer, a *account) bool {
	refreshed := *m
	refreshed.refresh(held, a)
	for _, text := range textAttributes {
		if !text.of(m).Equal(*text.of(&refreshed)) {
			return false
		}
	}
	for _, flag := range flagAttributes {
		if !flag.of(m).Equal(*flag.of(&refreshed)) {
			return false
		}
	}
	before, after := m.digests(a.digester), refreshed.digests(a.digester)
	for place, digest := range before.all {
		if before.ours(place) && !digest.Equal(after.all[place]) {
			return false
		}
	}
	return m.Tags.Equal(refreshed.Tags) && m.CustomData.Equal(refreshed.CustomData)
}

// keeps reports whether the customer still holds what the state, or its digest, has of
// this text attribute. Of a digest of another API key nobody can tell.
func (m *customerModel) keeps(attribute string, held *helpcrunch.Customer, a *account) bool {
	refreshed := *m
	refreshed.refresh(held, a)
	for _, text := range textAttributes {
		if text.name == attribute && !text.of(m).Equal(*text.of(&refreshed)) {
			return false
		}
	}
	return m.digests(a.digester).all[attribute].Equal(refreshed.digests(a.digester).all[attribute])
}

// refresh takes over what HelpCrunch holds, where it is something else. Where
// personal data is kept out of the state, no new value comes in.
func (a textAttribute) refresh(m *customerModel, held *helpcrunch.Customer, digests digests, of *account) {
	state := a.of(m)
	switch {
	case state.IsNull() || a.same(state.ValueString(), a.held(held)):
	case a.twin != nil && !of.personalDataInState:
		*state = types.StringNull()
		digests.take(a.name, held)
	default:
		*state = textOf(a.held(held))
	}
}

func (a flagAttribute) refresh(m *customerModel, held *helpcrunch.Customer) {
	if state := a.of(m); !state.IsNull() {
		*state = types.BoolValue(a.held(held))
	}
}

// correct sets the attribute of an API field to what HelpCrunch holds. One
// that was to be cleared, and was not, is managed as before, so that the next
// plan clears it again.
func (m *customerModel) correct(field string, state *customerModel, held *helpcrunch.Customer, a *account) {
	known, digests := state.digests(a.digester), m.digests(a.digester)
	restore := func(place string) {
		if known.has(place) && !digests.has(place) {
			digests.take(place, held)
		}
	}
	for _, text := range textAttributes {
		if text.field == field {
			if text.of(m).IsNull() && !digests.has(text.name) {
				*text.of(m) = *text.of(state)
				restore(text.name)
			}
			text.refresh(m, held, digests, a)
		}
	}
	for _, flag := range flagAttributes {
		if flag.name == field {
			flag.refresh(m, held)
		}
	}
	if field == "tags" {
		m.Tags = foldTags(m.Tags, held.Tags)
	}
	if property, ok := propertyOf(field); ok {
		property = norm.NFC.String(property)
		if custom := (customData{customData{m.CustomData}.with(property, state.CustomData)}); !digests.has(placeOf(property)) && !custom.isNull() {
			m.CustomData = custom.fold(held.CustomData)
		}
		if elements, _ := (customData{m.CustomData}).elements(); elements[property] == nil {
			restore(placeOf(property))
		}
	}
	m.Digests = digests.value()
}

// attributeOf is the attribute, or its twin, that an API field is written with.
func (m *customerModel) attributeOf(field string) string {
	attribute := attributeOf(field)
	place := attribute
	if property, ok := propertyOf(field); ok {
		place = placeOf(norm.NFC.String(property))
	} else if attribute == "custom_data" && m.CustomData.IsNull() && len(m.digests(nil).properties()) > 0 {
		return twinOf(attribute)
	}
	if m.digests(nil).has(place) {
		return twinOf(attribute)
	}
	return attribute
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
// moves by itself, stays unmanaged until it is written. Where personal data is
// kept out of the state, digests of it are stored.
func (m *customerModel) adopt(held *helpcrunch.Customer, a *account) {
	m.ID = types.StringValue(strconv.FormatInt(held.ID, 10))
	digests := m.digests(a.digester)
	for _, text := range textAttributes {
		switch value := text.held(held); {
		case !text.imported || text.normal(value) == "":
		case text.twin != nil && !a.personalDataInState:
			digests.take(text.name, held)
		default:
			*text.of(m) = textOf(value)
		}
	}
	if n := len(held.Tags); n > 0 && n <= maxTags {
		m.Tags = foldTags(types.SetValueMust(tagType, nil), held.Tags)
	}
	m.CustomData = customDataOf(held.CustomData)
	if elements, _ := (customData{m.CustomData}).elements(); !a.personalDataInState {
		for name := range elements {
			digests.take(placeOf(name), held)
		}
		m.CustomData = types.DynamicNull()
	}
	m.Digests = digests.value()
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
