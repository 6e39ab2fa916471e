terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

resource "helpcrunch_customer" "grace" {
  user_id  = "crm-20"
  phone_wo = "+44 20 7946 0002"

  custom_data_wo = {
    plan  = "gold"
    seats = 12
  }

  lifecycle {
    ignore_changes = [phone_wo, custom_data_wo]
  }
}
