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
  personal_data_in_state = false
}

variable "user_ids" {
  description = "Whom there is to be: keys that tell nothing of a person."
  type        = set(string)
}

variable "people" {
  description = "Who they are, by user_id."
  type        = map(object({ name = string, email = string }))
  ephemeral   = true
}

resource "helpcrunch_customer" "person" {
  for_each = var.user_ids

  user_id  = each.key
  name_wo  = var.people[each.key].name
  email_wo = var.people[each.key].email
}
