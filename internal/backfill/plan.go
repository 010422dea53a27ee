package backfill

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
)

// Format of a file.
type Format string

// Formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Options say how a file is read.
type Options struct {
	Name        string // of the file: it stands in messages and made-up ids
	Format      Format
	Map         *rowmap.Map // nil for NDJSON, or where the columns carry our fields' names
	MapName     string
	Delimiter   byte           // between columns; 0 for what the map says, or a comma
	Zone        *time.Location // business zone, for days and moments without a zone
	Limits      decode.Config  // as the processor's
	MemoryBytes int64          // above this much of events the file must be sorted already
	Now         time.Time

	// Open opens the file from its beginning; it is called again where the
	// file does not fit into memory, and to say in what two rows differ.
	Open func() (io.ReadCloser, error)
	// Rejected is told of each bad row, once.
	Rejected func(*Reject) error
}

// Plan is a file whose rows are read and judged, ready to be sent in
// event-time order.
type Plan struct {
	Events   int64
	Rejects  int64
	Repeated int64         // rows that repeat another, word by word
	LeftOut  int64         // rows of an order whose first row counts
	Older    int64         // events older than what is retained at the last
	First    event.Instant // of the earliest event; 0 without events
	Last     event.Instant
	Streamed bool // too large for memory, and sorted

	options  Options
	content  string  // see Content
	prepared bool    // the file has been read once
	events   []Event // sorted; nil where streamed
	ledger   ledger
	dropped  rowSet
	follow   int64               // rows that were rejected after the first of their order
	days     map[event.Day]int64 // events of each day, in UTC
}

// ErrNotSorted says that a file is too large to be sorted in memory and is not
// sorted by itself.
var ErrNotSorted = errors.New("the file is not in event-time order and too large to be sorted in memory")

// eventOverhead is what an event takes in memory beside its bytes.
const eventOverhead = 160

