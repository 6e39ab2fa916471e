// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package core is as much of Terraform as a provider can tell from Terraform,
// in the provider's own process: a state, configurations, plans and applies of
// many resources side by side, with the checks that Terraform makes of what a
// provider answers. It speaks protocol 6 to the provider's server, without a
// network, a file or a sleep of its own, so that a life of a hundred plans fits
// into a testing/synctest bubble and takes a tenth of a second.
//
// Its configurations are blocks of values, or text in Terraform's own language
// ([Parse]), as far as the tests write it.
//
// It does what Terraform's core does (1.11 to 1.15: plan, apply and refresh in
// internal/terraform/node_resource_abstract_instance.go, and the assertions in
// internal/plans/objchange), as far as this provider meets it: no blocks, no
// computed attributes within nested ones, no deferred changes.
package core
