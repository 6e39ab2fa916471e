terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

locals {
  customers = { for row in csvdecode(file("${path.module}/customers.csv")) : row.user_id => row }
}

import {
  for_each = local.customers
  to       = helpcrunch_customer.known[each.key]
  id       = "user_id:${each.key}"
}

resource "helpcrunch_customer" "known" {
  for_each = local.customers

  user_id = each.key
  name    = each.value.name
}
