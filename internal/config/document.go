package config

import (
	"bytes"
	"reflect"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Document is a YAML file that was read into a struct of its own.
type Document struct {
	Lines    map[string]int // path of each key that stands in the file, such as events[0].when.store: its line
	Problems []Problem      // all that is wrong with it
}

// ReadYAML reads a file of one YAML document into the struct that into points
// to, as strictly as the configuration and by the same rules: keys are those of
// the yaml tags, and an unknown one is a problem, as is one that stands twice.
// A text is the text of its token: 017, 1.10, 0x1F, 2026-03-01 and yes stay as
// they are written, in quotes or not, and so do the keys of a mapping. A type
// with an UnmarshalText method is read by it; if it has keys of its own, a
// mapping of them may stand in the place of the text. A byte order mark is
// skipped; what is not UTF-8 is a problem.
//
// Fields may be structs, texts, bools, ints, float64s, and maps from text and
// slices of these.
func ReadYAML(name string, data []byte, into any) *Document {
	reader := &fileReader{name: name, lines: map[string]int{}, anchors: map[string]ast.Node{},
		keys: keyAdvice{otherwise: "leave it out"}}
	reader.read(data, reflect.ValueOf(into).Elem())
	arrange(reader.problems)
	return &Document{Lines: reader.lines, Problems: reader.problems}
}

// Line is the line of a key, or of the nearest one above it; 0 where none of
// them stands in the file.
func (d *Document) Line(path string) int {
	for ; path != ""; path = parentPath(path) {
		if line := d.Lines[path]; line > 0 {
			return line
		}
	}
	return 0
}

// keyAdvice is what can be said about keys beyond those of the struct.
type keyAdvice struct {
	planned   map[string]later        // keys of later releases
	words     map[string]string       // section: the word that may stand for it and asks for nothing
	elsewhere func(key string) string // the path at which a key would be known
	otherwise string                  // what to do about an unknown key that is like no other
}

// text takes a byte order mark off, and reports what is not UTF-8.
func (r *fileReader) text(data []byte) ([]byte, bool) {
	if event.IsUTF16(data) {
		r.problems = append(r.problems, Problem{Source: r.name, Message: "the file is UTF-16 or UTF-32", Fix: "save it as UTF-8"})
		return nil, false
	}
	data = event.TrimByteOrderMark(data)
	for line, text := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(text) {
			r.problems = append(r.problems, Problem{Source: r.name, Line: line + 1, Message: "the file is not UTF-8 here", Fix: "save it as UTF-8"})
			return nil, false
		}
	}
	return data, true
}
