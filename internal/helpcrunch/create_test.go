// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
		if unstuck := changes.Unstuck(got.Customer); len(unstuck) > 0 {
			a.Errorf("the answer does not hold %v", unstuck)
		}
		if held, ok := a.server.Customer(got.ID); !ok || held["name"] != "Grace" || a.requests() != 1 {
			a.Errorf("HelpCrunch holds %v after %d requests", held, a.requests())
		}
	})
}

// Every way of losing the answer. With a user id the create is sent again: the
// refusal of the second one says that the first was carried out.
func TestCreateWhoseAnswerWasLost(t *testing.T) {
	for fault, made := range map[sandbox.FaultKind]bool{
		sandbox.DropAfter: true, sandbox.FailAfter: true, sandbox.Late: true, sandbox.WrongType: true, sandbox.Oversized: true,
		sandbox.DropBefore: false, sandbox.FailBefore: false, sandbox.BadGateway: false,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Run("with a user id", func(t *testing.T) {
				open(t, setup{}, func(a *account) {
					a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: fault, Delay: time.Hour})
					got, err := a.CreateCustomer(a.Context(), grace())
					if err != nil {
						a.Fatal(err)
					}
					if held, _ := a.server.Customer(got.ID); held["userId"] != gracesUserID {
						a.Errorf("the customer is %v", held)
					}
					if got.Adopted != made {
						a.Errorf("adopted: %t", got.Adopted)
					}
					searches := 0
					if made {
						searches = 1
					}
					a.served(sandbox.OpCreate, 2, sandbox.OpSearch, searches, sandbox.OpGet, searches)
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

// Where every answer is lost there is no refusal, but the customer is there.
// A refusal that cannot be read may be the very one that says that the lost
// create was carried out: it does not say that nobody was made.
func TestLostCreateWhoseRefusalIsUnreadable(t *testing.T) {
	for _, times := range []int{2, 100} { // read at last, or never
		open(t, setup{}, func(a *account) {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.WrongType, Times: times})
			got, err := a.CreateCustomer(a.Context(), grace())
			if err != nil {
				a.Fatalf("the customer was made, and the error is %v", err)
			}
			if held, _ := a.server.Customer(got.ID); held["userId"] != gracesUserID || !got.Adopted {
				a.Errorf("adopted %t: %v", got.Adopted, held)
			}
		})
	}
}

func TestCreateWhoseAnswersAreAllLost(t *testing.T) {
	for fault, made := range map[sandbox.FaultKind]bool{sandbox.DropAfter: true, sandbox.DropBefore: false} {
		t.Run(string(fault), func(t *testing.T) {
			open(t, setup{}, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: fault, Times: 100})
				got, err := a.CreateCustomer(a.Context(), grace())
				_, taken := errors.AsType[*helpcrunch.TakenError](err)
				if made && (err != nil || !got.Adopted) || !made && (got != nil || taken || !helpcrunch.OutcomeUnknown(err)) {
					a.Errorf("got %v, error %v", got, err)
				}
				searches, reads := 1, 1
				if !made {
					searches, reads = 2, 0 // it may not be visible at once
				}
				a.served(sandbox.OpCreate, 1+retries, sandbox.OpSearch, searches, sandbox.OpGet, reads)
			})
		})
	}
}

