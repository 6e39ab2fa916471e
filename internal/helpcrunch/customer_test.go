// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestCustomerFromJSON(t *testing.T) {
	body := `{
		"id": 542335, "name": "Ada", "email": "ada@analytical.example", "userId": "17", "company": "Engines", "phone": "1",
		"firstSeen": "1700000000", "lastSeen": 1700000001,
		"location": {"regionCode": "ENG", "countryCode": "GB", "city": null},
		"device": {"id": 7, "ip": "192.0.2.1", "timezone": "Europe/London", "platform": "desktop", "userAgent": "loom"},
		"unsubscribed": true, "blocked": true, "source": "https://s.example", "referer": "https://r.example",
		"lastPage": "https://l.example", "locale": "en", "createdFrom": "web", "integrationId": "i", "notes": "n",
		"tags": [{"name": "vip", "color": "#c377e0"}], "customData": {"plan": "gold"}, "somethingNew": {"a": 1}
	}`
	var got helpcrunch.Customer
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	id := v(helpcrunch.Number, "7")
	want := helpcrunch.Customer{
		ID: 542335, Name: new("Ada"), Email: new("ada@analytical.example"), UserID: new("17"), Company: new("Engines"), Phone: new("1"),
		FirstSeen: helpcrunch.At(1700000000), LastSeen: helpcrunch.At(1700000001),
		Location:     &helpcrunch.Location{RegionCode: new("ENG"), CountryCode: new("GB")},
		Device:       &helpcrunch.Device{ID: &id, IP: new("192.0.2.1"), Timezone: new("Europe/London"), Platform: new("desktop"), UserAgent: new("loom")},
		Unsubscribed: true, Blocked: true, Source: new("https://s.example"), Referer: new("https://r.example"),
		LastPage: new("https://l.example"), Locale: new("en"), CreatedFrom: new("web"), IntegrationID: new("i"), Notes: new("n"),
		Tags: []helpcrunch.Tag{{Name: "vip", Color: "#c377e0"}}, CustomData: helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", encode(t, got))
	}
}

func TestCustomerWithoutID(t *testing.T) {
	for _, wrong := range []string{`{}`, `{"name": "Ada"}`, `{"id": 0}`, `{"id": -1}`, `{"id": null}`, `{"id": "17"}`, `{"id": 1.5}`, `null`, `[]`} {
		got := helpcrunch.Customer{ID: 1}
		if err := json.Unmarshal([]byte(wrong), &got); err == nil {
			t.Errorf("%s is customer %d", wrong, got.ID)
		}
	}
}

// A decoder keeps what an answer leaves out; here that would be somebody else's.
func TestCustomerForgetsTheOneBefore(t *testing.T) {
	got := helpcrunch.Customer{ID: 1, Name: new("Ada"), CustomData: helpcrunch.CustomData{"plan": {}}}
	if err := json.Unmarshal([]byte(`{"id": 2}`), &got); err != nil || !reflect.DeepEqual(got, helpcrunch.Customer{ID: 2}) {
		t.Errorf("got %s, error %v", encode(t, got), err)
	}
}

// Every form of answers says the same.
func TestFormsOfAnswers(t *testing.T) {
	forms := map[string]sandbox.Switches{
		"integer timestamps":    {Timestamps: sandbox.IntegerTimestamps},
		"fractional timestamps": {Timestamps: sandbox.FractionalTimestamps},
		"custom data as object": {CustomData: sandbox.CustomDataObject},
		"custom data as pairs":  {CustomData: sandbox.CustomDataPairs},
		"total in meta":         {TotalInMeta: true},
		"default":               {},
	}
	for name, switches := range forms {
		for _, custom := range []map[string]any{{"plan": "gold", "seats": 12}, {}} {
			t.Run(fmt.Sprint(name, len(custom)), func(t *testing.T) {
				grace := sandbox.Record{"name": "Grace", "firstSeen": "1700000000", "customData": custom}
				open(t, setup{sandbox: sandbox.Config{Switches: switches, Customers: []sandbox.Record{grace}}}, func(a *account) {
					got, err := a.GetCustomer(a.Context(), a.ada)
					if err != nil {
						a.Fatal(err)
					}
					want := helpcrunch.Customer{ID: a.ada, Name: new("Grace"), FirstSeen: helpcrunch.At(1700000000), Tags: []helpcrunch.Tag{}}
					if len(custom) > 0 {
						want.CustomData = helpcrunch.CustomData{"plan": v(helpcrunch.String, "gold"), "seats": v(helpcrunch.Number, "12")}
					}
					if len(got.CustomData) == 0 {
						got.CustomData = nil // [] and {} differ in this only
					}
					got.Location = nil // of empty parts
					if !reflect.DeepEqual(*got, want) {
						a.Errorf("got  %s\nwant %s", encode(a.T, got), encode(a.T, want))
					}
					found, err := a.FindCustomers(a.Context())
					if err != nil || len(found) != 1 || found[0].ID != a.ada {
						a.Errorf("found %s, error %v", encode(a.T, found), err)
					}
				})
			})
		}
	}
}

func FuzzCustomer(f *testing.F) {
	for _, seed := range []string{
		`{"id": 1, "firstSeen": "1700000000.713", "customData": {"plan": "gold", "n": 1.50}, "tags": [{"name": "vip"}]}`,
		`{"id": 1, "firstSeen": 1700000000, "customData": [{"property": "plan", "value": null}], "device": {"id": "x"}}`,
		`{"id": 1, "customData": [], "tags": null, "location": {}}`,
		`{"id": 1, "customData": null, "device": {"id": {"a" : 1}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second helpcrunch.Customer
		if json.Unmarshal(data, &first) != nil {
			return
		}
		sent := encode(t, first)
		if err := json.Unmarshal(sent, &second); err != nil {
			t.Fatalf("%s became %s: %v", data, sent, err)
		}
		if again := encode(t, second); string(again) != string(sent) {
			t.Errorf("%s became %s became %s", data, sent, again)
		}
	})
}
