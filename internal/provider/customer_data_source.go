// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ datasource.DataSource                   = (*customerDataSource)(nil)
	_ datasource.DataSourceWithConfigure      = (*customerDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*customerDataSource)(nil)
)

// newCustomerDataSource returns the data source helpcrunch_customer.
func newCustomerDataSource() datasource.DataSource { return &customerDataSource{} }

type customerDataSource struct {
	account *account
}

// foundCustomer is a customer as HelpCrunch holds it. Null is null here: a
// data source manages nothing.
type foundCustomer struct {
	foundCustomerFields
	CustomData types.Dynamic `tfsdk:"custom_data"`
}

// foundCustomerFields are all but the custom data, which a list of customers
// has in another form.
type foundCustomerFields struct {
	ID            types.String `tfsdk:"id"`
	Name          types.String `tfsdk:"name"`
	Email         types.String `tfsdk:"email"`
	UserID        types.String `tfsdk:"user_id"`
	Company       types.String `tfsdk:"company"`
	Phone         types.String `tfsdk:"phone"`
	Notes         types.String `tfsdk:"notes"`
	Locale        types.String `tfsdk:"locale"`
	Source        types.String `tfsdk:"source"`
	Referer       types.String `tfsdk:"referer"`
	LastPage      types.String `tfsdk:"last_page"`
	CreatedFrom   types.String `tfsdk:"created_from"`
	IntegrationID types.String `tfsdk:"integration_id"`
	FirstSeen     types.String `tfsdk:"first_seen"`
	LastSeen      types.String `tfsdk:"last_seen"`
	Unsubscribed  types.Bool   `tfsdk:"unsubscribed"`
	Blocked       types.Bool   `tfsdk:"blocked"`
	Tags          types.Set    `tfsdk:"tags"`
	Location      types.Object `tfsdk:"location"`
	Device        types.Object `tfsdk:"device"`
}

func (d *customerDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer"
}

func (d *customerDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one customer by `id`, `email` or `user_id`, with everything that HelpCrunch knows of them. What is empty in HelpCrunch is `null`.",
		Attributes:          foundCustomerAttributes(),
	}
	for _, key := range []string{"id", "email", "user_id"} {
		a, _ := resp.Schema.Attributes[key].(schema.StringAttribute)
		a.Optional = true
		a.MarkdownDescription += " Exactly one of `id`, `email` and `user_id` is given."
		resp.Schema.Attributes[key] = a
	}
}

// foundCustomerAttributes describe every field of the customer object.
func foundCustomerAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":             text("The id that HelpCrunch gave the customer, such as `\"542335\"`."),
		"name":           text("The full name, such as `\"Ada Lovelace\"`."),
		"email":          text("The e-mail address, such as `\"ada@example.com\"`. Several customers may have the same; looking one up is then an error that lists their ids."),
		"user_id":        text("Your own key for the customer, such as `\"crm-17\"`."),
		"company":        text("The company, such as `\"Analytical Engines\"`."),
		"phone":          text("The phone number, such as `\"+44 20 7946 0000\"`."),
		"notes":          text("Notes that agents see beside the chat, such as `\"Prefers calls in the morning\"`."),
		"locale":         text("The language, ISO 639-1, such as `\"en\"`."),
		"source":         text("The URL that brought the customer, such as `\"https://example.com/campaign\"`."),
		"referer":        text("The URL that referred the customer, such as `\"https://example.org/\"`."),
		"last_page":      text("The URL of the page seen last, such as `\"https://example.com/pricing\"`."),
		"created_from":   text("The channel the customer came from, such as `\"web\"` or `\"telegram\"`."),
		"integration_id": text("The customer's id in that channel, such as `\"98765\"`."),
		"first_seen":     text("When the customer was first seen, in UNIX seconds such as `\"1700000000\"`."),
		"last_seen":      text("When the customer was last seen, in UNIX seconds such as `\"1700000000\"`."),
		"unsubscribed":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the customer has opted out of e-mails, such as `false`."},
		"blocked":        schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the customer is blocked from writing, such as `false`."},
		"tags": schema.SetNestedAttribute{
			Computed: true, MarkdownDescription: fmt.Sprintf("The customer's tags, such as `[{ name = \"vip\", color = \"#c377e0\" }]`, at most %d: more are an error.", maxTags),
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"name":  text("The name, such as `\"vip\"`."),
				"color": text("The colour that the tag has in the account, such as `\"#c377e0\"`."),
			}},
		},
		"custom_data": schema.DynamicAttribute{
			Computed:            true,
			MarkdownDescription: "All custom attributes that have a value, as an object such as `{ plan = \"gold\", seats = 12 }`. A date is a number of UNIX seconds.",
		},
		"location": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "Where the customer was seen, such as `{ city = \"London\", country_code = \"GB\", region_code = \"ENG\" }`.",
			Attributes: map[string]schema.Attribute{
				"city":         text("The city, such as `\"London\"`."),
				"country_code": text("The country, such as `\"GB\"`."),
				"region_code":  text("The region, such as `\"ENG\"`."),
			},
		},
		"device": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What the customer was seen with, `null` for customers made by the API.",
			Attributes: map[string]schema.Attribute{
				"id":         text("The id of the device, such as `\"81\"`."),
				"ip":         text("The IP address, such as `\"192.0.2.1\"`."),
				"timezone":   text("The time zone, such as `\"Europe/London\"`."),
				"platform":   text("`\"desktop\"` or `\"mobile\"`."),
				"user_agent": text("The user agent of the browser, such as `\"Mozilla/5.0\"`."),
			},
		},
	}
}

