// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package helpcrunch is a client of the HelpCrunch REST API v1 for customers.
//
// Every request goes through one [budget.Budget]. Updates that are issued side
// by side leave together as batch PUTs (see update.go). Facts about the API
// name the page of its documentation that they come from.
package helpcrunch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/batch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
)

// Facts of the API and the defaults that follow from them.
const (
	// DefaultBaseURL is where HelpCrunch serves its API ("API setup").
	DefaultBaseURL = "https://api.helpcrunch.com/v1"
	// DefaultRequestsPerMinute is the limit of an account ("API setup").
	DefaultRequestsPerMinute = 120
	// MaxBatchSize is how many customers one batch PUT takes at most ("Batch update customers").
	MaxBatchSize = 10
	// MaxPage is how many customers one page of a list or search holds at most ("Get customers").
	MaxPage = 100

	// DefaultMaxRetries is how often a request that met a fault is repeated.
	DefaultMaxRetries = 5
	// DefaultRequestTimeout bounds one attempt of one request.
	DefaultRequestTimeout = 30 * time.Second

	linger    = 250 * time.Millisecond // of a batch, for the next to join
	maxAnswer = 10 << 20
)

// Config says how to reach HelpCrunch and how to spend its requests.
type Config struct {
	BaseURL        *url.URL
	APIKey         string // sent as it is: keys may end in "="
	UserAgent      string
	Budget         *budget.Budget
	BatchSize      int // 1 to MaxBatchSize; 1 = every update alone
	MaxRetries     int // for faults; a 429 and a wait for the budget do not count
	RequestTimeout time.Duration
	// Refused, unless nil, is what every request fails with. Nothing is sent.
	Refused error
	// Transport carries the requests. nil = a clone of [http.DefaultTransport].
	Transport http.RoundTripper
	// Log gets one entry for each attempt and each long wait: method, route
	// template, status, never a body, a name or the key. It may be nil.
	Log func(ctx context.Context, message string, fields map[string]any)
}

// Client talks to one HelpCrunch account. It is safe for concurrent use.
type Client struct {
	config  Config
	updates *batch.Coalescer[update, Written]
	queries *batch.Coalescer[query, found]

	pairs        chan struct{} // held by who collects two slots of the budget
	organization organization
	laws         laws         // what this run has found out about the account
	refusals     refusals     // the custom properties that it does not have
	written      *written     // whom this run has written
	searchSize   atomic.Int32 // the index in searchSizes

	// unauthorized is the first 401: the key does not get better within a run,
	// so every later request fails with it and spends nothing.
	unauthorized atomic.Pointer[Error]
	told         atomic.Pointer[Error] // the last 429 that named a time

	mostRead, mostFound int // bytes of an answer, and customers of a search
}

// NewClient returns a client. It sends nothing.
func NewClient(config Config) *Client {
	if config.Log == nil {
		config.Log = func(context.Context, string, map[string]any) {}
	}
	if config.Transport == nil {
		//nolint:forcetypeassert // it is one unless somebody replaced it, and nobody here does
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 100 // Terraform's largest usual parallelism
		if config.BaseURL.Scheme == "http" {
			dialer := net.Dialer{Timeout: 30 * time.Second, Control: thisMachine}
			transport.DialContext = dialer.DialContext
		}
		config.Transport = transport
	}
	c := &Client{config: config, mostRead: maxAnswer, mostFound: MaxFound, pairs: make(chan struct{}, 1), organization: organization{turn: make(chan struct{}, 1)}, laws: laws{turn: make(chan struct{}, 1), patchTurn: make(chan struct{}, 1), waiting: make(map[int64]int)}, written: newWritten()}
	c.updates = batch.New(batch.Config[update, Written]{
		Max:    config.BatchSize,
		Linger: linger,
		Grace:  config.RequestTimeout + longestPutBack + time.Second, // the second is for what is not a wait
		Key:    func(u update) any { return u.ID },
		Send:   c.sendUpdates,
	})
	c.queries = batch.New(batch.Config[query, found]{
		Max:    MaxPage,
		Linger: linger,
		Send:   c.sendQueries,
	})
	return c
}

// thisMachine refuses to dial another one, where what is sent is not encrypted:
// which address localhost has may be for a name server to say.
func thisMachine(_, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
		return errors.New("without TLS only this machine is spoken to")
	}
	return nil
}
