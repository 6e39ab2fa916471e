terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {
  # Leave half of the account's 120 requests a minute to other programs.
  requests_per_minute = 60
}

locals {
  # A state for each region, in a workspace of its name.
  customers = {
    for row in csvdecode(file("${path.module}/customers.csv")) :
    row.user_id => row if row.region == terraform.workspace
  }
}

resource "helpcrunch_customer" "all" {
  for_each = local.customers

  user_id = each.key
  name    = each.value.name
}
