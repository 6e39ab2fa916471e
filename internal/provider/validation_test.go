// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// errorWith matches words in Terraform's output however its lines are broken.
func errorWith(words string) *regexp.Regexp {
	parts := strings.Fields(words)
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(strings.Join(parts, `[\s│]+`))
}

// TestBadInput: each fault is refused in the plan, on its attribute, and
// nothing is sent.
func TestBadInput(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	for _, bad := range []struct {
		name, lines string
		attribute   string
		want        string
	}{
		{"a list in custom data", `custom_data = { plan = ["a"] }`, "custom_data", `The property "plan" of custom_data is a list. HelpCrunch holds strings, numbers, bools and nulls there. To store structured data as text, wrap it in jsonencode().`},
		{"an object in custom data", `custom_data = { plan = { a = 1 } }`, "custom_data", `The property "plan" of custom_data is an object.`},
		{"a map of lists", `custom_data = tomap({ plan = ["a"] })`, "custom_data", `The property "plan" of custom_data is a list.`},
		{"a list for custom data", `custom_data = ["plan"]`, "custom_data", `custom_data is an object or a map of strings, numbers, bools and nulls`},
		{"text for custom data", `custom_data = "plan"`, "custom_data", `custom_data is an object or a map of strings, numbers, bools and nulls`},
		{"a property without a name", `custom_data = { "" = 1 }`, "custom_data", `The name of a custom property is empty`},
		{"tags that differ in case", `tags = [{ name = "vip" }, { name = "VIP" }]`, "tags", `Two tags differ only in upper and lower case, or in white space around them. HelpCrunch may take them for one tag: keep one of "VIP" and "vip".`},
		{"a tag twice", `tags = [{ name = "vip", color = "red" }, { name = "vip" }]`, "tags", `Two tags have the same name but different colours. A tag has one colour in the whole account: keep one of the two that are called "vip".`},
		{"a tag without a name", `tags = [{ name = "" }]`, "tags", `Every tag needs a name. To take all tags off, write tags = [].`},
		{"tags that differ in space", `tags = [{ name = "vip " }, { name = "vip" }]`, "tags", `Two tags differ only in upper and lower case, or in white space around them.`},
		{"a timestamp in milliseconds", `first_seen = "1603885746713"`, "first_seen", `The value of first_seen cannot be read as a moment: RFC 3339 has the years 0 to 9999: write seconds such as 1700000000, not milliseconds.`},
		{"a timestamp in words", `first_seen = "yesterday"`, "first_seen", `The value of first_seen cannot be read as a moment: write UNIX seconds such as "1700000000", or RFC 3339 such as "2023-11-14T22:13:20Z".`},
		{"a timestamp with a fraction", `last_seen = "2023-11-14T22:13:20.5Z"`, "last_seen", `The value of last_seen cannot be read as a moment: HelpCrunch keeps whole seconds: leave the fraction of a second out.`},
		{"an unknown policy", `deletion_policy = "keep"`, "deletion_policy", `deletion_policy is one of "delete", "abandon" or "prevent".`},
	} {
		t.Run(bad.name, func(t *testing.T) {
			w := resource.TestStep{
				Config: providerBlock(server, "") + customerBlock(bad.lines), PlanOnly: true,
				ExpectError: regexp.MustCompile(`(?s)` + errorWith(`with helpcrunch_customer.test, on`).String() + `.*\d+:\s+` + bad.attribute + ` .*` + errorWith(bad.want).String()),
			}
			runSteps(t, w)
		})
	}
	if n := server.Counts().Total(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestBadInputLate: what is known only during the apply is checked then, before the request.
func TestBadInputLate(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	runRealSteps(t, resource.TestStep{
		Config: providerBlock(server, "") + "resource \"terraform_data\" \"later\" {\n  input = { plan = [\"a\"] }\n}\n" +
			customerBlock(`custom_data = terraform_data.later.output`),
		ExpectError: errorWith(`The property "plan" of custom_data is a list.`),
	})
	if n := server.Count(sandbox.OpCreate); n != 0 {
		t.Errorf("%d customers were created", n)
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		name, block string
		attribute   string
		want        string
	}{
		{"no key", ``, "", `The provider needs the API key of the account: set api_key in the provider block, or the environment variable HELPCRUNCH_API_KEY.`},
		{"a key with a line break", "api_key = \"abc\\n\"", "api_key", `api_key, or HELPCRUNCH_API_KEY, has a space, a line break or another character in it that no key has.`},
		{"an http base URL", "api_key = \"k\"\n  base_url = \"http://api.helpcrunch.com/v1\"", "base_url", `base_url, or the environment variable HELPCRUNCH_BASE_URL, must begin with https://`},
		{"a base URL that is none", "api_key = \"k\"\n  base_url = \"api.helpcrunch.com\"", "base_url", `base_url, or the environment variable HELPCRUNCH_BASE_URL, is a URL such as "https://api.helpcrunch.com/v1".`},
		{"a batch of eleven", "api_key = \"k\"\n  batch_size = 11", "batch_size", `batch_size, or the environment variable HELPCRUNCH_BATCH_SIZE, is a whole number from 1 to 10.`},
		{"a batch of none", "api_key = \"k\"\n  batch_size = 0", "batch_size", `is a whole number from 1 to 10.`},
		{"no requests", "api_key = \"k\"\n  requests_per_minute = 0", "requests_per_minute", `is a whole number from 1 to 100000.`},
		{"no time for a request", "api_key = \"k\"\n  request_timeout = \"0s\"", "request_timeout", `is a duration such as "30s", from 1ms to 1h0m0s.`},
		{"many retries", "api_key = \"k\"\n  max_retries = 100", "max_retries", `is a whole number from 0 to 20.`},
		{"an unknown policy", "api_key = \"k\"\n  deletion_policy = \"never\"", "deletion_policy", `deletion_policy, or the environment variable HELPCRUNCH_DELETION_POLICY, is one of "delete", "abandon" or "prevent".`},
	} {
		t.Run(bad.name, func(t *testing.T) {
			place := `(?s)`
			if bad.attribute != "" {
				place += `AttributeName\("` + bad.attribute + `"\).*`
			}
			runSteps(t, resource.TestStep{
				Config:      "provider \"helpcrunch\" {\n  " + bad.block + "\n}\n" + customerBlock(`name = "Ada"`),
				ExpectError: regexp.MustCompile(place + errorWith(bad.want).String()),
			})
		})
	}
}

// TestSettingsFromTheEnvironment: the configuration wins, and a bad variable is named.
func TestSettingsFromTheEnvironment(t *testing.T) {
	server := newSandbox(t)
	t.Setenv(envAPIKey, "a wrong key")
	t.Setenv(envBaseURL, server.URL())
	t.Setenv(envDeletionPolicy, "abandon")
	runSteps(t, resource.TestStep{
		Config: "provider \"helpcrunch\" {\n  api_key = \"" + server.Key() + "\"\n}\n" + customerBlock(`name = "Ada"`),
	})
	if got := onlyCustomer(t, server)["name"]; got != "Ada" {
		t.Errorf("HELPCRUNCH_DELETION_POLICY=abandon left a customer named %v", got)
	}

	t.Setenv(envAPIKey, server.Key())
	t.Setenv(envBatchSize, "ten")
	runSteps(t, resource.TestStep{
		Config:      "provider \"helpcrunch\" {}\n" + customerBlock(`name = "Ada"`),
		ExpectError: errorWith(`batch_size, or the environment variable HELPCRUNCH_BATCH_SIZE, is a whole number from 1 to 10.`),
	})
}

// TestEmptySettingsAreLeftOut: "" is what a module hands on for what nobody
// wrote, so the environment counts, and where it has nothing the default. An API key
// of the environment does not stand in for an empty one: it may be another account's.
func TestEmptySettingsAreLeftOut(t *testing.T) {
	server := newSandbox(t)
	c := newClient(t, server)
	for _, setting := range c.schemas.Provider.Block.Attributes {
		if !setting.Type.Is(tftypes.String) {
			continue
		}
		t.Run(setting.Name, func(t *testing.T) {
			empty := attributes{setting.Name: text("")}
			if setting.Name == "api_key" {
				for _, key := range []string{"", server.Key()} {
					t.Setenv(envAPIKey, key)
					if _, diags := configureClient(t, server, empty); len(diags) != 1 || diags[0].Summary != "The API key is empty" {
						t.Error(saidOverProtocol(diags))
					}
				}
				return
			}
			variable := "HELPCRUNCH_" + strings.ToUpper(setting.Name)
			t.Setenv(variable, " no such thing")
			_, diags := configureClient(t, server, empty)
			if len(diags) != 1 || diags[0].Severity != tfprotov6.DiagnosticSeverityError {
				t.Errorf("with %s: %s", variable, saidOverProtocol(diags))
			}
			t.Setenv(variable, "")
			_, diags = configureClient(t, server, empty)
			if got := saidOverProtocol(diags); got != "" {
				t.Errorf("without %s: %s", variable, got)
			}
		})
	}
}

// TestWrongKey: one request is enough to find out, whoever asks.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	runSteps(t, resource.TestStep{
		Config: "provider \"helpcrunch\" {\n  api_key = \"wrong\"\n  base_url = \"" + server.URL() + "\"\n}\n" +
			"resource \"helpcrunch_customer\" \"many\" {\n  count = 20\n  name = \"Ada\"\n}\n",
		ExpectError: errorWith(`HelpCrunch does not accept the API key. Check api_key in the provider block, or the environment variable HELPCRUNCH_API_KEY`),
	})
	if n := len(server.Requests()); n > 10 {
		t.Errorf("%d requests with a wrong key, want at most one for each of Terraform's ten workers", n)
	}
}
