// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

func (r *customerResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(tagsOfPlan(ctx, req)...)
	}
	if r.account == nil || resp.Diagnostics.HasError() {
		return // not configured yet, or refused
	}
	if req.State.Raw.IsNull() { // nothing is known that could be lost
		var userID types.String
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("user_id"), &userID)...)
		replaced := readMemory(ctx, req.Private, &resp.Diagnostics) // of a predecessor
		adopts := rawFlag(rawAttributes(req.Plan.Raw)["adopt_existing"]).ValueBool() && !replaced.present
		resp.Diagnostics.Append(r.account.planOrganization(ctx, types.StringNull(), true, "The customer is not planned", &resp.Plan)...)
		resp.Diagnostics.Append(r.account.planUserID(userID.ValueString(), "", adopts)...)
		if adopts && r.account.planEnd(userID.ValueString(), takenOver) {
			resp.Diagnostics.Append(movedNotDeleted(userID.ValueString()))
		}
		resp.Diagnostics.Append(r.planDigests(ctx, req, resp, replaced)...)
		return
	}
	known := readMemory(ctx, req.Private, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
	case req.Plan.Raw.IsNull():
		resp.Diagnostics.Append(r.planDeletion(ctx, req.State, known)...)
		known.Asked = true
		known.write(ctx, resp.Private, &resp.Diagnostics)
	default:
		resp.Diagnostics.Append(r.planDigests(ctx, req, resp, known)...)
		resp.Diagnostics.Append(r.planUpdate(ctx, req.State, resp.Plan, known)...)
		if known.Gone && !resp.Plan.Raw.Equal(req.State.Raw) {
			resp.Diagnostics.AddAttributeError(path.Root("id"), "A customer who is gone cannot be changed",
				"The last refresh did not find the customer in HelpCrunch, and the configuration asks for a change of them. They were not made by Terraform, and are not made anew. "+outOfTheWay)
		}
	}
}

// isGone looks whether somebody who must not be deleted is there at all. Only an
// answer of their own account says that they are not.
func (r *customerResource) isGone(ctx context.Context, state *customerModel) bool {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	var ignored diag.Diagnostics
	id := state.customer(&ignored)
	of := guarded{reads: true, stated: state.Organization}
	if ignored.HasError() || of.guard(ctx, r.account, id, "").HasError() || of.doubt != nil {
		return false
	}
	_, err := r.account.client.ReadCustomer(ctx, id, func(*helpcrunch.Customer) bool { return true })
	return helpcrunch.IsNotFound(err)
}

// tagsOfPlan refuses tags that HelpCrunch may take for one.
func tagsOfPlan(ctx context.Context, req resource.ModifyPlanRequest) diag.Diagnostics {
	var planned, held types.Set
	diags := req.Plan.GetAttribute(ctx, path.Root("tags"), &planned)
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.GetAttribute(ctx, path.Root("tags"), &held)...)
	}
	if diags.HasError() {
		return diags
	}
	return tagsAlike(planned, held)
}

func (r *customerResource) planDeletion(ctx context.Context, prior tfsdk.State, known memory) diag.Diagnostics {
	var state customerModel
	diags := prior.Get(ctx, &state)
	if diags.HasError() {
		return diags
	}
	diags.Append(r.account.planAccount(ctx, state.Organization, false)...)
	switch r.deletionPolicy(&state, known) {
	case deletionPrevent:
		if !r.isGone(ctx, &state) {
			diags.Append(r.deletionPrevented(&state, known))
		}
	case deletionDelete:
		// A predecessor's deletion is planned once more in its apply; there Delete spares them.
		if !r.account.isTakenOver(state.customer(&diags)) && r.account.planEnd(state.UserID.ValueString(), deleted) {
			diags.Append(movedNotDeleted(state.UserID.ValueString()))
		}
		if !r.account.isTakenOver(state.customer(&diags)) && r.account.planDeletion(state.ID.ValueString()) {
			diags.Append(deletedAndManaged(state.ID.ValueString()))
		}
		diags.Append(r.warnOfDeletion("To leave customers in HelpCrunch and only forget them, write deletion_policy = \"abandon\" and apply that first. " +
			"This is said once, however many customers the plan deletes.")...)
	case deletionAbandon:
		if state.DeletionPolicy.ValueString() == deletionPrevent {
			diags.AddAttributeWarning(path.Root("deletion_policy"), "A customer is forgotten",
				fmt.Sprintf("Customer %s has deletion_policy = \"prevent\", and the provider's own deletion_policy, \"abandon\", goes before it. "+
					"The customer stays in HelpCrunch, and Terraform does not know them any more.", state.ID.ValueString()))
		}
	}
	return diags
}

