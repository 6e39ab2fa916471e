// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/mod/semver"
)

const (
	project = "terraform-provider-helpcrunch"
	module  = "github.com/terraform-helpcrunch/" + project
)

// platforms are those that HashiCorp recommends for a registry, and those that
// Terraform itself is released for beside them.
var platforms = []string{
	"darwin_amd64", "darwin_arm64", "freebsd_386", "freebsd_amd64", "freebsd_arm", "linux_386",
	"linux_amd64", "linux_arm", "linux_arm64", "windows_386", "windows_amd64", "windows_arm64",
}

// release is a folder with what a release consists of, and nothing else.
type release struct {
	dir     string
	name    string // what all file names begin with
	version string
	info    func(binary []byte) (*debug.BuildInfo, error)
}

// open finds out which version a folder has.
func open(dir string) (*release, error) {
	sums, err := filepath.Glob(filepath.Join(dir, "*_SHA256SUMS"))
	if err != nil || len(sums) != 1 {
		return nil, fmt.Errorf("%q has %d files of the name %s_VERSION_SHA256SUMS, want one", dir, len(sums), project)
	}
	name := strings.TrimSuffix(filepath.Base(sums[0]), "_SHA256SUMS")
	version, ok := strings.CutPrefix(name, project+"_")
	if !ok || semver.Canonical("v"+version) != "v"+version {
		return nil, fmt.Errorf("%s has to be %s_VERSION, with a version such as 1.2.3", name, project)
	}
	return &release{dir, name, version, func(binary []byte) (*debug.BuildInfo, error) {
		return buildinfo.Read(bytes.NewReader(binary))
	}}, nil
}

func (r *release) zip(platform string) string  { return r.name + "_" + platform + ".zip" }
func (r *release) bill(platform string) string { return r.name + "_" + platform + ".cdx.json" }
func (r *release) manifest() string            { return r.name + "_manifest.json" }
func (r *release) sums() string                { return r.name + "_SHA256SUMS" }
func (r *release) signature() string           { return r.sums() + ".sig" }

// binary is the name of the provider in a zip.
func (r *release) binary(platform string) string {
	name := project + "_v" + r.version
	if strings.HasPrefix(platform, "windows_") {
		name += ".exe"
	}
	return name
}

func (r *release) read(file string) ([]byte, error) {
	return os.ReadFile(filepath.Join(r.dir, file))
}

// check asks for everything that the registries of Terraform and OpenTofu ask
// for, and that each zip has what its name and its bill of materials say.
func (r *release) check(keyring []byte) error {
	problems := []error{r.checkNames(), r.checkSums(), r.checkSignature(keyring), r.checkManifest()}
	for _, platform := range platforms {
		binary, err := r.checkZip(platform)
		if err == nil {
			err = r.checkBinary(platform, binary)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", r.zip(platform), err)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (r *release) checkNames() error {
	want := []string{r.manifest(), r.sums(), r.signature()}
	for _, platform := range platforms {
		want = append(want, r.zip(platform), r.bill(platform))
	}
	files, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	var problems []error
	for _, file := range files {
		if !slices.Contains(want, file.Name()) {
			problems = append(problems, fmt.Errorf("%s does not belong to a release", file.Name()))
		}
		want = slices.DeleteFunc(want, func(name string) bool { return name == file.Name() })
	}
	for _, name := range want {
		problems = append(problems, fmt.Errorf("%s is missing", name))
	}
	return errors.Join(problems...)
}

// checkSums wants a sum of each zip and of the manifest, and of nothing else:
// the registry of Terraform refuses a release that lists more.
func (r *release) checkSums() error {
	text, err := r.read(r.sums())
	if err != nil {
		return err
	}
	want := []string{r.manifest()}
	for _, platform := range platforms {
		want = append(want, r.zip(platform))
	}
	slices.Sort(want)
	var listed []string
	var problems []error
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || filepath.Base(name) != name {
			problems = append(problems, fmt.Errorf("%s has the line %q, want a sum, two spaces and a name", r.sums(), line))
			continue
		}
		listed = append(listed, name)
		content, err := r.read(name)
		if digest := sha256.Sum256(content); err == nil && hex.EncodeToString(digest[:]) != sum {
			err = fmt.Errorf("%s has the SHA-256 %x, but %s says %s", name, digest, r.sums(), sum)
		}
		problems = append(problems, err)
	}
	slices.Sort(listed)
	if !slices.Equal(listed, want) {
		problems = append(problems, fmt.Errorf("%s lists %q, want %q", r.sums(), listed, want))
	}
	return errors.Join(problems...)
}

// checkSignature does what Terraform and OpenTofu do in init, with the library
// that they do it with.
func (r *release) checkSignature(keyring []byte) error {
	sums, err := r.read(r.sums())
	if err != nil {
		return err
	}
	signature, err := r.read(r.signature())
	if err != nil {
		return fmt.Errorf("the checksums are not signed: %w", err)
	}
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(keyring))
	if err != nil {
		return fmt.Errorf("the public key: %w", err)
	}
	if bytes.HasPrefix(signature, []byte("-----BEGIN")) {
		return fmt.Errorf("%s is armoured text, and the registries want it binary", r.signature())
	}
	signer, err := openpgp.CheckDetachedSignature(keys, bytes.NewReader(sums), bytes.NewReader(signature), nil)
	if err != nil {
		return fmt.Errorf("%s is no signature by the public key: %w", r.signature(), err)
	}
	if algorithm := signer.PrimaryKey.PubKeyAlgo; algorithm != packet.PubKeyAlgoRSA && algorithm != packet.PubKeyAlgoDSA {
		return errors.New("the key is on an elliptic curve, and the registry of Terraform takes RSA and DSA only")
	}
	return nil
}

