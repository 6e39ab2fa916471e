// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestMain keeps the request budgets of the tests out of the user's cache
// folder, and the user's settings out of the tests.
func TestMain(m *testing.M) {
	cache, err := os.MkdirTemp("", "helpcrunch-test-cache-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		if name != "HOME" || os.Getenv("XDG_CACHE_HOME") == "" {
			os.Setenv(name, cache) //nolint:usetesting // there is no test yet
		}
	}
	for _, name := range []string{
		envAPIKey, envBaseURL, envRequestsPerMinute, envBatchSize, envBatchLinger, envMaxRetries, envRequestTimeout, envDeletionPolicy,
	} {
		os.Unsetenv(name)
	}
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}

// newSandbox is a HelpCrunch without a rate limit, with custom attributes of every type.
func newSandbox(t *testing.T) *sandbox.Server {
	t.Helper()
	server, err := sandbox.Start(sandbox.Config{Attributes: map[string]sandbox.AttributeType{
		"plan":    sandbox.TextAttribute,
		"tier":    sandbox.TextAttribute,
		"seats":   sandbox.NumberAttribute,
		"score":   sandbox.NumberAttribute,
		"trial":   sandbox.BooleanAttribute,
		"renewal": sandbox.DateAttribute,
		"site":    sandbox.URLAttribute,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// providers serve in the test's own process, to the real Terraform CLI.
func providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"helpcrunch": providerserver.NewProtocol6WithError(New("test")()),
	}
}

// runSteps runs the steps with the real Terraform CLI. After each apply the
// test kit itself expects an empty plan.
func runSteps(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: steps})
}

// providerBlock points the provider at the sandbox; settings are further lines.
func providerBlock(server *sandbox.Server, settings string) string {
	return fmt.Sprintf("provider \"helpcrunch\" {\n  base_url = %q\n  api_key  = %q\n%s\n}\n", server.URL(), server.Key(), settings)
}

// customerBlock is the resource helpcrunch_customer.test with the given lines.
func customerBlock(lines string) string {
	return fmt.Sprintf("resource \"helpcrunch_customer\" \"test\" {\n%s\n}\n", lines)
}

// onlyCustomer is the one customer of the account.
func onlyCustomer(t *testing.T, server *sandbox.Server) sandbox.Record {
	t.Helper()
	all := server.Customers()
	if len(all) != 1 {
		t.Fatalf("the account has %d customers, want 1", len(all))
	}
	return all[0]
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}
