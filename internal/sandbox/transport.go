// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Transport returns a client's transport that calls the sandbox directly,
// whatever the address, without a network. In a testing/synctest bubble, where
// time stands still while a network is waited for, it is the way to reach a
// sandbox. A dropped connection is [io.ErrUnexpectedEOF].
func (s *Server) Transport() http.RoundTripper { return directTransport{s} }

type directTransport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t directTransport) RoundTrip(sent *http.Request) (*http.Response, error) {
	r := sent.Clone(sent.Context())
	r.RequestURI = r.URL.RequestURI()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answered := make(chan *recorder, 1)
	go func() {
		w := &recorder{header: http.Header{}}
		defer func() {
			_ = r.Body.Close()
			if recovered := recover(); recovered != nil {
				if err, ok := recovered.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(recovered)
				}
				w = nil
			}
			answered <- w
		}()
		t.handler.ServeHTTP(w, r)
	}()
	select {
	case w := <-answered:
		if w == nil {
			return nil, io.ErrUnexpectedEOF
		}
		return w.response(sent), nil
	case <-sent.Context().Done():
		return nil, sent.Context().Err()
	}
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header            { return w.header }
func (w *recorder) WriteHeader(status int)         { w.status = status }
func (w *recorder) Write(part []byte) (int, error) { return w.body.Write(part) }

func (w *recorder) response(r *http.Request) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()),
		Request: r,
	}
}
