// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ resource.Resource                   = (*customerResource)(nil)
	_ resource.ResourceWithConfigure      = (*customerResource)(nil)
	_ resource.ResourceWithValidateConfig = (*customerResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*customerResource)(nil)
	_ resource.ResourceWithImportState    = (*customerResource)(nil)
	_ resource.ResourceWithIdentity       = (*customerResource)(nil)
)

// defaultTimeout is how long one operation on one customer may take,
// waiting for the request budget included.
const defaultTimeout = 20 * time.Minute

// notManaged ends the description of what has no default.
const notManaged = " Left out, it is not managed."

// newCustomerResource returns the resource helpcrunch_customer.
func newCustomerResource() resource.Resource { return &customerResource{} }

type customerResource struct {
	account *account
}

func (r *customerResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer"
}

func (r *customerResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description + notManaged}
	}
	moment := func(description string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional:   true,
			CustomType: timestampType{},
			MarkdownDescription: description +
				" UNIX seconds (`\"1700000000\"`) or RFC 3339 (`\"2023-11-14T22:13:20Z\"`), equal when the instant is equal." + notManaged,
			PlanModifiers: []planmodifier.String{keepEqualTimestamp{}},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A customer of a HelpCrunch account.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id that HelpCrunch gave the customer, a string of digits such as `\"542335\"`. It never changes.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name":           text("The full name, such as `\"Ada Lovelace\"`."),
			"email":          text("The e-mail address, such as `\"ada@example.com\"`. HelpCrunch may store it in another case; that is not a difference."),
			"user_id":        text("Your own key for the customer, such as `\"crm-17\"`. No two customers of an account have the same."),
			"company":        text("The company, such as `\"Analytical Engines\"`."),
			"phone":          text("The phone number in any form, such as `\"+44 20 7946 0000\"`."),
			"notes":          text("Notes that agents see beside the chat, such as `\"Prefers calls in the morning\"`. HelpCrunch is reported to refuse more than 255 characters."),
			"locale":         text("The language, ISO 639-1, such as `\"en\"`. The case is not a difference."),
			"source":         text("The URL that brought the customer, such as `\"https://example.com/campaign\"`."),
			"referer":        text("The URL that referred the customer, such as `\"https://example.org/\"`."),
			"last_page":      text("The URL of the page seen last, such as `\"https://example.com/pricing\"`. It moves as the customer browses: write it only to seed it."),
			"created_from":   text("The channel the customer came from: `\"web\"`, `\"iOS\"`, `\"android\"`, `\"telegram\"`, `\"viber\"`, `\"facebook\"`, `\"instagram\"` or another that HelpCrunch knows."),
			"integration_id": text("The customer's id in the channel that `created_from` names, such as `\"98765\"`."),
			"first_seen":     moment("When the customer was first seen."),
			"last_seen":      moment("When the customer was last seen. It moves as the customer browses: write it only to seed it."),
			"unsubscribed": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether the customer has opted out of e-mails: `true` or `false`. It has no default: a person who unsubscribed is not subscribed again unless `false` is written here, " +
					"and the plan warns of it." + notManaged,
			},
			"blocked": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether the customer is blocked from writing: `true` or `false`. It has no default." + notManaged,
			},
			"tags": schema.SetNestedAttribute{
				Optional: true,
				MarkdownDescription: "The exact set of the customer's tags, such as `[{ name = \"vip\", color = \"gold\" }, { name = \"beta\" }]`. " +
					"Tags that others add are drift, also those of a `helpcrunch_customer_tag`: the plan warns where it has both, and nobody does between workspaces. " +
					"HelpCrunch creates a tag that it does not know." + notManaged,
				PlanModifiers: []planmodifier.Set{keepEqualTags{}},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name": schema.StringAttribute{
						Required:            true,
						MarkdownDescription: "The name, such as `\"vip\"`. No two tags of a customer may differ only in case.",
					},
					"color": schema.StringAttribute{
						Optional:   true,
						CustomType: colorType{},
						MarkdownDescription: "Any CSS colour, such as `\"gold\"`, `\"#fd0\"` or `\"rgb(255, 215, 0)\"`. " +
							"The colour belongs to the tag in the whole account: it is asked for when the tag is sent, a warning says when the account kept another one, and it is never drift. " +
							"Left out, HelpCrunch gives a new tag `#c377e0`.",
					},
				}},
			},
			"custom_data": schema.DynamicAttribute{
				Optional:   true,
				CustomType: customDataType{},
				MarkdownDescription: "Custom attributes by name: an object or a map of strings, numbers, bools and nulls, such as `{ plan = \"gold\", seats = 12, trial = false }`. " +
					"It is managed property by property: those not written here are left alone; `null` or `\"\"` keeps one empty. " +
					"The attributes must exist in HelpCrunch (Settings > Contacts > Custom attributes). A date is written as a string of UNIX seconds, `\"1700000000\"`. " +
					"To let go of one property use `ignore_changes = [custom_data.plan]`; the form `[custom_data[\"plan\"]]` silently ignores all of them." + notManaged,
				PlanModifiers: []planmodifier.Dynamic{keepEqualCustomData{}},
			},
			"deletion_policy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What a destroy does: `\"delete\"` deletes the customer and the history of their chats, `\"abandon\"` forgets the customer and leaves them in HelpCrunch, " +
					"`\"prevent\"` refuses, in the plan already. Left out, the provider's `deletion_policy` applies; for imported customers it is `\"prevent\"`.",
			},
			"timeouts": timeoutsAttribute(ctx, "customer"),
		},
	}
}

