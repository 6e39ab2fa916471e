// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// conversion runs a function of one text. null stays null, and an error is the
// argument's.
type conversion func(text string) (string, error)

// Run converts the argument.
func (convert conversion) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text types.String
	resp.Error = req.Arguments.Get(ctx, &text)
	if resp.Error != nil {
		return
	}
	if text.IsNull() {
		resp.Error = resp.Result.Set(ctx, types.StringNull())
		return
	}
	converted, err := convert(text.ValueString())
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, types.StringValue(converted))
}
