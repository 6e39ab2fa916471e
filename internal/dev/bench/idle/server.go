// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"strconv"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/provider"
)

// server answers what Terraform asks for every resource by itself, and leaves
// the rest, which is asked for once, to the real provider.
type server struct {
	*provider.Server

	types  types
	lastID atomic.Int64
	gate   *gate // nil = nobody waits
}

// types are those of the resources, by name.
type types map[string]tftypes.Type

func newTypes(schema *tfprotov6.GetProviderSchemaResponse) types {
	all := make(types)
	for name, resource := range schema.ResourceSchemas {
		all[name] = resource.ValueType()
	}
	return all
}

// GetResourceIdentitySchemas leaves identities out: the state says all there is to say.
func (s *server) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (s *server) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (s *server) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (s *server) UpgradeResourceState(_ context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	state, err := req.RawState.Unmarshal(s.types[req.TypeName])
	if err != nil {
		return nil, err
	}
	encoded, err := tfprotov6.NewDynamicValue(s.types[req.TypeName], state)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &encoded}, err
}

func (s *server) ReadResource(_ context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private}, nil
}

// PlanResourceChange plans what Terraform proposes. The id of a create is known after it.
func (s *server) PlanResourceChange(_ context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	state := req.ProposedNewState
	creates, err := req.PriorState.IsNull()
	if err == nil && creates {
		state, err = s.withID(req.TypeName, state, tftypes.UnknownValue)
	}
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: state, PlannedPrivate: req.PriorPrivate}, err
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	state := req.PlannedState
	creates, err := req.PriorState.IsNull()
	switch {
	case err != nil:
	case creates:
		state, err = s.withID(req.TypeName, state, strconv.FormatInt(s.lastID.Add(1), 10))
	case s.gate != nil:
		err = s.gate.pass(ctx)
	}
	return &tfprotov6.ApplyResourceChangeResponse{NewState: state, Private: req.PlannedPrivate}, err
}

// withID is a state with another id.
func (s *server) withID(name string, of *tfprotov6.DynamicValue, id any) (*tfprotov6.DynamicValue, error) {
	value, err := of.Unmarshal(s.types[name])
	if err != nil {
		return nil, err
	}
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		return nil, err
	}
	attributes["id"] = tftypes.NewValue(tftypes.String, id)
	state, err := tfprotov6.NewDynamicValue(s.types[name], tftypes.NewValue(s.types[name], attributes))
	return &state, err
}
