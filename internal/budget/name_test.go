// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	const host, key = "api.helpcrunch.com", "c2VjcmV0IG9mIGFuIGFjY291bnQ="
	name := FileName(host, key)
	if !regexp.MustCompile(`^[0-9a-f]{32}\.json$`).MatchString(name) {
		t.Errorf("name %q", name)
	}
	if got := FileName("API.HelpCrunch.com", key); got != name {
		t.Errorf("another name for the host in capitals: %q and %q", got, name)
	}
	for _, other := range [][2]string{
		{"localhost", key},
		{host, "another"},
		{host, strings.ToLower(key)},
		{host + "c2Vj", "cmV0IG9mIGFuIGFjY291bnQ="},
		{key, host},
	} {
		if FileName(other[0], other[1]) == name {
			t.Errorf("the same name for %q", other)
		}
	}
}

func TestDefaultFile(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, t.TempDir())
	}
	got, err := DefaultFile("api.helpcrunch.com", "key")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(got) != FileName("api.helpcrunch.com", "key") || filepath.Base(filepath.Dir(got)) != "terraform-provider-helpcrunch" || !filepath.IsAbs(got) {
		t.Errorf("got %q", got)
	}

	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	if got, err := DefaultFile("api.helpcrunch.com", "key"); err == nil {
		t.Errorf("got %q without a home", got)
	}
}
