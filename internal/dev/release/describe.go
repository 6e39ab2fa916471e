// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// describe writes, beside the folder of a release, what GitHub shows of it and
// what its provenance is about: notes.md, and subjects.txt with the SHA-256 and
// the name of each zip, each bill of materials and the manifest.
func describe(dir string) error {
	r, err := open(dir)
	if err != nil {
		return err
	}
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return fmt.Errorf("run this from the root of the repository: %w", err)
	}
	notes, err := r.notes(string(changelog))
	if err != nil {
		return err
	}
	subjects, err := r.subjects()
	if err != nil {
		return err
	}
	beside := filepath.Dir(filepath.Clean(dir))
	return errors.Join(
		os.WriteFile(filepath.Join(beside, "notes.md"), []byte(notes), 0o600),
		os.WriteFile(filepath.Join(beside, "subjects.txt"), []byte(subjects), 0o600),
	)
}

var heading = regexp.MustCompile(`(?m)^## (\S+) \(.+\)\n`)

// changes is the section of a version in the changelog.
func changes(changelog, version string) (string, error) {
	found := heading.FindAllStringSubmatchIndex(changelog, -1)
	for i, at := range found {
		if changelog[at[2]:at[3]] != version {
			continue
		}
		end := len(changelog)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		return strings.TrimSpace(changelog[at[1]:end]), nil
	}
	return "", fmt.Errorf("CHANGELOG.md has no section %q", "## "+version+" (DATE)")
}

// notes are what GitHub shows of the release.
func (r *release) notes(changelog string) (string, error) {
	section, err := changes(changelog, r.version)
	if err != nil {
		return "", err
	}
	binary, err := r.provider("linux_amd64")
	if err != nil {
		return "", err
	}
	zip, err := os.Stat(filepath.Join(r.dir, r.zip("linux_amd64")))
	if err != nil {
		return "", err
	}
	const million = 1e6
	return strings.NewReplacer(
		"SECTION", section, "VERSION", r.version, "NAME", r.name, "MODULE", module,
		"REPOSITORY", strings.TrimPrefix(module, "github.com/"),
		"UNPACKED", fmt.Sprintf("%.1f", float64(len(binary))/million), "PACKED", fmt.Sprintf("%.1f", float64(zip.Size())/million),
	).Replace(`SECTION

## Size

The provider for Linux on amd64 has UNPACKED MB, PACKED MB in its zip.

## How to verify it

Terraform and OpenTofu look at signature and checksums in ` + "`init`" + `. To do so by hand, with the [public key](https://MODULE/blob/vVERSION/.github/release-key.asc) of this repository:

    gpg --import release-key.asc
    gpg --verify NAME_SHA256SUMS.sig NAME_SHA256SUMS
    sha256sum --check --ignore-missing NAME_SHA256SUMS

Where a zip comes from, and that the release workflow of this repository built it from this tag:

    gh attestation verify NAME_linux_amd64.zip --repo REPOSITORY --source-ref refs/tags/vVERSION

Beside each zip lies a CycloneDX bill of materials of what is in it (` + "`.cdx.json`" + `), which the attestation covers too. And ` + "`make release-build`" + ` on the tag builds the same bytes.
`), nil
}

func (r *release) subjects() (string, error) {
	var text strings.Builder
	files := []string{r.manifest()}
	for _, platform := range platforms {
		files = append(files, r.zip(platform), r.bill(platform))
	}
	for _, file := range files {
		content, err := r.read(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(content), file)
	}
	return text.String(), nil
}
