data "helpcrunch_customer" "ada" {
  user_id = "crm-17"
}

output "ada_renewal" {
  value = provider::helpcrunch::rfc3339(data.helpcrunch_customer.ada.custom_data.renewal) # "2025-01-01T00:00:00Z"
}

# null, and not shown, where nobody has seen her yet.
output "ada_first_seen" {
  value = provider::helpcrunch::rfc3339(data.helpcrunch_customer.ada.first_seen)
}
