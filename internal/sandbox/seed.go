// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadCustomers reads customers to start with: a JSON array of customer objects
// as the API answers them. Ids and fields may be left out.
func ReadCustomers(from io.Reader) ([]Record, error) {
	content, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	var customers []Record
	if err := decodeJSON(content, &customers); err != nil {
		return nil, fmt.Errorf("a JSON array of customers is needed: %w", err)
	}
	return customers, nil
}

// ReadAttributes reads custom attributes from a JSON object from name to type,
// such as {"plan": "text", "renewal": "date"}.
func ReadAttributes(from io.Reader) (map[string]AttributeType, error) {
	content, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	var attributes map[string]AttributeType
	if err := decodeJSON(content, &attributes); err != nil {
		return nil, fmt.Errorf("a JSON object from name to type is needed: %w", err)
	}
	return attributes, checkAttributes(attributes)
}

// ParseAttributes reads custom attributes from a list such as
// plan=text,renewal=date.
func ParseAttributes(list string) (map[string]AttributeType, error) {
	attributes := map[string]AttributeType{}
	for item := range strings.SplitSeq(list, ",") {
		name, kind, _ := strings.Cut(item, "=")
		attributes[strings.TrimSpace(name)] = AttributeType(strings.TrimSpace(kind))
	}
	return attributes, checkAttributes(attributes)
}

func checkAttributes(attributes map[string]AttributeType) error {
	var faulty []error
	for _, name := range sortedKeys(attributes) {
		if kind := attributes[name]; name == "" || !slices.Contains(attributeTypes, kind) {
			faulty = append(faulty, fmt.Errorf("custom attribute %q cannot have type %q: a name and one of %v are needed", name, kind, attributeTypes))
		}
	}
	return errors.Join(faulty...)
}
