// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

// act is something that a user does with all customers.
type act string

const (
	create  act = "create"
	plan    act = "plan"
	update  act = "update"
	drift   act = "drift"
	destroy act = "destroy"
)

// acts are in the order in which they are played.
var acts = []act{create, plan, update, drift, destroy}

var titles = map[act]string{
	create:  "create",
	plan:    "plan without changes",
	update:  "update all",
	drift:   "repair drift on 1 %",
	destroy: "destroy",
}

const (
	batchSize  = 10  // the most customers that HelpCrunch updates with one request
	searchSize = 100 // the most that it finds with one
	driftEvery = 100 // of so many customers one is changed by hand
)

// smallest is the number of requests that nobody can go below: HelpCrunch
// creates and deletes customers one by one, and a search can look only for
// those whose reads Terraform issues side by side.
func smallest(a act, customers, parallelism int) int {
	reads := divideUp(customers, min(parallelism, searchSize))
	switch a {
	case plan:
		return reads
	case update:
		return divideUp(customers, batchSize)
	case drift:
		return reads + divideUp(divideUp(customers, driftEvery), batchSize)
	default:
		return customers
	}
}

func divideUp(a, b int) int { return (a + b - 1) / b }