func (r *customerResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "The id that HelpCrunch gave the customer, such as \"542335\".",
		},
	}}
}

// identify sets the identity { id }. Clients before Terraform 1.12 send none,
// so it is always made anew from the id.
func identify(ctx context.Context, identity *tfsdk.ResourceIdentity, id string) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	return identity.SetAttribute(ctx, path.Root("id"), id)
}

// timeoutsAttribute is for a resource that stands for a thing such as "customer".
func timeoutsAttribute(ctx context.Context, thing string) schema.Attribute {
	attribute, _ := timeouts.AttributesAll(ctx).(schema.SingleNestedAttribute)
	attribute.MarkdownDescription = fmt.Sprintf("How long an operation may take, waiting for the request budget included, such as `{ update = \"1h\" }`. Default `\"%s\"` each.",
		defaultTimeout)
	for operation, doing := range map[string]string{"create": "creating", "read": "reading", "update": "updating", "delete": "deleting"} {
		duration, _ := attribute.Attributes[operation].(schema.StringAttribute)
		duration.Description = ""
		duration.MarkdownDescription = fmt.Sprintf("How long %s the %s may take: a duration such as `\"1h\"` or `\"90s\"`. Default `\"%s\"`.", doing, thing, defaultTimeout)
		attribute.Attributes[operation] = duration
	}
	return attribute
}

func (r *customerResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData != nil {
		r.account, _ = req.ProviderData.(*account)
	}
}

func (r *customerResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config customerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(config.problems()...)
	}
}

func (r *customerResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.account == nil || req.State.Raw.IsNull() {
		return // not configured yet, or a create: nothing is known that could be lost
	}
	o := readOrigin(ctx, req.Private, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
	case req.Plan.Raw.IsNull():
		resp.Diagnostics.Append(r.planDeletion(ctx, req.State, o)...)
	default:
		resp.Diagnostics.Append(r.planUpdate(ctx, req.State, req.Plan, o)...)
	}
}

func (r *customerResource) planDeletion(ctx context.Context, prior tfsdk.State, o origin) diag.Diagnostics {
	var state customerModel
	diags := prior.Get(ctx, &state)
	if diags.HasError() {
		return diags
	}
	switch r.deletionPolicy(&state, o) {
	case deletionPrevent:
		diags.Append(deletionPrevented(&state, o))
	case deletionDelete:
		if r.account.firstDeletion() {
			diags.AddWarning("Deleting a customer erases the history of their chats",
				"HelpCrunch deletes a customer together with all their chats, and nothing brings them back. "+
					"To leave customers in HelpCrunch and only forget them, write deletion_policy = \"abandon\" and apply that first. "+
					"This is said once, however many customers the plan deletes.")
		}
	}
	return diags
}

