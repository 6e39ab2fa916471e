// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// defaultTimeout is how long one operation on one customer may take,
// waiting for the request budget included.
const defaultTimeout = 20 * time.Minute

// managed is what the models of a customer and of a tag have in common.
type managed interface {
	key() string                            // what the resource is known by in Terraform
	customer(diags *diag.Diagnostics) int64 // the id; 0 for one who is to be created
	belongsTo() types.String                // the account, null where it is not known
	limits() timeouts.Value
	problems() diag.Diagnostics
}

// asked is what Terraform asks of an operation.
type asked struct {
	plan     *tfsdk.Plan   // nil for none
	config   *tfsdk.Config // which has the write-only twins; nil for none
	state    *tfsdk.State
	private  privateReader
	identity *tfsdk.ResourceIdentity
	// limit is the one of timeouts.Value's that is meant.
	limit func(timeouts.Value, context.Context, time.Duration) (time.Duration, diag.Diagnostics)
	// failed is the summary of an error, with %d for the customer who stands in the state.
	failed string
	// reads is for what changes nothing in HelpCrunch.
	reads bool
	// maybe is for what may be done without a request: whoever sends one calls
	// guard first.
	maybe bool
}

// operation is what was asked for, read and found to be in order.
type operation[M managed] struct {
	plan, state, config M // nil for none
	known               memory
	id                  int64  // of the customer
	failed              string // the summary of an error
	guarded
}

// begin reads what an operation is about, and sees to it that its customer is
// one of the API key's account. It reports in diags what is in the way. The
// context has the operation's timeout, until end is called.
func begin[M any, P interface {
	*M
	managed
}](ctx context.Context, a *account, asked asked, diags *diag.Diagnostics) (op operation[P], limited context.Context, end context.CancelFunc) {
	limited, end = ctx, func() {}
	var subject P
	if asked.state != nil {
		op.state = new(M)
		subject = op.state
		diags.Append(asked.state.Get(ctx, op.state)...)
	}
	if asked.plan != nil {
		op.plan = new(M)
		subject = op.plan
		diags.Append(asked.plan.Get(ctx, op.plan)...)
	}
	if asked.config != nil {
		op.config = new(M)
		diags.Append(asked.config.Get(ctx, op.config)...)
	}
	if asked.private != nil {
		op.known = readMemory(ctx, asked.private, diags)
	}
	if diags.HasError() {
		return op, limited, end
	}
	if asked.state != nil {
		op.stated = op.state.belongsTo()
		diags.Append(identify(ctx, asked.identity, op.state.key())...)
	}
	if asked.plan != nil {
		if asked.state == nil {
			op.stated = op.plan.belongsTo() // as far as the plan knows it
		}
		diags.Append(op.plan.problems()...) // also of values that were unknown until now
	}
	if asked.config != nil {
		diags.Append(op.config.problems()...)
	}
	op.id = subject.customer(diags)
	limit, d := asked.limit(subject.limits(), ctx, defaultTimeout)
	diags.Append(d...)
	if diags.HasError() {
		return op, limited, end
	}
	op.failed = asked.failed
	if op.id != 0 {
		op.failed = fmt.Sprintf(asked.failed, op.id)
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, limit)
	end = func() {
		cancel()
		diags.Append(a.waited(began)...)
	}
	op.guarded.reads = asked.reads
	if !asked.maybe {
		diags.Append(op.guard(limited, a, op.id, op.failed)...)
	}
	return op, limited, end
}

// longWait is how long an operation may wait for the request budget before it says so.
const longWait = time.Minute

// waited warns of an operation that began then, ends now and has waited long for the
// request budget. Terraform shows the first of these warnings, and counts the others.
func (a *account) waited(began time.Time) diag.Diagnostics {
	queue := a.budget.Queue()
	until := time.Now()
	if !queue.End.IsZero() {
		until = queue.End
	}
	if queue.Begin.After(began) {
		began = queue.Begin
	}
	waited := until.Sub(began)
	if queue.Begin.IsZero() || waited <= longWait {
		return nil
	}
	why := "and this run, with others on this machine, uses all of them."
	if queue.Others > 0 {
		why = fmt.Sprintf("and about %d of them are taken by others who use the same API key.", queue.Others)
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Operations waited for the request limit",
		fmt.Sprintf("This one waited for some %d seconds; up to %d requests stood in the queue at a time. %d requests a minute are to be spent (requests_per_minute), %s",
			int(waited.Seconds()), queue.Length, a.budget.Limit(), why))}
}
