resource "helpcrunch_customer" "ada" {
  user_id     = "crm-17"
  custom_data = { plan = "gold" }

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.helpcrunch_customer_event.plan_changed]
    }
  }
}

# Sent whenever an apply has created or updated the customer, and by hand with
# terraform apply -invoke=action.helpcrunch_customer_event.plan_changed
action "helpcrunch_customer_event" "plan_changed" {
  config {
    customer_id = helpcrunch_customer.ada.id
    name        = "plan changed"
    data        = { plan = "gold", seats = { before = 10, after = 12 } }
  }
}
