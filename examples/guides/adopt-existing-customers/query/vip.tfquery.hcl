list "helpcrunch_customer" "vip" {
  provider = helpcrunch
  limit    = 500 # left out, Terraform stops at 100

  config {
    filter = [{ field = "tag", operator = "=", value = "vip" }]
  }
}
