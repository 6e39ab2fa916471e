// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// searchable is an account of five customers, 1 to 5.
func searchable(t *testing.T, switches Switches) *bench {
	return newBench(t, Config{Switches: switches, Customers: []Record{
		{
			"id": 1, "name": "Ada", "email": "ada@example.com", "userId": "crm-1", "lastSeen": "100", "firstSeen": "30",
			"tags": []string{"vip", "old"}, "location": map[string]any{"city": "London", "countryCode": "GB"},
		},
		{"id": 2, "name": "Bob", "company": "Acme", "lastSeen": "200", "tags": []string{"vip"}},
		{
			"id": 3, "name": "Cleo", "phone": "555", "lastSeen": "200", "firstSeen": "10",
			"createdFrom": "telegram", "integrationId": "77",
		},
		{"id": 4, "name": "ada", "createdFrom": "viber", "integrationId": "77", "firstSeen": "20"},
		{"id": 5},
	}})
}

// found is the ids of a search's or list's answer, in order.
func found(r response) string {
	data, _ := r.object()["data"].([]any)
	var ids []string
	for _, customer := range data {
		ids = append(ids, fmt.Sprint(customer.(map[string]any)["id"]))
	}
	return strings.Join(ids, " ")
}

func TestSearch(t *testing.T) {
	b := searchable(t, Switches{})
	filter := func(field, operator, value string) string {
		return fmt.Sprintf(`{"field":"customers.%s","operator":%q,"value":%s}`, field, operator, value)
	}
	all := "1 2 3 4 5"
	for _, c := range []struct{ body, want string }{
		{`{}`, all},
		{`{"filter":[]}`, all},
		{`{"filter":[],"comparison":"OR"}`, all},
		{`{"filter":[` + filter("id", "=", `3`) + `]}`, "3"},
		{`{"filter":[` + filter("id", "!=", `3`) + `]}`, "1 2 4 5"},
		{`{"filter":[` + filter("id", ">", `3`) + `]}`, "4 5"},
		{`{"filter":[` + filter("id", "<", `3`) + `]}`, "1 2"},
		{`{"filter":[` + filter("id", ">=", `3`) + `]}`, "3 4 5"},
		{`{"filter":[` + filter("id", "<=", `3`) + `]}`, "1 2 3"},
		{`{"filter":[` + filter("lastSeen", "=", `200`) + `]}`, "2 3"},
		{`{"filter":[` + filter("lastSeen", "!=", `200`) + `]}`, "1 4 5"},
		{`{"filter":[` + filter("lastSeen", "<=", `150`) + `]}`, "1"},
		{`{"filter":[` + filter("name", "=", `"Ada"`) + `]}`, "1"},
		{`{"filter":[` + filter("name", "!=", `"Ada"`) + `]}`, "2 3 4 5"},
		{`{"filter":[` + filter("name", "~", `"da"`) + `]}`, "1 4"},
		{`{"filter":[` + filter("name", "!~", `"da"`) + `]}`, "2 3 5"},
		{`{"filter":[` + filter("email", "=", `"ada@example.com"`) + `]}`, "1"},
		{`{"filter":[` + filter("userId", "=", `"crm-1"`) + `]}`, "1"},
		{`{"filter":[` + filter("company", "=", `"Acme"`) + `]}`, "2"},
		{`{"filter":[` + filter("phone", "=", `"555"`) + `]}`, "3"},
		{`{"filter":[` + filter("city", "=", `"London"`) + `]}`, "1"},
		{`{"filter":[` + filter("countryCode", "=", `"GB"`) + `]}`, "1"},
		{`{"filter":[` + filter("regionCode", "=", `"GB"`) + `]}`, ""},
		{`{"filter":[` + filter("telegramId", "=", `"77"`) + `]}`, "3"},
		{`{"filter":[` + filter("viberId", "=", `"77"`) + `]}`, "4"},
		{`{"filter":[` + filter("facebookId", "=", `"77"`) + `]}`, ""},
		{`{"filter":[` + filter("instagramId", "=", `"77"`) + `]}`, ""},
		{`{"filter":[` + filter("whatsappId", "=", `"77"`) + `]}`, ""},
		{`{"filter":[` + filter("tagsData", "=", `[{"name":"vip"}]`) + `]}`, "1 2"},
		{`{"filter":[` + filter("tagsData", "=", `[{"name":"vip"},{"name":"old"}]`) + `]}`, "1"},
		{`{"filter":[` + filter("tagsData", "=", `[{"name":"VIP"}]`) + `]}`, ""},
		{`{"filter":[` + filter("id", ">", `1`) + `,` + filter("id", "<", `4`) + `]}`, "2 3"},
		{`{"filter":[` + filter("id", ">", `1`) + `,` + filter("id", "<", `4`) + `],"comparison":"AND"}`, "2 3"},
		{`{"filter":[` + filter("id", "=", `5`) + `,` + filter("id", "=", `2`) + `,` + filter("id", "=", `9`) + `],"comparison":"OR"}`, "2 5"},
		{`{"limit":2}`, "1 2"},
		{`{"limit":2,"offset":4}`, "5"},
		{`{"offset":9}`, ""},
		{`{"sort":"customers.lastSeen","order":"ASC"}`, "4 5 1 2 3"},
		{`{"sort":"customers.lastSeen","order":"desc"}`, "2 3 1 4 5"},
		{`{"sort":"customers.firstSeen"}`, "2 5 3 4 1"},
		{`{"order":"DESC"}`, "5 4 3 2 1"},
	} {
		if got := found(b.wantStatus("POST", "/customers/search", c.body, 200)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.body, got, c.want)
		}
	}
	if got := b.do("POST", "/customers/search", `{"limit":2}`).object()["total"]; got != 5.0 {
		t.Errorf("total %v, want 5", got)
	}
	b.want("POST", "/customers/search", `{"filter":[`+filter("id", "=", `9`)+`]}`, 200, `{"data":[],"total":0}`)
}

