// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// configured is the provider as Terraform talks to it, in this process.
func configured(t *testing.T, server *sandbox.Server) *Server {
	t.Helper()
	provider, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := provider.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kind, _ := schema.Provider.ValueType().(tftypes.Object)
	settings := make(map[string]tftypes.Value)
	for name, kind := range kind.AttributeTypes {
		settings[name] = tftypes.NewValue(kind, nil)
	}
	settings["base_url"] = tftypes.NewValue(tftypes.String, server.URL())
	settings["api_key"] = tftypes.NewValue(tftypes.String, server.Key())
	settings["requests_per_minute"] = tftypes.NewValue(tftypes.Number, 100_000)
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, settings))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := provider.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: &config})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatal(err, resp.Diagnostics)
	}
	return provider
}

// eventOf is the configuration of an action; nil is null.
func eventOf(t *testing.T, customer, name any, data tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"customer_id": tftypes.String, "name": tftypes.String, "data": tftypes.DynamicPseudoType,
	}}
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, map[string]tftypes.Value{
		"customer_id": tftypes.NewValue(tftypes.String, customer),
		"name":        tftypes.NewValue(tftypes.String, name),
		"data":        data,
	}))
	if err != nil {
		t.Fatal(err)
	}
	return &config
}

var noData = tftypes.NewValue(tftypes.DynamicPseudoType, nil)

func textValue(text string) tftypes.Value { return tftypes.NewValue(tftypes.String, text) }

func numberValue(digits string) tftypes.Value {
	number, _, err := big.ParseFloat(digits, 10, 512, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return tftypes.NewValue(tftypes.Number, number)
}

func objectValue(values map[string]tftypes.Value) tftypes.Value {
	kinds := make(map[string]tftypes.Type)
	for name, value := range values {
		kinds[name] = value.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, values)
}

// outline is each diagnostic as "attribute: summary: detail".
func outline(diags []*tfprotov6.Diagnostic) string {
	var text strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&text, "%s: %s: %s\n", d.Attribute, d.Summary, d.Detail)
	}
	return text.String()
}

const eventType = "helpcrunch_customer_event"

// planEvent is what Terraform hears before an apply.
func planEvent(t *testing.T, provider *Server, config *tfprotov6.DynamicValue) (validated, planned string) {
	t.Helper()
	validation, err := provider.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: eventType, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := provider.PlanAction(t.Context(), &tfprotov6.PlanActionRequest{ActionType: eventType, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return outline(validation.Diagnostics), outline(plan.Diagnostics)
}

// invokeEvent invokes the action, and returns the messages and the diagnostics.
func invokeEvent(t *testing.T, provider *Server, config *tfprotov6.DynamicValue) (progress []string, diags string) {
	t.Helper()
	stream, err := provider.InvokeAction(t.Context(), &tfprotov6.InvokeActionRequest{ActionType: eventType, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diags = outline(event.Diagnostics)
		}
	}
	return progress, diags
}

// TestEvent: all that JSON can hold arrives as it was written, and Terraform's
// output shows none of it.
func TestEvent(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	provider := configured(t, server)
	list := tftypes.List{ElementType: tftypes.String}
	config := eventOf(t, itoa(id), "plan upgraded", objectValue(map[string]tftypes.Value{
		"plan":  textValue("gold"),
		"trial": tftypes.NewValue(tftypes.Bool, false),
		"none":  noData,
		"exact": tftypes.NewValue(tftypes.Tuple{ElementTypes: []tftypes.Type{tftypes.Number, tftypes.Number, tftypes.Number}}, []tftypes.Value{
			numberValue("9007199254740993"), numberValue("0.1"), numberValue("1700000000"),
		}),
		"nested": objectValue(map[string]tftypes.Value{
			"map":  tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"a": textValue("b"), "none": tftypes.NewValue(tftypes.String, nil)}),
			"list": tftypes.NewValue(list, []tftypes.Value{textValue("x"), textValue("y")}),
			"set":  tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{textValue("z")}),
			"void": tftypes.NewValue(list, []tftypes.Value{}),
		}),
	}))
	if validated, planned := planEvent(t, provider, config); validated+planned != "" || server.Counts().Total() != 0 {
		t.Fatalf("before the apply: %s%s, %d requests", validated, planned, server.Counts().Total())
	}
	progress, diags := invokeEvent(t, provider, config)
	want := []string{"Sending an event to customer " + itoa(id), "HelpCrunch has taken the event of customer " + itoa(id)}
	if diags != "" || !slices.Equal(progress, want) {
		t.Errorf("the invocation says %q, %s", progress, diags)
	}
	events := server.Events()
	if len(events) != 1 || server.Counts().Total() != 1 || events[0].Customer != id || events[0].Name != "plan upgraded" {
		t.Fatalf("HelpCrunch has %v", events)
	}
	wantData := map[string]any{
		"plan": "gold", "trial": false, "none": nil,
		"exact": []any{json.Number("9007199254740993"), json.Number("0.1"), json.Number("1700000000")},
		"nested": map[string]any{
			"map": map[string]any{"a": "b", "none": nil}, "list": []any{"x", "y"}, "set": []any{"z"}, "void": []any{},
		},
	}
	if !reflect.DeepEqual(events[0].Data, wantData) {
		t.Errorf("the data is\n%v, want\n%v", events[0].Data, wantData)
	}
}

