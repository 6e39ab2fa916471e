// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// notManaged ends the description of what has no default.
const notManaged = " Left out, it is not managed."

func (r *customerResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A customer of a HelpCrunch account.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id that HelpCrunch gave the customer, a string of digits such as `\"542335\"`. It never changes.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"origin": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Where the customer comes from: `\"created\"` by Terraform, `\"imported\"`, or `\"adopted\"` where HelpCrunch did not confirm that it created them. " +
					"Imported and adopted customers are not deleted unless `deletion_policy` is written.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"organization": organizationAttribute("customer"),
			"tags": schema.SetNestedAttribute{
				Optional: true,
				MarkdownDescription: "The exact set of the customer's tags, such as `[{ name = \"vip\", color = \"gold\" }, { name = \"beta\" }]`. " +
					"Tags that others add are drift, also those of a `helpcrunch_customer_tag`: the plan warns where it has both, and nobody does between workspaces. " +
					"HelpCrunch creates a tag that it does not know. " + fmt.Sprintf("At most %d: Terraform compares the elements of a set pairwise; single tags of a customer with more are managed with `helpcrunch_customer_tag`.", maxTags) + notManaged,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name": schema.StringAttribute{
						Required:            true,
						MarkdownDescription: "The name, such as `\"vip\"`. Two that differ only in case, or in white space around them, are refused where the customer does not have them both already.",
					},
					"color": schema.StringAttribute{
						Optional: true,
						MarkdownDescription: "Any CSS colour, such as `\"gold\"`, `\"#fd0\"` or `\"rgb(255, 215, 0)\"`. " +
							"The colour belongs to the tag in the whole account: it is asked for when the tag is sent, a warning says when the account kept another one, and it is never drift. " +
							"Left out, HelpCrunch gives a new tag `#c377e0`.",
					},
				}},
			},
			"custom_data": schema.DynamicAttribute{
				Optional: true,
				MarkdownDescription: "Custom attributes by name: an object or a map of strings, numbers, bools and nulls, such as `{ plan = \"gold\", seats = 12, trial = false }`. " +
					"It is managed property by property: those not written here are left alone; `null` or `\"\"` keeps one empty. " +
					"A number or bool and its text are equal, and a change of form alone sends nothing. Integers are exact; any other number is kept as a double. " +
					"The attributes must exist in HelpCrunch (Settings > Contacts > Custom attributes). A date is written as a string of UNIX seconds, `\"1700000000\"`. " +
					"To let go of one property write `ignore_changes = [custom_data.plan]`, and leave its line; the form `[custom_data[\"plan\"]]` silently ignores all of them." + notManaged,
			},
			"adopt_existing": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether a create takes over the customer who has this `user_id` already: `true` or `false`. What is configured and differs is written, nothing else is touched, `origin` is `\"adopted\"`, and a warning names the id. " +
					"So an apply that was killed is picked up by the next one, also where its state is lost. Default `false`: then it is an error with the command that imports them. It means nothing to a customer who stands in the state.",
			},
			"deletion_policy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What a destroy does: `\"delete\"` deletes the customer and the history of their chats, `\"abandon\"` forgets the customer and leaves them in HelpCrunch, " +
					"`\"prevent\"` refuses, in the plan already; of a replacement, which Terraform shows to a provider only when it deletes, it refuses that: the customer stays, and `lifecycle { prevent_destroy = true }` refuses it in the plan. " +
					"Left out, the provider's `deletion_policy` applies; for imported and adopted customers it is `\"prevent\"`. The provider's own `\"abandon\"` goes before every `\"prevent\"`.",
			},
			"custom_data_wo": schema.DynamicAttribute{
				Optional: true, WriteOnly: true,
				MarkdownDescription: "The write-only twin of `custom_data`, for properties that must not stand in the state, such as `{ passport = var.passport }`. `ignore_changes` lets go of all of it, and of a single property to no effect. " + writeOnly,
			},
			"digests": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "What HelpCrunch holds of the fields whose write-only twins are used, as keyed digests, such as `{ email = \"3f9a1c:8d1e5b7a90c2f4e6\" }`. " +
					"A plan shows here which fields change.",
			},
			"timeouts": timeoutsAttribute(ctx, "customer"),
		},
	}
	for _, a := range textAttributes {
		resp.Schema.Attributes[a.name] = schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: described(a.is, a.written) + notManaged,
			PlanModifiers:       []planmodifier.String{keepEqual{a.normal}},
		}
		if a.twin != nil {
			resp.Schema.Attributes[twinOf(a.name)] = schema.StringAttribute{
				Optional: true, WriteOnly: true,
				MarkdownDescription: fmt.Sprintf("The write-only twin of `%s`, for a value that must not stand in the state. ", a.name) + writeOnly,
			}
		}
	}
	for _, a := range flagAttributes {
		resp.Schema.Attributes[a.name] = schema.BoolAttribute{Optional: true, MarkdownDescription: described(a.is, a.written) + notManaged}
	}
}

// writeOnly ends the description of a write-only twin.
const writeOnly = "It is written and drift is put right as with that attribute, and nothing but a digest of it is kept. One of the two at most. Needs Terraform or OpenTofu 1.11." + notManaged

// described joins what an attribute is and what matters to who writes it.
func described(is, written string) string { return strings.TrimSpace(is + " " + written) }

// organizationAttribute is for a resource that stands for a thing such as "customer".
func organizationAttribute(thing string) schema.Attribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: fmt.Sprintf("The id of the HelpCrunch account that the %[1]s belongs to, such as `\"4711\"`. With the API key of another account the %[1]s is neither read nor written. "+
			"Null where HelpCrunch does not say it.", thing),
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func (r *customerResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "The id that HelpCrunch gave the customer, such as \"542335\".",
		},
	}}
}

// identify sets the identity { id }. Clients before Terraform 1.12 send none,
// so it is always made anew from the id.
func identify(ctx context.Context, identity *tfsdk.ResourceIdentity, id string) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	return identity.SetAttribute(ctx, path.Root("id"), id)
}

// timeoutsAttribute is for a resource that stands for a thing such as "customer".
func timeoutsAttribute(ctx context.Context, thing string) schema.Attribute {
	attribute, _ := timeouts.AttributesAll(ctx).(schema.SingleNestedAttribute)
	attribute.MarkdownDescription = fmt.Sprintf("How long an operation may take, waiting for the request budget included, such as `{ update = \"1h\" }`. Default `\"%s\"` each.",
		defaultTimeout)
	for operation, doing := range map[string]string{"create": "creating", "read": "reading", "update": "updating", "delete": "deleting"} {
		duration, _ := attribute.Attributes[operation].(schema.StringAttribute)
		duration.Description = ""
		duration.MarkdownDescription = fmt.Sprintf("How long %s the %s may take: a duration such as `\"1h\"` or `\"90s\"`. Default `\"%s\"`.", doing, thing, defaultTimeout)
		attribute.Attributes[operation] = duration
	}
	return attribute
}
