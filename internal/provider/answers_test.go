// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestUserAgentThatCannotBeSent: a line break in TF_APPEND_USER_AGENT is said
// at once, before anything may or may not have been sent.
func TestUserAgentThatCannotBeSent(t *testing.T) {
	server := newSandbox(t)
	for agent, want := range map[string]string{
		"ci/1.0\nX-Forged: yes": "A user agent that cannot be sent",
		"ci/1.0\x1b[2J":         "A user agent that cannot be sent",
		"ci/1.0 (łódź)\n":       "",
	} {
		t.Setenv(envAppendUserAgent, agent)
		c, diags := configureClient(t, server)
		if said := saidOverProtocol(diags); want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%q says %q", agent, said)
		}
		if want != "" {
			continue
		}
		if listed := c.list(1, false); len(listed) != 0 || len(server.Requests()) != 1 {
			t.Errorf("%q: %d requests, %v", agent, len(server.Requests()), listed)
		}
	}
}

// doctored is a HelpCrunch whose answers somebody rewrites on their way. It
// returns the setting that leads there.
func doctored(t *testing.T, server *sandbox.Server, doctor func(r *http.Request, body string) (status int, rewritten string)) attributes {
	t.Helper()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	proxy.ModifyResponse = func(answer *http.Response) error {
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		status, rewritten := doctor(answer.Request, string(body))
		if status != 0 {
			answer.StatusCode = status
		}
		answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(rewritten)), int64(len(rewritten))
		answer.Header.Set("Content-Length", fmt.Sprint(len(rewritten)))
		return nil
	}
	between := httptest.NewServer(proxy)
	t.Cleanup(between.Close)
	return attributes{"base_url": text(between.URL + target.Path)}
}

func rewriting(old, replacement string) func(*http.Request, string) (int, string) {
	return func(_ *http.Request, body string) (int, string) { return 0, strings.ReplaceAll(body, old, replacement) }
}

// readTogether refreshes instances side by side, as Terraform does: what was
// said of each.
func readTogether(c *client, instances []instance) (after []instance, said []string) {
	after, said = make([]instance, len(instances)), make([]string, len(instances))
	var wait sync.WaitGroup
	for n := range instances {
		wait.Go(func() { after[n], said[n] = c.read(instances[n]) })
	}
	wait.Wait()
	return after, said
}

// TestOddCustomerAmongOthers: what HelpCrunch says of one customer and cannot
// be read fails the refresh of that one alone, at once, and its state stays.
func TestOddCustomerAmongOthers(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	var all []instance
	for n := range 10 {
		all = append(all, c.created(customerKind, attributes{"name": text(fmt.Sprint("customer-", n)), "phone": text("555")}))
	}
	odd := newClient(t, server, doctored(t, server, rewriting(`"name":"customer-3"`, `"name":{"first":"customer-3"}`)))
	server.ResetCounts()
	after, said := readTogether(odd, all)
	for n, text := range said {
		if n != 3 && (text != "" || odd.attribute(after[n], "phone") != "555") {
			t.Errorf("customer-%d: %s", n, text)
		}
	}
	id := c.attribute(all[3], "id")
	for _, want := range []string{"ERROR", "Customer " + id, `field "name"`} {
		if !strings.Contains(said[3], want) {
			t.Errorf("it does not say %q: %s", want, said[3])
		}
	}
	if !after[3].exists() || odd.attribute(after[3], "name") != "customer-3" {
		t.Error("the state is not what it was")
	}
	if n := server.Counts().Total(); n > 4 { // the account, and searches
		t.Errorf("%d requests", n)
	}
	// The list goes on behind the one.
	listed, failed := odd.list(100, false), 0
	for _, result := range listed {
		if text := saidOverProtocol(result.Diagnostics); text != "" {
			failed++
			if !strings.Contains(text, "Customer "+id+" was not listed") {
				t.Error(text)
			}
		}
	}
	if len(listed) != 10 || failed != 1 {
		t.Errorf("%d listed, %d failed", len(listed), failed)
	}
}

// TestAnswersOfAnotherBackEnd: what PHP writes for nothing, for a flag and for
// a number is what it plainly means, and no plan fails.
func TestAnswersOfAnotherBackEnd(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	all := []instance{
		c.created(customerKind, attributes{"user_id": text("17"), "blocked": tftypes.NewValue(tftypes.Bool, false), "tags": tagSet(c, "vip")}),
		c.created(customerKind, attributes{"user_id": text("18"), "blocked": tftypes.NewValue(tftypes.Bool, true), "tags": tagSet(c)}),
	}
	odd := newClient(t, server, doctored(t, server, func(_ *http.Request, body string) (int, string) {
		return 0, strings.NewReplacer(
			`"location":{"city":null,"countryCode":null,"regionCode":null}`, `"location":[]`, `"device":null`, `"device":[]`,
			`"userId":"17"`, `"userId":17`, `"blocked":false`, `"blocked":"0"`, `"blocked":true`, `"blocked":1`,
			`"tags":[{"color":"#c377e0","name":"vip"}]`, `"tags":[{"color":"#c377e0","name":"vip"},{"color":"#000000","name":"vip"}]`,
			`"tags":[{"name":"vip","color":"#c377e0"}]`, `"tags":[{"name":"vip","color":"#c377e0"},{"name":"vip","color":"#000000"}]`,
		).Replace(body)
	}))
	after, said := readTogether(odd, all)
	kind := c.schemas.ResourceSchemas[customerKind].ValueType()
	for n := range all {
		before := c.attributes(all[n].state, kind)
		if said[n] != "" {
			t.Fatal(said[n])
		}
		for name, value := range odd.attributes(after[n].state, kind) {
			if !value.Equal(before[name]) {
				t.Errorf("%s was %s and is read as %s", name, before[name], value)
			}
		}
	}
	if imported := odd.imported(customerKind, c.attribute(all[0], "id")); odd.attribute(imported, "user_id") != "17" {
		t.Errorf("imported with the user_id %q", odd.attribute(imported, "user_id"))
	}
}

