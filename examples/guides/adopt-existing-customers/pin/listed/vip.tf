locals {
  user_ids = ["crm-1", "crm-2"]
}

data "helpcrunch_customers" "vip" {
  match  = "any"
  filter = [for id in local.user_ids : { field = "user_id", operator = "=", value = id }]

  lifecycle {
    postcondition {
      condition     = length(setsubtract(local.user_ids, self.customers[*].user_id)) == 0
      error_message = "HelpCrunch has nobody with the user_id ${join(", ", setsubtract(local.user_ids, self.customers[*].user_id))}."
    }
  }
}
