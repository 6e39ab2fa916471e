// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/dev/terraformcli"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// guideFolders are the folders of examples/guides, each run by a test of this
// file, and the page that shows them.
var guideFolders = map[string]string{
	"seed-test-accounts":                    "seed-test-accounts.md",
	"seed-test-accounts/spreadsheet":        "seed-test-accounts.md",
	"seed-test-accounts/left-behind":        "seed-test-accounts.md",
	"audit":                                 "audit.md",
	"audit/trap":                            "audit.md",
	"adopt-existing-customers/by-key":       "adopt-existing-customers.md",
	"adopt-existing-customers/by-tag":       "adopt-existing-customers.md",
	"adopt-existing-customers/pin":          "adopt-existing-customers.md",
	"adopt-existing-customers/pin/baseline": "adopt-existing-customers.md",
	"adopt-existing-customers/pin/listed":   "adopt-existing-customers.md",
	"adopt-existing-customers/generate":     "adopt-existing-customers.md",
	"adopt-existing-customers/query":        "adopt-existing-customers.md",
	"personal-data":                         "personal-data.md",
	"personal-data/from-a-store":            "personal-data.md",
	"rate-limits-and-batches":               "rate-limits-and-batches.md",
	"stop-managing":                         "stop-managing.md",
	"stop-managing/attributes":              "stop-managing.md",
	"stop-managing/again":                   "stop-managing.md",
	"stop-managing/attribute-of-many":       "stop-managing.md",
	"stop-managing/customers":               "stop-managing.md",
	"stop-managing/one-of-many":             "stop-managing.md",
	"stop-managing/write-only":              "stop-managing.md",
	"teams-and-accounts":                    "teams-and-accounts.md",
	"teams-and-accounts/customers":          "teams-and-accounts.md",
	"teams-and-accounts/killed":             "teams-and-accounts.md",
	"try-without-an-account":                "try-without-an-account.md",
	"try-without-an-account/tests":          "try-without-an-account.md",
}

// newGuide is a workspace with a copy of a folder of examples/guides.
func newGuide(t *testing.T, server *sandbox.Server, folder string) *terraformcli.Workspace {
	t.Helper()
	if guideFolders[folder] == "" {
		t.Fatalf("%s is missing in guideFolders", folder)
	}
	w := newWorkspace(t, server, read(t, "examples", "guides", filepath.FromSlash(folder), "main.tf"))
	bringFiles(t, w, folder, "")
	return w
}

// bringFiles copies the files of a folder of examples/guides into a folder of the workspace.
func bringFiles(t *testing.T, w *terraformcli.Workspace, folder, to string) {
	t.Helper()
	from := filepath.Join("examples", "guides", filepath.FromSlash(folder))
	files, err := os.ReadDir(filepath.Join("..", "..", from))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.WorkingDir(), to), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !file.IsDir() {
			write(t, w.WorkingDir(), filepath.Join(to, file.Name()), read(t, from, file.Name()))
		}
	}
}

// editFile replaces a text in a file of the workspace.
func editFile(t *testing.T, w *terraformcli.Workspace, file, text, by string) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(w.WorkingDir(), file))
	if err != nil || !strings.Contains(string(before), text) {
		t.Fatalf("%s has no %q: %v", file, text, err)
	}
	write(t, w.WorkingDir(), file, strings.Replace(string(before), text, by, 1))
}

// scriptPrograms is a folder with what the scripts of the guides call, by the names
// that they have there: terraform and helpcrunch-sandbox.
var scriptPrograms = sync.OnceValues(func() (string, error) {
	folder := filepath.Join(os.Getenv(envTestFolder), "programs")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	terraform, err := terraformcli.Find(context.Background(), "../..")
	if err != nil {
		return "", err
	}
	if err := os.Symlink(terraform, filepath.Join(folder, "terraform")); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", folder, "./internal/sandbox/helpcrunch-sandbox")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return folder, nil
})

// runScript runs a program in the workspace as a reader of the guide would. It
// returns what was printed, and the exit code.
func runScript(t *testing.T, w *terraformcli.Workspace, server *sandbox.Server, program string, arguments ...string) (string, int) {
	t.Helper()
	folder, err := scriptPrograms()
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(program) == program { // one of ours
		program = filepath.Join(folder, program)
	}
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = w.WorkingDir()
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "HELPCRUNCH_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env,
		"PATH="+folder+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"TF_CLI_CONFIG_FILE="+filepath.Join(w.WorkingDir(), ".terraformrc"),
		envBaseURL+"="+server.URL(), envAPIKey+"="+server.Key())
	output, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(output), command.ProcessState.ExitCode()
}

// bashPath is where the scripts of the guides are run with.
func bashPath(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the scripts of the guides are for a Unix shell")
	}
	path, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err) // make runs with it as well
	}
	return path
}

// byUserID are the customers of the account, by the key that they have there.
func byUserID(server *sandbox.Server) map[string]sandbox.Record {
	customers := make(map[string]sandbox.Record)
	for _, customer := range server.Customers() {
		userID, _ := customer["userId"].(string)
		customers[userID] = customer
	}
	return customers
}

func changeByHand(t *testing.T, server *sandbox.Server, customer sandbox.Record, fields sandbox.Record) {
	t.Helper()
	if err := server.Change(customer.ID(), fields); err != nil {
		t.Fatal(err)
	}
}

// TestGuideSeedTestAccounts: blank cells are not managed, an environment has
// accounts and a tag of its own, and a job leaves nothing behind, whatever
// becomes of its tests.
func TestGuideSeedTestAccounts(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "seed-test-accounts")
	staging := tfexec.Var("environment=staging")
	applied(t, w, staging)

	accounts := byUserID(server)
	buyer, trial, bare := accounts["staging-buyer"], accounts["staging-trial"], accounts["staging-bare"]
	seats, _ := buyer.Custom("seats")
	if buyer["email"] != "buyer@example.com" || buyer["company"] != "Example Ltd" || seats != json.Number("12") ||
		!reflect.DeepEqual(sorted(buyer.TagNames()), []string{"beta", "staging", "test-account"}) {
		t.Errorf("the buyer is %v", buyer)
	}
	if _, has := trial.Custom("seats"); has || trial["company"] != nil || trial["unsubscribed"] != true {
		t.Errorf("the trial account is %v", trial)
	}
	changeByHand(t, server, bare, sandbox.Record{"email": "bare@example.com", "customData": map[string]any{"plan": "gold"}})
	if changes := planned(t, w, staging); len(changes) != 0 {
		t.Errorf("blank cells are managed: %v", changes)
	}

	applied(t, newGuide(t, server, "seed-test-accounts"), tfexec.Var("environment=review"))
	if n := len(server.Customers()); n != 6 {
		t.Errorf("two environments have %d accounts, want 6", n)
	}

	// A job that was killed created two of the three, and its state is lost.
	if err := server.Delete(accounts["staging-trial"].ID()); err != nil {
		t.Fatal(err)
	}
	again := newGuide(t, server, "seed-test-accounts")
	if diags, err := again.Apply(t.Context(), staging); err != nil || strings.Count(said(diags), "Existing customers were taken over") != 2 {
		t.Errorf("seeding what a killed job left: %v\n%s", err, said(diags))
	}
	after := byUserID(server)
	if len(after) != 6 || after["staging-buyer"].ID() != buyer.ID() || after["staging-bare"]["email"] != "bare@example.com" {
		t.Errorf("taking over what was left behind left %v", after)
	}
	if changes := planned(t, again, staging); len(changes) != 0 {
		t.Errorf("the plan after it has %v", changes)
	}
	if diags, err := again.Destroy(t.Context(), staging); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	for userID := range byUserID(server) {
		if !strings.HasPrefix(userID, "review-") {
			t.Errorf("%s was left behind", userID)
		}
	}
	if n := len(server.Customers()); n != 3 {
		t.Errorf("%d accounts of the other environment are left, want 3", n)
	}

	// Rows have left the file while the state was lost: what they left is found by its user_id.
	people := byUserID(server)
	for _, userID := range []string{"pull-request-18-buyer", "pull-request-18-gone", "not-pull-request-18-buyer"} {
		if _, err := server.Add(sandbox.Record{"userId": userID, "name": "Somebody"}); err != nil {
			t.Fatal(err)
		}
	}
	left := newGuide(t, server, "seed-test-accounts/left-behind")
	for _, wide := range []string{"", "crm", "a-"} {
		if _, diags, err := left.Plan(t.Context(), tfexec.Var("prefix="+wide)); err == nil || !strings.Contains(said(diags), "Too many people") {
			t.Errorf("with the prefix %q it says %v\n%s", wide, err, said(diags))
		}
	}
	prefix := tfexec.Var("prefix=pull-request-18-")
	applied(t, left, prefix)
	if diags, err := left.Destroy(t.Context(), prefix); err != nil {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	now := byUserID(server)
	if now["not-pull-request-18-buyer"] == nil || len(now) != len(people)+1 {
		t.Errorf("what was left behind became %v", now)
	}
	if err := server.Delete(now["not-pull-request-18-buyer"].ID()); err != nil {
		t.Fatal(err)
	}

	// A job in a folder where somebody has the state of another environment, after one that was killed.
	job := newGuide(t, server, "seed-test-accounts")
	applied(t, job, staging)
	if _, err := server.Add(sandbox.Record{"userId": "pull-request-17-buyer", "name": "Left by a killed job"}); err != nil {
		t.Fatal(err)
	}
	said, code := runScript(t, job, server, bashPath(t), "job.sh", "pull-request-17", "sh", "-c", "terraform output -json accounts >during.json; exit 3")
	var during map[string]string
	seen, err := os.ReadFile(filepath.Join(job.WorkingDir(), "during.json"))
	if err != nil || json.Unmarshal(seen, &during) != nil || len(during) != 3 {
		t.Errorf("the tests saw %s, %v\n%s", seen, err, said)
	}
	if n := len(server.Customers()); code != 3 || n != 6 {
		t.Errorf("the job ended with %d and %d accounts, want 3 and the 6 of the two other environments\n%s", code, n, said)
	}

	// In the middle of one, another job in the same folder.
	said, code = runScript(t, job, server, bashPath(t), "job.sh", "pull-request-20", "sh", "-c", `env -u TF_WORKSPACE bash job.sh pull-request-21 true && terraform output accounts`)
	if n := len(server.Customers()); code != 0 || n != 6 || !strings.Contains(said, "buyer") {
		t.Errorf("two jobs in one folder ended with %d and %d accounts, want the 6 of the two other environments\n%s", code, n, said)
	}
}

