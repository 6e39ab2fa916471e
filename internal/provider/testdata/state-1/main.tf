terraform {
  required_providers {
    helpcrunch = {
      source = "terraform-helpcrunch/helpcrunch"
    }
  }
}

resource "helpcrunch_customer" "created" {
  user_id      = "crm-1"
  name         = "Ada Lovelace"
  email        = "Ada@example.com"
  phone        = ""
  locale       = "en"
  first_seen   = "2023-11-14T22:13:20Z"
  unsubscribed = true
  tags         = [{ name = "vip", color = "gold" }, { name = "beta" }]
  custom_data = {
    plan    = "gold"
    seats   = 9007199254740993
    trial   = false
    renewal = "1735689600"
    tier    = null
  }
  timeouts = { update = "30m" }
}

resource "helpcrunch_customer" "mapped" {
  custom_data     = tomap({ plan = "gold", tier = "7" })
  tags            = []
  deletion_policy = "abandon"
}

resource "helpcrunch_customer" "imported" {
  name = "Grace Hopper"
}

import {
  to = helpcrunch_customer.imported
  id = "700123"
}
