package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// fileReader walks a YAML document beside a struct, so that every problem is
// found in one pass, with its line, in our words.
type fileReader struct {
	name     string
	lines    map[string]int // path of each key that stands in the file
	anchors  map[string]ast.Node
	problems []Problem
	keys     keyAdvice
}

// readFile decodes a document into config.
func readFile(name string, data []byte, config *Config) *fileReader {
	reader := &fileReader{name: name, lines: map[string]int{}, anchors: map[string]ast.Node{}, keys: keyAdvice{
		planned: notYet, words: map[string]string{"score.params": "auto"}, elsewhere: keyElsewhere,
		otherwise: "leave it out; `holdfast config print` shows all keys"}}
	reader.read(data, reflect.ValueOf(config).Elem())
	return reader
}

// read decodes the one document in data.
func (r *fileReader) read(data []byte, into reflect.Value) {
	data, ok := r.text(data)
	if !ok {
		return
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.syntax(err)
		return
	}
	if len(file.Docs) > 1 && file.Docs[1].Body != nil {
		r.report("", file.Docs[1].Body, "a second document begins here", "keep one document in the file")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return
	}
	body := file.Docs[0].Body
	ast.Walk(anchorFinder{r.anchors}, body)
	r.value(body, into, "")
}

type anchorFinder struct{ found map[string]ast.Node }

func (f anchorFinder) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		f.found[anchor.Name.GetToken().Value] = anchor.Value
	}
	return f
}

func (r *fileReader) syntax(err error) {
	problem := Problem{Source: r.name, Message: "the YAML cannot be read: " + err.Error()}
	var located yaml.Error
	if errors.As(err, &located) {
		problem.Message = "the YAML cannot be read: " + located.GetMessage()
		if token := located.GetToken(); token != nil && token.Position != nil {
			problem.Line = token.Position.Line
		}
	}
	problem.Fix = "correct the line; keys are indented by spaces, and each stands once"
	r.problems = append(r.problems, problem)
}

func (r *fileReader) report(path string, node ast.Node, message, fix string) {
	r.problems = append(r.problems, Problem{Path: path, Source: r.name, Line: lineOf(node), Message: message, Fix: fix})
}

func lineOf(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	return node.GetToken().Position.Line
}

// plain strips anchors and tags and follows aliases. A chain of aliases is
// followed as far as the file is deep, never in a circle.
func (r *fileReader) plain(node ast.Node) ast.Node {
	for range 8 {
		switch kind := node.(type) {
		case *ast.AnchorNode:
			node = kind.Value
		case *ast.TagNode:
			node = kind.Value
		case *ast.AliasNode:
			node = r.anchors[kind.Value.GetToken().Value]
		default:
			return node
		}
	}
	return nil
}

// value decodes one node into a value of any kind that Config is made of. The
// depth of the struct bounds the recursion, whatever the file holds.
func (r *fileReader) value(raw ast.Node, value reflect.Value, path string) {
	node := r.plain(raw)
	switch {
	case node == nil || node.Type() == ast.NullType:
		if !isSection(value.Type()) {
			r.report(path, raw, "has no value", "give one or leave the key out")
		}
	case isSection(value.Type()) || hasKeys(value.Type()) && isMapping(node):
		if scalar, ok := node.(ast.ScalarNode); ok && r.keys.words[path] == scalar.GetToken().Value {
			return
		}
		r.section(node, value, path)
	case value.Kind() == reflect.Map:
		r.mapping(node, value, path)
	case value.Kind() == reflect.Slice:
		r.list(node, value, path)
	default:
		r.scalar(node, value, path)
	}
}

func (r *fileReader) scalar(node ast.Node, value reflect.Value, path string) {
	text := ""
	switch kind := node.(type) {
	case *ast.SequenceNode: // a pair such as [0.50, 0.60]
		if _, isBand := value.Interface().(Band); !isBand {
			r.report(path, node, "is a list; it must be one value", "")
			return
		}
		text = r.pair(kind)
	case *ast.LiteralNode:
		text = kind.Value.Value
	case ast.ScalarNode:
		text = kind.GetToken().Value
	default:
		r.report(path, node, "is a mapping; it must be one value", "")
		return
	}
	if _, isConstant := value.Interface().(Constant); isConstant {
		text = constantOf(node, text)
	}
	if err := setText(value, text); err != nil {
		r.report(path, node, err.Error(), "")
	}
}

