// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package main

import "time"

func childrenCPU() time.Duration { return 0 }
