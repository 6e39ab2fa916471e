// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// client speaks protocol 6 to the provider in process, for what the machine's
// Terraform may be too old for.
type client struct {
	*testing.T
	server  *Server
	schemas *tfprotov6.GetProviderSchemaResponse
}

// newClient is a provider that is configured for the sandbox, as in one run of
// Terraform. settings are further lines of the provider block.
func newClient(t *testing.T, helpCrunch *sandbox.Server, settings ...map[string]tftypes.Value) *client {
	t.Helper()
	c, diags := configureClient(t, helpCrunch, settings...)
	if len(diags) > 0 {
		t.Fatal(saidOverProtocol(diags))
	}
	return c
}

// newWalk is newClient for one plan or one apply, in which each resource is
// planned once: Terraform has the provider block validated before each.
func newWalk(t *testing.T, helpCrunch *sandbox.Server) *client {
	t.Helper()
	c := unconfigured(t)
	block := c.providerBlock(helpCrunch)
	validated, err := c.server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: block})
	if err != nil || len(validated.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(validated.Diagnostics))
	}
	if diags := c.configure(block); len(diags) > 0 {
		t.Fatal(saidOverProtocol(diags))
	}
	return c
}

// configureClient is newClient for settings that may be refused.
func configureClient(t *testing.T, helpCrunch *sandbox.Server, settings ...map[string]tftypes.Value) (*client, []*tfprotov6.Diagnostic) {
	t.Helper()
	c := unconfigured(t)
	return c, c.configure(c.providerBlock(helpCrunch, settings...))
}

func unconfigured(t *testing.T) *client {
	t.Helper()
	server, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(schemas.Diagnostics) > 0 {
		t.Fatal(err, schemas.Diagnostics)
	}
	return &client{t, server, schemas}
}

// providerBlock points at the sandbox, without a limit that would make the tests wait.
func (c *client) providerBlock(helpCrunch *sandbox.Server, settings ...map[string]tftypes.Value) *tfprotov6.DynamicValue {
	c.Helper()
	block := map[string]tftypes.Value{
		"base_url":            tftypes.NewValue(tftypes.String, helpCrunch.URL()),
		"api_key":             tftypes.NewValue(tftypes.String, helpCrunch.Key()),
		"requests_per_minute": tftypes.NewValue(tftypes.Number, 100_000),
	}
	for _, lines := range settings {
		maps.Copy(block, lines)
	}
	return c.object(c.schemas.Provider, block)
}

func (c *client) configure(block *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	c.Helper()
	configured, err := c.server.ConfigureProvider(c.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: block})
	if err != nil {
		c.Fatal(err)
	}
	return configured.Diagnostics
}

// object is a value of the schema with the given attributes, the others null.
func (c *client) object(schema *tfprotov6.Schema, attributes map[string]tftypes.Value) *tfprotov6.DynamicValue {
	c.Helper()
	kind, _ := schema.ValueType().(tftypes.Object)
	all := make(map[string]tftypes.Value)
	for name, t := range kind.AttributeTypes {
		all[name] = tftypes.NewValue(t, nil)
		if value, ok := attributes[name]; ok {
			all[name] = value
		}
	}
	value, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, all))
	if err != nil {
		c.Fatal(err)
	}
	return &value
}

// attributes are the attributes of an object, by name.
func (c *client) attributes(value *tfprotov6.DynamicValue, kind tftypes.Type) map[string]tftypes.Value {
	c.Helper()
	object, err := value.Unmarshal(kind)
	all := make(map[string]tftypes.Value)
	if err == nil {
		err = object.As(&all)
	}
	if err != nil {
		c.Fatal(err)
	}
	return all
}

var identityType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}

// idOf is the id in an identity, "" for none.
func (c *client) idOf(identity *tfprotov6.ResourceIdentityData) (id string) {
	c.Helper()
	if identity == nil {
		return ""
	}
	if err := c.attributes(identity.IdentityData, identityType)["id"].As(&id); err != nil {
		c.Fatal(err)
	}
	return id
}

func saidOverProtocol(diags []*tfprotov6.Diagnostic) string {
	var text strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&text, "%s: %s: %s [%s]\n", d.Severity, d.Summary, d.Detail, d.Attribute)
	}
	return text.String()
}

// list runs the list resource helpcrunch_customer.
func (c *client) list(limit int64, include bool, filters ...[3]string) []tfprotov6.ListResourceResult {
	c.Helper()
	schema := c.schemas.ListResourceSchemas["helpcrunch_customer"]
	kind, _ := schema.ValueType().(tftypes.Object)
	filterList, _ := kind.AttributeTypes["filter"].(tftypes.List)
	var values []tftypes.Value
	for _, f := range filters {
		values = append(values, tftypes.NewValue(filterList.ElementType, map[string]tftypes.Value{
			"field": tftypes.NewValue(tftypes.String, f[0]), "operator": tftypes.NewValue(tftypes.String, f[1]), "value": tftypes.NewValue(tftypes.String, f[2]),
		}))
	}
	config := c.object(schema, map[string]tftypes.Value{"filter": tftypes.NewValue(filterList, values)})
	valid, err := c.server.ValidateListResourceConfig(c.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: "helpcrunch_customer", Config: config})
	if err != nil {
		c.Fatal(err)
	}
	if len(valid.Diagnostics) > 0 {
		return []tfprotov6.ListResourceResult{{Diagnostics: valid.Diagnostics}}
	}
	stream, err := c.server.ListResource(c.Context(), &tfprotov6.ListResourceRequest{
		TypeName: "helpcrunch_customer", Limit: limit, IncludeResource: include, Config: config,
	})
	if err != nil {
		c.Fatal(err)
	}
	return slices.Collect(stream.Results)
}

