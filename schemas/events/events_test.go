package events_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/holdfast/holdfast/pipeline/decode"
	decodejson "github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/events"
)

const recordTime = 1_780_272_000 * event.Second // 2026-06-01T00:00:00Z

func compile(t *testing.T, eventType string) *jsonschema.Schema {
	t.Helper()
	text, err := events.Schema(eventType)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(eventType, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(eventType)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(t *testing.T, schema *jsonschema.Schema, value string) (bool, error) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
	if err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	err = schema.Validate(doc)
	return err == nil, err
}

// accepted asks the decoder, with the key that the record should have.
func accepted(t *testing.T, kind event.Type, value string) (bool, decode.Reject) {
	t.Helper()
	d, err := decodejson.New(decode.Config{Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	var id struct {
		CustomerID  any `json:"customer_id"`
		AnonymousID any `json:"anonymous_id"`
	}
	if err := json.Unmarshal([]byte(value), &id); err != nil {
		t.Fatal(err)
	}
	key, known := id.CustomerID.(string)
	if !known {
		key, _ = id.AnonymousID.(string)
	}
	var dst event.Event
	var arena decode.Arena
	rec := decode.Record{Key: []byte(key), HasKey: true, Value: []byte(value), HasValue: true, Timestamp: recordTime}
	reject, ok := d.Decode(&dst, &rec, &arena)
	return ok, reject
}

var eventTypes = []event.Type{event.Purchase, event.Visit, event.Complaint, event.Erasure, event.AlertFeedback}

func TestEveryTypeHasASchema(t *testing.T) {
	var names []string
	for _, kind := range eventTypes {
		names = append(names, kind.String())
		compile(t, kind.String())
	}
	slices.Sort(names)
	if got := events.Types(); !slices.Equal(got, names) {
		t.Errorf("got %v, want %v", got, names)
	}
	if _, err := events.Schema("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown type: got %v", err)
	}
}

// TestFieldsAgree holds the schemas' fields equal to the decoder's.
func TestFieldsAgree(t *testing.T) {
	for _, kind := range eventTypes {
		text, err := events.Schema(kind.String())
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Properties map[string]json.RawMessage
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		want := decode.FieldNames(kind)
		for _, name := range want {
			if _, ok := doc.Properties[name]; !ok {
				t.Errorf("%s: the schema lacks %s", kind, name)
			}
		}
		if len(want) != len(doc.Properties) {
			t.Errorf("%s: %d fields in the schema, %d in the decoder", kind, len(doc.Properties), len(want))
		}
	}
}

// TestSchemaAndDecoderAgree runs both over the same events. What JSON Schema
// cannot say is not in the list: bytes against characters, fields twice, the
// number's spelling, the calendar, the record's key and time, test events.
func TestSchemaAndDecoderAgree(t *testing.T) {
	for _, kind := range eventTypes {
		schema := compile(t, kind.String())
		for _, c := range agreements[kind] {
			value := examples[kind]
			for _, change := range c.changes {
				value = set(t, value, change.field, change.text)
			}
			bySchema, err := valid(t, schema, value)
			byDecoder, reject := accepted(t, kind, value)
			if bySchema != c.good || byDecoder != c.good {
				t.Errorf("%s: want good = %v\n schema: %v\n decoder: %+v", value, c.good, err, reject)
			}
		}
	}
}

// set puts a field's JSON text into an object; an empty text takes it out.
func set(t *testing.T, value, field, text string) string {
	t.Helper()
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(value), &fields); err != nil {
		t.Fatal(err)
	}
	if fields[field] = json.RawMessage(text); text == "" {
		delete(fields, field)
	}
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	return string(out)
}
