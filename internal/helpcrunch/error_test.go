// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestErrorKeepsEveryEntry(t *testing.T) {
	entry := func(code, message string) helpcrunch.ErrorEntry {
		return helpcrunch.ErrorEntry{Code: code, Message: message}
	}
	for _, test := range []struct {
		form sandbox.ErrorForm
		want []helpcrunch.ErrorEntry
		text string
	}{
		{
			sandbox.GeneralErrorsFirst,
			[]helpcrunch.ErrorEntry{
				entry("invalid_request", "Invalid request"),
				entry("email", "This value is not a valid email address."),
				entry("notes", "This value is too long. It should have 255 characters or less."),
			},
			"HelpCrunch answered 400: invalid_request: Invalid request; email: This value is not a valid email address.; " +
				"notes: This value is too long. It should have 255 characters or less.",
		},
		{
			sandbox.SpecificErrorsFirst,
			[]helpcrunch.ErrorEntry{
				entry("email", "This value is not a valid email address."),
				entry("notes", "This value is too long. It should have 255 characters or less."),
				entry("invalid_request", "Invalid request"),
			},
			"HelpCrunch answered 400: email: This value is not a valid email address.; " +
				"notes: This value is too long. It should have 255 characters or less.; invalid_request: Invalid request",
		},
		{
			sandbox.SingleEntryErrors,
			[]helpcrunch.ErrorEntry{entry("email", "This value is not a valid email address.")},
			"HelpCrunch answered 400: email: This value is not a valid email address.",
		},
	} {
		t.Run(string(test.form), func(t *testing.T) {
			open(t, setup{sandbox: sandbox.Config{Switches: sandbox.Switches{Errors: test.form}}}, func(a *account) {
				_, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{
					Email: helpcrunch.Some("nobody"), Notes: helpcrunch.Some(strings.Repeat("x", 256)),
				})
				var answered *helpcrunch.Error
				if !errors.As(err, &answered) {
					a.Fatalf("error %v", err)
				}
				if answered.Status != http.StatusBadRequest || answered.Operation != "create a customer" {
					a.Errorf("status %d, operation %q", answered.Status, answered.Operation)
				}
				if !slices.Equal(answered.Entries, test.want) {
					a.Errorf("entries %v\nwant %v", answered.Entries, test.want)
				}
				if err.Error() != test.text {
					a.Errorf("error %q\nwant  %q", err, test.text)
				}
			})
		})
	}
}

func TestErrorWithoutEntries(t *testing.T) {
	for _, test := range []struct {
		name, location, body, want string
		status                     int
	}{
		{"a web page", "", "<html>" + adasName + "</html>", "HelpCrunch answered 403 (Forbidden) without a readable error body", 403},
		{"nothing", "", "", "HelpCrunch answered 403 (Forbidden) without a readable error body", 403},
		{"other JSON", "", `{"message": "` + adasEmail + `"}`, "HelpCrunch answered 403 (Forbidden) without a readable error body", 403},
		{"entries of another kind", "", `{"errors": "` + adasEmail + `"}`, "HelpCrunch answered 403 (Forbidden) without a readable error body", 403},
		{"a redirect to nowhere", "://" + apiKey, "", "HelpCrunch answered 302 (Found) without a readable error body", 302},
		{
			"a redirect", "https://user:" + url.QueryEscape(apiKey) + "@elsewhere.example/v1?key=" + apiKey, "",
			"HelpCrunch answered 302 (Found) without a readable error body, redirecting to https://elsewhere.example/v1", 302,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			refusing := answeringWith(test.status, http.Header{"Location": {test.location}}, test.body, nil)
			open(t, setup{transport: refusing}, func(a *account) {
				if _, err := a.GetCustomer(a.Context(), a.ada); err == nil || err.Error() != test.want {
					a.Errorf("error %v\nwant  %s", err, test.want)
				}
			})
		})
	}
}