// planUpdate takes single values out of the state and the plan: it is asked
// for every customer in every plan and apply, and the whole models cost ten
// times as much.
func (r *customerResource) planUpdate(ctx context.Context, state tfsdk.State, plan tfsdk.Plan, o origin) diag.Diagnostics {
	var id types.String
	var tags types.Set
	var before, after types.Bool // unsubscribed
	diags := state.GetAttribute(ctx, path.Root("id"), &id)
	diags.Append(state.GetAttribute(ctx, path.Root("unsubscribed"), &before)...)
	diags.Append(plan.GetAttribute(ctx, path.Root("unsubscribed"), &after)...)
	diags.Append(plan.GetAttribute(ctx, path.Root("tags"), &tags)...)
	if diags.HasError() {
		return diags
	}
	customer := id.ValueString()
	if r.account.plannedTwice(customer) {
		diags.AddAttributeWarning(path.Root("id"), "Two resources for one customer",
			fmt.Sprintf("Customer %s is managed by another helpcrunch_customer in this configuration as well. "+
				"Each apply of the one undoes the other. Keep one, and take the other out of the state with terraform state rm or a removed block.", customer))
	}
	if !tags.IsNull() && r.account.tagsManagedTwice(customer, "helpcrunch_customer") {
		diags.AddAttributeWarning(path.Root("tags"), tagsTwiceSummary,
			fmt.Sprintf("tags is the exact set of the tags of customer %s, and a helpcrunch_customer_tag in this configuration gives them one as well. "+
				"Each apply of the one may undo the other. Write all tags here and take the helpcrunch_customer_tag out.", customer))
	}
	if after.Equal(types.BoolValue(false)) && (before.ValueBool() || o.Unsubscribed) {
		diags.AddAttributeWarning(path.Root("unsubscribed"), "A person is subscribed again",
			fmt.Sprintf("Customer %s has unsubscribed. This apply subscribes them to e-mails again. "+
				"If that is not what they asked for, take the line out: unsubscribed is then not managed.", customer))
	}
	if o.Import == importRead {
		diags.Append(warnOfLettingGo(ctx, customer, state, plan)...)
	}
	return diags
}

// warnOfLettingGo names what the first apply after an import stops managing.
func warnOfLettingGo(ctx context.Context, customer string, prior tfsdk.State, planned tfsdk.Plan) diag.Diagnostics {
	var plan, state customerModel
	diags := prior.Get(ctx, &state)
	diags.Append(planned.Get(ctx, &plan)...)
	if removed := plan.removed(&state); !diags.HasError() && len(removed) > 0 {
		diags.AddWarning("Imported values are let go, not cleared",
			fmt.Sprintf("The import of customer %s found values that the configuration does not mention: %s. "+
				"The apply stops managing them and leaves them in HelpCrunch. To clear one, write it as \"\" (tags = [], a custom property as null).",
				customer, strings.Join(removed, ", ")))
	}
	return diags
}

func (r *customerResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan customerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(plan.problems()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	wanted := plan.changes(&customerModel{}, false)
	sent := wanted.WithoutNulls() // a new customer is empty
	customer, err := r.account.client.CreateCustomer(ctx, sent)
	if err != nil {
		resp.Diagnostics.Append(r.createFailed(ctx, sent, err)...)
		return
	}

	// From here on there is a customer, and so there must be a state. An
	// error would taint it, and the next apply would delete it: what does not
	// work now is a warning, and a change in the next plan.
	var o origin
	o.wrote(customer, &plan)
	o.write(ctx, resp.Private, &resp.Diagnostics)
	plan.ID = types.StringValue(strconv.FormatInt(customer.ID, 10))
	if !plan.Tags.IsNull() {
		// A helpcrunch_customer_tag for the new customer comes after this, and warns.
		r.account.tagsManagedTwice(plan.ID.ValueString(), "helpcrunch_customer")
	}
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.ID.ValueString())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)

	customer, settling := r.settleTags(ctx, customer, wanted)
	var after diag.Diagnostics
	after.Append(settling...)
	for _, field := range wanted.Unstuck(customer) {
		summary, detail := unstuckDetail(field, customer)
		after.AddAttributeError(path.Root(attributeOf(field)), summary, detail)
	}
	resp.Diagnostics.Append(asWarnings(after)...)
	resp.Diagnostics.Append(keptColors(sent, customer)...)
}

