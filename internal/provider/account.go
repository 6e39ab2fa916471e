// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

// account is what the provider block configures and everything else works with.
type account struct {
	client         *helpcrunch.Client
	budget         *budget.Budget
	deletionPolicy string    // for customers whose resource has none
	digester       *digester // nil where the API key is not known yet
	// personalDataInState is false where no name, e-mail address, phone number or
	// notes may stand in a state.
	personalDataInState bool

	deletionWarned atomic.Bool
	staleWarned    atomic.Bool // of digests of another API key
	tags           tagClaims

	// oneWalk is set where Terraform has configured the provider for one plan,
	// or one apply, in which each resource is planned once. A terraform test
	// configures it once for all of its plans and applies.
	oneWalk bool

	mu       sync.Mutex
	managed  map[string]bool // customer ids
	doomed   map[string]bool // those of customers whom the plan deletes
	userIDs  map[string]*userIDPlans
	exact    map[string]plannedTags     // by customer id
	single   map[string]map[string]bool // customer id → the tags, in their normal form, that are planned one by one
	found    map[int64]*helpcrunch.Customer
	keyed    map[int64][]foundBy // whom this run has looked up by a key
	ends     map[int64]ending
	stated   string          // the account that the state names, "" where nothing planned so far does
	plansNew bool            // whether something is planned that is not in the state
	compared bool            // whether the two have been compared
	unread   error           // why a plan could not ask for the account of the API key
	forsaken map[string]bool // user_ids, in their normal form, of whom a plan deletes
	adopting map[string]bool // and of whom it may take over
}

// ending is what an apply does with a customer who leaves a resource or comes to one.
type ending int

const (
	takenOver ending = iota + 1
	deleted
)

// claim says what is about to be done, and reports whether it may be: nobody is
// deleted who is taken over by another resource of the same apply, or the other way
// round. A resource that was renamed is the one and the other.
func (a *account) claim(id int64, as ending) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ends == nil {
		a.ends = make(map[int64]ending)
	}
	if before := a.ends[id]; before != 0 {
		return before == as
	}
	a.ends[id] = as
	return true
}

// endsAnew forgets what an apply did with the customer: Terraform reads when it plans,
// so that apply is over. Only a terraform test applies more than once with one provider.
func (a *account) endsAnew(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.ends, id)
}

// isTakenOver reports whether this apply has taken over the customer.
func (a *account) isTakenOver(id int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ends[id] == takenOver
}

// planEnd takes down that a plan deletes the customer with this user_id, or may take
// them over. It reports whether it does both.
func (a *account) planEnd(userID string, as ending) (both bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := helpcrunch.UserID.Normal(userID)
	if key == "" || !a.oneWalk {
		return false
	}
	if a.forsaken == nil {
		a.forsaken, a.adopting = make(map[string]bool), make(map[string]bool)
	}
	if as == deleted {
		a.forsaken[key] = true
		return a.adopting[key]
	}
	a.adopting[key] = true
	return a.forsaken[key]
}

// movedNotDeleted is for a customer whom a plan deletes and takes over.
func movedNotDeleted(userID string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("user_id"), "One customer is deleted and taken over", fmt.Sprintf(
		"The plan deletes the customer with user_id %q, and a resource with adopt_existing = true is to take over whoever has it. If it is the same person in another place of the configuration, "+
			"write a moved block: then nothing is sent at all.", userID))
}

func newAccount(config helpcrunch.Config, digester *digester, deletionPolicy string, personalDataInState bool) *account {
	return &account{client: helpcrunch.NewClient(config), budget: config.Budget, digester: digester, deletionPolicy: deletionPolicy, personalDataInState: personalDataInState, managed: make(map[string]bool), userIDs: make(map[string]*userIDPlans), exact: make(map[string]plannedTags), single: make(map[string]map[string]bool), found: make(map[int64]*helpcrunch.Customer)}
}

// firstDeletion reports true once in the life of the process: a warning is
// said once, however many customers are deleted.
func (a *account) firstDeletion() bool { return !a.deletionWarned.Swap(true) }

