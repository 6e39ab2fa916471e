// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ datasource.DataSource                   = (*customersDataSource)(nil)
	_ datasource.DataSourceWithConfigure      = (*customersDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*customersDataSource)(nil)
)

// newCustomersDataSource returns the data source helpcrunch_customers.
func newCustomersDataSource() datasource.DataSource { return &customersDataSource{} }

type customersDataSource struct {
	account *account
}

type customersModel struct {
	Filter    types.List   `tfsdk:"filter"`
	Match     types.String `tfsdk:"match"`
	Sort      types.String `tfsdk:"sort"`
	Order     types.String `tfsdk:"order"`
	Limit     types.Int64  `tfsdk:"limit"`
	IDs       types.List   `tfsdk:"ids"`
	Customers types.List   `tfsdk:"customers"`
}

func (d *customersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customers"
}

func (d *customersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Searches customers, page by page until the end. `ids` and `customers` are fit for `for_each`, in `import` blocks too.",
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
			"limit": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: fmt.Sprintf("How many customers at most, 1 or more, such as `50`. Left out: all, one request for each hundred; more than %d are an error.", helpcrunch.MaxFound),
			},
			"ids": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The ids of the customers, in the order of the search, such as `[\"542335\", \"542336\"]`.",
			},
			"customers": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The customers, in the order of the search, such as `[{ id = \"542335\", name = \"Ada Lovelace\", ... }]`.",
				NestedObject: schema.NestedAttributeObject{Attributes: listedCustomerAttributes()},
			},
		},
	}
}

func listedCustomerAttributes() map[string]schema.Attribute {
	attributes := foundCustomerAttributes()
	attributes["custom_data"] = schema.MapAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "All custom attributes that have a value, as text, such as `{ plan = \"gold\", seats = \"12\" }`. The data source `helpcrunch_customer` has them in their own kinds.",
	}
	return attributes
}

func (d *customersDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData != nil {
		d.account, _ = req.ProviderData.(*account)
	}
}

func (d *customersDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config customersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !config.Limit.IsNull() && !config.Limit.IsUnknown() && config.Limit.ValueInt64() < 1 {
		resp.Diagnostics.AddAttributeError(path.Root("limit"), "Not a limit", "limit is 1 or more. Leave it out for all customers.")
	}
	search := searchModel{Match: config.Match, Sort: config.Sort, Order: config.Order}
	if !config.Filter.IsUnknown() && allKnown(config.Filter.Elements()) {
		resp.Diagnostics.Append(config.Filter.ElementsAs(ctx, &search.Filter, false)...)
	}
	resp.Diagnostics.Append(search.problems()...)
}

// allKnown reports whether each element is known, if not all that is in it.
func allKnown(elements []attr.Value) bool {
	for _, element := range elements {
		if element.IsUnknown() {
			return false
		}
	}
	return true
}

func (d *customersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config customersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	search := searchModel{Match: config.Match, Sort: config.Sort, Order: config.Order}
	resp.Diagnostics.Append(config.Filter.ElementsAs(ctx, &search.Filter, false)...)
	resp.Diagnostics.Append(search.problems()...) // for what was unknown until now
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()

	var leftOut diag.Diagnostics
	ids := []string{}
	customers := []attr.Value{}
	for customer, err := range d.account.client.SearchCustomers(ctx, search.search(config.Limit.ValueInt64())) {
		if err != nil {
			resp.Diagnostics.Append(requestFailed("The customers were not searched", err)...)
			return
		}
		resp.Diagnostics.Append(tooManyTags(customer)...)
		if resp.Diagnostics.HasError() {
			return
		}
		ids = append(ids, fmt.Sprint(customer.ID))
		found := listedCustomer(customer)
		if !d.account.personalDataInState {
			leftOut = diag.Diagnostics{leaveOutPersonalData(found)} // once for all of them
		}
		customers = append(customers, foundObject(found))
	}
	resp.Diagnostics.Append(leftOut...)
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("ids"), ids)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("customers"), customers)...)
}

// listedCustomer is a foundCustomer in a list, where Terraform permits no
// dynamic value: custom data is a map of texts.
func listedCustomer(customer *helpcrunch.Customer) map[string]attr.Value {
	properties := make(map[string]attr.Value)
	for name, value := range customer.CustomData.Named() {
		if !value.IsEmpty() {
			properties[name] = types.StringValue(value.Text)
		}
	}
	found := foundCustomer(customer)
	found["custom_data"] = types.MapValueMust(types.StringType, properties)
	return found
}
