// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a run of Terraform used of the machine, as Linux counts it.
type usage struct {
	provider  time.Duration // CPU of the provider processes, which are Terraform's children
	terraform time.Duration // CPU of Terraform itself
	peak      int64         // bytes of memory, of the largest provider process
}

func (u *usage) add(other usage) {
	u.provider += other.provider
	u.terraform += other.terraform
	u.peak = max(u.peak, other.peak)
}

// lookEvery is how often the providers' high-water mark of memory is read:
// what one reaches in its very last moment is missed.
const lookEvery = 50 * time.Millisecond

// clockTick is the unit of the times in /proc on all that Go runs on.
const clockTick = 10 * time.Millisecond

// measure runs a command to its end, and returns what it wrote. It reads what
// Linux knows of a process that has ended before it lets it go: only there are
// the times of the process and of its children told apart.
func measure(command *exec.Cmd) (output []byte, used usage, err error) {
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		return nil, used, fmt.Errorf("starting Terraform: %w", err)
	}
	for look := time.NewTicker(lookEvery); ; <-look.C {
		s, err := readStat(command.Process.Pid)
		if err != nil {
			return nil, used, errors.Join(fmt.Errorf("the benchmark needs the /proc of Linux: %w", err), command.Process.Kill(), command.Wait())
		}
		if s.ended {
			used.terraform, used.provider = s.own, s.children
			look.Stop()
			return out.Bytes(), used, command.Wait()
		}
		used.peak = max(used.peak, peakOfChildren(command.Process.Pid))
	}
}

// stat is what /proc/PID/stat says (proc_pid_stat(5)).
type stat struct {
	ended         bool
	own, children time.Duration // CPU; of children that have ended
}

func readStat(pid int) (stat, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	_, rest, _ := strings.Cut(string(content), ") ") // behind the program's name
	fields := strings.Fields(rest)                   // from field 3 on
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("not understood: %q", content)
	}
	ticks := func(a, b string) time.Duration {
		user, _ := strconv.Atoi(a)
		system, _ := strconv.Atoi(b)
		return time.Duration(user+system) * clockTick
	}
	return stat{fields[0] == "Z", ticks(fields[11], fields[12]), ticks(fields[13], fields[14])}, nil
}

// peakOfChildren is the high-water mark of the largest child that runs now.
// (getrusage does not have it: a process inherits the mark of the one that
// started it.)
func peakOfChildren(pid int) int64 {
	var peak int64
	self, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		children, _ := os.ReadFile(list) // of a thread that may have ended
		for child := range strings.FieldsSeq(string(children)) {
			// Until it runs a program of its own, a child lives in its parent's memory.
			if program, _ := os.Readlink("/proc/" + child + "/exe"); program != self {
				peak = max(peak, readPeak(child))
			}
		}
	}
	return peak
}

func readPeak(pid string) int64 {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	peak, _ := strconv.ParseInt(kilobytes, 10, 64)
	return peak << 10
}
