// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// maxTags is how many tags the set of one customer has at most. The framework
// compares the elements of a set pairwise, several times: a refresh takes 0.6 s
// with 100 tags, 2 s with 200, and a minute with 1,000.
const maxTags = 100

const tooManyTagsSummary = "Too many tags"

// tooManyTags is why the tags of a customer who holds more do not become a set.
func tooManyTags(customer *helpcrunch.Customer) diag.Diagnostics {
	if len(customer.Tags) <= maxTags {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("tags"), tooManyTagsSummary, fmt.Sprintf(
		"Customer %d has %d tags in HelpCrunch, and the set of all tags has at most %d. Take some off there, "+
			"or leave tags out and manage single ones with helpcrunch_customer_tag.", customer.ID, len(customer.Tags), maxTags))}
}

// tagsLeftOut is the warning of an import, which manages nothing that it need not.
func tagsLeftOut(customer *helpcrunch.Customer) diag.Diagnostics {
	diags := tooManyTags(customer)
	if len(diags) > 0 {
		diags[0] = diag.NewAttributeWarningDiagnostic(path.Root("tags"), tooManyTagsSummary, diags[0].Detail()+" They are not imported.")
	}
	return diags
}

// refuseTags refuses a configuration with too many tags before the framework
// begins to compare them.
func refuseTags(typeName string, customer *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	if typeName != "helpcrunch_customer" || customer == nil || len(customer.MsgPack) < 10*maxTags {
		return nil // or too short for so many
	}
	value, err := customer.Unmarshal(customerType())
	if err != nil {
		return nil // the framework says so
	}
	var attributes map[string]tftypes.Value
	var tags []tftypes.Value
	if value.As(&attributes) != nil || attributes["tags"].As(&tags) != nil || len(tags) <= maxTags {
		return nil
	}
	whom := "A customer" // with an id that is not known yet, which cannot be read
	var id string
	if attributes["id"].As(&id) == nil && id != "" {
		whom = "Customer " + id
	}
	return []*tfprotov6.Diagnostic{{
		Severity: tfprotov6.DiagnosticSeverityError, Summary: tooManyTagsSummary, Attribute: tftypes.NewAttributePath().WithAttributeName("tags"),
		Detail: fmt.Sprintf("%s is to have %d tags, and the set of all tags has at most %d. Leave some out, "+
			"or leave tags out and manage single ones with helpcrunch_customer_tag.", whom, len(tags), maxTags),
	}}
}

var customerType = sync.OnceValue(func() tftypes.Type {
	var schema resource.SchemaResponse
	newCustomerResource().Schema(context.Background(), resource.SchemaRequest{}, &schema)
	return schema.Schema.Type().TerraformType(context.Background())
})
