// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RestoreError is a loss that could not be put back, or that nobody could look for.
type RestoreError struct {
	ID      int64
	Fields  []string // as in Loss
	Perhaps bool     // whether they were lost at all is not known
	// Sealed is what the customer held there, for [Client.PutBack]. Who has not
	// the API key cannot read it.
	Sealed []byte
	Err    error
}

func (e *RestoreError) Error() string {
	fields := OneLine(strings.Join(e.Fields, ", "), shownText)
	if e.Perhaps {
		return fmt.Sprintf("customer %d may have lost %s: %s", e.ID, fields, e.Err)
	}
	return fmt.Sprintf("customer %d lost %s and it could not be put back: %s", e.ID, fields, e.Err)
}

// Unwrap returns why it could not be put back.
func (e *RestoreError) Unwrap() error { return e.Err }

// keepsake is what is sealed.
type keepsake struct {
	Fields   []string  `json:"fields"`
	Perhaps  bool      `json:"perhaps,omitempty"`
	Customer *Customer `json:"customer"` // holds nothing but the fields
	Given    *Customer `json:"given"`    // what the account gave there instead; nil = nobody knows
}

// notRestored keeps what the customer held in the fields, and what is there instead.
func (c *Client) notRestored(before, given *Customer, names []string, perhaps bool, err error) *RestoreError {
	only := func(of *Customer) *Customer {
		if of == nil {
			return nil
		}
		some := &Customer{ID: of.ID}
		for _, name := range names {
			fieldNamed(name).copy(some, of)
		}
		return some
	}
	kept := keepsake{Fields: names, Perhaps: perhaps, Customer: only(before), Given: only(given)}
	sealed, failed := c.seal(kept)
	return &RestoreError{ID: before.ID, Fields: names, Perhaps: perhaps, Sealed: sealed, Err: errors.Join(err, failed)}
}

func namesOf(fields []field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}

// PutBack does what failed when the values of a [RestoreError] were lost. What
// somebody has written or cleared meanwhile stays as it is, and so does what the changes
// that are about to be sent mention. It returns what was put back and what was not, nil
// for nothing; a new RestoreError has what is still missing. Any other error, one that
// [IsNotFound] knows included, leaves all of it missing.
func (c *Client) PutBack(ctx context.Context, id int64, sealed []byte, changes Changes) (*Loss, error) {
	kept, err := c.unseal(id, sealed)
	if err != nil {
		return nil, err
	}
	now, err := c.GetCustomer(ctx, id)
	if err != nil { // also one that says that they are gone: the next try knows more
		return nil, err
	}
	wanted := namesOf(changes.omitted(kept.Customer))
	loss := Loss{Fields: kept.lostIn(now)}
	loss.Fields = slices.DeleteFunc(loss.Fields, func(name string) bool { return !slices.Contains(wanted, name) })
	for _, name := range missingIn(kept.Customer, now, kept.Fields) {
		if slices.Contains(wanted, name) && !slices.Contains(loss.Fields, name) {
			loss.Changed = append(loss.Changed, name)
		}
	}
	written, err := c.restore(ctx, kept.Customer, now, loss)
	return written.Loss, err
}

// lostIn are the fields that are to be put back to a customer as it is now: those that
// are as they were left then, so that nobody has written them since.
func (k *keepsake) lostIn(now *Customer) []string {
	if k.Perhaps {
		nothing := new(update)
		return nothing.compare(k.Customer, now, true, anyTime).back
	}
	return slices.DeleteFunc(slices.Clone(k.Fields), func(name string) bool {
		f := fieldNamed(name)
		if k.Given == nil {
			return f.moves || f.holds(now)
		}
		return !f.stays(k.Given, now) || !f.stays(now, k.Given)
	})
}

// UnsealError is a [RestoreError.Sealed] of another API key, or of another customer.
type UnsealError struct{ ID int64 }

func (e *UnsealError) Error() string {
	return fmt.Sprintf("what is kept of customer %d was sealed with another API key", e.ID)
}

func (c *Client) seal(kept keepsake) ([]byte, error) {
	content, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	box, err := c.box()
	if err != nil {
		return nil, err
	}
	return box.Seal(nil, nil, content, sealedFor(kept.Customer.ID)), nil
}

func (c *Client) unseal(id int64, sealed []byte) (kept keepsake, err error) {
	box, err := c.box()
	if err != nil {
		return kept, err
	}
	content, err := box.Open(nil, nil, sealed, sealedFor(id))
	if err != nil {
		return kept, &UnsealError{id} // which says no more
	}
	return kept, json.Unmarshal(content, &kept)
}

// box is AES-256-GCM with a key that is derived from the API key. A random nonce
// precedes what it seals.
func (c *Client) box() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(c.config.APIKey), nil, "terraform-provider-helpcrunch kept values 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealedFor ties what is sealed to its customer.
func sealedFor(id int64) []byte { return []byte("customer " + strconv.FormatInt(id, 10)) }
