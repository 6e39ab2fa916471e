// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package workflows

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// granted are the permissions that a job may have beyond reading the
// repository, each with its reason.
var granted = map[string]string{
	"codeql.yml analyze security-events: write":      "uploads what it found",
	"release.yml draft attestations: write":          "stores the provenance",
	"release.yml draft contents: write":              "makes the draft",
	"release.yml draft id-token: write":              "signs the provenance as this workflow",
	"release.yml publish contents: write":            "publishes the draft",
	"release.yml bring attestations: read":           "finds the provenance",
	"release.yml bring contents: write":              "a draft shows itself to nobody else",
	"scorecard.yml scorecard security-events: write": "uploads what it found",
	"scorecard.yml scorecard id-token: write":        "signs what it publishes as this workflow",
}

type workflow struct {
	On          yaml.Node      `yaml:"on"`
	Permissions yaml.Node      `yaml:"permissions"`
	Jobs        map[string]job `yaml:"jobs"`
}

// texts is a workflow again, to look through all that stands in it.
type texts struct {
	Jobs   map[string]yaml.Node `yaml:"jobs"`
	Others map[string]yaml.Node `yaml:",inline"`
}

type job struct {
	Uses        yaml.Node `yaml:"uses"`
	Environment yaml.Node `yaml:"environment"`
	Permissions yaml.Node `yaml:"permissions"`
	Secrets     yaml.Node `yaml:"secrets"`
	Timeout     int       `yaml:"timeout-minutes"`
	Steps       []step    `yaml:"steps"`
}

type step struct {
	Name string            `yaml:"name"`
	Uses yaml.Node         `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
}

var (
	pinned  = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	version = regexp.MustCompile(`^# v\d+\.\d+\.\d+$`)
	secret  = regexp.MustCompile(`(?is)\$\{\{.*\bsecrets\b`) // secrets.KEY, SECRETS['KEY'], toJSON(secrets)
)

// problems says what is wrong with a workflow, and which permissions it takes.
func problems(file string, content []byte) (wrong, taken []string) {
	complain := func(format string, args ...any) {
		wrong = append(wrong, file+": "+fmt.Sprintf(format, args...))
	}
	var w workflow
	var all texts
	if err := errors.Join(yaml.Unmarshal(content, &w), yaml.Unmarshal(content, &all)); err != nil {
		return []string{file + ": " + err.Error()}, nil
	}
	for _, key := range slices.Sorted(maps.Keys(all.Others)) {
		if node := all.Others[key]; takesSecret(&node) {
			complain("%s gives a secret to all jobs", key)
		}
	}

	for _, event := range []string{"pull_request_target", "workflow_run", "issue_comment"} {
		if mentions(&w.On, event) {
			complain("%s runs with the repository's rights on what strangers write", event)
		}
	}
	var top map[string]string
	if err := w.Permissions.Decode(&top); err != nil || !maps.Equal(top, map[string]string{"contents": "read"}) {
		complain("the permissions of all jobs have to be contents: read")
	}
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		j := w.Jobs[name]
		where := file + " " + name
		var permissions map[string]string
		if err := j.Permissions.Decode(&permissions); err != nil && !j.Permissions.IsZero() {
			complain("%s takes %s", name, j.Permissions.Value)
		}
		for scope, access := range permissions {
			permission := where + " " + scope + ": " + access
			if access == "none" || permission == where+" contents: read" {
				continue
			}
			taken = append(taken, permission)
			if granted[permission] == "" {
				complain("%s takes %s: %s, for which granted has no reason", name, scope, access)
			}
		}
		if !j.Secrets.IsZero() {
			complain("%s hands secrets on", name)
		}
		if j.Timeout == 0 && j.Uses.IsZero() {
			complain("%s may run for six hours: it has no timeout-minutes", name)
		}
		if !j.Uses.IsZero() {
			checkUse(&j.Uses, complain)
		}
		node := all.Jobs[name]
		secret := takesSecret(&node)
		if secret && j.Environment.IsZero() {
			complain("%s takes a secret outside an environment, which any branch could", name)
		}
		for _, s := range j.Steps {
			if strings.HasPrefix(s.Uses.Value, "actions/checkout@") && (permissions["contents"] == "write" || secret) {
				complain("%s has a key, or a token that publishes, and brings code: what runs in a job can read both", name)
			}
			checkStep(name, s, complain)
		}
	}
	return wrong, taken
}

func checkStep(name string, s step, complain func(string, ...any)) {
	if !s.Uses.IsZero() {
		checkUse(&s.Uses, complain)
	}
	if strings.HasPrefix(s.Uses.Value, "actions/checkout@") && s.With["persist-credentials"] != "false" {
		complain("%s leaves the token in the checkout: it needs persist-credentials: false", name)
	}
	if strings.Contains(s.Run, "${{") || strings.Contains(s.With["script"], "${{") {
		complain("%s pastes an expression into a script; hand it over in env", name)
	}
}

// takesSecret says whether an expression in a node, wherever in it, has to do with secrets.
func takesSecret(node *yaml.Node) bool {
	return secret.MatchString(node.Value) || node.Alias != nil && takesSecret(node.Alias) || slices.ContainsFunc(node.Content, takesSecret)
}

