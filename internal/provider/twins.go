// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// twins are the write-only attributes.
var twins = func() []string {
	names := []string{twinOf("custom_data")}
	for _, a := range textAttributes {
		if a.twin != nil {
			names = append(names, twinOf(a.name))
		}
	}
	return names
}()

// planDigests plans the digests of the write-only twins: Terraform compares no
// values of theirs. It also refuses what must not stand in a state.
func (r *customerResource) planDigests(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) diag.Diagnostics {
	var diags diag.Diagnostics
	written := rawAttributes(req.Config.Raw)
	for _, a := range textAttributes {
		if value := written[a.name]; a.twin != nil && !r.account.personalDataInState && value.IsKnown() && !value.IsNull() {
			diags.AddAttributeError(path.Root(a.name), "Personal data must not stand in the state",
				fmt.Sprintf("personal_data_in_state, or the environment variable %s, is false, and the value of %s would stand in the state. Write it as %s, of which the state keeps a digest.",
					envPersonalData, a.name, twinOf(a.name)))
		}
	}
	if diags.HasError() {
		return diags
	}
	usesTwins := slices.ContainsFunc(twins, func(name string) bool { return !written[name].IsNull() })
	if !usesTwins { // also those that are taken out now
		if !rawAttributes(req.Plan.Raw)["digests"].IsNull() {
			diags.Append(resp.Plan.SetAttribute(ctx, path.Root("digests"), types.MapNull(types.StringType))...)
		}
		return diags
	}
	if r.account.digester == nil {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("digests"), types.MapUnknown(types.StringType))...)
		return diags
	}
	var config, state customerModel
	diags.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if diags.HasError() {
		return diags
	}
	planned, stale := r.account.digester.plan(&state, &config)
	if stale && !r.account.staleWarned.Swap(true) {
		diags.AddAttributeWarning(path.Root("digests"), "Digests were made with another API key",
			"Whether write-only attributes have changed is told by digests, which are made with the API key. Those in the state are of another key, and were not refreshed, so they are left as they are: "+
				"a change of such an attribute, or in HelpCrunch, is not seen now. Run terraform plan or apply with a refresh. This is said once, however many customers it is true of.")
	}
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("digests"), planned)...)
	return diags
}

// twinsAsPlanned sees to it that the configuration has those twins that the plan
// writes. Their values may have changed since, and are written as they are now.
func (r *customerResource) twinsAsPlanned(state *customerModel, op *operation[*customerModel]) diag.Diagnostics {
	var diags diag.Diagnostics
	now, _ := r.account.digester.plan(state, op.config)
	if op.plan.Digests.IsUnknown() { // the provider's own settings were not known when it was planned
		op.plan.Digests = now
	}
	planned, given := op.plan.digests(r.account.digester), (&customerModel{Digests: now}).digests(r.account.digester)
	changed := func(place string) {
		attribute := place
		if _, property := propertyOfPlace(place); property {
			attribute = "custom_data"
		}
		diags.AddAttributeError(path.Root(twinOf(attribute)), op.failed,
			fmt.Sprintf("Whether %s has a value was another thing when Terraform planned: it depends on something that changes from one run to the next. Nothing was sent. Run terraform plan again.", twinOf(attribute)))
	}
	for _, place := range slices.Sorted(maps.Keys(planned.all)) {
		if planned.unknown(place) && !given.has(place) {
			changed(place)
		}
	}
	if op.id == 0 { // where somebody exists, what was not planned may be hidden by ignore_changes
		for _, place := range slices.Sorted(maps.Keys(given.all)) {
			if !planned.has(place) {
				changed(place)
			}
		}
	}
	return diags
}

// rawAttributes are the attributes of an object by name, none where it is null. To
// take single ones out costs a tenth of reading the whole into a model, which is
// felt where it is done for every customer of every plan.
func rawAttributes(object tftypes.Value) map[string]tftypes.Value {
	var attributes map[string]tftypes.Value
	if object.IsKnown() && !object.IsNull() {
		_ = object.As(&attributes) // an object it is
	}
	return attributes
}
