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
	"github.com/hashicorp/terraform-plugin-framework/diag"
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

func (d *customerDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer"
}

func (d *customerDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one customer by `id`, `email` or `user_id`, with everything that HelpCrunch knows of them. What is empty in HelpCrunch is `null`.",
		Attributes:          lookedUpAttributes(),
	}
}

// lookedUpAttributes are foundCustomerAttributes with the keys to look for.
func lookedUpAttributes() map[string]schema.Attribute {
	attributes := foundCustomerAttributes()
	for _, key := range []string{"id", "email", "user_id"} {
		a, _ := attributes[key].(schema.StringAttribute)
		a.Optional = true
		if key == "email" {
			a.MarkdownDescription += " Several customers may have the same; looking one up is then an error that lists their ids."
		}
		a.MarkdownDescription += " Exactly one of `id`, `email` and `user_id` is given."
		attributes[key] = a
	}
	return attributes
}

// foundCustomerAttributes describe every field of the customer object.
func foundCustomerAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	attributes := map[string]schema.Attribute{
		"id": text("The id that HelpCrunch gave the customer, such as `\"542335\"`."),
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
	for _, a := range textAttributes {
		attributes[a.name] = text(a.is)
	}
	for _, a := range flagAttributes {
		attributes[a.name] = schema.BoolAttribute{Computed: true, MarkdownDescription: a.is}
	}
	return attributes
}

func (d *customerDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData != nil {
		d.account, _ = req.ProviderData.(*account)
	}
}

func (d *customerDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	resp.Diagnostics.Append(lookupOf(ctx, req.Config.GetAttribute, &resp.Diagnostics).problems(d.account)...)
}

func (d *customerDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	customer := lookupOf(ctx, req.Config.GetAttribute, &resp.Diagnostics).find(ctx, d.account, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	found := foundCustomer(customer)
	if !d.account.personalDataInState {
		resp.Diagnostics.Append(leaveOutPersonalData(found))
	}
	if email := rawAttributes(req.Config.Raw)["email"]; !email.IsNull() {
		var written types.String
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("email"), &written)...)
		found["email"] = written // the same address, perhaps in another case
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, foundObject(found))...)
}

// lookup is how one customer is asked for.
type lookup struct{ id, email, userID types.String }

func lookupOf(ctx context.Context, attribute func(context.Context, path.Path, any) diag.Diagnostics, diags *diag.Diagnostics) lookup {
	var l lookup
	for name, target := range map[string]*types.String{"id": &l.id, "email": &l.email, "user_id": &l.userID} {
		diags.Append(attribute(ctx, path.Root(name), target)...)
	}
	return l
}

func (l lookup) problems(a *account) diag.Diagnostics {
	var diags diag.Diagnostics
	given, unknown := 0, false
	for _, key := range []types.String{l.id, l.email, l.userID} {
		unknown = unknown || key.IsUnknown()
		if !key.IsNull() && !key.IsUnknown() {
			given++
		}
	}
	if given > 1 || given == 0 && !unknown {
		diags.AddAttributeError(path.Root("id"), "Not one key to look for",
			"A customer is read by exactly one of id, email and user_id. Write one of them.")
	}
	// A provider that is not configured may be a mock, and so may the id.
	if a != nil && !l.id.IsNull() && !l.id.IsUnknown() && !isID(l.id.ValueString()) {
		diags.AddAttributeError(path.Root("id"), "Not the id of a customer", "id is a string of digits such as \"542335\".")
	}
	return diags
}

