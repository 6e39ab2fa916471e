// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

var _ function.Function = (*rfc3339Function)(nil)

// newRFC3339Function returns the function rfc3339.
func newRFC3339Function() function.Function { return &rfc3339Function{formatRFC3339} }

type rfc3339Function struct{ conversion }

func (f *rfc3339Function) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "rfc3339"
}

func (f *rfc3339Function) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "A date of HelpCrunch in RFC 3339",
		MarkdownDescription: "Turns UNIX seconds into RFC 3339 in UTC, which people and Terraform's own functions read: `1700000000` becomes `\"2023-11-14T22:13:20Z\"`. Needs Terraform 1.8 or OpenTofu 1.7. " +
			"Data sources give a date in `custom_data` as a number and `first_seen` as a string; both fit. `null` stays `null`.",
		// A string: Terraform turns a number into one, digit by digit.
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "unix",
			AllowNullValue:      true,
			MarkdownDescription: "Whole UNIX seconds, a number such as `1700000000` or a string such as `\"1700000000\"`.",
		}},
		Return: function.StringReturn{},
	}
}

// formatRFC3339 writes UNIX seconds as RFC 3339.
func formatRFC3339(text string) (string, error) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", errors.New("write whole UNIX seconds such as 1700000000")
	}
	if err := checkYears(seconds); err != nil {
		return "", err
	}
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339), nil
}
