// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"
)

// TestUserAgentThatCannotBeSent: a line break in TF_APPEND_USER_AGENT is said
// at once, before anything may or may not have been sent.
func TestUserAgentThatCannotBeSent(t *testing.T) {
	server := newSandbox(t)
	for agent, want := range map[string]string{
		"ci/1.0\nX-Forged: yes": "A user agent that cannot be sent",
		"ci/1.0\x1b[2J":            "A user agent that cannot be sent",
		"ci/1.0 (łódź)\n":       "",
	} {
		t.Setenv(envAppendUserAgent, agent)
		c, diags := configureClient(t, server)
		if said := saidOverProtocol(diags); want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%q says %q", agent, said)
		}
		if want != "" {
			continue
		}
		if listed := c.list(1, false); len(listed) != 0 || len(server.Requests()) != 1 {
			t.Errorf("%q: %d requests, %v", agent, len(server.Requests()), listed)
		}
	}
}
