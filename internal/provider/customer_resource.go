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

// newCustomerResource returns the resource helpcrunch_customer.
func newCustomerResource() resource.Resource { return &customerResource{} }

type customerResource struct {
	account *account
}

func (r *customerResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer"
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

func (r *customerResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	op, ctx, end := begin[customerModel](ctx, r.account, asked{
		plan: &req.Plan, config: &req.Config, limit: timeouts.Value.Create, failed: "The customer was not created",
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	plan, nobody := op.plan, &customerModel{}
	resp.Diagnostics.Append(r.twinsAsPlanned(nobody, &op)...)
	resp.Diagnostics.Append(tagsAlike(plan.Tags, types.SetNull(tagType))...) // also of names that were unknown until now
	if resp.Diagnostics.HasError() {
		return
	}

	wanted := plan.changes(nobody, op.config, false, r.account.digester)
	sent := wanted.WithoutNulls() // a new customer is empty
	var created *helpcrunch.Created
	var adoption diag.Diagnostics
	if plan.AdoptExisting.ValueBool() {
		created, wanted, adoption = r.takeOver(ctx, &op, nil)
	}
	if created == nil && !adoption.HasError() {
		var err error
		created, err = r.account.client.CreateCustomer(ctx, sent)
		if err != nil && plan.AdoptExisting.ValueBool() && isTaken(err) {
			created, wanted, adoption = r.takeOver(ctx, &op, err)
		}
		if err != nil && created == nil && !adoption.HasError() {
			adoption.Append(r.createFailed(ctx, plan, sent, err)...)
		} else if err == nil && created.Adopted {
			adoption.Append(warnOfAdoption(created.ID))
		}
	}
	resp.Diagnostics.Append(adoption...)
	if created == nil {
		return
	}
	customer := created.Customer

	// From here on there is a customer, and so there must be a state. An
	// error would taint it, and the next apply would delete it: what does not
	// work now is a warning, and a change in the next plan.
	op.known.wrote(customer, plan)
	if !plan.Tags.IsNull() {
		op.known.Written = namesOf(plan.Tags)
	}
	op.known.write(ctx, resp.Private, &resp.Diagnostics)
	plan.ID = types.StringValue(strconv.FormatInt(customer.ID, 10))
	plan.Origin = types.StringValue(originCreated)
	if created.Adopted {
		plan.Origin = types.StringValue(originAdopted)
	}
	plan.Organization = op.organization
	plan.Digests = plan.digests(r.account.digester).settle(wanted.Unto(customer, created.Unread))
	r.account.noteManaged(plan.ID.ValueString())
	if !plan.Tags.IsNull() {
		// A helpcrunch_customer_tag for the new customer comes after this, and warns.
		r.account.planTags(plan.ID.ValueString(), namesOf(plan.Tags), namesOf(plan.Tags))
	}
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.ID.ValueString())...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)

	var after diag.Diagnostics
	if len(created.Unread) > 0 {
		after.AddError("HelpCrunch's answer cannot be read wholly", fmt.Sprintf(
			"HelpCrunch has created customer %d, and what its answer says of these fields is not what its documentation says: %s. "+
				"The customer is in the state as planned; the next plan shows what HelpCrunch holds.", customer.ID, listed(created.Unread)))
	}
	// Whoever may have been there before keeps what others gave them, until a plan shows it.
	if !slices.Contains(created.Unread, "tags") && (!created.Adopted || plan.AdoptExisting.ValueBool()) {
		var settling diag.Diagnostics
		customer, settling = r.settleTags(ctx, customer, wanted)
		after.Append(settling...)
	}
	for _, field := range wanted.Unstuck(customer) {
		if name, _, _ := strings.Cut(field, "."); slices.Contains(created.Unread, name) {
			continue
		}
		summary, detail := unstuckDetail(field, plan.attributeOf(field), customer)
		after.AddAttributeError(path.Root(plan.attributeOf(field)), summary, detail)
	}
	resp.Diagnostics.Append(asWarnings(after)...)
	resp.Diagnostics.Append(keptColors(wanted, customer)...)
}

func (r *customerResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	op, ctx, end := begin[customerModel](ctx, r.account, asked{
		state: &req.State, private: req.Private, identity: resp.Identity, limit: timeouts.Value.Read, failed: "Customer %d was not read", reads: true,
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	state, known, id := op.state, &op.known, op.id
	r.account.endsAnew(id)

	if op.doubt == nil {
		resp.Diagnostics.Append(known.putBack(ctx, r.account.client, id, helpcrunch.Changes{})...)
	}
	var err error
	customer := r.account.takeFound(id)
	if customer == nil {
		// A search that shows what the state shows is believed; one that
		// differs only where we did not write a moment ago.
		customer, err = r.account.client.ReadCustomer(ctx, id, func(found *helpcrunch.Customer) bool {
			return known.Import == importFound || !withinSearchLag(known.WrittenAt) || state.agrees(found, r.account)
		})
	}
	recent := withinSearchLag(known.WrittenAt)
	if helpcrunch.IsNotFound(err) && recent {
		customer, err = r.account.client.GetCustomer(ctx, id)
	}
	if helpcrunch.IsNotFound(err) {
		switch {
		case op.doubt != nil:
			resp.Diagnostics.Append(accountInDoubt(id, op.failed, op.stated.ValueString(), op.doubt)...)
		case recent && !r.account.client.Peopled():
			resp.Diagnostics.Append(op.missing("id", "may be there again", fmt.Sprintf("Terraform wrote customer %d less than ten minutes ago. HelpCrunch says twice that there is no such customer, and has not shown any other in this run: "+
				"that may be a fault of its own. So the customer stays in the state, and is not made again. "+
				"If somebody has deleted them, a plan shows it once the ten minutes are over.", id)))
		case known.Import == importFound: // Terraform itself says that there is nobody to import
			resp.State.RemoveResource(ctx)
		case known.origin(state.Origin).ValueString() != originCreated:
			known.keepOrigin(state.Origin)
			known.Gone = true
			known.write(ctx, resp.Private, &resp.Diagnostics)
			resp.Diagnostics.Append(op.missing("id", "are not made anew", fmt.Sprintf("Customer %d was deleted, or is one of another account. They were not made by Terraform, so they stay in the state and are not made anew: "+
				"somebody who asked to be forgotten must not come back. %s", id, outOfTheWay)))
		default:
			tflog.Info(ctx, "the customer is gone from HelpCrunch", map[string]any{"customer": id})
			resp.Diagnostics.Append(op.missing("id", "are made anew", fmt.Sprintf("Customer %d was deleted, or is one of another account. Terraform had made them, and an apply makes them anew where they still stand in the configuration, "+
				"with another id and without the chats. If that is not what you expect, check api_key, or %s, before you apply.", id, envAPIKey)))
			resp.State.RemoveResource(ctx)
		}
		return
	}
	if err != nil {
		resp.Diagnostics.Append(requestFailed(op.failed, err)...)
		return
	}
	if op.doubt != nil { // and so nothing of them is taken over, not even into the memory
		if !state.agrees(customer, r.account) || state.digests(r.account.digester).foreign() {
			resp.Diagnostics.Append(accountInDoubt(id, op.failed, op.stated.ValueString(), op.doubt)...)
		}
		return
	}
	if known.Import == importRead && known.Keyed != "" {
		if !state.keeps(known.Keyed, customer, r.account) {
			resp.Diagnostics.Append(r.keyMoved(&op, known.Keyed))
			return
		}
		if !withinSearchLag(known.KeyedAt) {
			known.Keyed, known.KeyedAt = "", 0
		}
	}
	if !state.Tags.IsNull() {
		resp.Diagnostics.Append(tooManyTags(customer)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if known.Import == importFound {
		resp.Diagnostics.Append(tagsLeftOut(customer)...)
		state.adopt(customer, r.account)
		known.Import = importRead
	} else {
		state.refresh(customer, r.account)
	}
	known.keepOrigin(state.Origin)
	state.Origin = known.origin(state.Origin)
	state.Organization = op.organization
	known.saw(customer, state)
	known.write(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// outOfTheWay is what to do about somebody who is gone and stays in the state.
const outOfTheWay = "If they are gone for good, take the resource out of the configuration and apply: nothing is asked of HelpCrunch for that. To make somebody new in their place, run terraform state rm with its address, and apply."

func (r *customerResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	op, ctx, end := begin[customerModel](ctx, r.account, asked{
		plan: &req.Plan, state: &req.State, config: &req.Config, private: req.Private, identity: resp.Identity, limit: timeouts.Value.Update, failed: "Customer %d was not updated", maybe: true,
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	plan, state, known, id := op.plan, op.state, &op.known, op.id
	resp.Diagnostics.Append(r.twinsAsPlanned(state, &op)...)
	resp.Diagnostics.Append(tagsAlike(plan.Tags, state.Tags)...)
	if resp.Diagnostics.HasError() {
		return
	}

	known.keepOrigin(state.Origin)
	changes := known.spelled(plan.changes(known.imported(state, op.config), op.config, known.Import == importRead, r.account.digester))
	takenOut := known.tagsTakenOut(plan.Tags, state.Tags)
	if changes.Tags != nil {
		// One that another resource takes off just now would be missing afterwards.
		done, err := r.account.tags.turn(ctx, state.ID.ValueString())
		if err != nil {
			resp.Diagnostics.Append(requestFailed(op.failed, err)...)
			return
		}
		done()
	}
	if !changes.IsZero() || len(known.Lost) > 0 || known.Keyed != "" {
		resp.Diagnostics.Append(r.guardKeyed(ctx, &op)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	resp.Diagnostics.Append(known.putBack(ctx, r.account.client, id, changes)...)
	if !changes.IsZero() {
		written, err := r.account.client.UpdateCustomer(ctx, id, changes)
		if err != nil {
			if known.keepLost(err) {
				known.write(ctx, resp.Private, &resp.Diagnostics)
			}
			resp.Diagnostics.Append(r.updateFailed(ctx, id, plan, changes, err)...)
			return
		}
		if written.Loss != nil {
			resp.Diagnostics.AddWarning(lossSummary, lossDetail(id, written.Loss))
		}
		customer, settling := r.settleTags(ctx, written.Customer, changes)
		resp.Diagnostics.Append(settling...)
		for _, field := range changes.Unstuck(customer) {
			summary, detail := unstuckDetail(field, plan.attributeOf(field), customer)
			resp.Diagnostics.AddAttributeError(path.Root(plan.attributeOf(field)), summary, detail)
			plan.correct(field, state, customer, r.account)
		}
		resp.Diagnostics.Append(keptColors(changes, customer)...)
		plan.Digests = plan.digests(r.account.digester).settle(customer)
		known.wrote(customer, plan)
	}
	configured := op.config.Tags
	switch {
	case len(takenOut) > 0:
		resp.Diagnostics.Append(r.takeOff(ctx, &op, takenOut)...)
	case plan.Tags.IsNull():
		known.Written = nil
	case !configured.IsNull(): // with ignore_changes the plan has what a refresh has read
		known.Written = writtenTags(plan.Tags, namesOf(configured))
	}
	if known.Import == importRead && !resp.Diagnostics.HasError() {
		known.Import, known.Keyed, known.KeyedAt, known.Blocked, known.Empty, known.Beside = importSettled, "", 0, nil, nil, nil
	}
	known.write(ctx, resp.Private, &resp.Diagnostics)
	// What was not sent keeps its planned value even if the answer shows that
	// somebody has changed it meanwhile: the next refresh reports it.
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *customerResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	op, ctx, end := begin[customerModel](ctx, r.account, asked{
		state: &req.State, private: req.Private, limit: timeouts.Value.Delete, failed: "Customer %d was not deleted", maybe: true,
	}, &resp.Diagnostics)
	defer end()
	if resp.Diagnostics.HasError() {
		return
	}
	state, known, id := op.state, op.known, op.id

	switch r.deletionPolicy(state, known) {
	case deletionPrevent:
		if !r.isGone(ctx, state) {
			resp.Diagnostics.Append(r.deletionPrevented(state, known))
		}
	case deletionAbandon:
		resp.Diagnostics.Append(r.putBackBefore(ctx, &op)...)
		if resp.Diagnostics.HasError() {
			return
		}
		tflog.Info(ctx, "the customer is left in HelpCrunch", map[string]any{"customer": id})
	default:
		resp.Diagnostics.Append(r.guardKeyed(ctx, &op)...)
		if resp.Diagnostics.HasError() {
			return
		}
		if !r.account.claim(id, deleted) {
			resp.Diagnostics.AddWarning("A customer was not deleted, but taken over", fmt.Sprintf(
				"Customer %d was to be deleted, and another resource of this apply has taken them over (adopt_existing). They live on, and are managed there.", id))
			return
		}
		if err := r.account.client.DeleteCustomer(ctx, id); err != nil {
			resp.Diagnostics.Append(requestFailed(op.failed, err)...)
			return
		}
		if !known.Asked { // a replacement
			resp.Diagnostics.Append(r.warnOfDeletion("To keep a customer from being replaced, write lifecycle { prevent_destroy = true }. " +
				"This is said once, however many customers are replaced.")...)
		}
	}
}

func (r *customerResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id, keyed := importedID(ctx, req, &resp.Diagnostics), ""
	if key, ok := parseImportKey(id); ok {
		// Terraform shows import ids as they are: this one is no secret.
		customer, diags := r.account.findOne(ctx, key.field, key.value, fmt.Sprintf(", %q", key.value))
		resp.Diagnostics.Append(diags...)
		if resp.Diagnostics.HasError() {
			return
		}
		r.account.keepFound(customer, key)
		keyed = attributeOf(key.field.Name)
		id = strconv.FormatInt(customer.ID, 10)
	} else if !isID(id) {
		resp.Diagnostics.AddError("Not an import id",
			"Write the id of a customer (542335), an e-mail address (email:ada@example.com) or a user id (user_id:crm-17).")
		return
	}
	known := memory{Import: importFound, Keyed: keyed}
	if keyed != "" {
		known.KeyedAt = time.Now().Unix()
	}
	known.write(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("origin"), originImported)...)
}

// importedID is what is to be imported, by an id or by the identity of an import
// block; "" for one that is null.
func importedID(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) string {
	if req.ID != "" || req.Identity == nil {
		return req.ID
	}
	var id types.String
	diags.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &id)...)
	return id.ValueString()
}

// importKey is what an import looks a customer up by.
type importKey struct {
	field *helpcrunch.StringField
	value string
}

// parseImportKey is the key in an import id, which may be the id of a customer instead.
func parseImportKey(id string) (key importKey, ok bool) {
	prefix, value, _ := strings.Cut(id, ":") // a value may have colons of its own
	switch {
	case value == "":
	case prefix == "email":
		return importKey{helpcrunch.Email, value}, true
	case prefix == "user_id":
		return importKey{helpcrunch.UserID, value}, true
	}
	return importKey{}, false
}

// guardKeyed is guard, and looks, before the first update or the deletion of somebody who was
// imported by a key, whether they still have it. The import believed a search, and that
// may show who had the key a moment before. An update that sends nothing looks as well:
// afterwards the state may not have the key any more. Imports of many ask for as many
// together as reads do.
func (r *customerResource) guardKeyed(ctx context.Context, op *operation[*customerModel]) diag.Diagnostics {
	diags, key := op.guard(ctx, r.account, op.id, op.failed), op.known.Keyed
	if diags.HasError() || key == "" {
		return diags
	}
	keeps := func(held *helpcrunch.Customer) bool { return op.state.keeps(key, held, r.account) }
	held, err := r.account.client.ReadCustomer(ctx, op.id, keeps)
	switch {
	case err != nil:
		return requestFailed(op.failed, err)
	case !keeps(held):
		return diag.Diagnostics{r.keyMoved(op, key)}
	}
	return nil
}

func (r *customerResource) keyMoved(op *operation[*customerModel], key string) diag.Diagnostic {
	why := hasAnother
	if digests := op.state.digests(r.account.digester); digests.has(key) && !digests.ours(key) {
		why = "whether they still have it cannot be told, for its digest in the state is of another API key"
	}
	return keyMoved(key, op.failed, op.id, key, why)
}

// settleTags sees to it that the customer has exactly the tags that were sent.
// On failure the customer is as far as it came.
func (r *customerResource) settleTags(ctx context.Context, customer *helpcrunch.Customer, sent helpcrunch.Changes) (*helpcrunch.Customer, diag.Diagnostics) {
	if sent.Tags == nil {
		return customer, nil
	}
	settled, err := r.account.client.SettleTags(ctx, customer, sent.Tags)
	if err != nil {
		return settled, requestFailed(fmt.Sprintf("The tags of customer %d were not settled", customer.ID), err)
	}
	return settled, nil
}

// takeOff takes the tags off that a line taken out had written, but for those
// that another resource gives the customer.
func (r *customerResource) takeOff(ctx context.Context, op *operation[*customerModel], names []string) diag.Diagnostics {
	summary := fmt.Sprintf("The tags were not taken off customer %d", op.id)
	diags := op.guard(ctx, r.account, op.id, summary)
	if !diags.HasError() {
		customer, err := r.account.untag(ctx, op.id, names)
		if customer != nil {
			op.known.wrote(customer, op.plan)
		}
		switch {
		case errors.Is(err, errTagKept):
			diags.AddAttributeError(path.Root("tags"), summary, tagKeptAdvice)
		case err != nil:
			diags.Append(requestFailed(summary, err)...)
		}
	}
	if diags.HasError() {
		op.plan.Tags = op.state.Tags // still managed: the next plan takes them off
	} else {
		op.known.Written = nil
	}
	return diags
}

// putBackBefore puts back what an account cleared, before the state is forgotten
// that keeps it. What cannot be put back keeps the state.
func (r *customerResource) putBackBefore(ctx context.Context, op *operation[*customerModel]) diag.Diagnostics {
	if len(op.known.Lost) == 0 {
		return nil
	}
	summary := fmt.Sprintf("Customer %d was not forgotten", op.id)
	diags := op.guard(ctx, r.account, op.id, summary)
	if diags.HasError() {
		return diags
	}
	diags.Append(op.known.putBack(ctx, r.account.client, op.id, helpcrunch.Changes{})...)
	if len(op.known.Lost) == 0 {
		return diags
	}
	if _, err := r.account.client.GetCustomer(ctx, op.id); !helpcrunch.IsNotFound(err) {
		diags.AddError(summary, "An earlier update did not keep values of this customer that it did not mention. They exist in the state alone, encrypted, and could not be put back now. "+
			"Run terraform apply again once HelpCrunch takes them; or terraform state rm, which gives them up.")
	}
	return diags
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