// warnOfDeletion says once, however many customers are deleted, what goes with them.
func (r *customerResource) warnOfDeletion(advice string) diag.Diagnostics {
	if !r.account.firstDeletion() {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Deleting a customer erases the history of their chats",
		"HelpCrunch deletes a customer together with all their chats, and nothing brings them back. "+advice)}
}

// planUpdate takes single values out of the state and the plan: it is asked
// for every customer in every plan and apply, and the whole models cost ten
// times as much.
func (r *customerResource) planUpdate(ctx context.Context, state tfsdk.State, plan tfsdk.Plan, known memory) diag.Diagnostics {
	var diags diag.Diagnostics
	prior, planned := rawAttributes(state.Raw), rawAttributes(plan.Raw)
	id, userID := rawText(prior["id"]), rawText(planned["user_id"])
	before, after := rawFlag(prior["unsubscribed"]), rawFlag(planned["unsubscribed"])
	tags := types.SetNull(tagType)
	if !planned["tags"].IsNull() {
		diags.Append(plan.GetAttribute(ctx, path.Root("tags"), &tags)...)
	}
	if !known.present { // without a refresh the memory is still lost
		known.keepOrigin(rawText(prior["origin"]))
	}
	if diags.HasError() {
		return diags
	}
	customer := id.ValueString()
	diags.Append(r.account.planAccount(ctx, rawText(prior["organization"]), false)...)
	diags.Append(r.account.planUserID(userID.ValueString(), customer, false)...)
	if r.account.isDoomed(customer) {
		diags.Append(deletedAndManaged(customer))
	}
	if r.account.plannedTwice(customer) {
		diags.AddAttributeWarning(path.Root("id"), "Two resources for one customer",
			fmt.Sprintf("Customer %s is managed by another helpcrunch_customer in this configuration as well. "+
				"Each apply of the one undoes the other. Keep one, and take the other out of the state with terraform state rm or a removed block.", customer))
	}
	names := namesOf(tags)
	written := names
	if prior["tags"].Equal(planned["tags"]) { // as ignore_changes keeps it
		written = writtenTags(tags, known.Written)
	}
	if !tags.IsNull() && r.account.planTags(customer, names, written) {
		diags.AddAttributeWarning(path.Root("tags"), tagsTwiceSummary,
			fmt.Sprintf("tags is the exact set of the tags of customer %s, and a helpcrunch_customer_tag in this configuration gives them one as well. "+
				"Each apply of the one may undo the other. Write all tags here and take the helpcrunch_customer_tag out. With ignore_changes = [tags] nothing is taken off, and this is not said any more once they have the tag.", customer))
	}
	diags.Append(r.claimTags(ctx, customer, state, tags, known)...)
	if after.Equal(types.BoolValue(false)) && (before.ValueBool() || known.Unsubscribed) {
		diags.AddAttributeWarning(path.Root("unsubscribed"), "A person is subscribed again",
			fmt.Sprintf("Customer %s has unsubscribed. This apply subscribes them to e-mails again. "+
				"If that is not what they asked for, take the line out: unsubscribed is then not managed.", customer))
	}
	blocked := rawFlag(planned["blocked"])
	if known.Import == importRead && known.Blocked != nil && blocked.Equal(types.BoolValue(!*known.Blocked)) {
		is, becomes := "is blocked from writing", "lets them write again"
		if blocked.ValueBool() {
			is, becomes = "may write", "blocks them"
		}
		diags.AddAttributeWarning(path.Root("blocked"), "The configuration blocks or unblocks an imported person",
			fmt.Sprintf("Customer %s %s in HelpCrunch, and blocked = %t is written. An import does not store that, so a plan shows it like what is so already: this apply %s. "+
				"If that is not meant, correct the line, or take it out: blocked is then not managed.", customer, is, blocked.ValueBool(), becomes))
	}
	if known.Import == importRead {
		diags.Append(r.warnOfLettingGo(ctx, customer, state, plan)...)
	} else {
		diags.Append(r.warnOfLinesTakenOut(ctx, customer, state, plan, known)...)
	}
	return diags
}

