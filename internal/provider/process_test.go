// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"
)

// The framework writes what Terraform prints, and nothing that Terraform drops.
func TestLogLevel(t *testing.T) {
	for name, row := range map[string]struct {
		environment map[string]string
		written     bool // the framework's trace
	}{
		"nobody listens":        {map[string]string{}, false},
		"TF_LOG":                {map[string]string{"TF_LOG": "trace"}, true},
		"TF_LOG=JSON is trace":  {map[string]string{"TF_LOG": "JSON"}, true},
		"a higher level":        {map[string]string{"TF_LOG": "DEBUG"}, false},
		"TF_LOG_PROVIDER first": {map[string]string{"TF_LOG": "TRACE", "TF_LOG_PROVIDER": "OFF"}, false},
		"one set by hand stays": {map[string]string{"TF_LOG_SDK_FRAMEWORK": "TRACE"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_PROVIDER_HELPCRUNCH", "TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO"} {
				t.Setenv(variable, row.environment[variable])
			}
			heedLogLevel()

			var log bytes.Buffer
			ctx := tfsdklogtest.RootLogger(t.Context(), &log)
			server, err := NewServer(New("test"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(log.String(), `"@level":"trace"`) != row.written {
				t.Errorf("the log is %q", log.String())
			}
		})
	}
}
