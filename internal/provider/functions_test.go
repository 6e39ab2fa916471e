// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

const (
	saysRFC3339 = `write RFC 3339 such as "2023-11-14T22:13:20Z"`
	saysUnix    = `write whole UNIX seconds such as 1700000000`
	saysYears   = `RFC 3339 has the years 0 to 9999: write seconds such as 1700000000, not milliseconds`
)

// Each function by its argument; a result that is an error is of the argument.
var functionRows = []struct {
	of            function.Function
	argument      types.String
	want, refusal string
}{
	{of: newUnixTimestampFunction(), argument: types.StringValue("2023-11-14T22:13:20Z"), want: "1700000000"},
	{of: newUnixTimestampFunction(), argument: types.StringValue("2023-11-14T23:13:20+01:00"), want: "1700000000"},
	{of: newUnixTimestampFunction(), argument: types.StringValue("2023-11-14T22:13:20.000Z"), want: "1700000000"},
	{of: newUnixTimestampFunction(), argument: types.StringValue("1969-12-31T23:59:59Z"), want: "-1"},
	{of: newUnixTimestampFunction(), argument: types.StringValue("9999-12-31T23:59:59Z"), want: "253402300799"},
	{of: newUnixTimestampFunction(), argument: types.StringNull()},
	{of: newUnixTimestampFunction(), argument: types.StringValue("2023-11-14T22:13:20.5Z"), refusal: "HelpCrunch keeps whole seconds: leave the fraction of a second out"},
	{of: newUnixTimestampFunction(), argument: types.StringValue(""), refusal: saysRFC3339},
	{of: newUnixTimestampFunction(), argument: types.StringValue("2023-11-14"), refusal: saysRFC3339},
	{of: newUnixTimestampFunction(), argument: types.StringValue("2023-11-14T22:13:20"), refusal: saysRFC3339},
	{of: newUnixTimestampFunction(), argument: types.StringValue("20231114"), refusal: saysRFC3339}, // a date, not seconds

	{of: newRFC3339Function(), argument: types.StringValue("1700000000"), want: "2023-11-14T22:13:20Z"},
	{of: newRFC3339Function(), argument: types.StringValue("0"), want: "1970-01-01T00:00:00Z"},
	{of: newRFC3339Function(), argument: types.StringValue("-1"), want: "1969-12-31T23:59:59Z"},
	{of: newRFC3339Function(), argument: types.StringValue("253402300799"), want: "9999-12-31T23:59:59Z"},
	{of: newRFC3339Function(), argument: types.StringValue("-62167219200"), want: "0000-01-01T00:00:00Z"},
	{of: newRFC3339Function(), argument: types.StringNull()},
	{of: newRFC3339Function(), argument: types.StringValue("253402300800"), refusal: saysYears},
	{of: newRFC3339Function(), argument: types.StringValue("-62167219201"), refusal: saysYears},
	{of: newRFC3339Function(), argument: types.StringValue("1700000000000"), refusal: saysYears},
	{of: newRFC3339Function(), argument: types.StringValue("1700000000.5"), refusal: saysUnix},
	{of: newRFC3339Function(), argument: types.StringValue("99999999999999999999"), refusal: saysUnix},
	{of: newRFC3339Function(), argument: types.StringValue("2023-11-14T22:13:20Z"), refusal: saysUnix},
	{of: newRFC3339Function(), argument: types.StringValue(""), refusal: saysUnix},
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	for _, row := range functionRows {
		var name function.MetadataResponse
		row.of.Metadata(t.Context(), function.MetadataRequest{}, &name)
		resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
		row.of.Run(t.Context(), function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{row.argument})}, &resp)
		if row.refusal != "" {
			if want := function.NewArgumentFuncError(0, row.refusal); !resp.Error.Equal(want) {
				t.Errorf("%s(%s): the error is %q, want %q", name.Name, row.argument, resp.Error.Error(), row.refusal)
			}
			continue
		}
		want := types.StringValue(row.want)
		if row.argument.IsNull() {
			want = types.StringNull()
		}
		if resp.Error != nil || !resp.Result.Equal(function.NewResultData(want)) {
			t.Errorf("%s(%s) is %v, %v, want %v", name.Name, row.argument, resp.Result, resp.Error, want)
		}
	}
}

