// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// memory is what the provider remembers of a resource beside its attributes,
// in Terraform's private state: a key for each field that is not zero. What
// every customer has is kept short: Terraform writes the whole state after each
// change, so that a hundred bytes for each of 1,000 customers cost it a tenth
// of an apply.
type memory struct {
	// Import is how far an import has come, "" where the customer was created.
	Import importStage
	// Keyed is the attribute by which an import has found the customer, "" for the id,
	// until an update has succeeded, or a search has shown it that was not of that
	// time. KeyedAt is when that was, in UNIX seconds.
	Keyed   string
	KeyedAt int64
	// Unsubscribed is what the last answer said, for the warning before
	// somebody is subscribed again. It is known also where it is not managed.
	Unsubscribed bool
	// Blocked is the same of an import until an update has succeeded, null where it is
	// not known: an import stores neither of the two, and writing them as they are
	// sends nothing.
	Blocked *bool
	// Empty are the attributes that an import found empty, until an update has
	// succeeded: those are not stored either, and to keep them empty sends nothing.
	Empty []string
	// Beside are the custom properties that an import left where they are, until an
	// update has succeeded: of all others that it does not know there are none.
	Beside []string
	// TwinsEmptied is whether custom_data_wo is planned to have no property.
	TwinsEmptied bool
	// Gone is whether the last refresh has found nobody, and the customer was left
	// in the state all the same.
	Gone bool
	// Lost is what an account cleared and could not be put back yet, sealed by
	// the client.
	Lost [][]byte
	// Written are the names in the tags that the configuration had last, nil
	// where that is not known. A refresh reads those of others as well.
	Written []string
	// TagStays is whether the plan of a deletion found that another resource
	// has the tag.
	TagStays bool
	// WrittenAt is when we last wrote the customer, in UNIX seconds.
	WrittenAt int64
	// Tags and Properties are the names that HelpCrunch spells otherwise than
	// Terraform has them, by their normal form: what goes back goes under the
	// name that is there, or it would be another.
	Tags, Properties map[string]string
	// Asked is whether a plan has asked to delete the customer. Terraform asks
	// for none where it replaces one.
	Asked bool

	// present is whether there was any memory.
	present bool
}

// The values of origin: where a customer comes from.
const (
	originCreated  = "created"
	originImported = "imported"
	originAdopted  = "adopted"
)

// origin is where the customer comes from. It stands in the state itself, for
// Terraform hands over no private state where a tainted customer is replaced. In
// a state of an older version it does not stand: what was created has a memory
// without the mark of an import. One without a memory was written by hand, or
// is tainted: it counts as imported, for somebody may have been there before.
func (m *memory) origin(stated types.String) types.String {
	switch {
	case stated.ValueString() != "":
		return stated
	case m.present && m.Import == "":
		return types.StringValue(originCreated)
	}
	return types.StringValue(originImported)
}

// keepOrigin sees to it that a memory, which is written now, does not tell
// another origin than there was. Whether an update has succeeded since an import
// of which there is no memory nobody knows: what the configuration leaves out
// may never have been in it, and is let go.
func (m *memory) keepOrigin(stated types.String) {
	switch {
	case m.Import != "" || m.origin(stated).ValueString() != originImported:
	case m.present:
		m.Import = importSettled
	default:
		m.Import = importRead
	}
}

// keys are the fields by their keys in the private state.
func (m *memory) keys() map[string]any {
	return map[string]any{"import": &m.Import, "keyed": &m.Keyed, "ka": &m.KeyedAt, "unsubscribed": &m.Unsubscribed, "lost": &m.Lost, "w": &m.WrittenAt, "tags": &m.Tags, "properties": &m.Properties, "asked": &m.Asked, "blocked": &m.Blocked, "empty": &m.Empty, "beside": &m.Beside, "gone": &m.Gone, "emptied": &m.TwinsEmptied, "t": &m.Written, "stays": &m.TagStays}
}

// formerKeys are those of older versions: when the customer was read, and whether
// there were properties that are not managed. They stay where they are, and tell
// that there was a memory.
var formerKeys = []string{"r", "others"}

// searchLag is for how long after a write a search is not believed that differs from it.
const searchLag = 10 * time.Minute

// saw takes down what the answer to a read says about what is not managed. What
// is as before is written as before: a refresh with nothing to do leaves the
// state alone.
func (m *memory) saw(customer *helpcrunch.Customer, managed *customerModel) {
	m.Unsubscribed, m.Blocked, m.Empty, m.Beside, m.Gone = customer.Unsubscribed, nil, nil, nil, false
	if m.Import == importRead {
		m.Blocked = &customer.Blocked
		for _, text := range textAttributes {
			if text.normal(text.held(customer)) == "" {
				m.Empty = append(m.Empty, text.name)
			}
		}
		if len(customer.Tags) == 0 {
			m.Empty = append(m.Empty, "tags")
		}
		elements, _ := (customData{managed.CustomData}).elements()
		digests := managed.digests(nil)
		for name, value := range customer.CustomData.Named() {
			if elements[name] == nil && !digests.has(placeOf(name)) && !value.IsEmpty() {
				m.Beside = append(m.Beside, name)
			}
		}
		slices.Sort(m.Beside)
	}
	m.Tags, m.Properties = tagSpellings(managed.Tags, customer.Tags), customer.CustomData.Spellings()
}

