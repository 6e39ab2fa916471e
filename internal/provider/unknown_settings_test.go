// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// TestUnknownSettings: what needs no request is planned, and what needs one says
// which setting is missing. The environment, which may be another account's,
// does not stand in.
func TestUnknownSettings(t *testing.T) {
	server := newSandbox(t)
	id := itoa(ada(t, server))
	held := newClient(t, server).imported(customerKind, id)
	t.Setenv(envAPIKey, server.Key())
	t.Setenv(envBaseURL, server.URL())
	t.Setenv(envDeletionPolicy, "delete")
	t.Setenv(envOrganization, sandbox.DefaultOrganization.Domain)
	for name, kind := range map[string]tftypes.Type{
		"api_key": tftypes.String, "base_url": tftypes.String, "organization": tftypes.String, "deletion_policy": tftypes.String,
		"request_timeout": tftypes.String, "batch_size": tftypes.Number, "requests_per_minute": tftypes.Number,
	} {
		t.Run(name, func(t *testing.T) {
			server.ResetCounts()
			c := newClient(t, server, attributes{name: tftypes.NewValue(kind, tftypes.UnknownValue)})
			for kind, config := range map[string]attributes{
				customerKind: {"name": text("Ada")}, tagKind: {"customer_id": text(id), "name": text("vip")},
			} {
				if _, said := c.plan(instance{kind: kind}, config); said != "" {
					t.Errorf("a %s is not planned:\n%s", kind, said)
				}
			}
			if _, said := c.plan(held, attributes{"name": text("Ada King")}); strings.Contains(said, "ERROR") {
				t.Errorf("an update is not planned:\n%s", said)
			}
			_, read := c.read(held)
			_, updated := c.apply(held, attributes{"name": text("Ada King")})
			_, deleted := c.replaced(c.after(held, c.object(c.schemas.ResourceSchemas[customerKind], attributes{"id": text(id), "deletion_policy": text("delete")}), nil), true)
			data, err := c.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{
				TypeName: "helpcrunch_customer", Config: c.object(c.schemas.DataSourceSchemas["helpcrunch_customer"], attributes{"user_id": text("crm-17")}),
			})
			if err != nil {
				t.Fatal(err)
			}
			listed := c.list(1, false)
			for what, said := range map[string]string{
				"read": read, "update": updated, "deletion": deleted, "data source": saidOverProtocol(data.Diagnostics), "list": saidOverProtocol(listed[0].Diagnostics),
			} {
				if !strings.Contains(said, "ERROR") || !strings.Contains(said, "not known yet in the provider block: "+name) {
					t.Errorf("%s: it says\n%s", what, said)
				}
			}
			if n := server.Counts().Total(); n != 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// TestUnknownSettingsAreDeferred: a client that can wait is told to.
func TestUnknownSettingsAreDeferred(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	held := newClient(t, server).created(customerKind, attributes{"name": text("Ada")})
	c := newClient(t, server)
	configured, err := c.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config:             c.object(c.schemas.Provider, attributes{"api_key": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}),
		ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: true},
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatal(err, saidOverProtocol(configured.Diagnostics))
	}
	read, err := c.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: customerKind, CurrentState: held.state, Private: held.private,
		ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{DeferralAllowed: true},
	})
	if err != nil || len(read.Diagnostics) > 0 || read.Deferred == nil || read.Deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown {
		t.Errorf("a read is deferred as %v: %v\n%s", read.Deferred, err, saidOverProtocol(read.Diagnostics))
	}
}
