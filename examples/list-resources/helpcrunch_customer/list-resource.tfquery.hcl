# vip.tfquery.hcl, for terraform query: all customers with the tag vip, those
# first who were seen last.
list "helpcrunch_customer" "vip" {
  provider = helpcrunch
  limit    = 500 # left out, Terraform stops at 100

  config {
    filter = [{ field = "tag", operator = "=", value = "vip" }]
    sort   = "last_seen"
    order  = "desc"
  }
}
