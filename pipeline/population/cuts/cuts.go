// Package cuts is the form in which versions of the population's cut points lie
// on the population topic. A batch names the version that it is judged by.
package cuts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Cuts are the cut points over all customers at a moment: of each quantity and
// segment the borders between its classes. A value is read only and may be shared.
type Cuts struct {
	Version    uint64 // counts up, from 1
	ComputedAt int64  // microseconds since 1970
	Borders    []Border
}

// Border is one quantity's borders in one segment.
type Border struct {
	Quantity  string    `json:"quantity"` // "value_at_risk", for instance
	Segment   string    `json:"segment"`  // empty: over all customers
	Customers uint64    `json:"customers"`
	Upper     []float64 `json:"upper"` // rising: the upper border of each class but the last
}

// ErrRecord says that a record of the population topic is none that this
// release understands. The error that wraps it says why.
var ErrRecord = errors.New("not a version of cut points")

const (
	format     = 1
	maxBorders = 4096
	maxClasses = 1024
)

type document struct {
	Format     int      `json:"format"`
	Version    uint64   `json:"version"`
	ComputedAt int64    `json:"computed_at_us"`
	Borders    []Border `json:"borders"`
}

// Key is the key of a version's record: the topic is compacted, and keeps the
// newest record of each version.
func Key(version uint64) []byte { return strconv.AppendUint([]byte("cuts/"), version, 10) }

// IsKey reports whether a record of the population topic holds cut points.
func IsKey(key []byte) bool { return len(key) > 5 && string(key[:5]) == "cuts/" }

// Append appends the cut points as JSON, in the order of quantity and segment.
func (c *Cuts) Append(dst []byte) ([]byte, error) {
	borders := slices.Clone(c.Borders)
	slices.SortFunc(borders, compare)
	text, err := json.Marshal(document{Format: format, Version: c.Version, ComputedAt: c.ComputedAt, Borders: borders})
	if err != nil {
		return dst, fmt.Errorf("write cut points %d: %w", c.Version, err)
	}
	return append(dst, text...), nil
}

func compare(a, b Border) int {
	return cmp.Or(cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Segment, b.Segment))
}

// Parse reads what Append wrote. Its errors wrap ErrRecord.
func Parse(value []byte) (*Cuts, error) {
	var d document
	if err := json.Unmarshal(value, &d); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	switch {
	case d.Format != format:
		return nil, fmt.Errorf("%w: format %d, and this release reads %d", ErrRecord, d.Format, format)
	case d.Version == 0:
		return nil, fmt.Errorf("%w: version 0 stands for none", ErrRecord)
	case len(d.Borders) > maxBorders:
		return nil, fmt.Errorf("%w: %d quantities and segments, want at most %d", ErrRecord, len(d.Borders), maxBorders)
	case !slices.IsSortedFunc(d.Borders, compare):
		return nil, fmt.Errorf("%w: quantities and segments are not in order", ErrRecord)
	}
	for i := range d.Borders {
		if err := d.Borders[i].check(); err != nil {
			return nil, err
		}
	}
	return &Cuts{Version: d.Version, ComputedAt: d.ComputedAt, Borders: d.Borders}, nil
}

func (b *Border) check() error {
	if b.Quantity == "" || len(b.Upper) == 0 || len(b.Upper) > maxClasses {
		return fmt.Errorf("%w: %q of segment %q has %d borders, want 1 to %d", ErrRecord, b.Quantity, b.Segment, len(b.Upper),
			maxClasses)
	}
	for i, upper := range b.Upper {
		if math.IsNaN(upper) || i > 0 && upper < b.Upper[i-1] {
			return fmt.Errorf("%w: the borders of %q in segment %q do not rise", ErrRecord, b.Quantity, b.Segment)
		}
	}
	return nil
}

// Class is the class of a value, counted from 0, in a segment or, where that has
// no borders of its own, over all customers. ok is false where there are none.
// It takes time logarithmic in the number of borders.
func (c *Cuts) Class(quantity, segment string, value float64) (class int, ok bool) {
	for _, s := range [...]string{segment, ""} {
		at, found := slices.BinarySearchFunc(c.Borders, Border{Quantity: quantity, Segment: s}, compare)
		if found {
			class, _ := slices.BinarySearch(c.Borders[at].Upper, value)
			return class, true
		}
	}
	return 0, false
}
