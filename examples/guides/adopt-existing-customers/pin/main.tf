terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {
  organization = "acme"
}

locals {
  baseline = jsondecode(file("baseline.json"))

  # A search has custom data as text, and HelpCrunch takes text for text and dates
  # alone: which properties are numbers, and which are true or false?
  numbers = ["seats"]
  flags   = ["trial"]
}

import {
  for_each = local.baseline
  to       = helpcrunch_customer.pinned[each.key]
  id       = each.key
}

resource "helpcrunch_customer" "pinned" {
  for_each = local.baseline

  name  = each.value.name
  email = each.value.email
  tags  = [for name in each.value.tags : { name = name }]
  custom_data = merge(
    each.value.custom_data,
    { for property, value in each.value.custom_data : property => tonumber(value) if contains(local.numbers, property) },
    { for property, value in each.value.custom_data : property => tobool(value) if contains(local.flags, property) },
  )
  unsubscribed    = each.value.unsubscribed
  blocked         = each.value.blocked
  deletion_policy = "prevent"
}
