// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// origins are the ways in which a customer gets into a state, also one of a
// version of the provider that did not know origin.
var origins = map[string]struct {
	origin string // what a refresh says of it
	found  func(*client, string) instance
}{
	"created": {originCreated, func(c *client, _ string) instance { return c.created(customerKind, attributes{"name": text("Ada")}) }},
	"created before": {originCreated, func(c *client, _ string) instance {
		return c.without(c.created(customerKind, attributes{"name": text("Ada")}), "origin", "organization")
	}},
	"imported": {originImported, func(c *client, id string) instance { return c.imported(customerKind, id) }},
	"imported before": {originImported, func(c *client, id string) instance {
		return c.without(c.imported(customerKind, id), "origin", "organization")
	}},
	"imported and updated": {originImported, func(c *client, id string) instance {
		i, _ := c.apply(c.imported(customerKind, id), attributes{"name": text("Ada King")})
		return i
	}},
	"imported and updated before": {originImported, func(c *client, id string) instance {
		i, _ := c.apply(c.without(c.imported(customerKind, id), "origin", "organization"), attributes{"name": text("Ada King")})
		return i
	}},
	"written by hand": {originImported, func(c *client, id string) instance {
		i := c.without(c.imported(customerKind, id), "origin", "organization")
		i.private = nil
		return i
	}},
	"written by hand and updated": {originImported, func(c *client, id string) instance {
		i := c.without(c.imported(customerKind, id), "origin", "organization")
		i.private = nil
		i, _ = c.apply(i, attributes{"name": text("Ada King")})
		return i
	}},
}

// TestOrigin: only who was created by Terraform is deleted, in a destroy, in a
// replacement and where the customer is tainted, unless deletion_policy is
// written; and the provider's own "abandon" always lets go.
func TestOrigin(t *testing.T) {
	t.Parallel()
	for name, row := range origins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newSandbox(t)
			id := itoa(ada(t, server))
			c := newClient(t, server)
			i := row.found(c, id)
			refreshed, said := c.read(i)
			if got := c.attribute(refreshed, "origin"); got != row.origin || said != "" {
				t.Errorf("a refresh says %q, want %q\n%s", got, row.origin, said)
			}
			if got := c.attribute(refreshed, "organization"); got != itoa(sandbox.DefaultOrganization.ID) {
				t.Errorf("a refresh says organization %q", got)
			}

			// Refreshed or not, and with the memory or without.
			people := len(server.Customers())
			abandons := newClient(t, server, attributes{"deletion_policy": text(deletionAbandon)})
			for _, i := range []instance{i, refreshed} {
				spared := row.origin != originCreated
				if spared {
					_, plan, apply := c.destroy(i)
					_, replaced := c.replaced(i, false)
					_, tainted := c.replaced(i, true)
					for what, said := range map[string]string{"plan": plan, "apply": apply, "replacement": replaced, "replacement of a tainted": tainted} {
						if !strings.Contains(said, "ERROR: The customer must not be deleted") || !strings.Contains(said, "HELPCRUNCH_DELETION_POLICY=abandon") {
							t.Errorf("%s: it says\n%s", what, said)
						}
					}
				}
				for _, tainted := range []bool{false, true} {
					if after, said := abandons.replaced(i, tainted); after.exists() || said != "" {
						t.Errorf("the provider's abandon does not let go:\n%s", said)
					}
				}
				if after, plan, apply := abandons.destroy(i); after.exists() || plan+apply != "" {
					t.Errorf("the provider's abandon does not let go:\n%s%s", plan, apply)
				}
			}
			if n := len(server.Customers()); n != people {
				t.Fatalf("%d of %d are left", n, people)
			}
			if row.origin == originCreated {
				if after, plan, apply := c.destroy(i); after.exists() || !strings.Contains(plan, "erases the history") || apply != "" {
					t.Errorf("a destroy says\n%s\nand then\n%s", plan, apply)
				}
			} else {
				i, said = c.apply(i, attributes{"name": text("Ada King"), "deletion_policy": text("delete")})
				if said != "" {
					t.Error(said)
				}
				if after, said := c.replaced(i, true); after.exists() || !strings.Contains(said, "erases the history") || !strings.Contains(said, "prevent_destroy") {
					t.Errorf("a replacement says\n%s", said)
				}
			}
			if n := len(server.Customers()); n != people-1 {
				t.Errorf("%d of %d are left after the deletion", n, people)
			}
		})
	}
}