// wrote is saw for the answer to a write.
func (m *memory) wrote(customer *helpcrunch.Customer, managed *customerModel) {
	m.saw(customer, managed)
	m.WrittenAt = time.Now().Unix()
}

// imported is the state with what the import saw and does not store, as far as the
// configuration asks for it.
func (m *memory) imported(state, config *customerModel) *customerModel {
	if m.Import != importRead || m.Blocked == nil {
		return state
	}
	known := *state
	if known.Unsubscribed.IsNull() {
		known.Unsubscribed = types.BoolValue(m.Unsubscribed)
	}
	if known.Blocked.IsNull() {
		known.Blocked = types.BoolPointerValue(m.Blocked)
	}
	for _, text := range textAttributes {
		if text.of(&known).IsNull() && slices.Contains(m.Empty, text.name) {
			*text.of(&known) = types.StringValue("")
		}
	}
	if known.Tags.IsNull() && slices.Contains(m.Empty, "tags") {
		known.Tags = types.SetValueMust(tagType, nil)
	}
	digests := state.digests(nil)
	for _, written := range []types.Dynamic{config.CustomData, config.CustomDataWO} {
		elements, _ := customData{written}.elements()
		for name := range elements {
			if !digests.has(placeOf(name)) && !slices.Contains(m.Beside, name) {
				known.CustomData = customData{known.CustomData}.with(name, customDataObject(map[string]attr.Value{name: types.StringNull()}))
			}
		}
	}
	return &known
}

// spelled are the changes under the names that HelpCrunch has.
func (m *memory) spelled(changes helpcrunch.Changes) helpcrunch.Changes {
	changes.CustomData = changes.CustomData.Spelled(m.Properties)
	for i, tag := range changes.Tags {
		changes.Tags[i].Name = m.spelledTag(tag.Name)
	}
	return changes
}

// tagsTakenOut are the names of the tags, as HelpCrunch has them, that a line
// had written which the plan takes out. What an import found is let go.
func (m *memory) tagsTakenOut(plan, state types.Set) []string {
	if !plan.IsNull() || m.Import == importRead {
		return nil
	}
	names := writtenTags(state, m.Written)
	for i, name := range names {
		names[i] = m.spelledTag(name)
	}
	return names
}

func (m *memory) spelledTag(name string) string {
	if spelling, ok := m.Tags[helpcrunch.NormalTag(name)]; ok {
		return spelling
	}
	return name
}

// tagSpellings are the names of tags that HelpCrunch spells otherwise than the
// set, or otherwise than their normal form, by that form; nil for none. Of tags
// that differ in nothing else each is under its own name already.
func tagSpellings(tags types.Set, held []helpcrunch.Tag) map[string]string {
	var spellings map[string]string
	meet := make(map[string]int)
	for _, tag := range tagsOf(tags) {
		normal, spelling := helpcrunch.NormalTag(tag.Name), helpcrunch.SpellTag(tag.Name, held)
		meet[normal]++
		if spelling != normal || spelling != tag.Name {
			if spellings == nil {
				spellings = make(map[string]string)
			}
			spellings[normal] = spelling
		}
		if meet[normal] > 1 {
			delete(spellings, normal)
		}
	}
	if len(spellings) == 0 {
		return nil
	}
	return spellings
}

// withinSearchLag reports whether a moment in UNIX seconds is no longer ago than a
// search may lag. One in the future is of a clock that was wrong.
func withinSearchLag(moment int64) bool {
	ago := time.Since(time.Unix(moment, 0))
	return ago >= 0 && ago <= searchLag
}

// importStage is how far an import has come.
type importStage string

const (
	// importFound: the id is known, the attributes come with the next read.
	importFound importStage = "found"
	// importRead: what the configuration leaves out is let go, not cleared,
	// until an update has succeeded.
	importRead importStage = "read"
	// importSettled: an update has succeeded since. A destroy still spares the customer.
	importSettled importStage = "settled"
)

// privateReader and privateWriter are the two sides of Terraform's private state.
type (
	privateReader interface {
		GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	}
	privateWriter interface {
		SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
	}
)

// readMemory is the zero memory where none was written.
func readMemory(ctx context.Context, private privateReader, diags *diag.Diagnostics) memory {
	var m memory
	for _, key := range formerKeys {
		data, d := private.GetKey(ctx, key)
		diags.Append(d...)
		m.present = m.present || len(data) > 0
	}
	for key, field := range m.keys() {
		data, d := private.GetKey(ctx, key)
		diags.Append(d...)
		if len(data) == 0 {
			continue
		}
		m.present = m.present || key != "asked" && key != "emptied" // which a plan writes, whatever there was
		if err := json.Unmarshal(data, field); err != nil {
			diags.AddError("Unreadable private state", "The private state of the resource cannot be read: "+err.Error()+
				". Remove the resource from the state and import it again.")
		}
	}
	return m
}

func (m memory) write(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	for key, field := range m.keys() {
		var data []byte // none takes the key away
		if !reflect.ValueOf(field).Elem().IsZero() {
			var err error
			if data, err = json.Marshal(field); err != nil {
				diags.AddError("Private state cannot be written", err.Error())
			}
		}
		diags.Append(private.SetKey(ctx, key, data)...)
	}
}
