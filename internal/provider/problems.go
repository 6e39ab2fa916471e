// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/mazznoer/csscolorparser"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// The values of deletion_policy.
const (
	deletionDelete  = "delete"
	deletionAbandon = "abandon"
	deletionPrevent = "prevent"
)

var deletionPolicies = []string{deletionDelete, deletionAbandon, deletionPrevent}

// problems are the faults of what is known of a configuration. They are looked
// for when Terraform validates and plans, and again before a request, for
// values that were unknown until then. No configured value is repeated: it may
// be marked as sensitive.
func (m *customerModel) problems() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, a := range textAttributes {
		if a.check != nil {
			if err := a.check(a.of(m).ValueString()); err != nil {
				diags.AddAttributeError(path.Root(a.name), "Not a timestamp",
					fmt.Sprintf("The value of %s cannot be read as a moment: %s.", a.name, err))
			}
		}
		if a.twin != nil {
			diags.Append(onlyOne(a.name, *a.of(m), *a.twin(m))...)
		}
	}
	if m.AdoptExisting.ValueBool() && !m.UserID.IsUnknown() && helpcrunch.UserID.Normal(m.UserID.ValueString()) == "" {
		diags.AddAttributeError(path.Root("adopt_existing"), "Nobody to adopt",
			"adopt_existing takes over the customer who has the user_id, and there is none: write user_id, or take adopt_existing out.")
	}
	diags.Append(tagProblems(m.Tags)...)
	diags.Append(onlyOne("custom_data", m.CustomData, m.CustomDataWO)...)
	diags.Append(customData{m.CustomData}.problems("custom_data")...)
	diags.Append(customData{m.CustomDataWO}.problems(twinOf("custom_data"))...)
	if policy := m.DeletionPolicy; !policy.IsNull() && !policy.IsUnknown() && !slices.Contains(deletionPolicies, policy.ValueString()) {
		diags.AddAttributeError(path.Root("deletion_policy"), "Unknown deletion policy",
			fmt.Sprintf("deletion_policy is one of %s.", quoted(deletionPolicies)))
	}
	return diags
}

// onlyOne refuses an attribute beside its write-only twin.
func onlyOne(name string, plain, twin attr.Value) diag.Diagnostics {
	for _, value := range []attr.Value{plain, twin} {
		custom, _ := value.(types.Dynamic)
		if value.IsNull() || value.IsUnknown() || custom.IsUnderlyingValueNull() || custom.IsUnderlyingValueUnknown() {
			return nil
		}
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root(twinOf(name)), "An attribute and its write-only twin",
		fmt.Sprintf("%s and %s are one field of a customer. Write one of the two: %[1]s keeps the value in the state, %[2]s keeps a digest.", name, twinOf(name)))}
}

// twinOf is the name of the write-only twin of an attribute.
func twinOf(name string) string { return name + "_wo" }

func tagProblems(tags types.Set) diag.Diagnostics {
	var diags diag.Diagnostics
	seen := make(map[string]bool)
	for _, element := range tags.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() {
			continue
		}
		if name, ok := object.Attributes()["name"].(types.String); ok && !name.IsUnknown() {
			text := name.ValueString()
			if text == "" {
				diags.AddAttributeError(path.Root("tags"), "A tag without a name", "Every tag needs a name. To take all tags off, write tags = [].")
			} else if seen[text] {
				diags.AddAttributeError(path.Root("tags"), "One tag twice",
					fmt.Sprintf("Two tags have the same name but different colours. A tag has one colour in the whole account: keep one of the two that are called %s.", quotedTag(text)))
			}
			seen[text] = true
		}
		if shade, ok := object.Attributes()["color"].(types.String); ok {
			warnOfColor(&diags, path.Root("tags"), shade)
		}
	}
	return diags
}

