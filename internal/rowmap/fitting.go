package rowmap

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
)

// fitting finds a map's columns in a header and gathers what is missing.
type fitting struct {
	reader   *Reader
	columns  []string
	source   string
	problems []config.Problem
}

func (f *fitting) fail(path, fix, format string, values ...any) {
	f.problems = append(f.problems, config.Problem{Path: path, Source: f.source,
		Message: fmt.Sprintf(format, values...), Fix: fix})
}

// header refuses two columns of one name: which of them is meant?
func (f *fitting) header() {
	for _, column := range textfile.Twice(f.columns) {
		f.fail("", "rename one in the header", "the column %q stands twice in the header", column)
	}
}

func (f *fitting) column(path, name string) int {
	index := slices.Index(f.columns, name)
	if index < 0 {
		fix := "the columns are " + textfile.Listed(f.columns)
		if guess := config.Nearest(name, f.columns); guess != "" {
			fix = "did you mean " + textfile.Printed(guess) + "?"
		}
		f.fail(path, fix, "the file has no column %q", name)
	}
	return max(index, 0)
}

// rule joins the fields of all rows with those of one kind of row.
func (f *fitting) rule(i int, kind Case, shared map[string]Origin) caseRule {
	path := fmt.Sprintf("events[%d]", i)
	var rule caseRule
	for _, column := range sortedNames(kind.When) {
		rule.when = append(rule.when, condition{f.column(path+".when."+column, column), kind.When[column]})
	}
	joined := maps.Clone(shared)
	if joined == nil {
		joined = map[string]Origin{}
	}
	maps.Copy(joined, kind.Fields)
	rule.fields = f.fields(path+".fields", joined)
	return rule
}

func (f *fitting) fields(path string, fields map[string]Origin) []fieldRule {
	rules := make([]fieldRule, 0, len(fields))
	for _, name := range sortedNames(fields) {
		full, origin := path+"."+name, fields[name]
		rule := fieldRule{index: slices.Index(f.reader.names, name), column: -1, constant: origin.Constant,
			values: origin.Values}
		if origin.Column != "" {
			rule.column = f.column(full, origin.Column)
		}
		if len(origin.Times) > 0 {
			var err error
			if rule.times, err = decode.NewTimes(origin.Times, f.reader.zone); err != nil {
				f.fail(full+".times", "", "%v", err)
			}
		}
		if origin.Template != "" {
			rule.pieces = f.template(full, origin.Template)
		}
		rules = append(rules, rule)
	}
	for _, needed := range []string{"customer_id", "occurred_at", "kind"} {
		if _, ok := fields[needed]; !ok && !f.excused(needed, fields) {
			f.fail(path+"."+needed, "say where it comes from", "is missing")
		}
	}
	return rules
}

// excused reports whether a field that most events need may be missing.
func (f *fitting) excused(name string, fields map[string]Origin) bool {
	_, anonymous := fields["anonymous_id"]
	eventType := fields["event_type"].Constant
	return name == "customer_id" && anonymous || name == "kind" &&
		(eventType == "erasure" || eventType == "alert_feedback")
}

func (f *fitting) template(path, template string) []templatePiece {
	pieces, err := parseTemplate(template)
	if err != nil {
		f.fail(path, "", "%v", err)
	}
	var found []templatePiece
	for _, piece := range pieces {
		switch {
		case !piece.name && piece.text != "":
			found = append(found, templatePiece{text: piece.text, column: -1})
		case piece.name && strings.HasPrefix(piece.text, "@"):
			found = append(found, templatePiece{name: piece.text, column: -1})
		case piece.name:
			found = append(found, templatePiece{column: f.column(path, piece.text)})
		}
	}
	return found
}
