import {
  to = helpcrunch_customer.ada
  identity = {
    id = "542335"
  }
}
