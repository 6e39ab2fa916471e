import {
  to = helpcrunch_customer.ada
  id = "user_id:crm-17"
}
