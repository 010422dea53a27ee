package backfill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// renderer turns a row's cells into an event by a map that fits the header.
type renderer struct {
	zone     *time.Location
	file     string // what stands for the file in ids
	amounts  string
	negative bool // refunds carry a minus
	cases    []caseRule
	names    []string // fields of the schema, in order
	lines    string   // what rows of one order are: sum, first or "" for one each

	// Of the row in hand.
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
}

type templatePiece struct {
	text   string
	name   string // @file, @row or @hash
	column int    // -1 for text and name
}

// newRenderer fits a map to a header; what does not fit is reported at once.
func newRenderer(m *Map, header []string, options *Options) (*renderer, error) {
	columns := trimmed(header)
	r := &renderer{zone: options.Zone, file: fileStem(options.Name), names: schemaFields()}
	r.texts = make([]string, len(r.names))
	if m == nil {
		m = mapOfNames(columns, r.names)
	}
	r.amounts, r.negative, r.lines = m.Amounts, m.Refunds == "negative", m.Lines
	fit := &fitting{renderer: r, columns: columns, source: options.MapName}
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

// fileStem is what names the file in ids: its name without folder and .gz,
// shortened to a hash where the id would grow too long.
func fileStem(name string) string {
	stem := filepath.Base(name)
	if strings.EqualFold(filepath.Ext(stem), ".gz") {
		stem = stem[:len(stem)-len(".gz")]
	}
	if len(stem) > 32 || !printable(stem) {
		return strconv.FormatUint(xxhash.Sum64String(stem), 16)
	}
	return stem
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}

// render makes the event of a row. Its slices are valid until the next call.
func (r *renderer) render(cells []string, row, line int64) (Event, *Reject) {
	e := Event{Row: row, Line: line, Type: event.Purchase}
	rule := r.ruleFor(cells)
	if rule == nil {
		return e, &Reject{Row: row, Line: line, Reason: decode.BadValue.String(), Detail: "no event of the map is for this row"}
	}
	r.number, r.hash, r.at = row, hashOf(cells), 0
	clear(r.texts)
	for i := range rule.fields {
		r.texts[rule.fields[i].index] = r.origin(&rule.fields[i], cells)
	}
	r.complete()
	if t, ok := typeNamed(r.text("event_type")); ok {
		e.Type = t
	}
	e.Key, e.madeID, e.group = []byte(r.text("customer_id")), r.madeID, ""
	if len(e.Key) == 0 {
		e.Key = []byte(r.text("anonymous_id"))
	}
	if r.lines == linesSum {
		e.group = r.group(string(e.Key))
	}
	reject := r.write(&e)
	e.Value, e.At = r.value, r.at
	return e, reject
}

// hashOf is what tells a row from others of its number in files of one name.
func hashOf(cells []string) string {
	var digest xxhash.Digest
	digest.Reset()
	var length [4]byte
	for _, cell := range cells {
		binary.LittleEndian.PutUint32(length[:], uint32(len(cell)))
		_, _ = digest.Write(length[:])
		_, _ = digest.WriteString(cell)
	}
	return fmt.Sprintf("%016x", digest.Sum64())
}

// group names what rows are summed into: an order in one status, or an event
// with an id of the file's own.
func (r *renderer) group(key string) string {
	kind := kindNamed(r.text("kind"))
	switch {
	case isOrder(kind):
		status := r.text("status")
		if status == "" {
			status = event.Paid.String()
		}
		return strings.Join([]string{key, r.text("kind"), status, r.text("order_id")}, "\x00")
	case kind.TypeOf() == event.Purchase && !r.madeID:
		return strings.Join([]string{key, r.text("kind"), r.text("event_id")}, "\x00")
	}
	return ""
}

// isOrder says whether a kind gives an order a status.
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

func (r *renderer) origin(f *fieldRule, cells []string) string {
	text := f.constant
	switch {
	case f.column >= 0:
		text = strings.TrimSpace(cells[f.column])
	case len(f.pieces) > 0:
		text = r.build(f.pieces, cells)
	}
	if replaced, ok := f.values[text]; ok {
		return replaced
	}
	return text
}

// build puts a template together. Where one of its columns is empty it gives
// nothing: otherwise all rows without a number would share one id, and count
// as one event.
func (r *renderer) build(pieces []templatePiece, cells []string) string {
	var built strings.Builder
	for _, piece := range pieces {
		switch {
		case piece.column >= 0:
			cell := strings.TrimSpace(cells[piece.column])
			if cell == "" {
				return ""
			}
			built.WriteString(cell)
		case piece.name == nameFile:
			built.WriteString(r.file)
		case piece.name == nameRow:
			built.WriteString(strconv.FormatInt(r.number, 10))
		case piece.name == nameHash:
			built.WriteString(r.hash)
		default:
			built.WriteString(piece.text)
		}
	}
	return built.String()
}

func (r *renderer) text(name string) string { return r.texts[slices.Index(r.names, name)] }

func (r *renderer) fill(name, text string) bool {
	i := slices.Index(r.names, name)
	empty := r.texts[i] == ""
	if empty {
		r.texts[i] = text
	}
	return empty
}

// complete adds what a file need not have: the type, which follows from the
// kind, and ids, made from the file's name, the row's number and a hash of its
// cells: sending the file again gives the same events, and another file of the
// same name gives others.
func (r *renderer) complete() {
	kind := kindNamed(r.text("kind"))
	if kind != event.KindNone {
		r.fill("event_type", kind.TypeOf().String())
	}
	id := r.file + ":" + strconv.FormatInt(r.number, 10) + ":" + r.hash
	r.madeID = r.fill("event_id", id)
	switch kind {
	case event.Order, event.Renewal:
		r.fill("order_id", id)
	case event.ComplaintMade, event.ReturnRequest, event.Dispute:
		r.fill("complaint_id", id)
	case event.Refund, event.Cancel, event.Adjustment:
		net := slices.Index(r.names, "amount_net")
		if r.negative {
			r.texts[net] = strings.TrimPrefix(r.texts[net], "-")
		}
	}
}

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
		r.value = fmt.Appendf(r.value, "%q:%s", name, written)
	}
	r.value = append(r.value, '}')
	return nil
}

func (r *renderer) json(name, text string) (string, error) {
	var err error
	switch {
	case instants[name]:
		var at time.Time
		if at, err = instantOf(text, r.zone); err == nil {
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

// reasonOf gives the reject reason that the decoder would give.
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
