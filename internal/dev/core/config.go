// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	ctymsgpack "github.com/zclconf/go-cty/cty/msgpack"
)

// Configuration is what a user writes: the settings of the provider, the
// resources, and the import blocks.
type Configuration struct {
	Settings map[string]tftypes.Value
	Blocks   []Block
	Data     []Block           // data blocks, whose values nobody refers to
	Imports  map[string]string // address → id

	source []byte
	bodies map[string]*hclsyntax.Block // by the address of a resource, without a key
}

// functions are those of Terraform that cty has as well.
var functions = map[string]function.Function{
	"concat": stdlib.ConcatFunc, "format": stdlib.FormatFunc, "join": stdlib.JoinFunc, "jsonencode": stdlib.JSONEncodeFunc,
	"range": stdlib.RangeFunc, "merge": stdlib.MergeFunc, "lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc,
	"tostring": stdlib.MakeToFunc(cty.String), "tonumber": stdlib.MakeToFunc(cty.Number),
	"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
}

// Parse reads a configuration in Terraform's language: provider, resource, data, import
// and locals blocks, with count, for_each, lifecycle and references to other
// resources. Anything else is an error: it needs the real Terraform.
func Parse(schemas *tfprotov6.GetProviderSchemaResponse, source string) (*Configuration, error) {
	file, diags := hclsyntax.ParseConfig([]byte(source), "main.tf", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil, errors.New("not in Terraform's own syntax")
	}
	c := &Configuration{Imports: make(map[string]string), source: []byte(source), bodies: make(map[string]*hclsyntax.Block)}
	parser := &parser{Configuration: c, schemas: schemas, scope: map[string]cty.Value{}}
	for _, kind := range []string{"locals", "provider", "resource", "data", "import"} { // in the order in which they need each other
		for _, block := range body.Blocks {
			if block.Type == kind {
				if err := parser.read(block); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, block := range body.Blocks {
		if !slices.Contains([]string{"terraform", "locals", "provider", "resource", "data", "import"}, block.Type) {
			return nil, fmt.Errorf("%s blocks need the real Terraform", block.Type)
		}
	}
	c.expand()
	return c, nil
}

// expand makes those that a block depends on of the names that it mentions.
func (c *Configuration) expand() {
	for i := range c.Blocks {
		block := &c.Blocks[i]
		for _, other := range c.Blocks {
			if slices.Contains(block.dependencies, other.name()) {
				block.instances = append(block.instances, other.Address)
			}
		}
	}
}

// parser is a configuration on its way.
type parser struct {
	*Configuration
	schemas *tfprotov6.GetProviderSchemaResponse
	scope   map[string]cty.Value // what expressions may name besides resources
}

func (p *parser) read(block *hclsyntax.Block) error {
	written := block.Body.Attributes
	switch block.Type {
	case "locals":
		locals := make(map[string]cty.Value)
		for name, attribute := range written {
			value, diags := attribute.Expr.Value(&hcl.EvalContext{Variables: p.scope, Functions: functions})
			if diags.HasErrors() {
				return diags
			}
			locals[name] = value
		}
		p.scope["local"] = cty.ObjectVal(locals)
	case "provider":
		settings, err := evaluate(p.schemas.Provider, written, p.scope)
		p.Settings = settings
		return err
	case "import":
		if written["id"] == nil {
			return errors.New("an import by identity needs the real Terraform")
		}
		address, err := addressOf(written["to"].Expr)
		if err != nil {
			return err
		}
		id, diags := written["id"].Expr.Value(&hcl.EvalContext{Variables: p.scope, Functions: functions})
		if diags.HasErrors() {
			return diags
		}
		p.Imports[address] = id.AsString()
	case "resource":
		return p.resource(block)
	case "data":
		kind, address := block.Labels[0], "data."+block.Labels[0]+"."+block.Labels[1]
		values, err := evaluate(p.schemas.DataSourceSchemas[kind], written, p.scope)
		if err != nil {
			return err
		}
		p.bodies[address] = block
		p.Data = append(p.Data, Block{Address: address, Type: kind, Attributes: values})
	}
	return nil
}

// resource reads a resource block into a [Block] for each of its instances.
func (p *parser) resource(block *hclsyntax.Block) error {
	kind, name := block.Labels[0], block.Labels[0]+"."+block.Labels[1]
	schema := p.schemas.ResourceSchemas[kind]
	if schema == nil {
		return fmt.Errorf("there is no resource %q", kind)
	}
	p.bodies[name] = block
	template := Block{Type: kind}
	for _, inner := range block.Body.Blocks {
		if err := template.lifecycle(inner); err != nil {
			return err
		}
	}
	written := maps.Clone(block.Body.Attributes)
	instances, err := p.instances(name, written)
	if err != nil {
		return err
	}
	for _, name := range []string{"count", "for_each", "provider", "depends_on"} {
		delete(written, name)
	}
	for _, attribute := range written {
		for _, traversal := range attribute.Expr.Variables() {
			if p.schemas.ResourceSchemas[traversal.RootName()] == nil {
				continue
			}
			address, err := addressOf(&hclsyntax.ScopeTraversalExpr{Traversal: traversal[:2]})
			if err != nil {
				return err
			}
			template.dependencies = append(template.dependencies, address)
		}
	}
	for _, instance := range instances {
		one := template
		one.Address = instance.address
		one.evaluate = func(lookUp func(string) (tftypes.Value, bool)) (map[string]tftypes.Value, error) {
			scope := maps.Clone(p.scope)
			maps.Copy(scope, instance.scope)
			if err := p.others(scope, one.dependencies, lookUp); err != nil {
				return nil, err
			}
			return evaluate(schema, written, scope)
		}
		p.Blocks = append(p.Blocks, one)
	}
	return nil
}

// lifecycle reads what stands within a resource block.
func (b *Block) lifecycle(inner *hclsyntax.Block) error {
	for name, attribute := range inner.Body.Attributes {
		switch {
		case inner.Type == "lifecycle" && name == "create_before_destroy":
			value, diags := attribute.Expr.Value(nil)
			if diags.HasErrors() {
				return diags
			}
			b.CreateBeforeDestroy = value.True()
		case inner.Type == "lifecycle" && name == "ignore_changes":
			all, diags := hcl.ExprList(attribute.Expr)
			if diags.HasErrors() {
				return diags
			}
			for _, one := range all {
				b.IgnoreChanges = append(b.IgnoreChanges, hcl.ExprAsKeyword(one))
			}
		default:
			return fmt.Errorf("%s in %s needs the real Terraform", name, inner.Type)
		}
	}
	if len(inner.Body.Blocks) > 0 {
		return fmt.Errorf("blocks in %s need the real Terraform", inner.Type)
	}
	return nil
}

// instanceOf is one of the resources that a block stands for.
type instanceOf struct {
	address string
	scope   map[string]cty.Value // count and each
}

func (p *parser) instances(name string, written hclsyntax.Attributes) ([]instanceOf, error) {
	context := &hcl.EvalContext{Variables: p.scope, Functions: functions}
	if count := written["count"]; count != nil {
		value, diags := count.Expr.Value(context)
		if diags.HasErrors() {
			return nil, diags
		}
		n, _ := value.AsBigFloat().Int64()
		var all []instanceOf
		for i := range n {
			all = append(all, instanceOf{fmt.Sprintf("%s[%d]", name, i), map[string]cty.Value{
				"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(i)}),
			}})
		}
		return all, nil
	}
	if each := written["for_each"]; each != nil {
		value, diags := each.Expr.Value(context)
		if diags.HasErrors() {
			return nil, diags
		}
		var all []instanceOf
		for it := value.ElementIterator(); it.Next(); {
			key, element := it.Element()
			all = append(all, instanceOf{fmt.Sprintf("%s[%q]", name, key.AsString()), map[string]cty.Value{
				"each": cty.ObjectVal(map[string]cty.Value{"key": key, "value": element}),
			}})
		}
		return all, nil
	}
	return []instanceOf{{address: name}}, nil
}

// others brings the resources that are referred to into a scope, as far as they
// are known.
func (p *parser) others(scope map[string]cty.Value, names []string, lookUp func(string) (tftypes.Value, bool)) error {
	kinds := make(map[string]map[string]cty.Value)
	for _, name := range names {
		kind, label, _ := strings.Cut(name, ".")
		t := p.schemas.ResourceSchemas[kind].ValueType()
		var byIndex []cty.Value
		byKey := make(map[string]cty.Value)
		whole := cty.DynamicVal
		for _, block := range p.Blocks {
			if block.name() != name {
				continue
			}
			value := cty.DynamicVal
			if found, ok := lookUp(block.Address); ok {
				var err error
				if value, err = fromTerraform(found, t); err != nil {
					return err
				}
			}
			switch key := strings.TrimPrefix(block.Address, name); {
			case key == "":
				whole = value
			case key[1] == '"':
				byKey[key[2:len(key)-2]] = value
			default:
				byIndex = append(byIndex, value)
			}
		}
		switch {
		case len(byIndex) > 0:
			whole = cty.TupleVal(byIndex)
		case len(byKey) > 0:
			whole = cty.ObjectVal(byKey)
		}
		if kinds[kind] == nil {
			kinds[kind] = make(map[string]cty.Value)
		}
		kinds[kind][label] = whole
	}
	for kind, all := range kinds {
		scope[kind] = cty.ObjectVal(all)
	}
	return nil
}

// name is the address without a key.
func (b *Block) name() string {
	name, _, _ := strings.Cut(b.Address, "[")
	return name
}

// addressOf is the address of a resource that an expression names.
func addressOf(e hcl.Expression) (string, error) {
	traversal, diags := hcl.AbsTraversalForExpr(e)
	if diags.HasErrors() {
		return "", diags
	}
	var address strings.Builder
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			address.WriteString(step.Name)
		case hcl.TraverseAttr:
			address.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				fmt.Fprintf(&address, "[%q]", step.Key.AsString())
			} else {
				fmt.Fprintf(&address, "[%s]", step.Key.AsBigFloat().Text('f', -1))
			}
		}
	}
	return address.String(), nil
}

