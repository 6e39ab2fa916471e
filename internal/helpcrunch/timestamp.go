// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Timestamp is a moment in whole UNIX seconds, or null (the zero Timestamp).
//
// Requests carry it as a string of digits. Answers have come as such a
// string, as an integer, and with a fraction, which is cut off.
type Timestamp struct {
	seconds int64
	set     bool
}

// At is the timestamp of a moment in UNIX seconds.
func At(seconds int64) Timestamp { return Timestamp{seconds, true} }

// IsNull reports whether there is no moment.
func (t Timestamp) IsNull() bool { return !t.set }

// Unix is the moment in UNIX seconds, 0 for null.
func (t Timestamp) Unix() int64 { return t.seconds }

// String is the decimal of Unix, "" for null.
func (t Timestamp) String() string {
	if !t.set {
		return ""
	}
	return strconv.FormatInt(t.seconds, 10)
}

// MarshalJSON writes the form of requests.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if !t.set {
		return []byte("null"), nil
	}
	return json.Marshal(t.String())
}

// UnmarshalJSON reads every form of answers.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	written, err := textOf(data)
	if err != nil {
		return errTimestamp
	}
	if text(written) == "" {
		*t = Timestamp{}
		return nil
	}
	whole, fraction, _ := strings.Cut(*written, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0123456789") != "" {
		return errTimestamp
	}
	*t = At(seconds)
	return nil
}

var errTimestamp = errors.New("a timestamp is neither UNIX seconds nor null")
