// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ resource.Resource                   = (*customerTagResource)(nil)
	_ resource.ResourceWithIdentity       = (*customerTagResource)(nil)
	_ resource.ResourceWithConfigure      = (*customerTagResource)(nil)
	_ resource.ResourceWithValidateConfig = (*customerTagResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*customerTagResource)(nil)
	_ resource.ResourceWithImportState    = (*customerTagResource)(nil)
)

// newCustomerTagResource returns the resource helpcrunch_customer_tag.
func newCustomerTagResource() resource.Resource { return &customerTagResource{} }

type customerTagResource struct {
	account *account
}

// customerTagModel is one tag of one customer. Its color is what was asked
// for, never what the account has.
type customerTagModel struct {
	ID           types.String   `tfsdk:"id"`
	Organization types.String   `tfsdk:"organization"`
	CustomerID   types.String   `tfsdk:"customer_id"`
	Name         types.String   `tfsdk:"name"`
	Color        types.String   `tfsdk:"color"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

func (m *customerTagModel) key() string {
	return m.CustomerID.ValueString() + "/" + m.Name.ValueString()
}
func (m *customerTagModel) belongsTo() types.String { return m.Organization }
func (m *customerTagModel) limits() timeouts.Value  { return m.Timeouts }

func (m *customerTagModel) customer(diags *diag.Diagnostics) int64 {
	return customerIDOf(m.CustomerID, diags)
}

func (r *customerTagResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_tag"
}

func (r *customerTagResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One tag of one customer, beside the tags that agents, automations or another workspace give them: those are never touched.\n\n" +
			"A tag that the customer has already is taken over, and comes off when the resource is destroyed; [to leave it on](../guides/stop-managing.md#whole-customers-and-tags), take the resource out with a `removed` block. One that somebody takes off is planned again; where the customer is gone, it stays in the state, with a warning, until the resource is taken out or the customer made anew. " +
			"Setting, recolouring and taking off a tag is a request each; tags are refreshed together, up to a hundred customers a request.\n\n" +
			"Leave it for customers whose `helpcrunch_customer` has `tags`, which is the exact set: each apply of the one may undo the other. " +
			"The plan warns where it has both, from the first one on that knows the id of the customer. Between workspaces, or two provider blocks, nobody notices.\n\n" +
			"To move from `tags` to this resource, take the line out and write a `helpcrunch_customer_tag` for each tag of it, with `customer_id = helpcrunch_customer.NAME.id`, and apply both together: " +
			"the tags that the line wrote come off and are given again, those of others stay. (On the way back they come off: `tags` is the exact set.) " +
			"A tag that one resource of an apply gives up and another one has, as when a key of a `for_each` is renamed, stays on the customer.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the customer and the name of the tag, such as `\"542335/vip\"`.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"organization": organizationAttribute("tag"),
			"customer_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The id of the customer in HelpCrunch, a string of digits such as `\"542335\"`. Another customer is another tag: changing it replaces the resource.",
				PlanModifiers:       replaces,
			},
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The name of the tag, such as `\"vip\"`. Upper and lower case differ. HelpCrunch creates a tag that it does not know. " +
					"Changing it replaces the resource: the customer loses the one tag and gets the other.",
				PlanModifiers: slices.Concat([]planmodifier.String{keepEqual{helpcrunch.NormalTag}}, replaces),
			},
			"color": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any CSS colour, such as `\"gold\"`, `\"#fd0\"` or `\"rgb(255, 215, 0)\"`. " +
					"The colour belongs to the tag in the whole account: it is asked for when the tag is sent, a warning says when the account kept another one, and it is never drift. " +
					"Left out, HelpCrunch gives a new tag `#c377e0`.",
				PlanModifiers: []planmodifier.String{keepEqual{normalColor}},
			},
			"timeouts": timeoutsAttribute(ctx, "tag"),
		},
	}
}

func (r *customerTagResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "The id of the customer and the name of the tag, such as \"542335/vip\".",
		},
	}}
}

func (r *customerTagResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if req.ProviderData != nil {
		r.account, _ = req.ProviderData.(*account)
	}
}

func (r *customerTagResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config customerTagModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if r.account == nil {
		config.CustomerID = types.StringUnknown() // it may come from a mock
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(config.problems()...)
	}
}

