// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

const adaBody = `{"blocked":false,"company":null,"createdFrom":null,` +
	`"customData":{"plan":"pro","renewal":1603885746},"device":null,"email":"ada@example.com",` +
	`"firstSeen":"1700000000","id":542335,"integrationId":null,"lastPage":null,"lastSeen":null,"locale":null,` +
	`"location":{"city":null,"countryCode":null,"regionCode":null},"name":"Ada","notes":null,"phone":"+48 1",` +
	`"referer":null,"source":null,` +
	`"tags":[{"name":"vip","color":"#ff0000"},{"name":"old","color":"#c377e0"}],` +
	`"unsubscribed":true,"userId":"crm-1"}`

const emptyBody = `{"blocked":false,"company":null,"createdFrom":null,"customData":[],"device":null,"email":null,` +
	`"firstSeen":null,"id":%d,"integrationId":null,"lastPage":null,"lastSeen":null,"locale":null,` +
	`"location":{"city":null,"countryCode":null,"regionCode":null},"name":null,"notes":null,"phone":null,` +
	`"referer":null,"source":null,"tags":[],"unsubscribed":false,"userId":null}`

func TestGet(t *testing.T) {
	newBench(t, Config{}).want("GET", "/customers/542335", "", 200, adaBody)
}

func TestCreate(t *testing.T) {
	b := newBench(t, Config{})
	b.want("POST", "/customers", `{}`, 201, fmt.Sprintf(emptyBody, 542337))
	b.want("GET", "/customers/542337", "", 200, fmt.Sprintf(emptyBody, 542337))

	got := b.wantStatus("POST", "/customers", `{"id":5,"name":"Cleo","email":null,"userId":"007","lastSeen":"1700000001",
		"unsubscribed":true,"tags":[{"name":"vip"},{"name":"new","color":"red"},{"name":"new","color":"blue"},{"name":"new"}],
		"customData":[{"property":"plan","value":"pro"},{"property":"seats","value":12345678901234567890.50},
		{"property":"renewal","value":"1603885746"},{"property":"site","value":"https://example.com/a"},
		{"property":"vip","value":false}],"device":{"id":1},"unheardOf":1}`, 201)
	for _, want := range []string{
		`"id":542338`, `"userId":"007"`, `"lastSeen":"1700000001"`, `"unsubscribed":true`, `"device":null`,
		`"customData":{"plan":"pro","renewal":1603885746,"seats":12345678901234567890.50,"site":"https://example.com/a","vip":false}`,
		`"tags":[{"name":"vip","color":"#ff0000"},{"name":"new","color":"blue"}]`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the answer lacks %s: %s", want, got.body)
		}
	}
	if strings.Contains(got.body, "unheardOf") {
		t.Errorf("unknown field kept: %s", got.body)
	}
}

func TestPutClearsWhatItLeavesOut(t *testing.T) {
	b := newBench(t, Config{})
	want := strings.Replace(fmt.Sprintf(emptyBody, adaID), `"name":null`, `"name":"Countess"`, 1)
	want = strings.Replace(want, `"unsubscribed":false`, `"unsubscribed":true`, 1) // a boolean has no null
	b.want("PUT", "/customers/542335", `{"name":"Countess"}`, 200, want)
	b.want("GET", "/customers/542335", "", 200, want)
	b.wantStatus("POST", "/customers", `{"userId":"crm-1"}`, 201) // its userId is free again
}

func TestPatchKeepsWhatItLeavesOut(t *testing.T) {
	b := newBench(t, Config{})
	want := strings.NewReplacer(
		`"name":"Ada"`, `"name":"Countess"`, `"phone":"+48 1"`, `"phone":null`,
		`"customData":{"plan":"pro",`, `"customData":{"seats":15,`, `"renewal":1603885746,`, ``,
	).Replace(adaBody)
	want = strings.Replace(want, `{"seats":15,"renewal":1603885746}`, `{"renewal":1603885746,"seats":15}`, 1)
	b.want("PATCH", "/customers/542335", `{"name":"Countess","phone":null,
		"customData":[{"property":"plan","value":null},{"property":"seats","value":15}]}`, 200, want)
	b.want("GET", "/customers/542335", "", 200, want)

	b.wantStatus("PATCH", "/customers/542335", `{"tags":[{"name":"new"}]}`, 200)
	b.field(adaID, "tags", []Tag{{"new", "#c377e0"}})
	b.wantStatus("PATCH", "/customers/542335", `{"tags":[],"customData":[]}`, 200)
	b.field(adaID, "tags", []Tag{})
	b.field(adaID, "customData", map[string]any{"renewal": 1603885746, "seats": 15})
}

