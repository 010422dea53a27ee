package decode

import (
	"fmt"
	"maps"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
)

// spec is one field of the topic's type. Its place in the list is its number:
// a bit in the sets, and the order in which the fields are judged.
type spec struct {
	field
	source string // the name under which the source writes it, "" for a constant
	also   uint8  // the next field that is read from the same source field, 0 for none
}

// schema is what a Config compiles to.
type schema struct {
	cfg       Config
	typeName  string
	times     *Times // nil for the schema's own form
	specs     []spec
	numbers   map[string]uint8 // source field name -> number of the first field read from it
	mandatory [event.PublicReview + 1]uint64

	constants    []byte // their JSON texts, one behind the other
	constantMask uint64

	headMask, versionMask, typeMask          uint64
	eventIDMask, customerMask, anonymousMask uint64
	surveyMask                               uint64
	linesMask, mergeMask, consentMask        uint64
	currencyMask                             uint64
}

func compile(cfg Config) (schema, error) {
	if cfg.Type == event.TypeNone || cfg.Type > event.AlertFeedback {
		return schema{}, fmt.Errorf("make a decoder: event type %d has no schema", cfg.Type)
	}
	if cfg.MaxValueBytes == 0 {
		cfg.MaxValueBytes = DefaultMaxValueBytes
	}
	if cfg.MaxValueBytes < 0 || cfg.MaxValueBytes > maxValueBytes {
		return schema{}, fmt.Errorf("make a decoder: a limit of %d bytes for a value is not within 1 to %d", cfg.MaxValueBytes, maxValueBytes)
	}
	if cfg.MinEventTime == 0 {
		cfg.MinEventTime = DefaultMinEventTime
	}
	if cfg.MaxFuture == 0 {
		cfg.MaxFuture = DefaultMaxFuture
	}
	s := schema{cfg: cfg, typeName: cfg.Type.String(), numbers: make(map[string]uint8)}
	for _, f := range fields {
		if f.types&(1<<cfg.Type) != 0 {
			s.specs = append(s.specs, spec{field: f})
		}
	}
	s.allowDecimals()
	s.nameMasks()
	if err := s.checkMapping(); err != nil {
		return schema{}, err
	}
	if err := s.readTimes(); err != nil {
		return schema{}, err
	}
	s.readNames()
	return s, nil
}

// maxValueBytes keeps offsets within 32 bits.
const maxValueBytes = 1 << 30

// allowDecimals lets money be text where the mapping says so.
func (s *schema) allowDecimals() {
	if s.cfg.Mapping.Amounts != AmountsDecimal {
		return
	}
	for i := range s.specs {
		if f := &s.specs[i]; f.want == wantAmount && f.name != "points_earned" && f.name != "points_redeemed" {
			f.want = wantDecimal
		}
	}
}

// instantFields are the fields that hold an instant.
var instantFields = []string{"occurred_at", "ingested_at", "promised_at", "delivered_at", "renewal_due_at",
	"inquiry_answered_at", "first_response_at", "sla_due_at", "requested_at", "at"}

// readTimes takes the mapping's forms of times, and lets them be numbers where
// a form consists of digits.
func (s *schema) readTimes() (err error) {
	if len(s.cfg.Mapping.Times) == 0 {
		return nil
	}
	if s.times, err = NewTimes(s.cfg.Mapping.Times, s.cfg.Mapping.TimeZone); err != nil {
		return fmt.Errorf("map times: %w", err)
	}
	for i := range s.specs {
		if s.times.numbers && slices.Contains(instantFields, s.specs[i].name) {
			s.specs[i].want = wantDecimal
		}
	}
	return nil
}

// number finds a field of the schema by its own name.
func (s *schema) number(name string) (int, bool) {
	i := slices.IndexFunc(s.specs, func(f spec) bool { return f.name == name })
	return i, i >= 0
}

