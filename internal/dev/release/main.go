// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Release looks at the files of a release before anybody else does.
//
//	release describe FOLDER          writes notes.md and subjects.txt beside the folder
//	release check -key FILE FOLDER   looks at it as the registries do, and applies with it
//
// `make release-dry-run` and the release workflow run it alike.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "describe" {
		return describe(args[1])
	}
	flags := flag.NewFlagSet("release check", flag.ContinueOnError)
	key := flags.String("key", "", "the public key that the release has to be signed with")
	if len(args) == 0 || args[0] != "check" {
		return fmt.Errorf("say describe FOLDER, or check -key FILE FOLDER")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	keyring, err := os.ReadFile(*key)
	if err != nil {
		return fmt.Errorf("reading the public key: %w", err)
	}
	release, err := open(flags.Arg(0))
	if err != nil {
		return err
	}
	if err := release.check(keyring); err != nil {
		return err
	}
	fmt.Printf("%s: %d zips are as the registries want them, signed, and each with its bill of materials.\n", release.name, len(platforms))
	return release.try(ctx)
}