func TestErrorEntryField(t *testing.T) {
	for code, want := range map[string]string{
		"email":                        "email",
		"customer.email":               "email",
		"[3].email":                    "email",
		"[12].userId":                  "userId",
		"invalid_email_value":          "email",
		"invalid_userId_value":         "userId",
		"customData":                   "customData",
		"customData[0].value":          "customData",
		"customData[10].property":      "customData",
		"[3].customData[0].value":      "customData",
		"customer.customData[1]":       "customData",
		"tags[0].name":                 "tags",
		"[0].tags":                     "tags",
		"invalid_customData_value":     "customData",
		"firstSeen":                    "firstSeen",
		"unsubscribed":                 "unsubscribed",
		"integrationId":                "integrationId",
		"":                             "",
		"customer":                     "",
		"[3]":                          "",
		"[3].customer":                 "",
		"[3":                           "",
		"invalid_request":              "",
		"invalid_":                     "",
		"invalid__value":               "",
		"unauthorized":                 "",
		"not_found":                    "",
		"filter[0].field":              "",
		"email_address":                "",
		"Email":                        "",
		"location.city":                "",
		"id":                           "",
		"[0].invalid_email_value":      "",
		"something.else.about.email":   "",
		"invalid_email_value.whatever": "",
	} {
		if got := (helpcrunch.ErrorEntry{Code: code}).Field(); got != want {
			t.Errorf("%q is about %q, want %q", code, got, want)
		}
	}
}

func TestDuplicateUserID(t *testing.T) {
	for _, test := range []struct {
		status int
		codes  []string
		want   bool
	}{
		{400, []string{"invalid_userId_value", "invalid_request"}, true},
		{400, []string{"invalid_request", "invalid_userId_value"}, true},
		{400, []string{"invalid_request", "userId"}, true},
		{400, []string{"[3].userId"}, true},
		{400, []string{"invalid_request", "email"}, false},
		{400, []string{"user_id"}, false},
		{400, nil, false},
		{404, []string{"invalid_userId_value"}, false},
		{500, []string{"userId"}, false},
	} {
		e := &helpcrunch.Error{Status: test.status}
		for _, code := range test.codes {
			e.Entries = append(e.Entries, helpcrunch.ErrorEntry{Code: code})
		}
		if got := e.DuplicateUserID(); got != test.want {
			t.Errorf("%d %v: %t", test.status, test.codes, got)
		}
	}
}

func TestDuplicateUserIDFromHelpCrunch(t *testing.T) {
	for _, form := range []sandbox.ErrorForm{sandbox.GeneralErrorsFirst, sandbox.SpecificErrorsFirst, sandbox.SingleEntryErrors} {
		open(t, setup{sandbox: sandbox.Config{Switches: sandbox.Switches{Errors: form}}}, func(a *account) {
			_, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{UserID: helpcrunch.Some(adasUserID)})
			var answered *helpcrunch.Error
			if !errors.As(err, &answered) || !answered.DuplicateUserID() {
				a.Errorf("%s: error %v", form, err)
			}
		})
	}
}

func TestWhatAnErrorSays(t *testing.T) {
	refusal := func(status int) error {
		return &helpcrunch.Error{Status: status, Entries: []helpcrunch.ErrorEntry{{Code: "not_found", Message: "Chat not found"}}}
	}
	lost := &helpcrunch.LostError{Err: errors.New("cut")}
	for _, test := range []struct {
		err               error
		notFound, unknown bool
	}{
		{refusal(404), true, false},
		{fmt.Errorf("wrapped: %w", refusal(404)), true, false},
		{&helpcrunch.Error{Status: 404}, false, false}, // not in HelpCrunch's words: a wrong address, or a gateway
		{refusal(400), false, false},
		{refusal(401), false, false},
		{refusal(403), false, false},
		{refusal(410), false, false},
		{refusal(429), false, false},
		{refusal(307), false, false},
		{refusal(500), false, true},
		{refusal(502), false, true},
		{refusal(599), false, true},
		{lost, false, true},
		{fmt.Errorf("wrapped: %w", lost), false, true},
		{errors.Join(lost, refusal(401)), false, true}, // a create, and a look for it
		{errors.Join(refusal(500), refusal(401)), false, true},
		{&helpcrunch.UnreachableError{Err: errors.New("refused")}, false, false},
		{errors.New("something else"), false, false},
		{nil, false, false},
	} {
		if got := helpcrunch.IsNotFound(test.err); got != test.notFound {
			t.Errorf("IsNotFound(%v) = %t", test.err, got)
		}
		if got := helpcrunch.OutcomeUnknown(test.err); got != test.unknown {
			t.Errorf("OutcomeUnknown(%v) = %t", test.err, got)
		}
	}
}

