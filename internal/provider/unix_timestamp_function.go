// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

var _ function.Function = (*unixTimestampFunction)(nil)

// newUnixTimestampFunction returns the function unix_timestamp.
func newUnixTimestampFunction() function.Function {
	return &unixTimestampFunction{func(text string) (string, error) {
		moment, err := parseRFC3339(text)
		return moment.String(), err
	}}
}

type unixTimestampFunction struct{ conversion }

func (f *unixTimestampFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "unix_timestamp"
}

func (f *unixTimestampFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "A date as custom_data is written with it",
		MarkdownDescription: "Turns a moment in RFC 3339 into UNIX seconds, the form of dates in `custom_data`: `\"2023-11-14T22:13:20Z\"` becomes `\"1700000000\"`. Needs Terraform 1.8 or OpenTofu 1.7. " +
			"The result is a string, because HelpCrunch takes a date as a string of digits, never as a number. `null` stays `null`.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:           "rfc3339",
			AllowNullValue: true,
			MarkdownDescription: "A moment in RFC 3339 with any offset, such as `\"2023-11-14T22:13:20Z\"` or `\"2023-11-14T23:13:20+01:00\"`. " +
				"Whole seconds only: HelpCrunch keeps no fractions.",
		}},
		Return: function.StringReturn{},
	}
}
