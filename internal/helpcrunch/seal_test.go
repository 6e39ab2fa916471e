// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/sandbox"
)

// loseACanary lets an account that clears take a canary's values while nothing
// answers any more, and returns what was sealed of them.
func (a *account) loseACanary(faults ...sandbox.Fault) *helpcrunch.RestoreError {
	a.Helper()
	for _, fault := range faults {
		fault.Times = 1000
		a.server.Arm(fault)
	}
	var lost *helpcrunch.RestoreError
	for _, got := range a.updateAll(a.Context(), 3, a.ids()[:3], named("Ada")) {
		if e, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
			lost = e
		}
	}
	a.server.Disarm()
	if lost == nil {
		a.Fatal("nobody lost anything")
	}
	if len(lost.Sealed) == 0 || bytes.Contains(lost.Sealed, []byte("555")) {
		a.Errorf("sealed is %q", lost.Sealed)
	}
	return lost
}

// Whatever answered no more when the values were lost, they are there again
// once it does.
func TestWhatCouldNotBePutBackIsKept(t *testing.T) {
	patch := sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore}
	for name, faults := range map[string][]sandbox.Fault{
		"the put-back fails":                       {patch},
		"and the canary's answer":                  {patch, {Operation: sandbox.OpBatch, Kind: sandbox.DropAfter}},
		"and nobody can look":                      {patch, {Operation: sandbox.OpBatch, Kind: sandbox.DropAfter}, {Operation: sandbox.OpGet, Kind: sandbox.FailBefore, After: 1}},
		"and who looks is told that they are gone": {patch, {Operation: sandbox.OpBatch, Kind: sandbox.DropAfter}, {Operation: sandbox.OpGet, Kind: sandbox.NotFound, After: 1}},
	} {
		open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
			lost := a.loseACanary(faults...)
			if a.keptAll(lost.ID) {
				t.Fatalf("%s: nothing was lost", name)
			}
			told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{})
			if err != nil || told == nil || !a.keptAll(lost.ID) {
				record, _ := a.server.Customer(lost.ID)
				t.Errorf("%s: %v, told of %+v, HelpCrunch holds %v", name, err, told, record)
			}
			if told, err = a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{}); err != nil || told != nil {
				t.Errorf("%s: the second time %v, told of %+v", name, err, told)
			}
		})
	}
}

// What somebody wrote after the loss stays, and so does what is about to be written.
func TestPuttingBackOverwritesNobody(t *testing.T) {
	open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
		lost := a.loseACanary(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore})
		if err := a.server.Change(lost.ID, sandbox.Record{"phone": "777", "customData": map[string]any{"seats": 99}}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{UserID: helpcrunch.None[string]()}); err != nil {
			t.Error(err)
		}
		record, _ := a.server.Customer(lost.ID)
		seats, _ := record.Custom("seats")
		renewal, _ := record.Custom("renewal")
		if record["phone"] != "777" || record["userId"] != nil || seats == 12 || renewal == nil {
			t.Errorf("HelpCrunch holds %v", record)
		}
	})
}

// Somebody who is gone is not made again, and another key or customer opens nothing.
func TestSealedValuesAreTheCustomersOwn(t *testing.T) {
	open(t, crowd(4, "batch-clears-omitted"), func(a *account) {
		lost := a.loseACanary(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore})
		other := a.ids()[3]
		if _, err := a.PutBack(a.Context(), other, lost.Sealed, helpcrunch.Changes{}); !errors.As(err, new(*helpcrunch.UnsealError)) {
			t.Errorf("for another customer: %v", err)
		}
		config := config(t, a.server)
		config.Transport, config.APIKey = a.server.Transport(), "another"
		stranger := helpcrunch.NewClient(config)
		if _, err := stranger.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{}); !errors.As(err, new(*helpcrunch.UnsealError)) {
			t.Errorf("with another key: %v", err)
		}
		if err := a.server.Delete(lost.ID); err != nil {
			t.Fatal(err)
		}
		if told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{}); !helpcrunch.IsNotFound(err) || told != nil {
			t.Errorf("of somebody who is gone: %v, told of %+v", err, told)
		}
		if _, exists := a.server.Customer(lost.ID); exists {
			t.Error("somebody who was gone was made again")
		}
	})
}

// A caller that waits no longer for a batch that has left does not know what
// became of it.
func TestOutcomeOfABatchThatIsNotWaitedFor(t *testing.T) {
	open(t, crowd(4), func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 4, ids, named("first"))
		release := make(chan struct{})
		defer close(release)
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Hold, Release: release, Times: 1000})
		ctx, cancel := context.WithTimeout(a.Context(), time.Second)
		defer cancel()
		for id, got := range a.updateAll(ctx, 4, ids, named("Ada")) {
			if !helpcrunch.OutcomeUnknown(got.err) {
				t.Errorf("%d: %v", id, got.err)
			}
		}
	})
}