// keepFound saves the read that follows an import by a key the request: the look-up
// has just answered it.
func (a *account) keepFound(customer *helpcrunch.Customer, by importKey) {
	a.noteKeyed(customer.ID, foundBy{by, true})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.found[customer.ID] = customer
}

// foundBy is the key that an import, or else a data source, has found somebody by.
type foundBy struct {
	importKey
	imported bool
}

// noteKeyed takes down by which key somebody was found, for stillKeyed.
func (a *account) noteKeyed(id int64, by foundBy) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keyed == nil {
		a.keyed = make(map[int64][]foundBy)
	}
	a.keyed[id] = append(a.keyed[id], by)
}

// stillKeyed looks whether somebody whom this run has looked up by a key has it, and
// not only in a search, before a tag of theirs is planned: where nothing else of them
// changes, no apply asks for them.
func (a *account) stillKeyed(ctx context.Context, id int64) diag.Diagnostics {
	a.mu.Lock()
	keys := slices.Clone(a.keyed[id])
	a.mu.Unlock()
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	const failed = "The customer is not tagged"
	customer, err := a.client.GetCustomer(ctx, id)
	if err != nil {
		return requestFailed(failed, err)
	}
	for _, by := range keys {
		held := *by.field.Held(customer)
		switch {
		case held != nil && by.field.Same(*held, by.value):
		case by.imported:
			return diag.Diagnostics{keyMoved("customer_id", failed, id, attributeOf(by.field.Name), hasAnother)}
		default:
			return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), failed, fmt.Sprintf(
				"Customer %d was looked up by the %s that they had, or that HelpCrunch's search still showed, and %s. Nothing was written. "+
					"Plan again in some minutes, when the search shows who has it.", id, attributeOf(by.field.Name), hasAnother))}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// Only now: what is refused for one tag is for the others. Nor what was noted meanwhile.
	a.keyed[id] = slices.DeleteFunc(a.keyed[id], func(by foundBy) bool { return slices.Contains(keys, by) })
	return nil
}

const hasAnother = "they have another one now"

// keyMoved is for somebody who was imported by a key that they do not have, or of whom
// nobody can tell.
func keyMoved(attribute, failed string, id int64, key, why string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root(attribute), failed, fmt.Sprintf(
		"Customer %d was imported by the %s that they had, or that HelpCrunch's search still showed, and %s. Whether they are who was meant is not known, so nothing was written. "+
			"Take them out of the state; ADDRESS is that of this resource:\n\n    terraform state rm ADDRESS\n\nThen import whoever has it now or, if they are who was meant, this customer by id: %[1]d.", id, key, why))
}

// takeFound returns what keepFound kept, once, or nil.
func (a *account) takeFound(id int64) *helpcrunch.Customer {
	a.mu.Lock()
	defer a.mu.Unlock()
	customer := a.found[id]
	delete(a.found, id)
	return customer
}

// planAccount takes down that something is planned: what the state says is of an account,
// or, where it names none, somebody or something new. Both together are of one account,
// which the API key has to be of, whatever else is planned first: what is new has no
// account yet, and where nothing is refreshed nothing else compares. It is said once.
func (a *account) planAccount(ctx context.Context, stated types.String, isNew bool) diag.Diagnostics {
	a.mu.Lock()
	several := stated.ValueString() != "" && a.stated != "" && stated.ValueString() != a.stated
	if a.stated == "" {
		a.stated = stated.ValueString()
	}
	a.plansNew = a.plansNew || isNew
	named := a.stated
	due := !a.compared && (several || named != "" && a.plansNew)
	a.compared = a.compared || due
	a.mu.Unlock()
	if !due {
		return nil
	}
	const summary = "The state is of another account"
	advice := fmt.Sprintf("So nothing is planned. Check api_key in the provider block, or the environment variable %s, and the provider that each resource is tied to.", envAPIKey)
	if several {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("organization"), summary, fmt.Sprintf(
			"With one provider block the state has customers of the HelpCrunch account %s and of account %s. %s "+
				"Those who have got into the wrong state leave it with terraform state rm.", named, stated.ValueString(), advice))}
	}
	known, err := a.organizationToPlan(ctx)
	if err != nil {
		return requestFailed("The account of the API key was not compared with the state's, account "+named, err)
	}
	if known != nil && strconv.FormatInt(known.ID, 10) != named {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("organization"), summary, fmt.Sprintf(
			"With this provider block the state has customers of the HelpCrunch account %s, and the API key is one of %s. %s", named, nameOf(known), advice))}
	}
	return nil
}

