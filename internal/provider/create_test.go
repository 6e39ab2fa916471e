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
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestAdoption: a customer whom HelpCrunch did not confirm is in the state after
// one apply, and nobody deletes them unasked.
func TestAdoption(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.DropAfter})
	lines := attributes{"user_id": text("crm-17"), "name": text("Ada")}
	c := newClient(t, server)
	ada, said := c.apply(instance{kind: customerKind}, lines)
	id := onlyCustomerID(t, server)
	if !ada.exists() || c.attribute(ada, "id") != id || c.attribute(ada, "origin") != originAdopted {
		t.Fatalf("the state is not that of an adopted one: %s", said)
	}
	if !strings.HasPrefix(said, "WARNING: A customer was adopted: ") || !strings.Contains(said, "customer "+id) ||
		!strings.Contains(said, "a destroy refuses to delete them until deletion_policy is written and applied") {
		t.Errorf("it says %s", said)
	}

	for name, destroy := range map[string]func() (instance, string){
		"plan":              func() (instance, string) { _, said := c.plan(ada, nil); return ada, said },
		"replaced":          func() (instance, string) { return c.replaced(ada, false) },
		"replaced, tainted": func() (instance, string) { return c.replaced(ada, true) },
	} {
		if after, said := destroy(); !strings.Contains(said, "It was adopted, and no deletion_policy was applied") || !after.exists() {
			t.Errorf("%s: it says %q", name, said)
		}
	}
	onlyCustomer(t, server)

	lines["deletion_policy"] = text("delete")
	if ada, said = c.apply(ada, lines); said != "" || c.attribute(ada, "origin") != originAdopted {
		t.Errorf("with a deletion_policy it says %q", said)
	}
	if after, _, said := c.destroy(ada); after.exists() || said != "" || len(server.Customers()) > 0 {
		t.Errorf("with a deletion_policy, destroy says %q", said)
	}
}

// TestOldCustomerIsNotAdopted: a fault before the work, and somebody who was
// there long before and has all that was sent.
func TestOldCustomerIsNotAdopted(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]sandbox.Record{
		"firstSeen": {"firstSeen": "1500000000"},
		"lastSeen":  {"lastSeen": "1500000000"},
		"device":    {"device": map[string]any{"platform": "desktop"}},
		"location":  {"location": map[string]any{"city": "London"}},
		"lastPage":  {"lastPage": "https://example.com/pricing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newSandbox(t)
			there["userId"], there["name"], there["email"] = "crm-17", "Ada", "ada@example.com"
			id, err := server.Add(there)
			if err != nil {
				t.Fatal(err)
			}
			before, _ := server.Customer(id)
			server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.BadGateway})
			c := newClient(t, server)
			ada, said := c.apply(instance{kind: customerKind}, attributes{"user_id": text("crm-17"), "name": text("Ada"), "email": text("ada@example.com")})
			if ada.exists() {
				t.Errorf("they are in the state")
			}
			for _, want := range []string{
				"ERROR: A customer with this user_id already exists: ", fmt.Sprintf("HelpCrunch customer %d already has user_id \"crm-17\".", id),
				"(" + name + ")", "they were not adopted", "terraform import ADDRESS " + itoa(id), "answered 400",
			} {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			if after, _ := server.Customer(id); !reflect.DeepEqual(after, before) {
				t.Errorf("the customer was changed to %v", after)
			}
		})
	}
}

