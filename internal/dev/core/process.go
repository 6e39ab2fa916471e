// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Process is a configured provider. Terraform starts one for each plan and
// another for each apply.
type Process struct {
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// Start configures a provider as a terraform test does, once for all its plans
// and applies. Settings that are left out are null.
func Start(ctx context.Context, server tfprotov6.ProviderServer, version string, settings map[string]tftypes.Value) (*Process, error) {
	return start(ctx, server, version, settings, false)
}

// StartOnce configures a provider as Terraform does for one plan, or one apply: its
// settings are validated just before.
func StartOnce(ctx context.Context, server tfprotov6.ProviderServer, version string, settings map[string]tftypes.Value) (*Process, error) {
	return start(ctx, server, version, settings, true)
}

func start(ctx context.Context, server tfprotov6.ProviderServer, version string, settings map[string]tftypes.Value, validate bool) (*Process, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	if err := failure(schemas.Diagnostics); err != nil {
		return nil, err
	}
	config, err := encode(schemas.Provider, object(schemas.Provider, settings))
	if err != nil {
		return nil, err
	}
	if validate {
		valid, err := server.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: config})
		if err != nil {
			return nil, err
		}
		if err := failure(valid.Diagnostics); err != nil {
			return nil, err
		}
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: version, Config: config})
	if err != nil {
		return nil, err
	}
	return &Process{server, schemas}, failure(configured.Diagnostics)
}

// failure are the errors about a provider, each with the setting that it is about.
func failure(diagnostics []*tfprotov6.Diagnostic) error {
	var err error
	for _, p := range said("provider", diagnostics, nil).Errors() {
		err = errors.Join(err, fmt.Errorf("%s\n%s\n%s", p.Attribute, p.Summary, p.Detail))
	}
	return err
}

func (p *Process) schema(kind string) *tfprotov6.Schema { return p.schemas.ResourceSchemas[kind] }

// Problem is a diagnostic about a resource.
type Problem struct {
	Address   string
	IsError   bool
	Summary   string
	Detail    string
	Attribute string // "" = none
}

func (p Problem) String() string {
	severity := "warning"
	if p.IsError {
		severity = "error"
	}
	return fmt.Sprintf("%s: %s: %s: %s", p.Address, severity, p.Summary, p.Detail)
}

// Problems are the diagnostics of a run.
type Problems []Problem

// Errors are those that are errors.
func (all Problems) Errors() Problems {
	var found Problems
	for _, p := range all {
		if p.IsError {
			found = append(found, p)
		}
	}
	return found
}

// Of are those about one resource.
func (all Problems) Of(address string) Problems {
	var found Problems
	for _, p := range all {
		if p.Address == address {
			found = append(found, p)
		}
	}
	return found
}

// Err is what went wrong, nil for nothing.
func (all Problems) Err() error {
	var err error
	for _, p := range all.Errors() {
		err = errors.Join(err, errors.New(p.String()))
	}
	return err
}

// said are the problems of an answer, or of a call that failed.
func said(address string, diagnostics []*tfprotov6.Diagnostic, err error) Problems {
	var all Problems
	for _, d := range diagnostics {
		problem := Problem{Address: address, IsError: d.Severity == tfprotov6.DiagnosticSeverityError, Summary: d.Summary, Detail: d.Detail}
		if d.Attribute != nil {
			problem.Attribute = d.Attribute.String()
		}
		all = append(all, problem)
	}
	if err != nil {
		all = append(all, wrong(address, "The plugin did not answer", err.Error()))
	}
	return all
}

func wrong(address, summary, detail string) Problem {
	return Problem{Address: address, IsError: true, Summary: summary, Detail: detail}
}

// What Terraform says of a provider that answers what it may not.
const (
	InvalidPlan            = "Provider produced invalid plan"
	InvalidObject          = "Provider produced invalid object"
	InconsistentFinalPlan  = "Provider produced inconsistent final plan"
	InconsistentResult     = "Provider produced inconsistent result after apply"
	InvalidResultObject    = "Provider returned invalid result object after apply"
	NonExistent            = "Cannot import non-existent remote object"
	InvalidConfiguration   = "Invalid configuration"
	ConfigurationIsUnknown = "Configuration contains unknown value"
)
