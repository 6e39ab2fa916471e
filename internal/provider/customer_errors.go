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
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// createFailed explains why there is no customer, or why nobody knows.
func (r *customerResource) createFailed(ctx context.Context, plan *customerModel, sent helpcrunch.Changes, err error) diag.Diagnostics {
	if stranger, ok := errors.AsType[*helpcrunch.StrangerError](err); ok {
		return diag.Diagnostics{answeredWithStranger(stranger)}
	}
	if taken, ok := errors.AsType[*helpcrunch.TakenError](err); ok {
		return diag.Diagnostics{r.notAdopted(taken)}
	}
	if refusal, ok := errors.AsType[*helpcrunch.Error](err); ok && refusal.DuplicateUserID() {
		return diag.Diagnostics{r.duplicateUserID(ctx, 0, sent, err)}
	}
	if helpcrunch.OutcomeUnknown(err) {
		find := "The request is not repeated: that could create the same person twice. " +
			"Look in HelpCrunch for a customer that was just created with these values. If there is one, import it; ADDRESS is that of this resource:\n\n" +
			"    terraform import ADDRESS ID"
		if userID, ok := sent.UserID.Get(); ok {
			find = fmt.Sprintf("If it did, the customer has user_id %q and can be imported; ADDRESS is that of this resource:\n\n    terraform import ADDRESS %s", userID, typedKey(userID))
		}
		return diag.Diagnostics{diag.NewErrorDiagnostic("The customer may or may not have been created",
			"HelpCrunch did not confirm that it created the customer. "+find+"\n\nIf there is none, run terraform apply again.\n\n"+err.Error())}
	}
	return customerRefused("The customer was not created", err, sent, plan.attributeOf)
}

// answeredWithStranger is for an answer to a create that is about a customer
// who was there before.
func answeredWithStranger(err *helpcrunch.StrangerError) diag.Diagnostic {
	return diag.NewErrorDiagnostic("HelpCrunch answered with another customer",
		fmt.Sprintf("The answer to the create is about customer %d, who is not the one that was asked for, or was there before. "+
			"They are not taken into the state, so that nothing is done to them. Look at customer %[1]d in HelpCrunch, and for a new one beside them. "+
			"To manage one of them with Terraform, import it; ADDRESS is that of this resource:\n\n    terraform import ADDRESS ID\n\n%[2]s", err.ID, err))
}

// notAdopted is for a create whose outcome is not known, of a user_id that
// somebody has who may have been there before.
func (r *customerResource) notAdopted(err *helpcrunch.TakenError) diag.Diagnostic {
	why := "The first answer to the create was lost, so it was looked up whether this is the customer that it made. "
	if len(err.IDs) == 1 && len(err.Differs) > 0 {
		why += fmt.Sprintf("They hold something that the create did not send, or lack what it sent (%s), and were probably there before: they were not adopted.", listed(err.Differs))
	} else {
		why += "That cannot be told: nobody was adopted."
	}
	return r.userIDTaken(err.UserID, err.IDs, why+"\n\n"+err.Error())
}

// warnOfAdoption says why a customer is not taken for a created one.
func warnOfAdoption(id int64) diag.Diagnostic {
	return diag.NewWarningDiagnostic("A customer was adopted", fmt.Sprintf(
		"It is not certain that this apply has made customer %d: HelpCrunch's answer to the create was lost, or shows somebody who was seen before. "+
			"They hold what was sent, and are in the state now. As they may have been there before, a destroy refuses to delete them until deletion_policy is written and applied: "+
			"deletion_policy = \"delete\" for an account that is yours to delete, such as a test account.", id))
}

// updateFailed explains why a customer was not updated.
func (r *customerResource) updateFailed(ctx context.Context, id int64, plan *customerModel, sent helpcrunch.Changes, err error) diag.Diagnostics {
	summary := fmt.Sprintf("Customer %d was not updated", id)
	if loss, ok := errors.AsType[*helpcrunch.RestoreError](err); ok {
		what := "did not keep"
		if loss.Perhaps {
			what = "may not have kept"
		}
		return diag.Diagnostics{diag.NewErrorDiagnostic(lossSummary, fmt.Sprintf(
			"The update %s values of customer %d that it did not mention (%s), and putting them back failed. "+
				"They are kept in the state, encrypted with a key made from the API key, and the next plan or apply puts them back. "+
				"Run it soon, and set batch_size = 1 in the provider block.\n\n%s", what, id, listed(loss.Fields), err))}
	}
	if refusal, ok := errors.AsType[*helpcrunch.Error](err); ok && refusal.DuplicateUserID() {
		return diag.Diagnostics{r.duplicateUserID(ctx, id, sent, err)}
	}
	return customerRefused(summary, err, sent, plan.attributeOf)
}

