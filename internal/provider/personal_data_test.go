// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

var withoutPersonalData = attributes{"personal_data_in_state": tftypes.NewValue(tftypes.Bool, false)}

// somebody is a person of whom everything is known.
func somebody(t *testing.T, account *sandbox.Server) int64 {
	t.Helper()
	id, err := account.Add(sandbox.Record{
		"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 555", "notes": "likes numbers", "userId": "crm-1", "company": "Engines",
		"locale": "en", "tags": []string{"vip"}, "customData": map[string]any{"plan": "gold", "seats": 12},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var ofAda = []string{"Lovelace", "ada@", "555", "likes numbers", "gold"}

// TestPersonalDataIsRefused: where it must not stand in the state, a plan refuses the plain attributes and names
// their twins; a life with the twins is as ever.
func TestPersonalDataIsRefused(t *testing.T) {
	t.Parallel()
	l := newPerson(t, newSandbox(t))
	l.settings = withoutPersonalData
	for _, name := range []string{"name", "email", "phone", "notes"} {
		for _, value := range []string{"secret", ""} {
			l.write(attributes{"user_id": text("crm-1"), name: text(value)})
			_, said, _ := l.apply(core.Options{})
			if errors := said.Errors(); len(errors) != 1 || !strings.Contains(errors[0].Attribute, name) || !strings.Contains(errors[0].Detail, name+"_wo") || strings.Contains(errors[0].Detail, "secret") {
				t.Errorf("%s = %q: %v", name, value, said)
			}
		}
	}
	if len(l.account.Customers()) > 0 {
		t.Fatal("somebody was created")
	}
	l.write(attributes{"user_id": text("crm-1"), "name_wo": text("Ada Lovelace"), "company": text("Engines"), "custom_data": custom(attributes{"plan": text("gold")})})
	l.must("create", 1)
	l.byHand(sandbox.Record{"name": "Eva", "company": "Other"})
	l.must("~#name ~company", 1)
	l.leaks("Lovelace", "Eva")
}

// TestPersonalDataComesOutOfAState: a state that has it loses it by a planned change
// that sends nothing, also where somebody has changed it meanwhile.
func TestPersonalDataComesOutOfAState(t *testing.T) {
	t.Parallel()
	for _, drifted := range []bool{false, true} {
		l := newPerson(t, newSandbox(t))
		l.write(attributes{"name": text("Ada Lovelace"), "email": text("ada@example.com"), "company": text("Engines")})
		l.must("create", 1)
		l.settings = withoutPersonalData
		l.write(attributes{"name_wo": text("Ada Lovelace"), "email_wo": text("ada@example.com"), "company": text("Engines")})
		changed, writes := "+#email +#name -email -name", 0
		if drifted {
			l.byHand(sandbox.Record{"name": "Somebody"})
			changed, writes = "+#email -email ~#name", 1
		}
		l.must(changed, writes)
		l.holds(map[string]string{"name": "Ada Lovelace", "email": "ada@example.com", "company": "Engines"})
		l.leaks("Lovelace", "ada@", "Somebody")
	}
}

// TestImportWithoutPersonalData: an import keeps digests, by the command and by a
// block; what the configuration leaves out is let go, what it says is no change.
func TestImportWithoutPersonalData(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"id", "email:ada@example.com", "user_id:crm-1"} {
		for _, byBlock := range []bool{false, true} {
			t.Run(fmt.Sprint(key, byBlock), func(t *testing.T) {
				t.Parallel()
				account := newSandbox(t)
				id := somebody(t, account)
				if key == "id" {
					key = itoa(id)
				}
				l := newPerson(t, account)
				l.settings = withoutPersonalData
				l.write(attributes{"user_id": text("crm-1"), "name_wo": text("Ada Lovelace"), "custom_data": custom(attributes{"plan": text("gold")}), "company": text("Engines")})
				options := core.Options{Imports: map[string]string{personAddress: key}}
				if !byBlock {
					imported, problems := l.start().Import(t.Context(), personAddress, "helpcrunch_customer", key)
					if problems.Err() != nil {
						t.Fatal(problems)
					}
					l.state.Set(personAddress, imported)
					l.leaks(ofAda...)
					digests := core.Attributes(core.Attributes(imported.Value)["digests"])
					for _, place := range []string{"name", "email", "phone", "notes", "custom_data.plan", "custom_data.seats"} {
						if core.Text(digests[place]) == "" {
							t.Errorf("no digest of %s: %v", place, digests)
						}
					}
					options = core.Options{}
				}
				plan := l.plan(options)
				if changed := l.changes(plan); changed != "+custom_data -#custom_data.plan -#custom_data.seats -#email -#notes -#phone -locale -tags" {
					t.Error(changed)
				}
				if len(plan.Problems) != 1 || !strings.Contains(plan.Problems[0].Detail, "locale, tags, custom_data.seats") || !strings.Contains(plan.Problems[0].Detail, "email, phone, notes") {
					t.Errorf("%v", plan.Problems)
				}
				before := writesOf(account)
				if said := l.start().Apply(t.Context(), l.state, plan, options); said.Err() != nil || writesOf(account) > before {
					t.Fatal(said, writesOf(account)-before)
				}
				l.holds(map[string]string{"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 555", "notes": "likes numbers", "customData.seats": "12", "locale": "en"})
				l.must("", 0)
				l.leaks("Lovelace", "ada@", "555", "likes numbers")
			})
		}
	}
}

// TestNothingPersonalIsFound: where personal data must not stand in a state, data
// sources and list results leave it out, and say so; an ephemeral resource hands it on.
func TestNothingPersonalIsFound(t *testing.T) {
	t.Parallel()
	account := newSandbox(t)
	id := itoa(somebody(t, account))
	c := newClient(t, account, withoutPersonalData)
	for kind, config := range map[string]attributes{"helpcrunch_customer": {"id": text(id)}, "helpcrunch_customers": {}} {
		schema := c.schemas.DataSourceSchemas[kind]
		read, err := c.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: c.object(schema, config)})
		if err != nil {
			t.Fatal(err)
		}
		state, err := read.State.Unmarshal(schema.ValueType())
		if err != nil {
			t.Fatal(err)
		}
		if len(read.Diagnostics) != 1 || read.Diagnostics[0].Severity != tfprotov6.DiagnosticSeverityWarning || read.Diagnostics[0].Summary != "Personal data is left out" {
			t.Error(kind, saidOverProtocol(read.Diagnostics))
		}
		for _, value := range ofAda {
			if strings.Contains(state.String(), value) {
				t.Errorf("%s has %q: %s", kind, value, state)
			}
		}
		if !strings.Contains(state.String(), "crm-1") || !strings.Contains(state.String(), "Engines") || !strings.Contains(state.String(), "vip") {
			t.Errorf("%s lacks what is not left out: %s", kind, state)
		}
	}
	listed := c.list(10, true)
	resource, err := listed[0].Resource.Unmarshal(c.schemas.ResourceSchemas["helpcrunch_customer"].ValueType())
	if err != nil || listed[0].DisplayName != "Customer "+id {
		t.Error(err, listed[0].DisplayName)
	}
	for _, value := range ofAda {
		if strings.Contains(resource.String(), value) {
			t.Errorf("a list result has %q: %s", value, resource)
		}
	}
}

