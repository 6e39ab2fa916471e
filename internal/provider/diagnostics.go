// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// requestFailed turns an error of the client into diagnostics. summary says
// what did not work in the user's terms, such as "The customer was not updated".
func requestFailed(summary string, err error) diag.Diagnostics {
	return customerRefused(summary, err, helpcrunch.Changes{}, attributeOf)
}

// customerRefused is requestFailed for the fields of a customer, and the
// attributes that they are written with.
func customerRefused(summary string, err error, sent helpcrunch.Changes, attributeOf func(field string) string) diag.Diagnostics {
	if learned, ok := errors.AsType[*helpcrunch.LearnedError](err); ok {
		attribute := attributeOf("customData." + learned.Property)
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root(attribute), summary, fmt.Sprintf("%s\n\n%s", unknownProperty(attribute, learned.Property), err))}
	}
	return refused(summary, err, func(entry helpcrunch.ErrorEntry) (attribute, why string) {
		property := sent.CustomData.PropertyOf(entry)
		if property == "" {
			attribute = attributeOf(entry.Field())
			return attribute, notAccepted(attribute)
		}
		attribute = attributeOf("customData." + property)
		if entry.OfProperty() {
			return attribute, unknownProperty(attribute, property)
		}
		return attribute, notAccepted(fmt.Sprintf("the property %q of %s", property, attribute)) +
			" A custom attribute takes what its type in HelpCrunch says: text and URLs are written in quotes, numbers and bools without, " +
			"a date as UNIX seconds in quotes, such as unix_timestamp(\"2025-01-01T00:00:00Z\") of this provider makes."
	})
}

func notAccepted(what string) string {
	return fmt.Sprintf("HelpCrunch does not accept the value of %s.", what)
}

func unknownProperty(attribute, name string) string {
	return fmt.Sprintf("HelpCrunch does not know the property %q of %s. Add it in HelpCrunch under Settings > Contacts > Custom attributes, "+
		"or take it out of the configuration.", name, attribute)
}

// refused is requestFailed for a write: each entry of a refusal that blame
// finds an attribute for stands on it, and says why.
func refused(summary string, err error, blame func(helpcrunch.ErrorEntry) (attribute, why string)) diag.Diagnostics {
	var diags diag.Diagnostics
	var refusal *helpcrunch.Error
	if errors.As(err, &refusal) && refusal.Status >= 400 && refusal.Status < 500 {
		// One error an attribute, each with the whole answer: an entry is
		// often understood only beside the others.
		var named []string
		for _, entry := range refusal.Entries {
			attribute, why := blame(entry)
			if attribute == "" || slices.Contains(named, attribute) {
				continue
			}
			named = append(named, attribute)
			diags.AddAttributeError(path.Root(attribute), summary, fmt.Sprintf("%s\n\n%s", why, err))
		}
	}
	if !diags.HasError() {
		diags.AddError(summary, advice(err)+"\n\n"+err.Error())
	}
	return diags
}

// noCustomer is a 404 where customer_id is the attribute at fault.
func noCustomer(summary string, id int64, err error) diag.Diagnostics {
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), summary,
		fmt.Sprintf("HelpCrunch has no customer %d: the id is wrong, or the customer was deleted.\n\n%s", id, err))}
}

// advice says what to do about an error.
func advice(err error) string {
	var refusal *helpcrunch.Error
	var unreachable *helpcrunch.UnreachableError
	var lost *helpcrunch.LostError
	var unreadable *helpcrunch.UnreadableError
	var other *helpcrunch.OtherCustomerError
	var unknown *unknownSettings
	switch {
	case errors.As(err, &unknown):
		return "A setting of the provider depends on a value that is known only after an apply, and so HelpCrunch cannot be asked. " +
			"Apply what it depends on first (terraform apply -target=ADDRESS), write a known value, or leave the setting out and use its environment variable."
	case errors.Is(err, context.DeadlineExceeded) && helpcrunch.OutcomeUnknown(err):
		return "The time for this operation ran out after the request had left: whether HelpCrunch carried it out is not known. Run terraform plan to see. " +
			"Raise the time with the timeouts attribute of the resource."
	case errors.As(err, &unreadable):
		return "HelpCrunch has answered, and a part of what it says about this customer is not what its documentation says. Nothing of it was taken into the state. " +
			"Correct the field in HelpCrunch if it can be seen there, and run terraform plan again; if not, report it to the provider's developers."
	case errors.As(err, &other):
		return fmt.Sprintf("Customer %d was probably merged into customer %d. Look at both in HelpCrunch. If they are one now, take customer %[1]d out of the state, and import customer %[2]d "+
			"in its place where no other resource manages it; ADDRESS is that of this resource:\n\n    terraform state rm ADDRESS\n    terraform import ADDRESS %[2]d", other.Asked, other.Got)
	case errors.As(err, &refusal):
		switch {
		case refusal.Status == http.StatusUnauthorized:
			return "HelpCrunch does not accept the API key. Check api_key in the provider block, or the environment variable " + envAPIKey +
				": the key stands in HelpCrunch under Settings > Developers > Public API."
		case refusal.Status == http.StatusForbidden:
			return "HelpCrunch knows the API key but does not permit this. Check that the key belongs to the right account (api_key, or " + envAPIKey +
				") and that the plan of the account includes the API."
		case refusal.Status >= 300 && refusal.Status < 400:
			return "The server redirects elsewhere. Redirects are not followed, so that the API key stays where it was meant for. Check base_url, or " + envBaseURL + "."
		case refusal.Status == http.StatusTooManyRequests:
			return "The requests of the account are used up, and HelpCrunch takes none before this operation would be over. Nothing was changed by this one. " +
				"Run Terraform again after the time that HelpCrunch names, or give the operation longer with the timeouts attribute. Other programs with the same API key share the limit."
		case refusal.Status >= 500:
			return "HelpCrunch has a problem of its own. What was written before is in the state; run terraform apply again later."
		case refusal.Status == http.StatusNotFound:
			if !helpcrunch.IsNotFound(err) {
				return "This does not say that a customer does not exist: nothing of HelpCrunch's API was found at this address. Check base_url, or " + envBaseURL + ": it ends in /v1."
			}
			return "HelpCrunch has no such customer. Run terraform plan to see which customers were deleted elsewhere."
		}
		return "HelpCrunch refused the request. Nothing was changed by it."
	case errors.As(err, &unreachable):
		return "Check the network, and base_url (or " + envBaseURL + "). Nothing was sent."
	case errors.As(err, &lost):
		return "Whether HelpCrunch carried out the request is not known. Run terraform plan to see."
	case errors.Is(err, context.DeadlineExceeded):
		return "The time for this operation ran out. Raise it with the timeouts attribute of the resource, lower the number of customers in a state, " +
			"or raise requests_per_minute if the account permits more. Other programs with the same API key share the limit."
	case errors.Is(err, context.Canceled):
		return "The run was stopped."
	}
	return "This is not expected to happen."
}

// listed are names of fields. Those of custom properties come from the account.
func listed(names []string) string { return helpcrunch.OneLine(strings.Join(names, ", "), 1000) }
