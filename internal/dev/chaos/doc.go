// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package chaos walks at random through what can happen to a HelpCrunch account
// that Terraform keeps: configurations that grow, shrink and change, colleagues
// who write at the same time, accounts with every law that the documentation
// leaves open, networks and servers that fail, applies that are stopped or
// killed. After each round it looks whether anybody was harmed.
//
// The provider is the real one, over protocol 6 and in process; Terraform is
// [github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/core];
// HelpCrunch is the sandbox, without a network. A walk stands in a
// testing/synctest bubble, so that ten minutes of waiting take no time. All of
// it is in the tests: `make chaos` walks for as long as one likes, and `go test`
// a few seconds.
//
// A walk is a seed. All choices of a walk come from its seed and from the name
// of what is chosen, so that one that found something can be walked again with
// parts of it left out, until nothing more can be: that is the trace it prints.
// What the seed does not decide is the provider's own jitter and which of two
// goroutines comes first, so a rare finding may take several walks to come back.
package chaos