// Who gives up while a canary is under way hears of what it lost, however long
// the answers take: what nobody tells cannot be kept.
func TestWhatIsLostAfterAStopIsKept(t *testing.T) {
	hanging := func(operation sandbox.Operation, after int) sandbox.Fault {
		return sandbox.Fault{Operation: operation, Kind: sandbox.Late, Delay: time.Hour, Times: 1000, After: after}
	}
	for _, timeout := range []time.Duration{time.Second, 10 * time.Second, helpcrunch.DefaultRequestTimeout, 10 * time.Minute} {
		for name, faults := range map[string][]sandbox.Fault{
			"the put-back fails":                          {{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore, Times: 1000}},
			"the put-back hangs":                          nil,
			"nobody can look":                             {hanging(sandbox.OpGet, 1)},
			"the look takes long, and the put-back hangs": {{Operation: sandbox.OpGet, Kind: sandbox.Late, Delay: 19 * time.Second, After: 1}},
		} {
			with := crowd(3, "batch-clears-omitted")
			with.client = func(c *helpcrunch.Config) { c.RequestTimeout = timeout }
			stuck := name != "the put-back fails"
			with.transport = func(next http.RoundTripper) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					if stuck && r.Method == http.MethodPatch {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					return next.RoundTrip(r)
				})
			}
			open(t, with, func(a *account) {
				for _, fault := range append(faults, hanging(sandbox.OpBatch, 0)) {
					a.server.Arm(fault)
				}
				ctx, cancel := context.WithTimeout(a.Context(), time.Second)
				defer cancel()
				var lost *helpcrunch.RestoreError
				for _, got := range a.updateAll(ctx, 3, a.ids(), named("Ada")) {
					if e, ok := errors.AsType[*helpcrunch.RestoreError](got.err); ok {
						lost = e
					}
				}
				if lost == nil || a.keptAll(lost.ID) {
					t.Fatalf("%s, timeout %v: told of %v after %v", name, timeout, lost, a.now())
				}
				if most := timeout + 42*time.Second; a.now() > most {
					t.Errorf("%s, timeout %v: it took %v", name, timeout, a.now())
				}
				stuck = false
				a.server.Disarm()
				if _, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{}); err != nil || !a.keptAll(lost.ID) {
					record, _ := a.server.Customer(lost.ID)
					t.Errorf("%s, timeout %v: %v, HelpCrunch holds %v", name, timeout, err, record)
				}
			})
		}
	}
}

// The same where only the caller of the one who was lost has ended, and the others of
// the batch live on: nothing more is begun for one who may not hear of it.
func TestWhatIsLostAfterOneHasEndedIsKept(t *testing.T) {
	for _, late := range []int{1, 2, 3, 1000} {
		open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Late, Delay: time.Hour, Times: late})
			a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore, Times: 1000})
			var wait sync.WaitGroup
			var mu sync.Mutex
			kept := make(map[int64]bool)
			for i, id := range a.ids() {
				limit := 20 * time.Minute
				if i == 2 {
					limit = time.Second
				}
				wait.Go(func() {
					ctx, cancel := context.WithTimeout(a.Context(), limit)
					defer cancel()
					_, err := a.UpdateCustomer(ctx, id, helpcrunch.Changes{Name: helpcrunch.Some("Ada")})
					told, ok := errors.AsType[*helpcrunch.RestoreError](err)
					mu.Lock()
					defer mu.Unlock()
					kept[id] = ok && len(told.Sealed) > 0
				})
			}
			wait.Wait()
			time.Sleep(time.Hour)
			for _, id := range a.ids() {
				if !a.keptAll(id) && !kept[id] {
					record, _ := a.server.Customer(id)
					t.Errorf("%d answers late: of %d HelpCrunch holds %v, and nobody was told", late, id, record)
				}
			}
		})
	}
}

