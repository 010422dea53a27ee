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
}

// Rules are what a Config compiles to: the fields of one topic's events by
// number, and what is asked of them. They do not change and may be shared.
type Rules struct {
	cfg       Config
	typeName  string
	times     *Times // nil for the schema's own form
	specs     []spec
	mandatory [event.PublicReview + 1]uint64

	constants      []byte // their texts, one behind the other
	constantMask   uint64
	constantValues [MaxFields]Value

	headMask, versionMask, typeMask          uint64
	eventIDMask, customerMask, anonymousMask uint64
	surveyMask                               uint64
	linesMask, mergeMask, consentMask        uint64
	currencyMask                             uint64
}

// NewRules makes the rules of one topic. It fails when the type has no schema
// or the mapping names what the schema does not have; the error says which.
func NewRules(cfg Config) (*Rules, error) {
	if cfg.Type == event.TypeNone || cfg.Type > event.AlertFeedback {
		return nil, fmt.Errorf("make a decoder: event type %d has no schema", cfg.Type)
	}
	if cfg.MaxValueBytes == 0 {
		cfg.MaxValueBytes = DefaultMaxValueBytes
	}
	if cfg.MaxValueBytes < 0 || cfg.MaxValueBytes > maxValueBytes {
		return nil, fmt.Errorf("make a decoder: a limit of %d bytes for a value is not within 1 to %d",
			cfg.MaxValueBytes, maxValueBytes)
	}
	if cfg.MinEventTime == 0 {
		cfg.MinEventTime = DefaultMinEventTime
	}
	if cfg.MaxFuture == 0 {
		cfg.MaxFuture = DefaultMaxFuture
	}
	r := &Rules{cfg: cfg, typeName: cfg.Type.String()}
	for _, f := range fields {
		if f.types&(1<<cfg.Type) != 0 {
			r.specs = append(r.specs, spec{field: f})
		}
	}
	r.allowDecimals()
	r.nameMasks()
	if err := r.checkMapping(); err != nil {
		return nil, err
	}
	if err := r.readTimes(); err != nil {
		return nil, err
	}
	r.readNames()
	if err := r.readConstants(); err != nil {
		return nil, err
	}
	return r, nil
}

// Len is the number of fields; they are numbered from 0 in the order in which
// they are judged.
func (r *Rules) Len() int { return len(r.specs) }

// Source is the name under which the source writes field i: the schema's own or
// that of the mapping. It is empty for a field that a constant stands for,
// which is not read. Several fields may have one source.
func (r *Rules) Source(i int) string { return r.specs[i].source }

// Want is the set of forms that field i may have.
func (r *Rules) Want(i int) Forms { return r.specs[i].want }

// Number finds a field by the schema's name.
func (r *Rules) Number(name string) (i int, ok bool) {
	i = slices.IndexFunc(r.specs, func(s spec) bool { return s.name == name })
	return i, i >= 0
}

// maxValueBytes keeps the ranges of texts within 32 bits.
const maxValueBytes = 1 << 30

// allowDecimals lets money be text where the mapping says so.
func (r *Rules) allowDecimals() {
	if r.cfg.Mapping.Amounts != AmountsDecimal {
		return
	}
	for i := range r.specs {
		if f := &r.specs[i]; f.want == wantAmount && f.name != "points_earned" && f.name != "points_redeemed" {
			f.want = wantDecimal
		}
	}
}

// instantFields are the fields that hold an instant.
var instantFields = []string{"occurred_at", "ingested_at", "promised_at", "delivered_at", "renewal_due_at",
	"inquiry_answered_at", "first_response_at", "sla_due_at", "requested_at", "at"}

// readTimes takes the mapping's forms of times, and lets them be numbers where
// a form consists of digits.
func (r *Rules) readTimes() (err error) {
	if len(r.cfg.Mapping.Times) == 0 {
		return nil
	}
	if r.times, err = NewTimes(r.cfg.Mapping.Times, r.cfg.Mapping.TimeZone); err != nil {
		return fmt.Errorf("map times: %w", err)
	}
	for i := range r.specs {
		if r.times.numbers && slices.Contains(instantFields, r.specs[i].name) {
			r.specs[i].want = wantDecimal | wantInstant
		}
	}
	return nil
}

