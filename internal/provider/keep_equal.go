// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

var _ planmodifier.String = keepEqual{}

// keepEqual plans the state's value where the new one has the same normal form.
type keepEqual struct {
	normal func(text string) string
}

func (keepEqual) Description(context.Context) string {
	return "A value that means the same as the one in the state is no change."
}

func (k keepEqual) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (k keepEqual) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	plan, state := req.PlanValue, req.StateValue
	if !plan.IsNull() && !plan.IsUnknown() && !state.IsNull() && k.normal(plan.ValueString()) == k.normal(state.ValueString()) {
		resp.PlanValue = state
	}
}
