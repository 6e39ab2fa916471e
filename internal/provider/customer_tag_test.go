// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

const tagAddress = "helpcrunch_customer_tag.test"

// tagBlock is the resource helpcrunch_customer_tag.test with the given lines.
func tagBlock(customer int64, lines string) string {
	return fmt.Sprintf("resource \"helpcrunch_customer_tag\" \"test\" {\n  customer_id = \"%d\"\n  %s\n}\n", customer, lines)
}

// tagNames are the customer's tags in HelpCrunch.
func tagNames(t *testing.T, server *sandbox.Server, id int64) []string {
	t.Helper()
	customer, ok := server.Customer(id)
	if !ok {
		t.Fatalf("there is no customer %d", id)
	}
	return customer.TagNames()
}

// colorIn is the colour that the account has for a tag.
func colorIn(server *sandbox.Server, id int64, name string) string {
	customer, _ := server.Customer(id)
	tags, _ := customer["tags"].([]sandbox.Tag)
	for _, tag := range tags {
		if tag.Name == name {
			return tag.Color
		}
	}
	return ""
}

func plannedFor(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// TestTag leads a tag through its life, beside tags of others.
func TestTag(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server) // who has the tag vip
	byHand := func(names ...string) func() {
		return func() {
			if err := server.Change(id, sandbox.Record{"tags": names}); err != nil {
				t.Fatal(err)
			}
		}
	}
	holds := func(want ...string) func() {
		return func() {
			if got := tagNames(t, server, id); !slices.Equal(got, want) {
				t.Errorf("HelpCrunch holds the tags %q, want %q", got, want)
			}
		}
	}
	config := func(lines string) string { return providerBlock(server, "") + tagBlock(id, lines) }
	state := func(attribute string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(tagAddress, tfjsonpath.New(attribute), want)
	}
	runSteps(t,
		resource.TestStep{
			Config:           config("name = \"beta\"\n  color = \"gold\""),
			ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				state("id", knownvalue.StringExact(itoa(id)+"/beta")),
				state("customer_id", knownvalue.StringExact(itoa(id))),
				state("name", knownvalue.StringExact("beta")),
				state("color", knownvalue.StringExact("gold")),
			},
			PostApplyFunc: holds("vip", "beta"),
		},
		resource.TestStep{ // what others do is theirs
			PreConfig:        byHand("stray", "beta", "Beta"),
			Config:           config("name = \"beta\"\n  color = \"gold\""),
			ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionNoop),
			PostApplyFunc:    holds("stray", "beta", "Beta"),
		},
		resource.TestStep{ // taken off; another case is another tag
			PreConfig:        byHand("stray", "Beta"),
			Config:           config("name = \"beta\"\n  color = \"gold\""),
			ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionCreate),
			PostApplyFunc:    holds("stray", "Beta", "beta"),
		},
		resource.TestStep{ // the same colour
			PreConfig:        server.ResetCounts,
			Config:           config("name = \"beta\"\n  color = \"#FFD700\""),
			ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionNoop),
			PostApplyFunc: func() {
				if n := server.Count(sandbox.OpTag); n != 0 {
					t.Errorf("%d requests for the same colour", n)
				}
			},
		},
		resource.TestStep{ // another one
			Config:           config("name = \"beta\"\n  color = \"red\""),
			ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				state("id", knownvalue.StringExact(itoa(id)+"/beta")), state("color", knownvalue.StringExact("red")),
			},
			PostApplyFunc: func() {
				holds("stray", "Beta", "beta")()
				if got := colorIn(server, id, "beta"); !sameColor(got, "red") || server.Count(sandbox.OpTag) != 1 || server.Count(sandbox.OpUntag) != 0 {
					t.Errorf("the colour is %s after %v", got, server.Counts())
				}
			},
		},
		resource.TestStep{ // none asked for any more
			PreConfig:         server.ResetCounts,
			Config:            config("name = \"beta\"\n  timeouts = { read = \"1m\" }"),
			ConfigPlanChecks:  plannedFor(tagAddress, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{state("color", knownvalue.Null())},
			PostApplyFunc: func() {
				if n := server.Count(sandbox.OpTag) + server.Count(sandbox.OpUntag); n != 0 {
					t.Errorf("%d writes to ask for nothing", n)
				}
			},
		},
		resource.TestStep{
			Config:            config(`name = "churned / gone"`),
			ConfigPlanChecks:  plannedFor(tagAddress, plancheck.ResourceActionReplace),
			ConfigStateChecks: []statecheck.StateCheck{state("id", knownvalue.StringExact(itoa(id)+"/churned / gone"))},
			PostApplyFunc:     holds("stray", "Beta", "churned / gone"),
		},
	)
	holds("stray", "Beta")() // after the destroy
	if n := server.Count(sandbox.OpPatch) + server.Count(sandbox.OpBatch); n != 0 {
		t.Errorf("%d updates of the customer", n)
	}
}

