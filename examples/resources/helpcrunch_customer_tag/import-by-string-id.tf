import {
  to = helpcrunch_customer_tag.vip
  id = "542335/vip"
}