// TestEventWithoutData sends {} for everything that means nothing.
func TestEventWithoutData(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	provider := configured(t, server)
	for _, data := range []tftypes.Value{noData, objectValue(nil), tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, nil)} {
		server.ResetCounts()
		if _, diags := invokeEvent(t, provider, eventOf(t, itoa(id), "signed in", data)); diags != "" {
			t.Error(diags)
		}
		if requests := server.Requests(); len(requests) != 1 || !strings.Contains(string(requests[0].Body), `"data":{}`) {
			t.Errorf("%v is sent as %v", data, requests)
		}
	}
}

// TestBadEvents: each fault is refused before the apply, when it is planned
// and again when it is invoked, on its attribute; nothing is sent. What is not
// known yet is not refused.
func TestBadEvents(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	provider := configured(t, server)
	at := func(name string) string { return `AttributeName("` + name + `"): ` }
	unknown := tftypes.UnknownValue
	for _, bad := range []struct {
		customer, name any
		data           tftypes.Value
		want           string
	}{
		{"ada", "x", noData, at("customer_id") + `Not the id of a customer: customer_id is a string of digits such as "542335".`},
		{"", "x", noData, at("customer_id")},
		{"0542335", "x", noData, at("customer_id")},
		{"1", "", noData, at("name") + "An event without a name: "},
		{"1", "x ", noData, at("name") + "Space around a value: The value of name begins or ends with white space"},
		{"1", "x", textValue("gold"), at("data") + "Data is not an object: data is an object or a map, such as { plan = \"gold\" }."},
		{"1", "x", tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{}), at("data") + "Data is not an object"},
		{"1", "x", objectValue(map[string]tftypes.Value{"n": numberValue("1e700")}), at("data") + "A number that no account can keep"},
		{"1", "x", numberValue("1e700"), at("data") + "A number that no account can keep"},
		{unknown, unknown, tftypes.NewValue(tftypes.DynamicPseudoType, unknown), ""},
		{"1", "x", objectValue(map[string]tftypes.Value{"plan": tftypes.NewValue(tftypes.String, unknown)}), ""},
	} {
		config := eventOf(t, bad.customer, bad.name, bad.data)
		validated, planned := planEvent(t, provider, config)
		said := []string{validated, planned}
		if bad.want != "" {
			_, invoked := invokeEvent(t, provider, config)
			said = append(said, invoked)
		}
		for _, text := range said {
			if (text == "") != (bad.want == "") || !strings.HasPrefix(text, bad.want) || strings.Count(text, "\n") > 1 {
				t.Errorf("%v, %v, %v: %q, want %q", bad.customer, bad.name, bad.data, said, bad.want)
				break
			}
		}
	}
	if n := server.Counts().Total(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestEventFaults: an event is sent at most once, and who invoked it hears
// what is known of it, without what is in it.
func TestEventFaults(t *testing.T) {
	t.Parallel()
	const unsure = "The event may or may not have been sent: HelpCrunch did not confirm that it took the event of customer "
	const alone = "terraform apply -invoke=ADDRESS -target=RESOURCE"
	for _, row := range []struct {
		kind             sandbox.FaultKind
		summary, advice  string
		requests, events int
	}{
		{sandbox.DropAfter, unsure, alone, 1, 1},
		{sandbox.DropBefore, unsure, alone, 1, 0},
		{sandbox.FailAfter, unsure, alone, 1, 1},
		{sandbox.BadGateway, unsure, alone, 1, 0},
		{sandbox.Forbidden, "The event was not sent: ", "does not permit this", 1, 0},
		{sandbox.TooMany, "", "", 2, 1}, // refused before anything was done
	} {
		server := newSandbox(t)
		id := ada(t, server)
		server.Arm(sandbox.Fault{Operation: sandbox.OpEvent, Kind: row.kind, RetryAfter: 1})
		_, diags := invokeEvent(t, configured(t, server), eventOf(t, itoa(id), "secret", objectValue(map[string]tftypes.Value{"secret": textValue("secret")})))
		if !strings.Contains(diags, row.summary) || !strings.Contains(diags, row.advice) || (diags == "") != (row.summary == "") || strings.Contains(diags, "secret") {
			t.Errorf("%s: %s", row.kind, diags)
		}
		if requests, events := len(server.Requests()), len(server.Events()); requests != row.requests || events != row.events {
			t.Errorf("%s: %d requests and %d events, want %d and %d", row.kind, requests, events, row.requests, row.events)
		}
	}

	server := newSandbox(t)
	_, diags := invokeEvent(t, configured(t, server), eventOf(t, "7", "x", noData))
	if want := `AttributeName("customer_id"): The event was not sent: HelpCrunch has no customer 7: the id is wrong, or the customer was deleted.`; !strings.HasPrefix(diags, want) {
		t.Errorf("an event of nobody: %s, want %s", diags, want)
	}
}

// TestEventIsACallUnderWay: the end of the process waits for its answer.
func TestEventIsACallUnderWay(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	id := ada(t, server)
	provider := configured(t, server)
	underWay := func() int {
		provider.mu.Lock()
		defer provider.mu.Unlock()
		return provider.calls
	}
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	server.Arm(sandbox.Fault{Operation: sandbox.OpEvent, Kind: sandbox.Hold, Held: held, Release: release})
	config := eventOf(t, itoa(id), "signed in", noData)
	go func() {
		defer close(done)
		if _, diags := invokeEvent(t, provider, config); diags != "" {
			t.Error(diags)
		}
	}()
	<-held
	if n := underWay(); n != 1 {
		t.Errorf("%d calls are under way, want 1", n)
	}
	close(release)
	<-done
	if n := underWay(); n != 0 {
		t.Errorf("%d calls are under way, want none", n)
	}
}

// TestEventAction runs the documentation's example: an event after each
// create and update, none without a change.
func TestEventAction(t *testing.T) {
	t.Parallel()
	needs(t, "1.14.0", "")
	server := newSandbox(t)
	example := providerBlock(server, "") + read(t, "examples", "actions", "helpcrunch_customer_event", "action.tf")
	if !isAtLeast(t, "1.16.0", "") { // as the example says
		example = strings.Replace(example, "caller.id", "helpcrunch_customer.ada.id", 1)
	}
	sent := func(want int) func() {
		return func() {
			events := server.Events()
			if len(events) != want {
				t.Errorf("%d events, want %d", len(events), want)
				return
			}
			for _, event := range events {
				seats := map[string]any{"before": json.Number("10"), "after": json.Number("12")}
				if event.Customer != onlyCustomer(t, server).ID() || event.Name != "plan changed" || !reflect.DeepEqual(event.Data, map[string]any{"plan": "gold", "seats": seats}) {
					t.Errorf("HelpCrunch has %v", event)
				}
			}
		}
	}
	runRealSteps(t,
		resource.TestStep{
			Config:      strings.Replace(example, `"plan changed"`, `""`, 1),
			ExpectError: errorWith(`Every event needs a name`),
		},
		resource.TestStep{Config: example, PostApplyFunc: sent(1)},
		resource.TestStep{Config: example, PostApplyFunc: sent(1)},
		resource.TestStep{Config: strings.Replace(example, `{ plan = "gold" }`, `{ plan = "silver" }`, 1), PostApplyFunc: sent(2)},
	)
	for _, request := range server.Requests() {
		if request.Operation == sandbox.OpEvent && request.Status != http.StatusOK {
			t.Errorf("an event was answered %d", request.Status)
		}
	}
}
