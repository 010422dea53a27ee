package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Row is one row of a CSV file. Its slices are valid until the next is read.
type Row struct {
	Cells   []string
	Line    int64  // of its first line, from 1
	Raw     []byte // as it stands, without line end
	Problem string // why it is not a row, "" where it is one
}

// CSV reads the rows of a CSV file below a header.
type CSV struct {
	Header []string

	// IsRow reports whether cells, as many as the header has, are a good row in
	// themselves. It is asked of the lines that a quoted cell takes in: a quote
	// that is left open takes in rows, a text of several lines does not.
	IsRow func(cells []string) bool

	in     io.Reader
	record record
	inner  record
	buffer []byte // what is read and not yet given
	taken  int    // bytes of it that are given
	last   bool   // nothing follows the buffer
	line   int64  // lines that are given
	cells  []string
}

// NewCSV reads the header, whose names it gives without the blanks around them.
// A delimiter of 0 stands for a comma, and for what a line "sep=;" before the
// header says; where neither fits what is there, the error says which delimiter
// would. Such a line is passed over also where a delimiter is given.
func NewCSV(in io.Reader, delimiter byte) (*CSV, error) {
	c := &CSV{in: in, record: record{comma: delimiter}, buffer: make([]byte, 0, blockBytes)}
	given := delimiter != 0
	if !given {
		c.record.comma = ','
	}
	header, err := c.Next()
	if err == nil && header.Problem == "" && bytes.HasPrefix(header.Raw, []byte("sep=")) && len(header.Raw) <= 5 {
		if !given {
			given, c.record.comma = true, (string(header.Raw[4:]) + ",")[0]
		}
		header, err = c.Next()
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty; its first line must name the columns")
	case err != nil:
		return nil, err
	}
	if guess := otherDelimiter(header.Raw, c.record.comma); !given && guess != "" {
		return nil, fmt.Errorf("its columns seem to be separated by %s, not by commas: say --delimiter '%s'", guess, guess)
	}
	if header.Problem != "" && (header.Raw[0] == '{' || header.Raw[0] == '[') {
		return nil, errors.New("its first line should name the columns and looks like JSON: say --format ndjson")
	}
	if header.Problem != "" {
		return nil, fmt.Errorf("line %d should name the columns: %s", header.Line, header.Problem)
	}
	c.inner.comma = c.record.comma
	c.Header = make([]string, len(header.Cells))
	for i, name := range header.Cells {
		c.Header[i] = strings.Clone(strings.TrimSpace(name))
	}
	return c, nil
}

