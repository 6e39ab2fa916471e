// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Object is what the state keeps of a resource.
type Object struct {
	Type     string
	Value    tftypes.Value
	Private  []byte
	Identity *tfprotov6.ResourceIdentityData
	Tainted  bool
	// DependsOn are the addresses that its configuration referred to when it
	// was applied: it is destroyed before them.
	DependsOn []string
}

// ID is the attribute id.
func (o *Object) ID() string {
	if o == nil {
		return ""
	}
	return Text(Attributes(o.Value)["id"])
}

// State is a Terraform state. It is safe for concurrent use; its objects are
// never changed, only replaced.
type State struct {
	mu      sync.Mutex
	current map[string]*Object
	deposed map[string]*Object // replaced ones that are still to be destroyed
}

// NewState returns an empty state.
func NewState() *State {
	return &State{current: make(map[string]*Object), deposed: make(map[string]*Object)}
}

// Clone returns a state with the same objects.
func (s *State) Clone() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &State{current: maps.Clone(s.current), deposed: maps.Clone(s.deposed)}
}

// Get returns the object of an address, or nil.
func (s *State) Get(address string) *Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current[address]
}

// Deposed returns the deposed object of an address, or nil.
func (s *State) Deposed(address string) *Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deposed[address]
}

// Set puts an object under an address; nil takes it away, as terraform state rm does.
func (s *State) Set(address string, o *Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(s.current, address, o)
}

// SetDeposed is Set for the deposed object of an address.
func (s *State) SetDeposed(address string, o *Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(s.deposed, address, o)
}

func set(objects map[string]*Object, address string, o *Object) {
	if o == nil || o.Value.IsNull() {
		delete(objects, address)
		return
	}
	objects[address] = o
}

// Taint marks the object of an address as one to be replaced, or takes the mark off.
func (s *State) Taint(address string, tainted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.current[address]; o != nil {
		marked := *o
		marked.Tainted = tainted
		s.current[address] = &marked
	}
}

// Addresses are those of all current objects, sorted.
func (s *State) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.current))
}

// DeposedAddresses are those of all deposed objects, sorted.
func (s *State) DeposedAddresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.deposed))
}

// Block is a resource block of a configuration.
type Block struct {
	Address    string
	Type       string
	Attributes map[string]tftypes.Value // those left out are null
	References map[string]Reference     // attributes that come from other resources
	// Ephemeral are attributes whose values are asked for each time that they are
	// needed: once in a plan, twice in its apply.
	Ephemeral map[string]func() tftypes.Value
	// CreateBeforeDestroy and IgnoreChanges are what the lifecycle says.
	CreateBeforeDestroy bool
	IgnoreChanges       []string // whole attributes

	// Of a block of a [Configuration]: evaluate gives all of its attributes.
	evaluate     func(lookUp func(address string) (tftypes.Value, bool)) (map[string]tftypes.Value, error)
	dependencies []string // what its expressions name, without keys
	instances    []string // the addresses of those
}

// Reference is an attribute of another resource.
type Reference struct{ Address, Attribute string }

func (b *Block) dependsOn() []string {
	addresses := slices.Clone(b.instances)
	for _, name := range slices.Sorted(maps.Keys(b.References)) {
		if address := b.References[name].Address; !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
