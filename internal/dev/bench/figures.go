// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// What a run writes. The page and the chart are made of the figures alone, so
// that a run which measures a part leaves the rest as it was published.
const (
	figuresPath  = "internal/dev/bench/figures.json"
	templatePath = "templates/guides/benchmark.md"
	pagePath     = "docs/guides/benchmark.md" // as make docs copies it
	chartPath    = "bench/benchmark.svg"      // outside of docs/, where a registry takes nothing but pages
)

// figures are all that was measured.
type figures []measured

// measured is what a job found.
type measured struct {
	Provider  string `json:"provider"`
	Customers int    `json:"customers"`
	Limit     int    `json:"limit,omitempty"` // requests a minute; 0 = none
	Date      string `json:"date"`
	Machine   string `json:"machine"`
	Rows      []row  `json:"rows"`
}

// row is what a step cost.
type row struct {
	step
	usage

	Requests int     `json:"requests"` // those refused included
	Refused  int     `json:"refused,omitempty"`
	Errors   int     `json:"errors,omitempty"`  // that Terraform told
	Wrong    string  `json:"wrong,omitempty"`   // what else was not as it should be
	Minutes  float64 `json:"minutes,omitempty"` // at a limit
}

// put replaces what the same job found before.
func (f figures) put(m measured) figures {
	f = slices.DeleteFunc(f, func(old measured) bool { return m.compare(old) == 0 })
	f = append(f, m)
	slices.SortFunc(f, measured.compare)
	return f
}

func (m measured) compare(other measured) int {
	return cmp.Or(strings.Compare(m.Provider, other.Provider), cmp.Compare(m.Limit, other.Limit), cmp.Compare(m.Customers, other.Customers))
}

// find returns what a step cost; nil where it was not measured.
func (f figures) find(c contender, customers, limit int, s step) *row {
	for _, m := range f {
		for _, r := range m.Rows {
			if m.Provider == c.String() && m.Customers == customers && m.Limit == limit && r.step == s {
				return &r
			}
		}
	}
	return nil
}

// publish adds what was measured to the figures, and draws page and chart anew.
func publish(m measured) error {
	var f figures
	content, err := os.ReadFile(figuresPath)
	if err == nil {
		err = json.Unmarshal(content, &f)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", figuresPath, err)
	}
	f = f.put(m)
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(f); err != nil {
		return fmt.Errorf("writing %s: %w", figuresPath, err)
	}
	text := page(f)
	for path, content := range map[string]string{figuresPath: encoded.String(), templatePath: text, pagePath: text, chartPath: chart(f)} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}