// evaluate converts what is written to the types of a schema.
func evaluate(schema *tfprotov6.Schema, written hclsyntax.Attributes, scope map[string]cty.Value) (map[string]tftypes.Value, error) {
	if schema == nil {
		return nil, errors.New("the provider has no such block")
	}
	object, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		return nil, errors.New("the schema is not of an object")
	}
	values := make(map[string]tftypes.Value)
	for name, attribute := range written {
		t, known := object.AttributeTypes[name]
		if !known {
			return nil, fmt.Errorf("%s: there is no attribute %q", attribute.Range(), name)
		}
		value, diags := attribute.Expr.Value(&hcl.EvalContext{Variables: scope, Functions: functions})
		if diags.HasErrors() {
			return nil, diags
		}
		want, err := typeOf(t)
		if err != nil {
			return nil, err
		}
		if value, err = convert.Convert(value, optional(want)); err != nil {
			return nil, fmt.Errorf("%s: %w", attribute.Range(), err)
		}
		encoded, err := ctymsgpack.Marshal(value, want)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", attribute.Range(), err)
		}
		if values[name], err = (&tfprotov6.DynamicValue{MsgPack: encoded}).Unmarshal(t); err != nil {
			return nil, fmt.Errorf("%s: %w", attribute.Range(), err)
		}
	}
	return values, nil
}