const lossSummary = "Values that were not sent are not as before"

// lossDetail says what an account does with what a request leaves out. Names
// only: the values are people's data.
func lossDetail(id int64, loss *helpcrunch.Loss) string {
	detail := fmt.Sprintf("What HelpCrunch holds after this update of customer %d was compared with a read just before it.", id)
	if len(loss.Fields) > 0 {
		detail += fmt.Sprintf(" Not as before, though the update did not mention them, and put back: %s.", listed(loss.Fields))
	}
	if len(loss.Changed) > 0 {
		detail += fmt.Sprintf(" Not as before, though the update did not mention them, and left so: %s.", listed(loss.Changed))
	}
	switch {
	case loss.ByBatch:
		detail += " So an update of many customers at once does not keep in this account what it does not mention, or somebody wrote in the same moment. " +
			"From now on in this run every customer is updated alone. To say so from the start, set batch_size = 1 in the provider block."
	case loss.OfProperties:
		detail += " So a custom_data of some properties does not keep the others in this account, or somebody wrote in the same moment. " +
			"From now on in this run each customer whose custom_data changes is updated alone, and with the others where that takes it, which costs one more request a customer."
	default:
		detail += " Somebody else may have written them meanwhile."
	}
	return detail
}

// duplicateUserID names the customer that has the user_id already; id is the
// one that was to get it, 0 for a new one.
func (r *customerResource) duplicateUserID(ctx context.Context, id int64, sent helpcrunch.Changes, err error) diag.Diagnostic {
	userID, _ := sent.UserID.Get()
	var ids []int64
	if customers, lookup := r.account.client.LookUp(ctx, helpcrunch.UserID, userID); lookup == nil {
		for _, customer := range customers {
			if customer.ID != id { // a search may lag
				ids = append(ids, customer.ID)
			}
		}
	}
	return r.userIDTaken(userID, ids, err.Error())
}

// userIDTaken says who has a user_id, as far as it is known, and what to do.
func (r *customerResource) userIDTaken(userID string, ids []int64, words string) diag.Diagnostic {
	const summary = "A customer with this user_id already exists"
	owner, id := "Another HelpCrunch customer", typedKey(userID)
	if len(ids) == 1 {
		id = strconv.FormatInt(ids[0], 10)
		owner = "HelpCrunch customer " + id
		if r.account.manages(id) {
			return diag.NewAttributeErrorDiagnostic(path.Root("user_id"), summary, fmt.Sprintf(
				"%s has user_id %q, and is managed by another resource of this configuration (terraform state list -id=%[3]s names it). "+
					"HelpCrunch gives a user_id to one customer only, so to move it takes two steps: "+
					"give the one that has it now another user_id, or \"\", and apply; then write it here, and apply again.\n\n%[4]s", owner, userID, id, words))
		}
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("user_id"), summary,
		fmt.Sprintf("%s already has user_id %q. To manage it with Terraform, import it; ADDRESS is that of this resource:\n\n    terraform import ADDRESS %s\n\n%s\n\n"+
			"If the state has that customer already (terraform state list -id=ID names the resource), it is not imported again: "+
			"give it another user_id, or \"\", and apply that first. If it may be what a run has made that was killed, adopt_existing = true takes over whoever has the user_id.", owner, userID, id, words))
}

// typedKey is what terraform import takes for a user_id, as it is typed into a
// shell: it may come from people who choose their own, and what it would do there
// is not for them to say. Nobody knows which shell it is, and in those of Windows
// single quotes are none: so what one of them might take for something else is
// imported by the id.
func typedKey(userID string) string {
	key := "user_id:" + userID
	besides := func(others string) bool {
		return strings.ContainsFunc(key, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:@+"+others, r)
		})
	}
	switch {
	case !besides(""):
		return key
	case !besides(" ',;/=#&|<>()[]{}*?~"):
		return `"` + key + `"`
	}
	return "ID"
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
