// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Created is what became of a create.
type Created struct {
	*Customer
	// Adopted is set where HelpCrunch did not confirm that the create made the
	// customer: it may have been somebody else's, and nobody deletes them unasked.
	Adopted bool
	// Unread are the fields of the answer that could not be read, by their API
	// names. The customer is as if they were empty.
	Unread []string
}

// CreateCustomer creates a customer ("Create customer").
//
// Without a user id, a create whose answer was lost is not sent again: that
// could make the same person twice. The error is one that [OutcomeUnknown]
// knows.
//
// With one it is, MaxRetries times: HelpCrunch refuses a second customer with
// the same user id, and after an attempt of our own that refusal says that
// there is one now. The customer is looked up, and adopted only if there is
// exactly one, who is what the create makes and nothing more. Otherwise the
// error is a [TakenError].
func (c *Client) CreateCustomer(ctx context.Context, changes Changes) (*Created, error) {
	if err := c.refusals.of(changes.CustomData); err != nil {
		return nil, err
	}
	userID, _ := changes.UserID.Get()
	began := time.Now()
	var lost error // of the last attempt that may have been carried out
	for attempt := 0; ; attempt++ {
		created, err := c.createOnce(ctx, changes, began)
		if err == nil {
			return created, nil
		}
		refusal, answered := errors.AsType[*Error](err)
		switch {
		case OutcomeUnknown(err):
			lost = err
		case lost != nil && answered && refusal.blamable() && len(refusal.Entries) == 0:
			// What cannot be read may be the refusal of a second customer: asked again.
		case lost == nil || answered && refusal.Status != http.StatusNotFound && refusal.blamable() && !refusal.DuplicateUserID():
			// What is refused for its own sake was refused before as well.
			c.refusals.note(changes.CustomData, err)
			return nil, err
		case answered && refusal.DuplicateUserID():
			return c.adopt(ctx, changes, began, searchLags, lost, err)
		default:
			return nil, errors.Join(lost, err)
		}
		switch {
		case userID == "":
			return nil, lost
		case attempt >= c.config.MaxRetries:
			// Perhaps it was made all the same, and only the refusals were lost.
			created, err := c.adopt(ctx, changes, began, []time.Duration{5 * time.Second}, lost, lost)
			if taken, ok := errors.AsType[*TakenError](err); ok && len(taken.IDs) == 0 {
				return nil, lost
			}
			return created, err
		case attempt > 0 && !sleep(ctx, backoff(firstBackoff, maxBackoff, attempt-1)), ctx.Err() != nil:
			return nil, errors.Join(lost, context.Cause(ctx))
		}
	}
}

// searchLags are the waits between look-ups of a customer whom a search may
// not show yet: a minute in all.
var searchLags = []time.Duration{
	time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second,
}

// createOnce sends a create, and looks whether the answer is about a new customer.
func (c *Client) createOnce(ctx context.Context, changes Changes, began time.Time) (*Created, error) {
	var answer createAnswer
	if err := c.do(ctx, request{operation: createCustomer, body: changes}, &answer); err != nil {
		return nil, err
	}
	held, unread := answer.held, answer.odd
	if len(answer.missing) > 0 && len(unread) == 0 {
		if whole, err := c.GetCustomer(ctx, answer.id); err == nil {
			held = whole
		} else {
			unread = answer.missing
		}
	}
	userID, _ := changes.UserID.Get()
	other := &StrangerError{ID: held.ID, UserID: text(held.UserID), Sent: userID}
	if other.UserID != "" && !strings.EqualFold(UserID.Normal(other.UserID), UserID.Normal(userID)) {
		return nil, other
	}
	// Who was here before is somebody else, unless HelpCrunch has given them
	// all that was sent: then whose they are is in doubt.
	adopted := wasHere(&changes, held, began)
	if adopted && slices.ContainsFunc(changes.unstuck(held, unread), isIdentity) || !c.written.claim(held.ID) {
		return nil, other
	}
	c.written.note(held.ID, changes)
	return &Created{Customer: held, Adopted: adopted, Unread: unread}, nil
}

func isIdentity(field string) bool {
	return field == Name.Name || field == Email.Name || field == UserID.Name
}

// adopt looks for the customer who has the user id of a create that may have
// been carried out: lost says why that is not known, cause what HelpCrunch said
// last. waits are those between look-ups that find nobody.
func (c *Client) adopt(ctx context.Context, changes Changes, began time.Time, waits []time.Duration, lost, cause error) (*Created, error) {
	userID, _ := changes.UserID.Get()
	alive, err := c.holders(ctx, userID, waits)
	if err != nil {
		return nil, errors.Join(lost, err)
	}
	taken := &TakenError{UserID: userID, Err: cause}
	for _, customer := range alive {
		taken.IDs = append(taken.IDs, customer.ID)
	}
	if len(alive) == 1 {
		taken.Differs = changes.beyond(alive[0], began)
		if len(taken.Differs) == 0 && c.written.claim(alive[0].ID) {
			c.written.note(alive[0].ID, changes)
			return &Created{Customer: alive[0], Adopted: true}, nil
		}
	}
	return nil, taken
}

