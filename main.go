// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Terraform-provider-helpcrunch keeps the customers of a HelpCrunch account as code.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/provider"
)

const address = "registry.terraform.io/terraform-helpcrunch/helpcrunch"

// quiet is how long there has to be no call before a SIGTERM is obeyed:
// enough for the last answer to reach Terraform.
const quiet = time.Second

// version is set by the release build.
var version = "dev"

func main() {
	parent := os.Getppid()
	debug := flag.Bool("debug", false, "serve for a debugger such as delve: print how Terraform reaches this process")
	flag.Parse()
	log.SetFlags(0) // Terraform adds the time

	server, err := provider.NewServer(provider.New(version))
	if err != nil {
		log.Fatal(err)
	}
	go obeyAfterwards(server)
	if !*debug { // else this process waits for one Terraform after the other
		go endWith(parent, server)
	}

	provider.TuneProcess()

	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	if err := tf6server.Serve(address, func() tfprotov6.ProviderServer { return server }, options...); err != nil {
		log.Fatal(err)
	}
}

// endWith ends the process once its parent, the Terraform that started it, is
// gone without having said so: killed, or out of memory. Nobody else would.
func endWith(parent int, server *provider.Server) {
	// The end of the log is gone as well. Writing to it must not end the
	// process before what is under way at HelpCrunch is done.
	signal.Ignore(syscall.SIGPIPE)
	awaitEnd(parent)
	server.Abandon()
	os.Exit(1)
}

// obeyAfterwards ends the process on a SIGTERM, once what is under way has
// been answered: what HelpCrunch did belongs into the state. (A job that is
// cancelled often signals Terraform and its providers alike. Terraform then
// waits for its providers.) A second SIGTERM is obeyed at once.
func obeyAfterwards(server *provider.Server) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		cancel()
	}()
	server.Stop(ctx, quiet)
	os.Exit(1)
}