// planOrganization is planAccount, and plans which account somebody, or a tag, is of
// that is new. Where nothing is refreshed, or a plan is applied with another key, nothing
// else would say that the same id, or user_id, is somebody else there.
func (a *account) planOrganization(ctx context.Context, stated types.String, isNew bool, failed string, plan *tfsdk.Plan) diag.Diagnostics {
	diags := a.planAccount(ctx, stated, isNew)
	if diags.HasError() || !isNew {
		return diags
	}
	known, err := a.organizationToPlan(ctx)
	unknown, _ := errors.AsType[*helpcrunch.UnknownOrganizationError](err)
	switch {
	case err != nil && (unknown == nil || !unknown.Lasts()):
		return requestFailed(failed, err)
	case known == nil:
		return nil
	}
	return plan.SetAttribute(ctx, path.Root("organization"), strconv.FormatInt(known.ID, 10))
}

// organizationToPlan is the account of the API key, nil where a setting is not known yet.
// That HelpCrunch cannot be asked at all is found out once, however many are planned.
func (a *account) organizationToPlan(ctx context.Context) (*helpcrunch.Organization, error) {
	a.mu.Lock()
	err := a.unread
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	known, err := a.client.Organization(ctx)
	_, unknown := errors.AsType[*helpcrunch.UnknownOrganizationError](err)
	_, unset := errors.AsType[*unknownSettings](err)
	switch {
	case err == nil || unset:
		return known, nil
	case unknown:
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unread = err
	return nil, err
}

// plannedTwice reports whether an update of this customer was planned before
// with the same provider. Terraform configures a provider anew for each plan and
// each apply, and asks in each once for each resource: who asks again is another.
func (a *account) plannedTwice(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	twice := a.managed[id] && a.oneWalk
	a.managed[id] = true
	return twice
}

// planDeletion takes down that the plan deletes the customer, and reports whether
// another resource is planned to manage them. isDoomed is for that other resource.
func (a *account) planDeletion(id string) (managed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.doomed == nil {
		a.doomed = make(map[string]bool)
	}
	a.doomed[id] = true
	return a.managed[id] && a.oneWalk
}

func (a *account) isDoomed(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.doomed[id] && a.oneWalk
}

// deletedAndManaged is for a customer whom two resources have, of which one goes.
func deletedAndManaged(id string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("id"), "One customer is deleted and managed", fmt.Sprintf(
		"The plan deletes customer %s, and another resource of this configuration manages them, or the state has them twice. To keep them, take the resource that goes out of the state without deleting anybody: "+
			"terraform state rm, a removed block with destroy = false, or one apply with the environment variable %s=abandon.", id, envDeletionPolicy))
}

// noteManaged takes down that a resource of this configuration manages the customer.
func (a *account) noteManaged(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.managed[id] = true
}

// takeOn is noteManaged for who is about to be taken over. It reports whether nobody
// manages them already: two resources may find them at the same time.
func (a *account) takeOn(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := !a.managed[id]
	a.managed[id] = true
	return taken
}

// letGo takes down that the resource which managed the customer does so no more.
func (a *account) letGo(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.managed, id)
}

// manages reports whether a resource of this configuration is known to manage
// the customer. An apply does not ask about those that do not change.
func (a *account) manages(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.managed[id]
}

// userIDPlans are the customers that are planned to have one user_id.
type userIDPlans struct {
	id     string // the first one who exists, "" for none
	create bool   // one is to be created
	adopt  bool   // who may be one that exists
}