// checkUse looks at the name of an action or of another workflow.
func checkUse(use *yaml.Node, complain func(string, ...any)) {
	switch {
	case strings.HasPrefix(use.Value, "./"): // of this very commit
	case !pinned.MatchString(use.Value):
		complain("%s is not pinned by a hash of 40 digits", use.Value)
	case !version.MatchString(use.LineComment):
		complain("%s has no comment that names its version, such as # v1.2.3", use.Value)
	}
}

// mentions says whether a node has the value, as a key or otherwise.
func mentions(node *yaml.Node, value string) bool {
	return node.Value == value || slices.ContainsFunc(node.Content, func(child *yaml.Node) bool { return mentions(child, value) })
}

func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("../../../.github/workflows/*.y*ml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows found: %v", err)
	}
	var used []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wrong, taken := problems(filepath.Base(file), content)
		for _, problem := range wrong {
			t.Error(problem)
		}
		used = append(used, taken...)
	}
	for permission := range granted {
		if !slices.Contains(used, permission) {
			t.Errorf("granted allows %q, which no job takes any more", permission)
		}
	}
}

func TestProblems(t *testing.T) {
	const good = `
on: [push]
permissions:
  contents: read
jobs:
  build:
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - run: make
`
	if wrong, _ := problems("w.yml", []byte(good)); len(wrong) > 0 {
		t.Errorf("a good workflow: %q", wrong)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"a tag", "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "not pinned"},
		{"a short hash", "3d3c42e5aac5ba805825da76410c181273ba90b1", "3d3c42e", "not pinned"},
		{"an image", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "docker://alpine:3", "not pinned"},
		{"another workflow by branch", "    timeout-minutes: 5\n", "    uses: a/b/.github/workflows/c.yml@main\n", "not pinned"},
		{"no version", " # v7.0.1", "", "no comment"},
		{"half a version", "# v7.0.1", "# v7", "no comment"},
		{"the token in the checkout", "persist-credentials: false", "persist-credentials: true", "persist-credentials"},
		{"the token in the checkout by default", "        with:\n          persist-credentials: false\n", "", "persist-credentials"},
		{"no permissions", "permissions:\n  contents: read\njobs", "jobs", "of all jobs"},
		{"every permission", "permissions:\n  contents: read\njobs", "permissions: write-all\njobs", "of all jobs"},
		{"a permission for all jobs", "permissions:\n  contents: read\njobs", "permissions:\n  contents: write\njobs", "of all jobs"},
		{"a permission too many", "      contents: read\n    steps", "      contents: write\n    steps", "contents: write"},
		{"code beside a token that publishes", "      contents: read\n    steps", "      contents: write\n    steps", "brings code"},
		{"code beside a key", "make\n", "make\n        env:\n          KEY: ${{ secrets.KEY }}\n", "brings code"},
		{"code beside a key of the job", "    steps", "    env:\n      KEY: ${{ secrets.KEY }}\n    steps", "brings code"},
		{"code beside a key in brackets", "make\n", "make\n        env:\n          KEY: ${{ secrets['KEY'] }}\n", "brings code"},
		{"code beside a key in capitals", "make\n", "make\n        env:\n          KEY: ${{ SECRETS.KEY }}\n", "brings code"},
		{"code beside all keys", "    steps", "    env:\n      KEYS: >\n        ${{\n        toJSON(secrets) }}\n    steps", "brings code"},
		{"code beside a key of its container", "    steps", "    container:\n      image: alpine\n      credentials:\n        password: ${{ secrets.KEY }}\n    steps", "brings code"},
		{"code beside a key of another job", "  build:\n", "  sign:\n    timeout-minutes: 5\n    environment: signing\n    env: &env\n      KEY: ${{ secrets.KEY }}\n  build:\n    env: *env\n", "build has a key"},
		{"a key of all jobs", "jobs:", "env:\n  KEY: ${{ secrets.KEY }}\njobs:", "env gives a secret to all jobs"},
		{"every permission of a job", "    permissions:\n      contents: read\n", "    permissions: write-all\n", "write-all"},
		{"an expression in a script", "make\n", "make ${{ github.head_ref }}\n", "expression"},
		{"a secret of the job", "    steps", "    env:\n      KEY: ${{ secrets.KEY }}\n    steps", "outside an environment"},
		{"a secret", "make\n", "make\n        env:\n          KEY: ${{ secrets.KEY }}\n", "secret"},
		{"all secrets", "    timeout-minutes: 5\n", "    timeout-minutes: 5\n    secrets: inherit\n", "secrets"},
		{"strangers", "[push]", "[push, pull_request_target]", "strangers"},
		{"strangers with filters", "[push]", "\n  pull_request_target:\n    branches: [main]", "strangers"},
		{"no end", "    timeout-minutes: 5\n", "", "timeout"},
		{"no YAML", "on:", "on: [", "yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bad := strings.Replace(good, test.old, test.new, 1)
			if bad == good {
				t.Fatal("the test changes nothing")
			}
			wrong, _ := problems("w.yml", []byte(bad))
			if !slices.ContainsFunc(wrong, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("problems are %q, want one with %q", wrong, test.want)
			}
		})
	}
}