// Twice returns the names that stand more than once among columns: which of them
// is meant? A column without a name, as programs add at the end of every row, is
// nobody's.
func Twice(columns []string) (names []string) {
	for i, name := range columns {
		if name != "" && slices.Index(columns, name) != i && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// otherDelimiter returns the delimiter that a header has more of than of its own.
func otherDelimiter(header []byte, comma byte) string {
	most, name := bytes.Count(header, []byte{comma}), ""
	for _, other := range []struct{ delimiter, name string }{{";", ";"}, {"\t", `\t`}, {"|", "|"}} {
		if n := bytes.Count(header, []byte(other.delimiter)); n > most {
			most, name = n, other.name
		}
	}
	return name
}

// Delimiter reads a delimiter as flags and maps write it: one character, or \t.
func Delimiter(text string) (byte, error) {
	switch {
	case text == "":
		return 0, nil
	case text == `\t`:
		return '\t', nil
	case len(text) > 1 || strings.ContainsAny(text, "\"\r\n\x00") || text[0] >= 0x80:
		return 0, fmt.Errorf("%q cannot separate columns: write one character, such as ; or \\t", text)
	}
	return text[0], nil
}

// Next returns the next row, io.EOF after the last. Empty lines are not rows.
// Where a row is broken, reading goes on at the line after its first: what an
// open quote seemed to take in is not lost.
func (c *CSV) Next() (Row, error) {
	for {
		c.line += int64(c.skipEmpty())
		text := c.buffer[c.taken:]
		n, what := c.record.parse(text, c.last)
		switch {
		case len(text) == 0 && c.last:
			return Row{}, io.EOF
		case what != whole && !c.last && len(text) <= MaxRowBytes && (what == unended || !bytes.Contains(text, lineFeed)):
			if err := c.fill(); err != nil {
				return Row{}, err
			}
		case what != whole && !c.last && !bytes.Contains(text, lineFeed):
			return c.passOver()
		case what != whole:
			return c.firstLine(what.String()), nil
		default:
			return c.finish(text, n), nil
		}
	}
}

const tooLong = "it is longer than 4 MiB" // MaxRowBytes

// finish returns a record that is whole, unless its cells do not fit the header,
// or a quoted one holds rows.
func (c *CSV) finish(text []byte, length int) Row {
	c.cells = c.record.cells(c.cells)
	lines := c.record.lines
	if length > MaxRowBytes {
		if lines > 1 {
			return c.firstLine(tooLong)
		}
		row := c.give(text, length, tooLong)
		row.Cells = nil
		return row
	}
	if c.Header != nil && len(c.cells) != len(c.Header) {
		problem := fmt.Sprintf("it has %d fields, the header has %d", len(c.cells), len(c.Header))
		if lines > 1 {
			return c.firstLine(problem)
		}
		return c.give(text, length, problem)
	}
	if lines > 1 && c.IsRow != nil && c.takesInRows(text[:length]) {
		return c.firstLine("a quote takes in lines that are rows themselves")
	}
	return c.give(text, length, "")
}

// takesInRows reports whether one of the lines behind the first is a row. The last
// holds the closing quote, which it would not have as a row. Where that ends the
// first cell, the rest of any row of two lines looks like a row.
func (c *CSV) takesInRows(text []byte) bool {
	var cells []string
	lines := bytes.Split(bytes.TrimRight(text, "\r\n"), lineFeed)
	for i, line := range lines[1:] {
		if i == len(lines)-2 {
			if strings.Contains(c.cells[0], "\n") {
				break
			}
			line = bytes.Replace(line, []byte{'"'}, nil, 1)
		}
		if len(line) == 0 {
			continue
		}
		if _, what := c.inner.parse(line, true); what != whole || len(c.inner.ends) != len(c.Header) {
			continue
		}
		if cells = c.inner.cells(cells); c.IsRow(cells) {
			return true
		}
	}
	return false
}

// give takes a record out of the buffer.
func (c *CSV) give(text []byte, length int, problem string) Row {
	row := Row{Cells: c.cells, Line: c.line + 1, Raw: bytes.TrimRight(text[:length], "\r\n"), Problem: problem}
	c.taken += length
	c.line += int64(c.record.lines)
	return row
}

// firstLine returns the first line of a broken record as a row of its own.
func (c *CSV) firstLine(problem string) Row {
	text := c.buffer[c.taken:]
	if lines := int64(c.record.lines); lines > 1 {
		problem = fmt.Sprintf("a quote that opens in line %d would make one row of lines %d to %d (%s); only line %d is "+
			"left out",
			c.line+1, c.line+1, c.line+lines, problem, c.line+1)
	}
	length := bytes.IndexByte(text, '\n') + 1
	if length == 0 {
		length = len(text)
	}
	c.cells, c.record.lines = c.cells[:0], 1
	return c.give(text, length, problem)
}

// passOver passes over a line that is longer than any row.
func (c *CSV) passOver() (Row, error) {
	row := Row{Line: c.line + 1, Problem: tooLong, Raw: bytes.Clone(c.buffer[c.taken : c.taken+blockBytes])}
	for {
		end := bytes.IndexByte(c.buffer[c.taken:], '\n')
		if end >= 0 {
			c.taken += end + 1
			break
		}
		c.taken = len(c.buffer)
		if c.last {
			break
		}
		if err := c.fill(); err != nil {
			return Row{}, err
		}
	}
	c.line++
	return row, nil
}

// skipEmpty passes over empty lines and gives their number.
func (c *CSV) skipEmpty() (lines int) {
	for {
		text := c.buffer[c.taken:]
		switch {
		case len(text) > 0 && text[0] == '\n':
			c.taken++
		case len(text) > 1 && text[0] == '\r' && text[1] == '\n':
			c.taken += 2
		case len(text) == 1 && text[0] == '\r' && c.last:
			c.taken++
		default:
			return lines
		}
		lines++
	}
}

// fill reads on. The buffer grows to twice the record in hand, so that a long
// record is not looked at again and again.
func (c *CSV) fill() error {
	kept := len(c.buffer) - c.taken
	if kept > cap(c.buffer)/2 {
		grown := make([]byte, kept, 2*cap(c.buffer))
		copy(grown, c.buffer[c.taken:])
		c.buffer = grown
	} else {
		c.buffer = c.buffer[:copy(c.buffer, c.buffer[c.taken:])]
	}
	c.taken = 0
	for len(c.buffer) < cap(c.buffer) {
		n, err := c.in.Read(c.buffer[len(c.buffer):cap(c.buffer)])
		c.buffer = c.buffer[:len(c.buffer)+n]
		if errors.Is(err, io.EOF) {
			c.last = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
