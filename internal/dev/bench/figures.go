// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// What a run writes. The page and the chart are made of the figures alone, so
// that a run which measures a part leaves the rest as it was published.
const (
	figuresPath = "internal/dev/bench/figures.json"
	// templatePath is a page of the documentation, which make docs copies as it is.
	templatePath = "templates/guides/benchmark.md"
	// pagePath is that copy.
	pagePath = "docs/guides/benchmark.md"
	// chartPath is outside of docs/, where a registry takes nothing but pages.
	chartPath = "bench/benchmark.svg"
)

// figures are all that was measured.
type figures []measured

// measured is what a job found.
type measured struct {
	Provider  string `json:"provider"`
	Version   string `json:"version,omitempty"` // of a peer
	Customers int    `json:"customers"`
	Limit     int    `json:"limit,omitempty"` // requests a minute; 0 = none
	Date      string `json:"date"`
	Machine   string `json:"machine"`
	Rows      []row  `json:"rows"`
}

// row is what a step cost.
type row struct {
	Act          act     `json:"act"`
	Parallelism  int     `json:"parallelism"`
	Requests     int     `json:"requests"` // those refused included
	Refused      int     `json:"refused,omitempty"`
	Errors       int     `json:"errors,omitempty"` // that Terraform told
	Note         string  `json:"note,omitempty"`   // what was not as it should be
	ProviderCPU  float64 `json:"providerCPU"`      // seconds
	TerraformCPU float64 `json:"terraformCPU"`     // seconds
	Peak         int64   `json:"peak"`             // bytes of memory of the provider
	Minutes      float64 `json:"minutes,omitempty"`
}

func (r row) String() string {
	text := fmt.Sprintf("%s (parallelism %d): %d requests, %.1f s of CPU, Terraform %.1f s, %.0f MB",
		r.Act, r.Parallelism, r.Requests, r.ProviderCPU, r.TerraformCPU, megabytes(r.Peak))
	if r.Minutes > 0 {
		text += fmt.Sprintf(", %.1f minutes", r.Minutes)
	}
	if r.Refused > 0 || r.Errors > 0 {
		text += fmt.Sprintf(", %d refused, %d errors", r.Refused, r.Errors)
	}
	if r.Note != "" {
		text += ", " + r.Note
	}
	return text
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// put replaces what the same job found before.
func (f figures) put(m measured) figures {
	f = slices.DeleteFunc(f, func(old measured) bool { return m.compare(old) == 0 })
	f = append(f, m)
	slices.SortFunc(f, measured.compare)
	return f
}

// compare puts ours first, which comes first in the alphabet as well.
func (m measured) compare(other measured) int {
	return cmp.Or(strings.Compare(m.Provider, other.Provider), cmp.Compare(m.Limit, other.Limit), cmp.Compare(m.Customers, other.Customers))
}

// find returns what was measured of a provider; nothing where it was not.
func (f figures) find(provider string, customers, limit int) measured {
	for _, m := range f {
		if m.Provider == provider && m.Customers == customers && m.Limit == limit {
			return m
		}
	}
	return measured{}
}

// row returns what a step cost; nil where it was not measured.
func (m measured) row(s step) *row {
	for i, r := range m.Rows {
		if r.Act == s.act && r.Parallelism == s.parallelism {
			return &m.Rows[i]
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
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
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
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making a folder for %s: %w", path, err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

// minutesAtLimit are those that a run takes at least: what the limit lets
// through may come at once, and each further part of it waits a minute.
func minutesAtLimit(requests int) int { return max(0, requests-1) / sandbox.DefaultRate }
