terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

resource "helpcrunch_customer" "trap" {
  user_id = "crm-19"

  custom_data = {
    plan  = "gold"
    seats = 1
  }

  lifecycle {
    # A mistake: this ignores all of custom_data, and nothing says so.
    ignore_changes = [custom_data["plan"]]
  }
}
