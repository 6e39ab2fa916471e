// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package budget

import (
	"io/fs"
	"os"
	"syscall"
)

// asItIs makes opening fail on a symbolic link, and not wait for the other end
// of a pipe.
const asItIs = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

const writableByOthers fs.FileMode = 0o022

func writtenOnlyByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode()&writableByOthers == 0
}

func countNames(_ *os.File, info fs.FileInfo) (uint64, error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, syscall.ENOTSUP
	}
	return uint64(stat.Nlink), nil //nolint:unconvert // narrower on other systems
}