// tagSet is a set of tags without colours.
func tagSet(c *client, names ...string) tftypes.Value {
	c.Helper()
	object, _ := c.schemas.ResourceSchemas[customerKind].ValueType().(tftypes.Object)
	set, _ := object.AttributeTypes["tags"].(tftypes.Set)
	tags := make([]tftypes.Value, len(names))
	for i, name := range names {
		tags[i] = tftypes.NewValue(set.ElementType, map[string]tftypes.Value{"name": text(name), "color": tftypes.NewValue(tftypes.String, nil)})
	}
	return tftypes.NewValue(set, tags)
}

// TestMergedCustomer: an answer about another customer says that the two were
// probably merged, into whom, and what to do. The state stays.
func TestMergedCustomer(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	customer := c.created(customerKind, attributes{"name": text("Ada"), "deletion_policy": text("delete")})
	id := c.attribute(customer, "id")
	tag := c.created(tagKind, attributes{"customer_id": text(id), "name": text("vip"), "color": text("red")})
	merged := doctored(t, server, func(r *http.Request, body string) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/search") {
			return 0, `{"data":[],"total":0}`
		}
		return 0, strings.ReplaceAll(body, `"id":`+id, `"id":777001`)
	})
	for name, run := range map[string]func(*client) (instance, string){
		"refresh":          func(c *client) (instance, string) { return c.read(customer) },
		"update":           func(c *client) (instance, string) { return c.apply(customer, attributes{"name": text("Ada King")}) },
		"refresh of a tag": func(c *client) (instance, string) { return c.read(tag) },
		"colour of a tag": func(c *client) (instance, string) {
			return c.apply(tag, attributes{"customer_id": text(id), "name": text("vip"), "color": text("blue")})
		},
		"destroy of a tag": func(c *client) (instance, string) { i, _, said := c.destroy(tag); return i, said },
	} {
		after, said := run(newClient(t, server, merged)) // each in a run of its own
		for _, want := range []string{"ERROR", "Customer " + id + " was probably merged into customer 777001", "terraform state rm ADDRESS", "terraform import ADDRESS 777001"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: it does not say %q:\n%s", name, want, said)
			}
		}
		if !after.exists() {
			t.Errorf("%s: the state is gone", name)
		}
	}
}

// TestAnswerOfAProxy: a web page with 200 is nobody's word that something was done.
func TestAnswerOfAProxy(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	customer := c.created(customerKind, attributes{"name": text("Ada"), "deletion_policy": text("delete")})
	tag := c.created(tagKind, attributes{"customer_id": text(c.attribute(customer, "id")), "name": text("vip")})
	behind := newClient(t, server, attributes{"max_retries": number(0)}, doctored(t, server, func(r *http.Request, body string) (int, string) {
		if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/search") {
			return 0, body
		}
		return http.StatusOK, "<html><form>Log in to the company's network</form></html>"
	}))
	for name, run := range map[string]func() (instance, string){
		"destroy":          func() (instance, string) { i, _, said := behind.destroy(customer); return i, said },
		"update":           func() (instance, string) { return behind.apply(customer, attributes{"name": text("Ada King")}) },
		"destroy of a tag": func() (instance, string) { i, _, said := behind.destroy(tag); return i, said },
	} {
		after, said := run()
		if !strings.Contains(said, "ERROR") || !strings.Contains(said, "Whether HelpCrunch carried out the request is not known") {
			t.Errorf("%s says %q", name, said)
		}
		if !after.exists() || after.kind == customerKind && c.attribute(after, "name") != "Ada" {
			t.Errorf("%s: the state is not what it was", name)
		}
	}
}

