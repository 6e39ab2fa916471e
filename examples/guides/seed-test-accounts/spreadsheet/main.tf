terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

locals {
  # Some spreadsheets write an invisible mark in front, and semicolons for commas.
  # The two change places in the text, and back in each cell.
  text       = trimspace(trimprefix(file("${path.module}/accounts.csv"), "\ufeff"))
  semicolons = strcontains(split("\n", local.text)[0], ";")
  table      = csvdecode(local.semicolons ? replace(replace(replace(local.text, ",", "\u0001"), ";", ","), "\u0001", ";") : local.text)
  cells = [
    for row in local.table : {
      for column, cell in row :
      trimspace(column) => trimspace(local.semicolons ? replace(replace(replace(cell, ",", "\u0001"), ";", ","), "\u0001", ";") : cell)
    }
  ]

  # Empty rows are left out. The number is that of the spreadsheet, unless there are
  # lines without even a separator: csvdecode does not count those, and the message says so.
  whole = length(split("\n", local.text)) == 1 + length(local.table)
  rows  = [for i, row in local.cells : merge(row, { row = i + 2 }) if join("", values(row)) != ""]
  named = { for row in local.rows : row.Number => row... }
  where = { for number, rows in local.named : number => join(" and ", rows[*].row) }

  problems = flatten([
    for row in local.rows : [
      for problem, found in {
        "Number is not three digits"                   = !can(regex("^[0-9]{3}$", row.Number))
        "Number is in rows ${local.where[row.Number]}" = length(local.named[row.Number]) > 1
        "Seats is not a whole number"                  = !can(regex("^[0-9]*$", row.Seats))
        "Newsletter is neither yes nor no"             = !contains(["", "yes", "no"], lower(row.Newsletter))
        "Renewal is not a date like 2026-12-31"        = row.Renewal != "" && !can(formatdate("YYYY", "${row.Renewal}T00:00:00Z"))
      } : "row ${row.row}: ${problem}" if found
    ]
  ])

  accounts = {
    for number, rows in local.named : number => {
      name         = rows[0].Name
      company      = rows[0].Company == "" ? null : rows[0].Company
      seats        = try(tonumber(rows[0].Seats), null)
      unsubscribed = try({ yes = false, no = true }[lower(rows[0].Newsletter)], null)
      renewal      = try(provider::helpcrunch::unix_timestamp("${rows[0].Renewal}T00:00:00Z"), null)
    }
  }
}

resource "helpcrunch_customer" "account" {
  for_each = local.accounts

  # Which no person has, for whoever has it is taken over, and deleted in the end.
  user_id         = "test-account-${each.key}"
  name            = each.value.name
  company         = each.value.company
  unsubscribed    = each.value.unsubscribed
  adopt_existing  = true
  deletion_policy = "delete"

  custom_data = {
    for name, value in { seats = each.value.seats, renewal = each.value.renewal } : name => value if value != null
  }
}

# An output, so that it is looked at once, and before anything is written.
output "accounts" {
  value = keys(local.accounts)

  precondition {
    condition     = length(local.problems) == 0
    error_message = "accounts.csv${local.whole ? "" : ", counted without empty lines"}: ${join("; ", local.problems)}."
  }
}
