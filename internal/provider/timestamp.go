// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"errors"
	"strconv"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// normalTimestamp is the normal form of first_seen and last_seen: the UNIX
// seconds, whatever notation they are written in. What cannot be read equals
// only itself.
func normalTimestamp(text string) string {
	if moment, err := parseTimestamp(text); err == nil {
		return moment.String()
	}
	return text
}

// parseTimestamp reads UNIX seconds or RFC 3339; "" is null.
func parseTimestamp(text string) (helpcrunch.Timestamp, error) {
	if text == "" {
		return helpcrunch.Timestamp{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return helpcrunch.At(seconds), checkYears(seconds)
	}
	moment, err := parseRFC3339(text)
	if errors.Is(err, errNotRFC3339) {
		err = errors.New(`write UNIX seconds such as "1700000000", or RFC 3339 such as "2023-11-14T22:13:20Z"`)
	}
	return moment, err
}

var errNotRFC3339 = errors.New(`write RFC 3339 such as "2023-11-14T22:13:20Z"`)

func parseRFC3339(text string) (helpcrunch.Timestamp, error) {
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return helpcrunch.Timestamp{}, errNotRFC3339
	}
	if moment.Nanosecond() != 0 {
		return helpcrunch.Timestamp{}, errors.New("HelpCrunch keeps whole seconds: leave the fraction of a second out")
	}
	return helpcrunch.At(moment.Unix()), checkYears(moment.Unix()) // in UTC, whatever the offset
}

// The first and the last second of the years 0 to 9999, which RFC 3339 has.
const (
	firstSecond = -62167219200
	lastSecond  = 253402300799
)

// checkYears refuses what is no moment of these years: most likely milliseconds.
func checkYears(seconds int64) error {
	if seconds < firstSecond || seconds > lastSecond {
		return errors.New("RFC 3339 has the years 0 to 9999: write seconds such as 1700000000, not milliseconds")
	}
	return nil
}
