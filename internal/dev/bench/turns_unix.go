// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// turn is how long one runs while the others stand still: short against the
// minutes for which a machine that is shared is fast or slow.
const turn = time.Second

// takeTurns runs commands, each with all that it starts, one at a time and all
// at once: while one runs, the others are stopped. It returns how long each
// has run. Of two that are played one after the other, each in a minute of its
// own, the same machine finds the same program a fifth slower or faster; of
// two that take turns it does not.
func takeTurns(commands ...*exec.Cmd) ([]time.Duration, error) {
	players := make([]*player, len(commands))
	for i, command := range commands {
		players[i] = &player{command: command}
	}
	var failures error
	for slices.ContainsFunc(players, (*player).playing) {
		for _, p := range players {
			if p.playing() {
				failures = errors.Join(failures, p.play())
			}
		}
	}
	took := make([]time.Duration, len(players))
	for i, p := range players {
		took[i] = p.took
	}
	return took, failures
}

// player is a command that takes its turns.
type player struct {
	command *exec.Cmd
	output  bytes.Buffer
	ended   chan error // nil before the first turn
	over    bool
	took    time.Duration
}

func (p *player) playing() bool { return !p.over }

// play is one turn. It returns why the command has failed, if it has.
func (p *player) play() error {
	began := time.Now()
	defer func() { p.took += time.Since(began) }()
	if p.ended != nil {
		p.signal(syscall.SIGCONT)
	} else if err := p.start(); err != nil {
		p.over = true
		return err
	}
	select {
	case err := <-p.ended:
		p.over = true
		if err != nil {
			return fmt.Errorf("%w\n%s", err, p.output.Bytes())
		}
	case <-time.After(turn):
		p.signal(syscall.SIGSTOP)
	}
	return nil
}

// start starts the command in a process group of its own, with the children
// that it will have.
func (p *player) start() error {
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.command.Cancel = func() error {
		p.signal(syscall.SIGKILL)
		return nil
	}
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("starting a command that takes turns: %w", err)
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.command.Wait() }()
	return nil
}

// signal reaches nobody if the command has ended meanwhile, and that is as good.
func (p *player) signal(s syscall.Signal) { _ = syscall.Kill(-p.command.Process.Pid, s) }