// Who has the user id by then is named, though no refusal came through.
func TestCreateWhoseRefusalsAreAllLost(t *testing.T) {
	there := graceHeld(sandbox.Record{"name": "somebody else"})
	open(t, setup{sandbox: sandbox.Config{Customers: []sandbox.Record{there}}}, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter, Times: 100})
		_, err := a.CreateCustomer(a.Context(), grace())
		taken, ok := errors.AsType[*helpcrunch.TakenError](err)
		if !ok || !slices.Equal(taken.IDs, []int64{a.ada}) || !slices.Equal(taken.Differs, []string{"name"}) || !helpcrunch.OutcomeUnknown(err) {
			a.Errorf("error %+v", err)
		}
	})
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
	// A bubble begins at the start of 2000.
	const now, aMinuteAgo, longAgo = "946684800", "946684740", "915148800"
	for _, test := range []struct {
		name  string
		there sandbox.Record
		by    []string // what they are told apart by; none = adopted
	}{
		{"the same", graceHeld(nil), nil},
		{"seen for the first time now", graceHeld(sandbox.Record{"firstSeen": now, "lastSeen": now}), nil},
		{"seen a minute ago, by another clock", graceHeld(sandbox.Record{"firstSeen": aMinuteAgo, "lastSeen": aMinuteAgo}), nil},
		{"a locale", graceHeld(sandbox.Record{"locale": "en"}), nil},
		{"e-mail in another case", graceHeld(sandbox.Record{"email": "Grace@Navy.example"}), nil},
		{"first seen long ago", graceHeld(sandbox.Record{"firstSeen": longAgo}), []string{"firstSeen"}},
		{"last seen long ago", graceHeld(sandbox.Record{"lastSeen": longAgo}), []string{"lastSeen"}},
		{"a page", graceHeld(sandbox.Record{"lastPage": "https://l.example"}), []string{"lastPage"}},
		{"a place", graceHeld(sandbox.Record{"location": map[string]any{"city": "Arlington"}}), []string{"location"}},
		{"a device", graceHeld(sandbox.Record{"device": map[string]any{"platform": "desktop"}}), []string{"device"}},
		{"came through the widget", graceHeld(sandbox.Record{"createdFrom": "web"}), []string{"createdFrom"}},
		{"another name", graceHeld(sandbox.Record{"name": "grace"}), []string{"name"}},
		{"no name", graceHeld(sandbox.Record{"name": nil}), []string{"name"}},
		{"a phone", graceHeld(sandbox.Record{"phone": "1"}), []string{"phone"}},
		{"a company", graceHeld(sandbox.Record{"company": "Navy"}), []string{"company"}},
		{"notes", graceHeld(sandbox.Record{"notes": "n"}), []string{"notes"}},
		{"a source", graceHeld(sandbox.Record{"source": "https://s.example"}), []string{"source"}},
		{"a referer", graceHeld(sandbox.Record{"referer": "https://r.example"}), []string{"referer"}},
		{"a channel", graceHeld(sandbox.Record{"integrationId": "i"}), []string{"integrationId"}},
		{"unsubscribed", graceHeld(sandbox.Record{"unsubscribed": true}), []string{"unsubscribed"}},
		{"blocked", graceHeld(sandbox.Record{"blocked": true}), []string{"blocked"}},
		{"one more tag", graceHeld(sandbox.Record{"tags": []string{"vip", "trial"}}), []string{"tags"}},
		{"no tag", graceHeld(sandbox.Record{"tags": []string{}}), []string{"tags"}},
		{"another custom value", graceHeld(sandbox.Record{"customData": map[string]any{"seats": 13}}), []string{"customData.seats"}},
		{"one more custom value", graceHeld(sandbox.Record{"customData": map[string]any{"seats": 12, "plan": "gold"}}), []string{"customData.plan"}},
		{"no custom value", graceHeld(sandbox.Record{"customData": map[string]any{}}), []string{"customData.seats"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			open(t, setup{sandbox: sandbox.Config{Customers: []sandbox.Record{test.there, ada}}}, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.BadGateway})
				got, err := a.CreateCustomer(a.Context(), grace())
				if test.by == nil && (err != nil || got.ID != a.ada || !got.Adopted) {
					a.Errorf("got %v, error %v", got, err)
				}
				taken, refused := errors.AsType[*helpcrunch.TakenError](err)
				if test.by != nil && (got != nil || !refused || !slices.Equal(taken.IDs, []int64{a.ada}) || !slices.Equal(taken.Differs, test.by)) {
					a.Errorf("got %v, error %#v", got, err)
				}
				a.served(sandbox.OpCreate, 2, sandbox.OpSearch, 1, sandbox.OpGet, 1)
			})
		})
	}
}

