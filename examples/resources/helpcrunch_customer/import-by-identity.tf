# Beside the resource block of the example.
import {
  to = helpcrunch_customer.ada
  identity = {
    id = "542335"
  }
}