// TestEphemeralCustomer has what the data source has.
func TestEphemeralCustomer(t *testing.T) {
	t.Parallel()
	account := newSandbox(t)
	id := itoa(somebody(t, account))
	c := newClient(t, account, withoutPersonalData) // it is no state
	all := newClient(t, account)
	schema, data := c.schemas.EphemeralResourceSchemas["helpcrunch_customer"], c.schemas.DataSourceSchemas["helpcrunch_customer"]
	for name, config := range map[string]attributes{"id": {"id": text(id)}, "email": {"email": text("ada@example.com")}, "user_id": {"user_id": text("crm-1")}} {
		opened, err := c.server.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: "helpcrunch_customer", Config: c.object(schema, config)})
		if err != nil || len(opened.Diagnostics) > 0 {
			t.Fatal(name, err, opened)
		}
		read, err := all.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "helpcrunch_customer", Config: c.object(data, config)})
		if err != nil || len(read.Diagnostics) > 0 {
			t.Fatal(name, err, read)
		}
		want := c.attributes(read.State, data.ValueType())
		for attribute, value := range c.attributes(opened.Result, schema.ValueType()) {
			if !value.Equal(want[attribute]) {
				t.Errorf("by %s: %s is %s, the data source has %s", name, attribute, value, want[attribute])
			}
		}
	}
	for name, c := range map[string]struct {
		config attributes
		said   string
	}{
		"nobody":   {attributes{"id": text("7")}, "No such customer"},
		"two keys": {attributes{"id": text("7"), "email": text("a@b.cd")}, "Not one key to look for"},
	} {
		client := newClient(t, account)
		config := client.object(schema, c.config)
		valid, err := client.server.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: "helpcrunch_customer", Config: config})
		if err != nil {
			t.Fatal(err)
		}
		diags := valid.Diagnostics
		if len(diags) == 0 {
			opened, err := client.server.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: "helpcrunch_customer", Config: config})
			if err != nil {
				t.Fatal(err)
			}
			diags = opened.Diagnostics
		}
		if len(diags) != 1 || diags[0].Summary != c.said {
			t.Errorf("%s: %s", name, saidOverProtocol(diags))
		}
	}
}

