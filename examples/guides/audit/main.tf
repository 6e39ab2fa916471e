terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {
  # No plan deletes a customer, whatever is taken out of the configuration.
  deletion_policy = "prevent"
}

locals {
  customers = { for row in csvdecode(file("${path.module}/customers.csv")) : row.user_id => row }
}

resource "helpcrunch_customer" "audited" {
  for_each = local.customers

  user_id = each.key

  # Not shown in plans. The state holds them all the same.
  name  = sensitive(each.value.name)
  email = sensitive(each.value.email)

  # Who has opted out stays out. Who has not may do so: that is not managed.
  unsubscribed = each.value.unsubscribed == "true" ? true : null

  tags = [{ name = "audited" }]

  custom_data = {
    plan  = each.value.plan
    seats = 1
  }

  lifecycle {
    # Sales may change the plan; it is written once.
    ignore_changes = [custom_data.plan]
  }
}
