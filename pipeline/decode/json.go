package decode

import (
	"math/bits"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/event"
)

// maxFields bounds the fields of one event type: they are bits of one word.
const maxFields = 64

// unknown is the number of a source field that the schema does not know.
const unknown = maxFields

// knownSchema is the only schema_version there is so far.
const knownSchema = 1

// JSON decodes the JSON records of one topic. It reads a record twice: a scan
// checks the syntax and notes where each known field stands, then the fields
// are judged and stored in the order of the schema. The scan first tries the
// field names in the order of the record before, since a producer writes them
// in the same order every time.
type JSON struct {
	schema
	scanner

	plan   [maxFields]uint8         // the fields of the record before, in its order
	names8 [maxFields + 1]quickName // the last one fits nothing
	wants  [maxFields + 1]accept

	// Of the record in hand, by field number.
	tokens  [maxFields + 1]token // the last is for unknown fields
	seen    uint64               // stood in the record, if only as null
	present uint64               // has a value
	badType uint64               // has a value of another JSON type

	key       []byte
	timestamp event.Instant
	linesFlaw flaw
	mergeFlaw flaw
	consent   tokenKind // of consent.marketing, tokenNull if absent
	isTest    bool

	dates dateCache
}

// New makes the decoder of one topic. It fails when the type has no schema or
// the mapping names what the schema does not have; the error says which.
func New(cfg Config) (*JSON, error) {
	s, err := compile(cfg)
	if err != nil {
		return nil, err
	}
	d := &JSON{schema: s}
	for i := range d.plan {
		d.plan[i] = unknown
	}
	for i := range d.specs {
		d.names8[i] = newQuickName(d.specs[i].source)
		d.wants[i] = d.specs[i].want
	}
	if err := d.storeConstants(); err != nil {
		return nil, err
	}
	return d, nil
}

// Decode implements Decoder.
func (d *JSON) Decode(dst *event.Event, rec *Record, arena *Arena) (Reject, bool) {
	*dst = event.Event{}
	dst.Type, dst.RecordTime = d.cfg.Type, rec.Timestamp
	if !rec.HasValue || len(rec.Value) == 0 {
		return Reject{Reason: Empty, Detail: "the value must not be null or empty"}, false
	}
	if len(rec.Value) > d.cfg.MaxValueBytes {
		return Reject{Reason: TooLarge, Detail: "the value must be at most kafka.max_record_bytes long"}, false
	}
	d.begin(rec, arena)
	reject, ok := d.read(dst, rec)
	d.b, d.key, d.arena = nil, nil, nil
	if cap(d.names) > 0 {
		d.names.release()
	}
	return reject, ok
}

func (d *JSON) begin(rec *Record, arena *Arena) {
	d.b, d.arena = rec.Value, arena
	d.encoding, d.twice = false, false
	d.seen, d.present, d.badType = 0, d.constantMask, 0
	d.key, d.timestamp = rec.Key, rec.Timestamp
	d.consent, d.isTest = tokenNull, false
}

func (d *JSON) read(dst *event.Event, rec *Record) (Reject, bool) {
	if !d.record() || d.twice {
		return d.unreadable(), false
	}
	if reject := d.judge(dst, rec); reject.Reason != None {
		return reject, false
	}
	return Reject{}, true
}

// unreadable says why the value is not one JSON object. Bad text anywhere
// comes before bad syntax.
func (d *JSON) unreadable() Reject {
	switch {
	case d.encoding || !utf8.Valid(d.b) || loneSurrogate(d.b):
		return Reject{Reason: BadEncoding, Detail: "the value must be valid UTF-8 without lone surrogates"}
	case d.twice:
		return Reject{Reason: BadSyntax, Detail: "no object may have a field twice"}
	}
	return Reject{Reason: BadSyntax, Detail: "the value must be one JSON object, at most 8 levels deep"}
}

// record scans the whole value: one object and nothing else.
func (d *JSON) record() bool {
	i := space(d.b, 0)
	if i >= len(d.b) || d.b[i] != '{' {
		return false
	}
	more, i := d.open('}', i, 1)
	for k := 0; more; k++ {
		k, i = d.usual(k, i)
		var n uint8
		if n, i = d.fieldName(k, i); i < 0 {
			return false
		}
		if i = d.value(&d.tokens[n], i, 1); i < 0 {
			return false
		}
		if n < unknown {
			d.note(n)
		}
		more, i = d.next('}', i)
	}
	if i < 0 {
		return false
	}
	if len(d.names) > 0 {
		d.twice = d.twice || d.names.twice(0)
		d.names = d.names[:0]
	}
	return space(d.b, i) == len(d.b)
}

// usual scans fields as long as they are those of the record before, hold
// plain text or small integers, and another field follows without white space
// between: what nearly all fields are. It gives the number of fields so far and
// the place of the next. What is unusual, it leaves as it found it.
func (d *JSON) usual(k, i int) (int, int) {
	b, seen, present, badType := d.b, d.seen, d.present, d.badType
	for ; k < maxFields; k++ {
		n := d.plan[k]
		quick := &d.names8[n]
		if !quick.starts(b, i) {
			break
		}
		start := i + int(quick.length)
		end, after, kind, number := start, 0, tokenInteger, int64(0)
		if b[start] == '"' {
			start++
			end, kind = plain(b, start), tokenString
			after = end + 1
		} else {
			end, number = small(b, start)
			after = end
		}
		if end < 0 || after+1 >= len(b) || b[after] != ',' || b[after+1] != '"' {
			break
		}
		bit := uint64(1) << n
		if seen&bit != 0 || d.specs[n].also != 0 {
			break
		}
		tok := &d.tokens[n]
		tok.start, tok.end, tok.kind, tok.number = int32(start), int32(end), kind, number
		seen |= bit
		present |= bit
		if d.wants[n]&(1<<kind) == 0 {
			badType |= bit
		}
		i = after + 1
	}
	d.seen, d.present, d.badType = seen, present, badType
	return k, i
}

// fieldName scans the k-th field name and gives its number: by comparing it
// with the k-th of the record before, else by looking it up.
func (d *JSON) fieldName(k, i int) (number uint8, after int) {
	if k < maxFields {
		n := d.plan[k]
		if quick := &d.names8[n]; quick.starts(d.b, i) {
			i += int(quick.length)
			if d.b[i] <= ' ' {
				i = space(d.b, i)
			}
			return n, i
		}
	}
	name, i := d.name(i)
	if i < 0 {
		return 0, bad
	}
	number, known := d.numbers[string(name)]
	if !known {
		number = unknown
		d.names = append(d.names, name)
	}
	if k < maxFields {
		d.plan[k] = number
	}
	return number, i
}

// note records that field i stands in the record, and with it the fields that
// the mapping reads from the same place.
func (d *JSON) note(i uint8) {
	bit := uint64(1) << i
	if d.seen&bit != 0 {
		d.twice = true
	}
	d.seen |= bit
	tok := &d.tokens[i]
	if tok.kind == tokenNull {
		return
	}
	for {
		d.present |= bit
		if d.specs[i].want&(1<<tok.kind) == 0 {
			d.badType |= bit
		}
		next := d.specs[i].also
		if next == 0 {
			return
		}
		d.tokens[next] = *tok
		i, bit = next, 1<<next
	}
}

// reject names the field of number i in the schema's words.
func (d *JSON) reject(i int, f flaw) Reject {
	reject := f.reject(d.specs[i].name)
	if f == instantForm && d.times != nil {
		reject.Detail = d.times.accepted
	}
	return reject
}

// lowest is the number of the first field of a set.
func lowest(set uint64) int { return bits.TrailingZeros64(set) }
