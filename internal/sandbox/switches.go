// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Switches choose between readings of the API's documentation. The zero value
// is the likeliest reading of each; [SwitchList] describes what the others do.
// Each can be turned on alone, and by name with [Switches.Set].
type Switches struct {
	PutKeepsOmitted        bool
	BatchClearsOmitted     bool
	BatchClearsCustomData  bool
	BatchPartialWrite      bool
	BatchShuffled          bool
	BatchShort             bool
	TagsAppend             bool
	TagColorKept           bool
	CustomDataReplaces     bool
	CustomNullsKept        bool
	CustomData             CustomDataForm
	UnknownPropertyDropped bool
	Timestamps             TimestampForm
	Errors                 ErrorForm
	DigitsAsNumbers        bool
	SearchIgnoresCase      bool
	EmptySearchNotFound    bool
	TotalInMeta            bool
	SearchLag              time.Duration
	SearchMaxFilters       int // 0: no limit
	FixedWindow            bool
	RetryAfter             RetryAfterForm
	BatchThrottledEvery    int // 0: never
	CreateDropped          bool
	BadGatewayEvery        int // 0: never
	SlowAnswers            time.Duration
}

// CustomDataForm is how answers show customData.
type CustomDataForm string

// The forms of customData in answers.
const (
	CustomDataDefault CustomDataForm = ""       // an object, [] when empty
	CustomDataObject  CustomDataForm = "object" // always an object
	CustomDataPairs   CustomDataForm = "pairs"  // a list of {property, value}
)

// TimestampForm is how answers show firstSeen, lastSeen and createdAt.
type TimestampForm string

// The forms of timestamps in answers.
const (
	StringTimestamps     TimestampForm = ""           // "1700000000"
	IntegerTimestamps    TimestampForm = "integer"    // 1700000000
	FractionalTimestamps TimestampForm = "fractional" // "1700000000.713"
)

// ErrorForm is what an error answer lists.
type ErrorForm string

// The forms of error answers.
const (
	GeneralErrorsFirst  ErrorForm = ""               // invalid_request, then what is wrong
	SpecificErrorsFirst ErrorForm = "specific-first" // what is wrong, then invalid_request
	SingleEntryErrors   ErrorForm = "single"         // one entry, with the codes of the oldest pages
)

// RetryAfterForm is whether a 429 says when to come back.
type RetryAfterForm string

// The forms of the Retry-After header.
const (
	NoRetryAfter      RetryAfterForm = ""
	RetryAfterSeconds RetryAfterForm = "seconds"
	RetryAfterDate    RetryAfterForm = "date"
)

// SwitchInfo describes one switch.
type SwitchInfo struct {
	Name        string // in kebab-case
	Description string // one sentence
	On          string // the value that a bare name stands for
}

// switchRow is a switch with its access to the struct's field.
type switchRow struct {
	SwitchInfo
	get func(*Switches) string
	set func(*Switches, string) error
}

