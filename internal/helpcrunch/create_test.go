// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

const gracesUserID = "crm-18"

// grace is a customer to create.
func grace() helpcrunch.Changes {
	return helpcrunch.Changes{
		UserID: helpcrunch.Some(gracesUserID), Name: helpcrunch.Some("Grace"), Email: helpcrunch.Some("grace@navy.example"),
		Tags: []helpcrunch.Tag{{Name: "vip"}}, CustomData: helpcrunch.CustomData{"seats": v(helpcrunch.Number, "12")},
	}
}

// graceHeld is what HelpCrunch holds then.
func graceHeld(more sandbox.Record) sandbox.Record {
	held := sandbox.Record{
		"userId": gracesUserID, "name": "Grace", "email": "grace@navy.example",
		"tags": []string{"vip"}, "customData": map[string]any{"seats": 12},
	}
	maps.Copy(held, more)
	return held
}

func TestCreate(t *testing.T) {
	open(t, setup{}, func(a *account) {
		got, err := a.CreateCustomer(a.Context(), grace())
		if err != nil {
			a.Fatal(err)
		}
		changes := grace()
		if unstuck := changes.Unstuck(got); len(unstuck) > 0 {
			a.Errorf("the answer does not hold %v", unstuck)
		}
		if held, ok := a.server.Customer(got.ID); !ok || held["name"] != "Grace" || a.requests() != 1 {
			a.Errorf("HelpCrunch holds %v after %d requests", held, a.requests())
		}
	})
}

// Every way of losing the answer after the customer was made.
func TestCreateWhoseAnswerWasLost(t *testing.T) {
	for _, fault := range []sandbox.FaultKind{sandbox.DropAfter, sandbox.FailAfter, sandbox.Late, sandbox.WrongType, sandbox.Oversized} {
		t.Run(string(fault), func(t *testing.T) {
			t.Run("with a user id", func(t *testing.T) {
				open(t, setup{}, func(a *account) {
					a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: fault, Delay: time.Hour})
					got, err := a.CreateCustomer(a.Context(), grace())
					if err != nil {
						a.Fatal(err)
					}
					if held, _ := a.server.Customer(got.ID); held["userId"] != gracesUserID {
						a.Errorf("adopted %v", held)
					}
					a.served(sandbox.OpCreate, 1, sandbox.OpSearch, 1)
				})
			})
			t.Run("without", func(t *testing.T) {
				open(t, setup{}, func(a *account) {
					changes := grace()
					changes.UserID = helpcrunch.Optional[string]{}
					a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: fault, Delay: time.Hour})
					if got, err := a.CreateCustomer(a.Context(), changes); got != nil || !helpcrunch.OutcomeUnknown(err) {
						a.Errorf("got %v, error %v", got, err)
					}
					a.served(sandbox.OpCreate, 1)
				})
			})
		})
	}
}

// served checks that these operations were served so often, and no other.
func (a *account) served(pairs ...any) {
	a.Helper()
	synctest.Wait() // a request that its caller gave up is counted, too
	want := map[sandbox.Operation]int{}
	for i := 0; i < len(pairs); i += 2 {
		if times := pairs[i+1].(int); times > 0 {
			want[pairs[i].(sandbox.Operation)] = times
		}
	}
	if got := a.server.Counts().Served; !maps.Equal(got, want) {
		a.Errorf("served %v, want %v", got, want)
	}
}

// The lost answer may have been a refusal: somebody else's customer is never adopted.
func TestCreateAdoptsOnlyItsOwn(t *testing.T) {
	for _, test := range []struct {
		name   string
		there  sandbox.Record // nil = nobody
		adopts bool
	}{
		{"nobody", nil, false},
		{"the same", graceHeld(nil), true},
		{"times of its own", graceHeld(sandbox.Record{"firstSeen": "1700000000", "lastSeen": "1700000000"}), true},
		{"what HelpCrunch fills in", graceHeld(sandbox.Record{"locale": "en", "createdFrom": "web", "lastPage": "https://l.example", "location": map[string]any{"city": "Arlington"}}), true},
		{"e-mail in another case", graceHeld(sandbox.Record{"email": "Grace@Navy.example"}), true},
		{"another name", graceHeld(sandbox.Record{"name": "grace"}), false},
		{"no name", graceHeld(sandbox.Record{"name": nil}), false},
		{"a phone", graceHeld(sandbox.Record{"phone": "1"}), false},
		{"a company", graceHeld(sandbox.Record{"company": "Navy"}), false},
		{"notes", graceHeld(sandbox.Record{"notes": "n"}), false},
		{"a source", graceHeld(sandbox.Record{"source": "https://s.example"}), false},
		{"a referer", graceHeld(sandbox.Record{"referer": "https://r.example"}), false},
		{"a channel", graceHeld(sandbox.Record{"integrationId": "i"}), false},
		{"unsubscribed", graceHeld(sandbox.Record{"unsubscribed": true}), false},
		{"blocked", graceHeld(sandbox.Record{"blocked": true}), false},
		{"one more tag", graceHeld(sandbox.Record{"tags": []string{"vip", "trial"}}), false},
		{"no tag", graceHeld(sandbox.Record{"tags": []string{}}), false},
		{"another custom value", graceHeld(sandbox.Record{"customData": map[string]any{"seats": 13}}), false},
		{"one more custom value", graceHeld(sandbox.Record{"customData": map[string]any{"seats": 12, "plan": "gold"}}), false},
		{"no custom value", graceHeld(sandbox.Record{"customData": map[string]any{}}), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			customers := []sandbox.Record{ada}
			if test.there != nil {
				customers = []sandbox.Record{test.there, ada}
			}
			open(t, setup{sandbox: sandbox.Config{Customers: customers}}, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropBefore})
				got, err := a.CreateCustomer(a.Context(), grace())
				if test.adopts && (err != nil || got.ID != a.ada) {
					a.Errorf("got %v, error %v", got, err)
				}
				var lost *helpcrunch.LostError
				if !test.adopts && (got != nil || !errors.As(err, &lost)) {
					a.Errorf("got %v, error %v", got, err)
				}
				searches := 1
				if test.there == nil {
					searches = 2 // it may not be visible at once
				}
				a.served(sandbox.OpCreate, 1, sandbox.OpSearch, searches)
			})
		})
	}
}

