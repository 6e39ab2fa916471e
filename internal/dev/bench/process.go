// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a run of Terraform used of the machine, as Linux counts it.
type usage struct {
	ProviderCPU  int   `json:"providerCPU"`  // hundredths of a second, of Terraform's children
	TerraformCPU int   `json:"terraformCPU"` // hundredths of a second, of Terraform itself
	Peak         int64 `json:"peak"`         // bytes of memory, of the largest provider process
}

func (u *usage) add(other usage) {
	u.ProviderCPU += other.ProviderCPU
	u.TerraformCPU += other.TerraformCPU
	u.Peak = max(u.Peak, other.Peak)
}

// lookEvery is how often the providers' high-water mark of memory is read:
// what one reaches in its very last moment is missed.
const lookEvery = 50 * time.Millisecond

// measure runs a command to its end, and returns what it wrote. It reads what
// Linux knows of a process that has ended before it lets it go: only there are
// the times of the process and of its children told apart.
func measure(command *exec.Cmd) (output []byte, used usage, err error) {
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		return nil, used, fmt.Errorf("starting Terraform: %w", err)
	}
	proc := fmt.Sprint("/proc/", command.Process.Pid)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for ; ; <-look.C {
		stat, err := os.ReadFile(filepath.Join(proc, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ") // behind the program's name
		fields := strings.Fields(rest)                // from the third on, see proc_pid_stat(5)
		if err != nil || len(fields) < 15 {
			return nil, used, errors.Join(fmt.Errorf("the benchmark needs the /proc of Linux: %w", err), command.Process.Kill(), command.Wait())
		}
		if fields[0] == "Z" { // it has ended
			used.TerraformCPU, used.ProviderCPU = sum(fields[11:13]), sum(fields[13:15])
			err := command.Wait() // which also waits for what it wrote
			return out.Bytes(), used, err
		}
		used.Peak = max(used.Peak, peakOfChildren(proc))
	}
}

// sum adds times, user and system. Their unit is a hundredth of a second.
func sum(times []string) int {
	total := 0
	for _, t := range times {
		ticks, _ := strconv.Atoi(t)
		total += ticks
	}
	return total
}

// peakOfChildren is the high-water mark of the largest child that runs now.
// (getrusage does not have it: a process inherits the mark of the one that
// started it.)
func peakOfChildren(proc string) int64 {
	var peak int64
	parent, _ := os.Readlink(filepath.Join(proc, "exe"))
	lists, _ := filepath.Glob(filepath.Join(proc, "task", "*", "children"))
	for _, list := range lists {
		children, _ := os.ReadFile(list) // of a thread that may have ended
		for child := range strings.FieldsSeq(string(children)) {
			// Until it runs a program of its own, a child lives in its parent's memory.
			if program, _ := os.Readlink("/proc/" + child + "/exe"); program == parent {
				continue
			}
			status, _ := os.ReadFile("/proc/" + child + "/status")
			_, mark, _ := strings.Cut(string(status), "VmHWM:")
			kilobytes, _, _ := strings.Cut(strings.TrimSpace(mark), " ")
			size, _ := strconv.ParseInt(kilobytes, 10, 64)
			peak = max(peak, size<<10)
		}
	}
	return peak
}
