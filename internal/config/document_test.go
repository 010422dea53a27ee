package config

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// origin is a text, or a mapping of its keys.
type origin struct {
	Column   string            `yaml:"column"`
	Constant string            `yaml:"constant"`
	Values   map[string]string `yaml:"values"`
}

func (o *origin) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), " ") {
		return errors.New("holds a space")
	}
	*o = origin{Column: string(text)}
	return nil
}

type rows struct {
	Delimiter string            `yaml:"delimiter"`
	Fields    map[string]origin `yaml:"fields"`
	Events    []struct {
		When map[string]string `yaml:"when"`
	} `yaml:"events"`
	Names []string `yaml:"names"`
	Rows  int      `yaml:"rows"`
}

func TestTextsOfADocumentAreThoseOfTheirTokens(t *testing.T) {
	for _, text := range []string{"017", "0123456", "1.10", "1.0", "0x1F", "0o17", "0b11", "1_000", "1e3", "1.0e+3",
		"+5", "-0", "00",
		".5", "5.", ".inf", ".nan", "2026-03-01", "2026-03-01T10:15:30Z", "12:30:45", "1:20", "yes", "no", "on", "off",
		"y", "N", "True",
		"TRUE", "false", "NULL2", "=", "<<2", "Ümlaut", "a b", "9007199254740993", "123456789012345678901234567890", "1,5",
		"+49 30 1234"} {
		for _, written := range []string{text, `"` + text + `"`, `'` + text + `'`, "&a " + text, "!!str " + text, text +
			" # comment"} {
			file := "delimiter: " + written + "\nnames:\n- " + written + "\nfields:\n  f: {constant: " + flow(written) + "}\n" +
				"events:\n- when:\n    store: " + written + "\n"
			var got rows
			document := ReadYAML("m.yml", []byte(file), &got)
			if len(document.Problems) > 0 {
				t.Errorf("%s: %v", written, document.Problems)
				continue
			}
			for place, found := range map[string]string{"text": got.Delimiter, "list": got.Names[0],
				"flow": got.Fields["f"].Constant, "list of mappings": got.Events[0].When["store"]} {
				if found != text && !(place == "flow" && flow(written) == `""`) {
					t.Errorf("%s, %s: got %q", written, place, found)
				}
			}
		}
		if strings.ContainsAny(text, " :") {
			continue
		}
		var got rows
		if document := ReadYAML("m.yml",
			[]byte("events: [{when: {\""+text+"\": x}}]\nfields: {f: {values:\n    {"+flow(text)+": station}}}\n"),
			&got); len(document.Problems) > 0 ||
			got.Events[0].When[text] != "x" || flow(text) == text && got.Fields["f"].Values[text] != "station" {
			t.Errorf("key %s: got %+v, %v", text, got, document.Problems)
		}
	}
}

// flow leaves out of flow mappings what has a meaning there.
func flow(text string) string {
	if !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "'") && strings.ContainsAny(text, ",#:=") {
		return `""`
	}
	return text
}

func TestADocumentIsReadStrictly(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"text or keys": {"fields:\n  a: col\n  b: {constant: 007}\n", ""},
		"own reader":   {"fields:\n  a: two words\n", "m.yml:2  error  fields.a: holds a space"},
		"unknown key":  {"field:\n  a: b\n", "m.yml:1  error  field: is not a known key → did you mean fields?"},
		"unknown, below": {"fields:\n  a: {kolumn: x}\n",
			"m.yml:2  error  fields.a.kolumn: is not a known key → did you mean column?"},
		"no hint":      {"qqqqqqqqq: 1\n", "m.yml:1  error  qqqqqqqqq: is not a known key → leave it out"},
		"not our keys": {"time: {clock: honest}\n", "m.yml:1  error  time: is not a known key → leave it out"},
		"in a list": {"events:\n- when: {a: b}\n- wen: {a: b}\n",
			"m.yml:3  error  events[1].wen: is not a known key → did you mean when?"},
		"key twice": {"events:\n- when: {017: a}\n- when:\n    017: a\n    \"017\": b\n", "m.yml:5  error  the YAML " +
			"cannot be read: mapping key \"017\" already defined at [4:5] → correct the line; keys are indented by spaces, " +
			"and each stands once"},
		"merge": {"x: &x {a: b}\n", "m.yml:1  error  x: is not a known key → leave it out"},
		"merged": {"fields:\n  a: &a {column: b}\n  c:\n    <<: *a\n",
			"m.yml:4  error  fields.c: keys of another mapping are merged in (<<) → write them out"},
		"a list":  {"delimiter: [a]\n", "m.yml:1  error  delimiter: is a list; it must be one value"},
		"no list": {"names: 017\n", "m.yml:1  error  names: must be a list → write [017]"},
		"null": {"events: [{when: {store: ~}}]\n",
			"m.yml:1  error  events[0].when.store: has no value → give one or leave the key out"},
		"no number":       {"rows: 0x1F\n", "m.yml:1  error  rows: \"0x1F\" is not a whole number"},
		"byte order mark": {"\ufefffields: {a: b}\n", ""},
		"Latin-1":         {"fields:\n  a: Stra\xdfe\n", "m.yml:2  error  the file is not UTF-8 here → save it as UTF-8"},
		"UTF-16":          {"\xff\xfef\x00i\x00", "m.yml  error  the file is UTF-16 or UTF-32 → save it as UTF-8"},
	} {
		var got rows
		lines := []string{}
		for _, problem := range ReadYAML("m.yml", []byte(test.file), &got).Problems {
			lines = append(lines, problem.String())
		}
		if strings.Join(lines, "\n") != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(lines, "\n"), test.want)
		}
	}
}