// find is the one customer who is asked for; diags has why there is none.
func (l lookup) find(ctx context.Context, a *account, diags *diag.Diagnostics) *helpcrunch.Customer {
	if diags.HasError() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	var customer *helpcrunch.Customer
	if !l.id.IsNull() {
		id := parseID(l.id.ValueString(), diags)
		if diags.HasError() {
			return nil
		}
		var err error
		if customer, err = a.client.GetCustomer(ctx, id); err != nil {
			if helpcrunch.IsNotFound(err) {
				diags.AddAttributeError(path.Root("id"), "No such customer", fmt.Sprintf("HelpCrunch has no customer %d.\n\n%s", id, err))
				return nil
			}
			diags.Append(requestFailed(fmt.Sprintf("Customer %d was not read", id), err)...)
			return nil
		}
	} else {
		by, shown := importKey{helpcrunch.Email, l.email.ValueString()}, ""
		if l.email.IsNull() {
			by = importKey{helpcrunch.UserID, l.userID.ValueString()}
			shown = fmt.Sprintf(", %q", by.value)
		}
		found, d := a.findOne(ctx, by.field, by.value, shown)
		diags.Append(d...)
		if diags.HasError() {
			return nil
		}
		a.noteKeyed(found.ID, foundBy{by, false})
		customer = found
	}
	diags.Append(tooManyTags(customer)...)
	return customer
}

var (
	foundTagType = types.ObjectType{AttrTypes: map[string]attr.Type{"name": types.StringType, "color": types.StringType}}

	locationTypes = map[string]attr.Type{"city": types.StringType, "country_code": types.StringType, "region_code": types.StringType}
	deviceTypes   = map[string]attr.Type{
		"id": types.StringType, "ip": types.StringType, "timezone": types.StringType, "platform": types.StringType, "user_agent": types.StringType,
	}
)

// foundCustomer is a customer as HelpCrunch holds it, by attribute. Null is null
// here: a data source manages nothing.
func foundCustomer(c *helpcrunch.Customer) map[string]attr.Value {
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
	found := map[string]attr.Value{
		"id":          types.StringValue(strconv.FormatInt(c.ID, 10)),
		"tags":        types.SetValueMust(foundTagType, tags),
		"custom_data": customDataObject(properties),
		"location":    types.ObjectNull(locationTypes),
		"device":      types.ObjectNull(deviceTypes),
	}
	for _, a := range textAttributes {
		found[a.name] = types.StringNull()
		if text := a.held(c); text != "" {
			found[a.name] = types.StringValue(text)
		}
	}
	for _, a := range flagAttributes {
		found[a.name] = types.BoolValue(a.held(c))
	}
	if l := c.Location; l != nil {
		found["location"] = types.ObjectValueMust(locationTypes, map[string]attr.Value{
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
		found["device"] = types.ObjectValueMust(deviceTypes, map[string]attr.Value{
			"id":         id,
			"ip":         types.StringPointerValue(d.IP),
			"timezone":   types.StringPointerValue(d.Timezone),
			"platform":   types.StringPointerValue(d.Platform),
			"user_agent": types.StringPointerValue(d.UserAgent),
		})
	}
	return found
}

// leaveOutPersonalData takes out what describes a person, where that must not
// stand in a state, and says so.
func leaveOutPersonalData(found map[string]attr.Value) diag.Diagnostic {
	for _, a := range textAttributes {
		if a.twin != nil {
			found[a.name] = types.StringNull()
		}
	}
	if _, dynamic := found["custom_data"].(types.Dynamic); dynamic {
		found["custom_data"] = types.DynamicNull()
	} else {
		found["custom_data"] = types.MapNull(types.StringType)
	}
	found["location"], found["device"] = types.ObjectNull(locationTypes), types.ObjectNull(deviceTypes)
	return diag.NewWarningDiagnostic("Personal data is left out",
		"personal_data_in_state, or the environment variable "+envPersonalData+", is false, and a data source stands in the state: name, email, phone, notes, custom_data, location and device are null there. "+
			"The ephemeral resource helpcrunch_customer hands them on without a state.")
}

// foundObject is an object of the attributes.
func foundObject(attributes map[string]attr.Value) types.Object {
	kinds := make(map[string]attr.Type, len(attributes))
	for name, value := range attributes {
		kinds[name] = value.Type(context.Background())
	}
	return types.ObjectValueMust(kinds, attributes)
}
