# A customer that existed before: Terraform takes over the name, and leaves
# the customer in HelpCrunch when everything is destroyed.
import {
  to = helpcrunch_customer.adopted
  id = "email:grace@example.com"
}

resource "helpcrunch_customer" "adopted" {
  name            = "Grace Hopper"
  email           = "grace@example.com"
  deletion_policy = "abandon"
}