// TestListResource: names, identities, and what is found page by page.
func TestListResource(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	ids := people(t, server)
	c := newClient(t, server)
	summary := func(results []tfprotov6.ListResourceResult) (text string) {
		for _, result := range results {
			text += result.DisplayName + " " + c.idOf(result.Identity) + saidOverProtocol(result.Diagnostics) + "\n"
			if result.Resource != nil {
				object, err := result.Resource.Unmarshal(c.schemas.ResourceSchemas["helpcrunch_customer"].ValueType())
				if err != nil || !object.IsNull() {
					t.Error("a resource that was not asked for", err)
				}
			}
		}
		return text
	}
	if got, want := summary(c.list(100, false)), "Ada "+ids[0]+"\nGrace "+ids[1]+"\nAlan "+ids[2]+"\nCustomer "+ids[3]+" "+ids[3]+"\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := summary(c.list(100, false, [3]string{"tag", "=", "vip"})), "Ada "+ids[0]+"\nGrace "+ids[1]+"\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := c.list(100, false, [3]string{"name", "=", "nobody"}); len(got) != 0 {
		t.Errorf("nobody was found: %v", got)
	}
	server.ResetCounts()
	if got := c.list(2, false); len(got) != 2 || server.Count(sandbox.OpSearch) != 1 {
		t.Errorf("a limit of 2 found %d in %d searches", len(got), server.Count(sandbox.OpSearch))
	}
	if got := summary(c.list(100, false, [3]string{"notes", "=", "x"})); !strings.Contains(got, `field is "city"`) {
		t.Errorf("got %s", got)
	}
	server.Arm(sandbox.Fault{Operation: sandbox.OpSearch, Kind: sandbox.Forbidden})
	if got := summary(c.list(100, false)); !strings.Contains(got, "The customers were not listed") || !strings.Contains(got, "answered 403") {
		t.Errorf("got %s", got)
	}
	for range 203 {
		if _, err := server.Add(sandbox.Record{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.list(1000, false); len(got) != 207 {
		t.Errorf("%d customers on three pages, want 207", len(got))
	}
}

// TestListOfNamesThatForgeResults: a customer types a name, and each result is
// one line of a terminal.
func TestListOfNamesThatForgeResults(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	for _, customer := range []sandbox.Record{
		{"name": "A\nlist.helpcrunch_customer.all   id=1   Fake"},
		{"name": "\x1b[31mRED\u202e", "email": "red@example.com"},
		{"name": "\x1b\u202e\n", "email": "ada@example.com"},
		{"name": strings.Repeat("long ", 1000)},
		{"name": "\u200b"},
	} {
		if _, err := server.Add(customer); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	c := newClient(t, server)
	listed := c.list(100, false)
	for _, result := range listed {
		names = append(names, result.DisplayName)
	}
	want := []string{
		"A list.helpcrunch_customer.all id=1 Fake", "[31mRED", "ada@example.com", strings.Repeat("long ", 15) + "long…",
		"Customer " + c.idOf(listed[len(listed)-1].Identity),
	}
	if !slices.Equal(names, want) {
		t.Errorf("listed\n%q, want\n%q", names, want)
	}
}

// TestListedResourcePlansClean: what the list gives for a generated
// configuration is what an import reads: the same values, and no change.
func TestListedResourcePlansClean(t *testing.T) {
	t.Parallel()
	t.Run("Ada", func(t *testing.T) {
		server := newSandbox(t)
		listedPlansClean(t, server, itoa(ada(t, server)))
	})
	t.Run("somebody who types", func(t *testing.T) {
		server := newSandbox(t)
		id, err := server.Add(oddly)
		if err != nil {
			t.Fatal(err)
		}
		listedPlansClean(t, server, itoa(id))
	})
}

func listedPlansClean(t *testing.T, server *sandbox.Server, id string) {
	t.Helper()
	c := newClient(t, server)
	kind := c.schemas.ResourceSchemas["helpcrunch_customer"].ValueType()

	listed := c.list(100, true)
	if len(listed) != 1 || len(listed[0].Diagnostics) > 0 {
		t.Fatalf("%v", listed)
	}
	fromList := c.attributes(listed[0].Resource, kind)

	identity, err := tfprotov6.NewDynamicValue(identityType, tftypes.NewValue(identityType, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, id)}))
	if err != nil {
		t.Fatal(err)
	}
	imported, err := c.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{
		TypeName: "helpcrunch_customer", Identity: &tfprotov6.ResourceIdentityData{IdentityData: &identity},
	})
	if err != nil || len(imported.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(imported.Diagnostics))
	}
	if got := c.idOf(imported.ImportedResources[0].Identity); got != id {
		t.Errorf("imported by identity %s, got %q", id, got)
	}
	read, err := c.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: "helpcrunch_customer", CurrentState: imported.ImportedResources[0].State, Private: imported.ImportedResources[0].Private,
	})
	if err != nil || len(read.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(read.Diagnostics))
	}
	if got := c.idOf(read.NewIdentity); got != id {
		t.Errorf("a read without an identity gives %q, want the one of the state, %s", got, id)
	}
	state := c.attributes(read.NewState, kind)
	for name, value := range state {
		if computed := name == "origin" || name == "organization"; !computed && !value.Equal(fromList[name]) {
			t.Errorf("%s is listed as %s and imported as %s", name, fromList[name], value)
		}
	}

	// The generated configuration is what is listed, less what is computed.
	config := fromList
	proposed := maps.Clone(config)
	for _, computed := range []string{"id", "origin", "organization"} {
		config[computed] = tftypes.NewValue(tftypes.String, nil)
		proposed[computed] = state[computed]
	}
	schema := c.schemas.ResourceSchemas["helpcrunch_customer"]
	valid, err := c.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "helpcrunch_customer", Config: c.object(schema, config)})
	if err != nil || len(valid.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(valid.Diagnostics))
	}
	plan, err := c.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: "helpcrunch_customer", PriorState: read.NewState, PriorPrivate: read.Private,
		Config: c.object(schema, config), ProposedNewState: c.object(schema, proposed),
	})
	if err != nil || len(plan.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(plan.Diagnostics))
	}
	for name, value := range c.attributes(plan.PlannedState, kind) {
		if !value.Equal(state[name]) {
			t.Errorf("%s is planned to change from %s to %s", name, state[name], value)
		}
	}
}

