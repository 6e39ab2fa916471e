// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Launcher runs a program in its own place, and reports what the program has
// used when it ends. The benchmark hands it to Terraform as the provider.
//
// It is a program of its own, and a small one: the system lets a process that
// is started inherit the peak memory of the one that starts it, so that what
// Terraform starts seems to be as large as Terraform.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// The environment says what to run and where to report; the arguments are
// those of the program. package main of the benchmark has the same names.
const (
	envProgram = "BENCH_PROGRAM"
	envReport  = "BENCH_REPORT"
)

// report is a line of the report. The benchmark reads it.
type report struct {
	CPU  time.Duration `json:"cpu"`  // user and system
	Peak int64         `json:"peak"` // bytes of memory; 0 where the system does not say
}

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "launcher:", err)
	}
	os.Exit(code)
}

func run() (int, error) {
	program := exec.Command(os.Getenv(envProgram), os.Args[1:]...) //nolint:noctx // it ends with its parent or by a signal
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := program.Start(); err != nil {
		return 1, err
	}
	go passSignals(program.Process)
	go endWithParent(program.Process)
	err := program.Wait()
	state := program.ProcessState
	if state == nil {
		return 1, err
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil // the program has said why
	}
	return state.ExitCode(), errors.Join(err, write(report{CPU: state.UserTime() + state.SystemTime(), Peak: peak(state)}))
}

// passSignals leaves it to the program what to do about them.
func passSignals(program *os.Process) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	for s := range signals {
		_ = program.Signal(s)
	}
}

// endWithParent ends the program when nobody is left who could: when the
// parent was killed, as Terraform is when the benchmark is.
func endWithParent(program *os.Process) {
	parent := os.Getppid()
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			_ = program.Kill()
			return
		}
	}
}

func write(r report) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(os.Getenv(envReport), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
