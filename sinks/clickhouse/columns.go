package clickhouse

import (
	"math"
	"slices"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// values is a typed column of joined blocks, as the driver takes it.
type values interface {
	// add appends a block's column, one that fits; nil stands for a column that
	// the block's writer did not have yet: every row gets the default.
	add(c *signal.Column, rows int, meta signal.Meta)
	// fits says whether add can take the column; nil fits.
	fits(c *signal.Column) bool
	// part gives rows [from, to) as a slice that batch columns take.
	part(from, to int) any
}

func newTexts(bool) values { return &texts{} }

func newTextLists(bool) values {
	return &lists[string]{from: func(c *signal.Column, i int) string { return c.Texts[i] }, kind: signal.KindText}
}

func newCountLists(bool) values {
	count := func(c *signal.Column, i int) uint32 { return uint32(c.Numbers[i]) }
	return &lists[uint32]{from: count, kind: signal.KindUint}
}

// texts is a column of strings.
type texts struct{ all []string }

func (v *texts) fits(c *signal.Column) bool {
	return c == nil || c.Kind == signal.KindText && c.Ends == nil
}

func (v *texts) add(c *signal.Column, rows int, _ signal.Meta) {
	if c == nil {
		v.all = append(v.all, make([]string, rows)...)
		return
	}
	v.all = append(v.all, c.Texts...)
}

func (v *texts) part(from, to int) any { return v.all[from:to] }

// lists is a column of arrays.
type lists[T any] struct {
	all  [][]T
	from func(c *signal.Column, i int) T
	kind signal.Kind
}

func (v *lists[T]) fits(c *signal.Column) bool {
	return c == nil || c.Kind == v.kind && (c.Ends != nil || len(c.Numbers)+len(c.Texts) == 0)
}

func (v *lists[T]) add(c *signal.Column, rows int, _ signal.Meta) {
	if c == nil {
		v.all = append(v.all, make([][]T, rows)...)
		return
	}
	flat := make([]T, len(c.Numbers)+len(c.Texts))
	for i := range flat {
		flat[i] = v.from(c, i)
	}
	for row := range rows {
		from, to := c.Range(row)
		v.all = append(v.all, flat[from:to:to])
	}
}

func (v *lists[T]) part(from, to int) any { return v.all[from:to] }

// convert turns a block's value into the driver's; false means undefined.
type convert[T any] func(bits uint64, kind signal.Kind, meta signal.Meta) (T, bool)

// scalar is a column of single values, undefined ones allowed or not.
type scalar[T any] struct {
	all      []T
	pointers []*T
	nullable bool
	zero     T
	from     convert[T]
	kinds    []signal.Kind
}

// scalars makes the maker of columns of one type.
func scalars[T any](zero T, from convert[T], kinds ...signal.Kind) func(nullable bool) values {
	return func(nullable bool) values {
		return &scalar[T]{nullable: nullable, zero: zero, from: from, kinds: kinds}
	}
}

func (v *scalar[T]) fits(c *signal.Column) bool {
	return c == nil || c.Ends == nil && slices.Contains(v.kinds, c.Kind)
}

func (v *scalar[T]) add(c *signal.Column, rows int, meta signal.Meta) {
	block := make([]T, rows)
	for i := range block {
		block[i] = v.zero
		defined := c != nil && (c.Defined == nil || c.Defined[i])
		if defined {
			var value T
			if value, defined = v.from(c.Numbers[i], c.Kind, meta); defined {
				block[i] = value
			}
		}
		if v.nullable {
			pointer := &block[i]
			if !defined {
				pointer = nil
			}
			v.pointers = append(v.pointers, pointer)
		}
	}
	if !v.nullable {
		v.all = append(v.all, block...)
	}
}

func (v *scalar[T]) part(from, to int) any {
	if v.nullable {
		return v.pointers[from:to]
	}
	return v.all[from:to]
}

func unsigned[T uint8 | uint16 | uint32 | uint64](bits uint64, _ signal.Kind, _ signal.Meta) (T, bool) {
	return T(bits), true
}

func float(bits uint64, _ signal.Kind, _ signal.Meta) (float64, bool) {
	v := math.Float64frombits(bits)
	return v, !math.IsNaN(v)
}
