package decode

import (
	"bytes"
	"unicode/utf8"

	"github.com/holdfast/holdfast/pipeline/event"
)

const (
	maxKeyBytes  = 1 << 10
	maxTextBytes = 256
)

// knownSchema is the only schema_version there is so far.
const knownSchema = 1

// Judge checks the fields of a record that the format could read, and stores
// them in dst. The Reject has the reason None for an event; for any other dst
// is without meaning. Where several things are wrong, the order of the checks
// decides which reason the record gets: what says which schema it follows, then
// forms, then values and missing fields in the order of the fields, then what
// concerns the record as a whole.
//
// The byte slices of dst alias rec, the payload and the arena given to Begin:
// they are valid until one of these is reused. The time is linear in the length
// of the texts.
func (f *Fields) Judge(dst *event.Event, rec *Record) Reject {
	r := f.rules
	if reject := f.judgeHead(); reject.Reason != None {
		return reject
	}
	if f.Mistyped != 0 {
		return f.badType(lowest(f.Mistyped))
	}
	skip := r.headMask
	if len(rec.EventIDHeader) > 0 {
		skip |= r.eventIDMask
		if wrong := storeHeaderID(dst, rec.EventIDHeader); wrong != fine {
			return wrong.reject("event_id")
		}
	}
	first, wrong := MaxFields, fine
	for set := f.Present &^ skip; set != 0; set &= set - 1 {
		i := lowest(set)
		if wrong = r.specs[i].check(f, dst, &f.Values[i]); wrong != fine {
			first = i
			break
		}
	}
	if missing := f.needed(dst.Kind) &^ (f.Present | skip); missing != 0 && lowest(missing) < first {
		return Reject{MissingField, r.specs[lowest(missing)].name, "must be present"}
	}
	if first < MaxFields {
		return r.reject(first, wrong)
	}
	return judgeRecord(dst, rec)
}

// badType is the reject of a field of another form than it wants.
func (f *Fields) badType(i int) Reject {
	s := &f.rules.specs[i]
	reject := Reject{BadType, s.name, "must have the JSON type of the schema"}
	if wantAmount.Has(f.Values[i].Form) && s.want == wantInstant {
		reject.Detail = "must be a text; numbers are read where mapping.<input>.times says in which unit"
	}
	return reject
}

// reject names the field of number i in the schema's words.
func (r *Rules) reject(i int, wrong flaw) Reject {
	reject := wrong.reject(r.specs[i].name)
	if wrong == instantForm && r.times != nil {
		reject.Detail = r.times.accepted
	}
	return reject
}

// judgeHead checks what says which schema the record follows.
func (f *Fields) judgeHead() Reject {
	r := f.rules
	if f.Present&^f.Mistyped&r.versionMask != 0 {
		if v := &f.Values[lowest(r.versionMask)]; v.Form != FormInteger || v.Number != knownSchema {
			return Reject{UnknownSchema, "schema_version", "must be 1"}
		}
	}
	if f.Present&r.typeMask == 0 {
		return Reject{MissingField, "event_type", "must be present"}
	}
	if f.Mistyped&r.typeMask == 0 && string(f.text(&f.Values[lowest(r.typeMask)])) != r.typeName {
		return Reject{UnknownType, "event_type", "must be that of the topic"}
	}
	return Reject{}
}

// judgeRecord checks what concerns the record as a whole.
func judgeRecord(dst *event.Event, rec *Record) Reject {
	id := dst.CustomerID
	if len(id) == 0 {
		id = dst.AnonymousID
	}
	if !rec.HasKey || !bytes.Equal(id, rec.Key) {
		return Reject{KeyMismatch, "customer_id", "must equal the record's key (anonymous_id where there is no customer_id)"}
	}
	if dst.Has&event.HasTest != 0 {
		return Reject{TestEvent, "is_test", "test events are not applied"}
	}
	if dst.Kind == event.Closure && dst.Closure == event.ClosureNone {
		dst.Closure = event.UnknownReason
	}
	return Reject{}
}

// needed is the set of fields that the record must have, as far as its kind is
// known.
func (f *Fields) needed(kind event.Kind) uint64 {
	r := f.rules
	needed := r.mandatory[kind]
	if f.Present&r.anonymousMask != 0 {
		needed &^= r.customerMask
	}
	if kind == event.Survey && f.Present&r.surveyMask == 0 {
		needed |= 1 << lowest(r.surveyMask)
	}
	return needed
}

// storeHeaderID takes the event id from the header, which stands above that of
// the value.
func storeHeaderID(dst *event.Event, id []byte) flaw {
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