// warnOfLinesTakenOut tells apart what looks alike in a plan: of the lines taken out
// most are cleared, a flag, which has no empty value, is let go, and the first plan after
// an import clears nothing. Of write-only attributes Terraform shows not even to the
// provider whether the line is out or ignore_changes hides it.
func (r *customerResource) warnOfLinesTakenOut(ctx context.Context, customer string, prior tfsdk.State, planned tfsdk.Plan, known memory) diag.Diagnostics {
	var flags []string
	before, after := rawAttributes(prior.Raw), rawAttributes(planned.Raw)
	for _, a := range flagAttributes {
		if !before[a.name].IsNull() && after[a.name].IsNull() {
			flags = append(flags, a.name)
		}
	}
	out := !before["digests"].Equal(after["digests"]) || !before["custom_data"].Equal(after["custom_data"])
	for name := range before {
		out = out || !before[name].IsNull() && after[name].IsNull()
	}
	if !out {
		return nil
	}
	var plan, state customerModel
	diags := prior.Get(ctx, &state)
	diags.Append(planned.Get(ctx, &plan)...)
	var cleared, twins []string
	digests := state.digests(r.account.digester)
	for _, name := range plan.removed(&state, r.account.digester) {
		switch {
		case digests.holds(name):
			twins = append(twins, name)
		case digests.has(name): // and empty
		case name == "tags": // those of others stay
			if names := r.account.tags.leave(customer, known.tagsTakenOut(plan.Tags, state.Tags)...); len(names) > 0 {
				slices.Sort(names)
				cleared = append(cleared, "tags ("+strings.Join(names, ", ")+")")
			}
		default:
			cleared = append(cleared, name)
		}
	}
	if len(flags) > 0 {
		also := ""
		if len(cleared) > 0 {
			also = " Cleared in HelpCrunch: " + listed(cleared) + "."
		} else if len(twins) == 0 {
			also = " Nothing is cleared."
		}
		diags.AddWarning("Lines taken out are not all cleared", fmt.Sprintf("Of what the configuration of customer %s does not have any more, these are let go and stay as they are: %s.%s", customer, listed(flags), also))
	}
	if len(flags) == 0 && len(cleared) > 0 {
		diags.AddWarning("Lines taken out are cleared", fmt.Sprintf("The configuration of customer %s does not have these any more, and the apply clears them in HelpCrunch: %s. "+
			"To leave there what is taken out, put the lines back and ignore_changes beside them, or take the customer out of the state and import them again.", customer, listed(cleared)))
	}
	if len(twins) > 0 {
		diags.AddAttributeWarning(path.Root("digests"), "Write-only values are cleared unless ignore_changes hides their lines",
			fmt.Sprintf("The configuration of customer %s does not have these write-only values any more: %s. Where their lines were taken out, the apply clears them in HelpCrunch, also where ignore_changes names them. "+
				"Only where the lines still stand, and ignore_changes names them, does it leave them there and stop managing them; a plan shows both alike. "+
				"To leave in HelpCrunch what is to be taken out, put ignore_changes beside the lines, apply, and take both out afterwards.", customer, listed(twins)))
	}
	return diags
}

