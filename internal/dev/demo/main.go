// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Demo plays the whole life of examples/demo with the real Terraform CLI
// against a local HelpCrunch, says what happens and what it costs, and stops
// with an error where something does not come out as told.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// requestsPerMinute is the limit of the local HelpCrunch, which is strict; the
// provider is left at its default, which is the same.
const requestsPerMinute = sandbox.DefaultRate

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	started := time.Now()
	folder, err := os.MkdirTemp("", "helpcrunch-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer os.RemoveAll(folder)
	d, err := prepare(ctx, folder)
	if err != nil {
		return err
	}
	defer d.helpCrunch.Close()

	for number, act := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"create the 25 customers of customers.csv", d.create},
		{"plan again: nothing to do", d.planAgain},
		{"change one field of all 25", d.changeAll},
		{"a colleague changes three customers by hand", d.drift},
		{"take a line out", d.takeLineOut},
		{"import a customer who existed before", d.adopt},
		{"destroy", d.destroy},
	} {
		fmt.Printf("\n%d. %s\n", number+1, strings.ToUpper(act.title[:1])+act.title[1:])
		d.helpCrunch.ResetCounts()
		if err := act.play(ctx); err != nil {
			return fmt.Errorf("act %d, %s: %w", number+1, act.title, err)
		}
		fmt.Printf("   Requests: %s\n", d.spent())
	}
	if refused := d.refused; refused > 0 {
		return fmt.Errorf("the limit was exceeded %d times", refused)
	}
	fmt.Printf("\nAll seven acts came out as told, in %.0f seconds; the limit of %d requests a minute was never exceeded.\n",
		time.Since(started).Seconds(), requestsPerMinute)
	return nil
}

// demo is the stage: a local HelpCrunch and a copy of examples/demo.
type demo struct {
	helpCrunch *sandbox.Server
	terraform  *terraformcli.Workspace
	folder     string // the copy
	campaign   string
	refused    int // answers of 429
}

const customers = 25