func TestRefusedFields(t *testing.T) {
	long := strings.Repeat("ł", 256)
	cases := []struct{ body, path, message string }{
		{`{"name":1}`, "name", "This value should be of type string."},
		{`{"userId":17}`, "userId", "This value should be of type string."},
		{`{"email":"ada"}`, "email", "This value is not a valid email address."},
		{`{"email":"Ada <ada@example.com>"}`, "email", "This value is not a valid email address."},
		{`{"notes":"` + long + `"}`, "notes", tooLong},
		{`{"firstSeen":1700000000}`, "firstSeen", "This value should be of type string."},
		{`{"lastSeen":"1700000000.5"}`, "lastSeen", "This value is not a valid timestamp."},
		{`{"lastSeen":"0170"}`, "lastSeen", "This value is not a valid timestamp."},
		{`{"unsubscribed":null}`, "unsubscribed", "This value should be of type bool."},
		{`{"blocked":"true"}`, "blocked", "This value should be of type bool."},
		{`{"tags":null}`, "tags", "This value should be of type array."},
		{`{"tags":["vip"]}`, "tags[0].name", "This value should not be blank."},
		{`{"tags":[{"name":"a"},{"name":""}]}`, "tags[1].name", "This value should not be blank."},
		{`{"tags":[{"name":"a","color":7}]}`, "tags[0].color", "This value should be of type string."},
		{`{"customData":{"plan":"pro"}}`, "customData", "This value should be of type array."},
		{`{"customData":[{"value":"pro"}]}`, "customData[0].property", "This value should not be blank."},
		{`{"customData":[{"property":"Plan","value":"pro"}]}`, "customData[0].property", "This custom attribute does not exist."},
		{`{"customData":[{"property":"plan","value":1}]}`, "customData[0].value", "This value should be of type string."},
		{`{"customData":[{"property":"plan","value":"` + long + `"}]}`, "customData[0].value", tooLong},
		{`{"customData":[{"property":"plan"},{"property":"seats","value":"15"}]}`, "customData[1].value", "This value should be of type numeric."},
		{`{"customData":[{"property":"renewal","value":1603885746}]}`, "customData[0].value", "This value should be of type string."},
		{`{"customData":[{"property":"renewal","value":"2020-10-28"}]}`, "customData[0].value", "This value is not a valid timestamp."},
		{`{"customData":[{"property":"site","value":"example.com"}]}`, "customData[0].value", "This value is not a valid URL."},
		{`{"customData":[{"property":"site","value":"ftp://example.com"}]}`, "customData[0].value", "This value is not a valid URL."},
		{`{"customData":[{"property":"vip","value":1}]}`, "customData[0].value", "This value should be of type bool."},
		{`[]`, "body", "This value should be of type object."},
		{`{"name":"Ada"`, "body", "This value should be valid JSON."},
		{`{} {}`, "body", "This value should be valid JSON."},
		{``, "body", "This value should be valid JSON."},
	}
	b := newBench(t, Config{})
	for _, c := range cases {
		b.want("POST", "/customers", c.body, 400, refusal(c.path, c.message))
		b.want("PATCH", "/customers/542335", c.body, 400, refusal(c.path, c.message))
		b.want("PUT", "/customers/542335", c.body, 400, refusal(c.path, c.message))
		if c.path == "body" {
			continue
		}
		b.want("PUT", "/customers/batch", `[{"customer":542336},`+strings.Replace(c.body, "{", `{"customer":542335,`, 1)+`]`,
			400, refusal("[1]."+c.path, c.message))
	}
	b.want("GET", "/customers/542335", "", 200, adaBody)
	if got := len(b.Customers()); got != 2 {
		t.Errorf("%d customers after refused creates", got)
	}
	b.want("PATCH", "/customers/542335", `{"name":1,"blocked":null}`, 400, errorsOf("invalid_request", "Invalid request",
		"name", "This value should be of type string.", "blocked", "This value should be of type bool."))
}

// Clients in PHP send "" for a userId or an e-mail that they have not: it is none.
func TestEmptyUserIDAndEmailAreNone(t *testing.T) {
	b := newBench(t, Config{})
	for id := int64(542337); id < 542339; id++ { // two, as it is nobody's
		b.want("POST", "/customers", `{"userId":"","email":""}`, 201, fmt.Sprintf(emptyBody, id))
	}
	for _, call := range []struct{ method, path, body string }{
		{"PATCH", "/customers/542335", `{"userId":"","email":""}`},
		{"PUT", "/customers/batch", `[{"customer":542335,"userId":"","email":""}]`},
		{"PUT", "/customers/542335", `{"userId":"","email":""}`},
	} {
		b.wantStatus("PATCH", "/customers/542335", `{"userId":"crm-1","email":"ada@example.com"}`, 200)
		b.wantStatus(call.method, call.path, call.body, 200)
		b.field(adaID, "userId", nil)
		b.field(adaID, "email", nil)
	}
}

func TestNullClearsCustomData(t *testing.T) {
	for _, call := range []struct{ method, path, body string }{
		{"PATCH", "/customers/542335", `{"customData":null}`},
		{"PUT", "/customers/batch", `[{"customer":542335,"customData":null}]`},
		{"PUT", "/customers/542335", `{"customData":null}`},
	} {
		b := newBench(t, Config{})
		b.wantStatus(call.method, call.path, call.body, 200)
		b.field(adaID, "customData", map[string]any{})
	}
	b := newBench(t, Config{})
	if err := b.Change(adaID, Record{"customData": nil}); err != nil {
		t.Fatal(err)
	}
	b.field(adaID, "customData", map[string]any{})
}

