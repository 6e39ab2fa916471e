terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

resource "helpcrunch_customer" "ada" {
  user_id = "crm-17"
  name    = "Ada Lovelace"
  phone   = "+44 20 7946 0001"
  company = "Engines Ltd"

  custom_data = {
    plan  = "gold"
    seats = 12
  }

  lifecycle {
    ignore_changes = [phone, custom_data.plan]
  }
}

resource "helpcrunch_customer_tag" "vip" {
  customer_id = helpcrunch_customer.ada.id
  name        = "vip"
}
