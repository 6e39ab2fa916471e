// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

// ToldUntil is tested by itself: a wait would be long.
var ToldUntil = toldUntil