// A search may still show somebody who was deleted: one who is to be replaced,
// or the remains of test accounts. It is the new one who is adopted.
func TestCreateAdoptsNobodyWhoIsGone(t *testing.T) {
	with := setup{sandbox: sandbox.Config{Customers: []sandbox.Record{graceHeld(nil), ada}}}
	with.sandbox.Switches.SearchLag = 20 * time.Second
	open(t, with, func(a *account) {
		time.Sleep(time.Minute)
		if err := a.DeleteCustomer(a.Context(), a.ada); err != nil {
			a.Fatal(err)
		}
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
		got, err := a.CreateCustomer(a.Context(), grace())
		if err != nil || got.ID == a.ada || !got.Adopted {
			a.Fatalf("got %v, error %v", got, err)
		}
		if held, exists := a.server.Customer(got.ID); !exists || held["userId"] != gracesUserID {
			a.Errorf("customer %d is %v", got.ID, held)
		}
	})
}

// Whoever this run has made or changed is not what another create has made.
func TestCreateAdoptsNobodyTwice(t *testing.T) {
	for name, first := range map[string]func(a *account) error{
		"made": func(a *account) error { return second(a.CreateCustomer(a.Context(), grace())) },
		"adopted": func(a *account) error {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
			return second(a.CreateCustomer(a.Context(), grace()))
		},
		"changed": func(a *account) error {
			id, err := a.server.Add(graceHeld(sandbox.Record{"name": "Hopper"}))
			if err != nil {
				return err
			}
			return second(a.UpdateCustomer(a.Context(), id, helpcrunch.Changes{Name: helpcrunch.Some("Grace")}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			open(t, setup{}, func(a *account) {
				if err := first(a); err != nil {
					a.Fatal(err)
				}
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropBefore})
				got, err := a.CreateCustomer(a.Context(), grace())
				if _, ok := errors.AsType[*helpcrunch.TakenError](err); got != nil || !ok {
					a.Errorf("got %v, error %v", got, err)
				}
			})
		})
	}
}

func second[T any](_ T, err error) error { return err }

// A search may show a new customer later, up to a minute.
func TestCreateIsFoundInSpiteOfALag(t *testing.T) {
	for lag, found := range map[time.Duration]bool{3 * time.Second: true, 45 * time.Second: true, time.Hour: false} {
		t.Run(lag.String(), func(t *testing.T) {
			with := setup{}
			with.sandbox.Switches.SearchLag = lag
			open(t, with, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
				got, err := a.CreateCustomer(a.Context(), grace())
				if found && (err != nil || *got.UserID != gracesUserID) {
					a.Errorf("got %v, error %v", got, err)
				}
				if taken, ok := errors.AsType[*helpcrunch.TakenError](err); !found && (!ok || len(taken.IDs) > 0) {
					a.Errorf("error %v", err)
				}
				if a.now() > 65*time.Second {
					a.Errorf("took %v", a.now())
				}
			})
		})
	}
}

// Many creates at once, with a fault at every tenth request: each is made, none
// twice, and those whose answers were lost are looked up together.
func TestManyCreatesWithFaults(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"502":                     {Kind: sandbox.BadGateway},
		"500 after the work":      {Kind: sandbox.FailAfter},
		"cut before the work":     {Kind: sandbox.DropBefore},
		"cut after the work":      {Kind: sandbox.DropAfter},
		"late":                    {Kind: sandbox.Late, Delay: time.Hour},
		"429":                     {Kind: sandbox.TooMany, RetryAfter: time.Second},
		"429 without Retry-After": {Kind: sandbox.TooMany},
	} {
		for _, customers := range []int{12, 100} {
			t.Run(fmt.Sprint(name, " of ", customers), func(t *testing.T) {
				patient := func(c *helpcrunch.Config) { c.MaxRetries = helpcrunch.DefaultMaxRetries }
				open(t, setup{sandbox: sandbox.Config{Customers: []sandbox.Record{}}, client: patient}, func(a *account) {
					for i := range customers {
						fault.After = 9 * (i + 1)
						a.server.Arm(fault)
					}
					var wait sync.WaitGroup
					ids := make([]int64, customers)
					for i := range customers {
						wait.Go(func() {
							changes := grace()
							changes.UserID = helpcrunch.Some(fmt.Sprint("crm-", i))
							got, err := a.CreateCustomer(a.Context(), changes)
							if err != nil {
								a.Errorf("create %d: %v", i, err)
								return
							}
							ids[i] = got.ID
						})
					}
					wait.Wait()
					if held := a.server.Customers(); len(held) != customers {
						a.Errorf("HelpCrunch holds %d customers", len(held))
					}
					for i, id := range ids {
						if held, _ := a.server.Customer(id); held["userId"] != fmt.Sprint("crm-", i) {
							a.Errorf("create %d got %v", i, held)
						}
					}
				})
			})
		}
	}
}