// A search may show a new customer a little later.
func TestCreateIsFoundInSpiteOfALag(t *testing.T) {
	with := setup{}
	with.sandbox.Switches.SearchLag = 3 * time.Second
	open(t, with, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
		got, err := a.CreateCustomer(a.Context(), grace())
		if err != nil || *got.UserID != gracesUserID {
			a.Errorf("got %v, error %v", got, err)
		}
		a.served(sandbox.OpCreate, 1, sandbox.OpSearch, 2)
	})
}

// What was not sent has to be empty; what was sent has to be there.
func TestCreateAdoptsWhatWasSent(t *testing.T) {
	there := sandbox.Record{"userId": gracesUserID, "unsubscribed": true, "blocked": true, "tags": []string{"vip"}, "locale": "en"}
	changes := helpcrunch.Changes{
		UserID: helpcrunch.Some(gracesUserID), Unsubscribed: helpcrunch.Some(true), Blocked: helpcrunch.Some(true),
		Tags: []helpcrunch.Tag{{Name: "vip", Color: "red"}},
	}
	for _, locale := range []string{"en", "fr"} {
		open(t, setup{sandbox: sandbox.Config{Customers: []sandbox.Record{there}}}, func(a *account) {
			changes.Locale = helpcrunch.Some(locale)
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropBefore})
			if _, err := a.CreateCustomer(a.Context(), changes); (err == nil) != (locale == "en") {
				a.Errorf("locale %s: error %v", locale, err)
			}
		})
	}
}

// Of a create that sends nothing but the user id, nothing else may be there.
func TestCreateOfAUserIDOnly(t *testing.T) {
	for _, test := range []struct {
		name   string
		more   sandbox.Record
		adopts bool
	}{
		{"nothing", sandbox.Record{}, true},
		{"a tag", sandbox.Record{"tags": []string{"vip"}}, false},
		{"a custom value", sandbox.Record{"customData": map[string]any{"plan": "gold"}}, false},
		{"a name", sandbox.Record{"name": "Grace"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			there := maps.Clone(test.more)
			there["userId"] = gracesUserID
			open(t, setup{sandbox: sandbox.Config{Customers: []sandbox.Record{there}}}, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropBefore})
				_, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{UserID: helpcrunch.Some(gracesUserID)})
				if (err == nil) != test.adopts {
					a.Errorf("error %v", err)
				}
			})
		})
	}
}

// User ids are unique, as far as anybody knows.
func TestCreateAdoptsNobodyOfSeveral(t *testing.T) {
	twins := func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/search") {
				return nil, errors.New("cut")
			}
			body := fmt.Sprintf(`{"data": [%s, %s]}`, customerJSON(1, `"userId": "`+gracesUserID+`"`), customerJSON(2, `"userId": "`+gracesUserID+`"`))
			return response(r, http.StatusOK, nil, strings.NewReader(body)), nil
		})
	}
	open(t, setup{transport: twins}, func(a *account) {
		got, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{UserID: helpcrunch.Some(gracesUserID)})
		if got != nil || !helpcrunch.OutcomeUnknown(err) {
			a.Errorf("got %v, error %v", got, err)
		}
	})
}

// What is said about the look-up hides nothing of the create.
func TestCreateThatCannotBeLookedUp(t *testing.T) {
	for _, fault := range []sandbox.FaultKind{sandbox.Unauthorized, sandbox.Forbidden, sandbox.FailBefore, sandbox.DropBefore} {
		t.Run(string(fault), func(t *testing.T) {
			open(t, setup{}, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpSearch, Kind: fault, Times: 100})
				got, err := a.CreateCustomer(a.Context(), grace())
				var lost *helpcrunch.LostError
				if got != nil || !errors.As(err, &lost) || lost.Operation != "create a customer" || !helpcrunch.OutcomeUnknown(err) {
					a.Errorf("got %v, error %v", got, err)
				}
			})
		})
	}
}

// Cancelled while the create is under way: that is waited for, the look-up is not made.
func TestCreateThatIsGivenUp(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.Late, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(a.Context(), time.Second)
		defer cancel()
		got, err := a.CreateCustomer(ctx, grace())
		if got != nil || !helpcrunch.OutcomeUnknown(err) || !errors.Is(err, context.DeadlineExceeded) {
			a.Errorf("got %v, error %v", got, err)
		}
		if a.now() != helpcrunch.DefaultRequestTimeout {
			a.Errorf("took %v", a.now())
		}
	})
}

// A refusal is an answer: nothing was made, and nothing is looked for.
func TestCreateThatIsRefused(t *testing.T) {
	open(t, setup{}, func(a *account) {
		changes := grace()
		changes.UserID = helpcrunch.Some(adasUserID)
		got, err := a.CreateCustomer(a.Context(), changes)
		if got != nil || err == nil || helpcrunch.OutcomeUnknown(err) {
			a.Errorf("got %v, error %v", got, err)
		}
		a.served(sandbox.OpCreate, 1)
	})
}