// TestFunctionsInConfigurations: what comes from HelpCrunch and goes there
// fits, null stays null, what is not known yet stays so.
func TestFunctionsInConfigurations(t *testing.T) {
	t.Parallel()
	needs(t, "1.8.0", "1.7.0")
	server := newSandbox(t)
	if _, err := server.Add(sandbox.Record{
		"userId": "crm-17", "firstSeen": "1700000000", "customData": map[string]any{"renewal": 1735689600},
	}); err != nil {
		t.Fatal(err)
	}
	output := statecheck.ExpectKnownOutputValue
	runRealSteps(t,
		resource.TestStep{
			Config:      providerBlock(server, "") + "output \"bad\" {\n  value = provider::helpcrunch::unix_timestamp(\"yesterday\")\n}\n",
			ExpectError: errorWith(`Invalid value for "rfc3339" parameter: ` + saysRFC3339),
		},
		resource.TestStep{
			Config:      providerBlock(server, "") + "output \"bad\" {\n  value = provider::helpcrunch::rfc3339(1700000000000)\n}\n",
			ExpectError: errorWith(`Invalid value for "unix" parameter: ` + saysYears),
		},
		resource.TestStep{
			Config: providerBlock(server, "") + read(t, "examples", "functions", "rfc3339", "function.tf") + `
output "number" { value = provider::helpcrunch::rfc3339(1700000000) }
output "large" { value = provider::helpcrunch::rfc3339(253402300799) }
output "nulls" { value = [provider::helpcrunch::rfc3339(null) == null, provider::helpcrunch::unix_timestamp(null) == null] }
output "there_and_back" { value = provider::helpcrunch::unix_timestamp(provider::helpcrunch::rfc3339("1700000000")) }
`,
			ConfigStateChecks: []statecheck.StateCheck{
				output("ada_renewal", knownvalue.StringExact("2025-01-01T00:00:00Z")),
				output("ada_first_seen", knownvalue.StringExact("2023-11-14T22:13:20Z")),
				output("number", knownvalue.StringExact("2023-11-14T22:13:20Z")),
				output("large", knownvalue.StringExact("9999-12-31T23:59:59Z")),
				output("nulls", knownvalue.TupleExact([]knownvalue.Check{knownvalue.Bool(true), knownvalue.Bool(true)})),
				output("there_and_back", knownvalue.StringExact("1700000000")),
			},
		},
		resource.TestStep{
			Config: providerBlock(server, "") + `
resource "terraform_data" "later" { input = "2025-01-01T00:00:00Z" }
output "later" { value = provider::helpcrunch::unix_timestamp(terraform_data.later.output) }
`,
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectUnknownOutputValue("later")}},
			ConfigStateChecks: []statecheck.StateCheck{output("later", knownvalue.StringExact("1735689600"))},
		},
	)
}

// TestUnixTimestampExample: HelpCrunch takes the result for a date, which it
// refuses to take a number for.
func TestUnixTimestampExample(t *testing.T) {
	t.Parallel()
	needs(t, "1.8.0", "1.7.0")
	server := newSandbox(t)
	runRealSteps(t, resource.TestStep{
		Config: providerBlock(server, "") + read(t, "examples", "functions", "unix_timestamp", "function.tf"),
		PostApplyFunc: func() {
			if renewal, _ := onlyCustomer(t, server).Custom("renewal"); renewal != json.Number("1735689600") {
				t.Errorf("HelpCrunch holds %v", renewal)
			}
		},
	})
}

// TestFunctionsOfNothing: OpenTofu sends a null argument as one without data.
func TestFunctionsOfNothing(t *testing.T) {
	t.Parallel()
	server, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rfc3339", "unix_timestamp"} {
		for _, nothing := range []*tfprotov6.DynamicValue{nil, {}} {
			resp, err := server.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{Name: name, Arguments: []*tfprotov6.DynamicValue{nothing}})
			if err != nil || resp.Error != nil {
				t.Fatal(name, err, resp.Error)
			}
			if result, err := resp.Result.Unmarshal(tftypes.String); err != nil || !result.IsNull() {
				t.Errorf("%s(null) is %s, %v", name, result, err)
			}
		}
	}
}
