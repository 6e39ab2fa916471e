// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func always(*helpcrunch.Customer) bool { return true }

type readOutcome struct {
	customer *helpcrunch.Customer
	err      error
}

// readAll reads customers side by side.
func (a *account) readAll(ids []int64, believable func(*helpcrunch.Customer) bool) map[int64]readOutcome {
	var wait sync.WaitGroup
	var mu sync.Mutex
	outcomes := make(map[int64]readOutcome)
	for _, id := range ids {
		wait.Go(func() {
			customer, err := a.ReadCustomer(a.Context(), id, believable)
			mu.Lock()
			defer mu.Unlock()
			outcomes[id] = readOutcome{customer, err}
		})
	}
	wait.Wait()
	return outcomes
}

func TestReadsShareSearches(t *testing.T) {
	for count, want := range map[int]string{1: "get", 2: "search", 100: "search", 101: "search get", 250: "search search search"} {
		open(t, crowd(count), func(a *account) {
			for id, got := range a.readAll(a.ids(), always) {
				if got.err != nil || got.customer.ID != id {
					t.Errorf("%d: %+v, %v", id, got.customer, got.err)
				}
			}
			if a.operations() != want {
				t.Errorf("%d reads: %q, want %q", count, a.operations(), want)
			}
		})
	}
}

// Whoever asks for the same customer side by side shares a read.
func TestReadsOfOneCustomer(t *testing.T) {
	for count, want := range map[int]string{1: "get", 3: "search"} {
		open(t, crowd(count), func(a *account) {
			var wait sync.WaitGroup
			for _, id := range slices.Repeat(a.ids(), 10) {
				wait.Go(func() {
					if customer, err := a.ReadCustomer(a.Context(), id, always); err != nil || customer.ID != id {
						t.Errorf("%d: %+v, %v", id, customer, err)
					}
				})
			}
			wait.Wait()
			if a.operations() != want {
				t.Errorf("ten reads of each of %d customers: %q, want %q", count, a.operations(), want)
			}
			for _, request := range a.server.Requests() {
				if filters := strings.Count(string(request.Body), "customers.id"); filters > count {
					t.Errorf("a search with %d filters for %d customers", filters, count)
				}
			}
		})
	}
}

// A customer is gone only if a read of its own says so.
func TestReadsOfWhatASearchDoesNotFind(t *testing.T) {
	for name, organization := range map[string]int{
		"":                       0,
		"empty-search-not-found": 1, // nothing has shown yet that the address is right
	} {
		with := crowd(3)
		if name != "" {
			with = crowd(3, name)
		}
		open(t, with, func(a *account) {
			ids := a.ids()
			for _, id := range ids {
				if err := a.server.Delete(id); err != nil {
					t.Fatal(err)
				}
			}
			for id, got := range a.readAll(ids, always) {
				if !helpcrunch.IsNotFound(got.err) {
					t.Errorf("%d: %v, %v", id, got.customer, got.err)
				}
			}
			a.served(sandbox.OpSearch, 1, sandbox.OpGet, 3, sandbox.OpOrganization, organization)
		})
	}
	open(t, crowd(2), func(a *account) {
		if err := a.server.SetSwitch("search-lag", "1h"); err != nil {
			t.Fatal(err)
		}
		ids := a.ids()
		fresh, err := a.server.Add(sandbox.Record{"name": "new"})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.readAll(append(ids, fresh), always)[fresh]; got.err != nil || *got.customer.Name != "new" {
			t.Errorf("%+v, %v", got.customer, got.err)
		}
	})
}