func TestLostCreatesAreLookedUpTogether(t *testing.T) {
	const customers = 12
	var creates atomic.Int64
	losing := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if err == nil && answer.StatusCode == http.StatusCreated && creates.Add(1) <= customers {
				return nil, errors.New("cut")
			}
			return answer, err
		})
	}
	open(t, setup{transport: losing}, func(a *account) {
		var wait sync.WaitGroup
		for i := range customers {
			wait.Go(func() {
				changes := grace()
				changes.UserID = helpcrunch.Some(fmt.Sprint("new-", i))
				if got, err := a.CreateCustomer(a.Context(), changes); err != nil || !got.Adopted {
					a.Errorf("got %v, error %v", got, err)
				}
			})
		}
		wait.Wait()
		a.served(sandbox.OpCreate, 2*customers, sandbox.OpSearch, 1, sandbox.OpGet, customers)
	})
}

// An answer about somebody else: it is an error, whatever the status says.
func TestCreateAnsweredWithSomebodyElse(t *testing.T) {
	const longAgo = "915148800"
	withUserID, without := grace(), grace()
	without.UserID = helpcrunch.Optional[string]{}
	for _, test := range []struct {
		name    string
		changes helpcrunch.Changes
		answer  string
		other   bool
		adopted bool
	}{
		{"another user id", withUserID, `"userId": "crm-1", "name": "Ada", "firstSeen": "` + longAgo + `"`, true, false},
		{"another user id, and a field that cannot be read", withUserID, `"userId": "crm-1", "lastSeen": "2024-01-01T00:00:00Z"`, true, false},
		{"another user id, and all that was sent", withUserID, `"userId": "crm-1", "name": "Grace", "email": "grace@navy.example"`, true, false},
		{"a user id beyond measure", withUserID, `"userId": "` + strings.Repeat("x", 1<<16) + `"`, true, false},
		{"a user id where none was sent", without, `"userId": "crm-1", "name": "Grace"`, true, false},
		{"another name of long ago", without, `"name": "Ada", "email": "ada@analytical.example", "firstSeen": "` + longAgo + `"`, true, false},
		{"another name with a device", without, `"name": "Ada", "device": {"platform": "desktop"}`, true, false},
		{"no user id, of long ago", withUserID, `"name": "Grace", "email": "grace@navy.example", "lastSeen": "` + longAgo + `"`, true, false},
		{"all that was sent, of long ago", withUserID, `"userId": "` + gracesUserID + `", "name": "Grace", "email": "grace@navy.example", "firstSeen": "` + longAgo + `"`, false, true},
		{"another name and a phone, never seen", without, `"name": "Ada", "phone": "+44 20 7946 0017"`, true, false},
		{"all that was sent, and notes of others", without, `"name": "Grace", "email": "grace@navy.example", "notes": "since 2019"`, false, true},
		{"all that was sent, and unsubscribed", withUserID, `"userId": "` + gracesUserID + `", "name": "Grace", "email": "grace@navy.example", "unsubscribed": true`, false, true},
		{"the user id in another form", withUserID, `"userId": " CRM-18 ", "name": "Grace"`, false, false},
		{"another form of the name", withUserID, `"userId": "` + gracesUserID + `", "name": "GRACE"`, false, false},
		{"a user id that was ignored", withUserID, `"userId": null, "name": "Grace"`, false, false},
		{"seen now, from the API", without, `"name": "Grace", "firstSeen": "946684800", "lastSeen": "946684801", "createdFrom": "api", "locale": "en"`, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			open(t, setup{transport: answering("application/json", customerJSON(7, test.answer))}, func(a *account) {
				got, err := a.CreateCustomer(a.Context(), test.changes)
				other, refused := errors.AsType[*helpcrunch.StrangerError](err)
				if refused != test.other || refused && (other.ID != 7 || got != nil || helpcrunch.OutcomeUnknown(err)) {
					a.Errorf("got %v, error %v", got, err)
				}
				if !test.other && (err != nil || got.ID != 7 || got.Adopted != test.adopted) {
					a.Errorf("got %v, error %v", got, err)
				}
				silent(t, fmt.Sprint(err))
				harmless(t, fmt.Sprint(err))
			})
		})
	}
}

