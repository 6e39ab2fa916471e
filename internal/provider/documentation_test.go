// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestReadmeExample applies the README's example, word for word.
func TestReadmeExample(t *testing.T) {
	t.Parallel()
	_, rest, found := strings.Cut(read(t, "README.md"), "```terraform\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README has no example")
	}
	server := newSandbox(t)
	w := newWorkspace(t, server, example)
	if diags, err := w.Apply(t.Context()); err != nil || len(diags) > 0 {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	customer := onlyCustomer(t, server)
	seats, _ := customer.Custom("seats")
	if customer["name"] != "Ada Lovelace" || customer["userId"] != "crm-17" || customer["phone"] != nil ||
		!reflect.DeepEqual(sorted(customer.TagNames()), []string{"beta", "vip"}) || seats != json.Number("12") {
		t.Errorf("HelpCrunch holds %v", customer)
	}
	plan, _, err := w.Plan(t.Context())
	if err != nil || !plan.ResourceChanges[0].Change.Actions.NoOp() {
		t.Errorf("the plan after it is not empty: %v", err)
	}
}

// TestDocumentationExamples applies what the documentation shows.
func TestDocumentationExamples(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	customer := filepath.Join("examples", "resources", "helpcrunch_customer")
	w := newWorkspace(t, server, read(t, "examples", "provider", "provider.tf"))
	write(t, w.WorkingDir(), "resource.tf", read(t, customer, "resource.tf"))
	write(t, w.WorkingDir(), "accounts.csv", read(t, customer, "accounts.csv"))
	if diags, err := w.Apply(t.Context()); err != nil || len(diags) > 0 {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	if n := len(server.Customers()); n != 3 {
		t.Errorf("the examples make %d customers, want 3", n)
	}
	for _, customer := range server.Customers() {
		if customer["userId"] == "test-2" && customer["email"] != nil {
			t.Errorf("a blank cell became %v", customer["email"])
		}
	}
	write(t, w.WorkingDir(), "data-source.tf", read(t, "examples", "data-sources", "helpcrunch_customer", "data-source.tf"))
	if diags, err := w.Apply(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	outputs, err := w.Output(t.Context())
	var tags []string
	if err != nil || json.Unmarshal(outputs["ada_tags"].Value, &tags) != nil || !reflect.DeepEqual(tags, []string{"beta", "vip"}) {
		t.Errorf("ada_tags is %s, %v", outputs["ada_tags"].Value, err)
	}

	adopting := newSandbox(t)
	ada(t, adopting)
	w = newWorkspace(t, adopting, required+read(t, customer, "import-by-string-id.tf")+
		"resource \"helpcrunch_customer\" \"ada\" {\n  user_id = \"crm-17\"\n  deletion_policy = \"abandon\"\n}\n")
	if diags, err := w.Apply(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	for line := range strings.SplitSeq(read(t, customer, "import.sh"), "\n") {
		words := strings.Fields(line)
		if len(words) != 4 || words[0] != "terraform" {
			continue
		}
		id := strings.Replace(words[3], "542335", onlyCustomerID(t, adopting), 1)
		if err := w.StateRm(t.Context(), words[2]); err != nil {
			t.Fatal(err)
		}
		if err := w.Import(t.Context(), words[2], id); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestExamplesPinTheProvider: who copies an example gets no other major version by it.
func TestExamplesPinTheProvider(t *testing.T) {
	t.Parallel()
	pages := map[string]string{read(t, "README.md"): "README.md"}
	maps.Copy(pages, exampleFiles(t))
	pinned := 0
	for text, file := range pages {
		if strings.Contains(text, `"terraform-helpcrunch/helpcrunch"`) {
			pinned++
			if !regexp.MustCompile(`source +=.*\n +version += "~> 0\.1"\n`).MatchString(text) {
				t.Errorf("%s does not pin the provider", file)
			}
		}
	}
	if pinned < 10 {
		t.Errorf("%d examples were looked at", pinned)
	}
}

// TestThreatsAreTested: each threat of SECURITY.md names tests that there are.
func TestThreatsAreTested(t *testing.T) {
	t.Parallel()
	there := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	root := os.DirFS(filepath.Join("..", ".."))
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := fs.ReadFile(root, name)
		for _, match := range declared.FindAllStringSubmatch(string(content), -1) {
			there[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\|.*\|$`).FindAllString(read(t, "SECURITY.md"), -1)
	if len(rows) < 2+10 {
		t.Fatalf("SECURITY.md has a table of %d lines", len(rows))
	}
	for _, row := range rows[2:] {
		tests := regexp.MustCompile("`Test\\w+`").FindAllString(row, -1)
		if len(tests) == 0 {
			t.Errorf("no test shows what stops this: %s", row)
		}
		for _, test := range tests {
			if !there[strings.Trim(test, "`")] {
				t.Errorf("there is no %s", test)
			}
		}
	}
}
