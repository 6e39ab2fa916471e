// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ planmodifier.Set     = keepEqualTags{}
	_ planmodifier.Dynamic = keepEqualCustomData{}
	_ planmodifier.String  = keepEqualTimestamp{}
	_ planmodifier.String  = keepEqualColor{}
)

const keepEqualDescription = "A value that means the same as the one in the state is no change."

// keepEqualTags plans the state's tags where only the form of colours differs.
type keepEqualTags struct{}

func (keepEqualTags) Description(context.Context) string         { return keepEqualDescription }
func (keepEqualTags) MarkdownDescription(context.Context) string { return keepEqualDescription }

func (keepEqualTags) PlanModifySet(_ context.Context, req planmodifier.SetRequest, resp *planmodifier.SetResponse) {
	if req.PlanValue.IsNull() || req.StateValue.IsNull() || !whollyKnown(req.PlanValue) {
		return
	}
	if sameTags(req.PlanValue, req.StateValue) && sameTags(req.StateValue, req.PlanValue) {
		resp.PlanValue = req.StateValue
	}
}

// keepEqualCustomData plans the state's custom data where only the form of values differs.
type keepEqualCustomData struct{}

func (keepEqualCustomData) Description(context.Context) string { return keepEqualDescription }

func (keepEqualCustomData) MarkdownDescription(context.Context) string { return keepEqualDescription }

func (keepEqualCustomData) PlanModifyDynamic(_ context.Context, req planmodifier.DynamicRequest, resp *planmodifier.DynamicResponse) {
	plan, state := customData{req.PlanValue}, customData{req.StateValue}
	if !plan.isNull() && !state.isNull() && plan.sameAs(state) {
		resp.PlanValue = req.StateValue
	}
}

// keepEqualTimestamp plans the state's timestamp where it is the same instant.
type keepEqualTimestamp struct{}

func (keepEqualTimestamp) Description(context.Context) string { return keepEqualDescription }

func (keepEqualTimestamp) MarkdownDescription(context.Context) string { return keepEqualDescription }

func (keepEqualTimestamp) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if (timestamp{req.PlanValue}).sameAs(timestamp{req.StateValue}) {
		resp.PlanValue = req.StateValue
	}
}

// keepEqualColor plans the state's colour where the new one looks the same.
type keepEqualColor struct{}

func (keepEqualColor) Description(context.Context) string         { return keepEqualDescription }
func (keepEqualColor) MarkdownDescription(context.Context) string { return keepEqualDescription }

func (keepEqualColor) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if (color{req.PlanValue}).sameAs(color{req.StateValue}) {
		resp.PlanValue = req.StateValue
	}
}

// whollyKnown reports whether a set and everything in it is known.
func whollyKnown(set types.Set) bool {
	value, err := set.ToTerraformValue(context.Background())
	return err == nil && value.IsFullyKnown()
}
