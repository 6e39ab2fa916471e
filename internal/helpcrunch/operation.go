// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"net/http"
	"strconv"
	"strings"
)

// operation describes one endpoint as data; transport.go does the rest.
type operation struct {
	name   string // for errors: "HelpCrunch did not <name>"
	method string
	path   string // below the base URL; {id} is the customer's id
	effect effect
}

// effect is what an operation does to HelpCrunch. It decides what may be
// repeated after a lost answer, and what a cancelled caller may cut short.
type effect int

const (
	reads      effect = iota // nothing: repeat freely, stop at once
	idempotent               // the same again: repeat freely, never cut short
	appends                  // one more each time: never repeat, never cut short
)

var (
	getCustomer     = operation{"read a customer", http.MethodGet, "/customers/{id}", reads}
	searchCustomers = operation{"search customers", http.MethodPost, "/customers/search", reads}
	createCustomer  = operation{"create a customer", http.MethodPost, "/customers", appends}
	patchCustomer   = operation{"update a customer", http.MethodPatch, "/customers/{id}", idempotent}
	updateCustomers = operation{"update customers", http.MethodPut, "/customers/batch", idempotent}
	tagCustomer     = operation{"tag a customer", http.MethodPut, "/customers/{id}/tags", idempotent}
	untagCustomer   = operation{"untag a customer", http.MethodDelete, "/customers/{id}/tags", idempotent}
	deleteCustomer  = operation{"delete a customer", http.MethodDelete, "/customers/{id}", idempotent}
	createEvent     = operation{"send an event", http.MethodPost, "/events", appends}
	getOrganization = operation{"read the organization", http.MethodGet, "/organization", reads}
)

// route is the path of the operation for one customer.
func (o operation) route(id int64) string {
	return strings.Replace(o.path, "{id}", strconv.FormatInt(id, 10), 1)
}
