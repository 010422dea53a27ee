package decode

import (
	"math/bits"
	"strconv"

	"github.com/holdfast/holdfast/pipeline/event"
)

// MaxFields bounds the fields of one event type: they are bits of one word.
const MaxFields = 64

// Fields are the fields of one record, by the field numbers of its Rules. They
// are made by Rules.NewFields, reused from record to record, and belong to one
// goroutine at a time.
//
// Values, Present and Mistyped are open because a format fills them in its
// innermost loop; Put does the same for one field. A field that a format does
// not fill is absent.
type Fields struct {
	Values   [MaxFields]Value // each of meaning only where Present has its bit
	Present  uint64           // fields that have a value, the bit 1<<i for field i
	Mistyped uint64           // fields whose value has a form that they do not want

	rules     *Rules
	record    []byte // the payload
	arena     *Arena
	base      int // how long the arena was when the record began
	key       []byte
	timestamp event.Instant

	consent Value // consent.marketing
	merge   list
	lines   list

	categories    [4 * maxLines]byte // of the lines, as event.Categories
	categoryBytes int

	dates dateCache
}

// list is what is known of a list whose elements are judged as they come.
type list struct {
	count int
	flaw  flaw
}

// NewFields makes fields for records of these rules. They take some 3 KB.
func (r *Rules) NewFields() Fields {
	f := Fields{rules: r}
	for set := r.constantMask; set != 0; set &= set - 1 {
		f.Values[lowest(set)] = r.constantValues[lowest(set)]
	}
	return f
}

// Begin takes up a record: it overwrites dst but for Input, Partition and
// Offset, which become 0, and makes all fields absent but the mapping's
// constants. payload is the part of the record's value that the format reads:
// without a byte order mark or the number of a schema in front. The Reject has
// the reason None, or says that the value is null, empty or too large; there is
// nothing to fill and judge then.
//
// Until End the fields refer to the record, the payload and the arena.
func (f *Fields) Begin(dst *event.Event, rec *Record, payload []byte, arena *Arena) Reject {
	cfg := &f.rules.cfg
	*dst = event.Event{}
	dst.Type, dst.RecordTime = cfg.Type, rec.Timestamp
	if !rec.HasValue || len(payload) == 0 {
		return Reject{Reason: Empty, Detail: "the value must not be null or empty"}
	}
	if len(rec.Value) > cfg.MaxValueBytes {
		return Reject{Reason: TooLarge, Detail: "the value must be at most kafka.max_record_bytes long"}
	}
	f.Present, f.Mistyped = f.rules.constantMask, 0
	f.record, f.arena, f.base = payload, arena, len(arena.Buf)
	f.key, f.timestamp = rec.Key, rec.Timestamp
	f.consent.Form = FormAbsent
	f.merge, f.lines, f.categoryBytes = list{}, list{}, 0
	return Reject{}
}

// End forgets the record, so that it can be freed.
func (f *Fields) End() { f.record, f.arena, f.key = nil, nil, nil }

// Put gives field i a value. An absent value changes nothing.
func (f *Fields) Put(i int, v Value) {
	if v.Form == FormAbsent {
		return
	}
	f.Values[i] = v
	f.Present |= 1 << i
	if !f.rules.specs[i].want.Has(v.Form) {
		f.Mistyped |= 1 << i
	}
}

// Appended is the value whose text a format has appended to the arena, which
// was start bytes long before.
func (f *Fields) Appended(form Form, start int) Value {
	return Value{Form: form, Place: InArena, Start: int32(start - f.base), End: int32(len(f.arena.Buf) - f.base)}
}

// text returns the text of a value.
func (f *Fields) text(v *Value) []byte {
	if v.Place == InRecord {
		return f.record[v.Start:v.End:v.End]
	}
	return f.textAside(v)
}

func (f *Fields) textAside(v *Value) []byte {
	if v.Place == inConstant {
		return f.rules.constants[v.Start:v.End:v.End]
	}
	start, end := f.base+int(v.Start), f.base+int(v.End)
	return f.arena.Buf[start:end:end]
}

// written returns the text of a text or number, which is made in the arena
// where a format has the number alone.
func (f *Fields) written(v *Value) []byte {
	if v.Form != FormInteger || v.Start != v.End {
		return f.text(v)
	}
	start := len(f.arena.Buf)
	f.arena.Buf = strconv.AppendInt(f.arena.Buf, v.Number, 10)
	return f.arena.Buf[start:len(f.arena.Buf):len(f.arena.Buf)]
}

// lowest is the number of the first field of a set.
func lowest(set uint64) int { return bits.TrailingZeros64(set) }
