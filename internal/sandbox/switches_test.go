// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// switchTests shows what each switch changes. Every test runs with its switch on
// and must fail with it off.
var switchTests = map[string]func(b *bench){
	"put-keeps-omitted": func(b *bench) {
		b.wantStatus("PUT", "/customers/542335", `{"phone":"2","customData":[{"property":"seats","value":1}]}`, 200)
		b.field(adaID, "name", "Ada")
		b.field(adaID, "phone", "2")
		b.field(adaID, "customData", map[string]any{"plan": "pro", "renewal": 1603885746, "seats": 1})
		b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"name":"Countess"}]`, 200)
		b.field(adaID, "phone", "2")
	},
	"batch-clears-omitted": func(b *bench) {
		b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"name":"Ada"}]`, 200)
		b.field(adaID, "phone", nil)
		b.field(adaID, "tags", []Tag{})
		b.field(adaID, "customData", map[string]any{})
		b.field(adaID, "unsubscribed", true)
	},
	"batch-clears-custom-data": func(b *bench) {
		b.wantStatus("PATCH", "/customers/542335", `{"customData":[{"property":"seats","value":1}]}`, 200)
		b.field(adaID, "customData", map[string]any{"plan": "pro", "renewal": 1603885746, "seats": 1})
		b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"customData":[{"property":"seats","value":2}]}]`, 200)
		b.field(adaID, "customData", map[string]any{"seats": 2})
		b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"name":"Countess"}]`, 200)
		b.field(adaID, "customData", map[string]any{"seats": 2})
		b.field(adaID, "phone", "+48 1")
	},
	"batch-partial-write": func(b *bench) {
		b.want("PUT", "/customers/batch", `[{"customer":542335,"phone":"2"},{"customer":1},{"customer":542336,"phone":"2"}]`, 404, notFoundBody)
		b.field(adaID, "phone", "2")
		b.field(bobID, "phone", nil)
	},
	"batch-shuffled": func(b *bench) {
		got := b.wantStatus("PUT", "/customers/batch", `[{"customer":542335},{"customer":542336}]`, 200).body
		if strings.Index(got, "542336") > strings.Index(got, "542335") {
			b.t.Errorf("in the order of the request: %s", got)
		}
	},
	"batch-short": func(b *bench) {
		got := b.wantStatus("PUT", "/customers/batch", `[{"customer":542335},{"customer":542336,"phone":"2"}]`, 200).body
		if strings.Contains(got, "542336") || !strings.Contains(got, "542335") {
			b.t.Errorf("answer %s", got)
		}
		b.field(bobID, "phone", "2")
		b.want("PUT", "/customers/batch", `[{"customer":542335}]`, 200, `[]`)
	},
	"tags-append": func(b *bench) {
		for i, call := range []struct{ method, path, body string }{
			{"PATCH", "/customers/542335", `{"tags":[{"name":"new"}]}`},
			{"PUT", "/customers/542335", `{"tags":[{"name":"new"}]}`},
			{"PUT", "/customers/batch", `[{"customer":542335,"tags":[{"name":"new"}]}]`},
			{"PUT", "/customers/batch", `[{"customer":542335,"tags":[]}]`},
		} {
			b.wantStatus(call.method, call.path, call.body, 200)
			if r, _ := b.Customer(adaID); !slices.Equal(r.TagNames(), []string{"vip", "old", "new"}) {
				b.t.Errorf("call %d: tags %v", i, r.TagNames())
			}
		}
	},
	"tag-color-kept": func(b *bench) {
		b.wantStatus("PUT", "/customers/542335/tags", `{"tags":[{"name":"vip","color":"blue"},{"name":"old","color":"blue"},{"name":"new","color":"blue"}]}`, 200)
		b.field(adaID, "tags", []Tag{{"vip", "#ff0000"}, {"old", "#c377e0"}, {"new", "blue"}})
	},
	"custom-data-replaces": func(b *bench) {
		b.wantStatus("PATCH", "/customers/542335", `{"name":"Countess"}`, 200)
		b.field(adaID, "customData", map[string]any{"plan": "pro", "renewal": 1603885746})
		b.wantStatus("PATCH", "/customers/542335", `{"customData":[{"property":"seats","value":1}]}`, 200)
		b.field(adaID, "customData", map[string]any{"seats": 1})
		b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"customData":[{"property":"vip","value":true}]}]`, 200)
		b.field(adaID, "customData", map[string]any{"vip": true})
		b.wantStatus("PATCH", "/customers/542335", `{"customData":[]}`, 200)
		b.field(adaID, "customData", map[string]any{})
	},
	"custom-nulls-kept": func(b *bench) {
		got := b.wantStatus("PATCH", "/customers/542335", `{"customData":[{"property":"plan","value":null}]}`, 200).body
		if !strings.Contains(got, `"customData":{"plan":null,"renewal":1603885746}`) {
			b.t.Errorf("answer %s", got)
		}
	},
	"custom-data-object": func(b *bench) {
		if got := b.do("GET", "/customers/542336", "").body; !strings.Contains(got, `"customData":{},`) {
			b.t.Errorf("empty: %s", got)
		}
		b.want("GET", "/customers/542335", "", 200, adaBody)
	},
	"custom-data-pairs": func(b *bench) {
		if got := b.do("GET", "/customers/542335", "").body; !strings.Contains(got, `"customData":[{"property":"plan","value":"pro"},{"property":"renewal","value":1603885746}]`) {
			b.t.Errorf("answer %s", got)
		}
		if got := b.do("GET", "/customers/542336", "").body; !strings.Contains(got, `"customData":[],`) {
			b.t.Errorf("empty: %s", got)
		}
	},
	"unknown-property-dropped": func(b *bench) {
		got := b.wantStatus("PATCH", "/customers/542335", `{"customData":[{"property":"colour","value":"red"},{"property":"plan","value":"team"}]}`, 200).body
		if !strings.Contains(got, `"customData":{"plan":"team","renewal":1603885746}`) {
			b.t.Errorf("answer %s", got)
		}
		b.wantStatus("PATCH", "/customers/542335", `{"customData":[{"property":"seats","value":"1"}]}`, 400)
	},
	"integer-timestamps": func(b *bench) {
		b.want("GET", "/customers/542335", "", 200, strings.Replace(adaBody, `"1700000000"`, `1700000000`, 1))
		if got := b.do("POST", "/events", `{"name":"a","customer":542335}`).object()["createdAt"]; got != float64(time.Now().Unix()) {
			b.t.Errorf("createdAt %v", got)
		}
	},
	"fractional-timestamps": func(b *bench) {
		b.want("GET", "/customers/542335", "", 200, strings.Replace(adaBody, `"1700000000"`, `"1700000000.713"`, 1))
	},
	"single-entry-errors": func(b *bench) {
		b.want("GET", "/customers/1", "", 404, errorsOf("entity_not_found", "Customer not found"))
		b.want("POST", "/customers", `{"name":1,"phone":1}`, 400, errorsOf("name", "This value should be of type string."))
		b.want("POST", "/customers", `{"userId":"crm-1"}`, 400, errorsOf("invalid_userId_value", "This value is already used."))
		b.Arm(Fault{Kind: TooMany})
		b.want("GET", "/customers/1", "", 429, errorsOf("too_many_requests", "You have exceeded your requests limit"))
		b.Arm(Fault{Kind: Unauthorized})
		b.want("GET", "/customers/1", "", 401, errorsOf("invalid_token", "Invalid token"))
	},
	"specific-errors-first": func(b *bench) {
		b.want("GET", "/customers/1", "", 404, errorsOf("not_found", "Chat not found", "invalid_request", "Invalid request"))
		b.want("POST", "/customers", `{"name":1}`, 400, errorsOf("name", "This value should be of type string.", "invalid_request", "Invalid request"))
	},
	"digits-as-numbers": func(b *bench) {
		search := func(field, operator, value string) string {
			return found(b.do("POST", "/customers/search", `{"filter":[{"field":"customers.`+field+`","operator":"`+operator+`","value":`+value+`}]}`))
		}
		b.wantStatus("PATCH", "/customers/542336", `{"lastSeen":"200"}`, 200)
		if byID, byTime := search("id", "=", `"542335"`), search("lastSeen", ">", `"150"`); byID != "542335" || byTime != "542336" {
			b.t.Errorf("found %s by id and %s by time", byID, byTime)
		}
		b.wantStatus("POST", "/events", `{"name":"paid","customer":"542335"}`, 200)
		b.wantStatus("PUT", "/customers/batch", `[{"customer":"542335","phone":"2"}]`, 200)
		b.field(adaID, "phone", "2")
		b.want("POST", "/events", `{"name":"paid","customer":"ada"}`, 400, refusal("customer", "This value should be of type numeric."))
		b.want("POST", "/customers/search", `{"filter":[{"field":"customers.id","operator":"=","value":"1.5"}]}`, 400,
			refusal("filter[0].value", "This value should be of type integer."))
		b.want("PATCH", "/customers/542335", `{"customData":[{"property":"seats","value":"1"}]}`, 400,
			refusal("customData[0].value", "This value should be of type numeric."))
	},
	"search-ignores-case": func(b *bench) {
		for _, c := range []struct{ field, operator, value, want string }{
			{"name", "=", "aDA", "542335"},
			{"userId", "=", "CRM-1", "542335"},
			{"name", "~", "DA", "542335"},
			{"name", "!=", "ADA", "542336"},
			{"name", "!~", "DA", "542336"},
		} {
			got := found(b.do("POST", "/customers/search", `{"filter":[{"field":"customers.`+c.field+`","operator":"`+c.operator+`","value":"`+c.value+`"}]}`))
			if got != c.want {
				b.t.Errorf("%s %s %s found %s, want %s", c.field, c.operator, c.value, got, c.want)
			}
		}
		b.wantStatus("POST", "/customers", `{"userId":"CRM-1"}`, 201) // it is another one all the same
	},
	"empty-search-not-found": func(b *bench) {
		b.want("POST", "/customers/search", `{"filter":[{"field":"customers.id","operator":"=","value":1}]}`, 404, notFoundBody)
		b.wantStatus("POST", "/customers/search", `{"offset":50}`, 200)
	},
	"total-in-meta": func(b *bench) {
		b.want("GET", "/customers?offset=9", "", 200, `{"data":[],"meta":{"total":2}}`)
		b.want("POST", "/customers/search", `{"offset":9}`, 200, `{"data":[],"meta":{"total":2}}`)
	},
	"search-lag": func(b *bench) {
		shown := func(want string) {
			b.t.Helper()
			list, search := found(b.do("GET", "/customers", "")), found(b.do("POST", "/customers/search", `{"filter":[{"field":"customers.phone","operator":"!=","value":"2"}]}`))
			if list+" / "+search != want {
				b.t.Errorf("shown %s / %s, want %s", list, search, want)
			}
		}
		shown("542335 542336 / 542335 542336")
		b.wantStatus("PATCH", "/customers/542335", `{"phone":"2"}`, 200)
		b.wantStatus("DELETE", "/customers/542336", "", 200)
		b.wantStatus("POST", "/customers", `{}`, 201)
		b.field(adaID, "phone", "2")
		time.Sleep(2*time.Second - time.Nanosecond)
		shown("542335 542336 / 542335 542336")
		time.Sleep(time.Nanosecond)
		shown("542335 542337 / 542337")
		b.wantStatus("DELETE", "/customers/542337", "", 200)
		shown("542335 542337 / 542337")
		b.SetSwitches(Switches{})
		shown("542335 / ")
	},
	"search-max-filters": func(b *bench) {
		filters := func(n int) string {
			return `{"comparison":"OR","filter":[` + strings.TrimSuffix(strings.Repeat(`{"field":"customers.id","operator":"=","value":542335},`, n), ",") + `]}`
		}
		b.wantStatus("POST", "/customers/search", filters(10), 200)
		b.want("POST", "/customers/search", filters(11), 400, refusal("filter", "This collection should contain 10 elements or less."))
	},
	"fixed-window": func(b *bench) {
		time.Sleep(59 * time.Second)
		for range 2 {
			b.wantStatus("GET", "/organization", "", 200)
		}
		b.wantStatus("GET", "/organization", "", 429)
		time.Sleep(time.Second)
		b.wantStatus("GET", "/organization", "", 200)
	},
	"retry-after-seconds": func(b *bench) {
		b.Arm(Fault{Kind: TooMany, RetryAfter: 90 * time.Second})
		if got := b.wantStatus("GET", "/organization", "", 429).header.Get("Retry-After"); got != "90" {
			b.t.Errorf("fault: Retry-After %q", got)
		}
		for range 2 {
			b.do("GET", "/organization", "")
		}
		if got := b.wantStatus("GET", "/organization", "", 429).header.Get("Retry-After"); got != "60" {
			b.t.Errorf("Retry-After %q", got)
		}
	},
	"retry-after-date": func(b *bench) {
		b.Arm(Fault{Kind: TooMany, RetryAfter: 90 * time.Second})
		if got := b.wantStatus("GET", "/organization", "", 429).header.Get("Retry-After"); got != "Sat, 01 Jan 2000 00:01:30 GMT" {
			b.t.Errorf("fault: Retry-After %q", got)
		}
		for range 2 {
			b.do("GET", "/organization", "")
		}
		if got := b.wantStatus("GET", "/organization", "", 429).header.Get("Retry-After"); got != "Sat, 01 Jan 2000 00:01:00 GMT" {
			b.t.Errorf("Retry-After %q", got)
		}
	},
	"batch-throttled-every": func(b *bench) {
		for i, want := range []int{200, 429, 200, 429} {
			b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"phone":"`+strings.Repeat("2", i+1)+`"}]`, want)
			b.wantStatus("GET", "/customers/542335", "", 200) // which is not counted
		}
		b.field(adaID, "phone", "222")
	},
	"create-dropped": func(b *bench) {
		if got, err := b.try("POST", "/customers", `{"userId":"crm-9"}`); err == nil {
			b.t.Errorf("a create is answered %d %s", got.status, got.body)
		}
		b.field(bobID+1, "userId", "crm-9")
	},
	"bad-gateway-every": func(b *bench) {
		for i := range 10 {
			got := b.do("PUT", "/customers/batch", `[{"customer":542335,"phone":"`+strings.Repeat("2", i+1)+`"}]`)
			if bad := i%5 == 4; bad != (got.status == 502) || bad == strings.HasPrefix(got.body, "[") {
				b.t.Errorf("request %d: %d %s", i+1, got.status, got.body)
			}
		}
		b.field(adaID, "phone", strings.Repeat("2", 9)) // the tenth was not carried out
	},
	"slow-answers": func(b *bench) {
		start := time.Now()
		b.want("GET", "/customers/542335", "", 200, adaBody)
		if got := time.Since(start); got != 500*time.Millisecond {
			b.t.Errorf("answered after %v", got)
		}
	},
}