func (r *release) checkManifest() error {
	var manifest struct {
		Version  int `json:"version"`
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		} `json:"metadata"`
	}
	text, err := r.read(r.manifest())
	if err == nil {
		err = json.Unmarshal(text, &manifest)
	}
	if err != nil {
		return fmt.Errorf("the manifest: %w", err)
	}
	if protocols := manifest.Metadata.ProtocolVersions; manifest.Version != 1 || !slices.Equal(protocols, []string{"6.0"}) {
		return fmt.Errorf("%s has version %d and protocols %q, want 1 and 6.0, which main.go serves", r.manifest(), manifest.Version, protocols)
	}
	return nil
}

// checkZip looks into a zip, and returns the provider in it.
func (r *release) checkZip(platform string) (binary []byte, err error) {
	archive, err := zip.OpenReader(filepath.Join(r.dir, r.zip(platform)))
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	want := map[string]fs.FileMode{"CHANGELOG.md": 0o644, "LICENSE": 0o644, "README.md": 0o644, r.binary(platform): 0o755}
	for _, file := range archive.File {
		mode, ok := want[file.Name]
		if !ok {
			return nil, fmt.Errorf("%s does not belong there, or is there twice", file.Name)
		}
		delete(want, file.Name)
		if file.Mode() != mode {
			return nil, fmt.Errorf("%s has the mode %v, want %v", file.Name, file.Mode(), mode)
		}
		content, err := fs.ReadFile(archive, file.Name) // compares the checksum of the zip
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
		if mode == 0o755 {
			binary = content
		}
	}
	if len(want) > 0 {
		return nil, fmt.Errorf("%s is missing", strings.Join(slices.Sorted(maps.Keys(want)), ", "))
	}
	return binary, nil
}

// checkBinary compares what a binary says of itself with its name and its bill
// of materials.
func (r *release) checkBinary(platform string, binary []byte) error {
	info, err := r.info(binary)
	if err != nil {
		return fmt.Errorf("the provider is no Go program: %w", err)
	}
	system, architecture, _ := strings.Cut(platform, "_")
	settings := map[string]string{
		"GOOS": system, "GOARCH": architecture, "CGO_ENABLED": "0", "-trimpath": "true", "vcs.modified": "false",
	}
	if architecture == "arm" {
		settings["GOARM"] = "6"
	}
	for _, setting := range info.Settings {
		if want, ok := settings[setting.Key]; ok && setting.Value == want {
			delete(settings, setting.Key)
		}
	}
	if len(settings) > 0 {
		return fmt.Errorf("the provider was not built with %v", settings)
	}
	if info.Main.Path != module || info.Main.Version != "v"+r.version {
		return fmt.Errorf("the provider is %s %s, want %s v%s", info.Main.Path, info.Main.Version, module, r.version)
	}

	var bill struct {
		Metadata struct {
			Component  component
			Properties []struct{ Name, Value string }
		}
		Components []component
	}
	text, err := r.read(r.bill(platform))
	if err == nil {
		err = json.Unmarshal(text, &bill)
	}
	if err != nil {
		return fmt.Errorf("the bill of materials: %w", err)
	}
	digest := sha256.Sum256(binary)
	hash := struct{ Name, Value string }{"cdx:gomod:binary:hash:SHA-256", hex.EncodeToString(digest[:])}
	if !slices.Contains(bill.Metadata.Properties, hash) {
		return errors.New("the bill of materials is of another binary")
	}
	parts := []component{{info.Main.Path, info.Main.Version}, {"std", info.GoVersion}}
	for _, dependency := range info.Deps {
		parts = append(parts, component{dependency.Path, dependency.Version})
	}
	for _, part := range parts {
		if !slices.Contains(append(bill.Components, bill.Metadata.Component), part) {
			return fmt.Errorf("the bill of materials lacks %s %s", part.Name, part.Version)
		}
	}
	return nil
}

// component is a part of a bill of materials.
type component struct{ Name, Version string }

// provider returns the provider for a platform.
func (r *release) provider(platform string) ([]byte, error) {
	archive, err := zip.OpenReader(filepath.Join(r.dir, r.zip(platform)))
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	file, err := archive.Open(r.binary(platform))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}
