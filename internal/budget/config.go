// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"context"
	"time"
)

// DefaultWindow is the window of a [Config] that names none.
const DefaultWindow = time.Minute

// Config says how many requests may be made, and who shares them.
type Config struct {
	// Limit is how many slots may be taken in any Window; at least 1.
	// Processes that share a File may differ in it: each compares what all of
	// them have taken with its own Limit.
	Limit int
	// Window is the length of the sliding window. 0 = [DefaultWindow]. It has
	// to be the same for all who share a File.
	Window time.Duration
	// File is the file shared by all processes that spend the same requests,
	// see [DefaultFile]. Its directory is made where it is missing.
	// "" = the budget is for this Budget alone.
	File string
	// Hold is the longest that a request may stay unanswered. A slot of a
	// process that died is given back Hold + Window after it was taken.
	// 0 = Window.
	Hold time.Duration
	// Log gets a line for a long wait and for a File that is damaged or cannot
	// be used. The fields are numbers, reasons, errors and the name of the
	// File. It may be nil, and must not call the Budget.
	Log func(ctx context.Context, message string, fields map[string]any)
}
