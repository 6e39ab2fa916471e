// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Command helpcrunch-sandbox runs a local stand-in for the customer part of the
// HelpCrunch REST API, to try the provider without an account.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// stopTimeout is how long requests under way may take to finish on a signal.
const stopTimeout = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "helpcrunch-sandbox:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	logger := log.New(stderr, "", log.Ltime|log.Lmicroseconds)
	options, err := parse(args, stdout)
	if err != nil {
		return err
	}
	options.config.Observe = func(r sandbox.Request) { logger.Print(line(r)) }
	server, err := sandbox.New(options.config)
	if err != nil {
		return err
	}
	for _, fault := range options.faults {
		server.Arm(fault)
	}
	listener, err := net.Listen("tcp", options.address)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, `HelpCrunch sandbox at http://%[1]s/v1

To point the provider at it:

    export HELPCRUNCH_BASE_URL=http://%[1]s/v1
    export HELPCRUNCH_API_KEY=%[2]s

`, listener.Addr(), server.Key())

	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := web.Shutdown(last); err != nil {
		return web.Close()
	}
	return nil
}

// line describes a request without its query or body, which hold people's data.
// The path is anybody's, and is shown on a terminal.
func line(r sandbox.Request) string {
	status := "dropped"
	if r.Status != 0 {
		status = fmt.Sprint(r.Status)
	}
	customers := "1 customer"
	if r.Customers != 1 {
		customers = fmt.Sprintf("%d customers", r.Customers)
	}
	path := (&url.URL{Path: r.Path}).EscapedPath()
	return fmt.Sprintf("%s %s %s, %s, %d in the window", r.Method, path, status, customers, r.InWindow)
}

// options is what the flags say.
type options struct {
	address string
	config  sandbox.Config
	faults  []sandbox.Fault
}

func parse(args []string, help io.Writer) (options, error) {
	o := options{config: sandbox.Config{Attributes: map[string]sandbox.AttributeType{}}}
	flags := flag.NewFlagSet("helpcrunch-sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error
	flags.StringVar(&o.address, "address", "127.0.0.1:8080", "listen on this `host:port`")
	flags.StringVar(&o.config.Key, "key", sandbox.DefaultKey, "accept this API `key`")
	flags.Func("organization", "be the account `id=domain`, such as 17=acme (default "+fmt.Sprintf("%d=%s", sandbox.DefaultOrganization.ID, sandbox.DefaultOrganization.Domain)+", which no account has)", func(text string) (err error) {
		o.config.Organization, err = sandbox.ParseOrganization(text)
		return err
	})
	flags.IntVar(&o.config.Rate, "rate", sandbox.DefaultRate, "serve this many `requests` a window; 0 means no limit")
	flags.DurationVar(&o.config.Window, "window", sandbox.DefaultWindow, "`length` of the rate limit's window")
	flags.Func("customers", "start with the customers of a JSON `file`: an array of objects as the API answers them", func(name string) error {
		customers, err := readFile(name, sandbox.ReadCustomers)
		o.config.Customers = append(o.config.Customers, customers...)
		return err
	})
	flags.Func("attributes", "define custom attributes: `list` such as plan=text,renewal=date (types text, number, date, url, boolean), or a .json file such as {\"plan\": \"text\"}; may be repeated", func(value string) error {
		attributes, err := readAttributes(value)
		maps.Copy(o.config.Attributes, attributes)
		return err
	})
	flags.Func("switch", "turn on a `name[=value]` of the list below; may be repeated", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		return o.config.Switches.Set(name, value)
	})
	flags.Func("fault", "arm a fault `operation:kind[:times]` of the lists below; may be repeated", func(text string) error {
		fault, err := sandbox.ParseFault(text)
		o.faults = append(o.faults, fault)
		return err
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(help)
		usage(flags)
		return o, err
	case err != nil:
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	return o, nil
}

// readAttributes reads a list of custom attributes, or the file that has one.
func readAttributes(value string) (map[string]sandbox.AttributeType, error) {
	if strings.HasSuffix(value, ".json") {
		return readFile(value, sandbox.ReadAttributes)
	}
	return sandbox.ParseAttributes(value)
}

func readFile[T any](name string, read func(io.Reader) (T, error)) (T, error) {
	file, err := os.Open(name)
	if err != nil {
		var none T
		return none, err
	}
	defer file.Close()
	return read(file)
}

func usage(flags *flag.FlagSet) {
	out := flags.Output()
	fmt.Fprint(out, `helpcrunch-sandbox is a local stand-in for the customer part of the HelpCrunch
API. It keeps everything in memory and forgets it when it stops. What a colleague
would do by hand in HelpCrunch is done under /_sandbox/, for example:

    curl http://127.0.0.1:8080/_sandbox/customers
    curl http://127.0.0.1:8080/_sandbox/counts      (-X DELETE counts anew)
    curl http://127.0.0.1:8080/_sandbox/events
    curl -d '{"userId": "crm-18", "tags": ["vip"]}' http://127.0.0.1:8080/_sandbox/customers
    curl -X DELETE http://127.0.0.1:8080/_sandbox/customers/542335
    curl -X PATCH -d '{"phone": "+48 600 100 200"}' http://127.0.0.1:8080/_sandbox/customers/542335
    curl -X PATCH -d '{"batch-short": true}' http://127.0.0.1:8080/_sandbox/switches
    curl -d '{"operation": "batch", "kind": "drop-after"}' http://127.0.0.1:8080/_sandbox/faults

Flags:

`)
	flags.PrintDefaults()
	fmt.Fprint(out, "\nSwitches, for what HelpCrunch's documentation leaves open:\n\n")
	for _, s := range sandbox.SwitchList() {
		name := s.Name
		if s.On != "true" {
			name += "=" + s.On
		}
		fmt.Fprintf(out, "  %s\n    \t%s\n", name, s.Description)
	}
	fmt.Fprintf(out, "\nOperations for faults: any")
	for _, operation := range sandbox.Operations() {
		fmt.Fprintf(out, ", %s", operation)
	}
	fmt.Fprint(out, "\n\nFaults:\n\n")
	for _, f := range sandbox.FaultList() {
		if f.Kind != sandbox.Hold {
			fmt.Fprintf(out, "  %s\n    \t%s\n", f.Kind, f.Description)
		}
	}
}
