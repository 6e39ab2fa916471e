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
#
# caller is whoever triggers it: since Terraform 1.16. In 1.14 and 1.15 write helpcrunch_customer.ada.id
# in its place, of which a newer Terraform warns; a build of 1.17 refuses to invoke it by hand.
action "helpcrunch_customer_event" "plan_changed" {
  config {
    customer_id = caller.id
    name        = "plan changed"
    data        = { plan = "gold", seats = { before = 10, after = 12 } }
  }
}
