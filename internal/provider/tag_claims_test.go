// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// holds checks the tags that a customer has in HelpCrunch.
func (s *stage) holds(id int64, want ...string) {
	s.Helper()
	if got := sorted(tagNames(s.T, s.server, id)); !slices.Equal(got, sorted(want)) {
		s.Errorf("HelpCrunch holds the tags %q, want %q", got, want)
	}
}

// settled checks that there is nothing left to do.
func (s *stage) settled() {
	s.Helper()
	if out := s.plan(); out.err != nil || len(out.planned) > 0 {
		s.Errorf("planned afterwards: %v, %v\n%s", out.planned, out.err, said(out.diags))
	}
}

// byHand gives a customer tags as somebody else does.
func (s *stage) byHand(id int64, names ...string) {
	s.Helper()
	if err := s.server.Change(id, sandbox.Record{"tags": append(tagNames(s.T, s.server, id), names...)}); err != nil {
		s.Fatal(err)
	}
}

// TestTagOfAReplacementStays: the new resource of a replacement gives the tag
// before the old one goes.
func TestTagOfAReplacementStays(t *testing.T) {
	t.Parallel()
	s := newRealStage(t, newSandbox(t))
	id := ada(t, s.server)
	config := func(revision string) string {
		return tagBlock(id, "name = \"beta\"\n  lifecycle {\n    create_before_destroy = true\n    replace_triggered_by  = [terraform_data.revision]\n  }") +
			"resource \"terraform_data\" \"revision\" {\n  input = \"" + revision + "\"\n}\n"
	}
	s.mustApply(config("1"))
	out := s.mustApply(config("2"))
	if out.planned[tagAddress] != "replace" {
		t.Fatalf("planned %v", out.planned)
	}
	s.holds(id, "vip", "beta")
	s.settled()
	s.mustApply("")
	s.holds(id, "vip")
}

// TestTagsOfRenamedKeysStay: each of 20 tags is given by a new resource while
// an old one goes, ten at a time, in whatever order.
func TestTagsOfRenamedKeysStay(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	id := ada(t, s.server)
	want := []string{"vip"}
	for i := range 20 {
		want = append(want, fmt.Sprintf("tag %d", i))
	}
	config := func(prefix string) string {
		return "resource \"helpcrunch_customer_tag\" \"test\" {\n  for_each = { for i in range(20) : \"" + prefix + "${i}\" => \"tag ${i}\" }\n" +
			"  customer_id = \"" + itoa(id) + "\"\n  name = each.value\n}\n"
	}
	s.mustApply(config("old-"))
	s.mustApply(config("new-"), options{parallelism: 10})
	s.holds(id, want...)
	s.settled()
}

// TestTagsMoveIntoResourcesOfTheirOwn: the line of a helpcrunch_customer
// becomes several helpcrunch_customer_tag, in one apply or in two, and what
// others gave stays as well.
func TestTagsMoveIntoResourcesOfTheirOwn(t *testing.T) {
	t.Parallel()
	const whole = "  tags = [{ name = \"mine\" }, { name = \"beta\" }]"
	const single = "resource \"helpcrunch_customer_tag\" \"test\" {\n  for_each = toset([\"mine\", \"beta\"])\n  customer_id = helpcrunch_customer.test.id\n  name = each.key\n}\n"
	name := "  name = \"Ada\"\n"
	for way, steps := range map[string][]string{
		"in one apply":                {customerBlock(name) + single},
		"in two":                      {customerBlock(name+whole) + single, customerBlock(name) + single},
		"in two, with another change": {customerBlock(name+whole) + single, customerBlock("  name = \"Grace\"\n") + single},
		"in two, and one is let go":   {customerBlock(name+whole) + single, customerBlock(name) + strings.Replace(single, `, "beta"`, "", 1)},
		"and back":                    {customerBlock(name) + single, customerBlock(name + whole)},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newSandbox(t))
			s.mustApply(customerBlock(name + whole))
			id := onlyCustomer(t, s.server).ID()
			for i, config := range steps {
				if i == len(steps)-1 && way != "and back" {
					s.byHand(id, "auto-1")
				}
				if out := s.apply(config); out.err != nil {
					t.Fatalf("%v\n%s", out.err, said(out.diags))
				}
			}
			switch way {
			case "and back":
				s.holds(id, "mine", "beta")
			case "in two, and one is let go":
				s.holds(id, "auto-1", "mine")
			default:
				s.holds(id, "auto-1", "mine", "beta")
			}
			s.settled()
		})
	}
}

