// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Idle is a provider with the schema of the real one that does nothing: what
// an apply still takes with it is Terraform's own share.
//
// Told so by the environment, it lets the updates wait until so many have come
// together, as a perfect batch would, and tells when each of them came.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/provider"
)

// The environment. package main of the benchmark has the same names.
const (
	envTogether = "BENCH_TOGETHER" // how many updates to wait for
	envArrivals = "BENCH_ARRIVALS" // the file for when they came
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "idle:", err)
		os.Exit(1)
	}
}

func run() error {
	provider.TuneProcess() // as the real one does
	framework, err := provider.NewServer(provider.New("idle"))
	if err != nil {
		return err
	}
	schema, err := framework.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	server := &server{Server: framework, types: newTypes(schema)}
	if together, err := strconv.Atoi(os.Getenv(envTogether)); err == nil {
		server.gate = newGate(together, os.Getenv(envArrivals))
	}
	return tf6server.Serve("registry.terraform.io/terraform-helpcrunch/helpcrunch", func() tfprotov6.ProviderServer { return server })
}