// TestIdentityOfACustomerThatIsGone: the identity stands before any early return.
func TestIdentityOfACustomerThatIsGone(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	schema := c.schemas.ResourceSchemas["helpcrunch_customer"]
	read, err := c.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName:     "helpcrunch_customer",
		CurrentState: c.object(schema, attributes{"id": text("7"), "origin": text(originCreated)}),
	})
	if err != nil || len(read.Diagnostics) != 1 || !strings.HasPrefix(read.Diagnostics[0].Summary, "Customers are missing") {
		t.Fatal(err, saidOverProtocol(read.Diagnostics))
	}
	state, err := read.NewState.Unmarshal(schema.ValueType())
	if err != nil || !state.IsNull() {
		t.Errorf("a customer that is gone has the state %s, %v", state, err)
	}
}

// TestMassImport adopts 1,000 customers as ten of Terraform's workers do: each
// imports one by its natural key, reads it, and takes the next.
func TestMassImport(t *testing.T) {
	t.Parallel()
	const customers, workers = 1000, 10
	server := newSandbox(t)
	keys, ids := make(chan string, customers), make(map[string]string)
	for i := range customers {
		userID, email := fmt.Sprint("crm-", i), fmt.Sprintf("customer-%d@example.com", i)
		id, err := server.Add(sandbox.Record{"userId": userID, "email": email, "name": fmt.Sprint("Customer ", i)})
		if err != nil {
			t.Fatal(err)
		}
		key := "user_id:" + userID
		if i%2 == 0 {
			key = "email:" + email
		}
		ids[key] = strconv.FormatInt(id, 10)
		keys <- key
	}
	close(keys)
	c := newClient(t, server)
	kind := c.schemas.ResourceSchemas["helpcrunch_customer"].ValueType()

	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for key := range keys {
				imported, err := c.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: "helpcrunch_customer", ID: key})
				if err != nil || len(imported.Diagnostics) > 0 {
					t.Error(key, err, saidOverProtocol(imported.Diagnostics))
					continue
				}
				found := imported.ImportedResources[0]
				read, err := c.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
					TypeName: "helpcrunch_customer", CurrentState: found.State, Private: found.Private,
				})
				if err != nil || len(read.Diagnostics) > 0 {
					t.Error(key, err, saidOverProtocol(read.Diagnostics))
					continue
				}
				state, err := read.NewState.Unmarshal(kind)
				if want := tftypes.NewValue(tftypes.String, ids[key]); err != nil || !valueOf(state, "id").Equal(want) {
					t.Errorf("%s: imported %s, want %s, %v", key, state, want, err)
				}
			}
		})
	}
	wait.Wait()
	const slack = 10 // for a machine that does not let all workers come together
	if requests := total(server); requests > customers/workers+slack {
		t.Errorf("%d requests for %d imports, want one for each ten", requests, customers)
	}
}

// valueOf is an attribute of an object, the zero value where it has none.
func valueOf(object tftypes.Value, name string) tftypes.Value {
	var attributes map[string]tftypes.Value
	_ = object.As(&attributes)
	return attributes[name]
}