// The URL names the customer, and net/http puts it into its errors.
func TestConnectionErrorsTellNothing(t *testing.T) {
	for _, fault := range []sandbox.FaultKind{sandbox.DropAfter, sandbox.Late, sandbox.WrongType, sandbox.FailAfter, sandbox.BadGateway, sandbox.Redirect, sandbox.Forbidden} {
		t.Run(string(fault), func(t *testing.T) {
			each(t, setup{}, func(a *account, c call) {
				a.server.Arm(sandbox.Fault{Kind: fault, Times: 100, Delay: 1 << 40, URL: "https://elsewhere.example/?" + adasEmail})
				err := c.do(a, a.Context())
				if err == nil {
					return
				}
				silent(a.T, err.Error())
				if strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "/customers") {
					a.Errorf("%q names the URL", err)
				}
			})
		})
	}
}

// What the server repeats of what was sent to it reaches no error: it is people's
// data. The names of properties and the user_id are needed to understand it.
func TestErrorsRepeatNoValues(t *testing.T) {
	with := crowd(1)
	with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		return body, response(r, http.StatusBadRequest, http.Header{"Content-Type": {"application/json"}}, strings.NewReader(`{"errors":[
			{"code":"invalid_email_value","message":"ADA@example.com is taken, as is +44 (20) 7946"},
			{"code":"customData[0].value","message":"'gold' is no salary, 120000 is; plan, crm-1 and Al are fine"},
			{"code":"customer","message":"李明 <Zoë> calls +1 from The Engine Street"}]}`))
	})
	open(t, with, func(a *account) {
		_, err := a.UpdateCustomer(a.Context(), a.ada, helpcrunch.Changes{
			Name: helpcrunch.Some("Al"), Email: helpcrunch.Some("ada@example.com"), Phone: helpcrunch.Some("+44 (20) 7946"), UserID: helpcrunch.Some("crm-1"),
			Notes: helpcrunch.Some("a"), Company: helpcrunch.Some("李明"), Source: helpcrunch.Some("Zoë"), Referer: helpcrunch.Some("+1"), LastPage: helpcrunch.Some(" The\nEngine  Street "), Locale: helpcrunch.Some(" "),
			CustomData: helpcrunch.CustomData{"plan": {Kind: helpcrunch.String, Text: "gold"}, "salary": {Kind: helpcrunch.Number, Text: "120000"}},
		})
		if err == nil {
			t.Fatal("no error")
		}
		for _, said := range []string{"ada@", "ADA@", "7946", "gold", "120000", "Al ", "李明", "Zo", "+1", "Engine"} {
			if strings.Contains(err.Error(), said) {
				t.Errorf("%q is repeated: %s", said, err)
			}
		}
		for _, told := range []string{"plan", "crm-1", "(the value) is taken", "are fine", "as is", "is no salary", "calls (the value) from"} {
			if !strings.Contains(err.Error(), told) {
				t.Errorf("%q is missing: %s", told, err)
			}
		}
	})
}

