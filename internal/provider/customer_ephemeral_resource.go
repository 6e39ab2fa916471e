// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"

	found "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

var (
	_ ephemeral.EphemeralResource                   = (*customerEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithConfigure      = (*customerEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*customerEphemeralResource)(nil)
)

// newCustomerEphemeralResource returns the ephemeral resource helpcrunch_customer.
func newCustomerEphemeralResource() ephemeral.EphemeralResource { return &customerEphemeralResource{} }

// customerEphemeralResource is the data source helpcrunch_customer for what must
// not stand in a state or a plan.
type customerEphemeralResource struct {
	account *account
}

func (e *customerEphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer"
}

func (e *customerEphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one customer by `id`, `email` or `user_id`, as the data source of the same name does, and hands on what HelpCrunch knows of them without a trace in state or plan: " +
			"to write-only attributes, provider blocks and other ephemeral values. What is empty in HelpCrunch is `null`. Needs Terraform 1.10 or OpenTofu 1.11.",
		Attributes: ephemeralAttributes(lookedUpAttributes()),
	}
}

// ephemeralAttributes are the attributes of a data source for an ephemeral resource.
func ephemeralAttributes(of map[string]found.Attribute) map[string]schema.Attribute {
	attributes := make(map[string]schema.Attribute, len(of))
	for name, a := range of {
		about := a.GetMarkdownDescription()
		switch a := a.(type) {
		case found.StringAttribute:
			attributes[name] = schema.StringAttribute{Optional: a.Optional, Computed: true, MarkdownDescription: about}
		case found.BoolAttribute:
			attributes[name] = schema.BoolAttribute{Computed: true, MarkdownDescription: about}
		case found.DynamicAttribute:
			attributes[name] = schema.DynamicAttribute{Computed: true, MarkdownDescription: about}
		case found.SingleNestedAttribute:
			attributes[name] = schema.SingleNestedAttribute{Computed: true, MarkdownDescription: about, Attributes: ephemeralAttributes(a.Attributes)}
		case found.SetNestedAttribute:
			attributes[name] = schema.SetNestedAttribute{
				Computed: true, MarkdownDescription: about,
				NestedObject: schema.NestedAttributeObject{Attributes: ephemeralAttributes(a.NestedObject.Attributes)},
			}
		default:
			panic(fmt.Sprintf("%s: no ephemeral form of %T", name, a))
		}
	}
	return attributes
}

func (e *customerEphemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	if req.ProviderData != nil {
		e.account, _ = req.ProviderData.(*account)
	}
}

func (e *customerEphemeralResource) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	resp.Diagnostics.Append(lookupOf(ctx, req.Config.GetAttribute, &resp.Diagnostics).problems(e.account)...)
}

func (e *customerEphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	asked := lookupOf(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	customer := asked.find(ctx, e.account, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	values := foundCustomer(customer)
	if !asked.email.IsNull() {
		values["email"] = asked.email // the same address, perhaps in another case
	}
	resp.Diagnostics.Append(resp.Result.Set(ctx, foundObject(values))...)
}
