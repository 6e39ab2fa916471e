// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// stage is a release in a folder that a test can break. Its providers are not
// built, but are a [debug.BuildInfo] in JSON.
type stage struct {
	*release
	t     *testing.T
	key   *openpgp.Entity
	infos map[string]*debug.BuildInfo // by platform
}

func newStage(t *testing.T, key *openpgp.Entity) *stage {
	t.Helper()
	s := &stage{t: t, key: key, infos: make(map[string]*debug.BuildInfo), release: &release{
		dir: t.TempDir(), name: project + "_1.2.3", version: "1.2.3",
		info: func(binary []byte) (*debug.BuildInfo, error) {
			var info debug.BuildInfo
			err := json.Unmarshal(binary, &info)
			return &info, err
		},
	}}
	for _, platform := range platforms {
		system, architecture, _ := strings.Cut(platform, "_")
		s.infos[platform] = &debug.BuildInfo{
			GoVersion: "go1.27.3", Path: module, Main: debug.Module{Path: module, Version: "v1.2.3"},
			Deps: []*debug.Module{{Path: "example.com/part", Version: "v0.4.0"}},
			Settings: []debug.BuildSetting{
				{Key: "-trimpath", Value: "true"},
				{Key: "CGO_ENABLED", Value: "0"},
				{Key: "GOARCH", Value: architecture},
				{Key: "GOARM", Value: "6"},
				{Key: "GOOS", Value: system},
				{Key: "vcs.modified", Value: "false"},
			},
		}
		s.pack(platform)
	}
	s.write(s.manifest(), `{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}`)
	s.seal()
	return s
}

func (s *stage) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// entry is a file of a zip.
type entry struct {
	name, content string
	mode          fs.FileMode
}

// pack writes the zip of a platform and its bill of materials.
func (s *stage) pack(platform string, more ...entry) {
	s.t.Helper()
	info, err := json.Marshal(s.infos[platform])
	if err != nil {
		s.t.Fatal(err)
	}
	binary := string(info)
	s.writeZip(platform, append([]entry{
		{s.binary(platform), binary, 0o755}, {"LICENSE", "MPL", 0o644}, {"README.md", "#", 0o644}, {"CHANGELOG.md", "#", 0o644},
	}, more...))
	bill, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"component":  map[string]any{"name": module, "version": "v1.2.3"},
			"properties": []any{map[string]any{"name": "cdx:gomod:binary:hash:SHA-256", "value": fmt.Sprintf("%x", sha256.Sum256([]byte(binary)))}},
		},
		"components": []any{map[string]any{"name": "std", "version": "go1.27.3"}, map[string]any{"name": "example.com/part", "version": "v0.4.0"}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(s.bill(platform), string(bill))
}

func (s *stage) writeZip(platform string, entries []entry) {
	s.t.Helper()
	var content bytes.Buffer
	archive := zip.NewWriter(&content)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name}
		header.SetMode(e.mode)
		file, err := archive.CreateHeader(header)
		if err == nil {
			_, err = file.Write([]byte(e.content))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.write(s.zip(platform), content.String())
}

// seal writes the checksums and signs them.
func (s *stage) seal(more ...string) {
	s.t.Helper()
	names := append([]string{s.manifest()}, more...)
	for _, platform := range platforms {
		names = append(names, s.zip(platform))
	}
	var sums strings.Builder
	for _, name := range names {
		if content, err := s.read(name); err == nil {
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
		}
	}
	s.write(s.sums(), sums.String())
	s.sign(s.key)
}

func (s *stage) sign(key *openpgp.Entity) {
	s.t.Helper()
	sums, err := s.read(s.sums())
	if err != nil {
		s.t.Fatal(err)
	}
	var signature bytes.Buffer
	if err := openpgp.DetachSign(&signature, key, bytes.NewReader(sums), nil); err != nil {
		s.t.Fatal(err)
	}
	s.write(s.signature(), signature.String())
}

