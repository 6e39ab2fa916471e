// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Install prints the path of a Terraform binary, and brings one first if the
// machine has none.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
)

func main() {
	path, err := terraformcli.Find(context.Background(), ".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
