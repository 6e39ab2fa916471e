terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

# The API key comes from the environment variable HELPCRUNCH_API_KEY.
provider "helpcrunch" {}

resource "helpcrunch_customer" "ada" {
  user_id = "crm-17"
  name    = "Ada Lovelace"
  email   = "ada@example.com"
  tags    = [{ name = "vip" }]
}
