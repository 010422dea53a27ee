// Package rowmap reads the rows of tables as fields of events, by a map that says which
// column, constant or template each field comes from. It is the one reader of purchase
// logs: what a row says does not depend on who asks.
package rowmap

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// What a map may say of several rows of one order.
const (
	LinesSum   = "sum"
	LinesFirst = "first"
)

// Map says how the columns of a CSV file become the fields of an event.
type Map struct {
	// Delimiter between columns; comma where empty.
	Delimiter string `yaml:"delimiter"`
	// Amounts are minor (integers, the default) or decimal (major units).
	Amounts string `yaml:"amounts"`
	// Refunds are positive (the default) or negative.
	Refunds string `yaml:"refunds"`
	// Lines says what several rows of one order and status are that are not
	// alike: parts to be summed (sum), or repetitions of the first (first).
	// Empty means that there may be none.
	Lines string `yaml:"lines"`
	// Times are the forms in which the file writes times, tried in order, as in
	// decode.NewTimes; empty for what files usually write.
	Times []string `yaml:"times"`
	// TimeZone is that of times without an offset; the business zone where empty.
	TimeZone string `yaml:"time_zone"`
	// Fields of every row: field of our schema -> where it comes from.
	Fields map[string]Origin `yaml:"fields"`
	// Events are kinds of rows, tried in order; the first whose When holds
	// adds its Fields. Empty means that all rows are alike.
	Events []Case `yaml:"events"`
}

// Case is one kind of row.
type Case struct {
	When   map[string]string `yaml:"when"` // column: the text it must have
	Fields map[string]Origin `yaml:"fields"`
}

// Origin is where a field comes from: exactly one of the three. A plain text
// in the file names a column.
type Origin struct {
	Column   string            `yaml:"column"`
	Constant string            `yaml:"constant"`
	Template string            `yaml:"template"` // {column}, {@file}, {@row}, {@hash}; braces are doubled to stand for themselves
	Values   map[string]string `yaml:"values"`   // cell: what stands for it; other cells stay as they are
	Times    []string          `yaml:"times"`    // forms of this time alone
}

// UnmarshalText reads a column's name, which may stand in place of the keys.
func (o *Origin) UnmarshalText(text []byte) error {
	o.Column = string(text)
	return nil
}

// ReadMap reads a map strictly. The error is a *config.Invalid that holds
// every problem found.
func ReadMap(name string, data []byte) (*Map, error) {
	data, err := textfile.Plain(data)
	if err != nil {
		return nil, &config.Invalid{Problems: []config.Problem{{Source: name, Message: "the map cannot be read: " +
			err.Error()}}}
	}
	var m Map
	document := config.ReadYAML(name, data, &m)
	if len(document.Problems) > 0 {
		return nil, &config.Invalid{Problems: document.Problems}
	}
	check := &mapCheck{name: name, document: document}
	check.run(&m)
	if len(check.problems) > 0 {
		return nil, &config.Invalid{Problems: check.problems}
	}
	return &m, nil
}

// mapCheck gathers what is wrong with a map as such.
type mapCheck struct {
	name     string
	document *config.Document
	problems []config.Problem
}

func (c *mapCheck) fail(path, fix, format string, values ...any) {
	c.problems = append(c.problems, config.Problem{
		Path: path, Source: c.name, Line: c.document.Line(path), Message: fmt.Sprintf(format, values...), Fix: fix,
	})
}

func (c *mapCheck) run(m *Map) {
	if _, err := textfile.Delimiter(m.Delimiter); err != nil {
		c.fail("delimiter", "", "%v", err)
	}
	c.oneOf("amounts", m.Amounts, "minor", "decimal")
	c.oneOf("refunds", m.Refunds, "positive", "negative")
	c.oneOf("lines", m.Lines, LinesSum, LinesFirst)
	c.times("times", m.Times)
	if _, err := civil.Zone(m.TimeZone); err != nil {
		c.fail("time_zone", "write a name such as Europe/Berlin", "%v", err)
	}
	c.fields("fields", m.Fields)
	for i, kind := range m.Events {
		c.fields(fmt.Sprintf("events[%d].fields", i), kind.Fields)
	}
	if len(m.Fields) == 0 && len(m.Events) == 0 {
		c.fail("fields", "say where customer_id, occurred_at, event_type and kind come from", "the map names no field")
	}
}

func (c *mapCheck) oneOf(path, text string, allowed ...string) {
	if text != "" && !slices.Contains(allowed, text) {
		c.fail(path, "", "%q is not one of %s", text, strings.Join(allowed, ", "))
	}
}

func (c *mapCheck) times(path string, forms []string) {
	if _, err := decode.NewTimes(forms, time.UTC); err != nil {
		c.fail(path, "write one of "+strings.Join(decode.TimeForms(),
			", ")+", or how the file writes 2 January 2006 15:04:05 -0700", "%v", err)
	}
}

func (c *mapCheck) fields(path string, fields map[string]Origin) {
	known := Fields()
	for _, name := range sortedNames(fields) {
		full, origin := path+"."+name, fields[name]
		if !slices.Contains(known, name) {
			fix := "see docs/formats for the fields of an event"
			if guess := config.Nearest(name, known); guess != "" {
				fix = "did you mean " + guess + "?"
			}
			c.fail(full, fix, "is not a field of the schema")
		}
		if structured[name] {
			c.fail(full, "leave it out; NDJSON can carry it", "is a list or an object, which a CSV row has no room for")
		}
		if len(origin.Times) > 0 && !instants[name] {
			c.fail(full+".times", "leave it out", "is for times, which this is not")
		}
		c.times(full+".times", origin.Times)
		given := 0
		for _, text := range []string{origin.Column, origin.Constant, origin.Template} {
			if text != "" {
				given++
			}
		}
		if given != 1 {
			c.fail(full, "write one of {column: …}, {constant: …}, {template: …}", "has %d origins", given)
		}
		if _, err := parseTemplate(origin.Template); err != nil {
			c.fail(full, "", "%v", err)
		}
	}
}

func sortedNames[V any](fields map[string]V) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Fields lists the fields of all types, each once, in the order in which
// the decoder judges them.
func Fields() []string {
	var all []string
	for t := event.Purchase; t <= event.AlertFeedback; t++ {
		for _, name := range decode.FieldNames(t) {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
