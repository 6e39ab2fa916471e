// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import "time"

// tenth is a moment in tenths of a second since the epoch of its ledger, or a
// number of them.
type tenth int64

// never is far behind every real moment, and still fits into a [time.Duration].
const never tenth = 1 << 36

// tenths returns the first tenth that is not before t, so that a slot stays
// taken a little too long rather than too short.
func tenths(t time.Duration) tenth {
	const length = time.Second / 10
	return tenth((t + length - 1) / length)
}

// sinceEpoch is the moment as a duration since the epoch.
func (t tenth) sinceEpoch() time.Duration {
	return time.Duration(t) * (time.Second / 10)
}
