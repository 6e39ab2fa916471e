// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// isTaken reports whether a create was refused because somebody has its user_id.
func isTaken(err error) bool {
	if _, taken := errors.AsType[*helpcrunch.TakenError](err); taken {
		return true
	}
	refusal, ok := errors.AsType[*helpcrunch.Error](err)
	return ok && refusal.DuplicateUserID()
}

// takeOver makes the customer who has the planned user_id already what the plan
// says. It returns nil for nobody. refused is why a create was refused, and nil
// before there was one: then a search that may lag is not waited for. The changes
// are those that were written.
//
// The customer is in no state yet, so what does not work leaves them out of it: the
// next apply finds them again.
func (r *customerResource) takeOver(ctx context.Context, op *operation[*customerModel], refused error) (created *helpcrunch.Created, changes helpcrunch.Changes, diags diag.Diagnostics) {
	plan, userID := op.plan, op.plan.UserID.ValueString()
	nothing := helpcrunch.Changes{}
	found, err := r.account.client.Holders(ctx, userID, refused != nil)
	switch {
	case err != nil:
		return nil, nothing, requestFailed(op.failed, errors.Join(refused, err))
	case len(found) == 0:
		return nil, nothing, nil
	}
	held := found[0]
	id := strconv.FormatInt(held.ID, 10)
	if len(found) > 1 || !r.account.takeOn(id) {
		var ids []int64
		for _, customer := range found {
			ids = append(ids, customer.ID)
		}
		return nil, nothing, diag.Diagnostics{r.userIDTaken(userID, ids, "adopt_existing takes over one customer whom nothing else in this configuration manages.")}
	}
	defer func() {
		if created == nil {
			r.account.letGo(id)
		}
	}()
	if !r.account.claim(held.ID, takenOver) { // who is being deleted is not there any more
		return nil, nothing, nil
	}
	diags = tooManyTags(held)
	if plan.Tags.IsNull() {
		diags = nil
	}
	if diags.HasError() {
		return nil, nothing, diags
	}

	// What they hold of what is managed, as a refresh would have it.
	state := *plan
	state.Digests = types.MapNull(types.StringType)
	state.ID = types.StringValue(id)
	of := state.digests(r.account.digester)
	for place := range plan.digests(r.account.digester).all {
		of.take(place, held)
	}
	state.Digests = of.value()
	state.refresh(held, r.account)
	wanted := *plan
	wanted.ID = state.ID
	wanted.Digests, _ = r.account.digester.plan(&state, op.config)
	op.known.saw(held, plan)
	changes = op.known.spelled(wanted.changes(&state, op.config, false, r.account.digester))

	if subscribes, ok := changes.Unsubscribed.Get(); ok && !subscribes {
		changes.Unsubscribed = helpcrunch.Optional[bool]{}
		diags.AddAttributeWarning(path.Root("unsubscribed"), "Nobody was subscribed again", fmt.Sprintf(
			"Customer %d has unsubscribed, and the configuration says unsubscribed = false. Taking them over does not change that: the next plan shows it, and warns before anybody is subscribed again.", held.ID))
	}
	created = &helpcrunch.Created{Customer: held, Adopted: true}
	if !changes.IsZero() {
		written, err := r.account.client.UpdateCustomer(ctx, held.ID, changes)
		switch {
		case err != nil && op.known.keepLost(err): // which the state alone keeps
			diags.Append(asWarnings(r.updateFailed(ctx, held.ID, plan, changes, err))...)
			changes = nothing
		case err != nil:
			return nil, nothing, r.updateFailed(ctx, held.ID, plan, changes, err)
		default:
			created.Customer = written.Customer
			if written.Loss != nil {
				diags.AddWarning(lossSummary, lossDetail(held.ID, written.Loss))
			}
		}
	}
	spared := ""
	if plan.DeletionPolicy.IsNull() {
		spared = " A destroy refuses to delete them until deletion_policy is written and applied."
	}
	diags.AddWarning("Existing customers were taken over", fmt.Sprintf(
		"Customer %d has user_id %q already, and adopt_existing is true: they are in the state now, and what is configured was written.%s", held.ID, userID, spared))
	return created, changes, diags
}