// Those who are written alone, one after the other, are not begun any more.
func TestNobodyIsWrittenWhoseCallerHasEnded(t *testing.T) {
	open(t, crowd(10, "batch-clears-omitted"), func(a *account) {
		a.updateAll(a.Context(), 10, a.ids(), named("first")) // finds out that this account clears
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.Late, Delay: 15 * time.Second, Times: 1000})
		var wait sync.WaitGroup
		var mu sync.Mutex
		ended := make(map[int64]bool)
		for i, id := range a.ids() {
			limit := 20 * time.Minute
			if i >= 5 {
				limit = time.Second
			}
			wait.Go(func() {
				ctx, cancel := context.WithTimeout(a.Context(), limit)
				defer cancel()
				_, err := a.UpdateCustomer(ctx, id, helpcrunch.Changes{Name: helpcrunch.Some("second")})
				mu.Lock()
				defer mu.Unlock()
				ended[id] = err != nil
				if helpcrunch.OutcomeUnknown(err) || i < 5 && err != nil {
					t.Errorf("%d, who has %v: %v", id, limit, err)
				}
			})
		}
		wait.Wait()
		time.Sleep(time.Hour)
		if begun := 10 - len(slices.DeleteFunc(a.ids(), func(id int64) bool { return !ended[id] })); begun > 6 {
			t.Errorf("%d were begun, of whom five had time", begun)
		}
		for id, ended := range ended {
			if record, _ := a.server.Customer(id); (record["name"] == "first") != ended {
				t.Errorf("%d, who has ended: %t, is named %v", id, ended, record["name"])
			}
		}
	})
}

// Whoever waits for it is given as long as an attempt may take.
func TestSlowPutBack(t *testing.T) {
	with := crowd(3, "batch-clears-omitted")
	with.client = func(c *helpcrunch.Config) { c.RequestTimeout = 2 * time.Minute }
	with.transport = func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPatch {
				select {
				case <-r.Context().Done():
					return nil, r.Context().Err()
				case <-time.After(45 * time.Second):
				}
			}
			return next.RoundTrip(r)
		})
	}
	open(t, with, func(a *account) {
		for id, got := range a.updateAll(a.Context(), 3, a.ids(), named("Ada")) {
			if got.err != nil || !a.keptAll(id) {
				t.Errorf("%d: %v", id, got.err)
			}
		}
	})
}

// What cannot be opened is said to be of another key, in words that name whom it is about.
func TestWhatIsSealedMayBeCutOff(t *testing.T) {
	open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
		lost := a.loseACanary(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore})
		for _, sealed := range [][]byte{nil, lost.Sealed[:5], lost.Sealed[:len(lost.Sealed)-1], append([]byte{1}, lost.Sealed...)} {
			told, err := a.PutBack(a.Context(), lost.ID, sealed, helpcrunch.Changes{})
			if _, ok := errors.AsType[*helpcrunch.UnsealError](err); !ok || told != nil || !strings.Contains(err.Error(), fmt.Sprintf("customer %d was sealed with another API key", lost.ID)) {
				t.Errorf("of %d bytes: %v, told of %v", len(sealed), err, told)
			}
		}
		if a.keptAll(lost.ID) {
			t.Error("it was put back all the same")
		}
	})
}

// Whether something was lost at all is said to be unknown where it is.
func TestWordsOfALoss(t *testing.T) {
	for name, test := range map[string]struct {
		faults []sandbox.Fault
		want   string
	}{
		"known":   {nil, "lost userId, phone, tags, customData.renewal, customData.seats and it could not be put back"},
		"unknown": {[]sandbox.Fault{{Operation: sandbox.OpBatch, Kind: sandbox.DropAfter}, {Operation: sandbox.OpGet, Kind: sandbox.FailBefore, After: 1}}, "may have lost userId, phone, unsubscribed, tags, customData.renewal, customData.seats: "},
	} {
		open(t, crowd(3, "batch-clears-omitted"), func(a *account) {
			lost := a.loseACanary(append(test.faults, sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.FailBefore})...)
			if text := lost.Error(); lost.Perhaps != (name == "unknown") || !strings.HasPrefix(text, fmt.Sprintf("customer %d %s", lost.ID, test.want)) || strings.Contains(text, "555") {
				t.Errorf("%s: %s", name, text)
			}
		})
	}
}

// Who gives up first learns that nobody knows, and takes the others' answer from nobody.
func TestOutcomeOfABatchThatIsRepeated(t *testing.T) {
	with := crowd(4)
	with.client = func(c *helpcrunch.Config) { c.MaxRetries = 3 }
	open(t, with, func(a *account) {
		ids := a.ids()
		a.updateAll(a.Context(), 4, ids, named("first"))
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Late, Delay: time.Hour, Times: 3})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.Late, Delay: 20 * time.Second, Times: 1})
		began := time.Now()
		ctx, cancel := context.WithTimeout(a.Context(), time.Second)
		defer cancel()
		var wait sync.WaitGroup
		wait.Go(func() {
			_, err := a.UpdateCustomer(ctx, ids[0], named("Ada")(0))
			if !helpcrunch.OutcomeUnknown(err) || time.Since(began) != helpcrunch.DefaultRequestTimeout+42*time.Second {
				t.Errorf("who gave up got %v after %v", err, time.Since(began))
			}
		})
		wait.Go(func() {
			for id, got := range a.updateAll(a.Context(), 3, ids[1:], named("Ada")) {
				if got.err != nil || *got.Name != "Ada" {
					t.Errorf("%d: %v", id, got.err)
				}
			}
		})
		wait.Wait()
	})
}

