package backfill

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/pipeline/event"
)

// origin returns the text of a field.
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
	default: // nothing to fill in
	}
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

// group names what a row is summed into: an order in one status, or an event
// with an id of the file's own.
func (r *renderer) group(e *Event) {
	kind := kindNamed(r.text("kind"))
	switch {
	case isOrder(kind):
		e.status = event.Paid
		if status, known := event.ParseStatus([]byte(r.text("status"))); known {
			e.status = status
		}
		e.order = string(e.Key) + "\x00" + r.text("order_id")
		e.group = e.order + "\x00" + e.status.String() + "\x00" + r.text("kind")
	case kind.TypeOf() == event.Purchase && !r.madeID:
		e.group = string(e.Key) + "\x00" + r.text("event_id") + "\x00\x00" + r.text("kind")
	}
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