func (r *customerResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state customerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	o := readOrigin(ctx, req.Private, &resp.Diagnostics)
	id := parseID(state.ID.ValueString(), &resp.Diagnostics)
	limit, diags := state.Timeouts.Read(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, state.ID.ValueString())...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	var err error
	customer := r.account.takeFound(id)
	if customer == nil {
		// A search that shows what the state shows is believed; one that
		// differs only where we did not write a moment ago.
		customer, err = r.account.client.ReadCustomer(ctx, id, func(found *helpcrunch.Customer) bool {
			return o.Import == importFound || !within(o.WrittenAt, searchLag) || state.agrees(found)
		})
	}
	if helpcrunch.IsNotFound(err) {
		tflog.Info(ctx, "the customer is gone from HelpCrunch", map[string]any{"customer": id})
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(requestFailed(fmt.Sprintf("Customer %d was not read", id), err)...)
		return
	}
	if o.Import == importFound {
		state.adopt(customer)
		o.Import = importRead
	} else {
		state.refresh(customer)
	}
	o.saw(customer, &state)
	o.write(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *customerResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state customerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	o := readOrigin(ctx, req.Private, &resp.Diagnostics)
	id := parseID(state.ID.ValueString(), &resp.Diagnostics)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, state.ID.ValueString())...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(plan.problems()...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	changes := plan.changes(&state, o.Import == importRead)
	if !changes.IsZero() {
		written, err := r.account.client.UpdateCustomer(ctx, id, changes, o.others(&state, changes))
		if err != nil {
			resp.Diagnostics.Append(r.updateFailed(ctx, id, changes, err)...)
			return
		}
		if written.Loss != nil {
			resp.Diagnostics.AddWarning(lossSummary, lossDetail(id, written.Loss))
		}
		customer, settling := r.settleTags(ctx, written.Customer, changes)
		resp.Diagnostics.Append(settling...)
		for _, field := range changes.Unstuck(customer) {
			summary, detail := unstuckDetail(field, customer)
			resp.Diagnostics.AddAttributeError(path.Root(attributeOf(field)), summary, detail)
			plan.correct(field, &state, customer)
		}
		resp.Diagnostics.Append(keptColors(changes, customer)...)
		o.wrote(customer, &plan)
	} else if o.Import == importRead {
		o.HoldsOthers = true // what is let go now is held, and not managed
	}
	if o.Import == importRead && !resp.Diagnostics.HasError() {
		o.Import = importSettled
	}
	o.write(ctx, resp.Private, &resp.Diagnostics)
	// What was not sent keeps its planned value even if the answer shows that
	// somebody has changed it meanwhile: the next refresh reports it.
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *customerResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state customerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	o := readOrigin(ctx, req.Private, &resp.Diagnostics)
	id := parseID(state.ID.ValueString(), &resp.Diagnostics)
	limit, diags := state.Timeouts.Delete(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	switch r.deletionPolicy(&state, o) {
	case deletionPrevent:
		resp.Diagnostics.Append(deletionPrevented(&state, o))
	case deletionAbandon:
		tflog.Info(ctx, "the customer is left in HelpCrunch", map[string]any{"customer": id})
	default:
		if err := r.account.client.DeleteCustomer(ctx, id); err != nil {
			resp.Diagnostics.Append(requestFailed(fmt.Sprintf("Customer %d was not deleted", id), err)...)
		}
	}
}

func (r *customerResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &id)...)
	}
	field, value := helpcrunch.Email, ""
	switch prefix, rest, found := strings.Cut(id, ":"); {
	case found && prefix == "email":
		value = rest
	case found && prefix == "user_id":
		field, value = helpcrunch.UserID, rest
	}
	if value != "" {
		// Terraform shows import ids as they are: this one is no secret.
		customer, diags := r.account.findOne(ctx, field, value, fmt.Sprintf(", %q", value))
		resp.Diagnostics.Append(diags...)
		if resp.Diagnostics.HasError() {
			return
		}
		r.account.keepFound(customer)
		id = strconv.FormatInt(customer.ID, 10)
	} else if !isID(id) {
		resp.Diagnostics.AddError("Not an import id",
			"Write the id of a customer (542335), an e-mail address (email:ada@example.com) or a user id (user_id:crm-17).")
		return
	}
	o := origin{Import: importFound}
	o.write(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
}

