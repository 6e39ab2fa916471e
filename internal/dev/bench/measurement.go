// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// measurement is what something took.
type measurement struct {
	requests     int
	refused      int // with 429
	took         time.Duration
	providerCPU  time.Duration
	terraformCPU time.Duration // 0 where it is not known, or where no Terraform ran
	peak         int64         // bytes, of the largest provider process; 0 where it is not known
}

// report is what the launcher writes of each process.
type report struct {
	CPU  time.Duration `json:"cpu"`
	Peak int64         `json:"peak"`
}

// measure measures what do spends, with an account or, where there is none to
// spend, without.
func (s *stage) measure(a *account, do func() error) (measurement, error) {
	if a != nil {
		a.server.ResetCounts()
	}
	if err := os.Remove(s.reports()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return measurement{}, err
	}
	before := childrenCPU()
	started := time.Now()
	if err := do(); err != nil {
		return measurement{}, err
	}
	m := measurement{took: time.Since(started)}
	total := childrenCPU() - before
	reports, err := s.readReports()
	if err != nil {
		return measurement{}, err
	}
	for _, r := range reports {
		m.providerCPU += r.CPU
		m.peak = max(m.peak, r.Peak)
	}
	m.terraformCPU = max(total-m.providerCPU, 0)
	if a != nil {
		counts := a.server.Counts()
		m.requests, m.refused = counts.Total(), counts.TooManyRequests
	}
	return m, nil
}

func (s *stage) readReports() ([]report, error) {
	content, err := os.ReadFile(s.reports())
	if err != nil {
		return nil, fmt.Errorf("no process has reported: %w", err)
	}
	var reports []report
	for line := range bytes.Lines(content) {
		var r report
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("reading a report: %w", err)
		}
		reports = append(reports, r)
	}
	return reports, nil
}