// TestPropertySpeaksToNoTerminal: what a property is called that somebody holds
// says nothing to the terminal on which an error names it.
func TestPropertySpeaksToNoTerminal(t *testing.T) {
	t.Parallel()
	evil := "plan\x1b[2J\u202e\nError: forged"
	server, err := sandbox.Start(sandbox.Config{Attributes: map[string]sandbox.AttributeType{evil: sandbox.TextAttribute}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if _, err := server.Add(sandbox.Record{"userId": "crm-17", "name": "Ada", "customData": map[string]any{evil: "gold"}}); err != nil {
		t.Fatal(err)
	}
	server.Arm(sandbox.Fault{Operation: sandbox.OpCreate, Kind: sandbox.BadGateway})
	_, said := newClient(t, server).apply(instance{kind: customerKind}, attributes{"user_id": text("crm-17"), "name": text("Ada")})
	if !strings.Contains(said, "(customData.plan[2J Error: forged)") {
		t.Errorf("it says %q", said)
	}
}

// TestUserIDIsTypedAsItIs: a user_id does nothing in the shell that the advice of
// an error is typed into.
func TestUserIDIsTypedAsItIs(t *testing.T) {
	t.Parallel()
	for userID, want := range map[string]string{
		"crm-17":                "user_id:crm-17",
		"Łódź_1:a@b.example+c":  "user_id:Łódź_1:a@b.example+c",
		"x;curl example|sh":     `"user_id:x;curl example|sh"`,
		"x & calc & '":          `"user_id:x & calc & '"`, // the prompt of Windows knows no single quotes
		"*":                     `"user_id:*"`,
		"$(id)":                 "ID",
		"`id`":                  "ID",
		"x'; calc; \"":          "ID",
		"x\u2019; calc; \u2018": "ID", // which PowerShell takes for single quotes, as it does others for double ones
		"x\u201d; calc":         "ID",
		"%COMSPEC%":             "ID",
		"x!!":                   "ID",
		`x\`:                    "ID",
		"x^y":                   "ID",
		"17\nrm -rf /":          "ID",
		"17\x1b[2J":             "ID",
		"17\u202e":              "ID",
	} {
		if got := typedKey(userID); got != want {
			t.Errorf("%q is typed as %s, want %s", userID, got, want)
		}
	}
}

// answeringCreates stands before a sandbox, and answers creates itself after
// they were carried out. It returns the line of the provider block.
func answeringCreates(t *testing.T, server *sandbox.Server, answer func(created string) string) attributes {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(server.URL(), "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method != http.MethodPost || !strings.HasSuffix(r.Request.URL.Path, "/customers") || r.StatusCode != http.StatusCreated {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		text := answer(string(body))
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		r.Header.Set("Content-Length", fmt.Sprint(len(text)))
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return attributes{"base_url": text(front.URL + "/v1")}
}

// TestCreateAnsweredWithAnotherCustomer: 201, and somebody who was there before.
func TestCreateAnsweredWithAnotherCustomer(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	grace, err := server.Add(sandbox.Record{"userId": "crm-1", "name": "Grace", "firstSeen": "1500000000"})
	if err != nil {
		t.Fatal(err)
	}
	settings := answeringCreates(t, server, func(created string) string {
		return regexp.MustCompile(`"id":\d+`).ReplaceAllString(strings.NewReplacer(
			`"crm-17"`, `"crm-1"`, `"Ada"`, `"Grace"`, `"firstSeen":null`, `"firstSeen":"1500000000"`).Replace(created), fmt.Sprintf(`"id":%d`, grace))
	})
	for name, lines := range map[string]attributes{
		"with a user_id": {"user_id": text("crm-17"), "name": text("Ada")},
		"without":        {"name": text("Ada")},
	} {
		c := newClient(t, server, settings)
		ada, said := c.apply(instance{kind: customerKind}, lines)
		if ada.exists() {
			t.Errorf("%s: customer %s is in the state", name, c.attribute(ada, "id"))
		}
		if !strings.HasPrefix(said, "ERROR: HelpCrunch answered with another customer: ") || !strings.Contains(said, fmt.Sprintf("customer %d", grace)) ||
			name == "with a user_id" && (!strings.Contains(said, `"crm-17"`) || !strings.Contains(said, `"crm-1"`)) {
			t.Errorf("%s: it says %s", name, said)
		}
	}
}

// TestCreateAnsweredWithSomebodyOlder: who may have been there before keeps the tags that
// others gave them, until a plan shows it.
func TestCreateAnsweredWithSomebodyOlder(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	older, err := server.Add(sandbox.Record{"name": "Ada", "phone": "555", "firstSeen": "1500000000", "tags": []string{"gave-consent", "vip"}})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, server, answeringCreates(t, server, func(created string) string {
		created = regexp.MustCompile(`"id":\d+`).ReplaceAllString(created, fmt.Sprintf(`"id":%d`, older))
		return strings.NewReplacer(`"firstSeen":null`, `"firstSeen":"1500000000"`, `"phone":null`, `"phone":"555"`, `"tags":[`, `"tags":[{"name":"gave-consent","color":"#c377e0"},{"name":"vip","color":"#c377e0"},`).Replace(created)
	}))
	ada, said := c.apply(instance{kind: customerKind}, attributes{"user_id": text("crm-17"), "name": text("Ada"), "tags": tagSet(c, "asked")})
	if c.attribute(ada, "id") != fmt.Sprint(older) || c.attribute(ada, "origin") != originAdopted || strings.Contains(said, "ERROR") {
		t.Errorf("it says %s", said)
	}
	if held, _ := server.Customer(older); server.Count(sandbox.OpUntag) > 0 || !slices.Equal(held.TagNames(), []string{"gave-consent", "vip"}) {
		t.Errorf("HelpCrunch holds %v", held)
	}
}

// TestCreateWithAnOddAnswer: one field that cannot be read does not lose the
// customer, and the next apply makes no second one.
func TestCreateWithAnOddAnswer(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string][2]string{
		"lastSeen":   {`"lastSeen":null`, `"lastSeen":"2024-01-01T00:00:00Z"`},
		"customData": {`"customData":{"plan":"gold"}`, `"customData":"gold"`},
		"tags":       {`"tags":[{"name":"vip","color":"#c377e0"}]`, `"tags":["vip"]`},
		"name":       {`"name":"Ada"`, `"name":["Ada"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newSandbox(t)
			settings := answeringCreates(t, server, func(created string) string {
				if !strings.Contains(created, odd[0]) {
					t.Errorf("no %s in %s", odd[0], created)
				}
				return strings.Replace(created, odd[0], odd[1], 1)
			})
			c := newClient(t, server, settings)
			lines := attributes{"name": text("Ada"), "tags": tagSet(c, "vip"), "custom_data": objectValue(attributes{"plan": text("gold")})}
			ada, said := c.apply(instance{kind: customerKind}, lines)
			if !ada.exists() || c.attribute(ada, "id") != onlyCustomerID(t, server) || c.attribute(ada, "name") != "Ada" || c.attribute(ada, "origin") != originCreated {
				t.Fatalf("the state is not that of the customer: %s", said)
			}
			if strings.Count(said, "WARNING: ") != 1 || strings.Contains(said, "ERROR") || !strings.Contains(said, "documentation says: "+name+".") {
				t.Errorf("it says %s", said)
			}
			ada, _ = c.read(ada)
			if p, _ := c.plan(ada, lines); !reflect.DeepEqual(c.attributes(p.state, c.schemas.ResourceSchemas[customerKind].ValueType()), c.attributes(ada.state, c.schemas.ResourceSchemas[customerKind].ValueType())) {
				t.Error("the next plan has something to do")
			}
			if server.Count(sandbox.OpTag)+server.Count(sandbox.OpUntag) > 0 {
				t.Error("tags were settled that nobody knows of")
			}
		})
	}
}

// TestManyCreatesWithFaults: every tenth request meets a fault, and one apply
// makes everybody, nobody twice.
func TestManyCreatesWithFaults(t *testing.T) {
	t.Parallel()
	const customers = 100
	for _, kind := range []sandbox.FaultKind{sandbox.BadGateway, sandbox.DropBefore, sandbox.DropAfter, sandbox.FailAfter, sandbox.TooMany} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := newSandbox(t)
			for i := range customers {
				server.Arm(sandbox.Fault{Kind: kind, RetryAfter: time.Second, After: 9 * (i + 1)})
			}
			c := newWalk(t, server)
			ids := make([]string, customers)
			var wait sync.WaitGroup
			for i := range customers {
				wait.Go(func() {
					made, said := c.apply(instance{kind: customerKind}, attributes{"user_id": text(fmt.Sprint("crm-", i)), "name": text("Ada")})
					if !made.exists() || strings.Contains(said, "ERROR") {
						t.Errorf("customer %d: %s", i, said)
						return
					}
					ids[i] = c.attribute(made, "id")
				})
			}
			wait.Wait()
			held := make(map[string]any)
			for _, record := range server.Customers() {
				held[itoa(record.ID())] = record["userId"]
			}
			if len(held) != customers {
				t.Errorf("HelpCrunch has %d customers", len(held))
			}
			for i, id := range ids {
				if held[id] != fmt.Sprint("crm-", i) {
					t.Errorf("the state of crm-%d has customer %s, who is %v", i, id, held[id])
				}
			}
		})
	}
}