// Hours later a colleague has given another language, or cleared what they were asked to:
// of what may have been lost, only what is empty comes back, and only where all of it is.
func TestWhatMayHaveBeenLostHoursAgo(t *testing.T) {
	for name, test := range map[string]struct {
		switches []string
		since    sandbox.Record
		phone    any
		locale   string
	}{
		"a locale that is given since": {[]string{"batch-clears-omitted"}, sandbox.Record{"locale": "de"}, "555", "de"},
		"a phone that is cleared":      {nil, sandbox.Record{"phone": nil}, nil, "en"},
		"a phone, and no keys":         {nil, sandbox.Record{"phone": nil, "userId": nil}, nil, "en"},
		"properties beside a false":    {nil, sandbox.Record{"customData": map[string]any{"seats": nil}}, "555", "en"},
	} {
		with := plainly(3, nil, nil, test.switches...)
		for i := range with.sandbox.Customers {
			with.sandbox.Customers[i] = sandbox.Record{"userId": fmt.Sprint("u", i), "phone": "555", "locale": "en", "firstSeen": "1700000000", "customData": map[string]any{"seats": 12, "trial": false}}
		}
		with.sandbox.Attributes["trial"] = sandbox.BooleanAttribute
		open(t, with, func(a *account) {
			lost := a.loseACanary(sandbox.Fault{Operation: sandbox.OpBatch, Kind: sandbox.DropAfter}, sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.FailBefore, After: 1})
			if err := a.server.Change(lost.ID, test.since); err != nil {
				t.Fatal(err)
			}
			told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{})
			if record, _ := a.server.Customer(lost.ID); !lost.Perhaps || err != nil || told == nil || record["phone"] != test.phone || record["locale"] != test.locale || fmt.Sprint(record["customData"]) != "map[seats:12 trial:false]" {
				t.Errorf("%s: perhaps %t, told of %+v, %v, HelpCrunch holds %v", name, lost.Perhaps, told, err, record)
			}
		})
	}
}

// A PATCH puts nothing at stake but custom properties: nothing else is kept of it.
func TestWhatMayHaveBeenLostByAPatch(t *testing.T) {
	with := plainly(1, nil, nil)
	with.sandbox.Customers[0] = sandbox.Record{"phone": "555", "tags": []string{"vip"}, "customData": map[string]any{"seats": 12}}
	open(t, with, func(a *account) {
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpPatch, Kind: sandbox.DropAfter, Times: 1000})
		a.server.Arm(sandbox.Fault{Operation: sandbox.OpGet, Kind: sandbox.FailBefore, After: 1, Times: 1000})
		got := a.updateAll(a.Context(), 1, a.ids(), planned("gold"))[a.ada]
		lost, ok := errors.AsType[*helpcrunch.RestoreError](got.err)
		if !ok || !slices.Equal(lost.Fields, []string{"customData.seats"}) {
			t.Fatal(got.err)
		}
		a.server.Disarm()
		if err := a.server.Change(lost.ID, sandbox.Record{"phone": nil, "tags": []string{}}); err != nil {
			t.Fatal(err)
		}
		told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{})
		if record, _ := a.server.Customer(lost.ID); err != nil || record["phone"] != nil || len(record.TagNames()) > 0 {
			t.Errorf("told of %+v, %v, HelpCrunch holds %v", told, err, record)
		}
	})
}

// What is sealed is what was there after the put-back that failed, not before it.
func TestWhatIsLeftByAPutBackThatFailed(t *testing.T) {
	with := plainly(3, nil, nil)
	for i := range with.sandbox.Customers {
		with.sandbox.Customers[i] = sandbox.Record{"phone": "555", "notes": "n"}
	}
	clearing := clearing(map[string]string{"phone": `"000"`, "notes": "null"})
	broken := true
	with.transport = func(next http.RoundTripper) http.RoundTripper {
		return clearing(meddlingWithPatches(func(_ *http.Request, body []byte) ([]byte, *http.Response) {
			if broken {
				body = bytes.ReplaceAll(body, []byte(`"phone":"555"`), []byte(`"phone":null`))
			}
			return body, nil
		})(next))
	}
	open(t, with, func(a *account) {
		lost := a.loseACanary()
		broken = false
		told, err := a.PutBack(a.Context(), lost.ID, lost.Sealed, helpcrunch.Changes{})
		if record, _ := a.server.Customer(lost.ID); err != nil || record["phone"] != "555" {
			t.Errorf("%v; told of %+v, %v, HelpCrunch holds %v", lost, told, err, record)
		}
	})
}
