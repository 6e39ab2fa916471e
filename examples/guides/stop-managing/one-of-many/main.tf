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
  customers = ["crm-18", "crm-19"]
  leaving   = ["crm-19"]
}

resource "helpcrunch_customer" "many" {
  for_each = toset(local.customers)

  user_id         = each.key
  company         = "Engines Ltd"
  deletion_policy = contains(local.leaving, each.key) ? "abandon" : null
}
