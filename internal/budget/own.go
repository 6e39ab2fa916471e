// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// What stands where a file of ours would: somebody else's, or another file of
// the user under a second name. Writing to it would destroy what it holds, and a
// pipe would be waited for without an end.
var (
	errNotOwnFolder = errors.New("not a folder that only this user writes to")
	errNotRegular   = errors.New("not a regular file")
	errSecondName   = errors.New("a file that has a second name (a hard link)")
	errNotOwnFile   = errors.New("not a file that only this user writes to")
)

// openOwn opens a file of this user's own, in a folder of this user's own, and
// makes either where it is missing. It follows no link to another place, and
// fails where anything else stands there. As nobody else can change what is in
// such a folder, the path still leads to the same file afterwards.
func openOwn(path string) (*os.File, error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	// The folder may stand anywhere: links on the way there are the user's business.
	info, err := os.Lstat(folder)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() || !writtenOnlyByUser(info) {
		return nil, &fs.PathError{Op: "open", Path: folder, Err: errNotOwnFolder}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|asItIs, 0o600)
	if err != nil {
		return nil, err
	}
	if err := checkOwn(file); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: path, Err: err}, file.Close())
	}
	return file, nil
}

func checkOwn(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errNotRegular
	}
	if !writtenOnlyByUser(info) {
		return errNotOwnFile
	}
	names, err := countNames(file, info)
	if err == nil && names != 1 {
		return errSecondName
	}
	return err
}