func prepare(ctx context.Context, folder string) (*demo, error) {
	fmt.Println("Building the provider and starting a local HelpCrunch.")
	binary, err := terraformcli.Find(ctx, ".")
	if err != nil {
		return nil, err
	}
	mirror, err := terraformcli.BuildMirror(ctx, ".", filepath.Join(folder, "mirror"))
	if err != nil {
		return nil, err
	}
	server, err := sandbox.Start(sandbox.Config{
		Rate: requestsPerMinute,
		Attributes: map[string]sandbox.AttributeType{
			"plan": sandbox.TextAttribute, "seats": sandbox.NumberAttribute, "campaign": sandbox.TextAttribute,
		},
		Customers: []sandbox.Record{{
			"name": "Grace", "email": "grace@example.com", "phone": "+1 555 0100", "tags": []string{"founder"},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("starting the local HelpCrunch: %w", err)
	}
	d := &demo{helpCrunch: server, folder: filepath.Join(folder, "demo"), campaign: "spring"}
	if err := d.open(ctx, binary, mirror, folder); err != nil {
		server.Close()
		return nil, err
	}
	fmt.Printf("HelpCrunch is at %s, with %d requests a minute and one customer, Grace.\n", server.URL(), requestsPerMinute)
	return d, nil
}

func (d *demo) open(ctx context.Context, binary string, mirror *terraformcli.Mirror, folder string) error {
	if err := os.Mkdir(d.folder, 0o700); err != nil {
		return fmt.Errorf("making the copy: %w", err)
	}
	for _, file := range []string{"main.tf", "customers.csv"} {
		if err := d.bring(file, file); err != nil {
			return err
		}
	}
	workspace, err := terraformcli.NewWorkspace(ctx, binary, mirror, d.folder, map[string]string{
		"HELPCRUNCH_BASE_URL": d.helpCrunch.URL(),
		"HELPCRUNCH_API_KEY":  d.helpCrunch.Key(),
		"XDG_CACHE_HOME":      filepath.Join(folder, "cache"), // leave nothing behind
	})
	if err != nil {
		return err
	}
	d.terraform = workspace
	return nil
}

// bring copies a file of examples/demo into the folder where Terraform runs.
func (d *demo) bring(from, to string) error {
	content, err := os.ReadFile(filepath.Join("examples", "demo", from))
	if err != nil {
		return fmt.Errorf("run the demo from the root of the repository: %w", err)
	}
	if err := os.WriteFile(filepath.Join(d.folder, to), content, 0o600); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	return nil
}

func (d *demo) create(ctx context.Context) error {
	if err := d.applyWarningFree(ctx); err != nil {
		return err
	}
	blank, tagged := 0, 0
	for _, customer := range d.managed() {
		if customer["phone"] == nil {
			blank++
		}
		if slices.Contains(customer.TagNames(), "demo") {
			tagged++
		}
	}
	fmt.Printf("   HelpCrunch has %d of them, all tagged demo; %d with a blank phone, which nobody manages.\n", tagged, blank)
	if tagged != customers || blank != 8 {
		return fmt.Errorf("want %d customers, 8 of them without a phone", customers)
	}
	// What is not managed belongs to whoever writes it.
	for _, customer := range d.managed() {
		if customer["phone"] == nil {
			return d.helpCrunch.Change(customer.ID(), sandbox.Record{"phone": "+1 555 0199"})
		}
	}
	return nil
}

func (d *demo) planAgain(ctx context.Context) error {
	changed, err := d.plan(ctx)
	if err != nil {
		return err
	}
	if len(changed) != 0 {
		return fmt.Errorf("the plan has changes: %v", changed)
	}
	fmt.Println("   The plan is empty, although a colleague has filled in one of the blank phones meanwhile.")
	return nil
}

func (d *demo) changeAll(ctx context.Context) error {
	d.campaign = "summer"
	changed, err := d.plan(ctx)
	if err != nil {
		return err
	}
	for address, attributes := range changed {
		if !reflect.DeepEqual(attributes, []string{"custom_data.campaign"}) {
			return fmt.Errorf("%s changes %v", address, attributes)
		}
	}
	if err := d.applyPlan(ctx); err != nil {
		return err
	}
	summer := 0
	for _, customer := range d.managed() {
		if campaign, _ := customer.Custom("campaign"); campaign == "summer" {
			summer++
		}
	}
	puts := d.helpCrunch.Count(sandbox.OpBatch)
	fmt.Printf("   %d customers are in the summer campaign, written by %d PUTs.\n", summer, puts)
	if summer != customers || puts > customers/3 {
		return fmt.Errorf("want %d customers and a handful of PUTs", customers)
	}
	return nil
}

func (d *demo) drift(ctx context.Context) error {
	all := d.managed()
	for i, byHand := range []sandbox.Record{
		{"name": "Somebody Else"},
		{"customData": map[string]any{"plan": "platinum"}},
		{"tags": append(all[2].TagNames(), "angry")},
	} {
		if err := d.helpCrunch.Change(all[i].ID(), byHand); err != nil {
			return fmt.Errorf("changing a customer by hand: %w", err)
		}
	}
	changed, err := d.plan(ctx)
	if err != nil {
		return err
	}
	want := map[string][]string{
		address(all[0]): {"name"}, address(all[1]): {"custom_data.plan"}, address(all[2]): {"tags"},
	}
	for _, address := range slices.Sorted(maps.Keys(changed)) {
		fmt.Printf("   The plan puts back %s of %s.\n", strings.Join(changed[address], ", "), address)
	}
	if !reflect.DeepEqual(changed, want) {
		return fmt.Errorf("the plan changes %v, want %v", changed, want)
	}
	if err := d.applyPlan(ctx); err != nil {
		return err
	}
	for i, customer := range d.managed() {
		if !reflect.DeepEqual(customer, all[i]) {
			return fmt.Errorf("%s is not as before: %v, want %v", address(customer), customer, all[i])
		}
	}
	fmt.Println("   All 25 are as they were before.")
	return nil
}

func (d *demo) takeLineOut(ctx context.Context) error {
	main := filepath.Join(d.folder, "main.tf")
	config, err := os.ReadFile(main)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	shorter := strings.Replace(string(config), "  notes   = \"Seeded by the demo.\"\n", "", 1)
	if shorter == string(config) {
		return errors.New("the line is not there")
	}
	if err := os.WriteFile(main, []byte(shorter), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	if _, err := d.plan(ctx); err != nil {
		return err
	}
	if err := d.applyPlan(ctx); err != nil {
		return err
	}
	for _, customer := range d.managed() {
		if customer["notes"] != nil {
			return fmt.Errorf("%s still has notes", address(customer))
		}
	}
	fmt.Println("   The notes of all 25 are cleared.")
	return nil
}

func (d *demo) adopt(ctx context.Context) error {
	if err := d.bring(filepath.Join("adopt", "adopted.tf"), "adopted.tf"); err != nil {
		return err
	}
	if _, err := d.plan(ctx); err != nil {
		return err
	}
	if err := d.applyPlan(ctx); err != nil {
		return err
	}
	grace := d.grace()
	fmt.Printf("   %s keeps her phone %s and her tag %s, which the configuration does not mention.\n",
		grace["name"], grace["phone"], strings.Join(grace.TagNames(), ", "))
	if grace["name"] != "Grace Hopper" || grace["phone"] != "+1 555 0100" || !slices.Contains(grace.TagNames(), "founder") {
		return fmt.Errorf("HelpCrunch holds %v", grace)
	}
	return nil
}

func (d *demo) destroy(ctx context.Context) error {
	before := d.grace()
	if diags, err := d.terraform.Destroy(ctx); err != nil {
		return explain(err, diags)
	}
	left := d.helpCrunch.Customers()
	if len(left) != 1 || !reflect.DeepEqual(left[0], before) {
		return fmt.Errorf("HelpCrunch still has %v", left)
	}
	fmt.Printf("   The 25 are gone. %s, who existed before, is still there.\n", left[0]["name"])
	return nil
}

const planFile = "demo.tfplan"

// plan saves a plan, and returns what it changes: the attributes by address.
func (d *demo) plan(ctx context.Context) (map[string][]string, error) {
	var said strings.Builder
	if _, err := d.terraform.PlanJSON(ctx, &said, tfexec.Out(planFile), tfexec.Var("campaign="+d.campaign)); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said.String())
	}
	plan, err := d.terraform.ShowPlanFile(ctx, planFile)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	changed := make(map[string][]string)
	for _, resource := range plan.ResourceChanges {
		if !resource.Change.Actions.NoOp() {
			changed[resource.Address] = attributes(resource.Change)
		}
	}
	return changed, nil
}

// attributes are the names of what a change changes; of custom data, the properties.
func attributes(change *tfjson.Change) []string {
	before, _ := change.Before.(map[string]any)
	after, _ := change.After.(map[string]any)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if reflect.DeepEqual(before[name], after[name]) {
			continue
		}
		was, _ := before[name].(map[string]any)
		is, ok := after[name].(map[string]any)
		if !ok {
			names = append(names, name)
			continue
		}
		for _, property := range slices.Sorted(maps.Keys(is)) {
			if !reflect.DeepEqual(was[property], is[property]) {
				names = append(names, name+"."+property)
			}
		}
	}
	return names
}

func (d *demo) applyPlan(ctx context.Context) error {
	diags, err := d.terraform.Apply(ctx, tfexec.DirOrPlan(planFile))
	return explain(err, diags)
}

func (d *demo) applyWarningFree(ctx context.Context) error {
	diags, err := d.terraform.Apply(ctx)
	if err == nil && len(diags) > 0 {
		err = errors.New("a warning where none was expected")
	}
	return explain(err, diags)
}

func explain(err error, diags []tfjson.Diagnostic) error {
	if err == nil {
		return nil
	}
	for _, d := range diags {
		err = fmt.Errorf("%w\n%s: %s\n%s", err, d.Severity, d.Summary, d.Detail)
	}
	return err
}

// managed are the customers of the CSV file, in its order.
func (d *demo) managed() []sandbox.Record {
	var found []sandbox.Record
	for _, customer := range d.helpCrunch.Customers() {
		if userID, _ := customer["userId"].(string); strings.HasPrefix(userID, "demo-") {
			found = append(found, customer)
		}
	}
	slices.SortFunc(found, func(a, b sandbox.Record) int { return strings.Compare(address(a), address(b)) })
	return found
}

func (d *demo) grace() sandbox.Record {
	for _, customer := range d.helpCrunch.Customers() {
		if customer["email"] == "grace@example.com" {
			return customer
		}
	}
	return nil
}

func address(customer sandbox.Record) string {
	return fmt.Sprintf("helpcrunch_customer.all[%q]", customer["userId"])
}

// spent are the requests of an act, by kind.
func (d *demo) spent() string {
	counts := d.helpCrunch.Counts()
	d.refused += counts.TooManyRequests
	names := map[sandbox.Operation]string{
		sandbox.OpGet: "reads", sandbox.OpSearch: "searches", sandbox.OpCreate: "creates", sandbox.OpPatch: "updates of one",
		sandbox.OpBatch: "updates of many", sandbox.OpDelete: "deletes",
	}
	var parts []string
	for _, operation := range slices.Sorted(maps.Keys(counts.Served)) {
		name := names[operation]
		if name == "" {
			name = string(operation)
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, counts.Served[operation]))
	}
	return fmt.Sprintf("%d (%s)", counts.Total(), strings.Join(parts, ", "))
}