// TestTagThatIsThere: a tag that somebody has set already is taken over, in
// whatever colour, and taken off like one of our own.
func TestTagThatIsThere(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	runSteps(t, resource.TestStep{
		Config: providerBlock(server, "") + tagBlock(id, `name = "vip"`),
		PostApplyFunc: func() {
			if got := tagNames(t, server, id); !slices.Equal(got, []string{"vip"}) || colorIn(server, id, "vip") != "#c377e0" {
				t.Errorf("HelpCrunch holds the tags %q", got)
			}
		},
	})
	if got := tagNames(t, server, id); len(got) != 0 {
		t.Errorf("after the destroy HelpCrunch holds the tags %q", got)
	}
}

// TestTagOfANewCustomer: the customer's id is known during the apply only.
func TestTagOfANewCustomer(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	config := func(lines string) string {
		return providerBlock(server, "") + customerBlock(lines) +
			"resource \"helpcrunch_customer_tag\" \"test\" {\n  customer_id = helpcrunch_customer.test.id\n  name = \"vip\"\n}\n"
	}
	runSteps(t,
		resource.TestStep{
			Config:        config(`name = "Ada"`),
			PostApplyFunc: func() { assertTags(t, server, "vip") },
		},
		resource.TestStep{ // to which the tag is none of its business
			Config: config(`name = "Ada King"`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("helpcrunch_customer.test", plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(tagAddress, plancheck.ResourceActionNoop),
			}},
			PostApplyFunc: func() { assertTags(t, server, "vip") },
		},
	)
}

func assertTags(t *testing.T, server *sandbox.Server, want ...string) {
	t.Helper()
	if got := onlyCustomer(t, server).TagNames(); !slices.Equal(got, want) {
		t.Errorf("HelpCrunch holds the tags %q, want %q", got, want)
	}
}

// TestTagOfAnotherCustomer: one tag goes, another comes.
func TestTagOfAnotherCustomer(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	first, err := server.Add(sandbox.Record{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := server.Add(sandbox.Record{})
	if err != nil {
		t.Fatal(err)
	}
	runSteps(t,
		resource.TestStep{Config: providerBlock(server, "") + tagBlock(first, `name = "vip"`)},
		resource.TestStep{
			Config:           providerBlock(server, "") + tagBlock(second, `name = "vip"`),
			ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionReplace),
			PostApplyFunc: func() {
				if a, b := tagNames(t, server, first), tagNames(t, server, second); len(a) != 0 || !slices.Equal(b, []string{"vip"}) {
					t.Errorf("HelpCrunch holds the tags %q and %q", a, b)
				}
			},
		},
	)
}

// TestTagOfNobody: nobody who does not exist is tagged, and the error is on customer_id.
func TestTagOfNobody(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	out := s.apply(tagBlock(542335, `name = "beta"`))
	want := "error: Customer 542335 was not tagged: HelpCrunch has no customer 542335: the id is wrong, or the customer was deleted."
	if out.err == nil || !strings.HasPrefix(said(out.diags), want) || !strings.Contains(said(out.diags), "customer_id") {
		t.Errorf("tagging nobody: %v\n%s, want %s", out.err, said(out.diags), want)
	}
}

const tagOfTest = "resource \"helpcrunch_customer_tag\" \"test\" {\n  customer_id = helpcrunch_customer.test.id\n  name = \"beta\"\n}\n"

// TestTagOfSomebodyGone: the tag of a customer who was deleted and is not made anew
// stays in the state, with a warning, and no run ends in an error; it can be taken out.
func TestTagOfSomebodyGone(t *testing.T) {
	t.Parallel()
	for who, warnings := range map[string][]string{
		"imported":    {saidOfMissing + "are not made anew", saidOfMissing + "their tags stay in the state"},
		"not managed": {saidOfMissing + "their tags stay in the state"},
	} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, newSandbox(t))
			id := ada(t, s.server)
			customer, tag := customerBlock(`name = "Ada"`), tagOfTest
			if who == "imported" {
				s.apply(customer + tag + importOf(id))
			} else {
				customer, tag = "", tagBlock(id, `name = "beta"`)
				s.mustApply(tag)
			}
			s.holds(id, "vip", "beta")
			if err := s.server.Delete(id); err != nil {
				t.Fatal(err)
			}
			red := strings.Replace(tag, "\n}", "\n  color = \"red\"\n}", 1)
			for _, config := range []string{tag, tag, red, red} {
				before := writesOf(s.server)
				out := s.apply(customer + config)
				if out.err != nil || !slices.Equal(out.summaries(), warnings) || !strings.Contains(said(out.diags), "take the helpcrunch_customer_tag out") {
					t.Errorf("%v\n%s", out.err, said(out.diags))
				}
				if len(out.planned) == 0 && (len(out.diags) != len(warnings) || writesOf(s.server) != before) {
					t.Errorf("%d writes\n%s", writesOf(s.server)-before, said(out.diags))
				}
			}
			if out := s.plan(); len(out.planned) > 0 {
				t.Errorf("planned afterwards: %v", out.planned)
			}
			if out := s.apply(customer); out.err != nil || out.planned[tagAddress] != "delete" || s.kept.Get(tagAddress) != nil {
				t.Errorf("planned %v: %v\n%s", out.planned, out.err, said(out.diags))
			}
		})
	}
}