// TakenError is a create that HelpCrunch did not confirm, of a user id that
// customers have who are not proven to be made by it.
type TakenError struct {
	UserID string
	IDs    []int64 // who has it; none where a search does not show them
	// Differs are the fields of the one customer, by their API names, that are
	// other than the create makes them. None: this run has made or changed
	// that customer already.
	Differs []string
	Err     error
}

func (e *TakenError) Error() string { return e.Err.Error() }

// Unwrap returns HelpCrunch's refusal, or why it is not known what became of the create.
func (e *TakenError) Unwrap() error { return e.Err }

// StrangerError is an answer to a create that is about a customer who was
// there before, or about nobody that was asked for.
type StrangerError struct {
	ID     int64
	UserID string // the one they have, "" for none
	Sent   string // the one that was asked for
}

func (e *StrangerError) Error() string {
	having := func(userID string) string {
		if userID == "" {
			return "without a user id"
		}
		return fmt.Sprintf("with user id %q", OneLine(userID, shownText))
	}
	return fmt.Sprintf("asked to create a customer %s, HelpCrunch answered with customer %d, %s", having(e.Sent), e.ID, having(e.UserID))
}

// clockSkew is by how much the clocks here and at HelpCrunch may differ where
// somebody is believed to be new, and dayAgo where they are believed to be old.
const (
	clockSkew = time.Minute
	dayAgo    = 24 * time.Hour
)

// beyond lists what a customer holds otherwise than a create with these
// changes makes it: what was sent and is not there, what was not sent and is,
// and what shows that they were there before. What HelpCrunch may fill in for
// everybody does not count.
func (c *Changes) beyond(held *Customer, began time.Time) []string {
	differs := c.Unstuck(held)
	add := func(name string, holds bool) {
		if holds {
			differs = append(differs, name)
		}
	}
	for _, field := range stringFields {
		add(field.Name, field.Sent(c).IsZero() && text(*field.Held(held)) != "" && field != Locale)
	}
	since := began.Add(-clockSkew).Unix()
	add("firstSeen", c.FirstSeen.IsZero() && !held.FirstSeen.IsNull() && held.FirstSeen.Unix() < since)
	add("lastSeen", c.LastSeen.IsZero() && !held.LastSeen.IsNull() && held.LastSeen.Unix() < since)
	add("location", held.Location != nil && text(held.Location.City)+text(held.Location.CountryCode)+text(held.Location.RegionCode) != "")
	add("device", held.Device != nil && *held.Device != Device{})
	add("unsubscribed", c.Unsubscribed.IsZero() && held.Unsubscribed)
	add("blocked", c.Blocked.IsZero() && held.Blocked)
	add("tags", c.Tags == nil && len(held.Tags) > 0)
	for name, value := range held.CustomData {
		_, sent := c.CustomData[name]
		add("customData."+name, !sent && !value.IsEmpty())
	}
	slices.Sort(differs)
	return differs
}

// wasHere reports whether a customer whom HelpCrunch calls new shows that they were
// there before: they were seen on a page, with a device, or a day ago; or hold what
// nobody but a person or another program gives them, and was not sent.
func wasHere(sent *Changes, held *Customer, began time.Time) bool {
	since := began.Add(-dayAgo).Unix()
	given := slices.ContainsFunc([]*StringField{Email, Company, Phone, Notes}, func(f *StringField) bool {
		return f.Sent(sent).IsZero() && f.Normal(text(*f.Held(held))) != ""
	})
	return given || sent.Unsubscribed.IsZero() && held.Unsubscribed || sent.Blocked.IsZero() && held.Blocked ||
		sent.FirstSeen.IsZero() && !held.FirstSeen.IsNull() && held.FirstSeen.Unix() < since ||
		sent.LastSeen.IsZero() && !held.LastSeen.IsNull() && held.LastSeen.Unix() < since ||
		sent.LastPage.IsZero() && text(held.LastPage) != "" ||
		held.Device != nil && *held.Device != Device{}
}

// unstuck is Unstuck without the fields of the answer that could not be read.
func (c *Changes) unstuck(held *Customer, unread []string) []string {
	return slices.DeleteFunc(c.Unstuck(held), func(field string) bool {
		field, _, _ = strings.Cut(field, ".")
		return slices.Contains(unread, field)
	})
}

// createAnswer is the answer to a create. Whoever has an id exists, whatever
// the rest looks like: a field that cannot be read does not lose them.
type createAnswer struct{ row }

func (a *createAnswer) UnmarshalJSON(data []byte) error {
	a.row = readRow(data)
	if a.id == 0 {
		return a.err
	}
	return nil
}

// Unto is a customer as they are with the changes in those fields that their answer
// does not tell.
func (c *Changes) Unto(held *Customer, unread []string) *Customer {
	if len(unread) == 0 {
		return held
	}
	told := *held
	for _, f := range stringFields {
		if sent, ok := f.Sent(c).Get(); ok && slices.Contains(unread, f.Name) {
			*f.Held(&told) = &sent
		}
	}
	if slices.Contains(unread, "customData") {
		told.CustomData = c.CustomData
	}
	return &told
}
