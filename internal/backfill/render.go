package backfill

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

// renderer turns a row's cells into an event by a map that fits the header.
type renderer struct {
	zone     *time.Location
	times    *decode.Times // of the map; nil for what files usually write
	file     string        // what stands for the file in ids
	amounts  string
	negative bool // refunds carry a minus
	cases    []caseRule
	names    []string // fields of the schema, in order
	lines    string   // what rows of one order are: sum, first or "" for one each

	// Of the row in hand.
	rule   *caseRule
	texts  []string // by the index in names
	value  []byte
	number int64
	hash   string // of its cells
	madeID bool
	at     event.Instant
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

// newRenderer fits a map to a header; what does not fit is reported at once.
func newRenderer(m *Map, header []string, options *Options) (*renderer, error) {
	r := &renderer{zone: options.Zone, file: fileStem(options.Name), names: schemaFields()}
	r.texts = make([]string, len(r.names))
	if m == nil {
		m = mapOfNames(header, r.names)
	}
	r.amounts, r.negative, r.lines = m.Amounts, m.Refunds == "negative", m.Lines
	if err := r.timesOf(m); err != nil {
		return nil, err
	}
	fit := &fitting{renderer: r, columns: header, source: options.MapName}
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
func (r *renderer) timesOf(m *Map) (err error) {
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

// render makes the event of a row. Its slices are valid until the next call.
func (r *renderer) render(cells []string, row, line int64) (Event, *Reject) {
	e := Event{Row: row, Line: line, Type: event.Purchase}
	rule := r.ruleFor(cells)
	if rule == nil {
		return e, &Reject{Row: row, Line: line, Reason: decode.BadValue.String(),
			Detail: "no event of the map is for this row"}
	}
	r.rule, r.number, r.hash, r.at = rule, row, hashOf(cells), 0
	clear(r.texts)
	for i := range rule.fields {
		r.texts[rule.fields[i].index] = r.origin(&rule.fields[i], cells)
	}
	r.complete()
	if t, ok := typeNamed(r.text("event_type")); ok {
		e.Type = t
	}
	e.Key, e.madeID = []byte(r.text("customer_id")), r.madeID
	if len(e.Key) == 0 {
		e.Key = []byte(r.text("anonymous_id"))
	}
	if r.lines == linesSum {
		r.group(&e)
	}
	reject := r.write(&e)
	e.Value, e.At = r.value, r.at
	return e, reject
}

// orderOf names the customer and the order of the row that was rendered last, where
// only the first row of an order counts; empty elsewhere. Exports such as Shopify's
// leave blank from the second row on what is the whole order's.
func (r *renderer) orderOf(e *Event) string {
	order := ""
	if r.lines == linesFirst && r.rule != nil && e.Row == r.number {
		order = r.text("order_id")
	}
	if order == "" || len(e.Key) == 0 {
		return ""
	}
	return string(e.Key) + "\x00" + order
}

// isOrder reports whether a kind gives an order a status.
func isOrder(kind event.Kind) bool { return kind == event.Order || kind == event.Renewal }

func (r *renderer) ruleFor(cells []string) *caseRule {
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

func (r *renderer) text(name string) string { return r.texts[slices.Index(r.names, name)] }

func kindNamed(name string) event.Kind {
	for kind := event.Order; kind <= event.PublicReview; kind++ {
		if kind.String() == name {
			return kind
		}
	}
	return event.KindNone
}

// write puts the texts into r.value as one JSON object; an empty one is absent.
func (r *renderer) write(e *Event) *Reject {
	r.value = append(r.value[:0], '{')
	for i, name := range r.names {
		if r.texts[i] == "" {
			continue
		}
		written, err := r.json(name, r.texts[i])
		if err != nil {
			return &Reject{Row: e.Row, Line: e.Line, Reason: reasonOf(name, err).String(), Field: name, Detail: err.Error()}
		}
		if len(r.value) > 1 {
			r.value = append(r.value, ',')
		}
		r.value = append(append(append(append(r.value, '"'), name...), `":`...), written...)
	}
	r.value = append(r.value, '}')
	return nil
}

func (r *renderer) json(name, text string) (string, error) {
	var err error
	switch {
	case instants[name]:
		var at time.Time
		if at, err = r.instant(name, text); err == nil {
			text = instantText(at)
		}
		if name == "occurred_at" {
			r.at = event.Instant(at.UnixMicro())
		}
	case amounts[name] && r.amounts == "decimal":
		text, err = minorText(text, r.text("currency"))
	}
	if err != nil {
		return "", err
	}
	return scalarText(name, text)
}

// instant reads a time in the forms of its field, of the map, or as usual.
func (r *renderer) instant(name, text string) (time.Time, error) {
	times := r.times
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

// reasonOf returns the reject reason that the decoder would give.
func reasonOf(name string, err error) decode.Reason {
	switch {
	case errors.Is(err, errEncoding):
		return decode.BadEncoding
	case instants[name]:
		return decode.BadTime
	case amounts[name]:
		return decode.BadAmount
	}
	return decode.BadType
}
