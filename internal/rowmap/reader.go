package rowmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Reader returns the fields of rows by a map that fits their columns.
type Reader struct {
	zone     *time.Location
	times    *decode.Times // of the map; nil for what files usually write
	file     string        // what stands for the file in ids
	amounts  string
	negative bool // refunds carry a minus
	cases    []caseRule
	names    []string // fields of the schema, in order

	// Of the row in hand.
	rule   *caseRule
	texts  []string // by the index in names
	number int64
	hash   string // of its cells; "" where nobody has asked
	cells  []string
}

// Options say how the rows of a file are read beside the map.
type Options struct {
	Name    string         // of the file, which stands in templates and made-up ids
	MapName string         // of the map, for messages
	Zone    *time.Location // of moments without one, where the map says none
}

// caseRule is a Case whose columns are found.
type caseRule struct {
	when   []condition
	fields []fieldRule
}

type condition struct {
	column int
	text   string
}

// fieldRule says where a field comes from.
type fieldRule struct {
	index    int
	column   int // -1 for a constant or template
	constant string
	pieces   []templatePiece
	values   map[string]string
	times    *decode.Times // nil for those of the map
}

type templatePiece struct {
	text   string
	name   string // @file, @row or @hash
	column int    // -1 for text and name
}

// Fit fits a map to the columns of a file; without one the columns must carry our fields'
// names. What does not fit is reported at once, as a *config.Invalid.
func Fit(m *Map, header []string, options Options) (*Reader, error) {
	r := &Reader{zone: options.Zone, file: FileStem(options.Name), names: Fields()}
	r.texts = make([]string, len(r.names))
	if m == nil {
		m = mapOfNames(header, r.names)
	}
	r.amounts, r.negative = m.Amounts, m.Refunds == "negative"
	if err := r.timesOf(m); err != nil {
		return nil, err
	}
	fit := &fitting{reader: r, columns: header, source: options.MapName}
	fit.header()
	if len(m.Events) == 0 {
		r.cases = []caseRule{{fields: fit.fields("fields", m.Fields)}}
	}
	for i, kind := range m.Events {
		r.cases = append(r.cases, fit.rule(i, kind, m.Fields))
	}
	if len(fit.problems) > 0 {
		return nil, &config.Invalid{Problems: fit.problems}
	}
	return r, nil
}

// timesOf settles how times are written.
func (r *Reader) timesOf(m *Map) (err error) {
	if m.TimeZone != "" {
		if r.zone, err = civil.Zone(m.TimeZone); err != nil {
			return fmt.Errorf("load the zone of the map: %w", err)
		}
	}
	if len(m.Times) > 0 {
		r.times, err = decode.NewTimes(m.Times, r.zone)
	}
	return err
}

// mapOfNames is the map of a file whose columns carry our fields' names.
func mapOfNames(columns, names []string) *Map {
	m := &Map{Fields: map[string]Origin{}}
	for _, column := range columns {
		if slices.Contains(names, column) && !structured[column] {
			m.Fields[column] = Origin{Column: column}
		}
	}
	return m
}

// Read takes the row in hand: number counts rows from 1. It reports whether the map has
// an event for the row. The cells must be as many as the columns, and stay as they are
// until the next call.
func (r *Reader) Read(cells []string, number int64) bool {
	r.cells, r.number, r.hash = cells, number, ""
	clear(r.texts)
	if r.rule = r.ruleFor(cells); r.rule == nil {
		return false
	}
	for i := range r.rule.fields {
		r.texts[r.rule.fields[i].index] = r.origin(&r.rule.fields[i], cells)
	}
	switch KindNamed(r.Text("kind")) {
	case event.Refund, event.Cancel, event.Adjustment:
		if net := slices.Index(r.names, "amount_net"); r.negative {
			r.texts[net] = strings.TrimPrefix(r.texts[net], "-")
		}
	default: // takes nothing back
	}
	return true
}

// Text is the text of a field of the row in hand, without blanks around it; "" where it
// has none.
func (r *Reader) Text(name string) string { return r.texts[slices.Index(r.names, name)] }

// Fill gives a field of the row in hand a text where it has none, and reports whether it
// had none.
func (r *Reader) Fill(name, text string) bool {
	i := slices.Index(r.names, name)
	empty := r.texts[i] == ""
	if empty {
		r.texts[i] = text
	}
	return empty
}

func (r *Reader) ruleFor(cells []string) *caseRule {
	for i := range r.cases {
		holds := true
		for _, condition := range r.cases[i].when {
			holds = holds && strings.TrimSpace(cells[condition.column]) == condition.text
		}
		if holds {
			return &r.cases[i]
		}
	}
	return nil
}

// KindNamed finds a kind by its name as the schema writes it; KindNone where there is none.
func KindNamed(name string) event.Kind {
	for kind := event.Order; kind <= event.PublicReview; kind++ {
		if kind.String() == name {
			return kind
		}
	}
	return event.KindNone
}

// Instant reads a field as a moment: in the forms of the field, of the map, or as usual.
// The error says how moments are written here; it is ErrInstant for the usual forms.
func (r *Reader) Instant(name string) (time.Time, error) {
	text, times := r.Text(name), r.times
	for i := range r.rule.fields {
		if f := &r.rule.fields[i]; f.times != nil && r.names[f.index] == name {
			times = f.times
		}
	}
	if times == nil {
		return instantOf(text, r.zone)
	}
	at, ok := times.Parse([]byte(text))
	if !ok {
		return time.Time{}, errors.New(times.Accepted())
	}
	return time.UnixMicro(int64(at)), nil
}

// Minor writes an amount in minor units, as the map says that amounts are written. What is
// no number may be given as it stands where amounts are in minor units.
func (r *Reader) Minor(name string) (string, error) {
	if r.amounts == "decimal" {
		return minorText(r.Text(name), r.Text("currency"))
	}
	return r.Text(name), nil
}