// switchRows is the one table of all switches.
var switchRows = []switchRow{
	flag("put-keeps-omitted", "The single PUT keeps what its body leaves out, as PATCH does.",
		func(w *Switches) *bool { return &w.PutKeepsOmitted }),
	flag("batch-clears-omitted", "A batch clears what an item leaves out, tags and custom data included.",
		func(w *Switches) *bool { return &w.BatchClearsOmitted }),
	flag("batch-clears-custom-data", "The customData of a batch item replaces all of the customer's custom data.",
		func(w *Switches) *bool { return &w.BatchClearsCustomData }),
	flag("batch-partial-write", "A batch writes the items before one that does not exist, and answers 404 all the same.",
		func(w *Switches) *bool { return &w.BatchPartialWrite }),
	flag("batch-shuffled", "A batch answers its customers in another order.",
		func(w *Switches) *bool { return &w.BatchShuffled }),
	flag("batch-short", "A batch leaves one customer out of its answer.",
		func(w *Switches) *bool { return &w.BatchShort }),
	flag("tags-append", "The tags of create, update and batch bodies are added to the customer's instead of replacing them.",
		func(w *Switches) *bool { return &w.TagsAppend }),
	flag("tag-color-kept", "A tag that the account has keeps its colour when it is sent with another.",
		func(w *Switches) *bool { return &w.TagColorKept }),
	flag("custom-data-replaces", "The customData of any body, PATCH and batch included, replaces all of the customer's custom data.",
		func(w *Switches) *bool { return &w.CustomDataReplaces }),
	flag("custom-nulls-kept", "A custom property set to null stays in customData with the value null.",
		func(w *Switches) *bool { return &w.CustomNullsKept }),
	form("custom-data-object", "Empty customData is {} in answers instead of [].",
		func(w *Switches) *CustomDataForm { return &w.CustomData }, CustomDataObject),
	form("custom-data-pairs", "customData is a list of {property, value} in answers.",
		func(w *Switches) *CustomDataForm { return &w.CustomData }, CustomDataPairs),
	flag("unknown-property-dropped", "Custom properties that the account has not defined are ignored instead of refused.",
		func(w *Switches) *bool { return &w.UnknownPropertyDropped }),
	form("integer-timestamps", "firstSeen, lastSeen and createdAt are integers in answers.",
		func(w *Switches) *TimestampForm { return &w.Timestamps }, IntegerTimestamps),
	form("fractional-timestamps", "firstSeen, lastSeen and createdAt are strings with a fraction in answers, such as \"1700000000.713\".",
		func(w *Switches) *TimestampForm { return &w.Timestamps }, FractionalTimestamps),
	form("single-entry-errors", "Error answers have one entry, with the codes of the oldest pages.",
		func(w *Switches) *ErrorForm { return &w.Errors }, SingleEntryErrors),
	form("specific-errors-first", "Error answers name what is wrong first and invalid_request last.",
		func(w *Switches) *ErrorForm { return &w.Errors }, SpecificErrorsFirst),
	flag("digits-as-numbers", "A string of digits is taken for the number: for the id of a customer in a body, and for ids and times in a search.",
		func(w *Switches) *bool { return &w.DigitsAsNumbers }),
	flag("search-ignores-case", "A search for text finds it in any case.",
		func(w *Switches) *bool { return &w.SearchIgnoresCase }),
	flag("empty-search-not-found", "A search without a match answers 404.",
		func(w *Switches) *bool { return &w.EmptySearchNotFound }),
	flag("total-in-meta", "Search and list put the total into an object \"meta\".",
		func(w *Switches) *bool { return &w.TotalInMeta }),
	duration("search-lag", "Search and list show a write only after this time.", "2s",
		func(w *Switches) *time.Duration { return &w.SearchLag }),
	count("search-max-filters", "A search with more filters than this is refused.", "10",
		func(w *Switches) *int { return &w.SearchMaxFilters }),
	flag("fixed-window", "The rate limit counts from one full window to the next (for a minute: the minute on the clock) instead of sliding.",
		func(w *Switches) *bool { return &w.FixedWindow }),
	form("retry-after-seconds", "A 429 says in a Retry-After header after how many seconds to come back.",
		func(w *Switches) *RetryAfterForm { return &w.RetryAfter }, RetryAfterSeconds),
	form("retry-after-date", "A 429 says in a Retry-After header at what HTTP date to come back.",
		func(w *Switches) *RetryAfterForm { return &w.RetryAfter }, RetryAfterDate),
	count("batch-throttled-every", "Every so many batches, one is answered 429 and not carried out, whatever the rate limit.", "2",
		func(w *Switches) *int { return &w.BatchThrottledEvery }),
	flag("create-dropped", "A create is carried out, and the connection is cut instead of an answer.",
		func(w *Switches) *bool { return &w.CreateDropped }),
	count("bad-gateway-every", "Every so many requests, one is answered 502 with an HTML page and not carried out.", "5",
		func(w *Switches) *int { return &w.BadGatewayEvery }),
	duration("slow-answers", "Every answer is held back for this time after the work is done.", "500ms",
		func(w *Switches) *time.Duration { return &w.SlowAnswers }),
}

// SwitchList describes all switches.
func SwitchList() []SwitchInfo {
	infos := make([]SwitchInfo, len(switchRows))
	for i, row := range switchRows {
		infos[i] = row.SwitchInfo
	}
	return infos
}

// SwitchNames returns the names of all switches.
func SwitchNames() []string {
	names := make([]string, len(switchRows))
	for i, row := range switchRows {
		names[i] = row.Name
	}
	return names
}

// Set sets one switch by name. An empty value or "true" turns it on, "false"
// off; switches that take a duration or a number also take that.
func (w *Switches) Set(name, value string) error {
	for _, row := range switchRows {
		if row.Name != name {
			continue
		}
		switch value {
		case "", "true":
			value = row.On
		case "false":
			value = "0"
		}
		if err := row.set(w, value); err != nil {
			return fmt.Errorf("switch %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("there is no switch %q; there are %s", name, strings.Join(SwitchNames(), ", "))
}

// Get returns the value of one switch by name: "true" or "false", a duration or
// a number. It is empty for a name that no switch has.
func (w *Switches) Get(name string) string {
	for _, row := range switchRows {
		if row.Name == name {
			return row.get(w)
		}
	}
	return ""
}

func flag(name, description string, field func(*Switches) *bool) switchRow {
	return switchRow{
		SwitchInfo{name, description, "true"},
		func(w *Switches) string { return strconv.FormatBool(*field(w)) },
		func(w *Switches, value string) error {
			on, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("%q is neither true nor false", value)
			}
			*field(w) = on
			return nil
		},
	}
}

// form is one form other than the default of a field with several.
func form[F ~string](name, description string, field func(*Switches) *F, value F) switchRow {
	return switchRow{
		SwitchInfo{name, description, "true"},
		func(w *Switches) string { return strconv.FormatBool(*field(w) == value) },
		func(w *Switches, text string) error {
			on, err := strconv.ParseBool(text)
			switch {
			case err != nil:
				return fmt.Errorf("%q is neither true nor false", text)
			case on:
				*field(w) = value
			case *field(w) == value:
				*field(w) = ""
			}
			return nil
		},
	}
}

func duration(name, description, on string, field func(*Switches) *time.Duration) switchRow {
	return switchRow{
		SwitchInfo{name, description, on},
		func(w *Switches) string { return field(w).String() },
		func(w *Switches, value string) error {
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 {
				return fmt.Errorf("%q is not a duration such as %s", value, on)
			}
			*field(w) = d
			return nil
		},
	}
}

func count(name, description, on string, field func(*Switches) *int) switchRow {
	return switchRow{
		SwitchInfo{name, description, on},
		func(w *Switches) string { return strconv.Itoa(*field(w)) },
		func(w *Switches, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return fmt.Errorf("%q is not a number such as %s", value, on)
			}
			*field(w) = n
			return nil
		},
	}
}
