terraform {
  required_providers {
    helpcrunch = {
      source  = "terraform-helpcrunch/helpcrunch"
      version = "~> 0.1"
    }
  }
}

provider "helpcrunch" {}

variable "environment" {
  description = "The test environment that the accounts are for, such as staging."
  type        = string
}

locals {
  columns = ["Number", "Name", "Company", "Seats", "Newsletter", "Renewal"]
  fewest  = 3 # Fewer rows are a file that was cut off, and not accounts to delete: set it to your number.

  # Some spreadsheets write an invisible mark in front, and semicolons for commas.
  # The two change places in the text, and back in each cell.
  file       = trimspace(trimprefix(file("${path.module}/accounts.csv"), "\ufeff"))
  text       = replace(local.file, "/(?m)^[ \t\r]+$/", "")
  semicolons = strcontains(split("\n", local.text)[0], ";")
  commas     = local.semicolons ? replace(replace(replace(local.text, ",", "\u0001"), ";", ","), "\u0001", ";") : local.text
  readable   = can(csvdecode(local.commas))
  table      = try(csvdecode(local.commas), [])
  counts     = [for line in split("\n", local.commas) : length(split(",", replace(line, "/\"[^\"]*\"/", "")))]
  uneven     = [for i, line in split("\n", local.commas) : i + 1 if line != "" && local.counts[i] != local.counts[0]]
  unclosed   = [for i, line in split("\n", local.text) : i + 1 if length(replace(line, "/[^\"]/", "")) % 2 == 1]
  found      = [for column in try(keys(local.table[0]), []) : trimspace(column)]
  missing    = [for column in local.columns : column if length(local.table) > 0 && !contains(local.found, column)]
  spelled    = { for column in local.found : lower(column) => column... } # no other cell of the first line is shown: it may be a person's
  cells = [
    for row in local.table : merge({ for column in local.missing : column => "" }, {
      for column, cell in row :
      trimspace(column) => trimspace(local.semicolons ? replace(replace(replace(cell, ",", "\u0001"), ";", ","), "\u0001", ";") : cell)
    })
  ]

  # Empty rows are left out. The number is that of the spreadsheet, unless there are
  # lines without even a separator: csvdecode does not count those, and the message says so.
  whole = !local.readable || length(split("\n", local.text)) == 1 + length(local.table)
  rows  = [for i, row in local.cells : merge(row, { row = i + 2 }) if join("", values(row)) != ""]
  named = { for row in local.rows : row.Number => row... }
  where = { for number, rows in local.named : number => join(" and ", rows[*].row) }

  problems = flatten([
    [for problem, found in {
      "it is no table: line ${join(", ", local.uneven)} has more or fewer cells than the first one, or that is no header"                                                                                                                       = !local.readable && length(local.uneven) > 0
      "it is no table: it is empty, two columns have the same name, or a quote is not closed or not at the edge of a cell${length(local.unclosed) == 0 ? "" : " (look at line ${join(", ", local.unclosed)})"}, or the first line is no header" = !local.readable && length(local.uneven) == 0
      "these columns are missing: ${join(", ", [for column in local.missing : try("${column} (it has ${local.spelled[lower(column)][0]})", column)])}"                                                                                          = length(local.missing) > 0
      "it has ${length(local.rows)} rows, and ${local.fewest} are the fewest"                                                                                                                                                                   = local.readable && length(local.rows) < local.fewest
    } : problem if found],
    [for row in length(local.missing) > 0 ? [] : local.rows : [
      for problem, found in {
        "Number is not three digits"                   = !can(regex("^[0-9]{3}$", row.Number))
        "Number is in rows ${local.where[row.Number]}" = length(local.named[row.Number]) > 1
        "Name is blank"                                = row.Name == ""
        "Seats is not a whole number"                  = !can(regex("^[0-9]*$", row.Seats))
        "Newsletter is neither yes nor no"             = !contains(["", "yes", "no"], lower(row.Newsletter))
        "Renewal is not a date like 2026-12-31"        = row.Renewal != "" && !can(formatdate("YYYY", "${row.Renewal}T00:00:00Z"))
      } : "row ${row.row}${local.whole ? "" : " (Number ${row.Number})"}: ${problem}" if found
    ]],
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

  # Which no person has, and no other environment, for whoever has it is taken over,
  # and deleted in the end.
  user_id         = "${var.environment}-${each.key}"
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