// TestTagOfTwoResourcesStays: of two resources for one tag one goes.
func TestTagOfTwoResourcesStays(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	id := ada(t, s.server)
	second := strings.Replace(tagBlock(id, `name = "beta"`), `"test"`, `"second"`, 1)
	s.mustApply(tagBlock(id, `name = "beta"`) + second)
	s.mustApply(second)
	s.holds(id, "vip", "beta")
	s.settled()
	s.mustApply("")
	s.holds(id, "vip")
}

// tagsValue is a value for tags with the names.
func (c *client) tagsValue(names ...string) tftypes.Value {
	kind, _ := c.schemas.ResourceSchemas["helpcrunch_customer"].ValueType().(tftypes.Object)
	set, _ := kind.AttributeTypes["tags"].(tftypes.Set)
	elements := make([]tftypes.Value, len(names))
	for i, name := range names {
		elements[i] = tftypes.NewValue(set.ElementType, map[string]tftypes.Value{
			"name": tftypes.NewValue(tftypes.String, name), "color": tftypes.NewValue(tftypes.String, nil),
		})
	}
	return tftypes.NewValue(set, elements)
}

// TestTagsOfALineTakenOut: only what the configuration wrote is taken off,
// whatever a refresh has read into the state, and by name.
func TestTagsOfALineTakenOut(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		wrote      []string
		before     func(c *client, server *sandbox.Server, m *instance) // the line is taken out
		name       string                                               // the name afterwards
		held       []string
		said, want string // of the plan; requests
	}{
		"tags of others stay": {
			wrote: []string{"mine", "auto"}, held: []string{"theirs"}, said: "clears them in HelpCrunch: tags (auto, mine).", want: "untag",
		},
		"with another change": {
			wrote: []string{"mine"}, name: "Grace", held: []string{"theirs"}, said: "clears them in HelpCrunch: tags (mine).", want: "patch untag",
		},
		"of one that wrote none": {
			wrote: []string{}, held: []string{"theirs"},
		},
		"of one who lost it": {
			wrote: []string{"mine"}, held: []string{"theirs"},
			before: func(c *client, server *sandbox.Server, m *instance) {
				if err := server.Change(onlyCustomer(c.T, server).ID(), sandbox.Record{"tags": []string{"theirs"}}); err != nil {
					c.Fatal(err)
				}
				*m, _ = c.read(*m)
			},
		},
		"a state from before": {
			wrote: []string{"mine"}, held: []string{"mine", "theirs"}, said: "Tags are let go, not taken off",
			before: func(_ *client, _ *sandbox.Server, m *instance) { m.private = nil },
		},
		"ignored for a while": { // the plan then has the state's tags, also those of others
			wrote: []string{"mine"}, name: "Grace", held: []string{"theirs"}, said: "clears them in HelpCrunch: tags (mine).", want: "untag",
			before: func(c *client, server *sandbox.Server, m *instance) {
				c = newClient(c.T, server)
				planned, _ := c.plan(*m, attributes{"name": text("Grace"), "tags": c.tagsValue("mine", "theirs")})
				planned.config = c.object(c.schemas.ResourceSchemas[m.kind], attributes{"name": text("Grace"), "tags": c.tagsValue("mine")})
				var said string
				if *m, said = c.carryOut(*m, planned); said != "" {
					c.Fatal(said)
				}
			},
		},
		"a helpcrunch_customer_tag that does not change has it": { // of which the apply does not hear
			wrote: []string{"beta"}, held: []string{"beta", "theirs"}, said: "A tag comes off and is not given again",
			before: func(c *client, _ *sandbox.Server, m *instance) {
				config := attributes{"customer_id": text(c.attribute(*m, "id")), "name": text("beta")}
				tag := instance{"helpcrunch_customer_tag", c.object(c.schemas.ResourceSchemas["helpcrunch_customer_tag"], config), nil}
				if _, said := c.plan(tag, config); said != "" {
					c.Error(said)
				}
			},
		},
		"another helpcrunch_customer_tag has it": {
			wrote: []string{"mine", "beta"}, held: []string{"beta", "theirs"}, said: "clears them in HelpCrunch: tags (mine).", want: "untag",
			before: func(c *client, server *sandbox.Server, m *instance) {
				c.plan(instance{kind: "helpcrunch_customer_tag"}, attributes{"customer_id": text(c.attribute(*m, "id")), "name": text("beta")})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newSandbox(t)
			c := newClient(t, server)
			m := c.created("helpcrunch_customer", attributes{"name": text("Ada"), "tags": c.tagsValue(row.wrote...)})
			id := onlyCustomer(t, server).ID()
			if err := server.Change(id, sandbox.Record{"tags": append(slices.Clone(row.wrote), "theirs")}); err != nil {
				t.Fatal(err)
			}
			m, _ = c.read(m)
			c = newClient(t, server) // another run
			if row.before != nil {
				row.before(c, server, &m)
			}
			config := attributes{"name": text(cmp.Or(row.name, "Ada"))}
			server.ResetCounts()
			planned, said := c.plan(m, config)
			if (said == "") != (row.said == "") || !strings.Contains(said, row.said) {
				t.Errorf("the plan says %q, want %q", said, row.said)
			}
			if m, said = c.carryOut(m, planned); said != "" {
				t.Error(said)
			}
			if got := sorted(tagNames(t, server, id)); !slices.Equal(got, row.held) {
				t.Errorf("HelpCrunch holds %q, want %q", got, row.held)
			}
			var requests []string
			for _, request := range server.Requests() {
				if request.Operation == sandbox.OpOrganization {
					continue
				}
				requests = append(requests, string(request.Operation))
			}
			if got := strings.Join(requests, " "); got != row.want {
				t.Errorf("requests to %q, want %q", got, row.want)
			}
			if state := c.attributes(m.state, c.schemas.ResourceSchemas[m.kind].ValueType()); !state["tags"].IsNull() {
				t.Errorf("the state still has %s", state["tags"])
			}
		})
	}
}