func TestLinesOfADocument(t *testing.T) {
	var got rows
	document := ReadYAML("m.yml", []byte("delimiter: ;\nevents:\n- when:\n    store: 017\n"), &got)
	for path, want := range map[string]int{"delimiter": 1, "events": 2, "events[0].when": 3, "events[0].when.store": 4,
		"events[0].when.other": 3, "events[7]": 2, "rows": 0} {
		if line := document.Line(path); line != want {
			t.Errorf("%s is on line %d, want %d", path, line, want)
		}
	}
}

// TestConstantsOfAMapping holds the JSON scalars that a constant stands for.
func TestConstantsOfAMapping(t *testing.T) {
	for text, want := range map[string]Constant{"15": `15`, "1.10": `1.10`, "017": `"017"`, "0x1F": `"0x1F"`,
		"1_000": `"1_000"`, "true": `true`,
		"yes": `"yes"`, "True": `"True"`, `"15"`: `"15"`, "EUR": `"EUR"`, "2026-03-01": `"2026-03-01"`, ".5": `".5"`,
		"+5": `"+5"`} {
		loaded, err := Load(Input{Path: "h.yaml", File: []byte(valid + "mapping: {visits: {constants: {x: " + text + "}}}\n"),
			HostName: "h"})
		if err != nil {
			t.Fatal(err)
		}
		if got := loaded.Mapping["visits"].Constants["x"]; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestEncodingsOfAFile loads the same configuration in the encodings that
// editors write.
func TestEncodingsOfAFile(t *testing.T) {
	want, err := Load(Input{Path: "h.yaml", File: []byte("version: 1\n" + valid), HostName: "host"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(Input{Path: "h.yaml", File: []byte("\ufeffversion: 1\r\n" + strings.ReplaceAll(valid, "\n", "\r\n")),
		HostName: "host"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Config, got.Config); diff != "" || got.lines["kafka.brokers"] != 3 {
		t.Errorf("with a byte order mark: line %d\n%s", got.lines["kafka.brokers"], diff)
	}
	for _, order := range []string{"little", "big"} {
		for _, text := range []string{"\ufeff" + valid, valid} {
			var file []byte
			for _, unit := range utf16.Encode([]rune(text)) {
				if file = append(file, byte(unit), byte(unit>>8)); order == "big" {
					file[len(file)-2], file[len(file)-1] = file[len(file)-1], file[len(file)-2]
				}
			}
			problems := problemsOf(t, string(file), nil, nil)
			if len(problems) == 0 || problems[0] != "h.yaml  error  the file is UTF-16 or UTF-32 → save it as UTF-8" {
				t.Errorf("UTF-16, %s, %d bytes: %s", order, len(file), problems)
			}
		}
	}
}

// FuzzReadYAML reads any bytes: what cannot be read is a problem with a line of
// the file, and nothing else may happen.
func FuzzReadYAML(f *testing.F) {
	for _, file := range []string{"\ufeffdelimiter: ;\nfields:\n  a: col\n  b: {constant: 007}\nevents:\n- when: " +
		"{store: 017}\nnames: [a, b]\nrows: 3\n",
		"fields: &a\n  a: *a\n", "x: [*a]\n", "? [a]\n: b\n", "a: |\n  b\n---\nc: d\n", "{", "names: &n [*n]\n",
		"fields: {a: {<<: *a}}\n", "rows: !!int [1]\n",
		"\xff\xfea\x00", "fields: {a: !!x }\n", "delimiter: >-\n  a\n\n  b\n"} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var got rows
		document := ReadYAML("m.yml", file, &got)
		lines := 2 + strings.Count(string(file), "\n") + strings.Count(string(file), "\r")
		for _, problem := range document.Problems {
			if problem.Message == "" || problem.Line < 0 || problem.Line > lines {
				t.Errorf("%q: problem %+v in %d lines", file, problem, lines)
			}
		}
		for path, line := range document.Lines {
			if line < 1 || line > lines {
				t.Errorf("%q: %s is on line %d of %d", file, path, line, lines)
			}
		}
	})
}
