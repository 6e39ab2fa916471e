terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

import {
  to = helpcrunch_customer.ada
  id = "email:ada@example.com"
}

import {
  to = helpcrunch_customer.grace
  id = "user_id:crm-18"
}
