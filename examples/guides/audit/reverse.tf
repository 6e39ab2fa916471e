# Who carries the tag in HelpCrunch, but is not written here?
locals {
  audited_tag = "audited"
  audited_ids = [for customer in helpcrunch_customer.audited : customer.id] # pinned: helpcrunch_customer.pinned

  # Ids of who has the tag and is not meant, such as "542337".
  let_go = []

  unwritten = setsubtract(data.helpcrunch_customers.audited.ids, concat(local.audited_ids, local.let_go))
}

# Outside of the check: inside, every plan would have something to do.
data "helpcrunch_customers" "audited" {
  filter = [{ field = "tag", operator = "=", value = local.audited_tag }]
}

check "nobody_else_is_audited" {
  assert {
    condition     = length(local.unwritten) == 0
    error_message = "HelpCrunch has customers with the tag ${local.audited_tag} that are not written: ${join(", ", local.unwritten)}."
  }
}
