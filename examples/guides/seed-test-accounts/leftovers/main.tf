terraform {
  required_providers {
    helpcrunch = {
      source = "terraform-helpcrunch/helpcrunch"
    }
  }
}

provider "helpcrunch" {}

variable "environment" {
  description = "The environment whose accounts a job left behind."
  type        = string
}

data "helpcrunch_customers" "leftover" {
  filter = [
    { field = "tag", operator = "=", value = "test-account" },
    { field = "tag", operator = "=", value = var.environment },
  ]
}

import {
  for_each = toset(data.helpcrunch_customers.leftover.ids)
  to       = helpcrunch_customer.leftover[each.key]
  id       = each.key
}

# An imported customer is deleted only where it is written.
resource "helpcrunch_customer" "leftover" {
  for_each        = toset(data.helpcrunch_customers.leftover.ids)
  deletion_policy = "delete"
}
