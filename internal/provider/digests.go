// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// A write-only twin leaves no value in the state, so what HelpCrunch holds of it
// stands there as a digest: enough to see that it is what the configuration
// says, or is not any more. The digest is an HMAC-SHA-256, cut to 64 bits, of the
// value's normal form; its key is derived by HKDF from the API key and the
// customer's id. So who has the state alone cannot try phone numbers against it,
// and two customers with one name do not show it. Before it stands what tells one
// API key from another: digests of another key cannot be compared.
//
// A digest stands under the name of the plain attribute, one of a custom property
// under "custom_data.plan".

// digester makes the digests of an account.
type digester struct {
	key []byte
	tag string // what the digests of this API key begin with
}

func newDigester(apiKey string) (*digester, error) {
	key, err := hkdf.Extract(sha256.New, []byte(apiKey), nil)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	d := &digester{key: key}
	d.tag = d.mac("key", "")[:6] + ":"
	return d, nil
}

func (d *digester) mac(purpose, message string) string {
	key, err := hkdf.Expand(sha256.New, d.key, "terraform-provider-helpcrunch digests 1 "+purpose, sha256.Size)
	if err != nil {
		panic(err) // which it is for more than 255 blocks
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// digest is that of a normal form that a customer holds in a place.
func (d *digester) digest(customer, place, form string) types.String {
	return types.StringValue(d.tag + d.mac("customer "+customer, place+"\x00"+form))
}

// digests are those of one customer, by place.
type digests struct {
	*digester
	customer string
	all      map[string]types.String
	named    *namedData // of whom take was asked last
}

// namedData is the custom data of a customer by names in NFC. Making it goes through
// all of it, and an answer may have thousands of properties.
type namedData struct {
	of   *helpcrunch.Customer
	data helpcrunch.CustomData
}

// placeOf is where the digest of a custom property stands.
func placeOf(property string) string { return "custom_data." + property }

// propertyOfPlace is the custom property of a place.
func propertyOfPlace(place string) (name string, ok bool) {
	return strings.CutPrefix(place, placeOf(""))
}

func (m *customerModel) digests(d *digester) digests {
	all := make(map[string]types.String, len(m.Digests.Elements()))
	for place, element := range m.Digests.Elements() {
		all[place], _ = element.(types.String)
	}
	return digests{d, m.ID.ValueString(), all, new(namedData)}
}

// value is what stands in the state: null where there are none.
func (d digests) value() types.Map {
	if len(d.all) == 0 {
		return types.MapNull(types.StringType)
	}
	elements := make(map[string]attr.Value, len(d.all))
	for place, digest := range d.all {
		elements[place] = digest
	}
	return types.MapValueMust(types.StringType, elements)
}

func (d digests) has(place string) bool {
	_, ok := d.all[place]
	return ok
}

// unknown reports whether a digest is planned to become another one.
func (d digests) unknown(place string) bool { return d.all[place].IsUnknown() }

// ours reports whether a digest is one of this API key.
func (d digests) ours(place string) bool { return strings.HasPrefix(d.all[place].ValueString(), d.tag) }

// foreign reports whether there is a digest of another API key.
func (d digests) foreign() bool {
	for place := range d.all {
		if !d.ours(place) {
			return true
		}
	}
	return false
}

// is reports whether a value with one of these normal forms is held.
func (d digests) is(place string, forms ...string) bool {
	return d.digester != nil && d.has(place) && slices.ContainsFunc(forms, func(form string) bool { return d.digest(d.customer, place, form).Equal(d.all[place]) })
}

// holds reports whether there may be something that can be cleared.
func (d digests) holds(place string) bool { return d.has(place) && !d.is(place, "") }

// properties are the names of the custom properties, sorted.
func (d digests) properties() []string {
	var names []string
	for _, place := range slices.Sorted(maps.Keys(d.all)) {
		if name, ok := propertyOfPlace(place); ok {
			names = append(names, name)
		}
	}
	return names
}

// take makes the digest of what a customer holds there.
func (d digests) take(place string, held *helpcrunch.Customer) {
	var form string
	if name, ok := propertyOfPlace(place); ok {
		if d.named.of != held {
			*d.named = namedData{held, held.CustomData.Named()}
		}
		form = d.named.data[name].Forms()[0]
	}
	for _, a := range textAttributes {
		if a.name == place {
			form = a.normal(a.held(held))
		}
	}
	d.all[place] = d.digest(d.customer, place, form)
}

// settle makes the digests of a plan that were not known before the write, of what
// a customer holds then.
func (d digests) settle(held *helpcrunch.Customer) types.Map {
	for place := range d.all {
		if d.unknown(place) {
			d.take(place, held)
		}
	}
	return d.value()
}

// plan are the digests that a configuration asks for of a customer as in the
// state: the digest of what they hold already, and an unknown one of what is to be
// written. A value that is not known yet may turn out to be null, which leaves
// even the places open. Those of another API key are left as they are, and stale
// is set: whether they are the same values only a refresh tells.
func (d *digester) plan(state, config *customerModel) (planned types.Map, stale bool) {
	known := state.digests(d)
	all := make(map[string]types.String)
	place := func(place, plain string, managed bool, forms []string) {
		switch {
		case managed && slices.Contains(forms, plain): // it moves from the plain attribute to the twin
			all[place] = d.digest(known.customer, place, plain)
		case !managed && known.is(place, forms...):
			all[place] = known.all[place]
		case !managed && known.has(place) && !known.ours(place):
			all[place], stale = known.all[place], true
		default:
			all[place] = types.StringUnknown()
		}
	}
	for _, a := range textAttributes {
		if a.twin == nil || a.twin(config).IsNull() {
			continue
		}
		if a.twin(config).IsUnknown() {
			return types.MapUnknown(types.StringType), false
		}
		plain := *a.of(state)
		place(a.name, a.normal(plain.ValueString()), !plain.IsNull(), []string{a.normal(a.twin(config).ValueString())})
	}
	twins := customData{config.CustomDataWO}
	if twins.isUnknown() {
		return types.MapUnknown(types.StringType), false
	}
	plain := customData{state.CustomData}.properties()
	elements, _ := twins.elements()
	for name, element := range elements {
		if value, ok := propertyValue(element); ok {
			held, managed := plain[name]
			place(placeOf(name), held.Forms()[0], managed, value.Forms())
		} else {
			all[placeOf(name)] = types.StringUnknown()
		}
	}
	return digests{d, known.customer, all, new(namedData)}.value(), stale
}
