resource "helpcrunch_customer" "ada" {
  user_id = "crm-17"

  custom_data = {
    renewal = provider::helpcrunch::unix_timestamp("2025-01-01T00:00:00Z") # "1735689600"
  }
}
