# Beside the resource block of the example.
import {
  to = helpcrunch_customer_tag.vip
  identity = {
    id = "542335/vip"
  }
}
