package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Print says how a configuration is written.
type Print struct {
	Redact    bool // passwords inside addresses are replaced
	Sources   bool // each line says where its value came from
	GivenOnly bool // defaults are left out
}

// YAML writes the configuration in the form that Load reads.
func (l *Loaded) YAML(print Print) (string, error) {
	writer := &fileWriter{loaded: l, print: print}
	if err := writer.section(reflect.ValueOf(&l.Config).Elem(), "", 0); err != nil {
		return "", err
	}
	return writer.text.String(), nil
}

type fileWriter struct {
	loaded *Loaded
	print  Print
	text   strings.Builder
}

// given reports whether a key, or one inside of it, was set by anyone.
func (w *fileWriter) given(path string) bool {
	for given := range w.loaded.origins {
		if given == path || strings.HasPrefix(given, path+".") {
			return true
		}
	}
	return false
}

func (w *fileWriter) section(value reflect.Value, path string, depth int) error {
	for i := range value.NumField() {
		field := value.Type().Field(i)
		name := field.Tag.Get("yaml")
		full := name
		if path != "" {
			full = path + "." + name
		}
		if w.print.GivenOnly && !w.given(full) || field.Type.Kind() == reflect.Struct && field.Type.NumField() == 0 {
			continue
		}
		indent := strings.Repeat("  ", depth)
		if isSection(field.Type) {
			fmt.Fprintf(&w.text, "%s%s:\n", indent, name)
			if err := w.section(value.Field(i), full, depth+1); err != nil {
				return err
			}
			continue
		}
		text, err := w.scalar(field, value.Field(i))
		if err != nil {
			return fmt.Errorf("write %s: %w", full, err)
		}
		fmt.Fprintf(&w.text, "%s%s: %s", indent, name, text)
		if w.print.Sources {
			fmt.Fprintf(&w.text, "  # %s", w.loaded.source(leaf{path: full, field: field}))
		}
		w.text.WriteByte('\n')
	}
	return nil
}

// scalar writes a value on one line; mappings and lists in flow style.
func (w *fileWriter) scalar(field reflect.StructField, value reflect.Value) (string, error) {
	given := value.Interface()
	switch kind := given.(type) {
	case Band:
		return "[" + strings.ReplaceAll(kind.String(), ",", ", ") + "]", nil
	case Duration, Size, Date:
		return valueText(value), nil
	case string:
		if field.Tag.Get("secret") == "dsn" && w.print.Redact {
			given = RedactDSN(kind)
		}
	}
	text, err := yaml.MarshalWithOptions(given, yaml.Flow(true))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(text)), nil
}