// TestTagOfSomebodyMadeAnew: where a customer is gone and made anew, the same apply
// tags the new one.
func TestTagOfSomebodyMadeAnew(t *testing.T) {
	t.Parallel()
	s := newStage(t, newSandbox(t))
	other := strings.ReplaceAll(tagBlock(ada(t, s.server), `name = "beta"`), `"test"`, `"other"`) // whom the run finds: it is no outage
	config := other + customerBlock(`name = "Ada"`) + tagOfTest
	s.mustApply(config)
	if err := s.server.Delete(s.server.Customers()[1].ID()); err != nil {
		t.Fatal(err)
	}
	out := s.apply(config, options{parallelism: 1})
	if out.err != nil || out.planned["helpcrunch_customer.test"] != "create" || out.planned[tagAddress] != "replace" || !slices.Contains(out.summaries(), saidOfMissing+"are made anew") {
		t.Fatalf("planned %v: %v\n%s", out.planned, out.err, said(out.diags))
	}
	s.holds(s.server.Customers()[1].ID(), "beta")
	s.settled()
}

// TestTagFaults: tagging is repeated; a refusal leaves things as they were.
func TestTagFaults(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	s := newStage(t, server)
	config := tagBlock(id, "name = \"beta\"\n  color = \"red\"")

	server.Arm(sandbox.Fault{Operation: sandbox.OpTag, Kind: sandbox.Forbidden})
	if out := s.apply(config); out.err == nil || !strings.Contains(said(out.diags), "was not tagged: HelpCrunch knows the API key but does not permit this") {
		t.Fatalf("%v\n%s", out.err, said(out.diags))
	}
	server.Arm(sandbox.Fault{Operation: sandbox.OpTag, Kind: sandbox.DropAfter})
	s.mustApply(config)
	if n := total(server); n != 3 {
		t.Errorf("%d requests, want a refusal, a lost answer and a repetition", n)
	}

	server.Arm(sandbox.Fault{Operation: sandbox.OpUntag, Kind: sandbox.Forbidden})
	if out := s.destroy(); out.err == nil || !strings.Contains(said(out.diags), "The tag was not taken off customer "+itoa(id)) {
		t.Fatalf("%v\n%s", out.err, said(out.diags))
	}
	if out := s.plan(); out.err != nil || len(out.planned) != 0 {
		t.Errorf("a tag that was not taken off is not in the state any more: planned %v, %v", out.planned, out.err)
	}
	server.Arm(sandbox.Fault{Operation: sandbox.OpUntag, Kind: sandbox.DropAfter})
	if out := s.destroy(); out.err != nil {
		t.Fatalf("%v\n%s", out.err, said(out.diags))
	}
	if got := tagNames(t, server, id); !slices.Equal(got, []string{"vip"}) {
		t.Errorf("HelpCrunch holds the tags %q", got)
	}
}