// TestGuideSpreadsheet: rows as spreadsheets write them become accounts, and what is
// wrong is said with its row, before anything is written.
func TestGuideSpreadsheet(t *testing.T) {
	needs(t, "1.8.0", "1.7.0")
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "seed-test-accounts/spreadsheet")
	shown := read(t, "examples", "guides", "seed-test-accounts", "spreadsheet", "accounts.csv")
	write(t, w.WorkingDir(), "terraform.tfvars", "environment = \"staging\"\n")
	save := func(text string) {
		write(t, w.WorkingDir(), "accounts.csv", "\ufeff"+strings.ReplaceAll(text, "\n", "\r\n"))
	}

	save(shown + "4;Ada;;;;\n005;;;1.200;maybe;\n006;Tim;;;;31.12.2026\n001;Tom;;;;\n")
	_, diags, err := w.Plan(t.Context())
	want := "accounts.csv: row 2: Number is in rows 2 and 9; row 6: Number is not three digits; row 7: Name is blank; row 7: Newsletter is neither yes nor no; " +
		"row 7: Seats is not a whole number; row 8: Renewal is not a date like 2026-12-31; row 9: Number is in rows 2 and 9."
	if err == nil || !strings.Contains(said(diags), want) {
		t.Errorf("it says\n%s\nwant\n%s", said(diags), want)
	}
	for text, want := range map[string]string{
		"\n" + strings.Replace(shown, "\n", "\n\n  \n", 1) + "4;Ada;;;;\n":                  "accounts.csv, counted without empty lines: row 6 (Number 4): Number is not three digits.",
		shown + "004;Ada\n\n005;\"Eva; Bob\";;;;\n006;Tim;;;;;\n":                           "accounts.csv: it is no table: line 6, 9 has more or fewer cells than the first one",
		shown + "004;Ada \"Ad\";;;;\n":                                                      "accounts.csv: it is no table: it is empty, two columns have the same name, or a quote is not closed or not at the edge of a cell",
		strings.Replace(strings.Replace(shown, "Seats", "Seat", 1), "Number", "Nr", 1):      "accounts.csv: these columns are missing: Number, Seats.",
		strings.Replace(shown, "Number;Name;Company;Seats", "number;NAME;Company;Seats", 1): "accounts.csv: these columns are missing: Number (it has number), Name (it has NAME).",
		shown[strings.Index(shown, "\n")+1:]:                                                "accounts.csv: it has 2 rows, and 3 are the fewest; these columns are missing: Number, Name, Company, Seats, Newsletter, Renewal.",

		shown + "004;\"Ada;;;;\n005;Eva;;;;\n":                               "a quote is not closed or not at the edge of a cell (look at line 6)",
		strings.Replace(shown, ";", "\t", 1):                                 "accounts.csv: it is no table: line 2, 3, 4, 5 has",
		"Number;Name;Company;Seats;Newsletter;Renewal\n001;Test Buyer;;;;\n": "accounts.csv: it has 1 rows, and 3 are the fewest.",
	} {
		save(text)
		if _, diags, err := w.Plan(t.Context()); err == nil || !strings.Contains(said(diags), want) || strings.Contains(said(diags), "Buyer") {
			t.Errorf("it says\n%s\nwant\n%s", said(diags), want)
		}
	}
	if _, err := w.Apply(t.Context()); err == nil || len(server.Customers()) != 0 {
		t.Errorf("%v: %d customers of a file with mistakes", err, len(server.Customers()))
	}

	// Who has the bare number is a person, who has nothing to do with it.
	if _, err := server.Add(sandbox.Record{"userId": "001", "name": "Ada Lovelace"}); err != nil {
		t.Fatal(err)
	}
	save(shown)
	applied(t, w)
	accounts := byUserID(server)
	buyer, trial, bare := accounts["staging-001"], accounts["staging-002"], accounts["staging-003"]
	renewal, _ := buyer.Custom("renewal")
	seats, _ := buyer.Custom("seats")
	if len(accounts) != 4 || accounts["001"]["name"] != "Ada Lovelace" || buyer["company"] != "Example, Ltd; Sales" || buyer["unsubscribed"] != false || fmt.Sprintf("%v %v", seats, renewal) != "12 1798675200" {
		t.Errorf("the buyer is %v", buyer)
	}
	if trial["name"] != `Test "Tee" Trial` || trial["unsubscribed"] != true || bare["name"] != "Test Bare" {
		t.Errorf("the others are %v and %v", trial, bare)
	}

	// The same with commas, as the page advises to save it.
	write(t, w.WorkingDir(), "accounts.csv", "Number,Name,Company,Seats,Newsletter,Renewal\n001,Test Buyer,\"Example, Ltd; Sales\",12,yes,2026-12-31\n002,\"Test \"\"Tee\"\" Trial\",,,no,\n003,Test Bare,,,,\n")
	if changes := planned(t, w); len(changes) != 0 {
		t.Errorf("with commas it is planned for %v", changes)
	}
}

// TestGuideAudit: the job says what differs by exit code and address, without
// anybody's data; nobody is deleted; what may differ is not reported.
func TestGuideAudit(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "audit")
	applied(t, w)
	shell := bashPath(t)
	audit := func(wantCode int, want string) {
		t.Helper()
		said, code := runScript(t, w, server, shell, "audit.sh")
		if code != wantCode || !strings.Contains(said, want) {
			t.Errorf("audit.sh ended with %d, want %d and %q:\n%s", code, wantCode, want, said)
		}
		for _, secret := range []string{"Ada", "ada@", "Grace", "Somebody", "else@"} {
			if strings.Contains(said, secret) {
				t.Errorf("audit.sh shows %s:\n%s", secret, said)
			}
		}
	}
	audit(0, "HelpCrunch is as written.")

	before := byUserID(server)
	changeByHand(t, server, before["crm-17"], sandbox.Record{"unsubscribed": true, "phone": "555", "customData": map[string]any{"plan": "platinum"}})
	audit(0, "HelpCrunch is as written.")

	changeByHand(t, server, before["crm-17"], sandbox.Record{"name": "Somebody", "email": "else@example.com"})
	changeByHand(t, server, before["crm-18"], sandbox.Record{"customData": map[string]any{"seats": 2}})
	audit(2, `helpcrunch_customer.audited["crm-17"]: update`)
	audit(2, `helpcrunch_customer.audited["crm-18"]: update`)
	report := func(wantCode int, want ...string) {
		t.Helper()
		said, code := runScript(t, w, server, shell, "report.sh", "report.tfplan")
		var lines []string
		if said != "" {
			lines = strings.Split(strings.TrimSpace(said), "\n")
		}
		slices.Sort(lines)
		slices.Sort(want) // who was created first, and has the lower id, nobody knows
		if code != wantCode || !slices.Equal(lines, want) {
			t.Errorf("report.sh ended with %d, want %d and %q:\n%s", code, wantCode, want, said)
		}
	}
	line := func(userID, attribute string) string {
		return fmt.Sprintf("%d\thelpcrunch_customer.audited[\"%s\"]\t%s", before[userID].ID(), userID, attribute)
	}
	report(2, line("crm-18", "custom_data.seats"), line("crm-17", "custom_data.plan"), line("crm-17", "email"), line("crm-17", "name"))
	shown, _ := runScript(t, w, server, "terraform", "plan", "-no-color", "-out=audit.tfplan")
	if !strings.Contains(shown, "(sensitive value)") || regexp.MustCompile(`Ada|ada@|Somebody|else@`).MatchString(shown) {
		t.Errorf("a plan of sensitive values shows them:\n%s", shown)
	}
	saved, _ := runScript(t, w, server, "terraform", "show", "-json", "audit.tfplan")
	state, err := os.ReadFile(filepath.Join(w.WorkingDir(), "terraform.tfstate"))
	if err != nil || !strings.Contains(saved, "ada@example.com") || !strings.Contains(string(state), "ada@example.com") {
		t.Errorf("the guide says that state and saved plans hold people's data: %v", err)
	}
	applied(t, w)
	audit(0, "HelpCrunch is as written.")
	report(0)

	stranger, err := server.Add(sandbox.Record{"tags": []string{"audited"}})
	if err != nil {
		t.Fatal(err)
	}
	failed := fmt.Sprintf("HelpCrunch has customers with the tag audited that are not written: %d.", stranger)
	audit(2, `check "nobody_else_is_audited": warning: Check block assertion failed: `+failed)
	report(2, "-\tcheck.nobody_else_is_audited\tfailed\t"+failed)
	if err := server.Delete(stranger); err != nil {
		t.Fatal(err)
	}

	server.Arm(sandbox.Fault{Kind: sandbox.Unauthorized})
	audit(1, "key")
	server.Arm(sandbox.Fault{Kind: sandbox.Unauthorized})
	if _, code := runScript(t, w, server, shell, "report.sh"); code != 1 {
		t.Errorf("report.sh ended with %d, want 1", code)
	}

	write(t, w.WorkingDir(), "customers.csv", "user_id,name,email,unsubscribed,plan\ncrm-17,Ada Lovelace,ada@example.com,false,gold\n")
	audit(1, "The customer must not be deleted")
	if n := len(server.Customers()); n != 2 {
		t.Errorf("%d customers are left, want 2", n)
	}

	// The two steps of a deletion, for one customer of a for_each.
	policy := `deletion_policy = each.key == "crm-18" ? "delete" : null`
	if !strings.Contains(read(t, "docs", "guides", "audit.md"), policy) {
		t.Errorf("the guide does not say how to write it: %s", policy)
	}
	write(t, w.WorkingDir(), "main.tf", strings.Replace(read(t, "examples", "guides", "audit", "main.tf"), "user_id = each.key", "user_id = each.key\n  "+policy, 1))
	csv := read(t, "examples", "guides", "audit", "customers.csv")
	write(t, w.WorkingDir(), "customers.csv", csv)
	changeByHand(t, server, byUserID(server)["crm-17"], sandbox.Record{"name": "Somebody"}) // which an erasure does not touch
	const target = `-target=helpcrunch_customer.audited["crm-18"]`
	if !strings.Contains(read(t, "docs", "guides", "audit.md"), strings.Replace(target, "=", "='", 1)) {
		t.Errorf("the guide does not say %s", target)
	}
	for _, csv := range []string{csv, regexp.MustCompile(`(?m)^crm-18,.*\n`).ReplaceAllString(csv, "")} {
		write(t, w.WorkingDir(), "customers.csv", csv)
		if said, code := runScript(t, w, server, "terraform", "apply", "-no-color", "-auto-approve", target); code != 0 {
			t.Fatalf("ended with %d\n%s", code, said)
		}
	}
	if left := byUserID(server); len(left) != 1 || left["crm-17"] == nil || left["crm-17"]["name"] != "Somebody" {
		t.Errorf("%v are left, want Ada as she was changed", left)
	}

	const search = "terraform apply -refresh-only -target=data.helpcrunch_customers.audited"
	if !strings.Contains(read(t, "docs", "guides", "audit.md"), search) {
		t.Errorf("the guide does not say %s", search)
	}
	if said, code := runScript(t, w, server, "terraform", append(strings.Fields(search)[1:], "-auto-approve")...); code != 0 {
		t.Fatalf("ended with %d\n%s", code, said)
	}
	if state, err := os.ReadFile(filepath.Join(w.WorkingDir(), "terraform.tfstate")); err != nil || strings.Contains(string(state), "grace@") || !strings.Contains(string(state), "ada@") {
		t.Errorf("after an erasure the state is %s, %v", state, err)
	}

	if err := server.Delete(before["crm-17"].ID()); err != nil {
		t.Fatal(err)
	}
	report(2, line("crm-17", "gone"))
}