// fromTerraform converts a value of the protocol to one of the language.
func fromTerraform(value tftypes.Value, t tftypes.Type) (cty.Value, error) {
	want, err := typeOf(t)
	if err != nil {
		return cty.NilVal, err
	}
	encoded, err := tfprotov6.NewDynamicValue(t, value)
	if err != nil {
		return cty.NilVal, err
	}
	return ctymsgpack.Unmarshal(encoded.MsgPack, want)
}

// typeOf converts a type. Both sides write it as the same JSON.
func typeOf(t tftypes.Type) (converted cty.Type, err error) {
	data, err := t.MarshalJSON() //nolint:staticcheck // deprecated without a successor that does this
	if err == nil {
		err = json.Unmarshal(data, &converted)
	}
	return converted, err
}

// optional is a type in whose objects nothing has to be written.
func optional(t cty.Type) cty.Type {
	switch {
	case t.IsObjectType():
		attributes := make(map[string]cty.Type)
		for name, one := range t.AttributeTypes() {
			attributes[name] = optional(one)
		}
		return cty.ObjectWithOptionalAttrs(attributes, slices.Collect(maps.Keys(attributes)))
	case t.IsSetType():
		return cty.Set(optional(t.ElementType()))
	case t.IsListType():
		return cty.List(optional(t.ElementType()))
	case t.IsMapType():
		return cty.Map(optional(t.ElementType()))
	}
	return t
}

// Line is the line of the source in which a resource has an attribute, or begins.
func (c *Configuration) Line(address, attribute string) string {
	name, _, _ := strings.Cut(address, "[")
	block := c.bodies[name]
	if block == nil {
		return ""
	}
	at := block.TypeRange
	if a := block.Body.Attributes[attribute]; a != nil {
		at = a.NameRange
	}
	return string(bytes.Split(c.source, []byte("\n"))[at.Start.Line-1])
}

// Excerpt is what Terraform shows of the source below a problem.
func (c *Configuration) Excerpt(address, attribute string) string {
	name, _, _ := strings.Cut(address, "[")
	block := c.bodies[name]
	if block == nil {
		return ""
	}
	return fmt.Sprintf("  on main.tf line %d, in %s %q:\n%4d: %s", block.TypeRange.Start.Line, block.Type, strings.Join(block.Labels, `" "`), block.TypeRange.Start.Line, c.Line(address, attribute))
}

// JSON is an object of a state as a state file has it.
func (p *Process) JSON(o *Object) ([]byte, error) {
	t := p.schema(o.Type).ValueType()
	value, err := fromTerraform(o.Value, t)
	if err != nil {
		return nil, err
	}
	kind, err := typeOf(t)
	if err != nil {
		return nil, err
	}
	return ctyjson.Marshal(value, kind)
}

// Shown is the JSON of an object as terraform show prints it.
func Shown(value tftypes.Value, schema *tfprotov6.Schema) ([]byte, error) {
	shown, err := fromTerraform(value, schema.ValueType())
	if err != nil {
		return nil, err
	}
	return ctyjson.Marshal(shown, shown.Type())
}
