// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Optional is a field of a request: left out (the zero Optional), null, or a value.
type Optional[T any] struct {
	present bool
	value   *T
}

// Some is a field that is sent with a value.
func Some[T any](value T) Optional[T] { return Optional[T]{present: true, value: &value} }

// None is a field that is sent as null, which clears it.
func None[T any]() Optional[T] { return Optional[T]{present: true} }

// IsZero reports whether the field is left out.
func (o Optional[T]) IsZero() bool { return !o.present }

// Get is the value, and whether there is one.
func (o Optional[T]) Get() (value T, ok bool) {
	if o.value == nil {
		return value, false
	}
	return *o.value, true
}

// MarshalJSON writes null or the value; a field left out needs omitzero.
func (o Optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// Changes are fields of a customer to write. What is left out stays
// ("Update customer", PATCH; "Batch update customers").
type Changes struct {
	Name          Optional[string]    `json:"name,omitzero"`
	Email         Optional[string]    `json:"email,omitzero"`
	UserID        Optional[string]    `json:"userId,omitzero"`
	Company       Optional[string]    `json:"company,omitzero"`
	Phone         Optional[string]    `json:"phone,omitzero"`
	FirstSeen     Optional[Timestamp] `json:"firstSeen,omitzero"`
	LastSeen      Optional[Timestamp] `json:"lastSeen,omitzero"`
	Unsubscribed  Optional[bool]      `json:"unsubscribed,omitzero"` // never null
	Blocked       Optional[bool]      `json:"blocked,omitzero"`      // never null
	Source        Optional[string]    `json:"source,omitzero"`
	Referer       Optional[string]    `json:"referer,omitzero"`
	LastPage      Optional[string]    `json:"lastPage,omitzero"`
	Locale        Optional[string]    `json:"locale,omitzero"`
	CreatedFrom   Optional[string]    `json:"createdFrom,omitzero"`
	IntegrationID Optional[string]    `json:"integrationId,omitzero"`
	Notes         Optional[string]    `json:"notes,omitzero"`
	Tags          []Tag               `json:"tags,omitzero"`       // the whole set; nil = left out, empty = none
	CustomData    CustomData          `json:"customData,omitzero"` // a null value clears its property
}

// IsZero reports whether there is nothing to write.
func (c Changes) IsZero() bool { return reflect.ValueOf(c).IsZero() }

// WithoutNulls are the changes that make a new customer: it is empty to begin with.
func (c Changes) WithoutNulls() Changes {
	for _, field := range stringFields {
		dropNull(field.Sent(&c))
	}
	dropNull(&c.FirstSeen)
	dropNull(&c.LastSeen)
	if len(c.Tags) == 0 {
		c.Tags = nil
	}
	c.CustomData = maps.Clone(c.CustomData)
	maps.DeleteFunc(c.CustomData, func(_ string, value Value) bool { return value.IsEmpty() })
	if len(c.CustomData) == 0 {
		c.CustomData = nil
	}
	return c
}

func dropNull[T any](o *Optional[T]) {
	if o.value == nil {
		*o = Optional[T]{}
	}
}

// StringField is a nullable string that a customer holds and a request may change.
type StringField struct {
	Name string // the API's
	Sent func(*Changes) *Optional[string]
	Held func(*Customer) **string
	// IgnoresCase is set where HelpCrunch may store another case of the same thing.
	IgnoresCase bool
}

// filledByItself reports whether HelpCrunch fills the field in where nobody did.
func (f *StringField) filledByItself() bool {
	return f == Locale || f == CreatedFrom || f == LastPage
}

// The string fields of a customer.
var (
	Name          = &StringField{"name", func(c *Changes) *Optional[string] { return &c.Name }, func(c *Customer) **string { return &c.Name }, false}
	Email         = &StringField{"email", func(c *Changes) *Optional[string] { return &c.Email }, func(c *Customer) **string { return &c.Email }, true}
	UserID        = &StringField{"userId", func(c *Changes) *Optional[string] { return &c.UserID }, func(c *Customer) **string { return &c.UserID }, false}
	Company       = &StringField{"company", func(c *Changes) *Optional[string] { return &c.Company }, func(c *Customer) **string { return &c.Company }, false}
	Phone         = &StringField{"phone", func(c *Changes) *Optional[string] { return &c.Phone }, func(c *Customer) **string { return &c.Phone }, false}
	Source        = &StringField{"source", func(c *Changes) *Optional[string] { return &c.Source }, func(c *Customer) **string { return &c.Source }, false}
	Referer       = &StringField{"referer", func(c *Changes) *Optional[string] { return &c.Referer }, func(c *Customer) **string { return &c.Referer }, false}
	LastPage      = &StringField{"lastPage", func(c *Changes) *Optional[string] { return &c.LastPage }, func(c *Customer) **string { return &c.LastPage }, false}
	Locale        = &StringField{"locale", func(c *Changes) *Optional[string] { return &c.Locale }, func(c *Customer) **string { return &c.Locale }, true}
	CreatedFrom   = &StringField{"createdFrom", func(c *Changes) *Optional[string] { return &c.CreatedFrom }, func(c *Customer) **string { return &c.CreatedFrom }, false}
	IntegrationID = &StringField{"integrationId", func(c *Changes) *Optional[string] { return &c.IntegrationID }, func(c *Customer) **string { return &c.IntegrationID }, false}
	Notes         = &StringField{"notes", func(c *Changes) *Optional[string] { return &c.Notes }, func(c *Customer) **string { return &c.Notes }, false}

	stringFields = []*StringField{
		Name, Email, UserID, Company, Phone, Source, Referer, LastPage, Locale, CreatedFrom, IntegrationID, Notes,
	}
)

// requestFields are the names of all fields of Changes.
var requestFields = func() []string {
	var names []string
	for field := range reflect.TypeFor[Changes]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()

// Unstuck lists the fields that were sent but that the customer does not hold
// as they were sent, by their API names; a custom property as
// "customData.<name>". Colours belong to the account and do not count.
func (c *Changes) Unstuck(held *Customer) []string {
	var unstuck []string
	differs := func(name string, sent, same bool) {
		if sent && !same {
			unstuck = append(unstuck, name)
		}
	}
	for _, field := range stringFields {
		sent := *field.Sent(c)
		want, _ := sent.Get()
		differs(field.Name, !sent.IsZero(), field.Same(want, text(*field.Held(held))))
	}
	firstSeen, _ := c.FirstSeen.Get()
	differs("firstSeen", !c.FirstSeen.IsZero(), firstSeen == held.FirstSeen)
	lastSeen, _ := c.LastSeen.Get()
	differs("lastSeen", !c.LastSeen.IsZero(), lastSeen == held.LastSeen)
	unsubscribed, sent := c.Unsubscribed.Get()
	differs("unsubscribed", sent, unsubscribed == held.Unsubscribed)
	blocked, sent := c.Blocked.Get()
	differs("blocked", sent, blocked == held.Blocked)
	differs("tags", c.Tags != nil, slices.Equal(tagNames(c.Tags), tagNames(held.Tags)))
	for _, name := range slices.Sorted(maps.Keys(c.CustomData)) {
		differs("customData."+name, true, c.CustomData[name].Equal(held.CustomData[name]))
	}
	return unstuck
}

// tagNames are the names in their normal form, sorted, each once.
func tagNames(tags []Tag) []string {
	names := make([]string, len(tags))
	for i, tag := range tags {
		names[i] = NormalTag(tag.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
