// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"encoding/json"
	"testing"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

func TestTimestampFromJSON(t *testing.T) {
	for _, test := range []struct {
		json, sent string
		want       helpcrunch.Timestamp
	}{
		{`"1700000000"`, `"1700000000"`, helpcrunch.At(1700000000)},
		{`1700000000`, `"1700000000"`, helpcrunch.At(1700000000)},
		{`"1700000000.713"`, `"1700000000"`, helpcrunch.At(1700000000)},
		{`1700000000.999`, `"1700000000"`, helpcrunch.At(1700000000)},
		{`"0"`, `"0"`, helpcrunch.At(0)},
		{`0`, `"0"`, helpcrunch.At(0)},
		{`"-86400"`, `"-86400"`, helpcrunch.At(-86400)},
		{`9999999999`, `"9999999999"`, helpcrunch.At(9999999999)},
		{`null`, `null`, helpcrunch.Timestamp{}},
		{`""`, `null`, helpcrunch.Timestamp{}},
	} {
		got := helpcrunch.At(1)
		if err := json.Unmarshal([]byte(test.json), &got); err != nil || got != test.want {
			t.Errorf("%s is %v (null: %t), error %v", test.json, got, got.IsNull(), err)
		}
		if sent := encode(t, got); string(sent) != test.sent {
			t.Errorf("%s is sent as %s, want %s", test.json, sent, test.sent)
		}
	}
}

func TestTimestampThatIsNone(t *testing.T) {
	for _, wrong := range []string{
		`"2020-10-28 13:49:06"`, `"2020-10-28T13:49:06Z"`, `true`, `{}`, `[]`, `[1700000000]`, `"soon"`, `"1700000000.7s"`, `"1.2.3"`,
		`1.7e9`, `"99999999999999999999"`, `".5"`, `" 1"`,
	} {
		var got helpcrunch.Timestamp
		if err := json.Unmarshal([]byte(wrong), &got); err == nil {
			t.Errorf("%s is %v", wrong, got)
		}
	}
}

func TestTimestamp(t *testing.T) {
	null, at := helpcrunch.Timestamp{}, helpcrunch.At(1700000000)
	if !null.IsNull() || null.String() != "" || null.Unix() != 0 {
		t.Errorf("null is %q, %d", null, null.Unix())
	}
	if at.IsNull() || at.String() != "1700000000" || at.Unix() != 1700000000 {
		t.Errorf("1700000000 is %q, %d", at, at.Unix())
	}
	if helpcrunch.At(0).IsNull() {
		t.Error("the first second of 1970 is null")
	}
}

func FuzzTimestamp(f *testing.F) {
	for _, seed := range []string{`"1700000000"`, `1700000000`, `"1700000000.713"`, `null`, `""`, `-1`, `"1.`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second helpcrunch.Timestamp
		if json.Unmarshal(data, &first) != nil {
			return
		}
		sent := encode(t, first)
		if err := json.Unmarshal(sent, &second); err != nil || first != second {
			t.Errorf("%s is %v, was sent as %s and is %v, error %v", data, first, sent, second, err)
		}
	})
}