// A server that gives every create the same answer has made one customer.
func TestCreateAnsweredTwiceWithTheSame(t *testing.T) {
	open(t, setup{transport: answering("application/json", customerJSON(7, `"name": "Grace"`))}, func(a *account) {
		changes := helpcrunch.Changes{Name: helpcrunch.Some("Grace")}
		if _, err := a.CreateCustomer(a.Context(), changes); err != nil {
			a.Fatal(err)
		}
		got, err := a.CreateCustomer(a.Context(), changes)
		if _, ok := errors.AsType[*helpcrunch.StrangerError](err); got != nil || !ok {
			a.Errorf("got %v, error %v", got, err)
		}
	})
}

// Whoever has an id exists: a field that cannot be read does not lose them.
func TestCreateWithAnAnswerThatIsHardToRead(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		unread       []string
	}{
		{"a date in words", customerJSON(7, `"name": "Grace", "lastSeen": "yesterday"`), []string{"lastSeen"}},
		{"several fields", customerJSON(7, `"name": "Grace", "email": {"address": "x"}, "tags": "vip", "firstSeen": []`), []string{"email", "firstSeen", "tags"}},
		{"the id last", `{"lastSeen": true, "name": "Grace", "id": 7}`, []string{"lastSeen"}},
		{"few fields", `{"id": 7, "name": "Grace"}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			open(t, setup{transport: answering("application/json", test.answer)}, func(a *account) {
				got, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{Name: helpcrunch.Some("Grace")})
				if err != nil {
					a.Fatal(err)
				}
				if got.ID != 7 || *got.Name != "Grace" || got.Adopted || !slices.Equal(slices.Sorted(slices.Values(got.Unread)), test.unread) {
					a.Errorf("got %+v, unread %v", got.Customer, got.Unread)
				}
			})
		})
	}
	for _, test := range odd {
		t.Run(test.given, func(t *testing.T) {
			open(t, setup{transport: answering("application/json", oddJSON(7, test.given))}, func(a *account) {
				got, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{Notes: helpcrunch.Some("n")})
				if err != nil || got.ID != 7 || !slices.Equal(got.Unread, []string{test.field}) {
					a.Errorf("got %+v, error %v", got, err)
				}
			})
		})
	}
	// What is left out is asked for; where that is refused, it is not known.
	refusing := func(status int) func(http.RoundTripper) http.RoundTripper {
		return func(http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodGet {
					return response(r, status, nil, strings.NewReader("")), nil
				}
				return response(r, http.StatusCreated, nil, strings.NewReader(`{"id": 7, "name": "Grace"}`)), nil
			})
		}
	}
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusBadGateway} {
		t.Run(fmt.Sprint("few fields and ", status), func(t *testing.T) {
			open(t, setup{transport: refusing(status)}, func(a *account) {
				got, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{Name: helpcrunch.Some("Grace")})
				if err != nil || got.ID != 7 || *got.Name != "Grace" || !slices.Contains(got.Unread, "email") || slices.Contains(got.Unread, "name") {
					a.Errorf("got %+v, error %v", got, err)
				}
			})
		})
	}
	for name, answer := range map[string]string{"no id": `{"name": "Grace"}`, "an id that is none": `{"id": -1}`, "null": `null`, "a list": `[]`, "cut off": `{"id": 7, "na`, "a web page": `<html>`, "nothing": ``} {
		t.Run(name, func(t *testing.T) {
			open(t, setup{transport: answering("application/json", answer)}, func(a *account) {
				got, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{Name: helpcrunch.Some("Grace")})
				if got != nil || !helpcrunch.OutcomeUnknown(err) {
					a.Errorf("got %v, error %v", got, err)
				}
			})
		})
	}
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

// What an answer does not tell is as it was sent; what it tells is what it tells.
func TestUnto(t *testing.T) {
	sent := helpcrunch.Changes{
		Name: helpcrunch.Some("Grace"), Email: helpcrunch.Some("grace@navy.example"), Phone: helpcrunch.None[string](),
		CustomData: helpcrunch.CustomData{"seats": v(helpcrunch.Number, "12")},
	}
	held := &helpcrunch.Customer{ID: 17, Email: new("g@navy.example"), Company: new("Navy"), CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold")}}
	if got := sent.Unto(held, nil); got != held {
		t.Errorf("of an answer that tells everything it makes %s", encode(t, got))
	}
	for _, test := range []struct {
		unread []string
		want   helpcrunch.Customer
	}{
		{[]string{"name"}, helpcrunch.Customer{ID: 17, Name: new("Grace"), Email: held.Email, Company: held.Company, CustomData: held.CustomData}},
		{[]string{"email", "company", "phone"}, helpcrunch.Customer{ID: 17, Email: new("grace@navy.example"), Company: held.Company, CustomData: held.CustomData}},
		{[]string{"customData"}, helpcrunch.Customer{ID: 17, Email: held.Email, Company: held.Company, CustomData: sent.CustomData}},
		{[]string{"tags"}, *held},
	} {
		before := encode(t, held)
		if got := sent.Unto(held, test.unread); !reflect.DeepEqual(*got, test.want) {
			t.Errorf("without %v: %s", test.unread, encode(t, got))
		}
		if after := encode(t, held); !bytes.Equal(before, after) {
			t.Errorf("without %v: the answer has become %s", test.unread, after)
		}
	}
}

// After a lost answer, a key that is refused says nothing of what became of the create.
func TestLostCreateWhoseRepetitionIsUnauthorized(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.Unauthorized})
		got, err := a.CreateCustomer(a.Context(), grace())
		if got != nil || !helpcrunch.OutcomeUnknown(err) || !unauthorized(err) {
			a.Errorf("got %v, error %v", got, err)
		}
	})
}

