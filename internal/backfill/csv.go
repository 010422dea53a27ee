package backfill

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// csvSource reads one event a row, after a header that names the columns.
type csvSource struct {
	reader   *csv.Reader
	text     *recorder
	renderer *renderer
	judge    *judge
	row      int64
}

// newCSV reads the header and checks the map against it. Without a map the
// columns must carry our fields' names.
func newCSV(reader io.Reader, m *Map, judge *judge, options Options) (*csvSource, error) {
	text := &recorder{reader: skipMark(reader)}
	rows := csv.NewReader(text)
	rows.ReuseRecord = true
	if m != nil && m.Delimiter != "" {
		rows.Comma = rune(m.Delimiter[0])
	}
	header, err := rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read %s: it is empty; its first line must name the columns", options.Name)
	case err != nil:
		return nil, fmt.Errorf("read the header of %s: %w", options.Name, err)
	}
	renderer, err := newRenderer(m, header, options)
	if err != nil {
		return nil, err
	}
	text.take(rows.InputOffset())
	return &csvSource{reader: rows, text: text, renderer: renderer, judge: judge}, nil
}

func (s *csvSource) next() (Event, *Reject, error) {
	cells, err := s.reader.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		s.row++
		reject := &Reject{Row: s.row, Reason: decode.BadSyntax.String(), Detail: broken.Err.Error()}
		return Event{}, reject.withRaw(s.raw()), nil
	case err != nil:
		return Event{}, nil, err
	}
	s.row++
	raw := s.raw()
	e, reject := s.renderer.render(cells, s.row)
	if reject == nil {
		reject = s.judge.check(&e)
	}
	if reject != nil {
		return Event{}, reject.withRaw(raw), nil
	}
	return e, nil, nil
}

func (s *csvSource) raw() []byte {
	return bytes.TrimRight(s.text.take(s.reader.InputOffset()), "\r\n")
}

// recorder keeps what was read since the last row, so that a bad row can be
// shown as it stood, and bounds how much that may be.
type recorder struct {
	reader io.Reader
	kept   []byte
	taken  int   // bytes of kept that are given away
	base   int64 // offset of kept[0]
}

var errRowTooLong = fmt.Errorf("a row is longer than %d MiB; is a quote left open?", MaxRowBytes>>20)

// Read implements io.Reader.
func (r *recorder) Read(p []byte) (int, error) {
	if len(r.kept)-r.taken > MaxRowBytes {
		return 0, errRowTooLong
	}
	n, err := r.reader.Read(p)
	r.base += int64(r.taken)
	r.kept = append(append(r.kept[:0], r.kept[r.taken:]...), p[:n]...)
	r.taken = 0
	return n, err
}

// take gives what was read up to an offset and lets go of it. It is valid
// until the next Read.
func (r *recorder) take(offset int64) []byte {
	start := r.taken
	r.taken = int(offset - r.base)
	return r.kept[start:r.taken]
}

// skipMark leaves out the byte order mark that spreadsheets write.
func skipMark(reader io.Reader) io.Reader {
	first := make([]byte, len(byteOrderMark))
	n, err := io.ReadFull(reader, first)
	if err == nil && bytes.Equal(first, byteOrderMark) {
		return reader
	}
	return io.MultiReader(bytes.NewReader(first[:n]), reader)
}

// trimmed gives a column's name without the blanks around it.
func trimmed(header []string) []string {
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.TrimSpace(name)
	}
	return names
}
