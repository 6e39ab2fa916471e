// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestTransportObeysTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.Arm(Fault{Kind: Late, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", b.URL()+"/organization", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+b.Key())
		answer, err := b.Transport().RoundTrip(r)
		if err == nil {
			answer.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if got := b.Requests(); len(got) != 1 || got[0].Status != 0 {
			t.Errorf("logged %+v", got)
		}
	})
}

func TestTransportAnswersAsANetworkDoes(t *testing.T) {
	b := newBench(t, Config{})
	client := &http.Client{Transport: b.Transport()}
	answer, err := client.Get(b.URL() + "/organization")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.Status != "401 Unauthorized" || answer.Request == nil || answer.ContentLength <= 0 {
		t.Errorf("answer %+v", answer)
	}
}
