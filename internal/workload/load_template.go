package workload

import (
	"strings"

	"github.com/holdfast/holdfast/pipeline/event"
)

const (
	loadID      = "c-00000000000"
	loadIDBytes = len(loadID)
)

// template is a value of ValueBytes bytes and the places in it that differ
// from event to event.
type template struct {
	kind     event.Type
	text     string
	id       int // the last 17 characters of the event id
	time     int // of an instant with microseconds
	customer int
	order    int // eleven digits
	amount   int // three digits
}

// The templates.
var templates = [3]template{
	newTemplate(event.Visit, `"kind":"session","session_id":"s-@@@@@@@@@@@","duration_s":1###,"pages":7,"channel":"web"`),
	newTemplate(event.Purchase,
		`"kind":"order","order_id":"o-@@@@@@@@@@@","currency":"EUR","amount_net":1###,"channel":"web"`),
	newTemplate(event.Complaint,
		`"kind":"complaint","complaint_id":"k-@@@@@@@@@@@","status":"opened","severity":2,"sku":"A-###"`),
}

// newTemplate wraps a type's own fields in the envelope and fills it up to
// ValueBytes.
func newTemplate(kind event.Type, own string) template {
	text := `{"event_id":"5d0c6f0e-51b5-4b0c-8000-000000000000","event_type":"` + kind.String() +
		`","occurred_at":"2026-03-01T10:15:30.250000Z","customer_id":"` + loadID + `",` + own + `,"source":"`
	const end = `"}`
	text += strings.Repeat("x", ValueBytes-len(text)-len(end)) + end
	return template{
		kind: kind, text: text,
		id:       strings.Index(text, "-8000-") + 1,
		time:     strings.Index(text, "2026-"),
		customer: strings.Index(text, loadID),
		order:    strings.Index(text, "@"),
		amount:   strings.Index(text, "#"),
	}
}

// stamp writes an instant in place.
func (t *template) stamp(value []byte, at event.Instant) {
	b := value[t.time:]
	micros := uint64(at)
	digits(b[20:26], micros%1e6)
	seconds := micros / 1e6
	digits(b[17:19], seconds%60)
	digits(b[14:16], seconds/60%60)
	digits(b[11:13], seconds/3600%24)
	year, month, day := TimeOf(at).Date()
	digits(b[8:10], uint64(day))
	digits(b[5:7], uint64(month))
	digits(b[0:4], uint64(year))
}
