// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// everything is all that the client does, on Ada where it is about one customer.
func everything() []call {
	return append([]call{
		{operation: "update", do: func(a *account, ctx context.Context) error {
			written, err := a.UpdateCustomer(ctx, a.ada, helpcrunch.Changes{Company: helpcrunch.Some("Engines")})
			return about(a.ada)(written.Customer, err)
		}},
		{operation: "read", do: func(a *account, ctx context.Context) error {
			return about(a.ada)(a.ReadCustomer(ctx, a.ada, func(*helpcrunch.Customer) bool { return true }))
		}},
		{operation: "look-up", do: func(a *account, ctx context.Context) error {
			return several(a.LookUp(ctx, helpcrunch.Email, adasEmail))
		}},
	}, calls...)
}

// body is an answer that comes bit by bit, until its request is given up.
type body struct {
	ctx   context.Context
	next  func() []byte // nil = the end
	rest  []byte
	pause time.Duration
	read  *int
}

func (b *body) Close() error { return nil }

func (b *body) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		select {
		case <-time.After(b.pause):
		case <-b.ctx.Done():
			return 0, context.Cause(b.ctx)
		}
		if b.rest = b.next(); b.rest == nil {
			return 0, io.EOF
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	*b.read += n
	return n, nil
}

// tooMuch is more than a client of these tests reads, and the rest of a buffer that it has read.
const tooMuch, buffered = 1 << 20, 1 << 17

// TestHostileBodies: whatever comes, each operation ends within what it has for
// its attempts, with an error, and has read no more than it may.
func TestHostileBodies(t *testing.T) {
	repeated := func(text string) func() func() []byte {
		return func() func() []byte { return func() []byte { return []byte(text) } }
	}
	once := func(text string) func() func() []byte {
		return func() func() []byte {
			left := []byte(text)
			return func() []byte {
				now := left
				left = nil
				return now
			}
		}
	}
	for _, test := range []struct {
		name  string
		next  func() func() []byte
		pause time.Duration
		large bool // reading it takes time, so few operations do
	}{
		{"endless blanks", repeated(strings.Repeat(" ", 1<<16)), 0, true},
		{"endless list", repeated(`[` + strings.Repeat(`{},`, 1<<14)), 0, true},
		{"endless text", repeated(`"` + strings.Repeat("x", 1<<16)), 0, true},
		{"a trickle", repeated(" "), time.Second, false},
		{"nothing at all", repeated(" "), time.Hour, false},
		{"too deep", once(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)), 0, false},
		{"deep in a field", once(`{"errors":0,"id":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`), 0, false},
		{"zeros", once(strings.Repeat("\x00", 1000)), 0, false},
		{"no UTF-8", once("\xff\xfe{\x00}\x00"), 0, false},
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			for _, c := range everything() {
				if test.large && c.operation != sandbox.OpGet && c.operation != sandbox.OpSearch {
					continue
				}
				t.Run(fmt.Sprint(test.name, status, c.operation), func(t *testing.T) {
					read, attempts := 0, 0
					sending := func(http.RoundTripper) http.RoundTripper {
						return roundTrip(func(r *http.Request) (*http.Response, error) {
							attempts++
							return &http.Response{
								StatusCode: status, Header: http.Header{}, Request: r,
								Body: &body{ctx: r.Context(), next: test.next(), pause: test.pause, read: &read},
							}, nil
						})
					}
					open(t, setup{transport: sending, client: func(config *helpcrunch.Config) { config.MaxRetries = 1 }}, func(a *account) {
						a.Bound(tooMuch, helpcrunch.MaxFound)
						err := c.do(a, a.Context())
						if err == nil {
							a.Error("no error")
						}
						if most := time.Duration(attempts) * (helpcrunch.DefaultRequestTimeout + time.Second); a.now() > most || attempts > 4 {
							a.Errorf("took %v and %d attempts", a.now(), attempts)
						}
						if read > attempts*(tooMuch+buffered) {
							a.Errorf("read %d bytes in %d attempts", read, attempts)
						}
						harmless(a.T, fmt.Sprint(err))
					})
				})
			}
		}
	}
}

