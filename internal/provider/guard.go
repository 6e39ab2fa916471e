// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// guarded is what is known of the account that an operation is about. Ids are
// numbers of one account: with the key of another they are other people's.
type guarded struct {
	reads  bool         // the operation changes nothing in HelpCrunch
	stated types.String // the account of the state, null where none is named

	account      *helpcrunch.Organization // of the API key, nil where it cannot be read
	organization types.String             // its id, or null
	doubt        error                    // why it is not known whether that is the state's
}

// guard refuses to work on a customer out of another account than the API
// key's. Where the account cannot be read, it refuses to write to customers
// whose account is known.
func (g *guarded) guard(ctx context.Context, a *account, id int64, failed string) diag.Diagnostics {
	known, err := a.client.Organization(ctx)
	_, unknown := errors.AsType[*helpcrunch.UnknownOrganizationError](err)
	named := g.stated.ValueString() != ""
	switch {
	case err == nil:
		g.account = known
		g.organization = types.StringValue(strconv.FormatInt(known.ID, 10))
		if named && !g.organization.Equal(g.stated) {
			return diag.Diagnostics{anotherAccount(id, failed, g.stated.ValueString(), known)}
		}
	case !unknown:
		return requestFailed(failed, err)
	case named && g.reads:
		g.organization, g.doubt = g.stated, err
	case named:
		return accountInDoubt(id, failed, g.stated.ValueString(), err)
	}
	return nil
}

// isOf refuses an API key of another account than the one with this domain.
func (a *account) isOf(ctx context.Context, domain string) diag.Diagnostics {
	const summary = "The API key is not known to be one of the organization"
	ctx, end := context.WithTimeout(ctx, defaultTimeout)
	defer end()
	known, err := a.client.Organization(ctx)
	switch {
	case err != nil:
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("organization"), summary, fmt.Sprintf(
			"organization, or the environment variable %s, says which account this configuration is for, and the account of the API key could not be read. "+
				"So nothing was read or written with this provider block. %s\n\n%s", envOrganization, advice(err), err))}
	case !strings.EqualFold(known.Domain, domain):
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("organization"), "The API key is one of another organization", fmt.Sprintf(
			"organization, or the environment variable %s, says that this configuration is for the HelpCrunch account %q, and the API key is one of %s. "+
				"So nothing was read or written with this provider block. organization is the domain as it stands between these quotes, and no URL. Use a key of that account (api_key, or %[4]s), or correct organization.", envOrganization, domain, nameOf(known), envAPIKey))}
	}
	return nil
}

func anotherAccount(id int64, failed, stated string, known *helpcrunch.Organization) diag.Diagnostic {
	if id == 0 {
		return diag.NewAttributeErrorDiagnostic(path.Root("organization"), failed, fmt.Sprintf(
			"The plan is of another account: it was made for the HelpCrunch account %s, and the API key is one of %s. So nothing was written. "+
				"Use a key of account %s, or plan anew.", stated, nameOf(known), stated))
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("organization"), failed, fmt.Sprintf(
		"The state is of another account: customer %d is one of the HelpCrunch account %s, and the API key is one of %s. "+
			"The same id is somebody else there, so nothing was written.\n\n"+
			"Use a key of account %s: check api_key in the provider block, or the environment variable %s, and the provider that the resource is tied to. "+
			"Customers of %s are adopted by importing them, into resources that are not in this state.",
		id, stated, nameOf(known), stated, envAPIKey, nameOf(known)))
}

// accountInDoubt is for a write, or for somebody who seems to be gone, or to be
// otherwise than the state has them.
func accountInDoubt(id int64, failed, stated string, err error) diag.Diagnostics {
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("organization"), failed, fmt.Sprintf(
		"Customer %d is one of the HelpCrunch account %s, and whether the API key is one of that account could not be found out: "+
			"elsewhere the same id is somebody else. So nothing was written, and nothing taken into the state. Run it again, or use a key that may read the account.\n\n%s", id, stated, err))}
}

// missing warns of a customer whom HelpCrunch does not know any more. The summary is
// one and the same for all of whom the same becomes: Terraform shows the first and
// counts the others.
func (g *guarded) missing(attribute, becomes, detail string) diag.Diagnostic {
	account := "account of the API key"
	if g.account != nil {
		account = nameOf(g.account)
	}
	return diag.NewAttributeWarningDiagnostic(path.Root(attribute), "Customers are missing in HelpCrunch "+account+", and "+becomes, detail)
}

// nameOf names an account, such as account 17 ("acme"). Quoted, a domain
// cannot forge anything.
func nameOf(known *helpcrunch.Organization) string {
	if known.Domain == "" {
		return fmt.Sprintf("account %d", known.ID)
	}
	return fmt.Sprintf("account %d (%q)", known.ID, known.Domain)
}