func (d *customerDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData != nil {
		d.account, _ = req.ProviderData.(*account)
	}
}

func (d *customerDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config foundCustomer
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	given, unknown := 0, false
	for _, key := range []types.String{config.ID, config.Email, config.UserID} {
		unknown = unknown || key.IsUnknown()
		if !key.IsNull() && !key.IsUnknown() {
			given++
		}
	}
	if given > 1 || given == 0 && !unknown {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Not one key to look for",
			"A customer is read by exactly one of id, email and user_id. Write one of them.")
	}
	// A provider that is not configured may be a mock, and so may the id.
	if d.account != nil && !config.ID.IsNull() && !config.ID.IsUnknown() && !isID(config.ID.ValueString()) {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Not the id of a customer", "id is a string of digits such as \"542335\".")
	}
}

func (d *customerDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config foundCustomer
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()

	var customer *helpcrunch.Customer
	switch {
	case !config.ID.IsNull():
		id := parseID(config.ID.ValueString(), &resp.Diagnostics)
		if resp.Diagnostics.HasError() {
			return
		}
		var err error
		if customer, err = d.account.client.GetCustomer(ctx, id); err != nil {
			if helpcrunch.IsNotFound(err) {
				resp.Diagnostics.AddAttributeError(path.Root("id"), "No such customer", fmt.Sprintf("HelpCrunch has no customer %d.\n\n%s", id, err))
				return
			}
			resp.Diagnostics.Append(requestFailed(fmt.Sprintf("Customer %d was not read", id), err)...)
			return
		}
	case !config.Email.IsNull():
		found, diags := d.account.findOne(ctx, helpcrunch.Email, config.Email.ValueString(), "")
		resp.Diagnostics.Append(diags...)
		customer = found
	default:
		found, diags := d.account.findOne(ctx, helpcrunch.UserID, config.UserID.ValueString(), fmt.Sprintf(", %q", config.UserID.ValueString()))
		resp.Diagnostics.Append(diags...)
		customer = found
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(tooManyTags(customer)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found := newFoundCustomer(customer)
	if !config.Email.IsNull() {
		found.Email = config.Email // the same address, perhaps in another case
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, found)...)
}

var (
	foundTagType = types.ObjectType{AttrTypes: map[string]attr.Type{"name": types.StringType, "color": types.StringType}}

	locationTypes = map[string]attr.Type{"city": types.StringType, "country_code": types.StringType, "region_code": types.StringType}
	deviceTypes   = map[string]attr.Type{
		"id": types.StringType, "ip": types.StringType, "timezone": types.StringType, "platform": types.StringType, "user_agent": types.StringType,
	}
)

func newFoundCustomer(c *helpcrunch.Customer) foundCustomer {
	tags := make([]attr.Value, len(c.Tags))
	for i, tag := range c.Tags {
		tags[i] = types.ObjectValueMust(foundTagType.AttrTypes, map[string]attr.Value{
			"name": types.StringValue(tag.Name), "color": types.StringValue(tag.Color),
		})
	}
	properties := make(map[string]attr.Value, len(c.CustomData))
	for name, value := range c.CustomData.Named() {
		if !value.IsEmpty() {
			properties[name] = elementOf(value)
		}
	}
	found := foundCustomerFields{
		ID:            types.StringValue(strconv.FormatInt(c.ID, 10)),
		Name:          types.StringPointerValue(c.Name),
		Email:         types.StringPointerValue(c.Email),
		UserID:        types.StringPointerValue(c.UserID),
		Company:       types.StringPointerValue(c.Company),
		Phone:         types.StringPointerValue(c.Phone),
		Notes:         types.StringPointerValue(c.Notes),
		Locale:        types.StringPointerValue(c.Locale),
		Source:        types.StringPointerValue(c.Source),
		Referer:       types.StringPointerValue(c.Referer),
		LastPage:      types.StringPointerValue(c.LastPage),
		CreatedFrom:   types.StringPointerValue(c.CreatedFrom),
		IntegrationID: types.StringPointerValue(c.IntegrationID),
		FirstSeen:     momentOf(c.FirstSeen),
		LastSeen:      momentOf(c.LastSeen),
		Unsubscribed:  types.BoolValue(c.Unsubscribed),
		Blocked:       types.BoolValue(c.Blocked),
		Tags:          types.SetValueMust(foundTagType, tags),
		Location:      types.ObjectNull(locationTypes),
		Device:        types.ObjectNull(deviceTypes),
	}
	if l := c.Location; l != nil {
		found.Location = types.ObjectValueMust(locationTypes, map[string]attr.Value{
			"city":         types.StringPointerValue(l.City),
			"country_code": types.StringPointerValue(l.CountryCode),
			"region_code":  types.StringPointerValue(l.RegionCode),
		})
	}
	if d := c.Device; d != nil {
		id := types.StringNull()
		if d.ID != nil && d.ID.Text != "" {
			id = types.StringValue(d.ID.Text)
		}
		found.Device = types.ObjectValueMust(deviceTypes, map[string]attr.Value{
			"id":         id,
			"ip":         types.StringPointerValue(d.IP),
			"timezone":   types.StringPointerValue(d.Timezone),
			"platform":   types.StringPointerValue(d.Platform),
			"user_agent": types.StringPointerValue(d.UserAgent),
		})
	}
	return foundCustomer{found, customDataObject(properties)}
}

func momentOf(t helpcrunch.Timestamp) types.String {
	if t.IsNull() {
		return types.StringNull()
	}
	return types.StringValue(t.String())
}