// TestTaintedWithoutAnOrigin: of a tainted customer in a state that does not
// say where they come from nothing is known, and so nobody is deleted.
func TestTaintedWithoutAnOrigin(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	i := c.without(c.created(customerKind, attributes{"name": text("Ada")}), "origin")
	if _, said := c.replaced(i, true); !strings.Contains(said, "Whether it was imported is not known") {
		t.Errorf("it says\n%s", said)
	}
	onlyCustomer(t, server)
}

// TestPreventGivesWay: also where prevent is written, the provider's abandon is
// a way out, and says so in the plan.
func TestPreventGivesWay(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	i := c.created(customerKind, attributes{"name": text("Ada"), "deletion_policy": text("prevent")})
	if _, said := c.replaced(i, true); !strings.Contains(said, "must not be deleted") {
		t.Errorf("a replacement says\n%s", said)
	}
	c = newClient(t, server, attributes{"deletion_policy": text("abandon")})
	if after, plan, apply := c.destroy(i); after.exists() || !strings.Contains(plan, "WARNING: A customer is forgotten") || apply != "" {
		t.Errorf("it says\n%s%s", plan, apply)
	}
	onlyCustomer(t, server)
}

// TestUpgrade: in a state of an older version a plan finds nothing to change,
// refreshed or not, and an update leaves null what it does not know.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	customer, tag := attributes{"name": text("Ada")}, attributes{"name": text("vip"), "color": text("red")}
	old := c.without(c.created(customerKind, customer), "origin", "organization")
	tag["customer_id"] = text(c.attribute(old, "id"))
	oldTag := c.without(c.created(tagKind, tag), "organization")
	for _, row := range []struct {
		old            instance
		config, change attributes
	}{
		{old, customer, attributes{"name": text("Ada King")}},
		{oldTag, tag, attributes{"color": text("blue")}},
	} {
		kind := c.schemas.ResourceSchemas[row.old.kind].ValueType()
		refreshed, said := c.read(row.old)
		if said != "" {
			t.Error(said)
		}
		for _, prior := range []instance{row.old, refreshed} {
			c := newClient(t, server) // a plan of its own
			promised, said := c.plan(prior, row.config)
			want, got := c.attributes(prior.state, kind), c.attributes(promised.state, kind)
			if !maps.EqualFunc(got, want, tftypes.Value.Equal) || said != "" {
				t.Errorf("%s: planned %v, want %v\n%s", prior.kind, got, want, said)
			}
		}
		changed := maps.Clone(row.config)
		maps.Copy(changed, row.change)
		updated, said := c.apply(row.old, changed)
		if got := c.attribute(updated, "organization"); got != "" || said != "" {
			t.Errorf("%s: an update that was promised null says %q\n%s", row.old.kind, got, said)
		}
		if refreshed, _ := c.read(updated); c.attribute(refreshed, "organization") == "" {
			t.Errorf("%s: the next refresh does not say the organization", row.old.kind)
		}
	}
}

// TestUnknownOrganization: where the account cannot be read nothing is said of
// it, and everything else goes on; but nobody is written of whom it is known.
func TestUnknownOrganization(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.Forbidden, sandbox.Redirect, sandbox.WrongType} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := newSandbox(t)
			known := newClient(t, server).created(customerKind, attributes{"name": text("Grace")})
			server.Arm(sandbox.Fault{Operation: sandbox.OpOrganization, Kind: kind, Times: 100})
			c := newClient(t, server, attributes{"max_retries": number(0)})
			i := c.created(customerKind, attributes{"name": text("Ada")})
			i, said := c.read(i)
			if got := c.attribute(i, "organization"); got != "" || said != "" {
				t.Errorf("the organization is %q\n%s", got, said)
			}
			i, said = c.apply(i, attributes{"name": text("Ada King")})
			if said != "" {
				t.Error(said)
			}
			if got := server.Count(sandbox.OpOrganization); got != 2 {
				t.Errorf("the account was asked for %d times in two runs", got)
			}

			if after, said := c.read(known); said != "" || c.attribute(after, "organization") == "" {
				t.Errorf("a refresh of somebody of a known account says\n%s", said)
			}
			server.ResetCounts()
			_, updated := c.apply(known, attributes{"name": text("Grace Hopper")})
			_, _, destroyed := c.destroy(known)
			for what, said := range map[string]string{"update": updated, "destroy": destroyed} {
				if !strings.Contains(said, "ERROR") || !strings.Contains(said, "could not be found out") {
					t.Errorf("%s of somebody of a known account says\n%s", what, said)
				}
			}
			if n := total(server); n != 0 {
				t.Errorf("%d requests were sent", n)
			}
			if _, plan, apply := c.destroy(i); strings.Contains(plan+apply, "ERROR") {
				t.Errorf("%s%s", plan, apply)
			}
		})
	}
}

