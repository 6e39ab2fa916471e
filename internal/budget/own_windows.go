// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"io/fs"
	"os"
	"syscall"
)

// asItIs makes opening not follow a link: what is opened is the link itself,
// which is no regular file.
const asItIs = syscall.FILE_FLAG_OPEN_REPARSE_POINT

// writtenOnlyByUser leaves that to Windows: the cache folder lies in the user's
// profile, which others may not write to.
func writtenOnlyByUser(fs.FileInfo) bool { return true }

func countNames(file *os.File, _ fs.FileInfo) (uint64, error) {
	var info syscall.ByHandleFileInformation
	err := syscall.GetFileInformationByHandle(syscall.Handle(file.Fd()), &info)
	return uint64(info.NumberOfLinks), err
}
