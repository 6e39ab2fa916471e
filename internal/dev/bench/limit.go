// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// At the limit customers are created as fast as it allows, in windows that are
// shorter than HelpCrunch's minute so that it ends in minutes. What does not
// get shorter with them, the tenths of a second of the budget say, weighs four
// times as much as in a minute.
const (
	limitWindow  = 15 * time.Second
	limitWindows = 5
	limitCreates = limitWindows * sandbox.DefaultRate // of all processes together
	limitCallers = 10                                 // of each process
)

// limited is what creates at the limit made of it.
type limited struct {
	processes int
	share     float64 // of the permitted rate in use
	refused   int     // with 429
	failed    int     // creates
}

// measureLimit creates with one process and with four that share a budget, in
// two accounts at the same time: most of it is waiting.
func measureLimit(ctx context.Context, s *stage, r *results) error {
	progress("Creating at the limit, for %s", (limitWindows-1)*limitWindow)
	processes := []int{1, 4}
	outcomes := make([]limited, len(processes))
	failures := make([]error, len(processes))
	var both sync.WaitGroup
	for i, n := range processes {
		both.Go(func() { outcomes[i], failures[i] = createAtLimit(ctx, s, n) })
	}
	both.Wait()
	for i, l := range outcomes {
		if failures[i] != nil {
			return failures[i]
		}
		r.limited = append(r.limited, l)
		progress("At the limit with %d processes: %.1f %% of the rate, %d answers of 429, %d failures", l.processes, 100*l.share, l.refused, l.failed)
	}
	return nil
}

// creation is the order of one process.
type creation struct {
	BaseURL, Key, File string
	First, Customers   int
}

func createAtLimit(ctx context.Context, s *stage, processes int) (limited, error) {
	server, err := sandbox.Start(sandbox.Config{Rate: sandbox.DefaultRate, Window: limitWindow})
	if err != nil {
		return limited{}, fmt.Errorf("starting a local HelpCrunch: %w", err)
	}
	defer server.Close()
	folder, err := s.newFolder()
	if err != nil {
		return limited{}, err
	}
	failures := make([]error, processes)
	var running sync.WaitGroup
	for i := range processes {
		order, err := json.Marshal(creation{
			BaseURL: server.URL(), Key: server.Key(),
			File:  filepath.Join(folder, budget.FileName(server.URL(), server.Key())),
			First: i * limitCreates / processes, Customers: limitCreates / processes,
		})
		if err != nil {
			return limited{}, err
		}
		running.Go(func() { failures[i] = s.launch(ctx, roleCreator, order, nil) })
	}
	running.Wait()
	for _, err := range failures {
		if err != nil {
			return limited{}, err
		}
	}
	l := limited{processes: processes, refused: server.Counts().TooManyRequests, failed: limitCreates - len(server.Customers())}
	l.share = shareOfRate(server.Requests())
	return l, nil
}

// shareOfRate compares how long the requests took with how long they had to
// take: those of the first window can come at once, those of the next when it
// is over, and so on.
func shareOfRate(requests []sandbox.Request) float64 {
	if len(requests) <= sandbox.DefaultRate {
		return 0
	}
	least := time.Duration((len(requests)-1)/sandbox.DefaultRate) * limitWindow
	return least.Seconds() / requests[len(requests)-1].ArrivedAt.Sub(requests[0].ArrivedAt).Seconds()
}

// inProportion is one of the provider's times, scaled as the window is.
func inProportion(d time.Duration) time.Duration {
	return time.Duration(float64(d) * limitWindow.Seconds() / budget.DefaultWindow.Seconds())
}

const requestTimeout = helpcrunch.DefaultRequestTimeout