// limited are the switches whose tests need a rate limit of two requests.
var limited = []string{"fixed-window", "retry-after-seconds", "retry-after-date"}

func TestEachSwitch(t *testing.T) {
	for _, name := range SwitchNames() {
		t.Run(name, func(t *testing.T) {
			test, ok := switchTests[name]
			if !ok {
				t.Fatal("no test")
			}
			synctest.Test(t, func(t *testing.T) {
				cfg := Config{}
				if slices.Contains(limited, name) {
					cfg.Rate = 2
				}
				if strings.HasPrefix(name, "retry-after") {
					cfg.Rate = 3 // the fault takes one
				}
				b := newBench(t, cfg)
				if err := b.SetSwitch(name, ""); err != nil {
					t.Fatal(err)
				}
				test(b)
			})
		})
	}
	if len(switchTests) != len(SwitchNames()) {
		t.Errorf("%d tests for %d switches", len(switchTests), len(SwitchNames()))
	}
}

func TestSetAndGet(t *testing.T) {
	for _, info := range SwitchList() {
		var w Switches
		off := w.Get(info.Name)
		for _, value := range []string{"", "true", info.On} {
			w = Switches{}
			if err := w.Set(info.Name, value); err != nil || w.Get(info.Name) != info.On {
				t.Errorf("%s set to %q: %s %v", info.Name, value, w.Get(info.Name), err)
			}
			for _, other := range SwitchNames() {
				if zero := new(Switches); other != info.Name && w.Get(other) != zero.Get(other) {
					t.Errorf("%s also set %s", info.Name, other)
				}
			}
		}
		if err := w.Set(info.Name, "false"); err != nil || w != (Switches{}) || w.Get(info.Name) != off {
			t.Errorf("%s set to false: %+v %v", info.Name, w, err)
		}
		if err := w.Set(info.Name, "perhaps"); err == nil {
			t.Errorf("%s set to perhaps: no error", info.Name)
		}
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(info.Name) || !strings.HasSuffix(info.Description, ".") && !strings.HasSuffix(info.Description, `".`) {
			t.Errorf("badly described: %+v", info)
		}
	}
	var w Switches
	if err := w.Set("search-lag", "-1s"); err == nil {
		t.Error("negative lag: no error")
	}
	if err := w.Set("search-max-filters", "-1"); err == nil {
		t.Error("negative count: no error")
	}
	if err := w.Set("no-such-switch", ""); err == nil || w.Get("no-such-switch") != "" {
		t.Error("unknown switch: no error")
	}
}

func TestFormsReplaceEachOther(t *testing.T) {
	var w Switches
	for _, name := range []string{"integer-timestamps", "fractional-timestamps"} {
		if err := w.Set(name, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Set("integer-timestamps", "false"); err != nil || w.Timestamps != FractionalTimestamps {
		t.Errorf("timestamps %q %v", w.Timestamps, err)
	}
}
