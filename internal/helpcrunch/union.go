// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Where a customData of some properties clears the others, an update is sent as
// a union: with all that the customer held a moment ago.

// patchHolding sends the update together with the custom properties that the
// customer holds, so that they stay. as says how to send it.
//
// An answer shows a date and a number alike, as an integer, and a request must
// send the first as text and the second as a number. A wrong guess is refused
// and changes nothing: then the error is errOtherKind, texts has the property
// that the refusal points to, and the next attempt sends it the other way. What
// proves right is remembered, for a property has one kind in an account.
func (c *Client) patchHolding(ctx context.Context, as request, u update, held CustomData, texts map[string]bool) (*Customer, error) {
	sent := u.CustomData
	all := make(CustomData, len(held)+len(sent))
	guessed := make(map[string]bool)
	for name, value := range held.filled() {
		_, isText := c.laws.texts.Load(name)
		switch {
		case value.Kind == Opaque:
		case value.Kind == Number && (isText || texts[name]):
			all[name] = Value{String, value.Text}
		default:
			all[name], guessed[name] = value, value.Kind == Number
		}
	}
	for name, value := range sent {
		all[name], guessed[name] = value, false
	}
	u.CustomData = all
	as.operation, as.id, as.body = patchCustomer, u.ID, u.Changes
	customer, err := c.one(ctx, as)
	if name := all.refusedIn(err); guessed[name] {
		texts[name] = true
		return nil, errOtherKind
	}
	if err != nil {
		return nil, relocated(err, all, sent)
	}
	for name := range texts {
		c.laws.texts.Store(name, nil)
	}
	return customer, nil
}

// errOtherKind is a request that was refused for a guess, and is to be made again.
var errOtherKind = errors.New("a custom property is of another kind")

// refusedIn is the first custom property that an error points to, "" if none.
func (d CustomData) refusedIn(err error) string {
	if refusal, ok := errors.AsType[*Error](err); ok {
		for _, entry := range refusal.Entries {
			if name := d.PropertyOf(entry); name != "" {
				return name
			}
		}
	}
	return ""
}

// relocated is a refusal of a request that had more properties than its caller
// knows of, with the places of the entries as the caller counts them.
func relocated(err error, in, known CustomData) error {
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	names := slices.Sorted(maps.Keys(known))
	moved := *refusal
	moved.Entries = slices.Clone(refusal.Entries)
	for i, entry := range moved.Entries {
		name := in.PropertyOf(entry)
		if name == "" {
			continue
		}
		place := "customData"
		if at := slices.Index(names, name); at >= 0 {
			place = fmt.Sprintf("customData[%d]", at)
		}
		moved.Entries[i].Code = propertyIndex.ReplaceAllLiteralString(entry.Code, place)
	}
	return &moved
}
