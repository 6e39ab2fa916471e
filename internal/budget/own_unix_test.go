// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package budget

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// What others, or accidents, put where the budget's file or its lock would be:
// nothing of it is written to, waited for or followed.
func TestOnlyAFileOfOnesOwnIsOpened(t *testing.T) {
	const precious = "another file of the user"
	tests := map[string]struct {
		why   string // in the log
		place func(t *testing.T, folder, name, other string) error
	}{
		"symbolic link": {"too many", func(_ *testing.T, folder, name, other string) error {
			return os.Symlink(other, filepath.Join(folder, name))
		}},
		"symbolic link to nothing": {"too many", func(_ *testing.T, folder, name, other string) error {
			return os.Symlink(other+".new", filepath.Join(folder, name))
		}},
		"hard link": {errSecondName.Error(), func(_ *testing.T, folder, name, other string) error {
			return os.Link(other, filepath.Join(folder, name))
		}},
		"pipe": {errNotRegular.Error(), func(_ *testing.T, folder, name, _ string) error {
			return syscall.Mkfifo(filepath.Join(folder, name), 0o600)
		}},
		"folder": {"is a directory", func(_ *testing.T, folder, name, _ string) error {
			return os.Mkdir(filepath.Join(folder, name), 0o700)
		}},
		"file that others write to": {errNotOwnFile.Error(), func(t *testing.T, folder, name, _ string) error {
			writeFile(t, filepath.Join(folder, name), "")
			return os.Chmod(filepath.Join(folder, name), 0o666)
		}},
		"file of somebody else": {errNotOwnFile.Error(), func(t *testing.T, folder, name, _ string) error {
			writeFile(t, filepath.Join(folder, name), precious)
			return giveAway(t, filepath.Join(folder, name))
		}},
		"folder that others write to": {errNotOwnFolder.Error(), func(_ *testing.T, folder, _, _ string) error {
			return os.Chmod(folder, 0o777) //nolint:gosec // what is tested
		}},
		"folder of somebody else": {errNotOwnFolder.Error(), func(t *testing.T, folder, _, _ string) error {
			return giveAway(t, folder)
		}},
		"folder through a link": {errNotOwnFolder.Error(), func(_ *testing.T, folder, _, other string) error {
			if err := os.Remove(folder); err != nil {
				return err
			}
			return os.Symlink(filepath.Dir(other), folder)
		}},
	}
	for _, name := range []string{"budget.json", "budget.json.lock"} {
		for what, test := range tests {
			t.Run(name+" is a "+what, func(t *testing.T) {
				folder, elsewhere := ownFolder(t), ownFolder(t)
				other := filepath.Join(elsewhere, "notes.txt")
				writeFile(t, other, precious)
				if err := test.place(t, folder, name, other); err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) {
					var j journal
					b, start := New(Config{Limit: 1, File: filepath.Join(folder, "budget.json"), Log: j.log}), time.Now()
					acquire(t, b).Answered()
					expectAt(t, start, 0)
					lines := j.logged()
					if len(lines) != 1 || !strings.Contains(lines[0].message, "cannot be shared") {
						t.Fatalf("logged %v, want one line that the budget is not shared", lines)
					}
					if why := lines[0].fields["error"].(string); !strings.Contains(why, test.why) {
						t.Errorf("the log says %q, want the reason %q", why, test.why)
					}
					acquire(t, b).Answered()
					expectSoonAfter(t, start, time.Minute, late)
				})
				if content, err := os.ReadFile(other); err != nil || string(content) != precious {
					t.Errorf("the other file holds %q, error %v", content, err)
				}
				if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) != 1 {
					t.Errorf("the other folder holds %v, error %v, want the one file", entries, err)
				}
			})
		}
	}
}

// giveAway makes somebody else the owner, which only root can.
func giveAway(t *testing.T, path string) error {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	return os.Chown(path, 12345, -1)
}