func TestLengthCountsCharacters(t *testing.T) {
	b := newBench(t, Config{})
	most := strings.Repeat("ł", 255)
	b.wantStatus("PATCH", "/customers/542335", `{"notes":"`+most+`","customData":[{"property":"plan","value":"`+most+`"}]}`, 200)
	b.field(adaID, "notes", most)
}

func TestUserIDIsUnique(t *testing.T) {
	b := newBench(t, Config{})
	taken := errorsOf("invalid_userId_value", "This value is already used.", "invalid_request", "Invalid request")
	b.want("POST", "/customers", `{"userId":"crm-1"}`, 400, taken)
	b.want("PATCH", "/customers/542336", `{"userId":"crm-1"}`, 400, taken)
	b.want("PUT", "/customers/542336", `{"userId":"crm-1"}`, 400, taken)
	b.want("PUT", "/customers/batch", `[{"customer":542336,"userId":"crm-1"}]`, 400, taken)
	b.want("PUT", "/customers/batch", `[{"customer":542335,"userId":"x"},{"customer":542336,"userId":"x"}]`, 400, taken)
	b.field(adaID, "userId", "crm-1")

	b.wantStatus("PATCH", "/customers/542335", `{"userId":"crm-1"}`, 200) // its own
	b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"userId":"x"},{"customer":542336,"userId":"crm-1"}]`, 200)
	b.field(bobID, "userId", "crm-1")
	b.want("POST", "/customers", `{"userId":"crm-1"}`, 400, taken)
	b.want("POST", "/customers", `{"userId":"x"}`, 400, taken)
	b.wantStatus("DELETE", "/customers/542336", "", 200)
	b.wantStatus("POST", "/customers", `{"userId":"crm-1"}`, 201)
}

func TestDelete(t *testing.T) {
	b := newBench(t, Config{})
	b.want("DELETE", "/customers/542336", "", 200, "Ok")
	b.want("GET", "/customers/542336", "", 404, notFoundBody)
	b.want("DELETE", "/customers/542336", "", 404, notFoundBody)
	if got := b.do("POST", "/customers", `{}`).object()["id"]; got != float64(542337) {
		t.Errorf("the next id is %v, want 542337", got)
	}
	if _, err := b.Add(Record{"id": bobID}); err == nil {
		t.Error("the id of a deleted customer was used again")
	}
}

func TestTagAppends(t *testing.T) {
	b := newBench(t, Config{})
	body := strings.Replace(adaBody, `"color":"#c377e0"}]`, `"color":"#c377e0"},{"name":"new","color":"green"}]`, 1)
	b.want("PUT", "/customers/542335/tags", `{"tags":[{"name":"new","color":"green"},{"name":"vip"}]}`, 200, body)
	b.want("PUT", "/customers/542335/tags", `{"tags":[]}`, 200, body)
	b.want("PUT", "/customers/542335/tags", `{}`, 400, refusal("tags", "This value should be of type array."))
}

func TestTagNamesKeepTheirCase(t *testing.T) {
	b := newBench(t, Config{})
	b.wantStatus("PUT", "/customers/542335/tags", `{"tags":[{"name":"VIP"}]}`, 200)
	b.field(adaID, "tags", []Tag{{"vip", "#ff0000"}, {"old", "#c377e0"}, {"VIP", "#c377e0"}})
}

func TestTagColorsBelongToTheAccount(t *testing.T) {
	b := newBench(t, Config{})
	b.wantStatus("PUT", "/customers/542336/tags", `{"tags":[{"name":"vip","color":"blue"}]}`, 200)
	b.field(adaID, "tags", []Tag{{"vip", "blue"}, {"old", "#c377e0"}})
	// Neither call may bring back the red that Ada's own tag once had.
	b.wantStatus("DELETE", "/customers/542335/tags", `{"tags":[{"name":"old","color":"black"}]}`, 200)
	b.field(adaID, "tags", []Tag{{"vip", "blue"}})
	b.wantStatus("PUT", "/customers/542335/tags", `{"tags":[{"name":"old"}]}`, 200)
	b.field(adaID, "tags", []Tag{{"vip", "blue"}, {"old", "#c377e0"}})
}

func TestUntag(t *testing.T) {
	b := newBench(t, Config{})
	body := strings.Replace(adaBody, `{"name":"vip","color":"#ff0000"},`, ``, 1)
	b.want("DELETE", "/customers/542335/tags", `{"tags":[{"name":"vip"},{"name":"unknown"}]}`, 200, body)
	b.want("DELETE", "/customers/542335/tags", ``, 400, refusal("body", "This value should be valid JSON."))
	b.wantStatus("PUT", "/customers/542336/tags", `{"tags":[{"name":"vip"}]}`, 200)
	b.field(bobID, "tags", []Tag{{"vip", "#ff0000"}}) // the account kept the tag
}
