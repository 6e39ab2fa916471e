// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

const (
	customerKind = "helpcrunch_customer"
	tagKind      = "helpcrunch_customer_tag"
)

// newAccount is a HelpCrunch account of this organization, where the ids are
// those of other people.
func newAccountOf(t *testing.T, organization sandbox.Organization) *sandbox.Server {
	t.Helper()
	server, err := sandbox.Start(sandbox.Config{Organization: organization, Attributes: map[string]sandbox.AttributeType{
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

var (
	acme    = sandbox.Organization{ID: 17, Domain: "acme"}
	initech = sandbox.Organization{ID: 23, Domain: "initech"}
)

// TestAccountIsAskedForOnce: the account costs a run one request, however many
// customers and tags it is about, and what it is stands in the state.
func TestAccountIsAskedForOnce(t *testing.T) {
	t.Parallel()
	server := newAccountOf(t, acme)
	c := newClient(t, server)
	customer := c.created(customerKind, attributes{"name": text("Ada")})
	tag := c.created(tagKind, attributes{"customer_id": text(c.attribute(customer, "id")), "name": text("vip")})
	for _, i := range []instance{customer, tag} {
		if got := c.attribute(i, "organization"); got != "17" {
			t.Errorf("%s: the organization of a new one is %q", i.kind, got)
		}
	}
	if got := server.Counts().Served[sandbox.OpOrganization]; got != 1 {
		t.Errorf("the account was asked for %d times", got)
	}

	// The next run, and an import.
	server.ResetCounts()
	c = newClient(t, server)
	for _, i := range []instance{c.imported(customerKind, c.attribute(customer, "id")), c.imported(tagKind, c.attribute(tag, "id"))} {
		if got := c.attribute(i, "organization"); got != "17" {
			t.Errorf("%s: the organization of an imported one is %q", i.kind, got)
		}
	}
	c.read(customer)
	c.read(tag)
	if got := server.Counts().Served[sandbox.OpOrganization]; got != 1 {
		t.Errorf("in another run the account was asked for %d times", got)
	}
}

// TestAnotherAccount: with the key of another account, the same ids are other
// people. Nothing is done to them, and nobody's data gets into the state.
func TestAnotherAccount(t *testing.T) {
	t.Parallel()
	ours, theirs := newAccountOf(t, acme), newAccountOf(t, initech)
	c := newClient(t, ours)
	customer := c.created(customerKind, attributes{"name": text("Ada")})
	tag := c.created(tagKind, attributes{"customer_id": text(c.attribute(customer, "id")), "name": text("vip"), "color": text("red")})
	for range 100 { // whichever id it was, somebody else has it
		if _, err := theirs.Add(sandbox.Record{"name": "Somebody", "tags": []string{"vip"}}); err != nil {
			t.Fatal(err)
		}
	}
	before := fmt.Sprint(theirs.Customers())
	if !strings.Contains(before, c.attribute(customer, "id")) {
		t.Fatalf("nobody else has the id %s", c.attribute(customer, "id"))
	}

	for name, run := range map[string]func(*client) (instance, string){
		"refresh":                  func(c *client) (instance, string) { return c.read(customer) },
		"update":                   func(c *client) (instance, string) { return c.apply(customer, attributes{"name": text("Ada King")}) },
		"destroy":                  func(c *client) (instance, string) { i, _, said := c.destroy(customer); return i, said },
		"replacement":              func(c *client) (instance, string) { return c.replaced(customer, false) },
		"replacement of a tainted": func(c *client) (instance, string) { return c.replaced(customer, true) },
		"refresh of a tag":         func(c *client) (instance, string) { return c.read(tag) },
		"destroy of a tag":         func(c *client) (instance, string) { i, _, said := c.destroy(tag); return i, said },
		"another colour of a tag": func(c *client) (instance, string) {
			return c.apply(tag, attributes{"customer_id": text(c.attribute(customer, "id")), "name": text("vip"), "color": text("blue")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			theirs.ResetCounts()
			c := newClient(t, theirs)
			after, said := run(c)
			for _, want := range []string{"ERROR", "account 17", `account 23 ("initech")`, "importing"} {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			if !after.exists() || c.attribute(after, "organization") != "17" || after.kind == customerKind && c.attribute(after, "name") != "Ada" {
				t.Errorf("the state is not what it was")
			}
			if got := theirs.Counts().Served; len(got) != 1 || got[sandbox.OpOrganization] != 1 {
				t.Errorf("requests: %v", got)
			}
		})
	}
	if after := fmt.Sprint(theirs.Customers()); after != before {
		t.Errorf("the other account was changed to\n%s\nfrom\n%s", after, before)
	}
}

// TestAccountInDoubt: where nobody can say whose the API key is, what is as the state
// has it is believed, and nothing else is taken into the state: it may be of somebody
// else. A tag that is not there would be given to them.
func TestAccountInDoubt(t *testing.T) {
	t.Parallel()
	ours, theirs := newAccountOf(t, acme), newAccountOf(t, initech)
	c := newClient(t, ours)
	customer := c.created(customerKind, attributes{"name": text("Ada"), "notes": text("ours")})
	withheld := c.created(customerKind, attributes{"notes_wo": text("ours")})
	tag := c.created(tagKind, attributes{"customer_id": text(c.attribute(customer, "id")), "name": text("vip")})
	cafe := c.created(tagKind, attributes{"customer_id": text(c.attribute(customer, "id")), "name": text("caf\u00e9")})
	for range 100 { // whichever id it was, somebody else has it
		if _, err := theirs.Add(sandbox.Record{"name": "Somebody", "notes": "theirs", "unsubscribed": true, "tags": []string{"cafe\u0301"}}); err != nil {
			t.Fatal(err)
		}
	}
	for server, want := range map[*sandbox.Server]string{ours: "", theirs: "ERROR: "} {
		server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: sandbox.Forbidden, Times: 100})
		c := newClient(t, server)
		for _, i := range []instance{customer, withheld, tag} {
			after, said := c.read(i)
			if !reflect.DeepEqual(after, i) {
				t.Errorf("%s: the state or the memory is not what it was", i.kind)
			}
			if (said == "") != (want == "") || !strings.HasPrefix(said, want) || want != "" && !strings.Contains(said, "one of the HelpCrunch account 17, and whether the API key is one of that account could not be found out") {
				t.Errorf("%s: it says %q, want %q", i.kind, said, want)
			}
		}
		// Nor how somebody spells a tag.
		if after, said := c.read(cafe); said != "" || !reflect.DeepEqual(after, cafe) {
			t.Errorf("the memory of a tag is not what it was, and it says %q", said)
		}
	}
}

// TestPlanOfAnotherAccount: a plan that was made with the key of one account is not
// carried out with that of another one, not even where all that is new is a tag.
func TestPlanOfAnotherAccount(t *testing.T) {
	t.Parallel()
	ours, theirs := newAccountOf(t, acme), newAccountOf(t, initech)
	id, err := ours.Add(sandbox.Record{"name": "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := theirs.Add(sandbox.Record{"name": "Somebody"}); err != nil {
			t.Fatal(err)
		}
	}
	c := newClient(t, ours)
	planned, said := c.plan(instance{kind: tagKind}, attributes{"customer_id": text(fmt.Sprint(id)), "name": text("vip")})
	if said != "" {
		t.Fatal(said)
	}
	c = newClient(t, theirs)
	tag, said := c.carryOut(instance{kind: tagKind}, planned)
	if tag.exists() || !strings.Contains(said, "account 17") || !strings.Contains(said, `account 23 ("initech")`) {
		t.Errorf("it says %q", said)
	}
	if got := theirs.Count(sandbox.OpTag); got != 0 {
		t.Errorf("%d requests to tag somebody", got)
	}

	// Who is to be taken over is whoever has the user_id, and a stranger has it there.
	if _, err := theirs.Add(sandbox.Record{"name": "Real Grace", "userId": "crm-18", "notes": "theirs", "tags": []string{"do-not-call"}}); err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(theirs.Customers())
	config := attributes{"user_id": text("crm-18"), "name": text("Test Grace"), "notes": text(""), "adopt_existing": flag(true)}
	somebody := instance{kind: customerKind}
	successor := instance{kind: customerKind, private: newClient(t, ours).created(customerKind, attributes{"user_id": text("crm-17")}).private}
	for i, adopts := range map[*instance]bool{&somebody: true, &successor: true, {kind: customerKind}: false} { // who is made there is in the wrong place as well
		config["adopt_existing"] = flag(adopts)
		planned, said = newClient(t, ours).plan(*i, config)
		if said != "" {
			t.Fatal(said)
		}
		grace, said := newClient(t, theirs).carryOut(instance{kind: customerKind}, planned)
		if grace.exists() || !strings.Contains(said, "account 17") || !strings.Contains(said, `account 23 ("initech")`) {
			t.Errorf("it says %q", said)
		}
	}
	if after := fmt.Sprint(theirs.Customers()); after != before {
		t.Errorf("the other account was changed to\n%s\nfrom\n%s", after, before)
	}
}

// TestPlanIsOfOneAccount: what is new is compared with what the state names, whichever
// Terraform plans first, and once, without a request where there is nothing to compare.
func TestPlanIsOfOneAccount(t *testing.T) {
	t.Parallel()
	ours, theirs := newAccountOf(t, acme), newAccountOf(t, initech)
	at := newClient(t, ours)
	customer := attributes{"name": text("Ada")}
	ada := at.created(customerKind, customer)
	tag := attributes{"customer_id": text(at.attribute(ada, "id")), "name": text("vip")}
	vip := at.created(tagKind, tag)
	elsewhere := newClient(t, theirs).created(customerKind, customer)
	theirs.ResetCounts()
	type planned struct {
		instance instance
		config   attributes
	}
	oldCustomer, oldTag := planned{ada, customer}, planned{vip, tag}
	unknown := func(attribute, other, value string) attributes {
		return attributes{attribute: tftypes.NewValue(tftypes.String, tftypes.UnknownValue), other: text(value)}
	}
	ofNobodyYet, unnamed := planned{instance{kind: tagKind}, unknown("customer_id", "name", "vip")}, planned{instance{kind: tagKind}, unknown("name", "customer_id", "17")}
	newCustomer, newTag := planned{instance{kind: customerKind}, attributes{"name": text("Grace")}}, planned{instance{kind: tagKind}, attributes{"customer_id": text("17"), "name": text("new")}}
	for name, row := range map[string]struct {
		planned []planned
		refused bool
		asked   int
	}{
		"a customer first":      {[]planned{newCustomer, newCustomer, oldCustomer, oldCustomer}, true, 1},
		"a customer afterwards": {[]planned{oldTag, newCustomer, newCustomer}, true, 1},
		"a tag first":           {[]planned{newTag, oldTag}, true, 1},
		"a tag afterwards":      {[]planned{oldCustomer, newTag}, true, 1},
		"a tag of nobody yet":   {[]planned{oldCustomer, ofNobodyYet}, true, 1},
		"a tag without a name":  {[]planned{unnamed, oldCustomer}, true, 1},
		"a tag that moves":      {[]planned{{vip, unknown("customer_id", "name", "vip")}, newCustomer}, true, 1},
		"both accounts":         {[]planned{oldCustomer, {elsewhere, customer}}, true, 0},
		"new ones alone":        {[]planned{newCustomer, newCustomer}, false, 1}, // for the apply of a saved plan
		"old ones alone":        {[]planned{oldCustomer, oldTag}, false, 0},      // the apply compares, if it has anything to do
		"of the same account":   {[]planned{{elsewhere, customer}, newCustomer, newCustomer}, false, 1},
	} {
		c := newClient(t, theirs)
		var said []string
		for _, p := range row.planned {
			if _, text := c.plan(p.instance, p.config); text != "" {
				said = append(said, text)
			}
		}
		if len(said) > 1 || (len(said) == 1) != row.refused || row.refused && !strings.Contains(said[0], "account 17") || len(said) == 1 && !strings.Contains(said[0], "account 23") {
			t.Errorf("%s: it says %q", name, said)
		}
		if total(theirs) > 0 || theirs.Count(sandbox.OpOrganization) != row.asked {
			t.Errorf("%s: %v requests", name, theirs.Counts())
		}
		theirs.ResetCounts()
	}
}

// TestPlanOfAnAccountInDoubt: where nobody can say whose the API key is, nobody new is
// planned beside those whose account is known.
func TestPlanOfAnAccountInDoubt(t *testing.T) {
	t.Parallel()
	server := newAccountOf(t, acme)
	ada := newClient(t, server).created(customerKind, attributes{"name": text("Ada")})
	for _, fault := range []sandbox.FaultKind{sandbox.Forbidden, sandbox.FailBefore} {
		server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: fault, Times: 100})
		once := attributes{"max_retries": number(0)}
		c := newClient(t, server, once)
		if _, said := c.plan(ada, attributes{"name": text("Ada King")}); said != "" {
			t.Errorf("%s: of who is there it says %q", fault, said)
		}
		if _, said := c.plan(instance{kind: customerKind}, attributes{"name": text("Grace")}); !strings.HasPrefix(said, "ERROR: The account of the API key was not compared with the state's, account 17") {
			t.Errorf("%s: of who is new it says %q", fault, said)
		}
		// Beside nobody: what a key may not read it does not read in the apply either, and a fault passes.
		for _, kind := range []string{customerKind, tagKind} {
			config := map[string]attributes{customerKind: {"name": text("Grace")}, tagKind: {"customer_id": text("1"), "name": text("vip")}}[kind]
			if _, said := newClient(t, server, once).plan(instance{kind: kind}, config); (said == "") != (fault == sandbox.Forbidden) {
				t.Errorf("%s: of a new %s alone it says %q", fault, kind, said)
			}
		}
		server.Disarm()
	}
}

// TestOrganizationSetting: the key of another account than the provider block
// names gets nowhere, not even to create somebody.
func TestOrganizationSetting(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		domain string
		fault  sandbox.FaultKind
		want   string
	}{
		"the same":           {"ACME", "", ""},
		"another":            {"initech", "", `the HelpCrunch account "initech", and the API key is one of account 17 ("acme")`},
		"it is not accepted": {"acme", sandbox.Unauthorized, "HelpCrunch does not accept the API key"}, // once, and not of each customer
		"it may not be read": {"acme", sandbox.Forbidden, "the account of the API key could not be read"},
		"it cannot be read":  {"acme", sandbox.BadGateway, "the account of the API key could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAccountOf(t, acme)
			if row.fault != "" {
				server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: row.fault, Times: 100})
			}
			_, diags := configureClient(t, server, attributes{"organization": text(row.domain), "max_retries": number(0)})
			said := saidOverProtocol(diags)
			if (said == "") != (row.want == "") || !strings.Contains(said, row.want) {
				t.Errorf("it says %q, want %q", said, row.want)
			}
			if got := server.Counts().Served; !maps.Equal(got, map[sandbox.Operation]int{sandbox.OpOrganization: 1}) {
				t.Errorf("requests: %v", got)
			}
		})
	}
}
