package backfill

import (
	"errors"
	"time"

	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// renderer turns a row's cells into an event by a map that fits the header.
type renderer struct {
	*rowmap.Reader
	names []string // fields of the schema, in order
	lines string   // what rows of one order are: sum, first or "" for one each

	// Of the row in hand.
	row    int64
	read   bool // the map has an event for it
	value  []byte
	madeID bool
	at     event.Instant
}

// newRenderer fits a map to a header; what does not fit is reported at once.
func newRenderer(m *rowmap.Map, header []string, options *Options) (*renderer, error) {
	rows, err := rowmap.Fit(m, header, rowmap.Options{Name: options.Name, MapName: options.MapName, Zone: options.Zone})
	if err != nil {
		return nil, err
	}
	r := &renderer{Reader: rows, names: rowmap.Fields()}
	if m != nil {
		r.lines = m.Lines
	}
	return r, nil
}

// render makes the event of a row. Its slices are valid until the next call.
func (r *renderer) render(cells []string, row, line int64) (Event, *Reject) {
	e := Event{Row: row, Line: line, Type: event.Purchase}
	r.at, r.row = 0, row
	if r.read = r.Read(cells, row); !r.read {
		return e, &Reject{Row: row, Line: line, Reason: decode.BadValue.String(),
			Detail: "no event of the map is for this row"}
	}
	r.complete()
	if t, ok := typeNamed(r.Text("event_type")); ok {
		e.Type = t
	}
	e.Key, e.madeID = []byte(r.Text("customer_id")), r.madeID
	if len(e.Key) == 0 {
		e.Key = []byte(r.Text("anonymous_id"))
	}
	if r.lines == rowmap.LinesSum {
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
	if r.lines == rowmap.LinesFirst && r.read && e.Row == r.row {
		order = r.Text("order_id")
	}
	if order == "" || len(e.Key) == 0 {
		return ""
	}
	return string(e.Key) + "\x00" + order
}

// isOrder reports whether a kind gives an order a status.
func isOrder(kind event.Kind) bool { return kind == event.Order || kind == event.Renewal }

// write puts the texts into r.value as one JSON object; an empty one is absent.
func (r *renderer) write(e *Event) *Reject {
	r.value = append(r.value[:0], '{')
	for _, name := range r.names {
		text := r.Text(name)
		if text == "" {
			continue
		}
		written, err := r.json(name, text)
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
	case rowmap.IsInstant(name):
		var at time.Time
		if at, err = r.Instant(name); err == nil {
			text = instantText(at)
		}
		if name == "occurred_at" {
			r.at = event.Instant(at.UnixMicro())
		}
	case rowmap.IsAmount(name):
		text, err = r.Minor(name)
	}
	if err != nil {
		return "", err
	}
	return scalarText(name, text)
}

// reasonOf returns the reject reason that the decoder would give.
func reasonOf(name string, err error) decode.Reason {
	switch {
	case errors.Is(err, errEncoding):
		return decode.BadEncoding
	case rowmap.IsInstant(name):
		return decode.BadTime
	case rowmap.IsAmount(name):
		return decode.BadAmount
	}
	return decode.BadType
}