// What nobody sees hides no value, neither in what is said nor in what was sent.
func TestWhatNobodySeesHidesNoValue(t *testing.T) {
	for note, said := range map[string]string{
		"Ada Lovelace":                     `Ada Love\u200blace`,
		"Ada\u200b Lovelace":               `Ada Lovelace`,
		"Ada\u00a0Lovelace":                `Ada\u00a0Lovelace`,
		"Ada\u2028Lovelace":                `\u202eAda\u3000Love\u200dlace`,
		"عاد\u200cل":                       `عاد\u200cل`,
		"\U0001f469\u200d\U0001f4bb\ufe0f": `\ud83d\udc69\u200d\ud83d\udcbb`,
		"Al":                               `A\u0000l`,
	} {
		with := crowd(1)
		with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
			return body, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"notes","message":"No `+said+` here."}]}`))
		})
		t.Run(said, func(t *testing.T) {
			open(t, with, func(a *account) {
				_, err := a.UpdateCustomer(a.Context(), a.ada, helpcrunch.Changes{Notes: helpcrunch.Some(note)})
				if err == nil || !strings.HasSuffix(err.Error(), "notes: No (the value) here.") {
					a.Errorf("%q, said as %s: error %v", note, said, err)
				}
			})
		})
	}
}

// Ids are no values: an error without them could not be understood.
func TestErrorsRepeatIDs(t *testing.T) {
	with := crowd(2)
	with.transport = meddling(func(r *http.Request, body []byte) ([]byte, *http.Response) {
		if r.Method == http.MethodGet {
			return body, nil
		}
		return body, response(r, http.StatusBadRequest, http.Header{"Content-Type": {"application/json"}}, strings.NewReader(`{"errors":[{"code":"odd","message":"no customer 542335 today"}]}`))
	})
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 2, a.ids(), named("Ada")) {
			if got.err == nil || !strings.Contains(got.err.Error(), "542335") {
				t.Errorf("%d: %v", id, got.err)
			}
		}
	})
}

// A value of a letter or a digit is withheld as a word of its own, and not out of others.
func TestShortValuesAreWithheldAsWords(t *testing.T) {
	for values, test := range map[string]struct{ said, told string }{
		"09azAZ_": {"1V1 V.", "1V1 (the value)."},
		"/:@[`{":  {"1V1.", "1(the value)1."},
	} {
		for value := range strings.SplitSeq(values, "") {
			message, want := strings.ReplaceAll(test.said, "V", value), strings.ReplaceAll(test.told, "V", value)
			with := crowd(1)
			with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
				return body, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"notes","message":"`+message+`"}]}`))
			})
			open(t, with, func(a *account) {
				if _, err := a.UpdateCustomer(a.Context(), a.ada, helpcrunch.Changes{Notes: helpcrunch.Some(value)}); err == nil || !strings.Contains(err.Error(), want) {
					a.Errorf("%s: error %v, want one with %q", value, err, want)
				}
			})
		}
	}
}

// Whatever a value and a message look like, to take the one out of the other ends: with a
// time that grows with the product of the two, this would outlast every test run.
func TestValuesAreWithheldAtOnce(t *testing.T) {
	const words = 1_200_000 // more than a pattern may have
	for _, test := range []struct{ name, note, message, want string }{
		{"a message of many beginnings", strings.Repeat("a ", 120) + "b", strings.Repeat("a ", 4<<20), "(a message beyond measure)"},
		{"a note of many words", strings.Repeat("a ", words), "This value is too long.", "This value is too long."},
		{"a long note that is repeated", strings.Repeat("a b ", 450) + "c", "No: " + strings.Repeat("a b ", 450) + "c", "notes: No: (the value)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			with := crowd(1)
			with.transport = meddlingWithPatches(func(r *http.Request, body []byte) ([]byte, *http.Response) {
				return body, response(r, http.StatusBadRequest, nil, strings.NewReader(`{"errors":[{"code":"notes","message":"`+test.message+`"}]}`))
			})
			open(t, with, func(a *account) {
				_, err := a.UpdateCustomer(a.Context(), a.ada, helpcrunch.Changes{Notes: helpcrunch.Some(test.note)})
				if err == nil || !strings.Contains(err.Error(), test.want) {
					a.Errorf("error %v, want one with %q", err, test.want)
				}
			})
		})
	}
}

// An event's data may have any keys, those of a customer among them.
func TestErrorsRepeatNoDataOfEvents(t *testing.T) {
	repeating := answeringWith(http.StatusBadRequest, nil, `{"errors":[{"code":"data","message":"No order of Ada Lovelace, and none of Grace Hopper for crm-17."}]}`, nil)
	open(t, setup{transport: repeating}, func(a *account) {
		err := a.SendEvent(a.Context(), helpcrunch.Event{Name: "order", Customer: a.ada, Data: map[string]any{
			"order": "Ada Lovelace", "tags": []any{map[string]any{"field": "customers.id", "value": "Grace Hopper"}}, "userId": "crm-17",
		}})
		if err == nil || !strings.Contains(err.Error(), "No (the value) of (the value), and none of (the value) for (the value).") {
			a.Errorf("error %v", err)
		}
	})
}

// Who answers may repeat the key, as a gateway does that shows what it has got: no error tells it.
func TestErrorsRepeatNoKey(t *testing.T) {
	escaped := url.QueryEscape(apiKey)
	hidden := func(between string) string { return apiKey[:4] + between + apiKey[4:] }
	for _, test := range []struct {
		name, body, want string
		status           int
		header           http.Header
		err              error
	}{
		{name: "a message", status: 401, body: `{"errors":[{"code":"invalid_token","message":"Invalid token ` + apiKey + `"}]}`, want: "Invalid token (the API key)"},
		{name: "a code", status: 403, body: `{"errors":[{"code":"token ` + apiKey + `","message":"No."}]}`, want: "token (the API key): No."},
		{name: "a redirect", status: 302, header: http.Header{"Location": {"https://elsewhere.example/" + apiKey}}, want: "https://elsewhere.example/(the API key)"},
		{name: "an escaped redirect", status: 302, header: http.Header{"Location": {"https://elsewhere.example/login/" + escaped + "/v1"}}, want: "https://elsewhere.example/login/(the API key)/v1"},
		{name: "a kind of content", status: 200, header: http.Header{"Content-Type": {apiKey}}, body: "<html>", want: "((the API key), 6 bytes)"},
		{name: "a connection", err: errors.New("malformed HTTP response \"Bearer " + apiKey + "\""), want: "Bearer (the API key)"},
		{name: "a message with a space of no width", status: 401, body: `{"errors":[{"code":"invalid_token","message":"Invalid token ` + hidden(`\u200b`) + `"}]}`, want: "Invalid token (the API key)"},
		{name: "a message with a joiner", status: 401, body: `{"errors":[{"code":"invalid_token","message":"Invalid token ` + hidden(`\u200d`) + `"}]}`, want: "Invalid token (the API key)"},
		{name: "a message with a variation selector", status: 401, body: `{"errors":[{"code":"invalid_token","message":"Invalid token ` + hidden(`\ufe0f`) + `"}]}`, want: "Invalid token (the API key)"},
		{name: "a code with a control character", status: 403, body: `{"errors":[{"code":"token ` + hidden(`\u0000\u009b`) + `","message":"No."}]}`, want: "token (the API key): No."},
		{name: "a kind of content with a soft hyphen", status: 200, header: http.Header{"Content-Type": {hidden("\u00ad")}}, body: "<html>", want: "((the API key), 6 bytes)"},
		{name: "a connection with a turn of the writing", err: errors.New("malformed HTTP response \"Bearer " + hidden("\u202e") + "\""), want: "Bearer (the API key)"},
		{name: "a dial", err: &net.OpError{Op: "dial", Err: errors.New("proxy refused " + apiKey)}, want: "proxy refused (the API key)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			repeating := answeringWith(test.status, test.header, test.body, test.err)
			each(t, setup{transport: repeating}, func(a *account, c call) {
				err := c.do(a, a.Context())
				if err == nil || !strings.Contains(err.Error(), test.want) {
					a.Fatalf("error %v, want one with %q", err, test.want)
				}
				silent(a.T, err.Error())
				if strings.Contains(err.Error(), escaped) {
					a.Errorf("%q tells the key", err)
				}
			}, sandbox.OpGet, sandbox.OpDelete)
		})
	}
}
