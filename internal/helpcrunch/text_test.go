// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

func TestOneLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"Ada Lovelace", "Ada Lovelace"},
		{"Łódź, 東京, عادل, \u0645\u06cc\u200c\u062e, \U0001f469\u200d\U0001f4bb", "Łódź, 東京, عادل, \u0645\u06cc\u200c\u062e, \U0001f469\u200d\U0001f4bb"},
		{"A\nlist.helpcrunch_customer.all   id=1   Fake", "A list.helpcrunch_customer.all id=1 Fake"},
		{"\r\n\tA\v\f\u0085B\u2028C\u2029\u00a0\u3000D ", "A B C D"},
		{"\x1b[2J\x1b[31mRED\x00\u202eevil", "[2J[31mREDevil"},
		{"\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u200e\u200f\u061cA", "A"},
		{"\x1b]52;c;ZXZpbA==\x07A", "]52;c;ZXZpbA==A"},
		{"\u009b2JA\u0090B\u009c", "2JAB"}, // the same in one byte
		{"\ufeff\u200b\u2060\u00ad\U000e0041A\ue000", "A"},
		{"bad \xff\xfe bytes", "bad \ufffd\ufffd bytes"},
		{strings.Repeat("é", 100), strings.Repeat("é", 100)},
		{strings.Repeat("é", 101), strings.Repeat("é", 100) + "…"},
		{strings.Repeat("a ", 100), strings.Repeat("a ", 49) + "a…"},
	} {
		if got := helpcrunch.OneLine(test.text, 100); got != test.want {
			t.Errorf("%q is shown as %q, want %q", test.text, got, test.want)
		}
	}
}

// harmless checks that a text does nothing to a terminal but stand on it.
func harmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			t.Errorf("%q has %U in it", text, r)
			return
		}
	}
	if len(text) > 5000 {
		t.Errorf("a text of %d bytes", len(text))
	}
}

const evil = "\x1b[2J\x1b[31mRED\x00\u202eevil\x1b]52;c;ZXZpbA==\x07\nError: forged\r"

// Whatever a server says, it says on one line and without a word to the terminal.
func TestServerSpeaksToNoTerminal(t *testing.T) {
	quoted := `"\u001b[2J\u001b[31mRED\u0000\u202eevil\u001b]52;c;ZXZpbA==\u0007\nError: forged\r"`
	many := strings.Repeat(`{"code": "customData[0].value", "message": "This value is not valid."},`, 10_000)
	for _, test := range []struct {
		name, body, want string
		status           int
		header           http.Header
		err              error
	}{
		{name: "an entry", status: 400, body: `{"errors": [{"code": ` + quoted + `, "message": ` + quoted + `}]}`, want: "REDevil"},
		{name: "a long entry", status: 400, body: `{"errors": [{"code": "email", "message": "` + strings.Repeat("x", 1<<20) + `"}]}`, want: "email: xxx"},
		{name: "many entries", status: 400, body: `{"errors": [` + many + `{}]}`, want: "and 9991 more"},
		{name: "a redirect", status: 302, header: http.Header{"Location": {"https://elsewhere.example/" + evil + "#" + evil}}, want: "without a readable error body"},
		{name: "the fragment of a redirect", status: 302, header: http.Header{"Location": {"https://elsewhere.example/v1#%1b]52;c;ZXZpbA==%07"}}, want: "https://elsewhere.example/v1"},
		{name: "a host of a redirect", status: 302, header: http.Header{"Location": {"https://\u202emoc.elpmaxe/"}}, want: "elpmaxe"},
		{name: "a kind of content", status: 200, header: http.Header{"Content-Type": {"text/" + evil}}, body: "<html>", want: "REDevil"},
		{name: "a connection", err: errors.New("malformed HTTP response " + evil), want: "REDevil"},
	} {
		t.Run(test.name, func(t *testing.T) {
			speaking := answeringWith(test.status, test.header, test.body, test.err)
			each(t, setup{transport: speaking}, func(a *account, c call) {
				err := c.do(a, a.Context())
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "#") {
					a.Fatalf("error %v", err)
				}
				harmless(a.T, err.Error())
				for _, line := range a.lines {
					harmless(a.T, fmt.Sprint(line))
				}
			}, sandbox.OpGet, sandbox.OpDelete)
		})
	}
}

