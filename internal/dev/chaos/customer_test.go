// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package chaos

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

const (
	customerType = "helpcrunch_customer"
	tagType      = "helpcrunch_customer_tag"
)

// customer is what a configuration says of a customer, and of single tags of theirs.
type customer struct {
	name   string            // of the resource
	texts  map[string]string // strings and timestamps by attribute; "" is kept empty
	flags  map[string]bool
	tags   map[string]string // colours by name; nil = not managed
	custom map[string]any    // strings, numbers, bools, nil for null; nil = not managed
	asMap  bool              // custom is a map of strings
	policy string            // deletion_policy, "" for none
	labels map[string]string // helpcrunch_customer_tag resources: colours by name
	cbd    bool              // create_before_destroy
}

func (c *customer) clone() *customer {
	copied := *c
	copied.texts, copied.flags = maps.Clone(c.texts), maps.Clone(c.flags)
	copied.tags, copied.custom, copied.labels = maps.Clone(c.tags), maps.Clone(c.custom), maps.Clone(c.labels)
	return &copied
}

func addressOf(name string) string         { return customerType + "." + name }
func labelAddress(name, tag string) string { return tagType + "." + name + "_" + tag }

// nameOf is the name of the customer that an address is about.
func nameOf(address string) string {
	_, name, _ := strings.Cut(address, ".")
	name, _, _ = strings.Cut(name, "_")
	return name
}

// blocks are the resource blocks of the configuration.
func (c *customer) blocks() []core.Block {
	blocks := []core.Block{{Address: addressOf(c.name), Type: customerType, Attributes: c.attributes(), CreateBeforeDestroy: c.cbd}}
	for _, tag := range slices.Sorted(maps.Keys(c.labels)) {
		attributes := map[string]tftypes.Value{"name": text(tag)}
		if color := c.labels[tag]; color != "" {
			attributes["color"] = text(color)
		}
		blocks = append(blocks, core.Block{
			Address: labelAddress(c.name, tag), Type: tagType, Attributes: attributes,
			References: map[string]core.Reference{"customer_id": {Address: addressOf(c.name), Attribute: "id"}},
		})
	}
	return blocks
}

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

var tagObject = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"name": tftypes.String, "color": tftypes.String}}

func (c *customer) attributes() map[string]tftypes.Value {
	all := make(map[string]tftypes.Value)
	for name, value := range c.texts {
		all[name] = text(value)
	}
	for name, value := range c.flags {
		all[name] = tftypes.NewValue(tftypes.Bool, value)
	}
	if c.policy != "" {
		all["deletion_policy"] = text(c.policy)
	}
	if c.tags != nil {
		elements := []tftypes.Value{}
		for _, name := range slices.Sorted(maps.Keys(c.tags)) {
			color := tftypes.NewValue(tftypes.String, nil)
			if c.tags[name] != "" {
				color = text(c.tags[name])
			}
			elements = append(elements, tftypes.NewValue(tagObject, map[string]tftypes.Value{"name": text(name), "color": color}))
		}
		all["tags"] = tftypes.NewValue(tftypes.Set{ElementType: tagObject}, elements)
	}
	if c.custom != nil {
		kinds, values := make(map[string]tftypes.Type), make(map[string]tftypes.Value)
		for name, value := range c.custom {
			values[name] = c.property(value)
			kinds[name] = values[name].Type()
		}
		if c.asMap {
			all["custom_data"] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, values)
		} else {
			all["custom_data"] = tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, values)
		}
	}
	return all
}

func (c *customer) property(value any) tftypes.Value {
	switch value := value.(type) {
	case string:
		return text(value)
	case int:
		if c.asMap {
			return text(strconv.Itoa(value))
		}
		return tftypes.NewValue(tftypes.Number, value)
	case bool:
		if c.asMap {
			return text(strconv.FormatBool(value))
		}
		return tftypes.NewValue(tftypes.Bool, value)
	}
	if c.asMap {
		return tftypes.NewValue(tftypes.String, nil)
	}
	return tftypes.NewValue(tftypes.DynamicPseudoType, nil)
}

