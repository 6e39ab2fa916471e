terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {
  organization           = "acme" # your account, here and in the file beside baseline.sh: elsewhere the ids are other people
  personal_data_in_state = true   # also where HELPCRUNCH_PERSONAL_DATA_IN_STATE says otherwise; baseline.sh removes the state
}

data "helpcrunch_customers" "vip" {
  filter = [{ field = "tag", operator = "=", value = "vip" }]
}

locals {
  let_go = [] # ids of who is not meant, such as "542337"

  found = { for c in data.helpcrunch_customers.vip.customers : c.id => {
    name         = c.name
    email        = c.email
    tags         = [for tag in c.tags : tag.name]
    custom_data  = c.custom_data == null ? {} : c.custom_data
    unsubscribed = c.unsubscribed
    blocked      = c.blocked
  } }

  # Who is in the file stays in it as they are: what differs by now, or who is not
  # found any more, is for the audit to say.
  file    = "${path.module}/../baseline.json"
  written = jsondecode(fileexists(local.file) ? file(local.file) : "{}")
}

output "baseline" {
  sensitive = true # people's data, which the apply would print

  value = { for id, customer in merge(local.found, local.written) : id => customer if !contains(local.let_go, id) }
}
