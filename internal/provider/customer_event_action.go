// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ action.Action                   = (*customerEventAction)(nil)
	_ action.ActionWithConfigure      = (*customerEventAction)(nil)
	_ action.ActionWithValidateConfig = (*customerEventAction)(nil)
	_ action.ActionWithModifyPlan     = (*customerEventAction)(nil)
)

// newCustomerEventAction returns the action helpcrunch_customer_event.
func newCustomerEventAction() action.Action { return &customerEventAction{} }

type customerEventAction struct {
	account *account
}

type customerEventModel struct {
	CustomerID types.String  `tfsdk:"customer_id"`
	Name       types.String  `tfsdk:"name"`
	Data       types.Dynamic `tfsdk:"data"`
}

func (a *customerEventAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_event"
}

func (a *customerEventAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Sends an activity event to a customer, once each time it is invoked. Needs Terraform 1.14. " +
			"HelpCrunch can neither show nor take back events through its API, so a request whose answer is lost is not repeated: " +
			"the error says that the event may or may not have been sent.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The id of the customer in HelpCrunch, a string of digits such as `\"542335\"`.",
			},
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The name of the event, such as `\"plan upgraded\"`.",
			},
			"data": schema.DynamicAttribute{
				Optional: true,
				MarkdownDescription: "What belongs to the event: an object or a map, such as `{ plan = \"gold\", seats = { before = 10, after = 12 } }`. " +
					"Values may be nested; numbers are sent exactly. Default `{}`.",
			},
		},
	}
}

func (a *customerEventAction) Configure(_ context.Context, req action.ConfigureRequest, _ *action.ConfigureResponse) {
	if req.ProviderData != nil {
		a.account, _ = req.ProviderData.(*account)
	}
}

func (a *customerEventAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	_, resp.Diagnostics = readEvent(ctx, req.Config, a.account == nil)
}

// ModifyPlan checks again: Terraform validates while variables are unknown.
func (a *customerEventAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	_, resp.Diagnostics = readEvent(ctx, req.Config, false)
}

func (a *customerEventAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	event, diags := readEvent(ctx, req.Config, false)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()

	// The event's own name and data may be people's data.
	progress := func(format string) {
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, event.Customer)})
	}
	progress("Sending an event to customer %d")
	if err := a.account.client.SendEvent(ctx, event); err != nil {
		resp.Diagnostics.Append(eventFailed(event.Customer, err)...)
		return
	}
	progress("HelpCrunch has taken the event of customer %d")
}

// readEvent is the event of a configuration, as far as it is known, and what
// is wrong with it. The id of a customer who may be a mock is not looked at.
func readEvent(ctx context.Context, config tfsdk.Config, mock bool) (helpcrunch.Event, diag.Diagnostics) {
	var model customerEventModel
	diags := config.Get(ctx, &model)
	if diags.HasError() {
		return helpcrunch.Event{}, diags
	}
	event := helpcrunch.Event{Name: model.Name.ValueString(), Data: map[string]any{}}
	if !model.CustomerID.IsUnknown() && !mock {
		event.Customer = customerIDOf(model.CustomerID, &diags)
	}
	if !model.Name.IsUnknown() {
		if event.Name == "" {
			diags.AddAttributeError(path.Root("name"), "An event without a name", "Every event needs a name, such as \"plan upgraded\".")
		}
		if strings.TrimSpace(event.Name) != event.Name {
			diags.AddAttributeError(path.Root("name"), "Space around a value",
				"The value of name begins or ends with white space, and what waits for this event in HelpCrunch may not know it by that name. Take it away, or wrap the value in trimspace().")
		}
	}
	data, err := jsonOf(model.Data)
	if err != nil {
		diags.AddAttributeError(path.Root("data"), "A number that no account can keep",
			"data has a number that is too large or too near to zero to be sent. Write it as a string.")
	}
	switch data := data.(type) {
	case nil: // or unknown
	case map[string]any:
		event.Data = data
	default:
		if err == nil {
			diags.AddAttributeError(path.Root("data"), "Data is not an object",
				"data is an object or a map, such as { plan = \"gold\" }. Give a single value or a list a name: { value = ... }.")
		}
	}
	return event, diags
}

// eventFailed explains why there is no event, or why nobody knows.
func eventFailed(id int64, err error) diag.Diagnostics {
	const summary = "The event was not sent"
	switch {
	case helpcrunch.OutcomeUnknown(err):
		return diag.Diagnostics{diag.NewErrorDiagnostic("The event may or may not have been sent", fmt.Sprintf(
			"HelpCrunch did not confirm that it took the event of customer %d. The request is not repeated: that could send the event twice, and nothing takes it back. "+
				"Look at the customer in HelpCrunch. If the event is missing, invoke the action alone:\n\n    terraform apply -invoke=ADDRESS\n\n"+
				"An action whose configuration has caller is then sent to all resources that invoke it. To send it to this customer only, name the resource as well:\n\n"+
				"    terraform apply -invoke=ADDRESS -target=RESOURCE\n\n%s", id, err))}
	case helpcrunch.IsNotFound(err):
		return noCustomer(summary, id, err)
	case errors.Is(err, context.DeadlineExceeded):
		return diag.Diagnostics{diag.NewErrorDiagnostic(summary, fmt.Sprintf(
			"The event of customer %d waited %s for its turn within requests_per_minute, and was not sent. "+
				"Invoke it again when less is going on, or raise requests_per_minute if the account permits more.\n\n%s", id, defaultTimeout, err))}
	}
	return refused(summary, err, func(entry helpcrunch.ErrorEntry) (attribute, why string) {
		attribute = entry.Code
		if i := strings.IndexAny(attribute, ".["); i >= 0 {
			attribute = attribute[:i]
		}
		switch attribute {
		case "customer":
			attribute = "customer_id"
		case "name", "data":
		default:
			attribute = ""
		}
		return attribute, notAccepted(attribute)
	})
}

// jsonOf is a value as JSON has it. What is not known yet is null.
func jsonOf(value attr.Value) (any, error) {
	if value == nil || value.IsNull() || value.IsUnknown() {
		return nil, nil
	}
	switch typed := value.(type) {
	case types.Dynamic:
		return jsonOf(typed.UnderlyingValue())
	case types.String:
		return typed.ValueString(), nil
	case types.Bool:
		return typed.ValueBool(), nil
	case types.Number:
		number, err := helpcrunch.SentNumber(typed.ValueBigFloat().Text('g', -1))
		return json.Number(number.Text), err
	case types.Object:
		return jsonObject(typed.Attributes())
	case types.Map:
		return jsonObject(typed.Elements())
	case types.List:
		return jsonList(typed.Elements())
	case types.Set:
		return jsonList(typed.Elements())
	case types.Tuple:
		return jsonList(typed.Elements())
	}
	return nil, fmt.Errorf("a value is a %T", value)
}

func jsonObject(elements map[string]attr.Value) (any, error) {
	object := make(map[string]any, len(elements))
	for name, element := range elements {
		value, err := jsonOf(element)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, nil
}

func jsonList(elements []attr.Value) (any, error) {
	list := make([]any, len(elements))
	for i, element := range elements {
		value, err := jsonOf(element)
		if err != nil {
			return nil, err
		}
		list[i] = value
	}
	return list, nil
}
