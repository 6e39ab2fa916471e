// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

// act is something that a user does with all customers.
type act string

const (
	create  act = "create"
	plan    act = "plan, nothing to do"
	update  act = "update all"
	drift   act = "repair drift on 1 %"
	destroy act = "destroy"
)

// The most that HelpCrunch does with one request, and which customers drift.
const (
	batchSize  = 10
	searchSize = 100
	driftEvery = 100
)

// step is an act as it is played.
type step struct {
	Act         act `json:"act"`
	Parallelism int `json:"parallelism"`
}

// steps are all acts in their order, with Terraform's own parallelism. A plan
// is also played with the most that is of use.
var steps = []step{{create, 10}, {plan, 10}, {plan, 100}, {update, 10}, {drift, 10}, {destroy, 10}}

// smallest is the number of requests that nobody can go below: HelpCrunch
// creates and deletes customers one by one, and a search can look only for
// those whom Terraform reads side by side. Terraform plans in one provider
// process and applies in another; each asks first which account it has.
func (s step) smallest(customers int) int {
	const account = 1
	read := account + divideUp(customers, min(s.Parallelism, searchSize))
	switch s.Act {
	case create:
		return account + account + customers
	case update:
		return read + account + divideUp(customers, batchSize)
	case drift:
		return read + account + divideUp(divideUp(customers, driftEvery), batchSize)
	case destroy:
		return read + account + customers
	default:
		return read
	}
}

func divideUp(a, b int) int { return (a + b - 1) / b }
