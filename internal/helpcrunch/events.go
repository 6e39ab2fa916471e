// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import "context"

// Event is something that a customer did ("Add customer event").
type Event struct {
	Name     string         `json:"name"`
	Data     map[string]any `json:"data"`     // any JSON, exact numbers as json.Number; nil = {}
	Customer int64          `json:"customer"` // the customer's id
}

// SendEvent adds an event to a customer. It is never repeated after a lost
// answer: there is no way to see or to take back an event.
func (c *Client) SendEvent(ctx context.Context, event Event) error {
	if event.Data == nil {
		event.Data = map[string]any{} // null is not documented
	}
	return c.do(ctx, request{operation: createEvent, body: event, customers: []int64{event.Customer}}, nil)
}
