# Customers that others look after, too.
data "helpcrunch_customer" "ada" {
  user_id = "crm-17"
}

resource "helpcrunch_customer_tag" "vip" {
  customer_id = data.helpcrunch_customer.ada.id
  name        = "vip"
  color       = "gold"
}

# One tag on several customers.
resource "helpcrunch_customer_tag" "audited" {
  for_each = toset(["542335", "542336"])

  customer_id = each.key
  name        = "audited"
}