func newKey(t *testing.T, algorithm packet.PublicKeyAlgorithm) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity("Test", "", "test@example.com", &packet.Config{
		Algorithm: algorithm, RSABits: 2048, DefaultHash: crypto.SHA256,
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// public is the half of a key that everybody has.
func public(t *testing.T, key *openpgp.Entity) []byte {
	t.Helper()
	var text bytes.Buffer
	armoured, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err == nil {
		err = key.Serialize(armoured)
	}
	if err == nil {
		err = armoured.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestCheck(t *testing.T) {
	key, foreign, curve := newKey(t, packet.PubKeyAlgoRSA), newKey(t, packet.PubKeyAlgoRSA), newKey(t, packet.PubKeyAlgoEdDSA)

	if err := newStage(t, key).check(public(t, key)); err != nil {
		t.Errorf("a good release: %v", err)
	}
	if err := newStage(t, curve).check(public(t, curve)); err == nil || !strings.Contains(err.Error(), "elliptic curve") {
		t.Errorf("a key that the registry does not take: %v", err)
	}

	for _, test := range []struct {
		name  string
		spoil func(s *stage)
		want  string
	}{
		{"a missing platform", func(s *stage) { s.remove(s.zip("linux_arm")); s.seal() }, "linux_arm.zip is missing"},
		{"a missing bill of materials", func(s *stage) { s.remove(s.bill("linux_arm")) }, "linux_arm.cdx.json is missing"},
		{"a missing manifest", func(s *stage) { s.remove(s.manifest()); s.seal() }, "manifest.json is missing"},
		{"a wrong name", func(s *stage) {
			if err := os.Rename(filepath.Join(s.dir, s.zip("linux_arm")), filepath.Join(s.dir, s.zip("linux_armv6"))); err != nil {
				s.t.Fatal(err)
			}
		}, "linux_armv6.zip does not belong"},
		{"a file too many", func(s *stage) { s.write("config.yaml", "") }, "config.yaml does not belong"},
		{"a wrong checksum", func(s *stage) { s.pack("linux_amd64", entry{"more", "", 0o644}) }, "has the SHA-256"},
		{"a zip without a checksum", func(s *stage) {
			sums, _ := s.read(s.sums())
			_, rest, _ := strings.Cut(string(sums), "\n")
			s.write(s.sums(), rest)
			s.sign(key)
		}, "lists"},
		{"a checksum too many", func(s *stage) { s.seal(s.bill("linux_amd64")) }, "lists"},
		{"no signature", func(s *stage) { s.remove(s.signature()) }, "not signed"},
		{"a foreign signature", func(s *stage) { s.sign(foreign) }, "no signature by the public key"},
		{"checksums changed after the signature", func(s *stage) {
			signature, _ := s.read(s.signature())
			s.pack("linux_amd64")
			s.write(s.manifest(), `{"version": 1, "metadata": {"protocol_versions": ["6.0"]}} `)
			s.seal()
			s.write(s.signature(), string(signature))
		}, "no signature by the public key"},
		{"an armoured signature", func(s *stage) { s.write(s.signature(), "-----BEGIN PGP SIGNATURE-----\n") }, "binary"},
		{"another protocol", func(s *stage) {
			s.write(s.manifest(), `{"version": 1, "metadata": {"protocol_versions": ["5.0"]}}`)
			s.seal()
		}, "want 1 and 6.0"},
		{"a broken zip", func(s *stage) {
			content, _ := s.read(s.zip("darwin_arm64"))
			at := bytes.Index(content, []byte("MPL"))
			if at < 0 {
				s.t.Fatal("the licence is not to be found")
			}
			content[at]++
			s.write(s.zip("darwin_arm64"), string(content))
			s.seal()
		}, "checksum error"},
		{"half a zip", func(s *stage) {
			content, _ := s.read(s.zip("darwin_arm64"))
			s.write(s.zip("darwin_arm64"), string(content[:len(content)/2]))
			s.seal()
		}, "not a valid zip"},
		{"a file too many in a zip", func(s *stage) { s.pack("linux_386", entry{".env", "", 0o644}); s.seal() }, ".env does not belong there"},
		{"no licence", func(s *stage) {
			s.writeZip("linux_386", []entry{{s.binary("linux_386"), "", 0o755}, {"README.md", "", 0o644}, {"CHANGELOG.md", "", 0o644}})
		}, "LICENSE is missing"},
		{"a provider of another version", func(s *stage) {
			s.writeZip("linux_386", []entry{{project + "_v1.2.4", "", 0o755}})
		}, "v1.2.4 does not belong there"},
		{"a provider that cannot run", func(s *stage) {
			s.writeZip("linux_386", []entry{{s.binary("linux_386"), "", 0o644}})
		}, "has the mode"},
		{"another platform's provider", func(s *stage) { s.infos["linux_386"] = s.infos["linux_amd64"]; s.pack("linux_386") }, "GOARCH:386"},
		{"a provider with a C library", func(s *stage) { s.infos["linux_386"].Settings[1].Value = "1"; s.pack("linux_386") }, "CGO_ENABLED:0"},
		{"a provider of what is not committed", func(s *stage) { s.infos["linux_386"].Settings[5].Value = "true"; s.pack("linux_386") }, "vcs.modified:false"},
		{"a provider built without the tag", func(s *stage) { s.infos["linux_386"].Main.Version = "v0.0.0"; s.pack("linux_386") }, "want " + module + " v1.2.3"},
		{"no Go program", func(s *stage) {
			s.writeZip("linux_386", []entry{{s.binary("linux_386"), "#!/bin/sh", 0o755}, {"LICENSE", "", 0o644}, {"README.md", "", 0o644}, {"CHANGELOG.md", "", 0o644}})
		}, "no Go program"},
		{"another provider's bill of materials", func(s *stage) {
			bill, _ := s.read(s.bill("linux_amd64"))
			s.write(s.bill("linux_386"), string(bill))
		}, "of another binary"},
		{"a bill of materials that lacks a part", func(s *stage) {
			s.infos["linux_386"].Deps[0].Version = "v0.5.0"
			s.pack("linux_386")
		}, "lacks example.com/part v0.5.0"},
		{"no bill of materials", func(s *stage) { s.write(s.bill("linux_386"), "") }, "the bill of materials"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, key)
			test.spoil(s)
			if err := s.check(public(t, key)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the check says %v, want %q", err, test.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	for file, want := range map[string]string{
		project + "_1.2.3_SHA256SUMS":        "",
		project + "_1.2.3-beta.1_SHA256SUMS": "",
		project + "_v1.2.3_SHA256SUMS":       "such as 1.2.3",
		project + "_1.2_SHA256SUMS":          "such as 1.2.3",
		"provider_1.2.3_SHA256SUMS":          "has to be",
		"SHA256SUMS":                         "want one",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := open(dir)
		if got := fmt.Sprint(err); (want == "") != (err == nil) || !strings.Contains(got, want) && err != nil {
			t.Errorf("%s: %s, want %q", file, got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	s := newStage(t, newKey(t, packet.PubKeyAlgoRSA))
	notes, err := s.notes("## 1.3.0 (Unreleased)\n\n* Later.\n\n## 1.2.3 (May 4, 2030)\n\n* Now.\n\n## 1.2.2 (May 3, 2030)\n\n* Before.\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"* Now.\n", "amd64 has 0.0 MB", "gh attestation verify " + s.zip("linux_amd64") + " --repo terraform-helpcrunch/" + project, "gpg --verify " + s.signature() + " " + s.sums()} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	for _, other := range []string{"Later", "Before", "Unreleased"} {
		if strings.Contains(notes, other) {
			t.Errorf("the notes have %q of another version:\n%s", other, notes)
		}
	}
	if _, err := s.notes("## 1.3.0 (Unreleased)\n"); err == nil {
		t.Error("there are notes of a version that the changelog does not know")
	}

	subjects, err := s.subjects()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(subjects), "\n")
	for _, file := range []string{s.zip("linux_amd64"), s.bill("windows_arm64"), s.manifest()} {
		content, err := s.read(file)
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("%x  %s", sha256.Sum256(content), file); !slices.Contains(lines, line) {
			t.Errorf("the subjects lack %q:\n%s", line, subjects)
		}
	}
	if len(lines) != 2*len(platforms)+1 {
		t.Errorf("there are %d subjects, want a zip and a bill for each platform, and the manifest", len(lines))
	}
}
