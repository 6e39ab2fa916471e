// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package sandbox is a local stand-in for the customer part of the HelpCrunch
// REST API v1, for tests and for trying the provider without an account.
//
// It answers every customer call under /v1 the way the API's pages describe it.
// What the pages leave open it settles for the likeliest reading; each other
// reading is a switch (see [Switches]). Faults are armed by hand (see [Fault]).
//
// Where the pages are silent and no switch exists, the sandbox takes the
// stricter side, so that a client that passes here errs on the safe side there:
// dates are refused unless they are digit strings, a search by id or date
// refuses text, a limit above 100 is refused, and null is refused for tags and
// booleans. Fields it does not know are ignored, in particular read-only ones.
//
// The same things that a Go test can do with a [Server] can be done over HTTP
// under /_sandbox/, without a key and without being counted.
package sandbox
