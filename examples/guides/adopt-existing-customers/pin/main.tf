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
  baseline = jsondecode(file("baseline.json"))
}

import {
  for_each = local.baseline
  to       = helpcrunch_customer.pinned[each.key]
  id       = each.key
}

resource "helpcrunch_customer" "pinned" {
  for_each = local.baseline

  name            = each.value.name
  email           = each.value.email
  tags            = [for name in each.value.tags : { name = name }]
  custom_data     = each.value.custom_data
  unsubscribed    = each.value.unsubscribed
  blocked         = each.value.blocked
  deletion_policy = "prevent"
}
