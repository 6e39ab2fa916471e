// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultKey is the API key that a sandbox accepts unless told otherwise.
	DefaultKey = "sandbox-key"

	// DefaultRate is the number of requests that HelpCrunch serves per
	// [DefaultWindow] (page "API setup").
	DefaultRate = 120

	// DefaultWindow is the length of the rate limit's window.
	DefaultWindow = time.Minute

	// maxRequestBody bounds what the sandbox reads of one request, in bytes.
	maxRequestBody = 10 << 20
)

// Organization is the account that an API key belongs to ("Get organization").
type Organization struct {
	ID     int64
	Domain string
}

// DefaultOrganization is one that no account of HelpCrunch has, so that nobody
// takes a state of the sandbox for one of theirs.
var DefaultOrganization = Organization{ID: 999_999_999_999, Domain: "sandbox.invalid"}

// ParseOrganization reads an account of the form ID=DOMAIN, such as 17=acme.
func ParseOrganization(text string) (Organization, error) {
	number, domain, _ := strings.Cut(text, "=")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 || domain == "" {
		return Organization{}, errors.New("an organization is a number and a domain, such as 17=acme")
	}
	return Organization{id, domain}, nil
}

// Config says how a sandbox starts. Its zero value is an empty account without
// a rate limit.
type Config struct {
	// Key is the API key to accept; empty means [DefaultKey].
	Key string

	// Rate is the number of requests served per Window; 0 means no limit.
	// HelpCrunch's own is [DefaultRate].
	Rate int

	// Window is the length of the rate limit's window; 0 means [DefaultWindow].
	Window time.Duration

	// Organization is the account; the zero value means [DefaultOrganization].
	Organization Organization

	// Attributes are the custom attributes that the account has defined.
	Attributes map[string]AttributeType

	// Customers are there from the start, as if added by [Server.Add], but
	// shown by search and list at once.
	Customers []Record

	// Switches choose between readings of the documentation.
	Switches Switches

	// Observe, unless nil, is called with each API request once it has been
	// answered or dropped, from the request's own goroutine.
	Observe func(Request)
}

// Server is a sandbox. It is an [http.Handler] and safe for concurrent use.
type Server struct {
	key     string
	account Organization
	observe func(Request)
	mux     *http.ServeMux
	http    *http.Server
	url     string

	mu       sync.Mutex
	switches Switches
	store    *store
	limiter  limiter
	faults   []*Fault
	journal  journal
	passed   int // requests let through by the rate limit, for BadGatewayEvery
	batches  int // batches among them, for BatchThrottledEvery
}

// New returns a sandbox that does not listen anywhere: serve it with an
// [http.Server] or reach it through [Server.Transport]. It fails if cfg has a
// negative number, an unknown type of attribute, or customers that break the
// account's rules.
func New(cfg Config) (*Server, error) {
	if cfg.Rate < 0 || cfg.Window < 0 {
		return nil, errors.New("the rate limit cannot be negative")
	}
	s := &Server{
		key:      cfg.Key,
		account:  cfg.Organization,
		observe:  cfg.Observe,
		url:      "http://127.0.0.1/v1",
		switches: cfg.Switches,
		store:    newStore(cfg.Attributes),
		limiter:  limiter{rate: cfg.Rate, window: cfg.Window},
		journal:  newJournal(),
	}
	if s.key == "" {
		s.key = DefaultKey
	}
	if s.account == (Organization{}) {
		s.account = DefaultOrganization
	}
	if s.limiter.window == 0 {
		s.limiter.window = DefaultWindow
	}
	if err := checkAttributes(cfg.Attributes); err != nil {
		return nil, err
	}
	for i, customer := range cfg.Customers {
		if _, err := s.add(customer, 0); err != nil {
			return nil, fmt.Errorf("customer number %d: %w", i+1, err)
		}
	}
	s.mux = s.routes()
	return s, nil
}

// Start returns a sandbox that listens on a free port of the loopback
// interface. Close it after use.
func Start(cfg Config) (*Server, error) {
	s, err := New(cfg)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.url = "http://" + listener.Addr().String() + "/v1"
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

// URL returns the base URL to hand to a client, such as
// http://127.0.0.1:34567/v1, without a final slash. For a sandbox made by [New]
// it is an address that only [Server.Transport] answers.
func (s *Server) URL() string { return s.url }

// Key returns the API key that the sandbox accepts.
func (s *Server) Key() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// SetKey replaces the API key, as an account's owner does.
func (s *Server) SetKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// Close stops listening and cuts all connections, held requests included.
func (s *Server) Close() {
	if s.http != nil {
		_ = s.http.Close()
	}
}

// ServeHTTP answers one request: to the API under /v1, to the sandbox itself
// under /_sandbox/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.Path) != r.URL.Path {
		// ServeMux would redirect, and hide a client's doubled slash.
		s.serve(w, r, OpUnknown, notFound)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// call is one API request on its way through an operation.
type call struct {
	id    int64 // from the path; 0 if there is none or it is no number
	query url.Values
	body  []byte
	now   time.Time
}

// operation carries out a call. It runs with the server's lock held.
type operation func(*Server, call) answer

// answer is what an operation has to say: body is encoded as JSON unless text
// is set.
type answer struct {
	status    int
	body      any
	text      string
	customers int
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, route := range map[string]struct {
		name Operation
		run  operation
	}{
		"GET /v1/organization":           {OpOrganization, (*Server).organization},
		"GET /v1/customers":              {OpList, (*Server).list},
		"POST /v1/customers":             {OpCreate, (*Server).create},
		"POST /v1/customers/search":      {OpSearch, (*Server).search},
		"PUT /v1/customers/batch":        {OpBatch, (*Server).batch},
		"GET /v1/customers/{id}":         {OpGet, (*Server).get},
		"PUT /v1/customers/{id}":         {OpUpdate, (*Server).update},
		"PATCH /v1/customers/{id}":       {OpPatch, (*Server).patch},
		"DELETE /v1/customers/{id}":      {OpDelete, (*Server).remove},
		"PUT /v1/customers/{id}/tags":    {OpTag, (*Server).tag},
		"DELETE /v1/customers/{id}/tags": {OpUntag, (*Server).untag},
		"POST /v1/events":                {OpEvent, (*Server).event},
		"/":                              {OpUnknown, notFound},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.serve(w, r, route.name, route.run)
		})
	}
	s.controlRoutes(mux)
	return mux
}

