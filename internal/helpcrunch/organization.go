// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import "context"

// Organization is the account that the API key belongs to ("Get organization").
type Organization struct {
	ID     int64  `json:"id"`
	Domain string `json:"domain"`
}

// GetOrganization reads the account: the cheapest way to see that a key works.
func (c *Client) GetOrganization(ctx context.Context) (*Organization, error) {
	var answer struct {
		Data Organization `json:"data"`
	}
	if err := c.do(ctx, request{operation: getOrganization}, &answer); err != nil {
		return nil, err
	}
	return &answer.Data, nil
}
