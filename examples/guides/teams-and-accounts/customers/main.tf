terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

variable "customers" {
  description = "Names by user_id."
  type        = map(string)
}

resource "helpcrunch_customer" "managed" {
  for_each = var.customers

  user_id = each.key
  name    = each.value
}

# Beside the tags that automations and colleagues give.
resource "helpcrunch_customer_tag" "managed" {
  for_each = var.customers

  customer_id = helpcrunch_customer.managed[each.key].id
  name        = "managed"
}
