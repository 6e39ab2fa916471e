// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"net/url"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// newClient is the client that the provider has by default, with a budget and
// a timeout of the caller's.
func newClient(baseURL, key string, of budget.Config, timeout time.Duration) (*helpcrunch.Client, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the base URL: %w", err)
	}
	return helpcrunch.NewClient(helpcrunch.Config{
		BaseURL: base, APIKey: key, UserAgent: "bench", Budget: budget.New(of),
		BatchSize: helpcrunch.MaxBatchSize, BatchLinger: helpcrunch.DefaultBatchLinger,
		MaxRetries: helpcrunch.DefaultMaxRetries, RequestTimeout: timeout,
	}), nil
}
