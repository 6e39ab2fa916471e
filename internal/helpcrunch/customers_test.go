// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestDelete(t *testing.T) {
	open(t, setup{}, func(a *account) {
		for range 2 { // the second time, Ada is gone already
			if err := a.DeleteCustomer(a.Context(), a.ada); err != nil {
				a.Error(err)
			}
		}
		if left := a.server.Customers(); len(left) > 0 {
			a.Errorf("left are %v", left)
		}
		if _, err := a.GetCustomer(a.Context(), a.ada); !helpcrunch.IsNotFound(err) {
			a.Errorf("reading Ada afterwards: %v", err)
		}
		a.served(sandbox.OpDelete, 2, sandbox.OpGet, 1)
	})
}

// The repetition finds nobody, because the first attempt had done it.
func TestDeleteWhoseAnswerWasLost(t *testing.T) {
	open(t, setup{}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.DropAfter})
		if err := a.DeleteCustomer(a.Context(), a.ada); err != nil {
			a.Error(err)
		}
	})
}

// Only a 404 says that a customer is gone.
func TestDeleteThatFails(t *testing.T) {
	for _, fault := range []sandbox.FaultKind{sandbox.Unauthorized, sandbox.Forbidden, sandbox.FailBefore, sandbox.Redirect} {
		open(t, setup{}, func(a *account) {
			a.server.Arm(sandbox.Fault{Kind: fault, Times: 100})
			if err := a.DeleteCustomer(a.Context(), a.ada); err == nil {
				a.Errorf("%s: no error", fault)
			}
		})
	}
}

// many are customers of one company, and a last one of another.
func many(n int) []sandbox.Record {
	customers := make([]sandbox.Record, n, n+1)
	for i := range customers {
		customers[i] = sandbox.Record{"company": "Engines", "phone": fmt.Sprint(i)}
	}
	return append(customers, sandbox.Record{"company": "Looms"})
}

func TestPagesOfASearch(t *testing.T) {
	for _, test := range []struct{ customers, requests int }{{0, 1}, {1, 1}, {99, 1}, {100, 2}, {101, 2}, {200, 3}, {250, 3}} {
		for _, notFound := range []bool{false, true} {
			t.Run(fmt.Sprint(test.customers, notFound), func(t *testing.T) {
				of := sandbox.Config{Customers: many(test.customers), Switches: sandbox.Switches{EmptySearchNotFound: notFound}}
				open(t, setup{sandbox: of}, func(a *account) {
					found, err := a.FindCustomers(a.Context(), helpcrunch.Filter{Field: "customers.company", Operator: "=", Value: "Engines"})
					if err != nil {
						a.Fatal(err)
					}
					var phones []string
					for _, customer := range found {
						phones = append(phones, *customer.Phone)
					}
					slices.Sort(phones)
					if len(found) != test.customers || len(slices.Compact(phones)) != test.customers {
						a.Errorf("found %d customers, %d different ones", len(found), len(slices.Compact(phones)))
					}
					organization := 0
					if test.customers == 0 && notFound {
						organization = 1 // nothing has shown yet that the address is right
					}
					a.served(sandbox.OpSearch, test.requests, sandbox.OpOrganization, organization)
					for i, r := range a.server.Requests()[:test.requests] {
						if want := fmt.Sprintf(`"limit":100,"offset":%d}`, 100*i); !strings.HasSuffix(string(r.Body), want) {
							a.Errorf("page %d was asked for by %s", i, r.Body)
						}
					}
				})
			})
		}
	}
}

func TestFiltersOfASearch(t *testing.T) {
	open(t, setup{sandbox: sandbox.Config{Customers: many(3)}}, func(a *account) {
		company := helpcrunch.Filter{Field: "customers.company", Operator: "=", Value: "Engines"}
		phone := helpcrunch.Filter{Field: helpcrunch.Phone.SearchField(), Operator: "=", Value: "1"}
		id := helpcrunch.Filter{Field: "customers.id", Operator: "=", Value: a.ada}
		for _, test := range []struct {
			filters []helpcrunch.Filter
			want    int
		}{
			{nil, 4},
			{[]helpcrunch.Filter{company}, 3},
			{[]helpcrunch.Filter{company, phone}, 1},
			{[]helpcrunch.Filter{company, phone, id}, 0},
			{[]helpcrunch.Filter{id}, 1},
		} {
			if found, err := a.FindCustomers(a.Context(), test.filters...); err != nil || len(found) != test.want {
				a.Errorf("%v: found %d, error %v, want %d", test.filters, len(found), err, test.want)
			}
		}
		for most, want := range map[int]int{0: 3, 2: 2} {
			found := 0
			for _, err := range a.SearchCustomers(a.Context(), helpcrunch.Search{Filters: []helpcrunch.Filter{company, phone, id}, Any: true, Most: most}) {
				if found++; err != nil {
					a.Error(err)
				}
			}
			if found != want {
				a.Errorf("any of three filters, %d at most: found %d, want %d", most, found, want)
			}
		}
	})
}

