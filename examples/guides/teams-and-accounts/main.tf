terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

# The key of the production account comes from HELPCRUNCH_API_KEY.
provider "helpcrunch" {
  organization = "acme"
}

variable "staging_key" {
  description = "An API key of the account acme-staging."
  type        = string
  ephemeral   = true # in no state and in no saved plan
}

provider "helpcrunch" {
  alias        = "staging"
  organization = "acme-staging"
  api_key      = var.staging_key
}

module "production" {
  source    = "./customers"
  providers = { helpcrunch = helpcrunch }
  customers = { crm-17 = "Ada Lovelace", crm-18 = "Grace Hopper" }
}

module "staging" {
  source    = "./customers"
  providers = { helpcrunch = helpcrunch.staging }
  customers = { test-1 = "Test Buyer" }
}
