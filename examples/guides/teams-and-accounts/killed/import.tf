import {
  for_each = toset(["crm-17", "crm-18"])
  to       = module.production.helpcrunch_customer.managed[each.key]
  id       = "user_id:${each.key}"
}

import {
  to = module.staging.helpcrunch_customer.managed["test-1"]
  id = "user_id:test-1"
}