// After a lost answer, what is refused for its own sake was refused before as well;
// anything else says nothing of what became of the create.
func TestLostCreateWhoseRepetitionFails(t *testing.T) {
	says := `{"errors":[{"code":"invalid_email_value","message":"This is no e-mail address."}]}`
	for name, test := range map[string]struct {
		status  int // 0 = nobody is reached
		unknown bool
	}{
		"a value that is refused": {http.StatusBadRequest, false},
		"a wrong address":         {http.StatusNotFound, true},
		"nobody is there":         {0, true},
	} {
		t.Run(name, func(t *testing.T) {
			creates := 0
			losing := func(http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					switch creates++; {
					case creates == 1:
						return nil, errors.New("cut")
					case test.status == 0:
						return nil, refused
					}
					return response(r, test.status, nil, strings.NewReader(says)), nil
				})
			}
			open(t, setup{transport: losing}, func(a *account) {
				got, err := a.CreateCustomer(a.Context(), grace())
				answer, answered := errors.AsType[*helpcrunch.Error](err)
				if got != nil || err == nil || helpcrunch.OutcomeUnknown(err) != test.unknown || answered != (test.status > 0) || answered && answer.Status != test.status {
					a.Errorf("got %v, error %v", got, err)
				}
			})
		})
	}
}

// Who has the user id is told in HelpCrunch's own words, and by id.
func TestTakenUserID(t *testing.T) {
	there := graceHeld(sandbox.Record{"name": "somebody else"})
	open(t, setup{sandbox: sandbox.Config{Customers: []sandbox.Record{there}}}, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropBefore})
		_, err := a.CreateCustomer(a.Context(), grace())
		taken, ok := errors.AsType[*helpcrunch.TakenError](err)
		if !ok || taken.UserID != gracesUserID || !slices.Equal(taken.IDs, []int64{a.ada}) || !slices.Equal(taken.Differs, []string{"name"}) {
			a.Fatalf("error %+v", err)
		}
		refusal, ok := errors.AsType[*helpcrunch.Error](err)
		if !ok || !refusal.DuplicateUserID() || err.Error() != refusal.Error() {
			a.Errorf("error %v, refusal %v", err, refusal)
		}
	})
}
