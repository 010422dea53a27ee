package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// leaf is one key that holds a value, found by walking the struct.
type leaf struct {
	path    string
	field   reflect.StructField
	value   reflect.Value // addressable
	meaning bool          // whether it is part of the hash
}

func (l leaf) env() string { return l.field.Tag.Get("env") }
func (l leaf) doc() string { return l.field.Tag.Get("doc") }

// leaves lists the keys of a configuration in the order of the struct.
func leaves(config *Config) []leaf {
	return appendLeaves(nil, reflect.ValueOf(config).Elem(), "", false)
}

func appendLeaves(list []leaf, value reflect.Value, path string, meaning bool) []leaf {
	for i := range value.NumField() {
		field := value.Type().Field(i)
		name := field.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		if path != "" {
			name = path + "." + name
		}
		counts := meaning || field.Tag.Get("meaning") == "y"
		if isSection(field.Type) {
			list = appendLeaves(list, value.Field(i), name, counts)
			continue
		}
		list = append(list, leaf{path: name, field: field, value: value.Field(i), meaning: counts})
	}
	return list
}

var textReader = reflect.TypeFor[encoding.TextUnmarshaler]()

// isSection reports whether a type groups keys, other than being one value.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(textReader)
}

// hasKeys reports whether a type has keys of its own, even if a text can stand
// for them.
func hasKeys(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") != "" {
			return true
		}
	}
	return false
}

// setText puts the text of one scalar into a value.
func setText(value reflect.Value, text string) error {
	if reader, ok := value.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return reader.UnmarshalText([]byte(text))
	}
	switch value.Kind() {
	case reflect.String:
		value.SetString(text)
		return nil
	case reflect.Bool:
		if text == "true" || text == "false" {
			value.SetBool(text == "true")
			return nil
		}
	case reflect.Int:
		if number, err := strconv.ParseInt(text, 10, 64); err == nil {
			value.SetInt(number)
			return nil
		}
	case reflect.Float64:
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			value.SetFloat(number)
			return nil
		}
	}
	return wrongText(value, text)
}

// wrongText says what a value of this kind must look like.
func wrongText(value reflect.Value, text string) error {
	return fmt.Errorf("%q is not %s", clip(text), kindWords(value.Type()))
}

func kindWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping of keys"
	}
	return "a text"
}

// clip keeps messages short, whatever stands in the file.
func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// text writes a leaf's value as the file and the environment would.
func (l leaf) text() string { return valueText(l.value) }

func valueText(value reflect.Value) string {
	if writer, ok := value.Interface().(encoding.TextMarshaler); ok {
		written, err := writer.MarshalText()
		if err != nil {
			panic("our scalars always write themselves: " + err.Error())
		}
		return string(written)
	}
	if list, ok := value.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	if value.Kind() == reflect.Float64 {
		return strconv.FormatFloat(value.Float(), 'g', -1, 64)
	}
	return fmt.Sprint(value.Interface())
}
