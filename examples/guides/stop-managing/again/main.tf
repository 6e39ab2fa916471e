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
  to = helpcrunch_customer.ada
  id = "user_id:crm-17"
}

resource "helpcrunch_customer" "ada" {
  user_id         = "crm-17"
  name            = "Ada Lovelace"
  company         = "Engines Ltd"
  deletion_policy = "delete" # as before: an imported customer is not deleted otherwise

  custom_data = {
    seats = 12
  }
}

resource "helpcrunch_customer_tag" "vip" {
  customer_id = helpcrunch_customer.ada.id
  name        = "vip"
}
