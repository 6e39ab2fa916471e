# Who carries the tag in HelpCrunch, but is not written here? The data source
# stands outside of the check: inside, every plan would have something to do.
data "helpcrunch_customers" "audited" {
  filter = [{ field = "tag", operator = "=", value = "audited" }]
}

check "nobody_else_is_audited" {
  assert {
    condition = length(setsubtract(
      data.helpcrunch_customers.audited.ids,
      [for customer in helpcrunch_customer.audited : customer.id],
    )) == 0
    error_message = "HelpCrunch has customers with the tag audited that are not in customers.csv."
  }
}