// TestUserIDTwice: two resources that plan one known user_id, in each form that
// Terraform asks for, and what only looks like it.
func TestUserIDTwice(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	maker := newClient(t, server)
	existing := func(userID string) (instance, string) {
		i := maker.created(customerKind, attributes{"user_id": text(userID), "name": text("Ada")})
		return i, maker.attribute(i, "id")
	}
	one, idOne := existing("crm-1")
	two, idTwo := existing("crm-2")
	none := instance{kind: customerKind}
	type step struct {
		of     instance
		userID string // "" = destroyed
	}
	for name, test := range map[string]struct {
		steps []step
		want  []string // nil = no error
	}{
		"two creates":                          {[]step{{none, "crm-9"}, {none, "crm-9"}}, []string{"Two resources in this configuration would create a customer", `"crm-9"`}},
		"two creates but for space":            {[]step{{none, "crm-9"}, {none, " crm-9 "}}, []string{"Two resources in this configuration"}},
		"two who exist":                        {[]step{{one, "crm-1"}, {two, "crm-1"}}, []string{idOne, idTwo, `"crm-1"`}},
		"two who exist, both changed":          {[]step{{one, "crm-9"}, {two, "crm-9"}}, []string{idOne, idTwo, `"crm-9"`}},
		"two others":                           {[]step{{none, "crm-8"}, {none, "crm-9"}, {one, "crm-1"}, {two, "crm-2"}}, nil},
		"swapped":                              {[]step{{one, "crm-2"}, {two, "crm-1"}}, nil},
		"handed on":                            {[]step{{one, "crm-2"}, {two, "crm-3"}}, nil},
		"replaced":                             {[]step{{one, "crm-1"}, {none, "crm-1"}, {two, "crm-2"}}, nil},
		"tainted":                              {[]step{{none, "crm-1"}, {two, "crm-2"}}, nil},
		"destroyed and made anew under a name": {[]step{{one, ""}, {none, "crm-1"}}, nil},
		"the other way round":                  {[]step{{none, "crm-1"}, {one, ""}}, nil},
		"without a user_id":                    {[]step{{none, "-"}, {none, "-"}}, nil},
		"destroyed, and handed to one who exists": {[]step{{one, ""}, {two, "crm-1"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newWalk(t, server)
			var said string
			for _, step := range test.steps {
				lines := attributes{"user_id": text(step.userID), "name": text("Ada")}
				switch step.userID {
				case "":
					lines = nil
				case "-":
					delete(lines, "user_id")
				}
				_, words := c.plan(step.of, lines)
				said += words
			}
			if got := strings.Count(said, "ERROR: One user_id twice: "); got != min(len(test.want), 1) {
				t.Errorf("it says %q", said)
			}
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %s: %s", want, said)
				}
			}
		})
	}
	t.Run("an unknown user_id", func(t *testing.T) {
		t.Parallel()
		c := newWalk(t, server)
		for range 2 {
			if _, said := c.plan(none, attributes{"user_id": tftypes.NewValue(tftypes.String, tftypes.UnknownValue), "name": text("Ada")}); said != "" {
				t.Errorf("it says %q", said)
			}
		}
	})
	// A terraform test plans the same resource again and again with one provider.
	t.Run("planned and applied with one provider", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, server)
		for range 3 {
			for _, of := range []instance{none, one} {
				if _, said := c.plan(of, attributes{"user_id": text("crm-1"), "name": text("Ada")}); said != "" {
					t.Errorf("it says %q", said)
				}
			}
		}
	})
}