// TestTagsThatWereNotTakenOff stay managed, and the next apply takes them off.
func TestTagsThatWereNotTakenOff(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	c := newClient(t, server)
	config := attributes{"name": text("Ada")}
	m := c.created("helpcrunch_customer", attributes{"name": text("Ada"), "tags": c.tagsValue("mine")})
	id := onlyCustomer(t, server).ID()

	c = newClient(t, server)
	server.Arm(sandbox.Fault{Operation: sandbox.OpUntag, Kind: sandbox.Forbidden})
	m, said := c.apply(m, config)
	if !strings.Contains(said, "The tags were not taken off customer "+itoa(id)+": HelpCrunch knows the API key but does not permit this") {
		t.Error(said)
	}
	c = newClient(t, server)
	if _, said = c.apply(m, config); said != "" || len(tagNames(t, server, id)) != 0 {
		t.Errorf("HelpCrunch holds %q: %s", tagNames(t, server, id), said)
	}
}

// TestTagRequestsTakeTurns: a tag that is being taken off is given afterwards,
// not in between, and one that is being given is not taken off.
func TestTagRequestsTakeTurns(t *testing.T) {
	for name, row := range map[string]struct{ slow, first string }{
		"taken off and given": {slow: http.MethodDelete, first: "off"},
		"given and taken off": {slow: http.MethodPut, first: "on"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, err := sandbox.New(sandbox.Config{Customers: []sandbox.Record{{"tags": []string{"beta"}}}})
				if err != nil {
					t.Fatal(err)
				}
				base, err := url.Parse(server.URL())
				if err != nil {
					t.Fatal(err)
				}
				id := onlyCustomer(t, server).ID()
				r := customerTagResource{newAccount(helpcrunch.Config{
					BaseURL: base, APIKey: server.Key(), BatchSize: 1, RequestTimeout: time.Minute,
					Budget:    budget.New(budget.Config{Limit: 10}),
					Transport: delaying(server.Transport(), row.slow, 2*time.Second),
				}, nil, deletionDelete, true)}
				give := func() {
					if _, err := r.send(t.Context(), &customerTagModel{CustomerID: types.StringValue(itoa(id)), Name: types.StringValue("beta")}, new(memory)); err != nil {
						t.Error(err)
					}
				}
				take := func() {
					if diags := r.takeOff(t.Context(), id, "beta"); len(diags) > 0 {
						t.Error(diags)
					}
				}
				first, second := take, give
				if row.first == "on" {
					first, second = give, take
				}
				go first()
				<-time.After(time.Second)
				go second()
				<-time.After(time.Minute)
				if got := tagNames(t, server, id); !slices.Equal(got, []string{"beta"}) {
					t.Errorf("HelpCrunch holds %q", got)
				}
			})
		})
	}
}

// delaying is a transport that is slow to deliver the requests of a method.
func delaying(next http.RoundTripper, method string, by time.Duration) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == method {
			<-time.After(by)
		}
		return next.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