// deletionPolicy is what a destroy does with the customer.
func (r *customerResource) deletionPolicy(state *customerModel, o origin) string {
	switch {
	case !state.DeletionPolicy.IsNull():
		return state.DeletionPolicy.ValueString()
	case o.Import != "":
		return deletionPrevent
	}
	return r.account.deletionPolicy
}

func deletionPrevented(state *customerModel, o origin) diag.Diagnostic {
	reason := "Its deletion_policy, or the provider's, is \"prevent\"."
	if state.DeletionPolicy.IsNull() && o.Import != "" {
		reason = "It was imported, and no deletion_policy was applied for it: imported customers are not deleted unless it is written."
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("deletion_policy"), "The customer must not be deleted",
		fmt.Sprintf("Customer %s would be deleted with the history of their chats. %s\n\n"+
			"To delete the customer, write deletion_policy = \"delete\" and apply that first. "+
			"To leave them in HelpCrunch and only forget them, write deletion_policy = \"abandon\" and apply that first, use a removed block with destroy = false, "+
			"or, where the resource has left the configuration already, terraform state rm.",
			state.ID.ValueString(), reason))
}

// settleTags sees to it that the customer has exactly the tags that were sent.
// On failure the customer is as far as it came.
func (r *customerResource) settleTags(ctx context.Context, customer *helpcrunch.Customer, sent helpcrunch.Changes) (*helpcrunch.Customer, diag.Diagnostics) {
	if sent.Tags == nil {
		return customer, nil
	}
	settled, err := r.account.client.SettleTags(ctx, customer, sent.Tags)
	if err != nil {
		return settled, customerRefused(fmt.Sprintf("The tags of customer %d were not settled", customer.ID), err, sent)
	}
	return settled, nil
}

// createFailed explains why there is no customer, or why nobody knows.
func (r *customerResource) createFailed(ctx context.Context, sent helpcrunch.Changes, err error) diag.Diagnostics {
	if refusal, ok := errors.AsType[*helpcrunch.Error](err); ok && refusal.DuplicateUserID() {
		return diag.Diagnostics{r.duplicateUserID(ctx, sent, err)}
	}
	if helpcrunch.OutcomeUnknown(err) {
		find := "Look in HelpCrunch for a customer that was just created with these values. If there is one, import it; ADDRESS is that of this resource:\n\n" +
			"    terraform import ADDRESS ID"
		if userID, ok := sent.UserID.Get(); ok {
			find = fmt.Sprintf("If it did, the customer has user_id %q and can be imported; ADDRESS is that of this resource:\n\n    terraform import ADDRESS user_id:%s", userID, userID)
		}
		return diag.Diagnostics{diag.NewErrorDiagnostic("The customer may or may not have been created",
			"HelpCrunch did not confirm that it created the customer. The request is not repeated: that could create the same person twice. "+
				find+"\n\nIf there is none, run terraform apply again.\n\n"+err.Error())}
	}
	return customerRefused("The customer was not created", err, sent)
}

// updateFailed explains why a customer was not updated.
func (r *customerResource) updateFailed(ctx context.Context, id int64, sent helpcrunch.Changes, err error) diag.Diagnostics {
	summary := fmt.Sprintf("Customer %d was not updated", id)
	if loss, ok := errors.AsType[*helpcrunch.RestoreError](err); ok {
		return diag.Diagnostics{diag.NewErrorDiagnostic(lossSummary, fmt.Sprintf(
			"The update cleared values of customer %d that it did not mention (%s), and putting them back failed. "+
				"Put them back by hand, and set batch_size = 1 in the provider block.\n\n%s", id, strings.Join(loss.Fields, ", "), err))}
	}
	if refusal, ok := errors.AsType[*helpcrunch.Error](err); ok && refusal.DuplicateUserID() {
		return diag.Diagnostics{r.duplicateUserID(ctx, sent, err)}
	}
	return customerRefused(summary, err, sent)
}

const lossSummary = "HelpCrunch cleared values that were not sent"

