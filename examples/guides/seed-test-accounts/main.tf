terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

# The API key comes from the environment variable HELPCRUNCH_API_KEY.
provider "helpcrunch" {}

variable "environment" {
  description = "The test environment that the accounts are for, such as staging."
  type        = string
}

locals {
  # A customer for each row. Blank cells become null.
  accounts = {
    for row in csvdecode(file("${path.module}/accounts.csv")) :
    row.user_id => { for column, cell in row : column => cell == "" ? null : cell }
  }
}

resource "helpcrunch_customer" "account" {
  for_each = local.accounts

  # Two environments may hold the same accounts: no two customers share a user_id.
  user_id = "${var.environment}-${each.key}"

  name    = each.value.name
  email   = each.value.email
  company = each.value.company

  # They are this configuration's own: a run takes over what a killed one left
  # behind, and a destroy deletes all of them.
  adopt_existing  = true
  deletion_policy = "delete"

  # Test accounts get no newsletters.
  unsubscribed = true

  tags = [
    for name in concat(["test-account", var.environment], compact(split(" ", coalesce(each.value.tags, " ")))) : { name = name }
  ]

  # A property set to null is kept empty; one that is not there is not managed.
  custom_data = {
    for name, value in {
      plan  = each.value.plan
      seats = try(tonumber(each.value.seats), null)
    } : name => value if value != null
  }
}

output "accounts" {
  description = "The ids that HelpCrunch gave the accounts."
  value       = { for key, account in helpcrunch_customer.account : key => account.id }
}
