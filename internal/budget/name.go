// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

// nameDomain keeps the hash apart from any other that is made of an API key.
// It changes with the format of the file, so that versions of this program
// that write it differently keep out of each other's way.
const nameDomain = "terraform-provider-helpcrunch request budget 2\x00"

// FileName returns the name of the file that all processes share which send
// requests to host with key. The key cannot be found from it: it is an HMAC
// under the key itself, which is long and random, so that there is nothing to
// guess. Case does not matter in host.
func FileName(host, key string) string {
	hash := hmac.New(sha256.New, []byte(key))
	hash.Write([]byte(nameDomain + strings.ToLower(host)))
	return hex.EncodeToString(hash.Sum(nil)[:16]) + ".json"
}

// DefaultFile returns the path of that file in the user's cache folder. It
// makes neither. It fails where the system does not say which folder that is.
func DefaultFile(host, key string) (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "terraform-provider-helpcrunch", FileName(host, key)), nil
}
