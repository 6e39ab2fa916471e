terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

data "helpcrunch_customers" "vip" {
  filter = [{ field = "tag", operator = "=", value = "vip" }]
}

import {
  for_each = toset(data.helpcrunch_customers.vip.ids)
  to       = helpcrunch_customer.vip[each.key]
  id       = each.key
}

resource "helpcrunch_customer" "vip" {
  for_each = toset(data.helpcrunch_customers.vip.ids)

  custom_data = {
    plan = "gold"
  }
}