// Answers name a channel in more than one way; its ids are searched by one field.
func TestSearchByChannel(t *testing.T) {
	b := newBench(t, Config{Customers: []Record{
		{"id": 1, "createdFrom": "telegram", "integrationId": "77"},
		{"id": 2, "createdFrom": "telegram_bot", "integrationId": "77"},
		{"id": 3, "createdFrom": "instagram", "integrationId": "77"},
		{"id": 4, "createdFrom": "instagram_direct", "integrationId": "77"},
		{"id": 5, "createdFrom": "viber", "integrationId": "77"},
		{"id": 6, "createdFrom": "telegram_bot"},
	}})
	for field, want := range map[string]string{"telegramId": "1 2", "instagramId": "3 4", "viberId": "5", "facebookId": ""} {
		got := found(b.do("POST", "/customers/search", `{"filter":[{"field":"customers.`+field+`","operator":"=","value":"77"}]}`))
		if got != want {
			t.Errorf("%s found %s, want %s", field, got, want)
		}
	}
}

func TestSearchRefusals(t *testing.T) {
	b := searchable(t, Switches{})
	const choice = "The value you selected is not a valid choice."
	for _, c := range []struct{ body, path, message string }{
		{`{"filter":{}}`, "filter", "This value should be of type array."},
		{`{"filter":[{"field":"id","operator":"=","value":1}]}`, "filter[0].field", choice},
		{`{"filter":[{"field":"customers.notes","operator":"=","value":"a"}]}`, "filter[0].field", choice},
		{`{"filter":[{"field":"customers.firstSeen","operator":"=","value":1}]}`, "filter[0].field", choice},
		{`{"filter":[{"field":"customers.id","operator":"=","value":1},{"field":"customers.id","operator":"~","value":1}]}`, "filter[1].operator", choice},
		{`{"filter":[{"field":"customers.name","operator":">","value":"a"}]}`, "filter[0].operator", choice},
		{`{"filter":[{"field":"customers.tagsData","operator":"!=","value":[{"name":"a"}]}]}`, "filter[0].operator", choice},
		{`{"filter":[{"field":"customers.id","operator":"=","value":"1"}]}`, "filter[0].value", "This value should be of type integer."},
		{`{"filter":[{"field":"customers.lastSeen","operator":">","value":"1"}]}`, "filter[0].value", "This value should be of type integer."},
		{`{"filter":[{"field":"customers.id","operator":"=","value":1.5}]}`, "filter[0].value", "This value should be of type integer."},
		{`{"filter":[{"field":"customers.userId","operator":"=","value":1}]}`, "filter[0].value", "This value should be of type string."},
		{`{"filter":[{"field":"customers.tagsData","operator":"=","value":["a"]}]}`, "filter[0].value", "This value should be of type array."},
		{`{"filter":[{"field":"customers.tagsData","operator":"=","value":[]}]}`, "filter[0].value", "This value should be of type array."},
		{`{"filter":[7]}`, "filter[0].field", choice},
		{`{"comparison":"XOR"}`, "comparison", choice},
		{`{"sort":"firstSeen"}`, "sort", choice},
		{`{"order":"up"}`, "order", choice},
		{`{"limit":101}`, "limit", "This value should be between 1 and 100."},
		{`{"limit":0}`, "limit", "This value should be between 1 and 100."},
		{`{"limit":"10"}`, "limit", "This value should be of type integer."},
		{`{"offset":-1}`, "offset", "This value should be either positive or zero."},
		{`{"offset":"a"}`, "offset", "This value should be of type integer."},
		{`[]`, "body", "This value should be of type object."},
	} {
		b.want("POST", "/customers/search", c.body, 400, refusal(c.path, c.message))
	}
}

func TestList(t *testing.T) {
	b := searchable(t, Switches{})
	for query, want := range map[string]string{
		"":                                    "1 2 3 4 5",
		"?limit=2":                            "1 2",
		"?limit=2&offset=2":                   "3 4",
		"?offset=5":                           "",
		"?sort=customers.lastSeen&order=desc": "2 3 1 4 5",
		"?sort=customers.firstSeen":           "2 5 3 4 1",
	} {
		if got := found(b.wantStatus("GET", "/customers"+query, "", 200)); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	if got := b.do("GET", "/customers?limit=1", "").object()["total"]; got != 5.0 {
		t.Errorf("total %v, want 5", got)
	}
	b.want("GET", "/customers?limit=101", "", 400, refusal("limit", "This value should be between 1 and 100."))
	b.want("GET", "/customers?limit=all", "", 400, refusal("limit", "This value should be of type integer."))
	b.want("GET", "/customers?sort=name", "", 400, refusal("sort", "The value you selected is not a valid choice."))
}

func TestPagesHoldOneHundred(t *testing.T) {
	var customers []Record
	for i := range 130 {
		customers = append(customers, Record{"lastSeen": fmt.Sprint(i % 2)})
	}
	b := newBench(t, Config{Customers: customers})
	for _, r := range []response{b.do("GET", "/customers", ""), b.do("POST", "/customers/search", "{}")} {
		if got := len(r.object()["data"].([]any)); got != 100 {
			t.Errorf("%d customers on a page", got)
		}
	}
	got := strings.Fields(found(b.do("GET", "/customers?sort=customers.lastSeen&order=desc&limit=65", "")))
	if !slices.IsSorted(got) {
		t.Errorf("ties are not in the order of the ids: %v", got)
	}
}