// TestGoneCustomers: whom HelpCrunch does not know any more is said in one and
// the same summary, which names the account; whoever was written a moment ago
// is not given up at once.
func TestGoneCustomers(t *testing.T) {
	t.Parallel()
	server := newAccountOf(t, acme)
	c := newClient(t, server)
	customer := c.created(customerKind, attributes{"name": text("Ada")})
	id := c.attribute(customer, "id")
	tag := c.created(tagKind, attributes{"customer_id": text(id), "name": text("vip")})
	const summary = `WARNING: Customers are missing in HelpCrunch account 17 ("acme"), and `

	// One 404 is not believed.
	c = newClient(t, server)
	server.Arm(sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.NotFound})
	if after, said := c.read(customer); !after.exists() || said != "" {
		t.Errorf("after one 404 the customer is given up\n%s", said)
	}
	if err := server.Delete(onlyCustomer(t, server).ID()); err != nil {
		t.Fatal(err)
	}
	// Nor are two, where HelpCrunch shows nobody.
	c = newClient(t, server)
	after, said := c.read(customer)
	if !after.exists() || !strings.HasPrefix(said, summary) || !strings.Contains(said, "says twice") {
		t.Errorf("after two, in the state: %t\n%s", after.exists(), said)
	}
	if after, said := c.read(c.aged(customer, 9*time.Minute)); !after.exists() {
		t.Errorf("after nine minutes the customer is given up\n%s", said)
	}
	// Later they are, and at once where it shows others; a tag stays, as it cannot be given anew.
	for _, i := range []instance{c.aged(customer, 11*time.Minute), tag} {
		if after, said := c.read(i); after.exists() != (i.kind == tagKind) || strings.Count(said, summary) != 1 || !strings.Contains(said, id) {
			t.Errorf("%s: in the state: %t\n%s", i.kind, after.exists(), said)
		}
	}
	other, err := server.Add(sandbox.Record{})
	if err != nil {
		t.Fatal(err)
	}
	c.imported(customerKind, itoa(other))
	if after, said := c.read(customer); after.exists() || strings.Count(said, summary) != 1 {
		t.Errorf("where others are found: in the state: %t\n%s", after.exists(), said)
	}
}

// TestRefreshLeavesTheStateAlone: where nothing has changed, a refresh changes
// nothing, not even what Terraform does not show.
func TestRefreshLeavesTheStateAlone(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := itoa(ada(t, server))
	c := newClient(t, server)
	customer := c.created(customerKind, attributes{"name": text("Ada")})
	if err := server.Change(c.number(customer, "id"), sandbox.Record{"unsubscribed": true, "customData": map[string]any{"seats": 7}}); err != nil {
		t.Fatal(err)
	}
	customer, _ = c.read(customer)
	tag := c.created(tagKind, attributes{"customer_id": text(id), "name": text("vip")})
	for what, i := range map[string]instance{
		"just written": customer, "written before": c.aged(customer, 11*time.Minute), "written long ago": c.aged(customer, 300*24*time.Hour),
		"imported": c.imported(customerKind, id), "tag": tag, "tag of before": c.aged(tag, time.Hour), "imported tag": c.imported(tagKind, id+"/vip"),
	} {
		kind := c.schemas.ResourceSchemas[i.kind].ValueType()
		after, said := c.read(i)
		if want, got := c.attributes(i.state, kind), c.attributes(after.state, kind); !maps.EqualFunc(got, want, tftypes.Value.Equal) || said != "" {
			t.Errorf("%s: the state was %v and is %v\n%s", what, want, got, said)
		}
		if !bytes.Equal(i.private, after.private) {
			t.Errorf("%s: the private state was %s and is %s", what, i.private, after.private)
		}
	}
}
