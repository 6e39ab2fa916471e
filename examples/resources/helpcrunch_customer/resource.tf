resource "helpcrunch_customer" "ada" {
  user_id = "crm-17"
  name    = "Ada Lovelace"
  email   = "ada@example.com"
  phone   = "" # kept empty

  tags = [
    { name = "vip", color = "gold" },
    { name = "beta" },
  ]

  # The custom attributes must exist in HelpCrunch:
  # Settings > Contacts > Custom attributes.
  custom_data = {
    plan    = "gold"
    seats   = 12
    trial   = false
    renewal = "1735689600" # a date, in UNIX seconds
  }
}

# A customer for each row of a CSV file. A blank cell becomes null, which is
# not managed; "" would be kept empty.
resource "helpcrunch_customer" "test_account" {
  for_each = { for row in csvdecode(file("${path.module}/accounts.csv")) : row.user_id => row }

  user_id = each.key
  name    = each.value.name
  email   = each.value.email == "" ? null : each.value.email
  tags    = [{ name = "test-account" }]
}
