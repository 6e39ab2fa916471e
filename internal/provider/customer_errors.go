// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

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
		what := "cleared"
		if loss.Perhaps {
			what = "may have cleared"
		}
		return diag.Diagnostics{diag.NewErrorDiagnostic(lossSummary, fmt.Sprintf(
			"The update %s values of customer %d that it did not mention (%s), and putting them back failed. "+
				"They are kept in the state, encrypted with a key made from the API key, and the next plan or apply puts them back. "+
				"Run it soon, and set batch_size = 1 in the provider block.\n\n%s", what, id, listed(loss.Fields), err))}
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
		id, listed(loss.Fields), how)
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
		i := slices.IndexFunc(held.Tags, func(other helpcrunch.Tag) bool { return other.Name == helpcrunch.SpellTag(tag.Name, held.Tags) })
		if tag.Color != "" && i >= 0 && !sameColor(tag.Color, held.Tags[i].Color) {
			diags.AddAttributeWarning(path.Root("tags"), "HelpCrunch kept another colour for a tag",
				fmt.Sprintf("A tag of customer %d exists in the account with a colour of its own, and kept it. "+
					"Colours belong to the account: change it in HelpCrunch, or leave color out.", held.ID))
		}
	}
	return diags
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
