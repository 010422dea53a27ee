package decode

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/event"
)

const (
	maxKeyBytes  = 1 << 10
	maxTextBytes = 256
)

// judge checks the fields of a record whose syntax is good, and stores them.
// The order decides which reason a record gets that has several faults.
func (d *JSON) judge(dst *event.Event, rec *Record) Reject {
	if reject := d.judgeHead(); reject.Reason != None {
		return reject
	}
	d.walkNested()
	if d.badType != 0 {
		return d.badTypeOf(lowest(d.badType))
	}
	skip := d.headMask
	if len(rec.EventIDHeader) > 0 {
		skip |= d.eventIDMask
		if f := d.storeHeaderID(dst, rec.EventIDHeader); f != fine {
			return f.reject("event_id")
		}
	}
	worst, f := maxFields, fine
	for set := d.present &^ skip; set != 0; set &= set - 1 {
		i := lowest(set)
		if f = d.specs[i].check(d, dst, &d.tokens[i]); f != fine {
			worst = i
			break
		}
	}
	if missing := d.needed(dst.Kind) &^ (d.present | skip); missing != 0 && lowest(missing) < worst {
		return Reject{MissingField, d.specs[lowest(missing)].name, "must be present"}
	}
	if worst < maxFields {
		return d.reject(worst, f)
	}
	return d.judgeRecord(dst, rec)
}

// badTypeOf is the reject of a field of another JSON type than it should have.
func (d *JSON) badTypeOf(i int) Reject {
	reject := Reject{BadType, d.specs[i].name, "must have the JSON type of the schema"}
	if wantAmount&(1<<d.tokens[i].kind) != 0 && d.specs[i].want == wantText && slices.Contains(instantFields, reject.Field) {
		reject.Detail = "must be a text; numbers are read where mapping.<input>.times says in which unit"
	}
	return reject
}

// judgeHead checks what says which schema the record follows.
func (d *JSON) judgeHead() Reject {
	version, kind := d.versionMask, d.typeMask
	if d.present&^d.badType&version != 0 {
		if t := &d.tokens[lowest(version)]; t.kind != tokenInteger || t.number != knownSchema {
			return Reject{UnknownSchema, "schema_version", "must be 1"}
		}
	}
	if d.present&kind == 0 {
		return Reject{MissingField, "event_type", "must be present"}
	}
	if d.badType&kind == 0 && string(d.text(&d.tokens[lowest(kind)])) != d.typeName {
		return Reject{UnknownType, "event_type", "must be that of the topic"}
	}
	return Reject{}
}

// judgeRecord checks what concerns the record as a whole.
func (d *JSON) judgeRecord(dst *event.Event, rec *Record) Reject {
	id := dst.CustomerID
	if len(id) == 0 {
		id = dst.AnonymousID
	}
	if !rec.HasKey || !bytes.Equal(id, rec.Key) {
		return Reject{KeyMismatch, "customer_id", "must equal the record's key (anonymous_id where there is no customer_id)"}
	}
	if d.isTest {
		return Reject{TestEvent, "is_test", "test events are not applied"}
	}
	if dst.Kind == event.Closure && dst.Closure == event.ClosureNone {
		dst.Closure = event.UnknownReason
	}
	return Reject{}
}

// needed is the set of fields that the record must have, as far as its kind is
// known.
func (d *JSON) needed(kind event.Kind) uint64 {
	needed := d.mandatory[kind]
	if d.present&d.anonymousMask != 0 {
		needed &^= d.customerMask
	}
	if kind == event.Survey && d.present&d.surveyMask == 0 {
		needed |= 1 << lowest(d.surveyMask)
	}
	return needed
}

// storeHeaderID takes the event id from the header, which stands above that of
// the value.
func (d *JSON) storeHeaderID(dst *event.Event, id []byte) flaw {
	if !utf8.Valid(id) {
		return headerText
	}
	if len(id) > 64 {
		return idLength64
	}
	if hasControl(id) {
		return idControl
	}
	dst.EventID, dst.EventHash = id, event.HashID(id)
	return fine
}

// bytes gives a token as it stands in the record.
func (d *JSON) bytes(t *token) []byte {
	if t.constant {
		return d.constants[t.start:t.end]
	}
	return d.b[t.start:t.end:t.end]
}

// text gives the text of a string token.
func (d *JSON) text(t *token) []byte {
	raw := d.bytes(t)
	if t.kind == tokenEscaped {
		return d.arena.unescape(raw)
	}
	return raw
}