// planUserID takes down that a customer is planned to have this user_id; id is
// "" for one who is to be created. It returns an error where another one is
// planned to have it as well.
//
// One that is created beside one who exists is none: where a customer is
// replaced, Terraform shows the two ends of it, and nothing that ties them. One who
// is to be taken over is, as adopts says: two resources would manage the one who exists.
func (a *account) planUserID(userID, id string, adopts bool) diag.Diagnostics {
	key := helpcrunch.UserID.Normal(userID)
	if key == "" || !a.oneWalk {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	plans := a.userIDs[key]
	if plans == nil {
		plans = new(userIDPlans)
		a.userIDs[key] = plans
	}
	var who string
	switch {
	case id == "" && plans.create:
		who = "Two resources in this configuration would create a customer"
	case id != "" && plans.id != "" && plans.id != id:
		who = fmt.Sprintf("Customers %s and %s are both managed in this configuration, and planned to be", plans.id, id)
	case id == "" && adopts && plans.id != "", id != "" && plans.adopt:
		who = fmt.Sprintf("A resource with adopt_existing would take over customer %s, who is managed in this configuration already,", cmp.Or(id, plans.id))
	case id == "":
		plans.create, plans.adopt = true, adopts
	default:
		plans.id = id
	}
	if who == "" {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("user_id"), "One user_id twice",
		fmt.Sprintf("%s with user_id %q. HelpCrunch gives a user_id to one customer only: "+
			"give one of the two another one, or keep one resource if they are the same person.", who, userID))}
}

// plannedTags is the exact set of a customer's tags that is planned.
//
// By name, in its normal form, it says whether the configuration has written the
// tag. Where ignore_changes keeps the set as it was found, it may not have.
type plannedTags map[string]bool

// refuses reports whether a single tag has no business beside the set.
func (s plannedTags) refuses(name string) bool {
	written, has := s[name]
	return s != nil && (written || !has)
}

// planTags takes down the exact set of a customer's tags that is planned, and
// reports whether single ones are planned as well, in this process.
func (a *account) planTags(id string, names, written []string) (twice bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	set := make(plannedTags)
	for _, name := range names {
		set[helpcrunch.NormalTag(name)] = false
	}
	for _, name := range written {
		set[helpcrunch.NormalTag(name)] = true
	}
	a.exact[id] = set
	for name := range a.single[id] {
		twice = twice || set.refuses(name)
	}
	return twice
}

// planTag is planTags for a single tag.
func (a *account) planTag(id, name string) (twice bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name = helpcrunch.NormalTag(name)
	if a.single[id] == nil {
		a.single[id] = make(map[string]bool)
	}
	a.single[id][name] = true
	return a.exact[id].refuses(name)
}

const tagsTwiceSummary = "Two kinds of resources for the tags of one customer"

// findOne looks a customer up by a field that should be theirs alone. shown is
// the value as it may stand in an error.
func (a *account) findOne(ctx context.Context, field *helpcrunch.StringField, value, shown string) (*helpcrunch.Customer, diag.Diagnostics) {
	attribute := attributeOf(field.Name)
	if field.Normal(value) == "" {
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("No customer to look for", fmt.Sprintf("%s is empty.", attribute))}
	}
	found, err := a.client.LookUp(ctx, field, value)
	if err != nil {
		return nil, requestFailed("The customer was not looked up", err)
	}
	var ids []string
	var match *helpcrunch.Customer
	for _, customer := range found {
		match = customer
		ids = append(ids, strconv.FormatInt(customer.ID, 10))
	}
	switch len(ids) {
	case 0:
		spelled := ""
		if field == helpcrunch.Email {
			spelled = " Its search may tell upper case from lower: write the address as HelpCrunch shows it."
		}
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("No such customer",
			fmt.Sprintf("HelpCrunch has no customer with this %s%s.%s Correct it, or take it out of the configuration.", attribute, shown, spelled))}
	case 1:
		return match, nil
	}
	return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Several customers fit",
		fmt.Sprintf("HelpCrunch has %d customers with this %s%s: %s. Use the id of one of them.", len(ids), attribute, shown, strings.Join(ids, ", ")))}
}