// String is the customer in a line, near to what a configuration looks like.
func (c *customer) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c.texts)) {
		parts = append(parts, fmt.Sprintf("%s=%q", name, c.texts[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(c.flags)) {
		parts = append(parts, fmt.Sprintf("%s=%t", name, c.flags[name]))
	}
	if c.tags != nil {
		parts = append(parts, fmt.Sprintf("tags=%v", c.tags))
	}
	if c.custom != nil {
		kind := ""
		if c.asMap {
			kind = "tomap"
		}
		parts = append(parts, fmt.Sprintf("custom_data=%s%v", kind, c.custom))
	}
	if c.policy != "" {
		parts = append(parts, "deletion_policy="+c.policy)
	}
	if len(c.labels) > 0 {
		parts = append(parts, fmt.Sprintf("customer_tags=%v", c.labels))
	}
	if c.cbd {
		parts = append(parts, "create_before_destroy")
	}
	return c.name + " { " + strings.Join(parts, " ") + " }"
}

// fields are the fields of the API by their attributes.
var fields = map[string]string{
	"name": "name", "email": "email", "user_id": "userId", "company": "company", "phone": "phone", "notes": "notes", "locale": "locale",
	"source": "source", "referer": "referer", "last_page": "lastPage", "created_from": "createdFrom", "integration_id": "integrationId",
	"first_seen": "firstSeen", "last_seen": "lastSeen", "unsubscribed": "unsubscribed", "blocked": "blocked",
}

// properties are the custom attributes of the account.
var properties = map[string]sandbox.AttributeType{
	"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute, "trial": sandbox.BooleanAttribute,
	"since": sandbox.DateAttribute, "site": sandbox.URLAttribute, "tier": sandbox.TextAttribute,
}

// undefined is a custom property that the account does not have.
const undefined = "nope"

var (
	tagNames  = []string{"vip", "beta", "eu", "Gold", "new"}
	tagColors = []string{"", "red", "#f00", "#FF0000", "gold", "rgb(0, 0, 255)"}
	// freeTexts are the attributes that take any text.
	freeTexts = []string{"company", "phone", "notes", "integration_id"}
	allTexts  = []string{"company", "phone", "notes", "integration_id", "email", "locale", "source", "referer", "last_page", "created_from", "first_seen", "last_seen", "user_id"}
)

func pick[T any](d *rand.Rand, from []T) T { return from[d.IntN(len(from))] }

// chance is true so many times of a hundred.
func chance(d *rand.Rand, percent int) bool { return d.IntN(100) < percent }

// textFor is a value for an attribute, who says it: "" is never one.
func textFor(d *rand.Rand, attribute, who string) string {
	n := d.IntN(100_000)
	switch attribute {
	case "email":
		if chance(d, 20) {
			return fmt.Sprintf("%s.%d@Example.COM", who, n)
		}
		return fmt.Sprintf("%s.%d@example.com", who, n)
	case "locale":
		return pick(d, []string{"en", "de", "uk", "EN"})
	case "source", "referer", "last_page":
		return fmt.Sprintf("https://example.com/%s/%d", who, n)
	case "created_from":
		return pick(d, []string{"web", "iOS", "android", "telegram"})
	case "first_seen", "last_seen":
		if chance(d, 30) {
			return time.Unix(1_600_000_000+int64(n), 0).UTC().Format(time.RFC3339)
		}
		return strconv.Itoa(1_600_000_000 + n)
	case "user_id":
		return fmt.Sprintf("crm-%s-%d", who, n)
	}
	return fmt.Sprintf("%s %s %d", attribute, who, n)
}

// valueFor is a value for a custom property.
func valueFor(d *rand.Rand, property, who string) any {
	n := d.IntN(10_000)
	switch properties[property] {
	case sandbox.NumberAttribute:
		return n
	case sandbox.BooleanAttribute:
		return n%2 == 0
	case sandbox.DateAttribute:
		return strconv.Itoa(1_700_000_000 + n)
	case sandbox.URLAttribute:
		return fmt.Sprintf("https://%s.example.com/%d", who, n)
	}
	return fmt.Sprintf("%s %d", who, n)
}

// newCustomer is one of a richness from 0 (only a name) to 3 (everything).
func newCustomer(d *rand.Rand, name string, richness int) *customer {
	c := &customer{name: name, texts: map[string]string{}, flags: map[string]bool{}, labels: map[string]string{}}
	c.texts["name"] = textFor(d, "name", name)
	if richness == 0 {
		return c
	}
	for _, attribute := range allTexts {
		if chance(d, 25*richness) {
			c.texts[attribute] = textFor(d, attribute, name)
		}
	}
	if chance(d, 20*richness) {
		c.flags["blocked"] = chance(d, 50)
	}
	if chance(d, 20*richness) {
		c.flags["unsubscribed"] = chance(d, 70)
	}
	if chance(d, 25*richness) {
		c.tags = map[string]string{}
		for _, tag := range tagNames {
			if chance(d, 40) {
				c.tags[tag] = pick(d, tagColors)
			}
		}
	} else if chance(d, 50) {
		c.labels[pick(d, tagNames)] = pick(d, tagColors)
	}
	if chance(d, 25*richness) {
		c.custom = map[string]any{}
		for _, property := range slices.Sorted(maps.Keys(properties)) {
			if chance(d, 50) {
				c.custom[property] = valueFor(d, property, name)
			}
		}
		if c.asMap = chance(d, 20); c.asMap {
			delete(c.custom, "seats") // a number attribute takes no text
			delete(c.custom, "trial")
		}
	}
	if chance(d, 15) {
		c.policy = pick(d, []string{"delete", "abandon", "prevent"})
	}
	c.cbd = chance(d, 5)
	return c
}

// mutate changes a line or two.
func (c *customer) mutate(d *rand.Rand) {
	for range 1 + d.IntN(3) {
		switch d.IntN(12) {
		case 0, 1, 2:
			c.texts["name"] = textFor(d, "name", c.name)
		case 3, 4:
			attribute := pick(d, allTexts)
			c.texts[attribute] = textFor(d, attribute, c.name)
		case 5:
			c.texts[pick(d, freeTexts)] = ""
		case 6:
			delete(c.texts, pick(d, allTexts))
		case 7:
			flag := pick(d, []string{"unsubscribed", "blocked"})
			if _, set := c.flags[flag]; set && chance(d, 50) {
				delete(c.flags, flag)
			} else {
				c.flags[flag] = chance(d, 60)
			}
		case 8:
			c.mutateTags(d)
		case 9, 10:
			c.mutateCustom(d)
		case 11:
			c.policy = pick(d, []string{"", "delete", "abandon", "prevent"})
		}
	}
}

func (c *customer) mutateTags(d *rand.Rand) {
	tag := pick(d, tagNames)
	switch {
	case c.tags == nil && chance(d, 40):
		c.tags, c.labels = map[string]string{tag: pick(d, tagColors)}, map[string]string{}
	case c.tags == nil:
		if _, set := c.labels[tag]; set {
			delete(c.labels, tag)
		} else {
			c.labels[tag] = pick(d, tagColors)
		}
	case chance(d, 20):
		if len(c.tags) > 0 && chance(d, 50) { // one of them goes on as a resource of its own
			c.labels[slices.Sorted(maps.Keys(c.tags))[0]] = ""
		}
		c.tags = nil
	default:
		if _, set := c.tags[tag]; set {
			delete(c.tags, tag)
		} else {
			c.tags[tag] = pick(d, tagColors)
		}
	}
}

func (c *customer) mutateCustom(d *rand.Rand) {
	property := pick(d, slices.Sorted(maps.Keys(properties)))
	if c.asMap && (property == "seats" || property == "trial") {
		property = "plan"
	}
	switch {
	case c.custom == nil:
		c.custom, c.asMap = map[string]any{property: valueFor(d, property, c.name)}, false
	case chance(d, 10):
		c.custom = nil
	case chance(d, 20):
		c.custom[property] = nil
	case chance(d, 30):
		delete(c.custom, property)
	default:
		c.custom[property] = valueFor(d, property, c.name)
	}
}

// values are what an object of Terraform manages, by attribute, "tags" and
// "custom.<property>"; what is empty is "". What means the same is the same.
func values(attributes map[string]tftypes.Value) map[string]string {
	all := make(map[string]string)
	for name := range fields {
		value, ok := attributes[name]
		if !ok || value.IsNull() || !value.IsKnown() {
			continue
		}
		if value.Type().Is(tftypes.Bool) {
			var flag bool
			_ = value.As(&flag)
			all[name] = strconv.FormatBool(flag)
			continue
		}
		all[name] = canonical(name, core.Text(value))
	}
	if tags, ok := attributes["tags"]; ok && !tags.IsNull() && tags.IsKnown() {
		var elements []tftypes.Value
		_ = tags.As(&elements)
		var names []string
		for _, element := range elements {
			names = append(names, core.Text(core.Attributes(element)["name"]))
		}
		all["tags"] = joined(names)
	}
	if custom, ok := attributes["custom_data"]; ok && !custom.IsNull() && custom.IsKnown() {
		for name, value := range core.Attributes(custom) {
			all["custom."+name] = plain(value)
		}
	}
	return all
}

func joined(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(names, ",")
}

func canonical(attribute, value string) string {
	switch attribute {
	case "email", "locale":
		return strings.ToLower(value)
	case "first_seen", "last_seen":
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return strconv.FormatInt(at.Unix(), 10)
		}
	}
	return value
}

func plain(value tftypes.Value) string {
	if value.IsNull() || !value.IsKnown() {
		return ""
	}
	switch {
	case value.Type().Is(tftypes.Number):
		var number big.Float
		_ = value.As(&number)
		return number.Text('f', -1)
	case value.Type().Is(tftypes.Bool):
		var flag bool
		_ = value.As(&flag)
		return strconv.FormatBool(flag)
	}
	return core.Text(value)
}

// held are what a person holds in HelpCrunch, named as [values] names them, and
// each tag once more as "tag.<name>".
func held(r sandbox.Record) map[string]string {
	all := make(map[string]string)
	for attribute, field := range fields {
		switch value := r[field].(type) {
		case string:
			all[attribute] = canonical(attribute, value)
		case bool:
			all[attribute] = strconv.FormatBool(value)
		default:
			all[attribute] = ""
		}
	}
	all["tags"] = joined(r.TagNames())
	for _, tag := range r.TagNames() {
		all["tag."+tag] = "on"
	}
	custom, _ := r["customData"].(map[string]any)
	for name, value := range custom {
		if value != nil {
			all["custom."+name] = fmt.Sprint(value)
		}
	}
	return all
}