// TestListsBeyondMeasure: of more than 10,000 rows, tags or properties none is
// looked at, in whichever form PHP writes them.
func TestListsBeyondMeasure(t *testing.T) {
	forms := map[string]func(element string, count int) string{
		"a list": func(element string, count int) string {
			return "[" + strings.TrimSuffix(strings.Repeat(element+",", count), ",") + "]"
		},
		"an object of numbers": func(element string, count int) string {
			fields := make([]string, count)
			for i := range fields {
				fields[i] = fmt.Sprintf(`"%d":%s`, i, element)
			}
			return "{" + strings.Join(fields, ",") + "}"
		},
	}
	read := func(body string) (err error) {
		open(t, setup{transport: answering("application/json", body)}, func(a *account) {
			if strings.HasPrefix(body, `{"data"`) {
				_, err = a.FindCustomers(a.Context())
			} else {
				_, err = a.GetCustomer(a.Context(), 17)
			}
		})
		return err
	}
	for form, write := range forms {
		for what, body := range map[string]func(count int) string{
			"tags":       func(count int) string { return customerJSON(17, `"tags":`+write(`{"name":"vip"}`, count)) },
			"rows":       func(count int) string { return `{"data":` + write("{}", count) + `}` },
			"properties": func(count int) string { return customerJSON(17, `"customData":`+write("{}", count)) },
		} {
			for count, beyond := range map[int]bool{10_000: false, 10_001: true} {
				if err := read(body(count)); strings.Contains(fmt.Sprint(err), "it is beyond measure") != beyond {
					t.Errorf("%s, %d %s: error %v", form, count, what, err)
				}
			}
		}
	}
}

// TestCompressedBomb: what counts is the size of what a compressed answer
// becomes, also of a refusal. Over a real connection, where net/http unpacks it.
func TestCompressedBomb(t *testing.T) {
	var member bytes.Buffer
	packed := gzip.NewWriter(&member)
	if _, err := packed.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := bytes.Repeat(member.Bytes(), 1<<8) // 256 MiB: members one after the other are one stream
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.WriteHeader(status)
				_, _ = w.Write(bomb)
			}))
			defer server.Close()
			config := config(t, nowhere(t))
			config.MaxRetries = 0
			config.BaseURL, _ = url.Parse(server.URL)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := helpcrunch.NewClient(config).GetCustomer(t.Context(), 17)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("no error")
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 100 {
				t.Errorf("took %d MiB", took)
			}
		})
	}
}

// nowhere is a sandbox that nobody talks to.
func nowhere(t *testing.T) *sandbox.Server {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{Key: apiKey})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// pager answers a search with pages of its own.
type pager struct {
	page  func(offset, limit int) (ids []int, envelope string)
	pages int
}

func (p *pager) transport(http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		var asked struct{ Limit, Offset int }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			return nil, err
		}
		p.pages++
		ids, envelope := p.page(asked.Offset, asked.Limit)
		rows, row := make([]string, len(ids)), customerJSON(0, `"email": "`+adasEmail+`"`)
		for i, id := range ids {
			rows[i] = strings.Replace(row, `"id":0`, fmt.Sprintf(`"id":%d`, id), 1)
		}
		return response(r, http.StatusOK, nil, strings.NewReader(`{"data":[`+strings.Join(rows, ",")+`]`+envelope+`}`)), nil
	})
}

func from(first, count int) []int {
	ids := make([]int, count)
	for i := range ids {
		ids[i] = first + i
	}
	return ids
}

// TestPagesThatDoNotEnd: more customers than were counted, and the same ones
// again, are an error: neither the half of them nor all the time that there is.
func TestPagesThatDoNotEnd(t *testing.T) {
	for _, test := range []struct {
		name  string
		page  func(offset, limit int) ([]int, string)
		pages int // at most
	}{
		{"more than the total", func(offset, limit int) ([]int, string) { return from(1+offset, limit), `,"total":250` }, 3},
		{"more than the total on one page", func(int, int) ([]int, string) { return from(1, 5), `,"total":3` }, 1},
		{"more than a total of none", func(int, int) ([]int, string) { return from(1, 5), `,"total":0` }, 1},
		{"more than the total in meta", func(offset, limit int) ([]int, string) { return from(1+offset, limit), `,"meta":{"total":250}` }, 3},
		{"a total of text", func(offset, limit int) ([]int, string) { return from(1+offset, limit), `,"total":"250"` }, 3},
		{"a total that runs ahead", func(offset, limit int) ([]int, string) {
			return from(1+offset, limit), fmt.Sprintf(`,"total":%d`, offset+250)
		}, 7},
		{"the same page", func(_, limit int) ([]int, string) { return from(1, limit), "" }, 2},
		{"the same page, with a total", func(_, limit int) ([]int, string) { return from(1, limit), `,"total":1000` }, 2},
		{"the same page, another way around", func(offset, limit int) ([]int, string) {
			ids := from(1, limit)
			ids[0], ids[offset%limit] = ids[offset%limit], ids[0]
			return ids, ""
		}, 2},
		{"a short page for ever", func(int, int) ([]int, string) { return from(1, 10), `,"total":1000` }, 2},
		{"people without ids", func(_, limit int) ([]int, string) { return make([]int, limit), "" }, 2},
		{"no total", func(offset, limit int) ([]int, string) { return from(1+offset, limit), "" }, 11},
	} {
		for _, c := range everything() {
			if c.operation != "look-up" && c.operation != sandbox.OpSearch {
				continue
			}
			t.Run(fmt.Sprint(test.name, c.operation), func(t *testing.T) {
				p := &pager{page: test.page}
				open(t, setup{transport: p.transport}, func(a *account) {
					a.Bound(tooMuch, 1000)
					if err := c.do(a, a.Context()); err == nil || helpcrunch.IsNotFound(err) {
						a.Errorf("error %v", err)
					} else {
						harmless(a.T, err.Error())
					}
					if p.pages > test.pages {
						a.Errorf("%d pages, want %d at most", p.pages, test.pages)
					}
				})
			})
		}
	}
}