// TestTagThatIsNotTaken: once HelpCrunch has answered there is a state, so an
// answer without the tag is a warning.
func TestTagThatIsNotTaken(t *testing.T) {
	t.Parallel()
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"id": 542335, "tags": [{"name": "VIP", "color": "red"}]}`)
	}))
	defer answers.Close()
	base, err := url.Parse(answers.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := customerTagResource{newAccount(helpcrunch.Config{
		BaseURL: base, APIKey: "key", BatchSize: 1, RequestTimeout: time.Minute,
		Budget: budget.New(budget.Config{Limit: 10}),
	}, nil, deletionDelete, true)}
	warnings, err := r.send(t.Context(), &customerTagModel{CustomerID: types.StringValue("542335"), Name: types.StringValue("vip"), Color: types.StringNull()}, new(memory))
	if err != nil || len(warnings) != 1 || warnings.HasError() || warnings[0].Summary() != "HelpCrunch did not take a tag" {
		t.Errorf("%v, %v", warnings, err)
	}
}

// TestTagColorOfTheAccount: another colour than the one asked for is said, is
// no error and no drift.
func TestTagColorOfTheAccount(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	if err := server.SetSwitch("tag-color-kept", "true"); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, server)
	for _, row := range []struct{ color, want string }{
		{"red", "warning: HelpCrunch kept another colour for a tag: "}, // created
		{"blue", "warning: HelpCrunch kept another colour for a tag: "},
		{"#c377e0", ""},
		{"bleu", "warning: Not a CSS colour: "},
	} {
		out := s.apply(tagBlock(id, "name = \"vip\"\n  color = \""+row.color+"\""))
		if text := said(out.diags); out.err != nil || (text == "") != (row.want == "") || !strings.HasPrefix(text, row.want) || row.want != "" && !strings.Contains(text, "color") {
			t.Errorf("%s: %v\n%s", row.color, out.err, text)
		}
		if out := s.plan(); out.err != nil || len(out.planned) != 0 {
			t.Errorf("%s: planned after it: %v, %v", row.color, out.planned, out.err)
		}
	}
}

// TestBadTags: each fault is refused in the plan, on its attribute, and
// nothing is sent.
func TestBadTags(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	for _, bad := range []struct{ lines, attribute, want string }{
		{"customer_id = \"ada\"\n  name = \"vip\"", "customer_id", `customer_id is a string of digits such as "542335".`},
		{"customer_id = \"542335/vip\"\n  name = \"vip\"", "customer_id", `customer_id is a string of digits such as "542335".`},
		{"customer_id = \"1\"\n  name = \"\"", "name", `Every tag needs a name, such as "vip".`},
	} {
		runSteps(t, resource.TestStep{
			Config: providerBlock(server, "") + "resource \"helpcrunch_customer_tag\" \"test\" {\n  " + bad.lines + "\n}\n", PlanOnly: true,
			ExpectError: regexp.MustCompile(`(?s)` + errorWith(`with helpcrunch_customer_tag.test, on`).String() + `.*\d+:\s+` + bad.attribute + ` .*` + errorWith(bad.want).String()),
		})
	}
	// Known during the apply only.
	runRealSteps(t, resource.TestStep{
		Config: providerBlock(server, "") + "resource \"terraform_data\" \"later\" {\n  input = \"\"\n}\n" +
			tagBlock(1, `name = terraform_data.later.output`),
		ExpectError: errorWith(`Every tag needs a name, such as "vip".`),
	})
	if n := total(server); n != 0 { // whose the key is may be asked
		t.Errorf("%d requests were sent", n)
	}
}

func TestTagImport(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	const name = "a/b/c"
	if err := server.Change(id, sandbox.Record{"tags": []string{"vip", name}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vip", name} {
		config := providerBlock(server, "") + tagBlock(id, fmt.Sprintf("name = %q", name))
		runSteps(t,
			resource.TestStep{
				Config:           config + importBlock(tagAddress, itoa(id)+"/"+name),
				ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionNoop),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(tagAddress, tfjsonpath.New("id"), knownvalue.StringExact(itoa(id)+"/"+name)),
					statecheck.ExpectKnownValue(tagAddress, tfjsonpath.New("color"), knownvalue.Null()),
				},
			},
		)
	}
	if n := server.Count(sandbox.OpTag); n != 0 {
		t.Errorf("%d tags were sent", n)
	}
	if err := server.Change(id, sandbox.Record{"tags": []string{"vip"}}); err != nil {
		t.Fatal(err)
	}
	const form = "Write the id of a customer, a slash and the name of a tag, such as 542335/vip."
	for bad, want := range map[string]string{
		"542335":             form,
		"vip":                form,
		"ada/vip":            form,
		"542335/":            form,
		itoa(id) + "/ VIP":   "Cannot import non-existent remote object",
		itoa(id) + "/VIP":    "Cannot import non-existent remote object",
		itoa(id+1) + "/beta": "Cannot import non-existent remote object",
	} {
		runSteps(t, resource.TestStep{
			Config:      providerBlock(server, "") + tagBlock(id, `name = "vip"`) + importBlock(tagAddress, bad),
			ExpectError: errorWith(want),
		})
	}
}

// TestTagSpelledOtherwise: a tag that HelpCrunch has with a space, or in another
// form of Unicode, is the tag. It is recoloured and taken off under its own name.
func TestTagSpelledOtherwise(t *testing.T) {
	t.Parallel()
	for name, spelled := range map[string]string{"gold": "gold ", composed: decomposed} {
		server := newSandbox(t)
		id := ada(t, server) // who has the tag vip
		if err := server.Change(id, sandbox.Record{"tags": []string{"vip", spelled}}); err != nil {
			t.Fatal(err)
		}
		config := func(color string) string {
			return providerBlock(server, "") + tagBlock(id, fmt.Sprintf("name = %q\n  %s", name, color))
		}
		holds := func() {
			if got := tagNames(t, server, id); !slices.Equal(got, []string{"vip", spelled}) {
				t.Errorf("HelpCrunch holds %+q", got)
			}
		}
		runSteps(t,
			resource.TestStep{Config: config("") + importBlock(tagAddress, itoa(id)+"/"+name), ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionNoop), PostApplyFunc: holds},
			resource.TestStep{Config: config(`color = "red"`), ConfigPlanChecks: plannedFor(tagAddress, plancheck.ResourceActionUpdate), PostApplyFunc: holds},
		)
		if got := tagNames(t, server, id); !slices.Equal(got, []string{"vip"}) {
			t.Errorf("after the destroy HelpCrunch holds %+q", got)
		}
	}
}

func TestTagIdentity(t *testing.T) {
	t.Parallel()
	needs(t, "1.12.0", "1.12.0")
	server := newSandbox(t)
	id := ada(t, server)
	identity := func(name string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectIdentity(tagAddress, map[string]knownvalue.Check{"id": knownvalue.StringExact(itoa(id) + "/" + name)}),
			statecheck.ExpectIdentityValueMatchesState(tagAddress, tfjsonpath.New("id")),
		}
	}
	runRealSteps(t,
		resource.TestStep{
			Config: providerBlock(server, "") + tagBlock(id, `name = "vip"`) + strings.NewReplacer("542335", itoa(id), "helpcrunch_customer_tag.vip", tagAddress).
				Replace(read(t, "examples", "resources", "helpcrunch_customer_tag", "import-by-identity.tf")),
			ConfigStateChecks: identity("vip"),
		},
		resource.TestStep{Config: providerBlock(server, "") + tagBlock(id, "name = \"vip\"\n  color = \"red\""), ConfigStateChecks: identity("vip")},
		resource.TestStep{Config: providerBlock(server, "") + tagBlock(id, `name = "beta"`), ConfigStateChecks: identity("beta")},
	)
}

// TestTagIsReadAfterASearchThatLags: an account whose search does not show the
// tags yet that were just set, or imported, does not make them drift.
func TestTagIsReadAfterASearchThatLags(t *testing.T) {
	server := newSandbox(t)
	ids := []string{itoa(ada(t, server)), ""}
	second, err := server.Add(sandbox.Record{"tags": []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	ids[1] = itoa(second)
	if err := server.SetSwitch("search-lag", "1h"); err != nil {
		t.Fatal(err)
	}
	config := "resource \"helpcrunch_customer_tag\" \"test\" {\n  for_each = toset([\"" + strings.Join(ids, `", "`) + "\"])\n" +
		"  customer_id = each.key\n  name = \"beta\"\n}\n"
	s := newStage(t, server)
	s.mustApply(config)
	server.ResetCounts()
	if out := s.plan(); out.err != nil || len(out.planned) != 0 {
		t.Errorf("planned %v, %v", out.planned, out.err)
	}
	if server.Count(sandbox.OpSearch) != 1 || server.Count(sandbox.OpGet) != 2 {
		t.Errorf("requests: %v", server.Counts())
	}
	s.forget()
	for _, id := range ids {
		config += importBlock(tagAddress+"[\""+id+"\"]", id+"/beta")
	}
	if out := s.apply(config); out.err != nil || len(out.planned) != 0 {
		t.Errorf("the import of tags that the search does not show yet: %v, %v", out.planned, out.err)
	}
	if out := s.plan(); out.err != nil || len(out.planned) != 0 {
		t.Errorf("planned %v, %v", out.planned, out.err)
	}
}

// TestTagReadsAreShared: ten tags are refreshed by one request, whether of ten
// customers or of one.
func TestTagReadsAreShared(t *testing.T) {
	for name, row := range map[string]struct {
		customers int
		want      sandbox.Operation
	}{
		"of ten customers": {10, sandbox.OpSearch},
		"of one":           {1, sandbox.OpGet},
	} {
		t.Run(name, func(t *testing.T) {
			server := newSandbox(t)
			var ids []string
			for range row.customers {
				id, err := server.Add(sandbox.Record{})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, `"`+itoa(id)+`"`)
			}
			s := newStage(t, server)
			s.mustApply("locals { ids = [" + strings.Join(ids, ", ") + "] }\n" +
				"resource \"helpcrunch_customer_tag\" \"test\" {\n  count = 10\n  customer_id = local.ids[count.index % " + itoa(int64(row.customers)) + "]\n  name = \"tag ${count.index}\"\n}\n")
			if n := total(server); n != 10 || server.Count(sandbox.OpTag) != 10 {
				t.Errorf("%d requests to set ten tags: %v", n, server.Counts())
			}
			server.ResetCounts()
			if out := s.plan(); out.err != nil || len(out.planned) != 0 {
				t.Errorf("planned %v, %v", out.planned, out.err)
			}
			if n := total(server); n != 1 || server.Count(row.want) != 1 {
				t.Errorf("%d requests to refresh ten tags: %v", n, server.Counts())
			}
		})
	}
}

// TestTagBesideTheWholeSet: two kinds of resources for the tags of one
// customer are warned of, at the one that is planned second, whichever it is.
func TestTagBesideTheWholeSet(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	const policy = "\n  deletion_policy = \"abandon\"\n"
	customer := func(lines string) string { return customerBlock("  user_id = \"crm-17\"\n" + lines + policy) }
	s := newStage(t, server)
	if out := s.apply(customer(`tags = [{ name = "vip" }]`) + importOf(id)); out.err != nil {
		t.Fatalf("%v\n%s", out.err, said(out.diags))
	}
	const dependent = "resource \"helpcrunch_customer_tag\" \"test\" {\n  customer_id = helpcrunch_customer.test.id\n  name = \"vip\"\n}\n"
	for _, row := range []struct {
		name, config string
		want         []string
	}{
		{"the customer first", customer(`tags = [{ name = "vip" }]`) + dependent, []string{
			"warning: " + tagsTwiceSummary + ": A helpcrunch_customer in this configuration has tags, the exact set of the tags of customer " + itoa(id) + ":",
			"customer_id = helpcrunch_customer.test.id]",
		}},
		{"the tag first", customer("tags = [{ name = \"vip\" }]\n  depends_on = [helpcrunch_customer_tag.test]") + tagBlock(id, `name = "vip"`), []string{
			"warning: " + tagsTwiceSummary + ": tags is the exact set of the tags of customer " + itoa(id) + ", and a helpcrunch_customer_tag in this configuration gives them one as well.",
			"tags = [{ name = \"vip\" }]]",
		}},
		{"a customer without tags", customer("") + dependent, nil},
		{"the tag in another workspace", customer(`tags = [{ name = "vip" }]`), nil}, // of which nobody knows
	} {
		s.config = row.config
		out := s.plan()
		text := said(out.diags)
		if out.err != nil || strings.Count(text, tagsTwiceSummary) != min(len(row.want), 1) {
			t.Errorf("%s: %v\n%s", row.name, out.err, text)
		}
		for _, want := range row.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the plan says\n%s, want %s", row.name, text, want)
			}
		}
	}
}

// TestTagBesideTheWholeSetOfANewCustomer: the id is not known in the plan, so
// the apply says it.
func TestTagBesideTheWholeSetOfANewCustomer(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	out := newStage(t, server).apply(customerBlock(`tags = [{ name = "vip" }]`) +
		"resource \"helpcrunch_customer_tag\" \"test\" {\n  customer_id = helpcrunch_customer.test.id\n  name = \"beta\"\n}\n")
	if text := said(out.diags); out.err != nil || strings.Count(text, tagsTwiceSummary) != 1 || !strings.Contains(text, "Add the tag to that set and take this resource out.") {
		t.Errorf("%v\n%s", out.err, text)
	}
}

// TestTagBesideASetThatIsIgnored: the set is what a customer begins with, and once they
// have the tag there is nothing to warn of, unless the set is written with it.
func TestTagBesideASetThatIsIgnored(t *testing.T) {
	t.Parallel()
	config := func(name, tags string) string {
		return customerBlock("name = \""+name+"\"\n  tags = ["+tags+"]\n  lifecycle {\n    ignore_changes = [tags]\n  }") +
			"resource \"helpcrunch_customer_tag\" \"test\" {\n  customer_id = helpcrunch_customer.test.id\n  name = \"vip\"\n}\n"
	}
	for tags, warns := range map[string]int{`{ name = "new" }`: 0, `{ name = "new" }, { name = "vip" }`: 1} {
		server := newSandbox(t)
		s := newStage(t, server)
		if out := s.apply(config("Ada", tags)); out.err != nil || strings.Count(said(out.diags), tagsTwiceSummary) != 1 {
			t.Errorf("%s: the first apply says %v\n%s", tags, out.err, said(out.diags))
		}
		for _, name := range []string{"Ada", "Ada King", "Ada King"} {
			if out := s.apply(config(name, tags)); out.err != nil || strings.Count(said(out.diags), tagsTwiceSummary) != warns {
				t.Errorf("%s: a later apply says %v\n%s", tags, out.err, said(out.diags))
			}
		}
		if held := onlyCustomer(t, server).TagNames(); len(held) != 2 {
			t.Errorf("%s: HelpCrunch has %v", tags, held)
		}
	}
}

// TestTagExamples applies what the documentation shows.
func TestTagExamples(t *testing.T) {
	t.Parallel()
	needs(t, "1.5.0", "1.6.0") // import blocks
	server := newSandbox(t)
	for id, userID := range map[int64]string{542335: "crm-17", 542336: "crm-18"} {
		if _, err := server.Add(sandbox.Record{"id": id, "userId": userID}); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join("examples", "resources", "helpcrunch_customer_tag")
	w := newWorkspace(t, server, required+read(t, folder, "resource.tf"))
	if diags, err := w.Apply(t.Context()); err != nil || len(diags) > 0 {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	for id, want := range map[int64][]string{542335: {"audited", "vip"}, 542336: {"audited"}} {
		if got := tagNames(t, server, id); !slices.Equal(sorted(got), want) {
			t.Errorf("customer %d has the tags %q, want %q", id, got, want)
		}
	}
	forget := func() {
		t.Helper()
		if err := w.StateRm(t.Context(), "helpcrunch_customer_tag.vip"); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	for line := range strings.SplitSeq(read(t, folder, "import.sh"), "\n") {
		if words := strings.Fields(line); len(words) == 4 && words[0] == "terraform" {
			if err := w.Import(t.Context(), words[2], words[3]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			forget()
		}
	}
	write(t, w.WorkingDir(), "import.tf", read(t, folder, "import-by-string-id.tf"))
	server.ResetCounts()
	if diags, err := w.Apply(t.Context()); err != nil || server.Count(sandbox.OpTag) != 1 { // for the colour
		t.Errorf("%v\n%s\n%v", err, said(diags), server.Counts())
	}
}
