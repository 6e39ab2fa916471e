// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

var (
	inBackticks = regexp.MustCompile("`[^`]+`")
	// whenLeftOut is how a description says what an optional argument that is left out means.
	whenLeftOut = regexp.MustCompile("Default `|[Ll]eft out|Required, here or|Exactly one of")
	// unitOf is the unit that a description must name, by the end of an argument's name.
	unitOf = map[string]*regexp.Regexp{
		"requests_per_minute": regexp.MustCompile(`60 seconds|minute`),
		"request_timeout":     regexp.MustCompile(`duration`),
		"create":              regexp.MustCompile(`duration`),
		"read":                regexp.MustCompile(`duration`),
		"update":              regexp.MustCompile(`duration`),
		"delete":              regexp.MustCompile(`duration`),
		"first_seen":          regexp.MustCompile(`UNIX seconds`),
		"last_seen":           regexp.MustCompile(`UNIX seconds`),
	}
)

// TestSchemaDescriptions: whatever Terraform shows of the provider has a
// description that ends as a sentence, with an example in backticks. One of an
// optional argument says what leaving it out means, one of an amount its unit.
func TestSchemaDescriptions(t *testing.T) {
	t.Parallel()
	server, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(answer.Diagnostics) > 0 {
		t.Fatal(err, answer)
	}
	seen := 0
	described := func(at, description string) {
		t.Helper()
		seen++
		switch {
		case description == "":
			t.Errorf("%s has no description", at)
		case !regexp.MustCompile("[.`]$").MatchString(description):
			t.Errorf("%s does not end as a sentence: %s", at, description)
		}
	}
	exemplified := func(at, description string) {
		t.Helper()
		described(at, description)
		if !inBackticks.MatchString(description) {
			t.Errorf("%s has no example in backticks: %s", at, description)
		}
	}
	var walk func(at string, attributes []*tfprotov6.SchemaAttribute)
	walk = func(at string, attributes []*tfprotov6.SchemaAttribute) {
		for _, a := range attributes {
			name := at + "." + a.Name
			exemplified(name, a.Description)
			if a.Optional && !whenLeftOut.MatchString(a.Description) {
				t.Errorf("%s does not say what leaving it out means: %s", name, a.Description)
			}
			if unit := unitOf[a.Name]; unit != nil && !unit.MatchString(a.Description) {
				t.Errorf("%s does not name its unit: %s", name, a.Description)
			}
			if a.NestedType != nil {
				walk(name, a.NestedType.Attributes)
			}
		}
	}
	block := func(at string, schema *tfprotov6.Schema) {
		described(at, schema.Block.Description)
		walk(at, schema.Block.Attributes)
		if len(schema.Block.BlockTypes) > 0 {
			t.Errorf("%s has blocks, which this test does not walk", at)
		}
	}
	block("provider", answer.Provider)
	for name, schema := range answer.ResourceSchemas {
		block("resource "+name, schema)
	}
	for name, schema := range answer.DataSourceSchemas {
		block("data source "+name, schema)
	}
	for name, schema := range answer.ListResourceSchemas {
		block("list resource "+name, schema)
	}
	for name, schema := range answer.EphemeralResourceSchemas {
		block("ephemeral resource "+name, schema)
	}
	for name, schema := range answer.ActionSchemas {
		block("action "+name, schema.Schema)
	}
	for name, function := range answer.Functions {
		exemplified("function "+name, function.Description)
		if function.Summary == "" {
			t.Errorf("function %s has no summary", name)
		}
		for _, parameter := range function.Parameters {
			exemplified("function "+name+"."+parameter.Name, parameter.Description)
		}
	}
	identities, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, identity := range identities.IdentitySchemas {
		for _, a := range identity.IdentityAttributes {
			at := "identity " + name + "." + a.Name
			described(at, a.Description)
			// Terraform shows these as plain text, where backticks are noise.
			if !strings.Contains(a.Description, "such as \"") {
				t.Errorf("%s has no example: %s", at, a.Description)
			}
		}
	}
	kinds := []int{
		len(answer.ResourceSchemas), len(answer.DataSourceSchemas), len(answer.ListResourceSchemas), len(answer.EphemeralResourceSchemas),
		len(answer.ActionSchemas), len(answer.Functions), len(identities.IdentitySchemas),
	}
	if slices.Contains(kinds, 0) || seen < 100 {
		t.Errorf("walked %d descriptions, and of the kinds %v", seen, kinds)
	}
}
