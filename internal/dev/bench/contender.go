// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import "fmt"

// records are what a provider for any REST API is given. range makes 1,024 at most.
const records = `locals {
  customers = [for i in range(var.customers) : {
    userId     = "bench-${i}"
    name       = "${var.name} ${i}"
    email      = "customer-${i}@example.com"
    tags       = [{ name = "bench", color = "#c377e0" }]
    customData = [{ property = "plan", value = "gold" }, { property = "seats", value = i }]
  }]
}
`

// contender is a provider that can keep customers of HelpCrunch.
type contender struct {
	name    string // of the provider and, behind terraform-provider-, of its binary
	source  string // as a configuration writes it
	version string
	config  string // its provider and resource block; see configuration
}

func (c contender) String() string {
	if c.version == "" {
		return "this provider"
	}
	return c.source + " " + c.version
}

// ours is the provider of this repository.
var ours = contender{
	name:   "helpcrunch",
	source: "terraform-helpcrunch/helpcrunch",
	config: `
provider "helpcrunch" {}
resource "helpcrunch_customer" "many" {
  count = var.customers

  user_id = "bench-${count.index}"
  name    = "${var.name} ${count.index}"
  email   = "customer-${count.index}@example.com"
  tags    = [{ name = "bench" }]

  # Something of each kind that a batch may leave out. The others need it for nothing.
  unsubscribed = true

  custom_data = { plan = "gold", seats = count.index }
}
`,
}

// peers are what else can be taken: providers for any REST API, set up as
// their documentation advises for one like this. With PUT HelpCrunch clears
// what a request does not mention; so both update with PATCH. An answer has
// custom data in another form than a request. restapi has to ignore field by
// field what it does not manage: its ignore_server_additions also hides what a
// colleague changes.
var peers = []contender{
	{
		name:    "restapi",
		source:  "Mastercard/restapi",
		version: "3.0.0",
		config: `
provider "restapi" {
  uri                  = var.url
  headers              = { Authorization = "Bearer ${var.key}" }
  write_returns_object = true
  update_method        = "PATCH"
  rate_limit           = var.rate == 0 ? null : var.rate / 60

  retries { max_retries = 10 }
}

resource "restapi_object" "many" {
  count = var.customers

  path = "/customers"
  ignore_changes_to = [
    "customData", "id", "company", "phone", "notes", "locale", "unsubscribed", "blocked", "firstSeen", "lastSeen",
    "lastPage", "device", "location", "createdFrom", "integrationId", "source", "referer",
  ]
  data = jsonencode(local.customers[count.index])
}
` + records,
	},
	{
		name:    "restful",
		source:  "magodo/restful",
		version: "0.25.1",
		config: `
provider "restful" {
  base_url      = var.url
  update_method = "PATCH"
  security      = { http = { token = { token = var.key } } }

  client        = { retry = { status_codes = [429, 500, 502, 503, 504], count = 10, max_wait_in_sec = 60 } }
}

resource "restful_resource" "many" {
  count = var.customers

  path      = "/customers"
  read_path = "$(path)/$(body.id)"

  read_response_template = <<-EOT
    {
      "userId": "$(body.userId)", "name": "$(body.name)", "email": "$(body.email)", "tags": $(body.tags),
      "customData": [
        {"property": "plan", "value": "$(body.customData.plan)"},
        {"property": "seats", "value": $(body.customData.seats)}
      ]
    }
  EOT
  body      = local.customers[count.index]
}
` + records,
	},
}

// configuration is that of all customers, with its state in a backend.
func (c contender) configuration(state string) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    %[1]s = { source = %[2]q }
  }

  backend "http" {
    address        = %[3]q
    lock_address   = %[3]q
    unlock_address = %[3]q
  }
}

variable "name" {}
variable "url" {}
variable "key" {}
variable "customers" { type = number }
variable "rate" { type = number }
`, c.name, c.source, state) + c.config
}
