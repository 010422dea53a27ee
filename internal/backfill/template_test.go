package backfill

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// What of a map does not fit its file is said at once, all of it.
func TestAllThatDoesNotFitAFile(t *testing.T) {
	m := mapOf(t, "fields: {customer_id: custmer, occurred_at: {template: \"{dat} {time}\"}, coupon_code: \"\\x1b[2J\"}\n"+
		"events: [{when: {knd: a}, fields: {kind: {constant: session}}}, {fields: {anonymous_id: c}}]\n")
	got := prepare(t, Options{Name: "x.csv", Format: CSV, Map: m, MapName: "m.yaml"}, "customer,date,time,kind,kind\n")
	var lines []string
	var invalid *config.Invalid
	if errors.As(got.err, &invalid) {
		for _, problem := range invalid.Problems {
			lines = append(lines, problem.Path+": "+problem.Message)
		}
	}
	want := []string{
		`: the column "kind" stands twice in the header`,
		`events[0].when.knd: the file has no column "knd"`,
		`events[0].fields.coupon_code: the file has no column "\x1b[2J"`,
		`events[0].fields.customer_id: the file has no column "custmer"`,
		`events[0].fields.occurred_at: the file has no column "dat"`,
		`events[1].fields.anonymous_id: the file has no column "c"`,
		`events[1].fields.coupon_code: the file has no column "\x1b[2J"`,
		`events[1].fields.customer_id: the file has no column "custmer"`,
		`events[1].fields.occurred_at: the file has no column "dat"`,
		`events[1].fields.kind: is missing`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("%v: %s", got.err, diff)
	}
}

// The ledger finds the same names whether they fit into memory or not.
func TestTheLedgerFindsWhatRepeats(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]uint64{0, 1, 2, 1 << 58, 1<<58 + 1, 1 << 63, 1<<64 - 1}), 0,
			40).Draw(t, "names")
		room := rapid.IntRange(1, 50).Draw(t, "room")
		small, large := ledger{room: room}, ledger{room: 1000}
		want := map[uint64][]int64{}
		for i, name := range names {
			for _, l := range []*ledger{&small, &large} {
				if err := l.add(name, name*3, int64(i)); err != nil {
					t.Fatal(err)
				}
			}
			want[name] = append(want[name], int64(i))
		}
		for name, rows := range want {
			if len(rows) < 2 || name == 0 {
				delete(want, name)
			}
		}
		for _, l := range []*ledger{&small, &large} {
			got := map[uint64][]int64{}
			err := l.repeated(func(entries []entry) {
				for _, e := range entries {
					if e.content != e.name*3 {
						t.Fatalf("%d says %d", e.name, e.content)
					}
					got[e.name] = append(got[e.name], e.row)
				}
			})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("room %d: %v %s", l.room, err, diff)
			}
			if err := l.close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
