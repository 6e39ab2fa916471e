// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import "fmt"

// contender is a provider that can keep customers of HelpCrunch.
type contender struct {
	name    string // of the provider and, behind terraform-provider-, of its binary
	source  string // as a configuration writes it
	version string
	config  string // the provider's block, and %d customers; see configuration

	repository string // of a peer, on GitHub
}

func (c contender) String() string { return c.source + " " + c.version }

// ours is the provider of this repository.
var ours = contender{
	name:    "helpcrunch",
	source:  "terraform-helpcrunch/helpcrunch",
	version: "0.0.1", // as terraformcli.BuildMirror calls it
	config: `
provider "helpcrunch" {}

resource "helpcrunch_customer" "many" {
  count = %d

  user_id = "bench-${count.index}"
  name    = "${var.name} ${count.index}"
  email   = "customer-${count.index}@example.com"
  tags    = [{ name = "bench" }]

  custom_data = {
    plan  = "gold"
    seats = count.index
  }
}
`,
}

// peers are what else can be taken: providers for any REST API, set up as
// their documentation advises for one like this. With PUT HelpCrunch clears
// what a request does not mention; so both update with PATCH. An answer has custom data in another form than a
// request. restapi can only ignore what it does not manage field by field: its
// ignore_server_additions also hides what a colleague changes.
var peers = []contender{
	{
		name:       "restapi",
		source:     "Mastercard/restapi",
		version:    "3.0.0",
		repository: "Mastercard/terraform-provider-restapi",
		config: `
provider "restapi" {
  uri                  = var.url
  headers              = { Authorization = "Bearer ${var.key}" }
  write_returns_object = true
  update_method        = "PATCH"
  rate_limit           = var.rate == 0 ? null : var.rate / 60

  retries {
    max_retries = 10
  }
}

resource "restapi_object" "many" {
  count = %d

  path = "/customers"
  ignore_changes_to = [
    "customData", "id", "company", "phone", "notes", "locale", "unsubscribed", "blocked", "firstSeen", "lastSeen",
    "lastPage", "device", "location", "createdFrom", "integrationId", "source", "referer",
  ]

  data = jsonencode({
    userId = "bench-${count.index}"
    name   = "${var.name} ${count.index}"
    email  = "customer-${count.index}@example.com"
    tags   = [{ name = "bench", color = "#c377e0" }]

    customData = [
      { property = "plan", value = "gold" },
      { property = "seats", value = count.index },
    ]
  })
}
`,
	},
	{
		name:       "restful",
		source:     "magodo/restful",
		version:    "0.25.1",
		repository: "magodo/terraform-provider-restful",
		config: `
provider "restful" {
  base_url      = var.url
  update_method = "PATCH"
  security      = { http = { token = { token = var.key } } }

  client = {
    retry = {
      status_codes    = [429, 500, 502, 503, 504]
      count           = 10
      max_wait_in_sec = 60
    }
  }
}

resource "restful_resource" "many" {
  count = %d

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

  body = {
    userId = "bench-${count.index}"
    name   = "${var.name} ${count.index}"
    email  = "customer-${count.index}@example.com"
    tags   = [{ name = "bench", color = "#c377e0" }]

    customData = [
      { property = "plan", value = "gold" },
      { property = "seats", value = count.index },
    ]
  }
}
`,
	},
}

// configuration is that of all customers, with its state in a backend.
func (c contender) configuration(customers int, state string) string {
	return fmt.Sprintf(`terraform {
  required_providers {
    %[1]s = {
      source = %[2]q
    }
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
variable "rate" {
  type = number
}
`, c.name, c.source, state) + fmt.Sprintf(c.config, customers)
}