func (r *customerTagResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		r.planDeletion(ctx, req, resp)
		return
	}
	var plan customerTagModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if r.account != nil {
		resp.Diagnostics.Append(r.account.planOrganization(ctx, rawText(rawAttributes(req.State.Raw)["organization"]), req.State.Raw.IsNull(), "The customer is not tagged", &resp.Plan)...)
	}
	if resp.Diagnostics.HasError() || plan.CustomerID.IsUnknown() {
		return
	}
	if r.account != nil && req.State.Raw.IsNull() {
		if customer := plan.customer(&resp.Diagnostics); !resp.Diagnostics.HasError() {
			resp.Diagnostics.Append(r.account.stillKeyed(ctx, customer)...)
		}
	}
	if plan.Name.IsUnknown() {
		return
	}
	id := types.StringValue(plan.key())
	leaving := r.account != nil && r.account.tags.want(plan.CustomerID.ValueString(), !req.State.Raw.IsNull(), plan.Name.ValueString())
	if !req.State.Raw.IsNull() {
		var state customerTagModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if state.mayBeGivenAgain(&plan, leaving) {
			id = types.StringUnknown()
		}
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), id)...)
	if r.account != nil && r.account.planTag(plan.CustomerID.ValueString(), plan.Name.ValueString()) {
		resp.Diagnostics.AddAttributeWarning(path.Root("customer_id"), tagsTwiceSummary, fmt.Sprintf(
			"A helpcrunch_customer in this configuration has tags, the exact set of the tags of customer %s: each of its applies takes off what is not in there. "+
				"Add the tag to that set and take this resource out. If that customer has ignore_changes = [tags], nothing is taken off, and this is not said any more once they have the tag.", plan.CustomerID.ValueString()))
	}
}

// planDeletion finds out whether another resource has the tag.
func (r *customerTagResource) planDeletion(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state customerTagModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	known := readMemory(ctx, req.Private, &resp.Diagnostics)
	if r.account == nil || resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.account.planAccount(ctx, state.Organization, false)...)
	if len(r.account.tags.leave(state.CustomerID.ValueString(), state.Name.ValueString())) == 0 {
		known.TagStays = true
		known.write(ctx, resp.Private, &resp.Diagnostics)
	}
}

