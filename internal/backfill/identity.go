package backfill

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/pipeline/decode"
	decodejson "github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// The processor knows an event again by its customer and event id, and an
// order by its customer, id and status; what comes under a name that was there
// already changes nothing. So two rows of one name must say the same.

// marks are the names of an event, as hashes of 64 bits; 0 for none.
type marks struct {
	event   uint64 // type and event id
	known   uint64 // customer and event id, by which the processor knows it again
	order   uint64 // customer, order and status
	content uint64 // of what the event says, its id left out
}

// What a name is of. Rows of one name must say the same; which of them is left
// out, and what saying the same means, is a matter of the sort, which stands in
// the lowest bits of the name.
const (
	ofEvent    uint64 = iota // event id, with the type and with the customer
	ofOrder                  // customer, order and status
	ofLines                  // what lines of an order are summed to: they have the same time and currency
	ofMoment                 // customer, order and time: lines of one moment have one status
	ofStatuses               // customer and order: each status has all lines
	sortMask   uint64 = 7
)

// marksOf returns the names of a decoded event.
func marksOf(e *Event, decoded *event.Event) marks {
	var m marks
	customer := xxhash.Sum64(e.Key)
	if !e.madeID {
		m.event = nameOf(ofEvent, uint64(decoded.Type), decoded.EventHash)
		m.known = nameOf(ofEvent, customer, decoded.EventHash)
	}
	if decoded.Type == event.Purchase && isOrder(decoded.Kind) {
		status := decoded.Status
		if status == event.StatusNone {
			status = event.Paid
		}
		m.order = nameOf(ofOrder, customer, decoded.OrderHash, uint64(status))
	}
	return m
}

// nameOf joins hashes to a name, which is never 0.
func nameOf(sort uint64, parts ...uint64) uint64 {
	return max(sortMask+1, mix(parts...)&^sortMask) | sort
}

// mix joins hashes.
func mix(parts ...uint64) uint64 {
	var text [4 * 8]byte
	for i, part := range parts {
		binary.LittleEndian.PutUint64(text[8*i:], part)
	}
	return xxhash.Sum64(text[:8*len(parts)])
}

// contents hashes what events say, whatever the order of their fields.
type contents struct {
	known  map[string]bool
	digest xxhash.Digest
}

// newContents knows the fields that count as content: those of the schema but
// for what names the event or tells of its way here.
func newContents() contents {
	known := set(rowmap.Fields()...)
	for _, name := range []string{"event_id", "ingested_at", "trace_id"} {
		delete(known, name)
	}
	return contents{known: known}
}

func (c *contents) hash(value []byte, arena *decode.Arena) uint64 {
	var sum uint64
	decodejson.Members(value, arena, func(name, raw, text []byte) {
		if !c.known[string(name)] || raw[0] == 'n' { // null
			return
		}
		c.digest.Reset()
		_, _ = c.digest.Write(name)
		_, _ = c.digest.Write([]byte{0})
		_, _ = c.digest.Write(plainText(raw, text))
		sum += c.digest.Sum64()
	})
	return sum
}

// plainText is a member's text, of a list or an object without white space.
func plainText(raw, text []byte) []byte {
	if raw[0] != '[' && raw[0] != '{' {
		return text
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return raw
	}
	return compact.Bytes()
}

// difference says in which fields two events differ, with the values of those
// that identify nobody.
func (c *contents) difference(a, b []byte, only map[string]bool) []string {
	first, second := c.members(a), c.members(b)
	var fields []string
	for _, name := range rowmap.Fields() {
		if first[name] == second[name] || !c.known[name] || only != nil && !only[name] {
			continue
		}
		switch {
		case rowmap.IsAmount(name), rowmap.IsInstant(name), rowmap.IsInteger(name),
			name == "currency", name == "status", name == "kind":
			fields = append(fields, name+" ("+orNone(first[name])+", "+orNone(second[name])+")")
		default:
			fields = append(fields, name)
		}
	}
	return fields
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func (c *contents) members(value []byte) map[string]string {
	members := map[string]string{}
	var arena decode.Arena
	decodejson.Members(value, &arena, func(name, raw, text []byte) {
		if raw[0] != 'n' {
			members[string(name)] = string(plainText(raw, text))
		}
	})
	return members
}

func set(names ...string) map[string]bool {
	members := make(map[string]bool, len(names))
	for _, name := range names {
		members[name] = true
	}
	return members
}
