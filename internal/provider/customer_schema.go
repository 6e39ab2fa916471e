// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// notManaged ends the description of what has no default.
const notManaged = " Left out, it is not managed."

func (r *customerResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	text := func(field *helpcrunch.StringField, description string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: description + notManaged,
			PlanModifiers:       []planmodifier.String{keepEqual{field.Normal}},
		}
	}
	moment := func(description string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true,
			MarkdownDescription: description +
				" UNIX seconds (`\"1700000000\"`) or RFC 3339 (`\"2023-11-14T22:13:20Z\"`), equal when the instant is equal." + notManaged,
			PlanModifiers: []planmodifier.String{keepEqual{normalTimestamp}},
		}
	}
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
			"organization":   organizationAttribute("customer"),
			"name":           text(helpcrunch.Name, "The full name, such as `\"Ada Lovelace\"`."),
			"email":          text(helpcrunch.Email, "The e-mail address, such as `\"ada@example.com\"`. HelpCrunch may store it in another case; that is not a difference."),
			"user_id":        text(helpcrunch.UserID, "Your own key for the customer, such as `\"crm-17\"`. No two customers of an account have the same."),
			"company":        text(helpcrunch.Company, "The company, such as `\"Analytical Engines\"`."),
			"phone":          text(helpcrunch.Phone, "The phone number in any form, such as `\"+44 20 7946 0000\"`."),
			"notes":          text(helpcrunch.Notes, "Notes that agents see beside the chat, such as `\"Prefers calls in the morning\"`. HelpCrunch is reported to refuse more than 255 characters."),
			"locale":         text(helpcrunch.Locale, "The language, ISO 639-1, such as `\"en\"`. The case is not a difference."),
			"source":         text(helpcrunch.Source, "The URL that brought the customer, such as `\"https://example.com/campaign\"`."),
			"referer":        text(helpcrunch.Referer, "The URL that referred the customer, such as `\"https://example.org/\"`."),
			"last_page":      text(helpcrunch.LastPage, "The URL of the page seen last, such as `\"https://example.com/pricing\"`. It moves as the customer browses: write it only to seed it."),
			"created_from":   text(helpcrunch.CreatedFrom, "The channel the customer came from: `\"web\"`, `\"iOS\"`, `\"android\"`, `\"telegram\"`, `\"viber\"`, `\"facebook\"`, `\"instagram\"` or another that HelpCrunch knows."),
			"integration_id": text(helpcrunch.IntegrationID, "The customer's id in the channel that `created_from` names, such as `\"98765\"`."),
			"first_seen":     moment("When the customer was first seen."),
			"last_seen":      moment("When the customer was last seen. It moves as the customer browses: write it only to seed it."),
			"unsubscribed": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether the customer has opted out of e-mails: `true` or `false`. It has no default: a person who unsubscribed is not subscribed again unless `false` is written here, " +
					"and the plan warns of it." + notManaged,
			},
			"blocked": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether the customer is blocked from writing: `true` or `false`. It has no default." + notManaged,
			},
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
					"To let go of one property use `ignore_changes = [custom_data.plan]`; the form `[custom_data[\"plan\"]]` silently ignores all of them." + notManaged,
			},
			"deletion_policy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What a destroy does: `\"delete\"` deletes the customer and the history of their chats, `\"abandon\"` forgets the customer and leaves them in HelpCrunch, " +
					"`\"prevent\"` refuses, in the plan already; of a replacement, which Terraform shows to a provider only when it deletes, it refuses that: the customer stays, and `lifecycle { prevent_destroy = true }` refuses it in the plan. " +
					"Left out, the provider's `deletion_policy` applies; for imported and adopted customers it is `\"prevent\"`. The provider's own `\"abandon\"` goes before every `\"prevent\"`.",
			},
			"timeouts": timeoutsAttribute(ctx, "customer"),
		},
	}
}

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