// TestUserIDsSwapped: who has a user_id already is managed here. To import them
// would make two resources for one person.
func TestUserIDsSwapped(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	one := c.created(customerKind, attributes{"user_id": text("crm-1")})
	two := c.created(customerKind, attributes{"user_id": text("crm-2")})
	c = newWalk(t, server)
	planOne, _ := c.plan(one, attributes{"user_id": text("crm-2")})
	planTwo, _ := c.plan(two, attributes{"user_id": text("crm-1")})
	_, saidOne := c.carryOut(one, planOne)
	_, saidTwo := c.carryOut(two, planTwo)
	for said, holder := range map[string]instance{saidOne: two, saidTwo: one} {
		id := c.attribute(holder, "id")
		for _, want := range []string{"HelpCrunch customer " + id + " has user_id", "managed by another resource of this configuration", "terraform state list -id=" + id, "takes two steps"} {
			if !strings.Contains(said, want) {
				t.Errorf("it does not say %q:\n%s", want, said)
			}
		}
		if strings.Contains(said, "terraform import") {
			t.Errorf("it says to import who is managed:\n%s", said)
		}
	}
	_, said := c.apply(instance{kind: customerKind}, attributes{"user_id": text("crm-1")})
	if !strings.Contains(said, "managed by another resource of this configuration") {
		t.Errorf("a create with the user_id of a managed customer says %s", said)
	}
}

