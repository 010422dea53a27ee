package decode

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// The forms of times that have a name. Any other text is a layout: Go's
// reference time, 2 January 2006 15:04:05 -0700, as the source would write it.
const (
	TimesRFC3339 = "rfc3339"  // what ParseInstant reads
	TimesLocal   = "local"    // a date and time of day without an offset
	TimesDate    = "date"     // a day alone: 12:00 of it
	TimesSeconds = "epoch_s"  // since 1970-01-01T00:00:00Z, whole or decimal, text or number
	TimesMillis  = "epoch_ms" //
	TimesMicros  = "epoch_us" //
	TimesNanos   = "epoch_ns" //
)

// TimeForms gives the names of the forms that have one.
func TimeForms() []string {
	return []string{TimesRFC3339, TimesLocal, TimesDate, TimesSeconds, TimesMillis, TimesMicros, TimesNanos}
}

// maxTimeForms bounds how often a text is tried, and the sentence that says
// what is accepted.
const maxTimeForms = 8

// Times reads the instants of a source that writes them in forms of its own.
type Times struct {
	forms    []timeForm
	accepted string
	numbers  bool
}

// timeForm is one form of times.
type timeForm struct {
	name    string // as it was given, the layout for one without a name
	zone    *time.Location
	words   string // what is accepted
	example string // how the source writes exampleTime, or a little less of it
	read    func(*timeForm, *dateCache, []byte) (event.Instant, bool)
	shift   int // of an epoch: the power of ten that makes microseconds of it
	dayOnly bool
	offset  bool
}

// exampleTime stands in messages. Its day and month could be taken for each
// other, so that forms show which differ in nothing else.
var exampleTime = time.Date(2026, 3, 1, 10, 15, 30, 0, time.UTC)

// NewTimes makes the reader of forms that are tried in order; none means
// rfc3339. What has no offset is a time of day in zone, which may be nil where
// no form needs it. Where a clock was put forward over a time of day, the time
// moves with it; where it was put back, the first of the two is meant. The
// error names the form that cannot be.
func NewTimes(forms []string, zone *time.Location) (*Times, error) {
	if len(forms) == 0 {
		forms = []string{TimesRFC3339}
	}
	if len(forms) > maxTimeForms {
		return nil, fmt.Errorf("%d forms of times; %d are the most", len(forms), maxTimeForms)
	}
	t := &Times{}
	var words []string
	for _, name := range forms {
		form, err := newTimeForm(name, zone)
		if err != nil {
			return nil, err
		}
		for i := range t.forms {
			if err := t.forms[i].shadows(&form); err != nil {
				return nil, err
			}
		}
		t.forms = append(t.forms, form)
		t.numbers = t.numbers || strings.Trim(form.example, "0123456789") == ""
		words = append(words, form.words)
	}
	t.accepted = "must be " + strings.Join(words, ", or ")
	return t, nil
}

// Parse reads an instant in the first form that fits.
func (t *Times) Parse(text []byte) (event.Instant, bool) {
	var dates dateCache
	return t.parse(&dates, text)
}

func (t *Times) parse(dates *dateCache, text []byte) (event.Instant, bool) {
	for i := range t.forms {
		if at, ok := t.forms[i].read(&t.forms[i], dates, text); ok {
			return at, true
		}
	}
	return 0, false
}

// Accepted says in a sentence without a subject what Parse reads.
func (t *Times) Accepted() string { return t.accepted }

// shadows reports whether a form that comes before another would read what is
// meant for the other.
func (f *timeForm) shadows(other *timeForm) error {
	if f.name == other.name {
		return fmt.Errorf("%q stands twice", f.name)
	}
	if _, ok := f.read(f, &dateCache{}, []byte(other.example)); ok {
		return fmt.Errorf("%q before %q would read %s in its own way; try the other order, or keep one of the two",
			f.name, other.name, other.example)
	}
	return nil
}

func newTimeForm(name string, zone *time.Location) (timeForm, error) {
	f := timeForm{name: name, zone: zone, offset: true}
	switch name {
	case TimesRFC3339:
		f.read, f.example, f.words = readRFC3339, "2026-03-01T10:15:30Z", flaws[instantForm].detail[len("must be "):]
		return f, nil
	case TimesLocal:
		f.read, f.example, f.offset = readLocal, "2026-03-01 10:15:30", false
	case TimesDate:
		f.read, f.example, f.offset, f.dayOnly = readDate, "2026-03-01", false, true
	case TimesSeconds, TimesMillis, TimesMicros, TimesNanos:
		return f.epoch(), nil
	default:
		f.read, f.example = readLayout, exampleTime.Format(name)
		var err error
		if f.dayOnly, f.offset, err = inspectLayout(name); err != nil {
			return timeForm{}, err
		}
	}
	f.words = "written like " + f.example
	if f.offset {
		return f, nil
	}
	if zone == nil {
		return timeForm{}, fmt.Errorf("%q has no offset and needs a time zone", name)
	}
	f.words += " in the zone " + zone.String()
	return f, nil
}

// epoch completes the form of a count since 1970.
func (f timeForm) epoch() timeForm {
	units := []string{TimesNanos, TimesMicros, TimesMillis, TimesSeconds}
	i := slices.Index(units, f.name)
	f.shift = 3*i - 3
	f.read = readEpoch
	f.example = fmt.Sprint(exampleTime.Unix()) + strings.Repeat("000", 3-i)
	f.words = []string{"nanoseconds", "microseconds", "milliseconds", "seconds"}[i] + " since 1970, such as " + f.example
	return f
}

func readRFC3339(_ *timeForm, dates *dateCache, text []byte) (event.Instant, bool) {
	return dates.instant(text)
}

func readLocal(f *timeForm, dates *dateCache, text []byte) (event.Instant, bool) {
	wall, rest, ok := dates.wallClock(text)
	if !ok || len(rest) > 0 {
		return 0, false
	}
	return inZone(wall, f.zone), true
}

func readDate(f *timeForm, dates *dateCache, text []byte) (event.Instant, bool) {
	days, ok := dates.date(text)
	if !ok {
		return 0, false
	}
	return inZone(event.Instant(days)*event.Day24h+12*event.Hour, f.zone), true
}

func readEpoch(f *timeForm, _ *dateCache, text []byte) (event.Instant, bool) {
	return parseEpoch(text, f.shift)
}
