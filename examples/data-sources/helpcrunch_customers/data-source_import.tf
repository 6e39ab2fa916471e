# Adopt all customers with the tag vip (Terraform 1.7 or newer).
data "helpcrunch_customers" "vip" {
  filter = [{ field = "tag", operator = "=", value = "vip" }]
}

import {
  for_each = toset(data.helpcrunch_customers.vip.ids)
  to       = helpcrunch_customer.vip[each.key]
  id       = each.key
}

resource "helpcrunch_customer" "vip" {
  for_each = toset(data.helpcrunch_customers.vip.ids)
}