// mask is the set of the named fields, as far as the type has them.
func (s *schema) mask(names ...string) uint64 {
	var set uint64
	for _, name := range names {
		if i, ok := s.number(name); ok {
			set |= 1 << i
		}
	}
	return set
}

func (s *schema) nameMasks() {
	s.versionMask, s.typeMask = s.mask("schema_version"), s.mask("event_type")
	s.headMask = s.versionMask | s.typeMask
	s.eventIDMask, s.customerMask = s.mask("event_id"), s.mask("customer_id")
	if t := s.cfg.Type; t == event.Purchase || t == event.Visit {
		s.anonymousMask = s.mask("anonymous_id")
	}
	s.surveyMask = s.mask("rating", "csi", "nps")
	s.linesMask, s.mergeMask, s.consentMask = s.mask("lines"), s.mask("merge_from"), s.mask("consent")
	s.currencyMask = s.mask("currency")
	for kind := range s.mandatory {
		s.mandatory[kind] = s.mask(mandatoryOfType(s.cfg.Type)...)
	}
	for _, m := range mandatory {
		if m.kind.TypeOf() == s.cfg.Type {
			s.mandatory[m.kind] |= s.mask(m.fields...)
		}
	}
}

// checkMapping finds what a mapping says that cannot be.
func (s *schema) checkMapping() error {
	m := &s.cfg.Mapping
	if m.Amounts > AmountsDecimal {
		return fmt.Errorf("map fields: %d is no form of amounts", m.Amounts)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Rename)) {
		if _, ok := s.number(name); !ok {
			return fmt.Errorf("map fields: %s events have no field %q to rename", s.typeName, name)
		}
		if m.Rename[name] == "" {
			return fmt.Errorf("map fields: the source name of %q is empty", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Constant)) {
		if _, ok := s.number(name); !ok {
			return fmt.Errorf("map fields: %s events have no field %q to set", s.typeName, name)
		}
		if _, ok := m.Rename[name]; ok {
			return fmt.Errorf("map fields: %q is both renamed and constant", name)
		}
	}
	return nil
}

// readNames fills the look-up of source names.
func (s *schema) readNames() {
	for i := len(s.specs) - 1; i >= 0; i-- {
		f := &s.specs[i]
		if _, ok := s.cfg.Mapping.Constant[f.name]; ok {
			continue
		}
		source := f.name
		if renamed, ok := s.cfg.Mapping.Rename[f.name]; ok {
			source = renamed
		}
		f.source = source
		f.also = s.numbers[source]
		s.numbers[source] = uint8(i)
	}
}

// storeConstants scans the mapping's constants and keeps them where a record's
// fields would be noted. They are judged once here, so that a wrong one stops
// the start and not every record.
func (d *JSON) storeConstants() error {
	var arena Arena
	var dst event.Event
	for i := range d.specs {
		f := &d.specs[i]
		text, ok := d.cfg.Mapping.Constant[f.name]
		if !ok {
			continue
		}
		d.begin(&Record{Value: []byte(text)}, &arena)
		tok := &d.tokens[i]
		if d.value(tok, 0, maxDepth) != len(d.b) || tok.kind == tokenNull {
			return fmt.Errorf("map fields: the constant for %q must be a JSON string, number or boolean", f.name)
		}
		if f.want&(1<<tok.kind) == 0 {
			return fmt.Errorf("map fields: the constant for %q must have the JSON type of the schema", f.name)
		}
		if f.check != nil && f.name != "occurred_at" {
			if wrong := f.check(d, &dst, tok); wrong != fine {
				return fmt.Errorf("map fields: the constant for %q %s", f.name, d.reject(i, wrong).Detail)
			}
		}
		base := int32(len(d.constants))
		d.constants = append(d.constants, text...)
		tok.start, tok.end, tok.constant = tok.start+base, tok.end+base, true
		d.constantMask |= 1 << i
	}
	d.b, d.arena = nil, nil
	return nil
}