// Names are a stranger's words as well: that of a field which stands in an answer twice.
func TestFieldSpeaksToNoTerminal(t *testing.T) {
	name, err := json.Marshal(evil + strings.Repeat("x", 1<<19))
	if err != nil {
		t.Fatal(err)
	}
	twice := fmt.Sprintf(`{%s:1,%[1]s:2,`, name)
	open(t, setup{transport: answering("application/json", strings.Replace(customerJSON(17, ""), "{", twice, 1))}, func(a *account) {
		_, err := a.GetCustomer(a.Context(), 17)
		if err == nil || !strings.Contains(err.Error(), "REDevil") {
			a.Fatalf("error %.300v", err)
		}
		harmless(a.T, err.Error())
		created, err := a.CreateCustomer(a.Context(), helpcrunch.Changes{Name: helpcrunch.Some("Ada")})
		if err != nil || len(created.Unread) == 0 {
			a.Fatalf("error %v, created %v", err, created)
		}
		harmless(a.T, strings.Join(created.Unread, " "))
	})
}

// The attribute that an entry names is found, however many there are and whatever else they say.
func TestManyEntriesAreKeptInPart(t *testing.T) {
	body := `{"errors": [` + strings.Repeat(`{"code": "email", "message": "No."},`, 5000) + `null, 17, [], {"CODE": "x"}, {}]}`
	refusing := answeringWith(http.StatusBadRequest, nil, body, nil)
	open(t, setup{transport: refusing}, func(a *account) {
		_, err := a.GetCustomer(a.Context(), a.ada)
		refusal, ok := errors.AsType[*helpcrunch.Error](err)
		if !ok || len(refusal.Entries) != 100 || refusal.Entries[0].Field() != "email" {
			a.Fatalf("error %v", err)
		}
		if !strings.HasSuffix(err.Error(), "; and 4995 more") || strings.Count(err.Error(), "email: No.") != 10 {
			a.Errorf("error %v", err)
		}
	})
}

// A customer is gone only in HelpCrunch's own words.
func TestNotFoundInOtherWords(t *testing.T) {
	for body, gone := range map[string]bool{
		`{"errors":[{"code":"invalid_request","message":"Invalid request"},{"code":"not_found","message":"Chat not found"}]}`: true,
		`{"errors":[{"code":"entity_not_found","message":"Customer not found"}]}`:                                             true,
		`{"errors":[null]}`: false,
		`{"errors":[{}]}`:   false,
		`{"errors":[]}`:     false,
		`{"errors":[{"code":null,"message":null}]}`:                         false,
		`{"errors":[{"CODE":"not_found"}]}`:                                 false,
		`{"ERRORS":[{"code":"not_found"}]}`:                                 false,
		`{"errors":[{"code":"no_route","message":"no such route"}]}`:        false,
		`{"errors":[{"code":"invalid_request","message":"Invalid"}]}`:       false,
		`{"errors":[{"code":"not_found"}],"errors":[{"code":"not_found"}]}`: false,
		`<html>not_found</html>`:                                            false,
		``:                                                                  false,
	} {
		t.Run(body, func(t *testing.T) {
			missing := func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/organization") {
						return next.RoundTrip(r)
					}
					return response(r, http.StatusNotFound, nil, strings.NewReader(body)), nil
				})
			}
			open(t, setup{transport: missing}, func(a *account) {
				_, err := a.GetCustomer(a.Context(), a.ada)
				if err == nil || helpcrunch.IsNotFound(err) != gone {
					a.Errorf("error %v", err)
				}
				if err := a.DeleteCustomer(a.Context(), a.ada); (err == nil) != gone {
					a.Errorf("deleting: %v", err)
				}
			})
		})
	}
}
