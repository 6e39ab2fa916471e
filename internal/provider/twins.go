// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
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
// values of theirs. It also refuses what must not stand in a state. known is the memory,
// of a predecessor where somebody is replaced.
func (r *customerResource) planDigests(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, known memory) diag.Diagnostics {
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
	// Terraform plans a replacement as a create, of which ignore_changes may hide the twins until it is carried out.
	if replaces := req.State.Raw.IsNull() && known.present; replaces {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("digests"), types.MapUnknown(types.StringType))...)
		return diags
	}
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
	// What ignore_changes keeps stands beside its twin here, and nowhere else.
	for _, a := range textAttributes {
		if a.twin != nil {
			diags.Append(keptBesideTwin(a.name, *a.of(&config), *a.twin(&config))...)
		}
	}
	diags.Append(keptBesideTwin("custom_data", config.CustomData, config.CustomDataWO)...)
	if diags.HasError() {
		return diags
	}
	planned, stale := r.account.digester.plan(known.imported(&state, &config), &config)
	if req.State.Raw.IsNull() { // whatever ignore_changes hides where somebody is replaced
		planned = types.MapUnknown(types.StringType)
	}
	if stale && !r.account.staleWarned.Swap(true) {
		diags.AddAttributeWarning(path.Root("digests"), "Digests were made with another API key",
			"Whether write-only attributes have changed is told by digests, which are made with the API key. Those in the state are of another key, and were not refreshed, so they are left as they are: "+
				"a change of such an attribute, or in HelpCrunch, is not seen now, and one that was planned with the other key is not written. Run terraform plan or apply with a refresh. This is said once, however many customers it is true of.")
	}
	if elements, ok := (customData{config.CustomDataWO}).elements(); ok && len(elements) == 0 && !(customData{config.CustomDataWO}).isNull() && len(state.digests(nil).properties()) > 0 {
		// To tell it from one that ignore_changes hides, which looks the same in the apply.
		known.TwinsEmptied = true
		known.write(ctx, resp.Private, &diags)
	}
	diags.Append(resp.Plan.SetAttribute(ctx, path.Root("digests"), planned)...)
	return diags
}

func keptBesideTwin(name string, plain, twin attr.Value) diag.Diagnostics {
	if len(onlyOne(name, plain, twin)) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root(twinOf(name)), "An attribute and its write-only twin",
		fmt.Sprintf("%s and %s are one field of a customer, and ignore_changes keeps the value of %[1]s in the state. Take %[1]s out of ignore_changes.", name, twinOf(name)))}
}

// twinsAsPlanned sees to it that the configuration has those twins that the plan
// writes. Their values may have changed since, and are written as they are now.
func (r *customerResource) twinsAsPlanned(state *customerModel, op *operation[*customerModel]) diag.Diagnostics {
	var diags diag.Diagnostics
	now, _ := r.account.digester.plan(op.known.imported(state, op.config), op.config)
	op.plan.twinsEmptied = op.known.TwinsEmptied
	op.known.TwinsEmptied = false
	if op.plan.Digests.IsUnknown() { // of somebody new
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

// rawText is a string out of an object; what is not a string is null.
func rawText(value tftypes.Value) types.String {
	var text string
	switch {
	case !value.IsKnown():
		return types.StringUnknown()
	case value.IsNull() || value.As(&text) != nil:
		return types.StringNull()
	}
	return types.StringValue(text)
}

// rawFlag is rawText for a bool.
func rawFlag(value tftypes.Value) types.Bool {
	var flag bool
	switch {
	case !value.IsKnown():
		return types.BoolUnknown()
	case value.IsNull() || value.As(&flag) != nil:
		return types.BoolNull()
	}
	return types.BoolValue(flag)
}