// pair writes a list's scalars behind each other, in whichever style they stand.
func (r *fileReader) pair(list *ast.SequenceNode) string {
	var texts []string
	for _, item := range list.Values {
		text := "…" // no number
		if scalar, ok := r.plain(item).(ast.ScalarNode); ok {
			text = scalar.GetToken().Value
		}
		texts = append(texts, text)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func (r *fileReader) list(node ast.Node, value reflect.Value, path string) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		fix := ""
		if scalar, ok := node.(ast.ScalarNode); ok {
			fix = "write [" + clip(scalar.GetToken().Value) + "]"
		}
		r.report(path, node, "must be a list", fix)
		return
	}
	list := reflect.MakeSlice(value.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		r.value(item, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	value.Set(list)
}

// mapping adds to what the default holds, so that one weight can be changed
// without repeating the others.
func (r *fileReader) mapping(node ast.Node, value reflect.Value, path string) {
	pairs, ok := r.pairs(node, path)
	if !ok {
		return
	}
	merged := reflect.MakeMap(value.Type())
	for _, key := range value.MapKeys() {
		merged.SetMapIndex(key, value.MapIndex(key))
	}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		full := join(path, key)
		item := reflect.New(value.Type().Elem()).Elem()
		r.lines[full] = lineOf(pair.Key)
		r.value(pair.Value, item, full)
		merged.SetMapIndex(reflect.ValueOf(key), item)
	}
	value.Set(merged)
}

func (r *fileReader) section(node ast.Node, value reflect.Value, path string) {
	pairs, ok := r.pairs(node, path)
	if !ok {
		return
	}
	fields, names := map[string]reflect.Value{}, []string{}
	for i := range value.NumField() {
		if name := value.Type().Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			fields[name] = value.Field(i)
			names = append(names, name)
		}
	}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		full := join(path, key)
		field, known := fields[key]
		if !known {
			r.unknown(full, key, names, pair)
			continue
		}
		r.lines[full] = lineOf(pair.Key)
		r.value(pair.Value, field, full)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func isMapping(node ast.Node) bool {
	return node.Type() == ast.MappingType || node.Type() == ast.MappingValueType
}

func (r *fileReader) pairs(node ast.Node, path string) ([]*ast.MappingValueNode, bool) {
	var pairs []*ast.MappingValueNode
	switch kind := node.(type) {
	case *ast.MappingNode:
		pairs = kind.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{kind}
	default:
		r.report(path, node, "must be a mapping of keys", "")
		return nil, false
	}
	for _, pair := range pairs {
		if pair.Key.Type() == ast.MergeKeyType {
			r.report(path, pair.Key, "keys of another mapping are merged in (<<)", "write them out")
			return nil, false
		}
	}
	return pairs, true
}

func (r *fileReader) unknown(path, key string, names []string, pair *ast.MappingValueNode) {
	if planned, ok := r.keys.planned[path]; ok {
		var given any
		if err := yaml.NodeToValue(pair.Value, &given); err == nil && slices.Contains(planned.without, fmt.Sprint(given)) {
			return
		}
		r.report(path, pair.Key, "has no effect yet: "+planned.what+" comes in a later release", "leave the key out")
		return
	}
	guess := Nearest(key, names)
	if guess == "" && r.keys.elsewhere != nil {
		guess = r.keys.elsewhere(key)
	}
	fix := r.keys.otherwise
	if guess != "" {
		fix = "did you mean " + guess + "?"
	}
	r.report(path, pair.Key, "is not a known key", fix)
}

// keyElsewhere finds a key of the same name in another section.
func keyElsewhere(key string) string {
	config := Default()
	for _, leaf := range leaves(&config) {
		if leaf.field.Tag.Get("yaml") == key {
			return leaf.path
		}
	}
	return ""
}
