// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import "github.com/mazznoer/csscolorparser"

// normalColor is the normal form of a colour: what looks the same is one. What
// cannot be read as a CSS colour equals only itself.
func normalColor(text string) string {
	if color, err := csscolorparser.Parse(text); err == nil {
		return color.HexString()
	}
	return text
}

func sameColor(a, b string) bool { return a == b || normalColor(a) == normalColor(b) }