// tagsAlike refuses two tags that differ only in case or outer white space,
// unless held, the tags of the state, has them both: then HelpCrunch tells them
// apart, as far as this customer goes.
func tagsAlike(tags, held types.Set) diag.Diagnostics {
	var diags diag.Diagnostics
	holds := make(map[string]bool)
	for _, tag := range tagsOf(held) {
		holds[tag.Name] = true
	}
	seen := make(map[string]string)
	for _, tag := range tagsOf(tags) {
		alike := strings.ToLower(helpcrunch.NormalTag(tag.Name))
		other, ok := seen[alike]
		if ok && tag.Name != other && !(holds[tag.Name] && holds[other]) {
			diags.AddAttributeError(path.Root("tags"), "One tag twice",
				fmt.Sprintf("Two tags differ only in upper and lower case, or in white space around them. HelpCrunch may take them for one tag: keep one of %s and %s.", quotedTag(other), quotedTag(tag.Name)))
		}
		seen[alike] = tag.Name
	}
	return diags
}

// quotedTag is the name of a tag as an error shows it, white space included.
func quotedTag(name string) string {
	if len(name) > 100 {
		name = helpcrunch.OneLine(name, 100)
	}
	return fmt.Sprintf("%q", name)
}

func warnOfColor(diags *diag.Diagnostics, at path.Path, shade types.String) {
	if shade.IsNull() || shade.IsUnknown() {
		return
	}
	if _, err := csscolorparser.Parse(shade.ValueString()); err != nil {
		diags.AddAttributeWarning(at, "Not a CSS colour",
			"The color of a tag cannot be read as a CSS colour such as red, #f00 or rgb(255, 0, 0). "+
				"It is sent as it is, and HelpCrunch may refuse or replace it.")
	}
}

// problems names the properties that HelpCrunch cannot hold.
func (v customData) problems(attribute string) diag.Diagnostics {
	var diags diag.Diagnostics
	elements, ok := v.elements()
	if !ok {
		diags.AddAttributeError(path.Root(attribute), "Custom data is not an object",
			attribute+` is an object or a map of strings, numbers, bools and nulls, such as { plan = "gold", seats = 12 }.`)
		return diags
	}
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		if name == "" {
			diags.AddAttributeError(path.Root(attribute), "A custom property without a name",
				"The name of a custom property is empty. Write it as in HelpCrunch under Settings > Contacts > Custom attributes.")
		}
		element := elements[name]
		if element.IsUnknown() {
			continue
		}
		if _, ok := propertyValue(element); !ok {
			diags.AddAttributeError(path.Root(attribute), "A custom property of a wrong kind",
				fmt.Sprintf("The property %q of %s is %s. HelpCrunch holds strings, numbers, bools and nulls there. "+
					"To store structured data as text, wrap it in jsonencode().", name, attribute, kindOf(element)))
		}
	}
	return diags
}

func kindOf(element attr.Value) string {
	switch element.(type) {
	case types.List, types.Tuple, types.Set:
		return "a list"
	case types.Object, types.Map:
		return "an object"
	case types.Number:
		return "a number too large, or too near to zero, to be kept"
	}
	return "not a plain value"
}

// quoted lists words as a sentence does.
func quoted(words []string) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = fmt.Sprintf("%q", word)
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// unstuckDetail says what became of a field that was sent and did not stick.
func unstuckDetail(field, attribute string, held *helpcrunch.Customer) (summary, detail string) {
	what := "value of " + attribute
	settle := "write it in that form to settle the difference."
	if property, ok := propertyOf(field); ok {
		what = fmt.Sprintf("property %q of %s", property, attribute)
		if _, present := held.CustomData[property]; !present {
			return "HelpCrunch did not take a custom property", fmt.Sprintf(
				"The %s was sent to customer %d, and is missing from the answer. "+
					"Custom properties must exist before they can be written: add it in HelpCrunch under Settings > Contacts > Custom attributes, "+
					"or take it out of the configuration.", what, held.ID)
		}
		settle = "write it in that form to settle the difference, or check the type of the custom attribute in HelpCrunch."
	}
	next := "The next plan shows it: "
	if strings.HasSuffix(attribute, twinOf("")) {
		next = "Look at the customer in HelpCrunch: "
	}
	return "HelpCrunch stored another value", fmt.Sprintf("The %s was sent to customer %d, and the answer holds another one. %s%s", what, held.ID, next, settle)
}
