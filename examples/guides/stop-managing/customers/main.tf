terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

removed {
  from = helpcrunch_customer.ada

  lifecycle {
    destroy = false
  }
}

removed {
  from = helpcrunch_customer_tag.vip

  lifecycle {
    destroy = false
  }
}