// A search that cannot be true yet is not believed.
func TestReadsThatAreNotBelieved(t *testing.T) {
	open(t, crowd(4), func(a *account) {
		if err := a.server.SetSwitch("search-lag", "1h"); err != nil {
			t.Fatal(err)
		}
		ids := a.ids()
		if err := a.server.Change(ids[0], sandbox.Record{"name": "Ada"}); err != nil {
			t.Fatal(err)
		}
		got := a.readAll(ids, func(c *helpcrunch.Customer) bool { return c.ID != ids[0] })
		if name := got[ids[0]].customer.Name; name == nil || *name != "Ada" {
			t.Errorf("the name is %v", name)
		}
		if a.operations() != "search get" {
			t.Errorf("%q", a.operations())
		}
	})
}

// An account that refuses large searches is asked for less, and not again.
func TestReadsInAnAccountThatRefusesLargeSearches(t *testing.T) {
	for most, want := range map[string]struct{ first, again int }{"10": {1 + 10, 10}, "1": {1 + 10 + 100, 100}} {
		open(t, crowd(100), func(a *account) {
			if err := a.server.SetSwitch("search-max-filters", most); err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{want.first, want.again} {
				a.server.ResetCounts()
				for id, got := range a.readAll(a.ids(), always) {
					if got.err != nil || got.customer.ID != id {
						t.Errorf("%d: %v", id, got.err)
					}
				}
				if a.requests() > n {
					t.Errorf("at most %s: %d requests for 100 reads, want %d: %q", most, a.requests(), n, a.operations())
				}
			}
		})
	}
}

func TestReadFaults(t *testing.T) {
	open(t, crowd(5), func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpSearch, Kind: sandbox.Forbidden})
		for _, got := range a.readAll(a.ids(), always) {
			if refusal, ok := errors.AsType[*helpcrunch.Error](got.err); !ok || refusal.Status != 403 || got.customer != nil {
				t.Errorf("%v, %v", got.customer, got.err)
			}
		}
		if a.operations() != "search" {
			t.Errorf("%q", a.operations())
		}
	})
}

// Look-ups share a search too, and each gets its own customers, all of them.
func TestLookUps(t *testing.T) {
	with := crowd(130)
	for i, customer := range with.sandbox.Customers {
		customer["email"] = "many@example.com"
		if i%2 == 0 {
			customer["email"] = fmt.Sprintf("one-%d@example.com", i)
		}
	}
	open(t, with, func(a *account) {
		var wait sync.WaitGroup
		var mu sync.Mutex
		found := make(map[string][]int64)
		for _, q := range []struct {
			field *helpcrunch.StringField
			value string
		}{
			{helpcrunch.UserID, "crm-7"},
			{helpcrunch.UserID, "nobody"},
			{helpcrunch.Email, "one-4@example.com"},
			{helpcrunch.Email, "many@example.com"},
			{helpcrunch.Email, "one-6@example.com"},
		} {
			wait.Go(func() {
				customers, err := a.LookUp(a.Context(), q.field, q.value)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				found[q.value] = nil
				for _, customer := range customers {
					found[q.value] = append(found[q.value], customer.ID)
				}
			})
		}
		wait.Wait()
		ids := a.ids()
		if !slices.Equal(found["crm-7"], ids[7:8]) || !slices.Equal(found["one-4@example.com"], ids[4:5]) ||
			!slices.Equal(found["one-6@example.com"], ids[6:7]) || len(found["nobody"]) != 0 || len(found["many@example.com"]) != 65 {
			t.Errorf("found %v", found)
		}
		if a.operations() != "search" || a.now() > time.Second {
			t.Errorf("%q after %s", a.operations(), a.now())
		}
	})
	with = crowd(230)
	for _, customer := range with.sandbox.Customers {
		customer["email"] = "many@example.com"
	}
	open(t, with, func(a *account) {
		customers, err := a.LookUp(a.Context(), helpcrunch.Email, "many@example.com")
		if err != nil || len(customers) != 230 || a.operations() != "search search search" {
			t.Errorf("%d customers, %v, %q", len(customers), err, a.operations())
		}
	})
}

// An account whose search finds text in any case finds too many: crm-17 is not
// CRM-17, and a customer must not be taken for the other one. E-mails are equal
// in any case, whoever wrote them.
func TestLookUpHeedsCase(t *testing.T) {
	with := setup{sandbox: sandbox.Config{
		Customers: []sandbox.Record{{"userId": "CRM-17", "email": "ada@example.com"}, {"userId": "crm-17", "email": "Ada@Example.com"}},
		Switches:  sandbox.Switches{SearchIgnoresCase: true},
	}}
	open(t, with, func(a *account) {
		ids := a.ids()
		for _, q := range []struct {
			field *helpcrunch.StringField
			value string
			want  []int64
		}{
			{helpcrunch.UserID, "crm-17", ids[1:]},
			{helpcrunch.UserID, "CRM-17", ids[:1]},
			{helpcrunch.UserID, "Crm-17", nil},
			{helpcrunch.Email, "ADA@example.com", ids},
		} {
			customers, err := a.LookUp(a.Context(), q.field, q.value)
			var got []int64
			for _, customer := range customers {
				got = append(got, customer.ID)
			}
			if err != nil || !slices.Equal(got, q.want) {
				t.Errorf("%s found %v, want %v, error %v", q.value, got, q.want, err)
			}
		}
	})
}

// Look-ups whose search is refused are halved: for their number, or for one of
// them, who alone gets the error.
func TestLookUpsInASearchThatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		most string // filters that the account takes; "" = any number
		bad  string // user id that it refuses
		want int    // requests at most
	}{
		"more than ten": {"10", "", 1 + 2 + 4},
		"more than one": {"1", "", 2*25 - 1},
		"a bad one":     {"", "crm-17", 1 + 2*5},
	} {
		with, searches := crowd(25), 0
		with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			searches++
			if c.bad != "" && bytes.Contains(body, []byte(`"`+c.bad+`"`)) {
				return nil, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"invalid_request","message":"Invalid request"}]}`))
			}
			return body, nil
		})
		open(t, with, func(a *account) {
			if c.most != "" {
				if err := a.server.SetSwitch("search-max-filters", c.most); err != nil {
					t.Fatal(err)
				}
			}
			var wait sync.WaitGroup
			for i, id := range a.ids() {
				wait.Go(func() {
					value := fmt.Sprint("crm-", i)
					found, err := a.LookUp(a.Context(), helpcrunch.UserID, value)
					var refusal *helpcrunch.Error
					switch {
					case value == c.bad && (!errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest):
						t.Errorf("%s: the bad one got %v, %v", name, found, err)
					case value != c.bad && (err != nil || len(found) != 1 || found[0].ID != id):
						t.Errorf("%s: %s got %v, %v", name, value, found, err)
					}
				})
			}
			wait.Wait()
			if searches > c.want {
				t.Errorf("%s: %d requests, want at most %d", name, searches, c.want)
			}
		})
	}
}

// A 404 in other words than HelpCrunch's is a gateway, and one from where not
// even the account is known is a wrong address: nobody is gone.
func TestReadsAtAWrongAddress(t *testing.T) {
	for name, c := range map[string]struct {
		answer   string
		requests int // of three reads side by side, a delete, a search and an update
	}{
		"a gateway":           {"<html>Not Found</html>", 7},
		"another API version": {`{"errors":[{"code":"entity_not_found","message":"Not found"}]}`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			with := crowd(3)
			requests := 0
			with.transport = func(http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					requests++
					return response(r, http.StatusNotFound, nil, strings.NewReader(c.answer)), nil
				})
			}
			open(t, with, func(a *account) {
				for id, got := range a.readAll(a.ids(), always) {
					if got.err == nil || helpcrunch.IsNotFound(got.err) {
						t.Errorf("%d: %v", id, got.err)
					}
				}
				if err := a.DeleteCustomer(a.Context(), a.ada); err == nil {
					t.Error("a delete succeeded")
				}
				if found, err := a.FindCustomers(a.Context(), helpcrunch.Filter{Field: "customers.email", Operator: "=", Value: adasEmail}); err == nil {
					t.Errorf("a search found %v", found)
				}
				if _, err := a.UpdateCustomer(a.Context(), a.ada, named("Ada")(0)); err == nil {
					t.Error("an update succeeded")
				}
				if requests != c.requests {
					t.Errorf("%d requests, want %d", requests, c.requests)
				}
			})
		})
	}
}

// The first 404 of a run is believed where the account is known.
func TestFirstAnswerIsNotFound(t *testing.T) {
	for fault, gone := range map[sandbox.FaultKind]bool{"": true, sandbox.Forbidden: true, sandbox.FailBefore: false} {
		open(t, crowd(1), func(a *account) {
			if fault != "" {
				a.server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: fault, Times: 100})
			}
			for range 2 {
				if _, err := a.GetCustomer(a.Context(), 1); err == nil || helpcrunch.IsNotFound(err) != gone {
					t.Errorf("%s: %v", fault, err)
				}
			}
			if fault == "" && a.operations() != "get organization get" {
				t.Errorf("requests: %s", a.operations())
			}
		})
	}
}

// Who has a user id is read by id, each once: a search may still show somebody
// who has another one by now, or who is gone.
func TestHolders(t *testing.T) {
	for _, test := range []struct {
		name    string
		taken   bool // HelpCrunch has said that there is one
		meddle  func(a *account) error
		holders int // how many, of whom Ada is none once she was changed
		waits   bool
		gets    int
	}{
		{"one", false, nil, 1, false, 1},
		{"one, as HelpCrunch says", true, nil, 1, false, 1},
		{"changed since", false, func(a *account) error { return a.server.Change(a.ada, sandbox.Record{"userId": "crm-99"}) }, 0, false, 1},
		{"gone", false, func(a *account) error { return a.server.Delete(a.ada) }, 0, false, 1},
		{"not shown yet", false, func(a *account) error { return a.moved("crm-99") }, 0, false, 1},
		{"not shown yet, as HelpCrunch says", true, func(a *account) error { return a.moved("crm-99") }, 1, true, 2},
		{"never shown", true, func(a *account) error { return a.server.Change(a.ada, sandbox.Record{"userId": "crm-99"}) }, 0, true, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			with := setup{}
			with.sandbox.Switches.SearchLag = 4 * time.Second
			open(t, with, func(a *account) {
				if test.meddle != nil {
					time.Sleep(time.Minute) // everybody is shown as they were
					if err := test.meddle(a); err != nil {
						t.Fatal(err)
					}
				}
				began := time.Now()
				found, err := a.Holders(a.Context(), adasUserID, test.taken)
				if err != nil || len(found) != test.holders {
					t.Fatalf("found %d, error %v", len(found), err)
				}
				for _, holder := range found {
					if held, _ := a.server.Customer(holder.ID); held["userId"] != adasUserID || (holder.ID == a.ada) != (test.meddle == nil) {
						t.Errorf("found %v", held)
					}
				}
				if took := time.Since(began); (took >= time.Second) != test.waits || took > 62*time.Second {
					t.Errorf("took %v", took)
				}
				if gets := a.server.Count(sandbox.OpGet); gets != test.gets {
					t.Errorf("%d reads, want %d: %s", gets, test.gets, a.operations())
				}
			})
		})
	}
}

// moved gives Ada's user id to somebody new.
func (a *account) moved(to string) error {
	if err := a.server.Change(a.ada, sandbox.Record{"userId": to}); err != nil {
		return err
	}
	return second(a.server.Add(sandbox.Record{"userId": adasUserID, "name": "Grace"}))
}

// Where nobody can say who has the user id, nobody is said to.
func TestHoldersThatCannotBeRead(t *testing.T) {
	for _, operation := range []sandbox.Operation{sandbox.OpSearch, sandbox.OpGet} {
		for _, taken := range []bool{false, true} {
			open(t, setup{}, func(a *account) {
				a.server.Arm(sandbox.Fault{Operation: operation, Kind: sandbox.Forbidden})
				found, err := a.Holders(a.Context(), adasUserID, taken)
				if refusal, ok := errors.AsType[*helpcrunch.Error](err); !ok || refusal.Status != http.StatusForbidden || found != nil {
					t.Errorf("%s, taken %t: found %v, error %v", operation, taken, found, err)
				}
			})
		}
	}
	// Nor is it waited for any longer than the caller has time.
	open(t, setup{}, func(a *account) {
		ctx, cancel := context.WithTimeout(a.Context(), 5*time.Second)
		defer cancel()
		found, err := a.Holders(ctx, "nobody", true)
		if found != nil || !errors.Is(err, context.DeadlineExceeded) || a.now() != 5*time.Second {
			t.Errorf("found %v, error %v after %v", found, err, a.now())
		}
	})
}

// Whom this run has just written and the search does not show is read by id, and
// a read that fails is not "nobody".
func TestLookUpWhoseReadFails(t *testing.T) {
	with := setup{}
	with.sandbox.Switches.SearchLag = time.Hour
	open(t, with, func(a *account) {
		if _, err := a.CreateCustomer(a.Context(), grace()); err != nil {
			t.Fatal(err)
		}
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.Forbidden})
		found, err := a.LookUp(a.Context(), helpcrunch.UserID, gracesUserID)
		if refusal, ok := errors.AsType[*helpcrunch.Error](err); !ok || refusal.Status != http.StatusForbidden || found != nil {
			t.Errorf("found %v, error %v", found, err)
		}
	})
}

// A customer of whom a search tells only a part is read alone; who is gone by
// then was not found.
func TestSearchOfSomebodyWhoGoes(t *testing.T) {
	for name, search := range map[string]func(a *account) ([]*helpcrunch.Customer, error){
		"search": func(a *account) ([]*helpcrunch.Customer, error) {
			return a.FindCustomers(a.Context(), helpcrunch.Filter{Field: "customers.email", Operator: "=", Value: adasEmail})
		},
		"look-up": func(a *account) ([]*helpcrunch.Customer, error) {
			return a.LookUp(a.Context(), helpcrunch.Email, adasEmail)
		},
	} {
		with := setup{sandbox: sandbox.Config{Customers: []sandbox.Record{ada, {"name": "Augusta", "email": adasEmail}}}}
		open(t, with, func(a *account) {
			a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(r *http.Request, body string) string {
				if !strings.HasSuffix(r.URL.Path, "/search") {
					return body
				}
				if err := a.server.Delete(a.ada); err != nil {
					t.Error(err)
				}
				return rewriteRow(t, body, a.ada, func(row string) string { return without(row, "notes") })
			})))
			found, err := search(a)
			if err != nil || len(found) != 1 || *found[0].Name != "Augusta" {
				t.Errorf("%s: found %v, error %v", name, found, err)
			}
		})
	}
}

// Who has stopped before the budget lets their read through costs no request.
func TestReadsThatNobodyWaitsFor(t *testing.T) {
	with := crowd(3)
	with.client = func(c *helpcrunch.Config) { c.Budget = budget.New(budget.Config{Limit: 2}) }
	open(t, with, func(a *account) {
		for range 2 {
			if _, err := a.GetCustomer(a.Context(), a.ada); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(a.Context(), 10*time.Second)
		defer cancel()
		var wait sync.WaitGroup
		for _, id := range a.ids() {
			wait.Go(func() {
				if customer, err := a.ReadCustomer(ctx, id, always); customer != nil || !errors.Is(err, context.DeadlineExceeded) || a.now() != 10*time.Second {
					t.Errorf("got %v, error %v after %v", customer, err, a.now())
				}
			})
		}
		wait.Wait()
		time.Sleep(2 * time.Minute)
		if a.operations() != "get get" {
			t.Errorf("%q", a.operations())
		}
	})
}