// serve takes an API request through key check, rate limit, faults and the
// operation itself, in this order.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, name Operation, run operation) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	id, _ := strconv.ParseUint(r.PathValue("id"), 10, 63)

	s.mu.Lock()
	now := time.Now()
	entry := s.journal.begin(Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Operation: name, Body: body, ArrivedAt: now,
	})
	reply, fault := s.gate(r, name, now)
	entry.InWindow = s.limiter.count(now, s.switches.FixedWindow)
	switch {
	case reply != nil:
	case err != nil:
		reply = s.refused(invalid("body", "This value is too long."))
	case fault == nil || !fault.Kind.before():
		done := run(s, call{id: int64(id), query: r.URL.Query(), body: body, now: now})
		entry.Customers = done.customers
		reply = s.encode(done)
	}
	if fault != nil {
		reply = s.alter(reply, fault, now)
	}
	delay := s.switches.SlowAnswers
	s.mu.Unlock()

	if fault != nil && !fault.wait(r.Context()) || !pause(r.Context(), delay) {
		reply = nil // the client has gone
	}

	s.mu.Lock()
	if reply != nil {
		entry.Status = reply.status
	}
	s.journal.finish(entry)
	done := *entry
	s.mu.Unlock()
	if s.observe != nil {
		s.observe(done)
	}
	if reply == nil {
		panic(http.ErrAbortHandler) // cuts the connection without an answer
	}
	reply.write(w)
}

// gate answers for the key, the rate limit and the switches that refuse, and
// picks the fault that is due, or that a switch makes.
func (s *Server) gate(r *http.Request, name Operation, now time.Time) (*reply, *Fault) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || key != s.key {
		return s.refused(apiError{status: http.StatusUnauthorized}), nil
	}
	if wait, ok := s.limiter.admit(now, s.switches.FixedWindow); !ok {
		return s.tooManyRequests(now, wait), nil
	}
	s.passed++
	if n := s.switches.BadGatewayEvery; n > 0 && s.passed%n == 0 {
		return badGateway(), nil
	}
	switch name {
	case OpBatch:
		s.batches++
		if n := s.switches.BatchThrottledEvery; n > 0 && s.batches%n == 0 {
			return s.tooManyRequests(now, time.Second), nil
		}
	case OpCreate:
		if s.switches.CreateDropped {
			return nil, &Fault{Kind: DropAfter}
		}
	}
	return nil, s.dueFault(name)
}

// reply is an answer as bytes.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (p *reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.header)
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
}

func (s *Server) encode(a answer) *reply {
	if a.text != "" {
		return textReply(a.status, "text/plain; charset=utf-8", a.text)
	}
	return &reply{
		status: a.status,
		header: http.Header{"Content-Type": {"application/json"}},
		body:   encodeJSON(a.body),
	}
}

func textReply(status int, contentType, text string) *reply {
	return &reply{
		status: status,
		header: http.Header{"Content-Type": {contentType}},
		body:   []byte(text),
	}
}

func badGateway() *reply {
	return textReply(http.StatusBadGateway, "text/html",
		"<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n")
}

func encodeJSON(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // every value comes from decoded JSON
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// decodeJSON reads exactly one JSON value and keeps numbers as they were
// written.
func decodeJSON(body []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(value); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return &json.SyntaxError{Offset: decoder.InputOffset()}
	}
	return nil
}

// Switches returns the switches as they stand.
func (s *Server) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches replaces all switches, from the next request on.
func (s *Server) SetSwitches(switches Switches) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches = switches
}

// SetSwitch sets one switch by name, as [Switches.Set] does, from the next
// request on.
func (s *Server) SetSwitch(name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches.Set(name, value)
}

// DefineAttribute adds a custom attribute to the account, as an administrator
// does under Settings > Contacts > Custom attributes.
func (s *Server) DefineAttribute(name string, kind AttributeType) error {
	if err := checkAttributes(map[string]AttributeType{name: kind}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.attributes[name] = kind
	return nil
}

func (s *Server) organization(call) answer {
	return answer{status: http.StatusOK, body: map[string]any{"data": map[string]any{
		"id": s.account.ID, "domain": s.account.Domain, "teamOnline": true, "chatEnabled": true,
	}}}
}

func notFound(s *Server, _ call) answer {
	return s.failure(apiError{status: http.StatusNotFound})
}

// isSeconds reports whether text is a time as requests write it: UNIX seconds in
// digits, negative before 1970.
func isSeconds(text string) bool {
	seconds, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(seconds, 10) == text
}