// TestGuideAuditSpeaksToNoTerminal: with VALUES=1 the report shows what people call
// themselves, and not what speaks to the terminal in it.
func TestGuideAuditSpeaksToNoTerminal(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "audit")
	applied(t, w)
	ada := byUserID(server)["crm-17"]
	changeByHand(t, server, ada, sandbox.Record{"name": "A\u009b31m\u202eda\x1b[2J,\"=1+1", "email": "=1+1@example.com"})
	write(t, w.WorkingDir(), "report.tfplan", "of before, and for everybody to read")
	said, _ := runScript(t, w, server, bashPath(t), "-c", `VALUES=1 exec "$BASH" report.sh report.tfplan`)
	address := fmt.Sprintf("%d\thelpcrunch_customer.audited[\"crm-17\"]\t", ada.ID())
	want := address + "email\t\"ada@example.com\"\t\"'=1+1@example.com\"\n" + // no formula in a spreadsheet
		address + "name\t\"Ada Lovelace\"\t\"A?31m?da?[2J,\"\"=1+1\"\n"
	if said != want {
		t.Errorf("it says %q, want %q", said, want)
	}
	if plan, err := os.Stat(filepath.Join(w.WorkingDir(), "report.tfplan")); err != nil || plan.Mode().Perm() != 0o600 {
		t.Errorf("the plan, with everybody's values, has the mode %v, %v", plan.Mode(), err)
	}
	if said, code := runScript(t, w, server, bashPath(t), "-c", `VALUES=yes exec "$BASH" report.sh report.tfplan`); code != 1 || !strings.Contains(said, "set it to 1") {
		t.Errorf("with VALUES=yes it ends with %d: %s", code, said)
	}
}

// TestGuideAuditDrift: what is drift and what is not, as the table of the guide says.
func TestGuideAuditDrift(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	config := customerBlock(`
  name         = "Ada"
  phone        = ""
  email        = "ada@example.com"
  locale       = "en"
  first_seen   = "2023-11-14T22:13:20Z"
  blocked      = false
  tags         = [{ name = "vip", color = "gold" }, { name = "beta" }]
  custom_data  = { plan = "gold", tier = null, seats = 12, renewal = "1700000000" }`)
	s := newStage(t, server)
	s.mustApply(config)
	ada := onlyCustomer(t, server)
	for _, c := range []struct {
		what   string
		change sandbox.Record
		drift  bool
	}{
		{"another case in e-mail and language", sandbox.Record{"email": "Ada@Example.com", "locale": "EN"}, false},
		{"another colour of a tag", sandbox.Record{"tags": []any{map[string]any{"name": "vip", "color": "#ff0000"}, "beta"}}, false},
		{"what is left out", sandbox.Record{"company": "Acme", "unsubscribed": true, "lastSeen": "1800000000"}, false},
		{"a property that is not written", sandbox.Record{"customData": map[string]any{"site": "https://example.com"}}, false},
		{"another text", sandbox.Record{"name": "ada"}, true},
		{"something in what is kept empty", sandbox.Record{"phone": "555"}, true},
		{"another instant", sandbox.Record{"firstSeen": "1700000001"}, true},
		{"another flag", sandbox.Record{"blocked": true}, true},
		{"a tag more", sandbox.Record{"tags": []string{"vip", "beta", "angry"}}, true},
		{"a tag less", sandbox.Record{"tags": []string{"vip"}}, true},
		{"another value of a property", sandbox.Record{"customData": map[string]any{"seats": 13}}, true},
		{"a property cleared", sandbox.Record{"customData": map[string]any{"plan": nil}}, true},
		{"something in a property that is kept empty", sandbox.Record{"customData": map[string]any{"tier": "a"}}, true},
	} {
		changeByHand(t, server, ada, c.change)
		out := s.plan()
		if drift := len(out.planned) > 0; out.err != nil || drift != c.drift {
			t.Errorf("%s: drift is %v, want %v", c.what, drift, c.drift)
		}
		if c.drift {
			s.mustApply(config)
		}
	}
	// Somebody else is still there, so that it is no outage of HelpCrunch.
	s.mustApply(config + "resource \"helpcrunch_customer\" \"grace\" {\n  name = \"Grace\"\n}\n")
	if err := server.Delete(ada.ID()); err != nil {
		t.Fatal(err)
	}
	if out := s.plan(); out.planned["helpcrunch_customer.test"] != "create" {
		t.Errorf("a customer who is gone is planned for %v", out.planned)
	}
}

// TestGuideAuditTrap: custom_data["plan"] ignores all of custom_data.
func TestGuideAuditTrap(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "audit/trap")
	applied(t, w)
	seats := func(n int) {
		changeByHand(t, server, onlyCustomer(t, server), sandbox.Record{"customData": map[string]any{"seats": n}})
	}
	seats(2)
	if changes := planned(t, w); len(changes) != 0 {
		t.Errorf("the trap is none any more: %v", changes)
	}
	editFile(t, w, "main.tf", `custom_data["plan"]`, "custom_data.plan")
	if changes := planned(t, w); len(changes) != 1 {
		t.Errorf("custom_data.plan ignores the seats as well: %v", changes)
	}
}

// TestGuideAuditOfWithheldData: that a data source leaves personal data out, as it
// was told to, is no finding.
func TestGuideAuditOfWithheldData(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	vips(t, server)
	w := newWorkspace(t, server, required+"provider \"helpcrunch\" {\n  personal_data_in_state = false\n}\ndata \"helpcrunch_customer\" \"ada\" {\n  user_id = \"crm-17\"\n}\n")
	write(t, w.WorkingDir(), "audit.sh", read(t, "examples", "guides", "audit", "audit.sh"))
	if said, code := runScript(t, w, server, bashPath(t), "audit.sh"); code != 0 || said != "HelpCrunch is as written.\n" {
		t.Errorf("audit.sh ended with %d:\n%s", code, said)
	}
}

// vips are customers who were there before Terraform came.
func vips(t *testing.T, server *sandbox.Server) {
	t.Helper()
	for _, customer := range []sandbox.Record{
		{"userId": "crm-17", "name": "Ada", "email": "ada@example.com", "phone": "555", "tags": []string{"vip"}, "customData": map[string]any{"seats": 12}},
		{"userId": "crm-18", "name": "Grace Hopper", "email": "grace@example.com", "notes": "Prefers calls", "unsubscribed": true, "tags": []string{"vip", "beta"}},
		{"userId": "crm-19", "name": "Alan", "tags": []string{"beta"}},
	} {
		if _, err := server.Add(customer); err != nil {
			t.Fatal(err)
		}
	}
}

// onlyChanges fails where customers are not as before, apart from the fields
// that are expected to change.
func onlyChanges(t *testing.T, server *sandbox.Server, before map[string]sandbox.Record, expected ...string) {
	t.Helper()
	after := byUserID(server)
	if len(after) != len(before) {
		t.Errorf("%d customers, want %d", len(after), len(before))
	}
	for userID, was := range before {
		for field, value := range was {
			if !slices.Contains(expected, userID+"."+field) && !reflect.DeepEqual(after[userID][field], value) {
				t.Errorf("%s of %s is %v, was %v", field, userID, after[userID][field], value)
			}
		}
	}
}

// TestGuideAdoptByKey: importing by user id changes what is written, clears
// nothing, and deletes nobody.
func TestGuideAdoptByKey(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	server := newSandbox(t)
	vips(t, server)
	before := byUserID(server)
	w := newGuide(t, server, "adopt-existing-customers/by-key")
	shown, _ := runScript(t, w, server, "terraform", "plan", "-no-color")
	if !strings.Contains(shown, "2 to import, 0 to add, 2 to change, 0 to destroy.") {
		t.Errorf("the plan is\n%s", shown)
	}
	if !strings.Contains(shown, "Imported values are let go, not cleared") || !strings.Contains(shown, `"555" -> null`) {
		t.Errorf("the plan does not say what it lets go:\n%s", shown)
	}
	applied(t, w)
	onlyChanges(t, server, before, "crm-17.name")
	if name := byUserID(server)["crm-17"]["name"]; name != "Ada Lovelace" {
		t.Errorf("name is %v", name)
	}
	if changes := planned(t, w); len(changes) != 0 {
		t.Errorf("the plan after it has %v", changes)
	}
	if diags, err := w.Destroy(t.Context()); err == nil || !strings.Contains(said(diags), "imported customers are not deleted unless it is written") {
		t.Errorf("destroy: %v\n%s", err, said(diags))
	}
	editFile(t, w, "main.tf", "user_id = each.key\n", "user_id = each.key\n  deletion_policy = \"abandon\"\n")
	applied(t, w)
	if diags, err := w.Destroy(t.Context()); err != nil {
		t.Errorf("%v\n%s", err, said(diags))
	}
	onlyChanges(t, server, before, "crm-17.name")
}

// TestGuideAdoptByTag: a search decides who is adopted; who loses the tag is
// not deleted.
func TestGuideAdoptByTag(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	server := newSandbox(t)
	vips(t, server)
	before := byUserID(server)
	w := newGuide(t, server, "adopt-existing-customers/by-tag")
	applied(t, w)
	onlyChanges(t, server, before, "crm-17.customData", "crm-18.customData")
	for _, userID := range []string{"crm-17", "crm-18"} {
		if plan, _ := byUserID(server)[userID].Custom("plan"); plan != "gold" {
			t.Errorf("the plan of %s is %v", userID, plan)
		}
	}
	if seats, _ := byUserID(server)["crm-17"].Custom("seats"); seats != json.Number("12") {
		t.Errorf("seats are %v", seats)
	}
	changeByHand(t, server, before["crm-18"], sandbox.Record{"tags": []string{"beta"}})
	if _, diags, err := w.Plan(t.Context()); err == nil || !strings.Contains(said(diags), "The customer must not be deleted") {
		t.Errorf("the plan after a tag is lost: %v\n%s", err, said(diags))
	}
}

