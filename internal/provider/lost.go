// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// keepLost takes down what an account cleared and would not take back. It
// reports whether there is anything to write into the private state.
func (m *memory) keepLost(err error) bool {
	lost, ok := errors.AsType[*helpcrunch.RestoreError](err)
	if ok && len(lost.Sealed) > 0 {
		m.Lost = append(m.Lost, lost.Sealed)
	}
	return ok
}

// putBack puts back what an earlier run could not, but for what is about to be
// written anyway. What still cannot be put back is kept, and warned of.
func (m *memory) putBack(ctx context.Context, client *helpcrunch.Client, id int64, changes helpcrunch.Changes) diag.Diagnostics {
	var diags diag.Diagnostics
	kept := m.Lost
	m.Lost = nil
	for _, sealed := range kept {
		loss, err := client.PutBack(ctx, id, sealed, changes)
		switch {
		case helpcrunch.IsNotFound(err): // who reads or writes them next says so
			m.Lost = append(m.Lost, sealed)
		case err != nil:
			if !m.keepLost(err) {
				m.Lost = append(m.Lost, sealed)
			}
			detail := fmt.Sprintf("An earlier update did not keep values of customer %d that it did not mention. They are kept in the state, encrypted, and the next plan or apply tries again.", id)
			if _, other := errors.AsType[*helpcrunch.UnsealError](err); other {
				detail = fmt.Sprintf("An earlier update did not keep values of customer %d that it did not mention. They are kept in the state, encrypted with the API key of that time: "+
					"run terraform plan once with that key to put them back.", id)
			}
			diags.AddWarning("Lost values are still to be put back", detail+"\n\n"+err.Error())
		case loss != nil:
			m.WrittenAt = time.Now().Unix() // a search may not show it yet
			summary := "Lost values were put back"
			if len(loss.Fields) == 0 {
				summary = "Lost values are not put back"
			}
			detail := fmt.Sprintf("An earlier update had not kept, or may not have kept, values of customer %d that it did not mention, and could not put them back then.", id)
			if len(loss.Fields) > 0 {
				detail += fmt.Sprintf(" These are in HelpCrunch again: %s. Where this was a plan, apply once: a plan keeps no state, and the next one would put them back again, also what somebody has cleared since.", listed(loss.Fields))
			}
			if len(loss.Changed) > 0 {
				detail += fmt.Sprintf(" These are not as they were then and are left so, for somebody may have written them since, or HelpCrunch gives them itself: %s.", listed(loss.Changed))
			}
			diags.AddWarning(summary, detail)
		}
	}
	return diags
}