// TestTimeThatHelpCrunchNames: an hour is longer than an operation may take,
// and nobody waits for it in silence.
func TestTimeThatHelpCrunchNames(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	customer := c.created(customerKind, attributes{"name": text("Ada")})
	if err := server.SetSwitch("retry-after-seconds", "true"); err != nil {
		t.Fatal(err)
	}
	server.Arm(sandbox.Fault{Kind: sandbox.TooMany, Times: 100, RetryAfter: time.Hour})
	c = newClient(t, server)
	for name, run := range map[string]func() (instance, string){
		"refresh": func() (instance, string) { return c.read(customer) },
		"update":  func() (instance, string) { return c.apply(customer, attributes{"name": text("Ada King")}) },
		"create": func() (instance, string) {
			i, said := c.apply(instance{kind: customerKind}, attributes{"name": text("Grace")})
			if i.exists() {
				t.Error("somebody was created")
			}
			return customer, said
		},
	} {
		after, said := run()
		if !after.exists() || !strings.Contains(said, "HelpCrunch answered 429") || !strings.Contains(said, "takes no requests until 20") {
			t.Errorf("%s says %q", name, said)
		}
	}
}

func manyTags(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("tag ", i)
	}
	return names
}

// TestTooManyTagsWritten: a set of thousands would be compared pairwise for
// minutes. It is refused before that.
func TestTooManyTagsWritten(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	schema := c.schemas.ResourceSchemas[customerKind]
	for _, test := range []struct {
		tags int
		want string
	}{{maxTags, ""}, {maxTags + 1, "A customer is to have 101 tags"}, {5000, "A customer is to have 5000 tags"}} {
		config := attributes{"name": text("Ada"), "tags": tagSet(c, manyTags(test.tags)...)}
		valid, err := c.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: customerKind, Config: c.object(schema, config)})
		if err != nil {
			t.Fatal(err)
		}
		said := saidOverProtocol(valid.Diagnostics)
		if (said == "") != (test.want == "") || !strings.Contains(said, test.want) {
			t.Errorf("%d tags: %s", test.tags, said)
		}
	}
	// Known during the plan or the apply only.
	customer := c.created(customerKind, attributes{"name": text("Ada")})
	config := attributes{"name": text("Ada"), "tags": tagSet(c, manyTags(5000)...)}
	want := "Customer " + c.attribute(customer, "id") + " is to have 5000 tags"
	p, said := c.plan(customer, config)
	if !strings.Contains(said, want) {
		t.Errorf("the plan says %q", said)
	}
	p.config, p.state = c.object(schema, config), c.object(schema, attributes{"id": text(c.attribute(customer, "id")), "tags": config["tags"]})
	after, said := c.carryOut(customer, p)
	if !strings.Contains(said, want) || !after.exists() || c.attribute(after, "name") != "Ada" {
		t.Errorf("the apply says %q", said)
	}
}

// TestTooManyTagsHeld: a customer with thousands of tags is named at once where
// all of them would be read, and no trouble where they are not.
func TestTooManyTagsHeld(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	tagged := c.created(customerKind, attributes{"name": text("Ada"), "tags": tagSet(c, "vip")})
	untagged := c.created(customerKind, attributes{"name": text("Grace")})
	tag := c.created(tagKind, attributes{"customer_id": text(c.attribute(untagged, "id")), "name": text("vip")})
	for _, i := range []instance{tagged, untagged} {
		id, err := strconv.ParseInt(c.attribute(i, "id"), 10, 64)
		if err == nil {
			err = server.Change(id, sandbox.Record{"tags": append(manyTags(3000), "vip")})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c = newClient(t, server)
	want := "Customer " + c.attribute(tagged, "id") + " has 3001 tags in HelpCrunch, and the set of all tags has at most 100."
	if after, said := c.read(tagged); !strings.Contains(said, "ERROR") || !strings.Contains(said, want) || !after.exists() {
		t.Errorf("a refresh says %q", said)
	}
	if _, said := c.read(untagged); said != "" {
		t.Errorf("a refresh that reads no tags says %q", said)
	}
	if after, said := c.read(tag); said != "" || !after.exists() {
		t.Errorf("a refresh of one tag says %q", said)
	}
	if _, said := c.apply(untagged, attributes{"name": text("Grace Hopper")}); said != "" {
		t.Errorf("an update says %q", said)
	}
	answer, err := c.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: customerKind, Config: c.object(c.schemas.DataSourceSchemas[customerKind], attributes{"id": text(c.attribute(tagged, "id"))}),
	})
	if err != nil || !strings.Contains(saidOverProtocol(answer.Diagnostics), want) {
		t.Errorf("a data source says %q, %v", saidOverProtocol(answer.Diagnostics), err)
	}
	imported, err := c.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: customerKind, ID: c.attribute(tagged, "id")})
	if err != nil || len(imported.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(imported.Diagnostics))
	}
	after, said := c.read(instance{customerKind, imported.ImportedResources[0].State, imported.ImportedResources[0].Private})
	if !strings.Contains(said, "WARNING") || !strings.Contains(said, want) || !after.exists() || c.attribute(after, "name") != "Ada" {
		t.Errorf("an import says %q", said)
	}
	for _, result := range c.list(100, true) {
		if said := saidOverProtocol(result.Diagnostics); !strings.Contains(said, "WARNING") || !strings.Contains(said, "3001 tags") {
			t.Errorf("a list says %q", said)
		}
	}
}
