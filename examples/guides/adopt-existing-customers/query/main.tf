terraform {
  required_providers {
    helpcrunch = {
      source = "terraform-helpcrunch/helpcrunch"
    }
  }
}

provider "helpcrunch" {}
