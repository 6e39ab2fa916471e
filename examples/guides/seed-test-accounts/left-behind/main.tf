terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

variable "prefix" {
  description = "What the user_ids of the accounts begin with, such as pull-request-17-."
  type        = string

  validation {
    condition     = can(regex("^.{3,}-$", var.prefix))
    error_message = "Too many people would have this prefix: it has at least three characters and then a hyphen."
  }
}

data "helpcrunch_customers" "found" {
  filter = [{ field = "user_id", operator = "~", value = var.prefix }]
}

locals {
  # The search also finds those who have it in the middle.
  left = { for customer in data.helpcrunch_customers.found.customers : customer.id => customer.user_id if startswith(customer.user_id, var.prefix) }
}

import {
  for_each = local.left
  to       = helpcrunch_customer.left[each.key]
  id       = each.key
}

resource "helpcrunch_customer" "left" {
  for_each = local.left

  user_id         = each.value # so that every plan says who
  deletion_policy = "delete"
}