// claimTags tells the other resources which tags the plan keeps, and which a
// line taken out takes off.
func (r *customerResource) claimTags(ctx context.Context, customer string, prior tfsdk.State, planned types.Set, known memory) diag.Diagnostics {
	if !planned.IsNull() {
		r.account.tags.want(customer, true, namesOf(planned)...)
		return nil
	}
	if rawAttributes(prior.Raw)["tags"].IsNull() {
		return nil
	}
	var held types.Set
	diags := prior.GetAttribute(ctx, path.Root("tags"), &held)
	switch {
	case len(held.Elements()) == 0 || known.Import == importRead:
	case known.Written == nil:
		diags.AddAttributeWarning(path.Root("tags"), "Tags are let go, not taken off",
			fmt.Sprintf("The configuration does not have tags for customer %s any more, and which of their tags it wrote is not known: the state is from an earlier version of the provider. "+
				"The apply takes none off. Take them off in HelpCrunch, or write tags = [] and apply that first, which takes off all that the customer has.", customer))
	default:
		names := known.tagsTakenOut(planned, held)
		r.account.tags.leave(customer, names...)
		if r.account.tags.had(customer, names...) {
			diags.AddAttributeWarning(path.Root("tags"), "A tag comes off and is not given again",
				fmt.Sprintf("The apply takes the tags off customer %s that the configuration wrote and does not have any more, and a helpcrunch_customer_tag that stays as it is has one of them. "+
					"Write its customer_id as a reference to this resource, such as helpcrunch_customer.NAME.id: then it comes afterwards and gives the tag again. Or run terraform apply twice.", customer))
		}
	}
	return diags
}

// warnOfLettingGo names what the first apply after an import stops managing.
func (r *customerResource) warnOfLettingGo(ctx context.Context, customer string, prior tfsdk.State, planned tfsdk.Plan) diag.Diagnostics {
	var plan, state customerModel
	diags := prior.Get(ctx, &state)
	diags.Append(planned.Get(ctx, &plan)...)
	if removed := plan.removed(&state, r.account.digester); !diags.HasError() && len(removed) > 0 {
		diags.AddWarning("Imported values are let go, not cleared",
			fmt.Sprintf("The import of customer %s found values that the configuration does not mention: %s. "+
				"The apply stops managing them and leaves them in HelpCrunch. To clear one, write it as \"\" (tags = [], a custom property as null).",
				customer, listed(removed)))
	}
	return diags
}

// deletionPolicy is what a destroy does with the customer. Where it would
// refuse, the provider's own abandon is the way out, and the only one for what
// the configuration does not reach any more: a deposed object, a tainted one.
func (r *customerResource) deletionPolicy(state *customerModel, known memory) string {
	policy, ofAccount := state.DeletionPolicy.ValueString(), r.account.deletionPolicy
	if policy == "" {
		policy = ofAccount
		if policy == deletionDelete && known.origin(state.Origin).ValueString() != originCreated {
			policy = deletionPrevent
		}
	}
	if policy == deletionPrevent && ofAccount == deletionAbandon {
		return deletionAbandon
	}
	return policy
}

func (r *customerResource) deletionPrevented(state *customerModel, known memory) diag.Diagnostic {
	reason := "Its deletion_policy, or the provider's, is \"prevent\"."
	if state.DeletionPolicy.IsNull() && r.account.deletionPolicy != deletionPrevent {
		reason = "It was imported, and no deletion_policy was applied for it: imported customers are not deleted unless it is written."
		if state.Origin.IsNull() && !known.present {
			reason = "Whether it was imported is not known, and no deletion_policy was applied for it: such customers are not deleted unless it is written."
		} else if state.Origin.ValueString() == originAdopted {
			reason = "It was adopted, and no deletion_policy was applied for it: adopted customers are not deleted unless it is written."
		}
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("deletion_policy"), "The customer must not be deleted",
		fmt.Sprintf("Customer %s would be deleted with the history of their chats. %s\n\n"+
			"To delete the customer, write deletion_policy = \"delete\" and apply that first. "+
			"To leave them in HelpCrunch and only forget them, write deletion_policy = \"abandon\" and apply that first, or use a removed block with destroy = false, which forgets all instances of a for_each. "+
			"Where the configuration does not reach the customer (it has left it, was replaced, or is tainted and terraform untaint is not what you want), "+
			"run Terraform once with the environment variable %s=abandon, or with deletion_policy = \"abandon\" in the provider block: nobody is deleted by it.\n\n"+
			"To erase a person who asks for it, write deletion_policy = \"delete\" for that customer alone, apply it with -target, and then take the resource out; or delete them in HelpCrunch, and take the resource out.",
			state.ID.ValueString(), reason, envDeletionPolicy))
}
