// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// frameworkServer is all of what the framework's server can do.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

var _ frameworkServer = (*Server)(nil)

// Server is the framework's protocol 6 server, mended in four places.
//
// The framework (1.19: registerContext in internal/proto6server/serve.go)
// keeps a cancel function for the context of every call until the provider
// stops, and with it everything that hangs on the context: gRPC's buffers,
// Terraform's log sinks. For a plan of 5,000 customers that is more than half
// a gigabyte. So each call gets a context that is cut off from its own when it
// returns.
//
// It counts the calls under way, so that the process can end between two.
//
// It refuses a set of too many tags, which the framework would compare pairwise.
//
// And it takes a function's argument of no data for null, which is how
// OpenTofu (1.12: CallFunction in internal/plugin6/grpc_provider.go) sends it.
type Server struct {
	frameworkServer

	mu      sync.Mutex
	calls   int
	changed chan struct{} // closed at the next call or return
}

// NewServer serves p.
func NewServer(p func() provider.Provider) (*Server, error) {
	framework, ok := providerserver.NewProtocol6(p())().(frameworkServer)
	if !ok {
		return nil, errors.New("the framework's server does not serve list resources and actions")
	}
	return &Server{frameworkServer: framework, changed: make(chan struct{})}, nil
}

// Stop asks all calls under way to end, and returns when there has been none
// for a while: long enough for the last answer to leave the process. Calls
// that have sent something to HelpCrunch wait for its answer first.
func (s *Server) Stop(ctx context.Context, quiet time.Duration) {
	for {
		// A call that begins after a stop is to be asked as well.
		_, _ = s.StopProvider(ctx, &tfprotov6.StopProviderRequest{})
		s.mu.Lock()
		calls, changed := s.calls, s.changed
		s.mu.Unlock()
		var idle <-chan time.Time
		if calls == 0 {
			idle = time.After(quiet)
		}
		select {
		case <-changed:
		case <-idle:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Abandon is Stop where nobody waits for an answer any more. What is under way
// at HelpCrunch is finished. Calls that have had nothing to do with it for a
// while are given up: the framework, which may compare the members of a set for
// hours, heeds no context.
func (s *Server) Abandon() { s.abandon(helpcrunch.UnderWay) }

// patience is for how long a call is waited for that has no request under way.
const patience = 10 * time.Second

func (s *Server) abandon(underWay func() bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for busy := time.Now(); time.Since(busy) < patience; {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return
			}
			if underWay() {
				busy = time.Now()
			}
		}
		cancel()
	}()
	s.Stop(ctx, time.Second)
}

func (s *Server) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls += n
	close(s.changed)
	s.changed = make(chan struct{})
}

// call runs one call of the framework's server under a context that holds on
// to nothing once it has returned.
func call[Req, Resp any](ctx context.Context, s *Server, req Req, serve func(context.Context, Req) (Resp, error)) (Resp, error) {
	s.count(1)
	defer s.count(-1)
	loose := &looseContext{}
	loose.parent.Store(&ctx)
	cut, cancel := context.WithCancel(loose)
	unhook := context.AfterFunc(ctx, cancel)
	defer func() {
		unhook()
		cancel()
		loose.parent.Store(nil)
	}()
	return serve(cut, req)
}

// looseContext has the values and the deadline of its parent, until it is cut
// off. It has no Done channel of its own: a cancel function around it stands
// in for that.
type looseContext struct {
	parent atomic.Pointer[context.Context]
}

func (c *looseContext) Done() <-chan struct{} { return nil }
func (c *looseContext) Err() error            { return nil }

func (c *looseContext) Deadline() (time.Time, bool) {
	if parent := c.parent.Load(); parent != nil {
		return (*parent).Deadline()
	}
	return time.Time{}, false
}

func (c *looseContext) Value(key any) any {
	if parent := c.parent.Load(); parent != nil {
		return (*parent).Value(key)
	}
	return nil
}

// ValidateResourceConfig wraps the framework's. Like the others below, it is
// called once or more for each customer.
func (s *Server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if refused := refuseTags(req.TypeName, req.Config); refused != nil {
		return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: refused}, nil
	}
	return call(ctx, s, req, s.frameworkServer.ValidateResourceConfig)
}

// UpgradeResourceState wraps the framework's.
func (s *Server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return call(ctx, s, req, s.frameworkServer.UpgradeResourceState)
}

// UpgradeResourceIdentity wraps the framework's.
func (s *Server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return call(ctx, s, req, s.frameworkServer.UpgradeResourceIdentity)
}

// ReadResource wraps the framework's.
func (s *Server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return call(ctx, s, req, s.frameworkServer.ReadResource)
}

// PlanResourceChange wraps the framework's.
func (s *Server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if refused := refuseTags(req.TypeName, req.ProposedNewState); refused != nil {
		return &tfprotov6.PlanResourceChangeResponse{Diagnostics: refused, PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate}, nil
	}
	return call(ctx, s, req, s.frameworkServer.PlanResourceChange)
}

// ApplyResourceChange wraps the framework's.
func (s *Server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	if refused := refuseTags(req.TypeName, req.PlannedState); refused != nil {
		return &tfprotov6.ApplyResourceChangeResponse{Diagnostics: refused, NewState: req.PriorState, Private: req.PlannedPrivate}, nil
	}
	return call(ctx, s, req, s.frameworkServer.ApplyResourceChange)
}

// ImportResourceState wraps the framework's.
func (s *Server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return call(ctx, s, req, s.frameworkServer.ImportResourceState)
}

// MoveResourceState wraps the framework's.
func (s *Server) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return call(ctx, s, req, s.frameworkServer.MoveResourceState)
}

// ValidateDataResourceConfig wraps the framework's.
func (s *Server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return call(ctx, s, req, s.frameworkServer.ValidateDataResourceConfig)
}

// ReadDataSource wraps the framework's.
func (s *Server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return call(ctx, s, req, s.frameworkServer.ReadDataSource)
}

// OpenEphemeralResource wraps the framework's.
func (s *Server) OpenEphemeralResource(ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return call(ctx, s, req, s.frameworkServer.OpenEphemeralResource)
}

// CallFunction wraps the framework's.
func (s *Server) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	for i, argument := range req.Arguments {
		if argument == nil || len(argument.MsgPack) == 0 && len(argument.JSON) == 0 {
			req.Arguments[i] = &tfprotov6.DynamicValue{MsgPack: []byte{msgpackNil}}
		}
	}
	return call(ctx, s, req, s.frameworkServer.CallFunction)
}

const msgpackNil = 0xc0

// InvokeAction counts the framework's as a call under way. Its work is done
// while the events are read, so its context is not cut off.
func (s *Server) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := s.frameworkServer.InvokeAction(ctx, req)
	if stream == nil {
		return nil, err
	}
	events := stream.Events
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		s.count(1)
		defer s.count(-1)
		events(push)
	}}, err
}