// dataSource reads one.
func (c *client) dataSource(kind string, lines attributes) attributes {
	c.Helper()
	schema := c.schemas.DataSourceSchemas[kind]
	answer, err := c.server.ReadDataSource(c.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: c.object(schema, lines)})
	if err != nil || len(answer.Diagnostics) > 0 {
		c.Error(err, saidOverProtocol(answer.Diagnostics))
		return nil
	}
	return c.attributes(answer.State, schema.ValueType())
}

// TestLookUpAfterCreate: a look-up finds who was made a moment before, though the
// search does not show them yet.
func TestLookUpAfterCreate(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	if err := server.SetSwitch("search-lag", "300ms"); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, server)
	ada := c.created(customerKind, attributes{"user_id": text("crm-17"), "email": text("ada@example.com")})
	var wait sync.WaitGroup
	wait.Go(func() {
		if imported := c.imported(customerKind, "email:ada@example.com"); c.attribute(imported, "id") != c.attribute(ada, "id") {
			t.Errorf("the import found customer %s", c.attribute(imported, "id"))
		}
	})
	wait.Go(func() {
		if got := c.dataSource("helpcrunch_customer", attributes{"user_id": text("crm-17")})["id"]; !got.Equal(text(c.attribute(ada, "id"))) {
			t.Errorf("the data source found customer %s", got)
		}
	})
	wait.Wait()
}

// TestUserIDTwiceInTerraform: Terraform says of a replacement what it says of two
// resources, but not to the plan.
func TestUserIDTwiceInTerraform(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	block := func(name, userID, more string) string {
		return fmt.Sprintf("resource \"helpcrunch_customer\" %q {\n  user_id = %q\n  %s\n}\n", name, userID, more)
	}
	const before = "lifecycle {\n    create_before_destroy = true\n  }"
	out := s.apply(block("one", "crm-1", "") + block("two", "crm-1", `name = "Ada"`))
	if text := said(out.diags); out.err == nil || out.errors() != 1 || !strings.Contains(text, "error: One user_id twice: ") || len(s.server.Customers()) > 0 {
		t.Fatalf("two resources for one user_id say: %v\n%s", out.err, text)
	}
	s.mustApply(block("one", "crm-1", "") + block("two", "crm-2", ""))
	first := s.state()[nil]["id"]

	replaced := s.mustApply(block("one", "crm-1", "")+block("two", "crm-2", ""), options{replace: []string{"helpcrunch_customer.one", "helpcrunch_customer.two"}})
	if len(replaced.planned) != 2 || s.state()[nil]["id"] == first || len(s.server.Customers()) != 2 {
		t.Errorf("a replacement planned %v", replaced.planned)
	}

	// HelpCrunch refuses the new one while the old one is there. The plan cannot know.
	out = s.apply(block("one", "crm-1", before)+block("two", "crm-2", ""), options{replace: []string{"helpcrunch_customer.one"}})
	if text := said(out.diags); out.errors() != 1 || !strings.Contains(text, "error: A customer with this user_id already exists: ") || !strings.Contains(text, "terraform state list -id=") {
		t.Errorf("create_before_destroy says: %v\n%s", out.err, text)
	}
	if n := len(s.server.Customers()); n != 2 {
		t.Errorf("HelpCrunch has %d customers", n)
	}
	s.mustApply(block("one", "crm-1", "") + block("two", "crm-2", ""))

	out = s.apply(block("one", "crm-2", "") + block("two", "crm-1", ""))
	if text := said(out.diags); out.errors() != 2 || strings.Count(text, "is managed by another resource of this configuration") != 2 || strings.Contains(text, "terraform import") {
		t.Errorf("a swap says: %v\n%s", out.err, text)
	}
	s.mustApply(block("one", "", "") + block("two", "crm-2", ""))
	s.mustApply(block("one", "", "") + block("two", "crm-1", ""))
	s.mustApply(block("one", "crm-2", "") + block("two", "crm-1", ""))
}
