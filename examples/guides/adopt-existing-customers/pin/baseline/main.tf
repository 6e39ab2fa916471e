terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {
  personal_data_in_state = true # also where HELPCRUNCH_PERSONAL_DATA_IN_STATE says otherwise; baseline.sh removes the state
}

data "helpcrunch_customers" "vip" {
  filter = [{ field = "tag", operator = "=", value = "vip" }]
}

locals {
  let_go = [] # ids of who is found and not meant, such as "542337"

  # Who is in the file stays in it as they are: what differs by now is for the audit to say.
  file    = "${path.module}/../baseline.json"
  written = jsondecode(fileexists(local.file) ? file(local.file) : "{}")
}

output "baseline" {
  sensitive = true # people's data, which the apply would print

  value = { for c in data.helpcrunch_customers.vip.customers : c.id => try(local.written[c.id], {
    name         = c.name
    email        = c.email
    tags         = [for tag in c.tags : tag.name]
    custom_data  = c.custom_data == null ? {} : c.custom_data
    unsubscribed = c.unsubscribed
    blocked      = c.blocked
  }) if !contains(local.let_go, c.id) }
}
