// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

func TestBatchKeepsWhatItLeavesOut(t *testing.T) {
	b := newBench(t, Config{})
	changedAda := strings.Replace(adaBody, `"phone":"+48 1"`, `"phone":null`, 1)
	changedAda = strings.Replace(changedAda, `{"plan":"pro",`, `{"plan":"team",`, 1)
	changedBob := strings.Replace(fmt.Sprintf(emptyBody, bobID), `"name":null`, `"name":"Rob"`, 1)
	b.want("PUT", "/customers/batch", `[{"customer":542336,"name":"Rob"},
		{"customer":542335,"phone":null,"customData":[{"property":"plan","value":"team"}]}]`,
		200, "["+changedBob+","+changedAda+"]")
	b.want("GET", "/customers/542335", "", 200, changedAda)
	b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"tags":[{"name":"new"}]}]`, 200)
	b.field(adaID, "tags", []Tag{{"new", "#c377e0"}})
}

func TestBatchWithACustomerTwice(t *testing.T) {
	b := newBench(t, Config{})
	b.wantStatus("PUT", "/customers/batch", `[{"customer":542335,"name":"Countess","phone":"2"},{"customer":542335,"phone":"3"}]`, 200)
	b.field(adaID, "name", "Countess")
	b.field(adaID, "phone", "3")
}

func TestBatchWithAMissingCustomerWritesNothing(t *testing.T) {
	b := newBench(t, Config{})
	b.want("PUT", "/customers/batch", `[{"customer":542335,"phone":"2"},{"customer":1}]`, 404, notFoundBody)
	b.field(adaID, "phone", "+48 1")
}

func TestBatchSize(t *testing.T) {
	b := newBench(t, Config{})
	items := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"customer":542335,"phone":"2"},`, n), ",") + "]"
	}
	b.want("PUT", "/customers/batch", items(0), 400, refusal("body", "This collection should contain 1 element or more."))
	b.want("PUT", "/customers/batch", items(11), 400, refusal("body", "This collection should contain 10 elements or less."))
	b.field(adaID, "phone", "+48 1")
	b.wantStatus("PUT", "/customers/batch", items(10), 200)
}

func TestBatchRefusals(t *testing.T) {
	b := newBench(t, Config{})
	for body, want := range map[string]string{
		`{"customer":542335}`:     refusal("body", "This value should be of type array."),
		`null`:                    refusal("body", "This value should be of type array."),
		`[`:                       refusal("body", "This value should be of type array."),
		`[{"id":542335}]`:         refusal("[0].customer", "This value should not be blank."),
		`[{"customer":"542335"}]`: refusal("[0].customer", "This value should be of type numeric."),
		`[{"customer":1.5}]`:      refusal("[0].customer", "This value should be of type integer."),
		`[{"customer":1},{"customer":542335,"name":1}]`: refusal("[1].name", "This value should be of type string."),
		`[542335]`: refusal("[0].customer", "This value should not be blank."),
	} {
		b.want("PUT", "/customers/batch", body, 400, want)
	}
}
