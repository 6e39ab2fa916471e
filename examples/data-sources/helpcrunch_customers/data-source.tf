# All customers with the tag vip who were last seen before 2026.
data "helpcrunch_customers" "quiet" {
  filter = [
    { field = "tag", operator = "=", value = "vip" },
    { field = "last_seen", operator = "<", value = "2026-01-01T00:00:00Z" },
  ]
}

output "quiet" {
  value = [for customer in data.helpcrunch_customers.quiet.customers : customer.name]
}
