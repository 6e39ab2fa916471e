terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

# The API key comes from the environment variable HELPCRUNCH_API_KEY.
provider "helpcrunch" {
  # Leave half of the account's 120 requests a minute to other programs.
  requests_per_minute = 60
}
