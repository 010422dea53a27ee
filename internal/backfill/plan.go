package backfill

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
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
	Name        string // of the file: it stands in messages and made-up ids; .gz is decompressed
	Format      Format
	Map         *Map // nil for NDJSON, or where the columns carry our fields' names
	MapName     string
	Zone        *time.Location // business zone, for days and moments without a zone
	Limits      decode.Config  // as the processor's
	MemoryBytes int64          // above this much of events the file must be sorted already
	Now         time.Time

	// Open opens the file from its beginning; it is called twice where the
	// file does not fit into memory.
	Open func() (io.ReadCloser, error)
	// Rejected is told of each bad row, once.
	Rejected func(*Reject) error
}

// Plan is a file whose rows are read and judged, ready to be sent in
// event-time order.
type Plan struct {
	Events   int64
	Rejects  int64
	First    event.Instant // of the earliest event; 0 without events
	Last     event.Instant
	Streamed bool // too large for memory, and sorted

	options Options
	events  []Event // sorted; nil where streamed
}

// ErrNotSorted says that a file is too large to be sorted in memory and is not
// sorted by itself.
var ErrNotSorted = errors.New("the file is not in event-time order and too large to be sorted in memory")

// eventOverhead is what an event takes in memory beside its bytes.
const eventOverhead = 80

// Prepare reads the whole file before anything is sent: it judges every row,
// sorts what fits into memory, and otherwise makes sure that the file is in
// order. Memory is bounded by MemoryBytes, time is O(n log n).
func Prepare(options Options) (*Plan, error) {
	plan := &Plan{options: options}
	keep, held, unsortedAt := true, int64(0), int64(0)
	store := &arena{}
	err := plan.each(true, func(e Event) error {
		if plan.Events > 0 && e.At < plan.Last && unsortedAt == 0 {
			unsortedAt = e.Row
		}
		plan.count(e)
		held += int64(len(e.Key)+len(e.Value)) + eventOverhead
		if keep = keep && held <= options.MemoryBytes; keep {
			plan.events = append(plan.events, store.copyOf(e))
			return nil
		}
		plan.events, store.chunk = nil, nil
		if unsortedAt > 0 {
			return fmt.Errorf("%w: row %d is earlier than the row before it; sort the file by time, or allow more memory than %d MiB",
				ErrNotSorted, unsortedAt, options.MemoryBytes>>20)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", options.Name, err)
	}
	plan.Streamed = !keep
	slices.SortStableFunc(plan.events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return plan, nil
}

func (p *Plan) count(e Event) {
	if p.Events == 0 || e.At < p.First {
		p.First = e.At
	}
	p.Last = max(p.Last, e.At)
	p.Events++
}

// ID names the plan: the same file gives the same one.
func (p *Plan) ID() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d %d", filepath.Base(p.options.Name), p.Events, p.First, p.Last)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Each gives the events in event-time order; ties stay in the order of rows.
// An event's bytes are valid until f returns where the plan is streamed.
func (p *Plan) Each(f func(Event) error) error {
	if p.Streamed {
		if err := p.each(false, f); err != nil {
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

// each reads the file from its beginning.
func (p *Plan) each(first bool, f func(Event) error) (err error) {
	file, err := p.options.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows, err := p.open(file)
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
		case reject == nil:
			err = f(e)
		case first:
			p.Rejects++
			err = p.options.Rejected(reject)
		}
		if err != nil {
			return err
		}
	}
}

func (p *Plan) open(file io.Reader) (source, error) {
	if strings.HasSuffix(p.options.Name, ".gz") {
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			return nil, err
		}
		file = unpacked
	}
	judge, err := newJudge(p.options.Limits, event.Instant(p.options.Now.UnixMicro()))
	if err != nil {
		return nil, err
	}
	if p.options.Format == NDJSON {
		return newNDJSON(file, judge), nil
	}
	return newCSV(file, p.options.Map, judge, p.options)
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
