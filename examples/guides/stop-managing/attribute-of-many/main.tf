terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

import {
  to = helpcrunch_customer.many["crm-19"]
  id = "user_id:crm-19"
}

resource "helpcrunch_customer" "many" {
  for_each = toset(["crm-18", "crm-19"])

  user_id         = each.key
  company         = each.key == "crm-19" ? null : "Engines Ltd"
  deletion_policy = "delete"
}
