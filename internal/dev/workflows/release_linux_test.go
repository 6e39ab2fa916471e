// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// gh is what the publish job asks of GitHub: the draft lies in a folder.
const gh = `#!/bin/bash
case "$2" in
download) cp -r "$DRAFT" draft ;;
edit) touch "$PUBLISHED" ;;
esac
`

// script is what a step of the release runs.
func script(t *testing.T, job, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../../.github/workflows/release.yml")
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(content, &w); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.Jobs[job].Steps {
		if s.Name == name {
			return s.Run
		}
	}
	t.Fatalf("%s has no step %q", job, name)
	return ""
}

// run runs a script as GitHub does.
func run(t *testing.T, folder, script string, env ...string) error {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
	command.Dir, command.Env = folder, append(os.Environ(), env...)
	said, err := command.CombinedOutput()
	t.Logf("%s", said)
	return err
}

// Nothing is published but the files that were signed, all of them and no other.
func TestPublishesWhatWasMade(t *testing.T) {
	sums, publish := script(t, "draft", "Take the sums of all files"), script(t, "publish", "Publish what was verified")
	for name, test := range map[string]struct {
		file, content string
		published     bool
	}{
		"nothing":         {"", "", true},
		"a zip":           {"p_1.0.0_linux_amd64.zip", "evil", false},
		"a bill":          {"p_1.0.0_linux_amd64.cdx.json", "evil", false},
		"the signature":   {"p_1.0.0_SHA256SUMS.sig", "evil", false},
		"the sums":        {"p_1.0.0_SHA256SUMS", "evil", false},
		"one file more":   {"p_1.0.0_plan9_arm.zip", "evil", false},
		"a file that was": {"p_1.0.0_manifest.json", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := func(name string) string { return filepath.Join(folder, name) }
			write := func(name, content string) {
				if err := os.WriteFile(path(name), []byte(content), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(path("release"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"linux_amd64.zip", "linux_amd64.cdx.json", "manifest.json", "SHA256SUMS", "SHA256SUMS.sig"} {
				write("release/p_1.0.0_"+file, file)
			}
			write("gh", gh)
			if err := run(t, path("release"), sums, "GITHUB_OUTPUT="+path("output")); err != nil {
				t.Fatal(err)
			}
			output, err := os.ReadFile(path("output"))
			if err != nil {
				t.Fatal(err)
			}
			said, begins := strings.CutPrefix(string(output), "sums<<END\n")
			said, ends := strings.CutSuffix(said, "\nEND\n")
			if !begins || !ends {
				t.Fatalf("the output is %q", output)
			}
			switch {
			case test.content != "":
				write("release/"+test.file, test.content)
			case test.file != "":
				if err := os.Remove(path("release/" + test.file)); err != nil {
					t.Fatal(err)
				}
			}
			err = run(t, folder, publish, "PATH="+folder+":"+os.Getenv("PATH"), "DRAFT="+path("release"), "PUBLISHED="+path("published"), "SUMS="+said, "TAG=v1.0.0")
			if _, missing := os.Stat(path("published")); (missing == nil) != test.published || (err == nil) != test.published {
				t.Errorf("published %t, error %v", missing == nil, err)
			}
		})
	}
}
