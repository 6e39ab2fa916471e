terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

# The API key comes from HELPCRUNCH_API_KEY.
provider "helpcrunch" {}

variable "campaign" {
  description = "The campaign that every customer is in."
  type        = string
  default     = "spring"
}

locals {
  customers = { for row in csvdecode(file("${path.module}/customers.csv")) : row.user_id => row }
}

resource "helpcrunch_customer" "all" {
  for_each = local.customers

  user_id = each.key
  name    = each.value.name
  email   = each.value.email

  # A blank cell is null, which is not managed; "" would be kept empty.
  company = each.value.company == "" ? null : each.value.company
  phone   = each.value.phone == "" ? null : each.value.phone
  notes   = "Seeded by the demo."

  tags = [for name in compact(split(" ", each.value.tags)) : { name = name }]

  custom_data = {
    plan     = each.value.plan
    seats    = each.value.seats == "" ? null : tonumber(each.value.seats)
    campaign = var.campaign
  }
}
