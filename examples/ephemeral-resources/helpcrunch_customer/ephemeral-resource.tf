# The main contact of a company, whose number somebody else keeps in HelpCrunch.
ephemeral "helpcrunch_customer" "contact" {
  user_id = "crm-17"
}

# The branch is called at that number too. It stands in no state and no plan.
resource "helpcrunch_customer" "branch" {
  user_id  = "crm-18"
  company  = "Analytical Engines"
  phone_wo = ephemeral.helpcrunch_customer.contact.phone
}
