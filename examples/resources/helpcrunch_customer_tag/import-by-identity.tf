import {
  to = helpcrunch_customer_tag.vip
  identity = {
    id = "542335/vip"
  }
}
