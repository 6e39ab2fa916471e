// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// The plans that the customers go through.
const (
	firstPlan  = "gold"
	secondPlan = "silver"
	thirdPlan  = "bronze"
)

// configuration is that of all customers, with more lines of custom data if
// need be. The driver has the same customers.
func configuration(customers int, more string) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    helpcrunch = {
      source = "terraform-helpcrunch/helpcrunch"
    }
  }
}

variable "plan" {
  default = %q
}

variable "changed" { # how many customers have that plan
  default = %d
}

resource "helpcrunch_customer" "many" {
  count = %d

  user_id = "bench-${count.index}"
  name    = "Customer ${count.index}"
  email   = "customer-${count.index}@example.com"
  tags    = [{ name = "bench" }]

  custom_data = {
    plan  = count.index < var.changed ? var.plan : %q
    seats = count.index
%s
  }
}
`, firstPlan, customers, customers, firstPlan, more)
}

func writeConfiguration(folder string, customers int, more string) error {
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(configuration(customers, more)), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}