// Half a result is none.
func TestSearchThatFailsOnItsSecondPage(t *testing.T) {
	open(t, setup{sandbox: sandbox.Config{Customers: many(150)}}, func(a *account) {
		a.server.Arm(sandbox.Fault{Kind: sandbox.Forbidden, After: 1})
		if found, err := a.FindCustomers(a.Context()); found != nil || err == nil {
			a.Errorf("found %d, error %v", len(found), err)
		}
	})
}

func TestTags(t *testing.T) {
	open(t, setup{}, func(a *account) {
		got, err := a.TagCustomer(a.Context(), a.ada, []helpcrunch.Tag{{Name: "trial", Color: "#ff0000"}, {Name: "vip"}})
		if err != nil || fmt.Sprint(names(got)) != "[vip trial]" || got.Tags[1].Color != "#ff0000" {
			a.Errorf("tagged: %v, error %v", got, err)
		}
		got, err = a.UntagCustomer(a.Context(), a.ada, []string{"vip", "never"})
		if err != nil || fmt.Sprint(names(got)) != "[trial]" {
			a.Errorf("untagged: %v, error %v", got, err)
		}
	})
}

func names(customer *helpcrunch.Customer) []string {
	var names []string
	for _, tag := range customer.Tags {
		names = append(names, tag.Name)
	}
	return names
}

func TestSettleTags(t *testing.T) {
	for _, test := range []struct {
		name       string
		held, want []string
		tag, untag int // requests
	}{
		{"settled", []string{"a", "b"}, []string{"b", "a"}, 0, 0},
		{"none", nil, nil, 0, 0},
		{"too many", []string{"a", "b", "c"}, []string{"b"}, 0, 1},
		{"too few", []string{"a"}, []string{"a", "b", "c"}, 1, 0},
		{"others", []string{"a", "b"}, []string{"c", "d"}, 1, 1},
		{"all of them", []string{"a", "b"}, nil, 0, 1},
		{"another case", []string{"vip"}, []string{"VIP"}, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			of := sandbox.Config{Customers: []sandbox.Record{{"tags": append([]string{}, test.held...)}}, Switches: sandbox.Switches{TagsAppend: true}}
			open(t, setup{sandbox: of}, func(a *account) {
				held, err := a.GetCustomer(a.Context(), a.ada)
				if err != nil {
					a.Fatal(err)
				}
				a.server.ResetCounts()
				var wanted []helpcrunch.Tag
				for _, name := range test.want {
					wanted = append(wanted, helpcrunch.Tag{Name: name})
				}
				settled, err := a.SettleTags(a.Context(), held, wanted)
				if err != nil {
					a.Fatal(err)
				}
				record, _ := a.server.Customer(a.ada)
				for what, got := range map[string][]string{"the answer": names(settled), "HelpCrunch": record.TagNames()} {
					slices.Sort(got)
					want := slices.Sorted(slices.Values(test.want))
					if !slices.Equal(got, want) {
						a.Errorf("%s has the tags %v, want %v", what, got, want)
					}
				}
				if tag, untag := a.server.Count(sandbox.OpTag), a.server.Count(sandbox.OpUntag); tag != test.tag || untag != test.untag || a.requests() != tag+untag {
					a.Errorf("%d times tagged, %d times untagged, %d requests", tag, untag, a.requests())
				}
			})
		})
	}
}

// What is known is returned: the answer that the state is made of.
func TestSettleTagsThatFails(t *testing.T) {
	for _, test := range []struct {
		fails sandbox.Operation
		want  string
	}{
		{sandbox.OpUntag, "[vip]"},
		{sandbox.OpTag, "[]"},
	} {
		open(t, setup{}, func(a *account) {
			held, err := a.GetCustomer(a.Context(), a.ada)
			if err != nil {
				a.Fatal(err)
			}
			a.server.Arm(sandbox.Fault{Operation: test.fails, Kind: sandbox.Forbidden})
			got, err := a.SettleTags(a.Context(), held, []helpcrunch.Tag{{Name: "trial"}})
			if err == nil || got == nil || fmt.Sprint(names(got)) != test.want {
				a.Errorf("%s: got %v, error %v", test.fails, got, err)
			}
		})
	}
}

// The colour that is asked for goes along with a tag that was missing.
func TestSettleTagsAsksForColors(t *testing.T) {
	open(t, setup{}, func(a *account) {
		held := &helpcrunch.Customer{ID: a.ada, Tags: []helpcrunch.Tag{{Name: "vip", Color: "#c377e0"}}}
		wanted := []helpcrunch.Tag{{Name: "vip", Color: "#000000"}, {Name: "new", Color: "#ff0000"}}
		before := slices.Clone(wanted)
		got, err := a.SettleTags(a.Context(), held, wanted)
		if !slices.Equal(wanted, before) {
			a.Errorf("the wanted tags have become %v", wanted)
		}
		want := []helpcrunch.Tag{{Name: "vip", Color: "#c377e0"}, {Name: "new", Color: "#ff0000"}}
		if err != nil || !slices.Equal(got.Tags, want) {
			a.Errorf("got %v, error %v", got, err)
		}
	})
}
