terraform {
  required_version = ">= 1.11"
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {
  # name, email, phone and notes are an error here, their twins are not.
  personal_data_in_state = false
}

variable "people" {
  description = "The path of people.csv, which is in no repository."
  type        = string
}

locals {
  people = { for row in csvdecode(file(var.people)) : row.user_id => row }
}

resource "helpcrunch_customer" "person" {
  # The keys are printed, and stand in the state and in saved plans.
  for_each = local.people

  user_id = each.key

  # Of these the state has digests.
  name_wo        = each.value.name
  email_wo       = each.value.email
  phone_wo       = each.value.phone
  notes_wo       = each.value.notes
  custom_data_wo = { plan = each.value.plan }

  # This stands there as it is.
  tags = [{ name = "member" }]
}
