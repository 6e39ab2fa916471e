// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"os"
	"runtime"
)

// ballast is memory that is never touched, so that it takes no room but counts:
// Go collects garbage when as much lies about as is in use. The provider uses
// little, whatever the number of customers, and would collect all the time.
var ballast = make([]byte, 12<<20)

// TuneProcess sets up a process that does nothing but serve the provider. Its
// time is the user's: Terraform waits for it a thousand times in an apply.
func TuneProcess() {
	runtime.KeepAlive(ballast)
	heedLogLevel()
}

// heedLogLevel sees to it that nothing is logged but what Terraform prints.
//
// The framework logs everything, some fifty lines for a customer, whatever
// TF_LOG says, and Terraform reads each line before it drops it. So the level
// that Terraform goes by (NewProviderLogger in its internal/logging) is handed
// on to the variables that the framework goes by, unless they are set.
func heedLogLevel() {
	level := cmp.Or(os.Getenv("TF_LOG_PROVIDER"), os.Getenv("TF_LOG"), "OFF")
	for _, name := range []string{"TF_LOG_PROVIDER_HELPCRUNCH", "TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO"} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, level)
		}
	}
}
