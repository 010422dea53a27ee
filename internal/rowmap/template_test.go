package rowmap

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/config"
)

// piecesText is what pieces stand for, written so that one cannot be taken for
// another.
func piecesText(pieces []piece) string {
	var text strings.Builder
	for _, p := range pieces {
		switch {
		case p.name:
			fmt.Fprintf(&text, "<%s>", p.text)
		default:
			text.WriteString(p.text)
		}
	}
	return text.String()
}

func TestTemplates(t *testing.T) {
	for template, want := range map[string]string{
		"": "", "a": "a", "{a}": "<a>", "x{a}y{b}z": "x<a>y<b>z", "{{": "{", "}}": "}", "{{a}}": "{a}", "{{{a}}}": "{<a>}",
		"{a b}": "<a b>", "{a{b}": "<a{b>", "{@row}-{@file}-{@hash}": "<@row>-<@file>-<@hash>", "Größe {ü}": "Größe <ü>",
		"{": "!", "}": "!", "{}": "!", "{a": "!", "a}": "!", "{@line}": "!", "{@}": "!", "{{a}": "!", "{a}}": "!",
	} {
		pieces, err := parseTemplate(template)
		if got := piecesText(pieces); err == nil && got != want || (err != nil) != (want == "!") {
			t.Errorf("%q: %q, %v; want %q", template, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("%q", template)) {
			t.Errorf("%q is not named: %v", template, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var template, want strings.Builder
		for _, part := range rapid.SliceOfN(rapid.StringMatching(`[a-z{} ü]{0,5}`), 0, 6).Draw(t, "parts") {
			template.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(part))
			want.WriteString(part)
			name := rapid.StringMatching(`[a-zü ]{1,4}`).Draw(t, "name")
			template.WriteString("{" + name + "}")
			want.WriteString("<" + name + ">")
		}
		pieces, err := parseTemplate(template.String())
		if got := piecesText(pieces); got != want.String() || err != nil {
			t.Fatalf("%q: %q, %v; want %q", template.String(), got, err, want.String())
		}
	})
}

// What a map says of a file, and what it cannot say.
func TestMapsThatAreRefused(t *testing.T) {
	const rest = "\nfields: {customer_id: c, occurred_at: t, kind: {constant: session}}\n"
	for text, want := range map[string]string{
		"time_zone: Local" + rest: "time_zone: the zone of the host differs from one to the next; write a name such as " +
			"Europe/Berlin",
		"time_zone: local" + rest:      "time_zone: unknown time zone local",
		"time_zone: ../etc" + rest:     "time_zone: time: invalid location name",
		"refunds: minus" + rest:        `refunds: "minus" is not one of positive, negative`,
		"lines: all" + rest:            `lines: "all" is not one of sum, first`,
		"delimiter: \"\\n\"" + rest:    `delimiter: "\n" cannot separate columns`,
		"rows: 3" + rest:               "rows: is not a known key",
		"fields: {kind: {}}":           "fields.kind: has 0 origins",
		"fields: {kind: {column: }}":   "fields.kind.column: has no value",
		"fields: {kind: [a]}":          "fields.kind: is a list",
		"fields: {consent: c}":         "fields.consent: is a list or an object",
		"events: [{fields: {knd: k}}]": "events[0].fields.knd: is not a field of the schema → did you mean kind?",
		"events: {a: b}":               "events: must be a list",
		"[a]":                          "must be a mapping of keys",
		"fields: {kind: k":             "the YAML cannot be read",
		"\xff\xfef\x00":                "the map cannot be read: this is not UTF-8 text: it is UTF-16",
		"PK\x03\x04":                   "an Excel workbook",
	} {
		m, err := ReadMap("map.yaml", []byte(text))
		var invalid *config.Invalid
		if m != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if !errors.As(err, &invalid) || invalid.Problems[0].Source != "map.yaml" {
			t.Errorf("%q: %#v", text, err)
		}
	}
	_, err := ReadMap("map.yaml",
		[]byte("time_zone: Mars\nlines: all\nfields: {knd: k, kind: {}, pages: {column: p, times: [x]}}"))
	var invalid *config.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 6 {
		t.Errorf("not all problems at once: %v", err)
	}
}