// lossDetail says what an account does with what a request leaves out. Names
// only: the values are people's data.
func lossDetail(id int64, loss *helpcrunch.Loss) string {
	how := "A custom_data of some properties clears the others in this account. They were put back, and from now on in this run they are sent along, which costs one more request a customer."
	if loss.ByBatch {
		how = "An update of many customers at once clears in this account what it does not mention. It was put back, and from now on in this run every customer is updated alone. " +
			"To say so from the start, set batch_size = 1 in the provider block."
	}
	return fmt.Sprintf("The first update of this run, of customer %d, was compared with a read just before it. Cleared without being asked: %s. %s",
		id, strings.Join(loss.Fields, ", "), how)
}

// duplicateUserID names the customer that has the user_id already.
func (r *customerResource) duplicateUserID(ctx context.Context, sent helpcrunch.Changes, err error) diag.Diagnostic {
	userID, _ := sent.UserID.Get()
	owner := "Another HelpCrunch customer"
	id := "user_id:" + userID
	if customers, lookup := r.account.client.LookUp(ctx, helpcrunch.UserID, userID); lookup == nil && len(customers) == 1 {
		id = strconv.FormatInt(customers[0].ID, 10)
		owner = "HelpCrunch customer " + id
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("user_id"), "A customer with this user_id already exists",
		fmt.Sprintf("%s already has user_id %q. To manage it with Terraform, import it; ADDRESS is that of this resource:\n\n    terraform import ADDRESS %s\n\n%s", owner, userID, id, err))
}

// keptColors warns of tags for which the account kept another colour than the
// one that was asked for.
func keptColors(sent helpcrunch.Changes, held *helpcrunch.Customer) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, tag := range sent.Tags {
		i := slices.IndexFunc(held.Tags, func(other helpcrunch.Tag) bool { return other.Name == tag.Name })
		if tag.Color != "" && i >= 0 && !sameColor(tag.Color, held.Tags[i].Color) {
			diags.AddAttributeWarning(path.Root("tags"), "HelpCrunch kept another colour for a tag",
				fmt.Sprintf("A tag of customer %d exists in the account with a colour of its own, and kept it. "+
					"Colours belong to the account: change it in HelpCrunch, or leave color out.", held.ID))
		}
	}
	return diags
}

// correct sets the attribute of an API field to what HelpCrunch holds. One
// that was to be cleared, and was not, is managed as before, so that the next
// plan clears it again.
func (m *customerModel) correct(field string, state *customerModel, held *helpcrunch.Customer) {
	for _, a := range stringAttributes {
		if a.field.Name == field {
			if a.of(m).IsNull() {
				*a.of(m) = *a.of(state)
			}
			a.refresh(m, held)
		}
	}
	for _, a := range timestampAttributes {
		if a.field == field {
			if a.of(m).IsNull() {
				*a.of(m) = *a.of(state)
			}
			a.refresh(m, held)
		}
	}
	for _, a := range boolAttributes {
		if a.name == field {
			a.refresh(m, held)
		}
	}
	switch attributeOf(field) {
	case "tags":
		if m.Tags.IsNull() {
			m.Tags = state.Tags
		}
		m.refreshTags(held)
	case "custom_data":
		m.CustomData = m.CustomData.with(strings.TrimPrefix(field, "customData."), state.CustomData).fold(held.CustomData)
	}
}

// asWarnings turns errors into warnings.
func asWarnings(diags diag.Diagnostics) diag.Diagnostics {
	warnings := make(diag.Diagnostics, len(diags))
	for i, d := range diags {
		warnings[i] = diag.NewWarningDiagnostic(d.Summary(), d.Detail())
		if located, ok := d.(diag.DiagnosticWithPath); ok {
			warnings[i] = diag.NewAttributeWarningDiagnostic(located.Path(), d.Summary(), d.Detail())
		}
	}
	return warnings
}

// isID reports whether the text is the id of a customer.
func isID(text string) bool {
	id, err := strconv.ParseInt(text, 10, 64)
	return err == nil && id > 0 && text[0] != '+' && text[0] != '0'
}

func parseID(text string, diags *diag.Diagnostics) int64 {
	if !isID(text) {
		diags.AddAttributeError(path.Root("id"), "Not the id of a customer",
			"The state has an id that is not a string of digits. Remove the resource from the state and import it again.")
		return 0
	}
	id, _ := strconv.ParseInt(text, 10, 64)
	return id
}
