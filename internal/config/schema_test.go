package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/invopop/jsonschema"
	check "github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schema and the page from the struct")

const (
	schemaFile = "../../schemas/config/holdfast.schema.json"
	pageFile   = "../../docs/configuration.md"
)

// makeSchema derives the JSON Schema. Only the vocabulary that draft-07 shares
// with later drafts is used, since editors read draft-07 and below.
func makeSchema(t *testing.T) []byte {
	t.Helper()
	reflector := jsonschema.Reflector{
		FieldNameTag: "yaml", Anonymous: true, ExpandedStruct: true, DoNotReference: true,
		RequiredFromJSONSchemaTags: true, Mapper: scalarSchema,
		LookupComment: func(owner reflect.Type, name string) string {
			if owner.Kind() != reflect.Struct {
				return ""
			}
			field, _ := owner.FieldByName(name)
			return field.Tag.Get("doc")
		},
	}
	schema := reflector.Reflect(&Config{})
	schema.Version = "http://json-schema.org/draft-07/schema#"
	schema.Title = "Holdfast configuration"
	addEnums(schema, reflect.TypeFor[Config]())
	allowAuto(schema)
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func scalarSchema(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9.]+(ns|us|µs|ms|s|m|h|d)([0-9.]+(ns|us|µs|ms|s|m|h))*$`}
	case reflect.TypeFor[Size]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "integer"},
			{Type: "string", Pattern: `^[0-9]+ *(B|KiB|MiB|GiB)?$`}}}
	case reflect.TypeFor[Date]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
	case reflect.TypeFor[Constant]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
	case reflect.TypeFor[Band]():
		two := uint64(2)
		return &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "number"}, MinItems: &two, MaxItems: &two}
	}
	return nil
}

// addEnums copies the lists of values from the tags.
func addEnums(schema *jsonschema.Schema, t reflect.Type) {
	if t.Kind() == reflect.Map {
		if schema.AdditionalProperties != nil && t.Elem().Kind() == reflect.Struct {
			addEnums(schema.AdditionalProperties, t.Elem())
		}
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		property, ok := schema.Properties.Get(field.Tag.Get("yaml"))
		if !ok {
			continue
		}
		if list := field.Tag.Get("enum"); list != "" {
			for _, text := range strings.Split(list, ",") {
				property.Enum = append(property.Enum, text)
			}
		}
		if isSection(field.Type) || field.Type.Kind() == reflect.Map {
			addEnums(property, field.Type)
		}
	}
}

// allowAuto lets score.params be the word auto.
func allowAuto(schema *jsonschema.Schema) {
	score, _ := schema.Properties.Get("score")
	params, _ := score.Properties.Get("params")
	given := *params
	given.Description = ""
	score.Properties.Set("params", &jsonschema.Schema{Description: params.Description,
		AnyOf: []*jsonschema.Schema{{Const: "auto"}, &given}})
}

func TestTheSchemaForEditorsIsThatOfTheStruct(t *testing.T) {
	hold(t, schemaFile, makeSchema(t))
}

// hold compares a file of the tree with what it is made from.
func hold(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the struct says; run go test ./internal/config -update", name)
	}
}

func TestTheSchemaAcceptsWhatIsPrintedAndRefusesAnUnknownKey(t *testing.T) {
	document, err := check.UnmarshalJSON(bytes.NewReader(makeSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := check.NewCompiler()
	if err := compiler.AddResource("holdfast.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("holdfast.json")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(Input{HostName: "host"})
	if err != nil {
		t.Fatal(err)
	}
	printed, err := loaded.YAML(Print{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{
		printed: true, "score: {params: auto}": true, "score: {params: best}": false, "kafka: {groop: x}": false,
		"time: {clock: wall}": false, "mapping: {visits: {amounts: major}}": false, "alerts: {dwell: soon}": false,
	} {
		converted, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		instance, err := check.UnmarshalJSON(bytes.NewReader(converted))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); (err == nil) != ok {
			t.Errorf("%q: %v, want valid %v", clip(text), err, ok)
		}
	}
}
