package signal

import (
	"fmt"
	"slices"
	"unsafe"
)

// reader walks over bytes that may be anything. It never panics: what is not
// there reads as zero and sets failed.
type reader struct {
	data   string
	at     int
	failed bool
}

func (r *reader) left() int { return len(r.data) - r.at }

// take gives the next n bytes, or none where there are fewer.
func (r *reader) take(n int) string {
	if n < 0 || n > r.left() {
		r.failed = true
		r.at = len(r.data)
		return ""
	}
	text := r.data[r.at : r.at+n]
	r.at += n
	return text
}

func (r *reader) u8() uint8 {
	if r.left() < 1 {
		r.failed = true
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

func (r *reader) u32() uint32 { return uint32(r.unsigned(4)) }
func (r *reader) u64() uint64 { return r.unsigned(8) }

func (r *reader) unsigned(width int) uint64 {
	return littleEndian(r.take(width))
}

func littleEndian(text string) uint64 {
	v := uint64(0)
	for i := len(text) - 1; i >= 0; i-- {
		v = v<<8 | uint64(text[i])
	}
	return v
}

// column reads one column; false where its kind is unknown and it was skipped.
// cells counts values over the block.
func (r *reader) column(rows int, cells *int) (Column, bool, error) {
	c := Column{Name: r.take(int(r.u8())), Kind: Kind(r.u8())}
	flags := r.u8()
	data := reader{data: r.take(int(r.u32()))}
	if r.failed {
		return c, false, fmt.Errorf("%w: column's frame", ErrBlockMalformed)
	}
	if c.Kind == 0 || c.Kind >= kindEnd || flags&^(flagNullable|flagList|flagDict) != 0 {
		return c, false, nil
	}
	if err := data.values(&c, flags, rows, cells); err != nil {
		return c, false, fmt.Errorf("column %q: %w", c.Name, err)
	}
	if data.failed || data.left() != 0 {
		return c, false, fmt.Errorf("column %q: %w: %d bytes left", c.Name, ErrBlockMalformed, data.left())
	}
	return c, true, nil
}

// values reads what a column's frame holds.
func (r *reader) values(c *Column, flags byte, rows int, cells *int) error {
	if *cells += rows; *cells > maxCells {
		return fmt.Errorf("%w: cells", ErrBlockTooLarge)
	}
	n := rows
	if flags&flagList != 0 {
		ends, total, err := r.ends(rows, maxCells-*cells)
		if err != nil {
			return err
		}
		*cells += total
		c.Ends, n = ends, total
	}
	if flags&flagNullable != 0 {
		if c.Ends != nil || c.Kind == KindText {
			return fmt.Errorf("%w: undefined list or text", ErrBlockMalformed)
		}
		n = r.defined(c, rows)
	}
	if r.failed {
		return ErrBlockMalformed
	}
	var err error
	switch {
	case c.Kind == KindText && flags&flagDict != 0:
		c.Texts, err = r.dictionaryTexts(n)
	case c.Kind == KindText:
		c.Texts, err = r.plainTexts(n)
	case c.Kind.float():
		c.Numbers, err = r.floats(n)
	default:
		c.Numbers, err = r.numbers(n)
	}
	if err == nil && c.Defined != nil {
		c.Numbers = spread(c.Numbers, c.Defined)
	}
	return err
}

// ends reads the lengths of lists or texts and gives where each ends.
func (r *reader) ends(n, most int) ([]uint32, int, error) {
	lengths, err := r.numbers(n)
	if err != nil {
		return nil, 0, err
	}
	ends := make([]uint32, n)
	total := uint64(0)
	for i, length := range lengths {
		if total += length; length > maxCells || total > uint64(most) {
			return nil, 0, fmt.Errorf("%w: lengths", ErrBlockTooLarge)
		}
		ends[i] = uint32(total)
	}
	return ends, int(total), nil
}

// defined reads which rows have a value and gives their number.
func (r *reader) defined(c *Column, rows int) int {
	switch r.u8() {
	case validAll:
		return rows
	case validNone:
		c.Defined = make([]bool, rows)
		return 0
	case validBitmap:
		bits := r.take((rows + 7) / 8)
		if r.failed {
			return 0
		}
		c.Defined = make([]bool, rows)
		n := 0
		for i := range c.Defined {
			if bits[i/8]>>(i%8)&1 != 0 {
				c.Defined[i] = true
				n++
			}
		}
		return n
	}
	r.failed = true
	return 0
}

// numbers reads n integers.
func (r *reader) numbers(n int) ([]uint64, error) {
	if n == 0 {
		return nil, nil
	}
	mode := r.u8()
	width, steps := int(mode&modeWidth), mode&modeDelta != 0
	if mode&^(modeWidth|modeDelta) != 0 || !slices.Contains([]int{0, 1, 2, 4, 8}, width) {
		return nil, fmt.Errorf("%w: mode of numbers", ErrBlockMalformed)
	}
	first, count := uint64(0), n
	if steps {
		first, count = r.u64(), n-1
	}
	base := r.u64()
	packed := r.take(count * width)
	if r.failed {
		return nil, fmt.Errorf("%w: numbers end early", ErrBlockMalformed)
	}
	values := make([]uint64, n)
	rest := values
	if steps {
		values[0], rest = first, values[1:]
	}
	for i := range rest {
		rest[i] = base + littleEndian(packed[i*width:i*width+width])
	}
	if steps {
		for i := 1; i < n; i++ {
			values[i] += values[i-1]
		}
	}
	return values, nil
}

// floats reads the bit patterns of n floats.
func (r *reader) floats(n int) ([]uint64, error) {
	if n == 0 {
		return nil, nil
	}
	switch r.u8() {
	case floatConstant:
		values := make([]uint64, n)
		v := r.u64()
		for i := range values {
			values[i] = v
		}
		return values, nil
	case floatPlanes:
		planes := r.take(8 * n)
		if r.failed {
			return nil, fmt.Errorf("%w: floats end early", ErrBlockMalformed)
		}
		values := make([]uint64, n)
		for plane := range 8 {
			for i := range values {
				values[i] |= uint64(planes[plane*n+i]) << (8 * plane)
			}
		}
		return values, nil
	}
	return nil, fmt.Errorf("%w: mode of floats", ErrBlockMalformed)
}

func (r *reader) plainTexts(n int) ([]string, error) {
	ends, total, err := r.ends(n, maxBodyBytes)
	if err != nil {
		return nil, err
	}
	all := r.take(total)
	if r.failed {
		return nil, fmt.Errorf("%w: texts end early", ErrBlockMalformed)
	}
	texts := make([]string, n)
	start := uint32(0)
	for i, end := range ends {
		texts[i], start = all[start:end], end
	}
	return texts, nil
}

func (r *reader) dictionaryTexts(n int) ([]string, error) {
	count := int(r.u32())
	if count > r.left()/4 || count > n {
		return nil, fmt.Errorf("%w: dictionary of %d", ErrBlockMalformed, count)
	}
	entries := make([]string, count)
	for i := range entries {
		entries[i] = r.take(int(r.u32()))
	}
	codes, err := r.numbers(n)
	if err != nil {
		return nil, err
	}
	texts := make([]string, n)
	for i, code := range codes {
		if code >= uint64(count) {
			return nil, fmt.Errorf("%w: code outside the dictionary", ErrBlockMalformed)
		}
		texts[i] = entries[code]
	}
	return texts, nil
}

// spread puts the values of the defined rows to their rows.
func spread(values []uint64, defined []bool) []uint64 {
	out := make([]uint64, len(defined))
	next := 0
	for i, ok := range defined {
		if ok {
			out[i] = values[next]
			next++
		}
	}
	return out
}

// immutable makes a string of bytes that nobody writes to any more.
func immutable(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }
