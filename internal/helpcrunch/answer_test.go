// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// A back end in PHP writes an empty object as [], and numbers and bools as it holds them.
func TestAnswersAreReadAsWhatTheyPlainlyMean(t *testing.T) {
	for _, test := range []struct {
		given string
		want  helpcrunch.Customer
	}{
		{`"location": []`, helpcrunch.Customer{}},
		{`"device": []`, helpcrunch.Customer{}},
		{`"location": {"city": 17}`, helpcrunch.Customer{Location: &helpcrunch.Location{City: new("17")}}},
		{`"device": {"ip": null, "platform": "desktop"}`, helpcrunch.Customer{Device: &helpcrunch.Device{Platform: new("desktop")}}},
		{`"userId": 17`, helpcrunch.Customer{UserID: new("17")}},
		{`"userId": 9007199254740993`, helpcrunch.Customer{UserID: new("9007199254740993")}},
		{`"phone": -1.50`, helpcrunch.Customer{Phone: new("-1.50")}},
		{`"blocked": 1`, helpcrunch.Customer{Blocked: true}},
		{`"blocked": 0`, helpcrunch.Customer{}},
		{`"blocked": "0"`, helpcrunch.Customer{}},
		{`"blocked": "1"`, helpcrunch.Customer{Blocked: true}},
		{`"unsubscribed": "true"`, helpcrunch.Customer{Unsubscribed: true}},
		{`"unsubscribed": ""`, helpcrunch.Customer{}},
		{`"unsubscribed": null`, helpcrunch.Customer{}},
		{`"tags": null`, helpcrunch.Customer{}},
		{`"tags": [{"name": 2024, "color": "#fff"}]`, helpcrunch.Customer{Tags: []helpcrunch.Tag{{Name: "2024", Color: "#fff"}}}},
		{`"tags": {"0": {"name": "a"}, "10": {"name": "c"}, "2": {"name": "b"}}`, helpcrunch.Customer{Tags: []helpcrunch.Tag{{Name: "a"}, {Name: "b"}, {Name: "c"}}}},
		{`"lastSeen": 1700000000`, helpcrunch.Customer{LastSeen: helpcrunch.At(1700000000)}},
		// One name is one tag, whatever the colours.
		{
			`"tags": [{"name": "vip", "color": "red"}, {"name": "VIP", "color": "red"}, {"name": "vip", "color": "blue"}]`,
			helpcrunch.Customer{Tags: []helpcrunch.Tag{{Name: "vip", Color: "red"}, {Name: "VIP", Color: "red"}}},
		},
		// A key in another case is another key.
		{`"NAME": "Mallory", "Name": "Mallory", "name": "Ada"`, helpcrunch.Customer{Name: new("Ada")}},
		{`"Blocked": true, "customdata": {"plan": "gold"}, "ID": 18`, helpcrunch.Customer{}},
		{`"location": {"City": "London"}`, helpcrunch.Customer{Location: &helpcrunch.Location{}}},
		{`"tags": [{"name": "vip", "NAME": "beta", "Color": "red"}]`, helpcrunch.Customer{Tags: []helpcrunch.Tag{{Name: "vip"}}}},
		{`"customData": [{"property": "plan", "Property": "seats", "value": 1, "VALUE": 2}]`, helpcrunch.Customer{CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.Number, "1")}}},
	} {
		t.Run(test.given, func(t *testing.T) {
			open(t, setup{transport: answering("application/json", customerJSON(17, test.given))}, func(a *account) {
				got, err := a.GetCustomer(a.Context(), 17)
				if err != nil {
					a.Fatal(err)
				}
				test.want.ID = 17
				if len(got.Tags) == 0 {
					got.Tags = nil
				}
				if len(got.CustomData) == 0 {
					got.CustomData = nil
				}
				if !reflect.DeepEqual(*got, test.want) {
					a.Errorf("got  %s\nwant %s", encode(a.T, got), encode(a.T, test.want))
				}
			})
		})
	}
}

// odd are fields that cannot be read as anything.
var odd = []struct{ given, field string }{
	{`"name": {"first": "Ada Lovelace"}`, "name"},
	{`"email": ["ada@analytical.example"]`, "email"},
	{`"phone": true`, "phone"},
	{`"userId": 1e3`, "userId"},
	{`"notes": "prefers punched cards` + "\xff" + `"`, "notes"},
	{`"lastSeen": "2024-01-01T00:00:00Z"`, "lastSeen"},
	{`"firstSeen": []`, "firstSeen"},
	{`"blocked": "perhaps"`, "blocked"},
	{`"unsubscribed": 2`, "unsubscribed"},
	{`"blocked": []`, "blocked"},
	{`"location": "London"`, "location"},
	{`"location": ["London"]`, "location"},
	{`"device": {"ip": {}}`, "device"},
	{`"device": ["desktop"]`, "device"},
	{`"tags": ["vip"]`, "tags"},
	{`"tags": [null]`, "tags"},
	{`"tags": [{"name": ""}]`, "tags"},
	{`"tags": [{"name": ["vip"]}]`, "tags"},
	{`"tags": [{"name": "vip", "color": {}}]`, "tags"},
	{`"tags": [{"color": "red"}]`, "tags"},
	{`"tags": [{"name": "a", "name": "b"}]`, "tags"},
	{`"tags": {"vip": {"name": "vip"}}`, "tags"},
	{`"customData": "difference engine"`, "customData"},
	{`"customData": {"plan": "difference engine", "plan": null}`, "customData"},
	{`"customData": [{"property": "plan", "value": 1}, {"property": "plan", "value": 2}]`, "customData"},
	{`"customData": [{"Property": "plan", "value": 1}]`, "customData"},
}

// oddJSON is Ada with a field that cannot be read.
func oddJSON(id int64, given string) string {
	body := customerJSON(id, "")
	field, _, _ := strings.Cut(given, ":")
	return strings.Replace(body, field+":", "\"x\":0,"+given+",\"was\":", 1)
}

// unreadable checks that an error is about one field of one customer, tells
// nothing of them, and that what HelpCrunch has done is not held to be undone.
func unreadable(a *account, err error, id int64, field string) {
	a.Helper()
	var got *helpcrunch.UnreadableError
	if !errors.As(err, &got) || got.ID != id || got.Field != field || !helpcrunch.OutcomeUnknown(err) {
		a.Fatalf("error %v, want one about field %q of customer %d", err, field, id)
	}
	if text := err.Error(); !strings.Contains(text, fmt.Sprint("customer ", id)) || !strings.Contains(text, field) {
		a.Errorf("error %q names neither customer nor field", text)
	}
	silent(a.T, err.Error())
}

// What cannot be read is said of its customer, whose id is known, and not asked for again.
func TestUnreadableField(t *testing.T) {
	twice := struct{ given, field string }{`"name": "Ada", "name": "Mallory"`, "name"}
	for _, test := range append(odd, twice) {
		t.Run(test.given, func(t *testing.T) {
			each(t, setup{}, func(a *account, c call) {
				a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(*http.Request, string) string { return oddJSON(a.ada, test.given) })))
				unreadable(a, c.do(a, a.Context()), a.ada, test.field)
				if a.requests() != 1 {
					a.Errorf("%d requests", a.requests())
				}
			}, sandbox.OpGet, sandbox.OpTag, sandbox.OpUntag) // of a create: TestCreateWithAnAnswerThatIsHardToRead
		})
	}
}

// configWith is the usual one for a sandbox whose answers are doctored.
func configWith(a *account, transport func(http.RoundTripper) http.RoundTripper) helpcrunch.Config {
	a.Helper()
	config := config(a.T, a.server)
	config.Transport, config.Log = transport(a.server.Transport()), a.log
	return config
}

// row rewrites one customer of a list.
func rewriteRow(t *testing.T, body string, id int64, rewrite func(row string) string) string {
	t.Helper()
	var rows []json.RawMessage
	envelope, list := map[string]json.RawMessage{}, []byte(body)
	if json.Unmarshal(list, &envelope) == nil {
		list = envelope["data"]
	}
	if json.Unmarshal(list, &rows) != nil {
		return body
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		var customer struct{ ID int64 }
		if err := json.Unmarshal(row, &customer); err != nil {
			t.Error(err)
		}
		if texts[i] = string(row); customer.ID == id {
			texts[i] = rewrite(texts[i])
		}
	}
	joined := "[" + strings.Join(texts, ",") + "]"
	if envelope["data"] != nil {
		return `{"data":` + joined + `,"total":` + string(envelope["total"]) + `}`
	}
	return joined
}

// One customer who cannot be read does not fail the ninety-nine others of a search.
func TestUnreadableRowOfASearch(t *testing.T) {
	for _, test := range odd {
		t.Run(test.given, func(t *testing.T) {
			open(t, setup{sandbox: sandbox.Config{Customers: many(99)}}, func(a *account) {
				victim := a.ada + 3
				a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(_ *http.Request, body string) string {
					return rewriteRow(a.T, body, victim, func(string) string { return oddJSON(victim, test.given) })
				})))
				var wait sync.WaitGroup
				for _, record := range a.server.Customers() {
					wait.Go(func() {
						got, err := a.ReadCustomer(a.Context(), record.ID(), func(*helpcrunch.Customer) bool { return true })
						if record.ID() == victim {
							unreadable(a, err, victim, test.field)
						} else if err != nil || got.ID != record.ID() {
							a.Errorf("customer %d: %v, error %v", record.ID(), got, err)
						}
					})
				}
				wait.Wait()
				if a.requests() != 1 {
					a.Errorf("%d requests", a.requests())
				}
			})
		})
	}
}

// Whoever lists everybody gets the others, and an error in the place of the one.
func TestUnreadableRowOfAList(t *testing.T) {
	open(t, setup{sandbox: sandbox.Config{Customers: many(149)}}, func(a *account) {
		victim := a.ada + 3
		a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(_ *http.Request, body string) string {
			return rewriteRow(a.T, body, victim, func(string) string { return oddJSON(victim, odd[0].given) })
		})))
		read, failed := 0, 0
		for customer, err := range a.SearchCustomers(a.Context(), helpcrunch.Search{}) {
			if err == nil && customer.ID != victim {
				read++
				continue
			}
			failed++
			unreadable(a, err, victim, odd[0].field)
		}
		if read != 149 || failed != 1 {
			a.Errorf("read %d, failed %d", read, failed)
		}
		// Who needs all of them or nothing gets the error.
		if found, err := a.FindCustomers(a.Context()); found != nil || err == nil {
			a.Errorf("found %d, error %v", len(found), err)
		}
	})
}

// A look-up is failed by a row only where that may be who is looked for.
func TestUnreadableRowOfALookUp(t *testing.T) {
	of := sandbox.Config{Customers: []sandbox.Record{{"email": "odd@example.com"}, {"email": "fine@example.com"}}}
	open(t, setup{sandbox: of}, func(a *account) {
		given := `"blocked": "perhaps"`
		a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(_ *http.Request, body string) string {
			return rewriteRow(a.T, body, a.ada, func(string) string {
				return strings.Replace(oddJSON(a.ada, given), `"email":null`, `"email":"odd@example.com"`, 1)
			})
		})))
		lookUp := func(email string) (found []*helpcrunch.Customer, err error) {
			var wait sync.WaitGroup
			for _, both := range []string{"odd@example.com", "fine@example.com"} {
				wait.Go(func() {
					if some, failed := a.LookUp(a.Context(), helpcrunch.Email, both); both == email {
						found, err = some, failed
					}
				})
			}
			wait.Wait()
			return found, err
		}
		if found, err := lookUp("fine@example.com"); err != nil || len(found) != 1 {
			a.Errorf("found %d, error %v", len(found), err)
		}
		_, err := lookUp("odd@example.com")
		unreadable(a, err, a.ada, "blocked")
		given = `"email": ["odd@example.com"]` // now it may be either
		if found, err := lookUp("fine@example.com"); err == nil {
			a.Errorf("found %d", len(found))
		}
	})
}

// One customer who cannot be read does not fail the nine others of a batch, and is not written again.
func TestUnreadableRowOfABatch(t *testing.T) {
	open(t, setup{sandbox: sandbox.Config{Customers: many(20)}}, func(a *account) {
		var victim atomic.Int64 // one of the first batch of several: who goes alone is no row among others
		a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(r *http.Request, body string) string {
			if r.Method != http.MethodPut {
				return body
			}
			var rows []struct{ ID int64 }
			if err := json.Unmarshal([]byte(body), &rows); err != nil {
				a.Error(err)
			}
			if len(rows) > 1 {
				victim.CompareAndSwap(0, rows[1].ID)
			}
			id := victim.Load()
			return rewriteRow(a.T, body, id, func(string) string { return oddJSON(id, odd[0].given) })
		})))
		writes := 0
		var wait sync.WaitGroup
		for _, record := range a.server.Customers() {
			wait.Go(func() {
				changes := helpcrunch.Changes{Company: helpcrunch.Some("Looms & Co")}
				written, err := a.UpdateCustomer(a.Context(), record.ID(), changes)
				switch {
				case record.ID() == victim.Load():
					unreadable(a, err, record.ID(), odd[0].field)
				case err != nil || written.Customer.ID != record.ID():
					a.Errorf("customer %d: error %v", record.ID(), err)
				}
			})
		}
		wait.Wait()
		for _, record := range a.server.Customers() {
			if record["company"] != "Looms & Co" {
				a.Errorf("customer %d was not written: %v", record.ID(), record["company"])
			}
		}
		for _, r := range a.server.Requests() {
			write := r.Operation == sandbox.OpBatch || r.Operation == sandbox.OpPatch
			if write && strings.Contains(r.Path+string(r.Body), fmt.Sprint(victim.Load())) {
				writes++
			}
		}
		if writes != 1 {
			a.Errorf("the customer was written %d times", writes)
		}
	})
}

// without is a customer whose answer leaves out a field.
func without(row, field string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(row), &fields); err != nil {
		panic(err)
	}
	delete(fields, field)
	text, _ := json.Marshal(fields)
	return string(text)
}

// What a search or a batch leaves out is not empty: the customer is read alone.
func TestIncompleteAnswerIsReadAlone(t *testing.T) {
	ways := map[string]func(a *account, ctx context.Context) (*helpcrunch.Customer, error){
		"read": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			return a.ReadCustomer(ctx, a.ada, func(*helpcrunch.Customer) bool { return true })
		},
		"look-up": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			return onlyOne(a.LookUp(ctx, helpcrunch.Email, adasEmail))
		},
		"search": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			return onlyOne(a.FindCustomers(ctx, helpcrunch.Filter{Field: "customers.email", Operator: "=", Value: adasEmail}))
		},
		"update": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			written, err := a.UpdateCustomer(ctx, a.ada, helpcrunch.Changes{Company: helpcrunch.Some("Engines")})
			return written.Customer, err
		},
		"update alone": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			config := configWith(a, doctoring(a.doctor))
			config.BatchSize = 1
			a.Client = helpcrunch.NewClient(config)
			written, err := a.UpdateCustomer(ctx, a.ada, helpcrunch.Changes{Company: helpcrunch.Some("Engines")})
			return written.Customer, err
		},
		"create": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			created, err := a.CreateCustomer(ctx, helpcrunch.Changes{
				Email: helpcrunch.Some(adasEmail), Notes: helpcrunch.Some(adasNotes), Tags: []helpcrunch.Tag{{Name: "vip"}},
				CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, adasPlan)},
			})
			if err != nil {
				return nil, err
			}
			return created.Customer, nil
		},
		"tag": func(a *account, ctx context.Context) (*helpcrunch.Customer, error) {
			return a.TagCustomer(ctx, a.ada, []helpcrunch.Tag{{Name: "vip"}})
		},
	}
	for name, do := range ways {
		for _, field := range []string{"notes", "email", "tags", "customData", "blocked"} {
			t.Run(name+" without "+field, func(t *testing.T) {
				open(t, setup{}, func(a *account) {
					a.doctor = func(r *http.Request, body string) string {
						if r.Method == http.MethodGet {
							return body
						}
						if strings.HasPrefix(body, `{"id`) || strings.Contains(body, `"blocked"`) && !strings.Contains(body, `"data":`) && body[0] == '{' {
							return without(body, field)
						}
						return rewriteRow(a.T, body, a.ada, func(row string) string { return without(row, field) })
					}
					a.Client = helpcrunch.NewClient(configWith(a, doctoring(a.doctor)))
					// Somebody else beside Ada, so that the read is a search.
					if _, err := a.server.Add(sandbox.Record{"name": "Grace"}); err != nil {
						a.Fatal(err)
					}
					beside := a.Client
					go func() {
						_, _ = beside.ReadCustomer(a.Context(), a.ada+1, func(*helpcrunch.Customer) bool { return true })
					}()
					got, err := do(a, a.Context())
					if err != nil {
						a.Fatal(err)
					}
					held := got.Email != nil && *got.Email == adasEmail && got.Notes != nil && got.CustomData["plan"].Text == adasPlan
					if len(got.Tags) != 1 || !held && name != "tag" { // a tag asks for nothing but the tags
						a.Errorf("got %s", encode(a.T, got))
					}
					synctest.Wait()
				})
			})
		}
	}
}

func onlyOne(customers []*helpcrunch.Customer, err error) (*helpcrunch.Customer, error) {
	if err == nil && len(customers) != 1 {
		err = fmt.Errorf("%d customers", len(customers))
	}
	if err != nil {
		return nil, err
	}
	return customers[0], nil
}

// What even the read by id leaves out is null.
func TestIncompleteReadByID(t *testing.T) {
	open(t, setup{transport: answering("application/json", `{"id": 17, "name": "Ada"}`)}, func(a *account) {
		got, err := a.GetCustomer(a.Context(), 17)
		if err != nil || !reflect.DeepEqual(*got, helpcrunch.Customer{ID: 17, Name: new("Ada")}) {
			a.Errorf("got %v, error %v", got, err)
		}
	})
}

// Who stands twice in the answer to a batch has told nothing.
func TestCustomerTwiceInABatchAnswer(t *testing.T) {
	open(t, crowd(3), func(a *account) {
		twice := 0
		a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(r *http.Request, body string) string {
			if r.Method != http.MethodPut || !strings.Contains(body, fmt.Sprintf(`"id":%d`, a.ada)) {
				return body
			}
			twice++
			return rewriteRow(a.T, body, a.ada, func(row string) string { return row + "," + customerJSON(a.ada, `"phone": "777"`) })
		})))
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if got.err != nil || *got.Phone != "555" || *got.Name != "Ada" {
				a.Errorf("%d: got %s, error %v", id, encode(a.T, got.Customer), got.err)
			}
		}
		if twice == 0 {
			a.Error("there was no batch")
		}
	})
}

// A deletion is done when HelpCrunch says so; so is an event sent.
func TestAcknowledgement(t *testing.T) {
	for _, test := range []struct {
		body string
		done bool
	}{
		{"", true},
		{" \n", true},
		{"Ok", true},
		{"OK\n", true},
		{`"Ok"`, true},
		{`{}`, true},
		{`[]`, true},
		{`null`, true},
		{`{"id": "7", "name": "signed in", "data": []}`, true},
		{"<html><form>Log in</form></html>", false},
		{"<!DOCTYPE html>", false},
		{"Ok, but log in first", false},
		{"not ok", false},
		{"{", false},
		{`"Please log in"`, false},
		{`false`, false},
		{`{"errors": [{"code": "too_many_requests", "message": "Too many requests"}]}`, false},
	} {
		t.Run(test.body, func(t *testing.T) {
			each(t, setup{transport: answering("text/html", test.body)}, func(a *account, c call) {
				if err := c.do(a, a.Context()); (err == nil) != test.done || err != nil && !helpcrunch.OutcomeUnknown(err) {
					a.Errorf("error %v", err)
				}
			}, sandbox.OpDelete, sandbox.OpEvent)
		})
	}
}