// TestTwinsAreRefusedWhereTheyDoNotExist: Terraform before 1.11 does not know
// write-only attributes, and is told so.
func TestTwinsAreRefusedWhereTheyDoNotExist(t *testing.T) {
	t.Parallel()
	c := newClient(t, newSandbox(t))
	schema := c.schemas.ResourceSchemas["helpcrunch_customer"]
	for name, config := range map[string]attributes{"WriteOnly Attribute Not Allowed": {"name_wo": text("Ada")}, "": {"name": text("Ada")}} {
		valid, err := c.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "helpcrunch_customer", Config: c.object(schema, config)})
		if err != nil || (name != "") != (len(valid.Diagnostics) == 1) || name != "" && valid.Diagnostics[0].Summary != name {
			t.Error(err, saidOverProtocol(valid.Diagnostics))
		}
	}
}

// TestTwinsOfManyLeaveNoTrace is the life of many people with the real Terraform:
// none of the values, which come from an ephemeral variable, stands in the state,
// its backup, a saved plan, what Terraform says, or the provider's trace. And twins
// cost as many requests as plain attributes.
func TestTwinsOfManyLeaveNoTrace(t *testing.T) {
	needs(t, "1.11.0", "1.11.0")
	t.Parallel()
	const people = 12 // more than a batch; 100 were tried
	server := newSandbox(t)
	s := newRealStage(t, server)
	folder := s.terraform.WorkingDir()
	trace := filepath.Join(folder, "trace.log")
	var secrets []string
	give := func(round string) {
		t.Helper()
		values := make(map[string]map[string]string)
		for i := range people {
			person := map[string]string{"name": fmt.Sprintf("Nemo%s%dX", round, i), "email": fmt.Sprintf("nemo-%s-%d@example.com", round, i), "phone": fmt.Sprintf("+99%s%dX", round, i), "plan": fmt.Sprintf("plan%s%dX", round, i)}
			values[fmt.Sprintf("crm-%d", i)] = person
			for _, value := range person {
				secrets = append(secrets, value)
			}
		}
		encoded, err := json.Marshal(map[string]any{"people": values})
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder, "people.auto.tfvars.json", string(encoded))
	}
	configuration := func(lines string) string {
		return providerBlock(server, "") + `
variable "people" {
  type      = map(map(string))
  ephemeral = true
}

resource "helpcrunch_customer" "many" {
  for_each        = toset([for i in range(` + itoa(people) + `) : "crm-${i}"])
  user_id         = each.key
  deletion_policy = "delete"
` + lines + "\n}\n"
	}
	twins := `
  name_wo        = var.people[each.key].name
  email_wo       = var.people[each.key].email
  phone_wo       = var.people[each.key].phone
  custom_data_wo = { plan = var.people[each.key].plan }`
	run := func(what string, work func() outcome) outcome {
		t.Helper()
		server.ResetCounts()
		out := work()
		if out.err != nil {
			t.Fatalf("%s: %v\n%s", what, out.err, said(out.diags))
		}
		for _, value := range secrets {
			if strings.Contains(said(out.diags), value) {
				t.Errorf("%s: Terraform says %q", what, value)
			}
		}
		return out
	}
	counts := func(what string, operation sandbox.Operation, most int) {
		t.Helper()
		if got := server.Counts().Served[operation]; got > most {
			t.Errorf("%s: %d requests to %s, want %d", what, got, operation, most)
		}
	}
	if err := s.terraform.SetLogPath(trace); err != nil {
		t.Fatal(err)
	}
	if err := s.terraform.SetLogProvider("TRACE"); err != nil {
		t.Fatal(err)
	}

	give("A")
	run("create", func() outcome { return s.apply(configuration(twins)) })
	run("plan", s.plan)
	counts("plan", sandbox.OpSearch, people/10+1) // one more on a machine whose Terraform dawdles
	counts("plan", sandbox.OpGet, 1)

	if err := server.Change(server.Customers()[7].ID(), sandbox.Record{"phone": "+1 hand"}); err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, "+1 hand")
	if out := run("drift", s.plan); len(out.planned) != 1 {
		t.Errorf("drift of one is a plan of %v", out.planned)
	}
	run("repair", func() outcome { return s.apply(configuration(twins)) })
	if out := run("after the repair", s.plan); len(out.planned) > 0 {
		t.Errorf("the plan after a repair: %v", out.planned)
	}

	give("B")
	shown, _, err := s.terraform.Plan(t.Context()) // saved, and shown as JSON
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range secrets {
		if bytes.Contains(asJSON, []byte(value)) {
			t.Errorf("the saved plan has %q", value)
		}
	}
	run("update", func() outcome { return s.apply(configuration(twins)) })
	counts("update", sandbox.OpBatch, people/10+2+1)
	counts("update", sandbox.OpPatch, people/4) // on a busy machine a few come too late for a batch

	// A line taken out, then to plain attributes and back.
	run("line out", func() outcome { return s.apply(configuration(strings.Replace(twins, "phone_wo ", "# phone_wo", 1))) })
	for _, customer := range server.Customers() {
		if customer["phone"] != nil || !strings.HasPrefix(fmt.Sprint(customer["name"]), "NemoB") {
			t.Fatalf("after a line was taken out: %v", customer)
		}
	}
	if err := s.terraform.StateRm(t.Context(), `helpcrunch_customer.many["crm-7"]`); err != nil {
		t.Fatal(err)
	}
	imports := importBlock(`helpcrunch_customer.many["crm-7"]`, "user_id:crm-7")
	quietly := strings.Replace(configuration(strings.Replace(twins, "phone_wo ", "# phone_wo", 1)), `provider "helpcrunch" {`, "provider \"helpcrunch\" {\n  personal_data_in_state = false", 1)
	run("import", func() outcome { return s.apply(quietly + imports) })
	run("destroy", s.destroy)
	if left := server.Customers(); len(left) > 0 {
		t.Errorf("%d are left", len(left))
	}

	var files []string
	for _, pattern := range []string{"terraform.tfstate*", "trace.log"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 3 {
		t.Fatalf("only %v to look through", files)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range secrets {
			if bytes.Contains(content, []byte(value)) {
				t.Errorf("%s has %q", filepath.Base(file), value)
			}
		}
	}
}
