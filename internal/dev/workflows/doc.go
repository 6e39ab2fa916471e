// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package workflows keeps what runs at GitHub in check: its tests read
// .github/workflows and refuse an action that is not pinned by its hash, a
// permission that nobody gave a reason for, and what lets a stranger's text
// into a shell.
package workflows