// TestPagesThatMove: other writers are normal. People come, go and move to
// another page while they are read, and that is no error.
func TestPagesThatMove(t *testing.T) {
	clip := func(ids []int, offset, limit int) []int {
		offset = min(offset, len(ids))
		return ids[offset:min(offset+limit, len(ids))]
	}
	for _, test := range []struct {
		name  string
		page  func(offset, limit int) ([]int, string)
		found int
	}{
		{"somebody comes at the end", func(offset, limit int) ([]int, string) {
			ids := from(1, 150+offset/100*10)
			return clip(ids, offset, limit), fmt.Sprintf(`,"total":%d`, len(ids))
		}, 160},
		{"nearly as many come as were there", func(offset, limit int) ([]int, string) {
			ids := from(1, 120+min(offset, 100))
			return clip(ids, offset, limit), fmt.Sprintf(`,"total":%d`, len(ids))
		}, 220},
		{"somebody comes at the beginning", func(offset, limit int) ([]int, string) {
			ids := from(1000-offset/100*10, 150+offset/100*10)
			return clip(ids, offset, limit), fmt.Sprintf(`,"total":%d`, len(ids))
		}, 150}, // the newcomers are on the page that was read before
		{"somebody goes", func(offset, limit int) ([]int, string) {
			ids := from(1+offset/100*10, 150-offset/100*10)
			return clip(ids, offset, limit), fmt.Sprintf(`,"total":%d`, len(ids))
		}, 140},
		{"everybody goes", func(offset, limit int) ([]int, string) {
			if offset > 0 {
				return nil, `,"total":0`
			}
			return from(1, limit), `,"total":500`
		}, 100},
		{"shorter pages than asked for", func(offset, _ int) ([]int, string) {
			return clip(from(1, 130), offset, 50), `,"total":130`
		}, 130},
		{"no total", func(offset, limit int) ([]int, string) { return clip(from(1, 250), offset, limit), "" }, 250},
		{"a total that makes no sense", func(offset, limit int) ([]int, string) {
			return clip(from(1, 250), offset, limit), `,"total":-1,"meta":[]`
		}, 250},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &pager{page: test.page}
			open(t, setup{transport: p.transport}, func(a *account) {
				found, err := a.FindCustomers(a.Context())
				if err != nil || len(found) != test.found {
					a.Errorf("found %d, error %v, want %d", len(found), err, test.found)
				}
			})
		})
	}
}

// TestAnotherCustomerInTheAnswer: nobody's answer is taken for another's, and
// the error names both.
func TestAnotherCustomerInTheAnswer(t *testing.T) {
	for _, c := range everything() {
		if c.operation != "update" && c.operation != "read" && c.operation != sandbox.OpGet && c.operation != sandbox.OpTag && c.operation != sandbox.OpUntag {
			continue
		}
		t.Run(string(c.operation), func(t *testing.T) {
			open(t, setup{}, func(a *account) {
				a.Client = helpcrunch.NewClient(configWith(a, doctoring(func(_ *http.Request, body string) string {
					return strings.ReplaceAll(body, fmt.Sprintf(`"id":%d`, a.ada), `"id":777001`)
				})))
				err := c.do(a, a.Context())
				other, ok := errors.AsType[*helpcrunch.OtherCustomerError](err)
				if !ok || other.Asked != a.ada || other.Got != 777001 {
					a.Errorf("error %v", err)
				}
			})
		})
	}
}