// mask is the set of the named fields, as far as the type has them.
func (r *Rules) mask(names ...string) uint64 {
	var set uint64
	for _, name := range names {
		if i, ok := r.Number(name); ok {
			set |= 1 << i
		}
	}
	return set
}

func (r *Rules) nameMasks() {
	r.versionMask, r.typeMask = r.mask("schema_version"), r.mask("event_type")
	r.headMask = r.versionMask | r.typeMask
	r.eventIDMask, r.customerMask = r.mask("event_id"), r.mask("customer_id")
	if t := r.cfg.Type; t == event.Purchase || t == event.Visit {
		r.anonymousMask = r.mask("anonymous_id")
	}
	r.surveyMask = r.mask("rating", "csi", "nps")
	r.linesMask, r.mergeMask, r.consentMask = r.mask("lines"), r.mask("merge_from"), r.mask("consent")
	r.currencyMask = r.mask("currency")
	for kind := range r.mandatory {
		r.mandatory[kind] = r.mask(mandatoryOfType(r.cfg.Type)...)
	}
	for _, m := range mandatory {
		if m.kind.TypeOf() == r.cfg.Type {
			r.mandatory[m.kind] |= r.mask(m.fields...)
		}
	}
}

// checkMapping finds what a mapping says that cannot be.
func (r *Rules) checkMapping() error {
	m := &r.cfg.Mapping
	if m.Amounts > AmountsDecimal {
		return fmt.Errorf("map fields: %d is no form of amounts", m.Amounts)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Rename)) {
		if _, ok := r.Number(name); !ok {
			return fmt.Errorf("map fields: %s events have no field %q to rename", r.typeName, name)
		}
		if m.Rename[name] == "" {
			return fmt.Errorf("map fields: the source name of %q is empty", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Constant)) {
		if _, ok := r.Number(name); !ok {
			return fmt.Errorf("map fields: %s events have no field %q to set", r.typeName, name)
		}
		if _, ok := m.Rename[name]; ok {
			return fmt.Errorf("map fields: %q is both renamed and constant", name)
		}
	}
	return nil
}

// readNames finds the name under which the source writes each field.
func (r *Rules) readNames() {
	for i := range r.specs {
		s := &r.specs[i]
		if _, ok := r.cfg.Mapping.Constant[s.name]; ok {
			continue
		}
		s.source = s.name
		if renamed, ok := r.cfg.Mapping.Rename[s.name]; ok {
			s.source = renamed
		}
	}
}

// readConstants keeps the mapping's constants as values. They are judged once
// here, so that a wrong one stops the start and not every record.
func (r *Rules) readConstants() error {
	f := Fields{rules: r, arena: &Arena{}}
	var dst event.Event
	for i := range r.specs {
		s := &r.specs[i]
		c, ok := r.cfg.Mapping.Constant[s.name]
		if !ok {
			continue
		}
		switch c.Form {
		case FormText, FormInteger, FormHuge, FormDecimal, FormBool:
		default:
			return fmt.Errorf("map fields: the constant for %q must be a JSON string, number or boolean", s.name)
		}
		if s.want.Has(FormText) && wantAmount.Has(c.Form) && !s.want.Has(c.Form) {
			c.Form = FormText // a number stands for its text, such as "1.10"
		}
		if !s.want.Has(c.Form) {
			return fmt.Errorf("map fields: the constant for %q must have the JSON type of the schema", s.name)
		}
		start := len(r.constants)
		r.constants = append(r.constants, c.Text...)
		v := Value{Form: c.Form, Place: inConstant, Start: int32(start), End: int32(len(r.constants)), Number: c.Number}
		if s.check != nil && s.name != "occurred_at" {
			if wrong := s.check(&f, &dst, &v); wrong != fine {
				return fmt.Errorf("map fields: the constant for %q %s", s.name, r.reject(i, wrong).Detail)
			}
		}
		r.constantMask |= 1 << i
		r.constantValues[i] = v
	}
	return nil
}