// TestGuideAdoptPin: many customers are imported and pinned as they are, flags
// included, without one write; afterwards every difference shows.
func TestGuideAdoptPin(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	server := newAccountOf(t, acme)
	const people = 30
	for i := range people {
		if _, err := server.Add(sandbox.Record{
			"name": fmt.Sprint("Customer ", i), "email": fmt.Sprintf("customer-%d@example.com", i), "userId": fmt.Sprint("crm-", i), "tags": []string{"vip", "auto"},
			"customData": map[string]any{"plan": "gold", "seats": i, "trial": true, "renewal": 1735689600}, "unsubscribed": i%2 == 0, "blocked": i%3 == 0,
		}); err != nil {
			t.Fatal(err)
		}
	}
	before := byUserID(server)
	w := newGuide(t, server, "adopt-existing-customers/pin")
	if err := os.Mkdir(filepath.Join(w.WorkingDir(), "baseline"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, w.WorkingDir(), "baseline/main.tf", read(t, "examples", "guides", "adopt-existing-customers", "pin", "baseline", "main.tf"))
	if said, code := runScript(t, w, server, bashPath(t), "baseline.sh"); code != 0 {
		t.Fatal(said)
	}
	applied(t, w)
	if writes := writesOf(server); writes > 0 {
		t.Errorf("%d writes to pin what is there", writes)
	}
	onlyChanges(t, server, before)
	if changes := planned(t, w); len(changes) > 0 {
		t.Errorf("the plan afterwards: %v", changes)
	}
	changeByHand(t, server, before["crm-7"], sandbox.Record{"unsubscribed": true})
	if changes := planned(t, w); len(changes) != 1 {
		t.Errorf("the plan after a difference: %v", changes)
	}

	changeByHand(t, server, before["crm-9"], sandbox.Record{"email": "else@example.com", "customData": map[string]any{"plan": "silver", "seats": 99, "trial": false}})
	applied(t, w)
	onlyChanges(t, server, before)

	// Who was imported and is gone is nothing to change, and under audit all the same.
	if err := server.Delete(before["crm-8"].ID()); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		"audit.sh":  fmt.Sprintf("helpcrunch_customer.pinned[\"%d\"]: warning: Customers are missing", before["crm-8"].ID()),
		"report.sh": fmt.Sprintf("%[1]d\thelpcrunch_customer.pinned[\"%[1]d\"]\tgone\n", before["crm-8"].ID()),
	} {
		write(t, w.WorkingDir(), script, read(t, "examples", "guides", "audit", script))
		if said, code := runScript(t, w, server, bashPath(t), script); code != 2 || !strings.HasPrefix(said, want) {
			t.Errorf("%s ended with %d, want 2 and %q:\n%s", script, code, want, said)
		}
	}

	// Somebody who is tagged later is imported as well, and nobody is made twice.
	late, err := server.Add(sandbox.Record{"name": "Late", "email": "late@example.com", "tags": []string{"vip"}})
	if err != nil {
		t.Fatal(err)
	}
	there := len(server.Customers())
	// In an environment that keeps personal data out of states, and while somebody
	// differs, and is not found any more: the file keeps what it says of everybody else.
	changeByHand(t, server, before["crm-10"], sandbox.Record{"name": "Somebody Else", "tags": []string{}})
	if said, code := runScript(t, w, server, bashPath(t), "-c", "export "+envPersonalData+"=false TF_WORKSPACE=other; . ./baseline.sh"); code != 0 {
		t.Fatal(said)
	}
	if left, err := filepath.Glob(filepath.Join(w.WorkingDir(), "baseline", "*.tfstate*")); err != nil || len(left) > 0 {
		t.Errorf("%v: the script leaves %s", err, left)
	}
	if changes := planned(t, w); len(changes) != 2 {
		t.Errorf("the plan with somebody who is new and somebody who differs: %v", changes)
	}
	changeByHand(t, server, before["crm-10"], sandbox.Record{"name": before["crm-10"]["name"], "tags": before["crm-10"].TagNames()})
	server.ResetCounts()
	applied(t, w)
	if n := len(server.Customers()); n != there || writesOf(server) > 0 {
		t.Errorf("%d customers after %d writes, want %d: customer %d was there", n, writesOf(server), there, late)
	}

	// In another account the same ids are other people.
	if err := os.Remove(filepath.Join(w.WorkingDir(), "baseline.json")); err != nil {
		t.Fatal(err)
	}
	if said, code := runScript(t, w, newAccountOf(t, initech), bashPath(t), "baseline.sh"); code == 0 || !strings.Contains(said, `"initech"`) {
		t.Errorf("with the key of another account it ends with %d: %s", code, said)
	}
	if _, err := os.Stat(filepath.Join(w.WorkingDir(), "baseline.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v: a file of another account", err)
	}

	// The same by a list, of whom one is nobody.
	baseline := read(t, "examples", "guides", "adopt-existing-customers", "pin", "baseline", "main.tf")
	search := regexp.MustCompile(`(?ms)^data .*?^}\n`)
	if len(search.FindAllString(baseline, -1)) != 1 {
		t.Fatalf("there is not one search in\n%s", baseline)
	}
	listed := read(t, "examples", "guides", "adopt-existing-customers", "pin", "listed", "vip.tf")
	for list, want := range map[string]string{listed: "", strings.Replace(listed, "crm-2", "crm-99", 1): "HelpCrunch has nobody with the user_id crm-99."} {
		write(t, w.WorkingDir(), "baseline/main.tf", search.ReplaceAllLiteralString(baseline, list))
		if err := os.Remove(filepath.Join(w.WorkingDir(), "baseline.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		said, code := runScript(t, w, server, bashPath(t), "baseline.sh")
		if want != "" && (code == 0 || !strings.Contains(said, want)) {
			t.Errorf("it ends with %d: %s\nwant %s", code, said, want)
		}
		var pinned map[string]struct{ Email string }
		if written, err := os.ReadFile(filepath.Join(w.WorkingDir(), "baseline.json")); want == "" && (code != 0 || err != nil || json.Unmarshal(written, &pinned) != nil || len(pinned) != 2) {
			t.Errorf("it ends with %d: %s\nand pins %v", code, said, pinned)
		}
	}
}

// TestGuideAdoptGenerate: the configuration that Terraform writes plans clean.
func TestGuideAdoptGenerate(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	vips(t, server)
	before := byUserID(server)
	w := newGuide(t, server, "adopt-existing-customers/generate")
	planAndApplyGenerated(t, w, server, "terraform", "plan", "-no-color", "-generate-config-out=generated.tf")
	onlyChanges(t, server, before)
}

// TestGuideAdoptQuery: what terraform query finds and writes plans clean.
func TestGuideAdoptQuery(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	vips(t, server)
	before := byUserID(server)
	w := newGuide(t, server, "adopt-existing-customers/query")
	needs(t, "1.14.0", "")
	shown, _ := runScript(t, w, server, "terraform", "query", "-no-color")
	if !strings.Contains(shown, "Grace Hopper") || strings.Contains(shown, "Alan") {
		t.Errorf("terraform query shows\n%s", shown)
	}
	planAndApplyGenerated(t, w, server, "terraform", "query", "-no-color", "-generate-config-out=generated.tf")
	onlyChanges(t, server, before)
}

// nameProvider names the provider in import blocks that have no resource, where the
// client does not find it otherwise. What it returns takes that back.
func nameProvider(t *testing.T, w *terraformcli.Workspace) (restore func()) {
	t.Helper()
	if !isAtLeast(t, "1.16.0", "") {
		return func() {}
	}
	content, err := os.ReadFile(filepath.Join(w.WorkingDir(), "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	before := string(content)
	write(t, w.WorkingDir(), "main.tf", strings.ReplaceAll(before, "import {\n", "import {\n  provider = helpcrunch\n"))
	return func() { write(t, w.WorkingDir(), "main.tf", before) }
}

// planAndApplyGenerated adopts two customers with the configuration that the
// program writes to generated.tf.
func planAndApplyGenerated(t *testing.T, w *terraformcli.Workspace, server *sandbox.Server, program string, arguments ...string) {
	t.Helper()
	restore := nameProvider(t, w)
	if said, code := runScript(t, w, server, program, arguments...); code != 0 {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	restore()
	generated, err := os.ReadFile(filepath.Join(w.WorkingDir(), "generated.tf"))
	if err != nil || regexp.MustCompile(`(unsubscribed|blocked)\s+= (true|false)`).Match(generated) {
		t.Fatalf("generated: %v\n%s", err, generated)
	}
	shown, _ := runScript(t, w, server, "terraform", "plan", "-no-color")
	if !strings.Contains(shown, "2 to import, 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("the plan is\n%s", shown)
	}
	applied(t, w)
	if changes := planned(t, w); len(changes) != 0 {
		t.Errorf("the plan after it has %v", changes)
	}
}

// TestGuidePersonalData: from plain attributes to their twins nothing is sent, and
// from then on no value of people.csv stands where Terraform or the provider
// writes. What differs is named and put right all the same, and who is taken out
// of the file is gone.
func TestGuidePersonalData(t *testing.T) {
	needs(t, "1.11.0", "1.11.0")
	t.Parallel()
	server := newSandbox(t)
	w := newUsersWorkspace(t, server, read(t, "examples", "guides", "personal-data", "main.tf"))
	bringFiles(t, w, "personal-data", "")
	people := read(t, "examples", "guides", "personal-data", "people.csv")
	kept := t.TempDir() // elsewhere
	write(t, kept, "people.csv", people)
	if err := os.Remove(filepath.Join(w.WorkingDir(), "people.csv")); err != nil {
		t.Fatal(err)
	}
	terraform := logging(t, w, "TF_VAR_people="+filepath.Join(kept, "people.csv"))
	values := append(valuesOf(people), "else@example.com")

	// Before the twins all of it stood in the state.
	main := read(t, "examples", "guides", "personal-data", "main.tf")
	write(t, w.WorkingDir(), "main.tf", strings.NewReplacer("_wo ", " ", "personal_data_in_state = false", "").Replace(main))
	terraform.run("apply", "-auto-approve")
	if found := personal(t, w, "terraform.tfstate", values); len(found) != len(values)-1 {
		t.Errorf("the guide says that a state holds people's data; this one has %q", found)
	}
	server.ResetCounts()
	write(t, w.WorkingDir(), "main.tf", main)
	terraform.run("apply", "-auto-approve")
	if counts := served(server); counts[sandbox.OpPatch]+counts[sandbox.OpBatch] > 0 {
		t.Errorf("moving to the twins sent %v", counts)
	}
	if found := personal(t, w, "terraform.tfstate.backup", values); len(found) == 0 {
		t.Error("the guide says that the backup still has the values of before, and it has none")
	}

	changeByHand(t, server, byUserID(server)["crm-17"], sandbox.Record{"email": "else@example.com"})
	terraform.forget() // what the log had while the state had values
	drift := terraform.run("plan", "-out=people.tfplan")
	if !regexp.MustCompile(`(?s)digests\s+= \{\s+~ "email"\s+= "\w{6}:\w{16}" -> \(known after apply\)\s+# \(4 unchanged elements hidden\)`).MatchString(drift) ||
		!strings.Contains(drift, "0 to add, 1 to change, 0 to destroy.") {
		t.Errorf("the plan does not say that the e-mail address differs, and nothing else:\n%s", drift)
	}
	shown := terraform.run("show", "-json", "people.tfplan")
	if !strings.Contains(shown, `"resource_changes"`) {
		t.Errorf("the saved plan is %s", shown)
	}
	write(t, w.WorkingDir(), "shown.json", drift+shown)
	terraform.run("apply", "people.tfplan")
	if ada := byUserID(server)["crm-17"]; ada["email"] != "ada@example.com" || ada["name"] != "Ada Lovelace" || ada["phone"] != "+44 20 7946 0017" {
		t.Errorf("HelpCrunch holds %v", ada)
	}
	if again := terraform.run("plan"); !strings.Contains(again, "No changes.") {
		t.Errorf("the plan after it is\n%s", again)
	}

	write(t, kept, "people.csv", regexp.MustCompile(`(?m)^crm-18,.*\n`).ReplaceAllString(people, ""))
	terraform.run("apply", "-auto-approve")
	if left := byUserID(server); len(left) != 1 || left["crm-17"] == nil {
		t.Errorf("%v are left, want Ada", left)
	}
	if log, err := os.ReadFile(terraform.log); err != nil || !strings.Contains(string(log), "[TRACE] provider") {
		t.Errorf("the log is not that of the level TRACE: %v", err)
	}
	for _, file := range []string{"people.tfplan", "shown.json", "terraform.tfstate", "terraform.tfstate.backup", terraform.log} {
		if found := personal(t, w, file, values); len(found) > 0 {
			t.Errorf("%s has %q", file, found)
		}
	}
}

// TestGuidePersonalDataFromAStore: ephemeral variables stand in no plan, and have to
// be given again to apply a saved one.
func TestGuidePersonalDataFromAStore(t *testing.T) {
	needs(t, "1.11.0", "1.11.0")
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "personal-data/from-a-store")
	terraform := logging(t, w, `TF_VAR_user_ids=["crm-17"]`, `TF_VAR_people={"crm-17":{"name":"Ada Lovelace","email":"ada@example.com"}}`)
	planned := terraform.run("plan", "-out=people.tfplan")
	write(t, w.WorkingDir(), "shown.json", planned+terraform.run("show", "-json", "people.tfplan"))
	terraform.run("apply", "people.tfplan")
	if ada := onlyCustomer(t, server); ada["email"] != "ada@example.com" || ada["name"] != "Ada Lovelace" {
		t.Errorf("HelpCrunch holds %v", ada)
	}
	if again := terraform.run("plan"); !strings.Contains(again, "No changes.") {
		t.Errorf("the plan after it is\n%s", again)
	}
	for _, file := range []string{"people.tfplan", "shown.json", "terraform.tfstate", terraform.log} {
		if found := personal(t, w, file, []string{"Ada Lovelace", "ada@example.com"}); len(found) > 0 {
			t.Errorf("%s has %q", file, found)
		}
	}
}

// TestGuidePersonalDataLimits: what the guide says of values that are others when a
// plan is applied, and of ignore_changes.
func TestGuidePersonalDataLimits(t *testing.T) {
	needs(t, "1.11.0", "1.11.0")
	t.Parallel()
	server := newSandbox(t)
	w := newWorkspace(t, server, required)
	config := func(lines string) {
		write(t, w.WorkingDir(), "main.tf", required+"variable \"name\" {\n  type      = string\n  ephemeral = true\n}\n"+customerBlock("name_wo = var.name\n"+lines))
	}
	holds := func(field string, want any) {
		t.Helper()
		customer := onlyCustomer(t, server)
		held := customer[field]
		if property, ok := propertyOf(field); ok {
			held, _ = customer.Custom(property)
		}
		if held != want {
			t.Errorf("%s is %v, want %v", field, held, want)
		}
	}
	ada, eva := logging(t, w, "TF_VAR_name=Ada"), logging(t, w, "TF_VAR_name=Eva")
	config("")
	ada.run("apply", "-auto-approve")

	config(`company = "Engines"`)
	ada.run("plan", "-out=people.tfplan")
	server.ResetCounts()
	said, err := eva.try("apply", "people.tfplan")
	if counts := served(server); err == nil || !strings.Contains(said, "Provider produced inconsistent final plan") || counts[sandbox.OpPatch] > 0 {
		t.Errorf("another value in the apply: %v, %v\n%s", err, counts, said)
	}
	eva.run("plan", "-out=people.tfplan") // which says that the name is written
	logging(t, w, "TF_VAR_name=Ida").run("apply", "people.tfplan")
	holds("name", "Ida")
	holds("company", "Engines")

	for _, c := range []struct{ plan, ignored, held string }{
		{"gold", "", "gold"},
		{"silver", "custom_data_wo.plan", "silver"}, // to no effect
		{"bronze", "custom_data_wo", "silver"},
		{"iron", "name_wo, custom_data_wo", "silver"},
	} {
		config(`custom_data_wo = { plan = "` + c.plan + "\" }\n  lifecycle {\n    ignore_changes = [" + c.ignored + "]\n  }")
		ada.run("apply", "-auto-approve")
		holds("customData.plan", c.held)
	}
	eva.run("apply", "-auto-approve")
	holds("name", "Ada") // is let go and not cleared
}

// TestEphemeralExample runs the example of the ephemeral resource.
func TestEphemeralExample(t *testing.T) {
	needs(t, "1.11.0", "1.11.0")
	t.Parallel()
	server := newSandbox(t)
	ada(t, server) // whose number is 555
	w := newWorkspace(t, server, required+read(t, "examples", "ephemeral-resources", "helpcrunch_customer", "ephemeral-resource.tf"))
	terraform := logging(t, w)
	terraform.run("apply", "-auto-approve")
	if branch := byUserID(server)["crm-18"]; branch["phone"] != "555" {
		t.Errorf("HelpCrunch holds %v", branch)
	}
	if again := terraform.run("plan"); !strings.Contains(again, "No changes.") {
		t.Errorf("the plan after it is\n%s", again)
	}
	for _, file := range []string{"terraform.tfstate", terraform.log} {
		if found := personal(t, w, file, []string{`"555"`, "ada@example.com"}); len(found) > 0 {
			t.Errorf("%s has %q", file, found)
		}
	}
}

// loggingRuns are runs of Terraform of which the provider's log is kept, at TRACE.
type loggingRuns struct {
	t   *testing.T
	w   *terraformcli.Workspace
	log string
	env []string
}

func logging(t *testing.T, w *terraformcli.Workspace, env ...string) loggingRuns {
	t.Helper()
	log := filepath.Join(t.TempDir(), "provider.log")
	return loggingRuns{t, w, log, append(env, "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+log)}
}

func (r loggingRuns) run(arguments ...string) string {
	r.t.Helper()
	said, err := r.try(arguments...)
	if err != nil {
		r.t.Fatalf("terraform %v: %v\n%s", arguments, err, said)
	}
	return said
}

// try is run for what may fail.
func (r loggingRuns) try(arguments ...string) (string, error) {
	command := r.w.Command(r.t.Context(), arguments...)
	command.Env = append(command.Env, append(r.env, "TF_CLI_ARGS=-no-color")...)
	said, err := command.CombinedOutput()
	return string(said), err
}

// forget begins the log anew.
func (r loggingRuns) forget() {
	r.t.Helper()
	if err := os.Remove(r.log); err != nil {
		r.t.Fatal(err)
	}
}

// valuesOf are the cells of a CSV file, but for those of the header and of the first column.
func valuesOf(csv string) []string {
	var values []string
	for _, line := range strings.Split(strings.TrimSpace(csv), "\n")[1:] {
		for _, cell := range strings.Split(line, ",")[1:] {
			if cell != "" {
				values = append(values, cell)
			}
		}
	}
	return values
}

// personal are those of the values that stand in a file of the workspace: in a saved
// plan, which is a zip file, in any of its files, and in what base64 hides.
func personal(t *testing.T, w *terraformcli.Workspace, file string, values []string) []string {
	t.Helper()
	if !filepath.IsAbs(file) {
		file = filepath.Join(w.WorkingDir(), file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil {
		content = nil
		for _, packed := range archive.File {
			unpacked, err := archive.Open(packed.Name)
			if err != nil {
				t.Fatal(err)
			}
			part, err := io.ReadAll(unpacked)
			if err != nil {
				t.Fatal(err)
			}
			content = append(content, part...)
		}
	}
	for layer := content; len(layer) > 0; content = append(content, layer...) {
		hidden := layer
		layer = nil
		for _, run := range regexp.MustCompile(`[A-Za-z0-9+/]{12,}={0,2}`).FindAll(hidden, -1) {
			decoded := make([]byte, base64.StdEncoding.DecodedLen(len(run)))
			if n, err := base64.StdEncoding.Decode(decoded, run); err == nil {
				layer = append(append(layer, decoded[:n]...), '\n')
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool { return !bytes.Contains(content, []byte(value)) })
}

// TestGuideRateLimits: two workspaces have a state each, and share the budget
// of their key.
func TestGuideRateLimits(t *testing.T) {
	needs(t, "1.5.0", "1.6.0")
	t.Parallel()
	server := newSandbox(t)
	w := newGuide(t, server, "rate-limits-and-batches")
	shell := bashPath(t)
	for _, region := range []string{"eu", "us"} {
		if said, code := runScript(t, w, server, "terraform", "workspace", "select", "-or-create", region); code != 0 {
			t.Fatal(said)
		}
	}
	if said, code := runScript(t, w, server, shell, "apply-all.sh"); code != 0 || strings.Count(said, "2 added, 0 changed, 0 destroyed") != 2 {
		t.Fatalf("apply-all.sh ended with %d\n%s", code, said)
	}
	if n := len(server.Customers()); n != 4 {
		t.Errorf("%d customers, want 4", n)
	}
	for _, region := range []string{"eu", "us"} {
		if err := w.WorkspaceSelect(t.Context(), region); err != nil {
			t.Fatal(err)
		}
		if changes := planned(t, w); len(changes) != 0 {
			t.Errorf("%s is planned for %v", region, changes)
		}
	}
}

// TestGuideRateLimitsShared: what one workspace has spent, another one of the
// same key does not have.
func TestGuideRateLimitsShared(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	config := func(prefix, create string) string {
		return required + "provider \"helpcrunch\" {\n  requests_per_minute = 26\n}\n" +
			"resource \"helpcrunch_customer\" \"many\" {\n  count = 10\n  user_id = \"" + prefix + "-${count.index}\"\n  timeouts = { create = \"" + create + "\" }\n}\n"
	}
	applied(t, newWorkspace(t, server, config("a", "20m")))
	applied(t, newWorkspace(t, server, config("b", "20m")))
	diags, err := newWorkspace(t, server, config("c", "1s")).Apply(t.Context())
	if text := said(diags); err == nil || !strings.Contains(text, "request budget") {
		t.Errorf("a third workspace applies beyond the limit: %v\n%s", err, text)
	}
	if n := len(server.Requests()); n != 26 { // the account for a plan and an apply, and ten creates, twice; and the account, twice
		t.Errorf("%d requests were sent, want 26", n)
	}
}

// roundedUp is a / b, rounded up.
func roundedUp(a, b int) int { return (a + b - 1) / b }

// guideCosts are the formulas of the guide's table: requests for n customers with
// -parallelism=p.
var guideCosts = map[string]func(n, p int) int{
	"plan: read what is there": roundedUp,
	"create":                   func(n, _ int) int { return n },
	"update several":           func(n, _ int) int { return 3 + roundedUp(n-1, 10) },
	"delete":                   func(n, _ int) int { return n },
	"import by id":             roundedUp,
	"import by `user_id:` or `email:`": func(n, p int) int {
		if p >= 100 {
			return 2 * roundedUp(n, p) // a full page is followed by an empty one
		}
		return roundedUp(n, p)
	},
}

// TestGuideRateLimitsTable: the numbers in the table are what its formulas
// make of 1,000 customers.
func TestGuideRateLimitsTable(t *testing.T) {
	t.Parallel()
	page := read(t, "docs", "guides", "rate-limits-and-batches.md")
	for what, cost := range guideCosts {
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(what) + ` \|[^|]*\| (\d+) \| (\d+) \|$`).FindStringSubmatch(page)
		want := []string{"", itoa(int64(cost(1000, 10))), itoa(int64(cost(1000, 100)))}
		if len(row) != 3 || row[1] != want[1] || row[2] != want[2] {
			t.Errorf("the row of %q is %q, want it to end with %q", what, row, want[1:])
		}
	}
}

// TestGuideRateLimitsCosts: the formulas are true. It runs alone, like every
// count that depends on Terraform's own pace.
func TestGuideRateLimitsCosts(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	const n, p = 25, 10
	server := newSandbox(t)
	spent := func(what string, most int, run func()) {
		t.Helper()
		server.ResetCounts()
		run()
		want := most
		if cost := guideCosts[what]; cost != nil {
			want = cost(n, p)
			most = want + 1 // should Terraform pause all the same
		}
		if n := total(server); n < want || n > most {
			t.Errorf("%s: %d requests, want %d: %v", what, n, want, server.Counts().Served)
		}
	}
	w := newWorkspace(t, server, required+manyBlock(n, "gold"))
	spent("create", 0, func() { applied(t, w) })
	spent("plan: read what is there", 0, func() { planned(t, w) })
	write(t, w.WorkingDir(), "main.tf", required+manyBlock(n, "silver"))
	spent("update several", 0, func() { applied(t, w, tfexec.Refresh(false)) })

	imports := required + "import {\n  for_each = { for i in range(%d) : i => i }\n  to = helpcrunch_customer.many[each.key]\n  id = \"user_id:crm-${each.key}\"\n}\n" +
		"resource \"helpcrunch_customer\" \"many\" {\n  for_each = { for i in range(%[1]d) : i => i }\n  user_id = \"crm-${each.key}\"\n}\n"
	importing := newWorkspace(t, server, fmt.Sprintf(imports, n))
	spent("import by `user_id:` or `email:`", 0, func() { planned(t, importing) })

	spent("delete", 0, func() {
		if diags, err := w.Destroy(t.Context(), tfexec.Refresh(false)); err != nil {
			t.Fatalf("%v\n%s", err, said(diags))
		}
	})

	one := newWorkspace(t, server, required+customerBlock("name = \"Ada\"\n  custom_data = { plan = \"gold\", seats = 1 }"))
	applied(t, one)
	write(t, one.WorkingDir(), "main.tf", required+customerBlock("name = \"Ada King\"\n  custom_data = { plan = \"gold\", seats = 1 }"))
	spent("an update of one", 1, func() { applied(t, one, tfexec.Refresh(false)) })
	write(t, one.WorkingDir(), "main.tf", required+customerBlock("name = \"Ada King\"\n  custom_data = { plan = \"gold\", seats = 2 }"))
	spent("an update of a part of the custom attributes", 2, func() { applied(t, one, tfexec.Refresh(false)) })
}

// TestGuideStopManaging: each recipe lets go of what it says, and of nothing else;
// HelpCrunch holds afterwards what it held before.
func TestGuideStopManaging(t *testing.T) {
	needs(t, "1.7.0", "1.7.0")
	t.Parallel()
	// begun is the workspace in which the page begins, and who is in HelpCrunch then.
	begun := func(t *testing.T) (*sandbox.Server, *terraformcli.Workspace, sandbox.Record) {
		t.Helper()
		server := newSandbox(t)
		w := newGuide(t, server, "stop-managing")
		applied(t, w)
		return server, w, onlyCustomer(t, server)
	}
	kept := func(t *testing.T, server *sandbox.Server, before sandbox.Record) {
		t.Helper()
		if after := onlyCustomer(t, server); !reflect.DeepEqual(after, before) {
			t.Errorf("HelpCrunch holds\n%v\nand held\n%v", after, before)
		}
	}
	elsewhere := sandbox.Record{"phone": "555", "unsubscribed": false, "customData": map[string]any{"plan": "silver"}}

	t.Run("attributes", func(t *testing.T) {
		t.Parallel()
		server, w, ada := begun(t)
		bringFiles(t, w, "stop-managing/attributes", "")
		if diags, err := w.Apply(t.Context()); err != nil || !strings.Contains(said(diags), "Lines taken out are not all cleared") {
			t.Errorf("%v\n%s", err, said(diags))
		}
		kept(t, server, ada)
		changeByHand(t, server, ada, elsewhere)
		if changes := planned(t, w); len(changes) != 0 {
			t.Errorf("what is let go is planned for %v", changes)
		}
		changeByHand(t, server, ada, sandbox.Record{"company": "Acme", "customData": map[string]any{"seats": 13}})
		applied(t, w)
		after := onlyCustomer(t, server)
		plan, _ := after.Custom("plan")
		seats, _ := after.Custom("seats")
		if after["company"] != "Engines Ltd" || after["phone"] != "555" || after["unsubscribed"] != false || plan != "silver" || seats != json.Number("12") {
			t.Errorf("HelpCrunch holds %v", after)
		}
		editFile(t, w, "main.tf", "phone   = \"+44 20 7946 0001\"", "")
		if changes := planned(t, w); len(changes) != 0 {
			t.Errorf("without its line what is ignored is planned for %v", changes)
		}
		editFile(t, w, "main.tf", "[phone, custom_data.plan]", "[custom_data.plan]")
		applied(t, w)
		if phone := onlyCustomer(t, server)["phone"]; phone != nil {
			t.Errorf("the page says that it is cleared without ignore_changes, and it is %v", phone)
		}
	})
	t.Run("destroy = false", func(t *testing.T) {
		t.Parallel()
		needs(t, "1.16.0", "1.12.0")
		server := newSandbox(t)
		config := func(keys string) string {
			return required + "resource \"helpcrunch_customer\" \"many\" {\n  for_each = toset([" + keys + "])\n  user_id = each.key\n  lifecycle {\n    destroy = false\n  }\n}\n"
		}
		w := newWorkspace(t, server, config(`"crm-17", "crm-18", "crm-19"`))
		applied(t, w)
		write(t, w.WorkingDir(), "main.tf", config(`"crm-17", "crm-18"`))
		applied(t, w)
		if left := len(server.Customers()); left != 3 {
			t.Errorf("with one key less HelpCrunch has %d", left)
		}
		// The replacement of one finds that its predecessor is there, or not.
		_, err := w.Apply(t.Context(), tfexec.Replace(`helpcrunch_customer.many["crm-17"]`))
		client, _ := cli()
		if n := server.Count(sandbox.OpDelete); (err != nil) != client.tofu || (n == 0) != client.tofu {
			t.Errorf("with -replace %d were deleted: %v", n, err)
		}
		if client.tofu {
			if diags, err := w.Apply(t.Context()); err == nil || !strings.Contains(said(diags), "terraform import ADDRESS ") {
				t.Errorf("the apply after it says %v\n%s", err, said(diags))
			}
		}
		server.ResetCounts()
		write(t, w.WorkingDir(), "main.tf", required+"provider \"helpcrunch\" {}\n")
		applied(t, w)
		if n := server.Count(sandbox.OpDelete); (n == 0) != client.tofu {
			t.Errorf("with the block %d were taken out of HelpCrunch", n)
		}
	})
	t.Run("tags", func(t *testing.T) {
		t.Parallel()
		server := newSandbox(t)
		ignored := "\n  lifecycle {\n    ignore_changes = [tags]\n  }"
		w := newWorkspace(t, server, required+customerBlock(`tags = [{ name = "new" }]`+ignored))
		applied(t, w)
		ada := onlyCustomer(t, server)
		if !slices.Equal(ada.TagNames(), []string{"new"}) {
			t.Errorf("a customer begins with the tags %v", ada.TagNames())
		}
		changeByHand(t, server, ada, sandbox.Record{"tags": []string{"by an automation"}})
		ada = onlyCustomer(t, server)
		for _, line := range []string{`tags = [{ name = "new" }]`, `name = "Ada"` + "\n" + `tags = [{ name = "new" }]`, `name = "Ada"`} {
			write(t, w.WorkingDir(), "main.tf", required+customerBlock(line+ignored))
			applied(t, w)
			if tags := onlyCustomer(t, server).TagNames(); !slices.Equal(tags, ada.TagNames()) {
				t.Errorf("with %s the tags are %v", line, tags)
			}
		}
	})
	t.Run("again", func(t *testing.T) {
		t.Parallel()
		server, w, ada := begun(t)
		bringFiles(t, w, "stop-managing/again", "")
		if err := w.StateRm(t.Context(), "helpcrunch_customer.ada"); err != nil {
			t.Fatal(err)
		}
		shown, _ := runScript(t, w, server, "terraform", "plan", "-no-color")
		if !strings.Contains(shown, "1 to import, 0 to add") || !strings.Contains(shown, "0 to destroy") || !strings.Contains(shown, "Imported values are let go, not cleared") {
			t.Errorf("the plan is\n%s", shown)
		}
		applied(t, w)
		kept(t, server, ada)
		changeByHand(t, server, ada, elsewhere)
		if changes := planned(t, w); len(changes) != 0 {
			t.Errorf("what is let go is planned for %v", changes)
		}
	})
	t.Run("attribute of many", func(t *testing.T) {
		t.Parallel()
		server := newSandbox(t)
		w := newWorkspace(t, server, read(t, "examples", "guides", "stop-managing", "one-of-many", "main.tf"))
		editFile(t, w, "main.tf", `leaving   = ["crm-19"]`, `leaving   = []`)
		applied(t, w)
		before := byUserID(server)
		bringFiles(t, w, "stop-managing/attribute-of-many", "")
		if err := w.StateRm(t.Context(), `helpcrunch_customer.many["crm-19"]`); err != nil {
			t.Fatal(err)
		}
		applied(t, w)
		onlyChanges(t, server, before)
		changeByHand(t, server, before["crm-19"], sandbox.Record{"company": "Acme"})
		if changes := planned(t, w); len(changes) != 0 {
			t.Errorf("what is let go is planned for %v", changes)
		}
		changeByHand(t, server, before["crm-18"], sandbox.Record{"company": "Acme"})
		if changes := planned(t, w); len(changes) != 1 {
			t.Errorf("of the others it is planned for %v", changes)
		}
	})
	t.Run("customers", func(t *testing.T) {
		t.Parallel()
		server, w, ada := begun(t)
		bringFiles(t, w, "stop-managing/customers", "")
		applied(t, w)
		kept(t, server, ada)
		if state, err := w.Show(t.Context()); err != nil || state.Values != nil && len(state.Values.RootModule.Resources) > 0 {
			t.Errorf("the state has them still: %v", err)
		}
	})
	t.Run("one of many", func(t *testing.T) {
		t.Parallel()
		server := newSandbox(t)
		w := newGuide(t, server, "stop-managing/one-of-many")
		applied(t, w)
		before := byUserID(server)
		editFile(t, w, "main.tf", `customers = ["crm-18", "crm-19"]`, `customers = ["crm-18"]`)
		editFile(t, w, "main.tf", `leaving   = ["crm-19"]`, `leaving   = []`)
		if changes := planned(t, w); len(changes) != 1 || !changes[`helpcrunch_customer.many["crm-19"]`].Delete() {
			t.Errorf("it is planned for %v", changes)
		}
		applied(t, w)
		onlyChanges(t, server, before)
	})
	t.Run("write-only", func(t *testing.T) {
		t.Parallel()
		needs(t, "1.11.0", "1.11.0")
		server := newSandbox(t)
		w := newWorkspace(t, server, strings.Replace(read(t, "examples", "guides", "stop-managing", "write-only", "main.tf"), "ignore_changes = [phone_wo, custom_data_wo]", "", 1))
		applied(t, w)
		grace := onlyCustomer(t, server)

		// The form that has no effect.
		bringFiles(t, w, "stop-managing/write-only", "")
		editFile(t, w, "main.tf", "[phone_wo, custom_data_wo]", "[custom_data_wo.plan]")
		changeByHand(t, server, grace, sandbox.Record{"customData": map[string]any{"plan": "silver"}})
		applied(t, w)
		kept(t, server, grace)

		bringFiles(t, w, "stop-managing/write-only", "")
		if diags, err := w.Apply(t.Context()); err != nil || !strings.Contains(said(diags), "any more: phone, custom_data.plan, custom_data.seats. Where their lines were taken out") {
			t.Errorf("letting go says %v\n%s", err, said(diags))
		}
		editFile(t, w, "main.tf", "ignore_changes = [phone_wo, custom_data_wo]", "")
		editFile(t, w, "main.tf", "phone_wo = \"+44 20 7946 0002\"", "")
		editFile(t, w, "main.tf", "plan  = \"gold\"", "")
		applied(t, w)
		kept(t, server, grace)
		changeByHand(t, server, grace, sandbox.Record{"phone": "555", "customData": map[string]any{"plan": "silver"}})
		if changes := planned(t, w); len(changes) != 0 {
			t.Errorf("what is let go is planned for %v", changes)
		}
		changeByHand(t, server, grace, sandbox.Record{"customData": map[string]any{"seats": 13}})
		if changes := planned(t, w); len(changes) != 1 {
			t.Errorf("the property that stays is not managed any more")
		}
	})
}

// oneHelpCrunch is one address for several accounts, as the real one is: the API key
// says which is meant. It returns the address for the provider's base URL.
func oneHelpCrunch(t *testing.T, accounts map[string]*sandbox.Server) string {
	t.Helper()
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		_, key, _ := strings.Cut(r.In.Header.Get("Authorization"), " ")
		account := accounts[key]
		if account == nil {
			t.Errorf("a request with the key %q", key)
			return
		}
		address, err := url.Parse(strings.TrimSuffix(account.URL(), "/v1"))
		if err != nil {
			t.Error(err)
			return
		}
		r.SetURL(address)
		r.Out.Header.Set("Authorization", "Bearer "+account.Key())
	}})
	t.Cleanup(front.Close)
	return front.URL + "/v1"
}

// TestGuideTeamsAndAccounts: each account gets its own customers; a key of the wrong
// one gets nowhere, whichever way it comes; a new key and others' tags change nothing.
func TestGuideTeamsAndAccounts(t *testing.T) {
	needs(t, "1.10.0", "1.11.0")
	t.Parallel()
	production, staging := newAccountOf(t, sandbox.Organization{ID: 17, Domain: "acme"}), newAccountOf(t, sandbox.Organization{ID: 23, Domain: "acme-staging"})
	address := oneHelpCrunch(t, map[string]*sandbox.Server{"key-of-acme": production, "new-key-of-acme": production, "key-of-staging": staging})
	newTeam := func() *terraformcli.Workspace {
		w := newUsersWorkspace(t, production, required) // whose environment changes
		bringFiles(t, w, "teams-and-accounts", "")
		bringFiles(t, w, "teams-and-accounts/customers", "customers")
		if err := w.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := newTeam()
	run := func(w *terraformcli.Workspace, environment, stagingKey string, arguments ...string) (string, error) {
		t.Helper()
		command := w.Command(t.Context(), append(arguments, "-json")...)
		command.Env = append(command.Env, envBaseURL+"="+address, envAPIKey+"="+environment, "TF_VAR_staging_key="+stagingKey)
		output, err := command.Output()
		return said(terraformcli.Diagnostics(output)) + regexp.MustCompile(`Plan: [^"]*`).FindString(string(output)), err
	}
	// refused runs it with keys that nothing may be done with.
	refused := func(what string, w *terraformcli.Workspace, environment, stagingKey string, arguments []string, want ...string) {
		t.Helper()
		before := fmt.Sprint(production.Customers(), staging.Customers())
		production.ResetCounts()
		staging.ResetCounts()
		text, err := run(w, environment, stagingKey, arguments...)
		for _, want := range want {
			if err == nil || !strings.Contains(text, want) {
				t.Errorf("%s: %v: it does not say %q:\n%s", what, err, want, text)
			}
		}
		for _, account := range []*sandbox.Server{production, staging} {
			for _, operation := range []sandbox.Operation{sandbox.OpCreate, sandbox.OpTag, sandbox.OpUntag, sandbox.OpDelete, sandbox.OpPatch, sandbox.OpBatch} {
				if n := account.Counts().Served[operation]; n != 0 {
					t.Errorf("%s: %d requests of %s", what, n, operation)
				}
			}
		}
		if after := fmt.Sprint(production.Customers(), staging.Customers()); after != before {
			t.Errorf("%s: HelpCrunch holds\n%s\nand held\n%s", what, after, before)
		}
	}
	apply := []string{"apply", "-auto-approve"}
	isAcme, isStaging := `configuration is for the HelpCrunch account "acme", and the API key is one of account 23 ("acme-staging")`,
		`configuration is for the HelpCrunch account "acme-staging", and the API key is one of account 17 ("acme")`

	// Before there is a state, which could tell.
	refused("keys swapped, nobody there", w, "key-of-staging", "key-of-acme", apply, isAcme, isStaging)

	if text, err := run(w, "key-of-acme", "key-of-staging", apply...); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	inProduction, inStaging := byUserID(production), byUserID(staging)
	if len(inProduction) != 2 || inProduction["crm-17"]["name"] != "Ada Lovelace" || len(inStaging) != 1 || !slices.Equal(inStaging["test-1"].TagNames(), []string{"managed"}) {
		t.Errorf("the accounts hold %v and %v", inProduction, inStaging)
	}
	state, err := os.ReadFile(filepath.Join(w.WorkingDir(), "terraform.tfstate"))
	if err != nil || strings.Contains(string(state), "key-of") {
		t.Errorf("an API key is in the state: %v", err)
	}

	refused("keys swapped", w, "key-of-staging", "key-of-acme", apply, isAcme, isStaging)
	refused("the wrong key in the environment", w, "key-of-staging", "key-of-staging", apply, isAcme)
	refused("the wrong key in the environment, to destroy", w, "key-of-staging", "key-of-staging", append([]string{"destroy"}, apply[1:]...), isAcme)

	changeByHand(t, production, inProduction["crm-17"], sandbox.Record{"tags": []string{"managed", "by an automation"}})
	if text, err := run(w, "new-key-of-acme", "key-of-staging", "plan"); err != nil || !strings.Contains(text, "Plan: 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("with a new key and another tag: %v\n%s", err, text)
	}

	// A pipeline that lost its state.
	killed := newTeam()
	text, err := run(killed, "key-of-acme", "key-of-staging", apply...)
	for _, customer := range append(production.Customers(), staging.Customers()...) {
		if command := "terraform import ADDRESS " + itoa(customer.ID()); err == nil || !strings.Contains(text, command) {
			t.Errorf("without its state it does not say %s: %v\n%s", command, err, text)
		}
	}
	if n := len(production.Customers()) + len(staging.Customers()); n != 3 {
		t.Errorf("without its state it left %d customers, want 3", n)
	}
	bringFiles(t, killed, "teams-and-accounts/killed", "")
	if text, err := run(killed, "key-of-acme", "key-of-staging", apply...); err != nil {
		t.Errorf("taken up: %v\n%s", err, text)
	}
	if text, err := run(killed, "key-of-acme", "key-of-staging", "plan"); err != nil || !strings.Contains(text, "Plan: 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("after it was taken up: %v\n%s", err, text)
	}
	if n := len(production.Customers()) + len(staging.Customers()); n != 3 {
		t.Errorf("taking them up left %d customers, want 3", n)
	}

	// Without organization in the provider blocks the state tells.
	editFile(t, w, "main.tf", `organization = "acme"`, "")
	editFile(t, w, "main.tf", `organization = "acme-staging"`, "")
	refused("keys swapped, without organization", w, "key-of-staging", "key-of-acme", apply,
		`HelpCrunch account 17, and the API key is one of account 23 ("acme-staging")`, `HelpCrunch account 23, and the API key is one of account 17 ("acme")`)
}

// TestGuideTwoSandboxes: with a sandbox for each account, started as the guide says,
// the wrong address gets nowhere, by the setting and by the state.
func TestGuideTwoSandboxes(t *testing.T) {
	needs(t, "1.10.0", "1.11.0")
	t.Parallel()
	folder, err := scriptPrograms()
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(read(t, "docs", "guides", "teams-and-accounts.md"), "### See it refuse")
	var addresses []string
	for _, line := range regexp.MustCompile(`(?m)^helpcrunch-sandbox (.*)$`).FindAllStringSubmatch(page, -1) {
		program := exec.CommandContext(t.Context(), filepath.Join(folder, "helpcrunch-sandbox"), append(strings.Fields(line[1]), "-address", "127.0.0.1:0", "-rate", "0")...)
		output, err := program.StdoutPipe()
		if err == nil {
			err = program.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = program.Wait() }) // the context has ended by then
		banner := bufio.NewScanner(output)
		for banner.Scan() {
			if _, address, found := strings.Cut(banner.Text(), "export "+envBaseURL+"="); found {
				addresses = append(addresses, address)
				break
			}
		}
	}
	if len(addresses) != 2 {
		t.Fatalf("the guide starts %d sandboxes", len(addresses))
	}
	w := newUsersWorkspace(t, newSandbox(t), required) // whose environment changes
	bringFiles(t, w, "teams-and-accounts", "")
	bringFiles(t, w, "teams-and-accounts/customers", "customers")
	editFile(t, w, "main.tf", `organization = "acme-staging"`, `organization = "acme-staging"
  base_url     = "`+addresses[1]+`"`)
	if err := w.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	apply := func(address string) (string, error) {
		command := w.Command(t.Context(), "apply", "-auto-approve", "-json")
		command.Env = append(command.Env, envBaseURL+"="+address, envAPIKey+"="+sandbox.DefaultKey, "TF_VAR_staging_key="+sandbox.DefaultKey, envRequestsPerMinute+"=100000")
		output, err := command.Output()
		return said(terraformcli.Diagnostics(output)), err
	}
	if said, err := apply(addresses[0]); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	refused := func(want string) {
		t.Helper()
		said, err := apply(addresses[1])
		if err == nil || !strings.Contains(said, want) {
			t.Errorf("%v: it does not say %q:\n%s", err, want, said)
		}
	}
	refused("The API key is one of another organization")
	editFile(t, w, "main.tf", `organization = "acme"`, "")
	refused(`HelpCrunch account 17, and the API key is one of account 23 ("acme-staging")`)
	answer, err := http.Get(strings.TrimSuffix(addresses[1], "v1") + "_sandbox/customers")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if customers, err := sandbox.ReadCustomers(answer.Body); err != nil || len(customers) != 1 || customers[0]["userId"] != "test-1" {
		t.Errorf("the other account has %v: %v", customers, err)
	}
}

// TestGuideTryWithoutAnAccount: a module is tested against a sandbox of its
// own, and what a colleague would do is done by hand.
func TestGuideTryWithoutAnAccount(t *testing.T) {
	needs(t, "1.6.0", "1.6.0")
	t.Parallel()
	elsewhere := newSandbox(t) // which the script must not use
	w := newGuide(t, elsewhere, "try-without-an-account")
	bringFiles(t, w, "try-without-an-account/tests", "tests")
	said, code := runScript(t, w, elsewhere, bashPath(t), "test.sh")
	if code != 0 || !strings.Contains(said, "2 passed, 0 failed") {
		t.Errorf("test.sh ended with %d\n%s", code, said)
	}
	log, err := os.ReadFile(filepath.Join(w.WorkingDir(), "sandbox.log"))
	editFile(t, w, "test.sh", "plan=text", "plan=txt") // and the sandbox does not start
	if said, code := runScript(t, w, elsewhere, bashPath(t), "test.sh"); code == 0 || !strings.Contains(said, "The sandbox did not start") {
		t.Errorf("without a sandbox test.sh ended with %d\n%s", code, said)
	}
	if err != nil || strings.Count(string(log), "POST /v1/customers 201") != 2 && strings.Count(string(log), "POST /v1/customers 200") != 2 ||
		strings.Count(string(log), "DELETE /v1/customers/") != 2 {
		t.Errorf("sandbox.log: %v\n%s", err, log)
	}
	if n := len(elsewhere.Requests()); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

func TestGuideByHand(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	w := newWorkspace(t, server, required+customerBlock(`name = "Ada"`))
	applied(t, w)
	shell := bashPath(t)
	byHand := strings.ReplaceAll(read(t, "examples", "guides", "try-without-an-account", "by-hand.sh"), "http://127.0.0.1:8080", strings.TrimSuffix(server.URL(), "/v1"))
	write(t, w.WorkingDir(), "by-hand.sh", "set -e\n"+strings.ReplaceAll(byHand, "curl ", "curl --fail --silent "))
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the script is for people who have curl; .ci/run brings it")
	}
	said, code := runScript(t, w, server, shell, "by-hand.sh")
	if code != 0 || !strings.Contains(said, `"Ada"`) || !strings.Contains(said, `"create":1`) {
		t.Errorf("by-hand.sh ended with %d\n%s", code, said)
	}
	switches, armed, customers := server.Switches(), server.Armed(), server.Customers()
	if len(customers) != 2 || customers[0]["name"] != "Somebody Else" || customers[1]["userId"] != "crm-18" || !slices.Equal(customers[1].TagNames(), []string{"vip"}) ||
		!switches.TagsAppend || len(armed) != 1 || armed[0].Kind != sandbox.DropAfter {
		t.Errorf("customers %v, switches %+v, faults %+v", customers, switches, armed)
	}
	// The answer that is lost is asked for again.
	applied(t, w)
	if name := server.Customers()[0]["name"]; name != "Ada" || len(server.Armed()) != 0 {
		t.Errorf("name is %v, faults %v", name, server.Armed())
	}
}

// TestFirstApply is the first screen of the documentation.
func TestFirstApply(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	w := newWorkspace(t, server, read(t, "examples", "provider", "first.tf"))
	if diags, err := w.Apply(t.Context()); err != nil || len(diags) > 0 {
		t.Fatalf("%v\n%s", err, said(diags))
	}
	ada := onlyCustomer(t, server)
	if ada["name"] != "Ada Lovelace" || !slices.Equal(ada.TagNames(), []string{"vip"}) {
		t.Errorf("HelpCrunch holds %v", ada)
	}
	changeByHand(t, server, ada, sandbox.Record{"name": "Ada King"})
	if changes := planned(t, w); len(changes) != 1 {
		t.Errorf("the plan after a change in HelpCrunch has %v", changes)
	}
	if _, err := w.Destroy(t.Context()); err != nil || len(server.Customers()) != 0 {
		t.Errorf("destroy: %v, %d customers are left", err, len(server.Customers()))
	}
}

// TestSearchExamples runs the examples of the data source helpcrunch_customers.
func TestSearchExamples(t *testing.T) {
	t.Parallel()
	server := newSandbox(t)
	people(t, server)
	folder := filepath.Join("examples", "data-sources", "helpcrunch_customers")
	w := newWorkspace(t, server, required+read(t, folder, "data-source.tf"))
	applied(t, w)
	outputs, err := w.Output(t.Context())
	var quiet []string
	if err != nil || json.Unmarshal(outputs["quiet"].Value, &quiet) != nil || !slices.Equal(quiet, []string{"Ada"}) {
		t.Errorf("quiet is %s, %v", outputs["quiet"].Value, err)
	}

	needs(t, "1.7.0", "1.7.0")
	before := server.Customers()
	write(t, w.WorkingDir(), "main.tf", required+read(t, folder, "data-source_import.tf"))
	applied(t, w)
	state, err := w.Show(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	adopted := 0
	for _, resource := range state.Values.RootModule.Resources {
		if strings.HasPrefix(resource.Address, "helpcrunch_customer.vip[") {
			adopted++
		}
	}
	if adopted != 2 || !reflect.DeepEqual(server.Customers(), before) {
		t.Errorf("%d customers were adopted, want 2; HelpCrunch holds %v", adopted, server.Customers())
	}
}

// TestQueryExample runs the example of the list resource.
func TestQueryExample(t *testing.T) {
	needs(t, "1.14.0", "")
	t.Parallel()
	server := newSandbox(t)
	people(t, server)
	query := newWorkspace(t, server, required)
	write(t, query.WorkingDir(), "list-resource.tfquery.hcl", read(t, "examples", "list-resources", "helpcrunch_customer", "list-resource.tfquery.hcl"))
	said, code := runScript(t, query, server, "terraform", "query", "-no-color")
	if grace, ada := strings.Index(said, "Grace"), strings.Index(said, "Ada"); code != 0 || grace < 0 || ada < grace || strings.Contains(said, "Alan") {
		t.Errorf("terraform query ended with %d\n%s", code, said)
	}
}

// TestQueryFiles: what query files write is in the schema of the list resource,
// for clients that are too old to say so.
func TestQueryFiles(t *testing.T) {
	t.Parallel()
	server, err := NewServer(New("test"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		"examples/list-resources/helpcrunch_customer/list-resource.tfquery.hcl",
		"examples/guides/adopt-existing-customers/query/vip.tfquery.hcl",
	} {
		text := read(t, filepath.FromSlash(file))
		list := regexp.MustCompile(`(?ms)^list "(\w+)" "\w+" \{\n  provider = helpcrunch$.*^  config \{\n(.*)^  \}\n\}$`).FindStringSubmatch(strings.TrimSpace(text))
		if list == nil || answer.ListResourceSchemas[list[1]] == nil {
			t.Errorf("%s has no list block that this test can read", file)
			continue
		}
		for _, argument := range regexp.MustCompile(`(?m)^    (\w+) +=`).FindAllStringSubmatch(list[2], -1) {
			if !slices.ContainsFunc(answer.ListResourceSchemas[list[1]].Block.Attributes, func(a *tfprotov6.SchemaAttribute) bool { return a.Name == argument[1] }) {
				t.Errorf("%s: %s has no argument %s", file, list[1], argument[1])
			}
		}
	}
}

// TestGuidesShowWhatIsTested: each configuration and script of the guides is a
// file that a test runs; what is no file is a command of one line. Each file is
// shown, and each link leads somewhere.
func TestGuidesShowWhatIsTested(t *testing.T) {
	t.Parallel()
	shown := make(map[string]bool) // the content of code blocks, by page
	pages := []string{"docs/index.md"}
	for _, page := range guideFolders {
		if page = "docs/guides/" + page; !slices.Contains(pages, page) {
			pages = append(pages, page)
		}
	}
	command := regexp.MustCompile(`^([A-Z_]+=\S+ )?(terraform|export|git|cd|make|helpcrunch-sandbox|\./job\.sh) [^\n]*$`)
	examples := exampleFiles(t)
	for _, page := range pages {
		text := read(t, filepath.FromSlash(page))
		for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)\n```$").FindAllStringSubmatch(text, -1) {
			language, code := block[1], block[2]
			file := examples[code]
			folder := filepath.ToSlash(filepath.Dir(file))
			guide := guideFolders[strings.TrimPrefix(folder, "examples/guides/")]
			switch {
			case language == "shell" && command.MatchString(code):
			case file == "":
				t.Errorf("%s shows what no file of examples/ has:\n%s", page, code)
			case guide == "" && folder != "examples/provider":
				t.Errorf("%s shows %s, which is in no folder that guideFolders names", page, file)
			}
			shown[page+code] = true
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+\.md)`).FindAllStringSubmatch(text, -1) {
			target := filepath.Join("..", "..", filepath.Dir(page), link[1])
			if _, err := os.Stat(target); err != nil && filepath.Base(target) != "benchmark.md" { // made by make bench
				t.Errorf("%s links to %s, which is not there", page, link[1])
			}
		}
		for _, link := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(text, -1) {
			if heading := strings.ReplaceAll(link[1], "-", " "); !strings.Contains(strings.ToLower(text), "## "+heading+"\n") {
				t.Errorf("%s links to its part %s, which is not there", page, link[1])
			}
		}
	}
	for code, file := range examples {
		folder, isGuide := strings.CutPrefix(filepath.ToSlash(filepath.Dir(file)), "examples/guides/")
		if isGuide && !shown["docs/guides/"+guideFolders[folder]+code] {
			t.Errorf("%s is not shown by %s", file, guideFolders[folder])
		}
	}
}

// exampleFiles are the files of examples/ by their content, as pages show it.
func exampleFiles(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(filepath.Join(root, "examples"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, path)
		key := strings.TrimSpace(string(content))
		if known := files[key]; known == "" || !strings.Contains(known, "guides") {
			files[key] = file
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
