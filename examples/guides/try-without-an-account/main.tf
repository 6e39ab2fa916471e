terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

variable "people" {
  description = "Name and plan by user_id."
  type        = map(object({ name = string, plan = string }))
}

resource "helpcrunch_customer" "person" {
  for_each = var.people

  user_id     = each.key
  name        = each.value.name
  tags        = each.value.plan == "gold" ? [{ name = "vip" }] : []
  custom_data = { plan = each.value.plan }
}
