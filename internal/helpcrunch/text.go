// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"strings"
	"unicode"
)

// OneLine is the text of a stranger as it may stand on a terminal or in a log:
// on one line of at most so many characters, without anything that moves the
// cursor, speaks to the terminal or turns the writing around. Customers type
// their own names, and servers their own errors.
func OneLine(stranger string, most int) string {
	var line strings.Builder
	written, gap := 0, false
	for _, r := range stranger {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			gap = true
			continue
		case r == '\u200c' || r == '\u200d': // Persian and emoji need them
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			continue
		}
		if gap && written > 0 {
			line.WriteByte(' ')
			written++
		}
		gap = false
		if written >= most {
			return strings.TrimSuffix(line.String(), " ") + "…"
		}
		line.WriteRune(r)
		written++
	}
	return line.String()
}

// searchable is the text of a stranger as it is searched for what it must not tell:
// what nobody sees would hide that, and [OneLine] may take it out afterwards.
func searchable(stranger string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		}
		return r
	}, stranger)
}
