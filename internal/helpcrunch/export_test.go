// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

// ToldUntil is tested by itself: a wait would be long.
var ToldUntil = toldUntil

// Bound lets a client read and find no more than this: to be too much takes time.
func (c *Client) Bound(read, found int) { c.mostRead, c.mostFound = read, found }
