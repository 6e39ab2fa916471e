// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-version"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestMain keeps the request budgets of the tests out of the user's cache
// folder, and the user's settings out of the tests.
func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "helpcrunch-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, name := range []string{
		envAPIKey, envBaseURL, envRequestsPerMinute, envBatchSize, envMaxRetries, envRequestTimeout, envDeletionPolicy, envOrganization,
	} {
		os.Unsetenv(name)
	}
	os.Setenv(envTestFolder, folder)
	// Who is ready to join a batch has a quarter of a second to do so. With as many
	// threads the system is fair to them, beside all the processes that are started;
	// on a few they would wait for the turns of others.
	runtime.GOMAXPROCS(16)
	// Memory is cheap here and time is not, in the processes that are started as well.
	debug.SetGCPercent(400)
	os.Setenv("GOGC", "400")
	// Go's own cache stays where it is: the provider is built from it.
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil {
		os.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	}
	os.Setenv("XDG_CACHE_HOME", filepath.Join(folder, "cache"))
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// newSandbox is a HelpCrunch without a rate limit, with custom attributes of every type.
func newSandbox(t *testing.T) *sandbox.Server {
	t.Helper()
	return newAccountOf(t, sandbox.Organization{})
}

// providers serve in the test's own process, to the real Terraform CLI.
func providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"helpcrunch": func() (tfprotov6.ProviderServer, error) { return NewServer(New("test")) },
	}
}

// providerBlock points the provider at the sandbox, without a limit that
// would make the tests wait; settings are further lines.
func providerBlock(server *sandbox.Server, settings string) string {
	return fmt.Sprintf("provider \"helpcrunch\" {\n  base_url = %q\n  api_key  = %q\n  requests_per_minute = 100000\n%s\n}\n",
		server.URL(), server.Key(), settings)
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

// builtProvider is a mirror with the provider of this repository, built once for all tests.
var builtProvider = sync.OnceValues(func() (*terraformcli.Mirror, error) {
	return terraformcli.BuildMirror(context.Background(), "../..", filepath.Join(os.Getenv(envTestFolder), "mirror"))
})

// envTestFolder names a folder that lives as long as the test run.
const envTestFolder = "HELPCRUNCH_TEST_FOLDER"

// newWorkspace is a folder with the configuration, where the provider runs in a
// process of its own: one for all runs of Terraform, which saves most of their time. The
// sandbox stands in its environment.
func newWorkspace(t *testing.T, server *sandbox.Server, config string) *terraformcli.Workspace {
	t.Helper()
	workspace := newUsersWorkspace(t, server, config)
	mirror, err := builtProvider()
	if err == nil {
		err = workspace.Attach(t.Context(), mirror)
	}
	if err != nil {
		t.Fatal(err)
	}
	return workspace
}

// newUsersWorkspace is one in which Terraform starts the provider, as it does for users,
// for tests of those processes.
func newUsersWorkspace(t *testing.T, server *sandbox.Server, config string) *terraformcli.Workspace {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "main.tf", config)
	mirror, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	terraform, err := terraformcli.Find(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	workspace, err := terraformcli.NewWorkspace(t.Context(), terraform, mirror, dir, map[string]string{
		envBaseURL: server.URL(), envAPIKey: server.Key(), envRequestsPerMinute: "100000",
	})
	if err != nil {
		t.Fatal(err)
	}
	return workspace
}

// write replaces a file of a workspace.
func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said is all that Terraform said, a line a warning or error.
func said(diags []tfjson.Diagnostic) string {
	var text strings.Builder
	for _, d := range diags {
		at := d.Address
		if d.Snippet != nil {
			at += " " + d.Snippet.Code
		}
		fmt.Fprintf(&text, "%s: %s: %s [%s]\n", d.Severity, d.Summary, strings.ReplaceAll(d.Detail, "\n", " "), at)
	}
	return text.String()
}

// served is how often each operation was asked for. The account, which is asked
// for once a run, is left out.
func served(server *sandbox.Server) map[sandbox.Operation]int {
	counts := server.Counts().Served
	delete(counts, sandbox.OpOrganization)
	return counts
}

// total is how many requests that were.
func total(server *sandbox.Server) (n int) {
	for _, count := range served(server) {
		n += count
	}
	return n
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

func onlyCustomerID(t *testing.T, server *sandbox.Server) string {
	t.Helper()
	return itoa(onlyCustomer(t, server).ID())
}

// commandLine is a Terraform or an OpenTofu.
type commandLine struct {
	tofu    bool
	version *version.Version
}

// cli is the one that the tests run.
var cli = sync.OnceValues(func() (c commandLine, err error) {
	binary, err := terraformcli.Find(context.Background(), "../..")
	if err != nil {
		return c, err
	}
	output, err := exec.Command(binary, "version").Output()
	if err != nil {
		return c, err
	}
	name, number, _ := strings.Cut(strings.SplitN(string(output), "\n", 2)[0], " v")
	c.tofu = name == "OpenTofu"
	c.version, err = version.NewVersion(number)
	return c, err
})

// needs skips the rest of a test where the client is older than the feature
// that it is about.
func needs(t *testing.T, terraform, tofu string) {
	t.Helper()
	if !isAtLeast(t, terraform, tofu) {
		client, _ := cli() // which isAtLeast has asked
		t.Skipf("the client is at %s and needs Terraform %s or OpenTofu %q", client.version, terraform, tofu)
	}
}

// isAtLeast reports whether the client has what came with a version, "" if none
// has it. Pre-releases count as the release.
func isAtLeast(t *testing.T, terraform, tofu string) bool {
	t.Helper()
	client, err := cli()
	if err != nil {
		t.Fatal(err)
	}
	least := terraform
	if client.tofu {
		least = tofu
	}
	return least != "" && !client.version.Core().LessThan(version.Must(version.NewVersion(least)))
}
