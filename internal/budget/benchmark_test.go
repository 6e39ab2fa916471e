// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"path/filepath"
	"testing"
	"time"
)

func BenchmarkAcquireMemory(b *testing.B) {
	benchmarkAcquire(b, "")
}

func BenchmarkAcquireFile(b *testing.B) {
	benchmarkAcquire(b, filepath.Join(b.TempDir(), "cache", "budget.json"))
}

// benchmarkAcquire takes and gives back the last slot of a window that is
// otherwise full, its requests spread over it.
func benchmarkAcquire(b *testing.B, path string) {
	b.ReportAllocs()
	budget := New(Config{Limit: 120, File: path})
	for i := range 119 {
		age := time.Duration(i) * time.Second / 2
		budget.memory.add(tenths(time.Hour - age))
		if path == "" {
			continue
		}
		if err := budget.file.update(b.Context(), func(l *ledger, now time.Duration) bool {
			l.add(tenths(now + 2*time.Minute - age))
			return true
		}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		slot, err := budget.Acquire(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		slot.Cancel()
	}
}
