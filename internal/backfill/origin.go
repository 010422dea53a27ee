package backfill

import (
	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/pipeline/event"
)

// complete adds what a file need not have: the type, which follows from the
// kind, and ids, made from the file's name, the row's number and a hash of its
// cells: sending the file again gives the same events, and another file of the
// same name gives others.
func (r *renderer) complete() {
	kind := rowmap.KindNamed(r.Text("kind"))
	if kind != event.KindNone {
		r.Fill("event_type", kind.TypeOf().String())
	}
	id := r.RowID()
	r.madeID = r.Fill("event_id", id)
	switch kind {
	case event.Order, event.Renewal:
		r.Fill("order_id", id)
	case event.ComplaintMade, event.ReturnRequest, event.Dispute:
		r.Fill("complaint_id", id)
	default: // nothing to fill in
	}
}

// group names what a row is summed into: an order in one status, or an event
// with an id of the file's own.
func (r *renderer) group(e *Event) {
	kind := rowmap.KindNamed(r.Text("kind"))
	switch {
	case isOrder(kind):
		e.status = event.Paid
		if status, known := event.ParseStatus([]byte(r.Text("status"))); known {
			e.status = status
		}
		e.order = string(e.Key) + "\x00" + r.Text("order_id")
		e.group = e.order + "\x00" + e.status.String() + "\x00" + r.Text("kind")
	case kind.TypeOf() == event.Purchase && !r.madeID:
		e.group = string(e.Key) + "\x00" + r.Text("event_id") + "\x00\x00" + r.Text("kind")
	}
}
