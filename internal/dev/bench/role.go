// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// This program plays parts of the benchmark in processes of their own, so that
// their memory can be measured and their budgets meet in a file.
const (
	envRole  = "BENCH_ROLE"
	envOrder = "BENCH_ORDER" // what to do, as JSON

	roleDriver  = "driver"
	roleCreator = "creator"
)

func play(ctx context.Context, role string) error {
	order := []byte(os.Getenv(envOrder))
	switch role {
	case roleDriver:
		return carryOut(ctx, order, drive)
	case roleCreator:
		return carryOut(ctx, order, createAtTheLimit)
	}
	return fmt.Errorf("there is no role %q", role)
}

func carryOut[T any](ctx context.Context, order []byte, do func(context.Context, T) error) error {
	var told T
	if err := json.Unmarshal(order, &told); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	return do(ctx, told)
}
