// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ list.ListResource                   = (*customerListResource)(nil)
	_ list.ListResourceWithConfigure      = (*customerListResource)(nil)
	_ list.ListResourceWithValidateConfig = (*customerListResource)(nil)
)

// newCustomerListResource returns the list resource helpcrunch_customer.
func newCustomerListResource() list.ListResource { return &customerListResource{} }

// customerListResource has Metadata and Configure from the resource.
type customerListResource struct {
	customerResource
}

func (r *customerListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists customers for `terraform query`, with their identity and, where asked for, a configuration that plans clean. Needs Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"filter": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: filterDescription,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"field":    schema.StringAttribute{Required: true, MarkdownDescription: fieldDescription},
					"operator": schema.StringAttribute{Required: true, MarkdownDescription: operatorDescription},
					"value":    schema.StringAttribute{Required: true, MarkdownDescription: valueDescription},
				}},
			},
			"match": schema.StringAttribute{Optional: true, MarkdownDescription: matchDescription},
			"sort":  schema.StringAttribute{Optional: true, MarkdownDescription: sortDescription},
			"order": schema.StringAttribute{Optional: true, MarkdownDescription: orderDescription},
		},
	}
}

func (r *customerListResource) ValidateListResourceConfig(ctx context.Context, req list.ValidateConfigRequest, resp *list.ValidateConfigResponse) {
	var filters types.List
	var search searchModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("filter"), &filters)...)
	if resp.Diagnostics.HasError() || filters.IsUnknown() || !allKnown(filters.Elements()) {
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &search)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(search.problems()...)
	}
}

func (r *customerListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var search searchModel
	diags := req.Config.Get(ctx, &search)
	if !diags.HasError() {
		diags.Append(search.problems()...)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
		for customer, err := range r.account.client.SearchCustomers(ctx, search.search(req.Limit)) {
			if odd, ok := errors.AsType[*helpcrunch.UnreadableError](err); ok && odd.ID != 0 {
				if !push(list.ListResult{Diagnostics: requestFailed(fmt.Sprintf("Customer %d was not listed", odd.ID), err)}) {
					return
				}
				continue // the others can be
			}
			if err != nil {
				push(list.ListResult{Diagnostics: requestFailed("The customers were not listed", err)})
				return
			}
			if !push(r.listResult(ctx, req, customer)) {
				return
			}
		}
	}
}

func (r *customerListResource) listResult(ctx context.Context, req list.ListRequest, customer *helpcrunch.Customer) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = fmt.Sprintf("Customer %d", customer.ID)
	if r.account.personalDataInState {
		result.DisplayName = displayName(customer)
	}
	result.Diagnostics.Append(result.Identity.SetAttribute(ctx, path.Root("id"), strconv.FormatInt(customer.ID, 10))...)
	if req.IncludeResource {
		model := newCustomerModel()
		model.adopt(customer, r.account)
		result.Diagnostics.Append(tagsLeftOut(customer)...)
		result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	}
	return result
}

// displayName is what an agent sees a customer under in HelpCrunch, and no
// more. Customers type it themselves.
func displayName(customer *helpcrunch.Customer) string {
	for _, text := range []*string{customer.Name, customer.Email} {
		if text == nil {
			continue
		}
		if shown := helpcrunch.OneLine(*text, 80); shown != "" {
			return shown
		}
	}
	return fmt.Sprintf("Customer %d", customer.ID)
}

// newCustomerModel is a customer of whom nothing is managed.
func newCustomerModel() customerModel {
	kinds := map[string]attr.Type{
		"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
	}
	return customerModel{Tags: types.SetNull(tagType), CustomData: types.DynamicNull(), Digests: types.MapNull(types.StringType), Timeouts: timeouts.Value{Object: types.ObjectNull(kinds)}}
}