func (r *customerTagResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	op, ctx, end := begin[customerTagModel](ctx, r.account, asked{
		plan: &req.Plan, limit: timeouts.Value.Create, failed: "Customer %d was not tagged",
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	plan := op.plan

	warnings, err := r.send(ctx, plan, &op.known)
	switch {
	case helpcrunch.IsNotFound(err):
		resp.Diagnostics.Append(noCustomer(op.failed, op.id, err)...)
		return
	case err != nil:
		resp.Diagnostics.Append(tagRefused(op.failed, err)...)
		return
	}
	// The tag is there, and so there must be a state, whatever is said of it.
	op.known.write(ctx, resp.Private, &resp.Diagnostics)
	plan.ID = types.StringValue(plan.key())
	plan.Organization = op.organization
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.key())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(warnings...)
}

func (r *customerTagResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	op, ctx, end := begin[customerTagModel](ctx, r.account, asked{
		state: &req.State, private: req.Private, identity: resp.Identity, limit: timeouts.Value.Read, failed: "The tag of customer %d was not read", reads: true,
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	state, known, id := op.state, op.known, op.id

	customer, err := r.account.client.ReadCustomer(ctx, id, func(found *helpcrunch.Customer) bool {
		return state.heldBy(found) || !withinSearchLag(known.WrittenAt)
	})
	switch {
	case op.doubt != nil && (helpcrunch.IsNotFound(err) || err == nil && !state.heldBy(customer)):
		resp.Diagnostics.Append(accountInDoubt(id, op.failed, op.stated.ValueString(), op.doubt)...)
	case helpcrunch.IsNotFound(err):
		if known.Import == importFound { // Terraform itself says that there is nothing to import
			resp.State.RemoveResource(ctx)
			return
		}
		resp.Diagnostics.Append(op.tagOfNobody(id))
	case err != nil:
		resp.Diagnostics.Append(requestFailed(op.failed, err)...)
	case !state.heldBy(customer):
		tflog.Info(ctx, "the customer does not have the tag any more", map[string]any{"customer": id})
		resp.State.RemoveResource(ctx)
	case op.doubt != nil: // and so nothing of them is taken into the memory
	default:
		if spelled := state.spelling(customer); known.Import != "" || !maps.Equal(spelled, known.Tags) {
			known.Import, known.Tags = "", spelled
			known.write(ctx, resp.Private, &resp.Diagnostics)
		}
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("organization"), op.organization)...)
	}
}

func (r *customerTagResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	op, ctx, end := begin[customerTagModel](ctx, r.account, asked{
		plan: &req.Plan, state: &req.State, private: req.Private, identity: resp.Identity, limit: timeouts.Value.Update, failed: "Customer %d was not tagged", maybe: true,
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	plan, state, known := op.plan, op.state, op.known

	// A colour taken out of the configuration is no longer asked for.
	leaving := r.account.tags.want(plan.CustomerID.ValueString(), true, plan.Name.ValueString())
	recolored := !plan.Color.IsNull() && (state.Color.IsNull() || !sameColor(plan.Color.ValueString(), state.Color.ValueString()))
	if leaving || recolored {
		resp.Diagnostics.Append(op.guard(ctx, r.account, op.id, op.failed)...)
		if resp.Diagnostics.HasError() {
			return
		}
		warnings, err := r.send(ctx, plan, &known)
		switch {
		case helpcrunch.IsNotFound(err):
			resp.Diagnostics.Append(op.tagOfNobody(op.id))
		case err != nil:
			resp.Diagnostics.Append(tagRefused(op.failed, err)...)
			return
		}
		resp.Diagnostics.Append(warnings...)
		known.write(ctx, resp.Private, &resp.Diagnostics)
	}
	plan.ID = types.StringValue(plan.key())
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *customerTagResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	op, ctx, end := begin[customerTagModel](ctx, r.account, asked{
		state: &req.State, private: req.Private, limit: timeouts.Value.Delete, failed: "The tag was not taken off customer %d",
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	if op.known.TagStays {
		r.account.tags.want(op.state.CustomerID.ValueString(), true, op.state.Name.ValueString())
	}
	resp.Diagnostics.Append(r.takeOff(ctx, op.id, op.known.spelledTag(op.state.Name.ValueString()))...)
}

func (r *customerTagResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := importedID(ctx, req, &resp.Diagnostics)
	customer, name, ok := splitTagID(id)
	if !ok {
		resp.Diagnostics.AddError("Not an import id",
			"Write the id of a customer, a slash and the name of a tag, such as 542335/vip.")
		return
	}
	// As after a write of our own: somebody may have just set the tag, and a
	// search that lacks it is not believed.
	known := memory{Import: importFound, WrittenAt: time.Now().Unix()}
	known.write(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("customer_id"), customer)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), name)...)
}

// splitTagID is the customer and the name in the id of a tag.
func splitTagID(id string) (customer, name string, ok bool) {
	customer, name, _ = strings.Cut(id, "/") // a name may have slashes of its own
	return customer, name, isID(customer) && name != ""
}

// send gives the customer the tag, and takes down in known that it did. Once
// HelpCrunch has answered there are only warnings.
func (r *customerTagResource) send(ctx context.Context, plan *customerTagModel, known *memory) (warnings diag.Diagnostics, err error) {
	id := customerIDOf(plan.CustomerID, &warnings)
	tag := helpcrunch.Tag{Name: known.spelledTag(plan.Name.ValueString()), Color: plan.Color.ValueString()}
	customer, err := r.account.tag(ctx, id, tag)
	if err != nil {
		return nil, err
	}
	known.WrittenAt, known.Tags = time.Now().Unix(), plan.spelling(customer)
	i := slices.IndexFunc(customer.Tags, func(held helpcrunch.Tag) bool { return held.Name == helpcrunch.SpellTag(tag.Name, customer.Tags) })
	switch {
	case i < 0:
		warnings.AddAttributeWarning(path.Root("name"), "HelpCrunch did not take a tag",
			fmt.Sprintf("The tag was sent to customer %d, and is missing from the answer, or written otherwise. The next plan shows it.", id))
	case tag.Color != "" && !sameColor(tag.Color, customer.Tags[i].Color):
		warnings.AddAttributeWarning(path.Root("color"), "HelpCrunch kept another colour for a tag",
			fmt.Sprintf("The tag of customer %d exists in the account with a colour of its own, and kept it. "+
				"Colours belong to the account: change it in HelpCrunch, or leave color out.", id))
	}
	return warnings, nil
}

// tagOfNobody warns of a tag whose customer HelpCrunch does not know any more. It
// stays in the state: planned again, it would be a request that can only fail, in
// every apply. Where the customer is made anew, the new id replaces the tag.
func (g *guarded) tagOfNobody(id int64) diag.Diagnostic {
	return g.missing("customer_id", "their tags stay in the state", fmt.Sprintf("Customer %d was deleted, or is one of another account, and nobody else can have this tag of theirs: it stays in the state, and nothing is done about it, "+
		"unless this plan makes the customer anew and the tag with them. If they are gone for good, take the helpcrunch_customer_tag out of the configuration and apply. "+
		"If that is not what you expect, check api_key, or %s.", id, envAPIKey))
}

// takeOff takes the tag off, unless another resource gives it to the customer.
func (r *customerTagResource) takeOff(ctx context.Context, id int64, name string) diag.Diagnostics {
	summary := fmt.Sprintf("The tag was not taken off customer %d", id)
	customer, err := r.account.untag(ctx, id, []string{name})
	switch {
	case helpcrunch.IsNotFound(err):
		tflog.Info(ctx, "the customer is gone from HelpCrunch, and the tag with them", map[string]any{"customer": id})
	case errors.Is(err, errTagKept):
		return diag.Diagnostics{diag.NewErrorDiagnostic(summary, tagKeptAdvice)}
	case err != nil:
		return tagRefused(summary, err)
	case customer == nil:
		tflog.Info(ctx, "the tag stays: another resource gives it to the customer", map[string]any{"customer": id})
	}
	return nil
}

// tagRefused puts a refusal on the attribute that HelpCrunch names.
func tagRefused(summary string, err error) diag.Diagnostics {
	return refused(summary, err, func(entry helpcrunch.ErrorEntry) (attribute, why string) {
		switch {
		case entry.Field() != "tags":
			return "", ""
		case strings.HasSuffix(entry.Code, ".color"):
			return "color", notAccepted("color")
		}
		return "name", notAccepted("name")
	})
}

// mayBeGivenAgain reports whether the id has to be planned as not known yet.
//
// Terraform asks nobody in an apply about what does not change. So a tag that
// another resource takes off is planned as an update, by way of the id. A
// value that was planned may not become unknown in the apply, so where there is
// a change anyway the update alone has to find out.
func (m *customerTagModel) mayBeGivenAgain(plan *customerTagModel, leaving bool) bool {
	if m.key() != plan.key() {
		return false // a replacement
	}
	return plan.Color.IsUnknown() || leaving && plan.Color.Equal(m.Color) && plan.Timeouts.Equal(m.Timeouts)
}

// heldBy reports whether the customer has the tag. Its colour is the account's.
func (m *customerTagModel) heldBy(customer *helpcrunch.Customer) bool {
	return slices.ContainsFunc(customer.Tags, func(held helpcrunch.Tag) bool {
		return helpcrunch.NormalTag(held.Name) == helpcrunch.NormalTag(m.Name.ValueString())
	})
}

// spelling is what the customer's tag is called in HelpCrunch, where that is
// another name.
func (m *customerTagModel) spelling(customer *helpcrunch.Customer) map[string]string {
	name := m.Name.ValueString()
	if spelled := helpcrunch.SpellTag(name, customer.Tags); spelled != name {
		return map[string]string{helpcrunch.NormalTag(name): spelled}
	}
	return nil
}

// problems are the faults of what is known of a configuration.
func (m *customerTagModel) problems() diag.Diagnostics {
	var diags diag.Diagnostics
	if !m.CustomerID.IsUnknown() {
		customerIDOf(m.CustomerID, &diags)
	}
	if !m.Name.IsUnknown() && m.Name.ValueString() == "" {
		diags.AddAttributeError(path.Root("name"), "A tag without a name", "Every tag needs a name, such as \"vip\".")
	}
	warnOfColor(&diags, path.Root("color"), m.Color)
	return diags
}

// customerIDOf is the number in a customer_id. It is not looked at in a provider
// that is not configured: mock_provider makes up ids of letters and digits, and
// has such a provider validate what they are used for. A plan looks again.
func customerIDOf(value types.String, diags *diag.Diagnostics) int64 {
	if !isID(value.ValueString()) {
		diags.AddAttributeError(path.Root("customer_id"), "Not the id of a customer", "customer_id is a string of digits such as \"542335\".")
		return 0
	}
	id, _ := strconv.ParseInt(value.ValueString(), 10, 64)
	return id
}