// Prepare reads the whole file before anything is sent: it judges every row,
// makes sure that rows of one name say the same, sorts what fits into memory,
// and otherwise makes sure that the file is in order. Memory is bounded by
// twice MemoryBytes, time is O(n log n).
func Prepare(options Options) (*Plan, error) {
	plan := &Plan{options: options, days: map[event.Day]int64{},
		ledger: ledger{room: int(max(1, options.MemoryBytes/4/entryBytes))}}
	err := plan.read()
	if err == nil {
		err = plan.repetitions()
	}
	if err := errors.Join(err, plan.ledger.close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", options.Name, err)
	}
	plan.prepared = true
	plan.drop()
	plan.LeftOut += plan.follow
	slices.SortStableFunc(plan.events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	plan.countOlder()
	return plan, nil
}

// read reads the file once.
func (p *Plan) read() error {
	held, unsortedAt := int64(0), int64(0)
	store, content := &arena{}, newContentHash(&p.options)
	defer func() { p.content = content.name() }()
	open := func(text io.Reader) (source, error) { return p.open(io.TeeReader(text, content)) }
	return p.scan(open, func(e Event, reject *Reject) error {
		if reject != nil && reject.follows {
			p.follow++
			return nil
		}
		if reject != nil {
			p.Rejects++
			return p.options.Rejected(reject)
		}
		if p.Events > 0 && e.At < p.Last && unsortedAt == 0 {
			unsortedAt = e.Row
		}
		p.count(e)
		if err := p.note(&e); err != nil {
			return err
		}
		held += int64(len(e.Key)+len(e.Value)) + eventOverhead
		if !p.Streamed && held <= p.options.MemoryBytes {
			e.group, e.order = "", ""
			p.events = append(p.events, store.copyOf(e))
			return nil
		}
		p.Streamed, p.events, store.chunk = true, nil, nil
		if unsortedAt > 0 {
			return notSorted(unsortedAt, p.options.MemoryBytes)
		}
		return nil
	})
}

// note keeps an event's names for repetitions.
func (p *Plan) note(e *Event) error {
	for _, name := range []uint64{e.marks.event, e.marks.known, e.marks.order} {
		if err := p.ledger.add(name, e.marks.content, e.Row); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) count(e Event) {
	if p.Events == 0 || e.At < p.First {
		p.First = e.At
	}
	p.Last = max(p.Last, e.At)
	p.Events++
	p.days[event.Day(e.At/event.Day24h)]++
}

// drop leaves out what repetitions has found.
func (p *Plan) drop() {
	p.Events -= p.Repeated + p.LeftOut
	if p.Streamed || p.Repeated+p.LeftOut == 0 {
		return
	}
	p.events = slices.DeleteFunc(p.events, func(e Event) bool { return p.dropped.has(e.Row) })
	p.Events, p.First, p.Last = 0, 0, 0
	clear(p.days)
	for _, e := range p.events {
		p.count(e)
	}
}

// countOlder counts the events of days that are not retained any more at the
// last event.
func (p *Plan) countOlder() {
	for day, events := range p.days {
		if day <= event.Day(p.Last/event.Day24h)-window.RetainedDays {
			p.Older += events
		}
	}
}

// summing reports whether the rows of an order are summed.
func (p *Plan) summing() bool { return p.options.Map != nil && p.options.Map.Lines == rowmap.LinesSum }

// Each returns the events in event-time order; ties stay in the order of rows.
// An event's bytes are valid until f returns where the plan is streamed.
func (p *Plan) Each(f func(Event) error) error {
	if p.Streamed {
		err := p.scan(p.open, func(e Event, reject *Reject) error {
			if reject != nil || p.dropped.has(e.Row) {
				return nil
			}
			return f(e)
		})
		if err != nil {
			return fmt.Errorf("read %s again: %w", p.options.Name, err)
		}
		return nil
	}
	for _, e := range p.events {
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// scan reads the file from its beginning.
func (p *Plan) scan(open func(io.Reader) (source, error), f func(Event, *Reject) error) (err error) {
	file, err := p.options.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text, err := textfile.Open(file)
	if err != nil {
		return err
	}
	rows, err := open(text)
	if err != nil {
		return err
	}
	for {
		e, reject, err := rows.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := f(e, reject); err != nil {
			return err
		}
	}
}

// open returns the events of a text.
func (p *Plan) open(text io.Reader) (source, error) {
	rows, err := p.openRows(text)
	if err != nil || !p.summing() {
		return rows, err
	}
	judge, err := p.judge()
	if err != nil {
		return nil, err
	}
	noted := p.ledger.add
	if p.prepared {
		noted = func(uint64, uint64, int64) error { return nil }
	}
	return newSumming(rows, judge, p.options.MemoryBytes/2, noted), nil
}

// openRows returns the rows of a text, those of one order each by itself.
func (p *Plan) openRows(text io.Reader) (source, error) {
	judge, err := p.judge()
	if err != nil {
		return nil, err
	}
	if p.options.Format == NDJSON {
		return newNDJSON(text, judge), nil
	}
	return newCSV(text, judge, &p.options)
}

func (p *Plan) judge() (*judge, error) {
	return newJudge(p.options.Limits, event.Instant(p.options.Now.UnixMicro()))
}

// arena keeps the bytes of many events in few allocations.
type arena struct{ chunk []byte }

const chunkBytes = 1 << 20

func (a *arena) copyOf(e Event) Event {
	e.Key, e.Value = a.copyBytes(e.Key), a.copyBytes(e.Value)
	return e
}

func (a *arena) copyBytes(b []byte) []byte {
	if len(b) > cap(a.chunk)-len(a.chunk) {
		a.chunk = make([]byte, 0, max(chunkBytes, len(b)))
	}
	start := len(a.chunk)
	a.chunk = append(a.chunk, b...)
	return a.chunk[start:len(a.chunk):len(a.chunk)]
}
