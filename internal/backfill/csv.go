package backfill

import (
	"fmt"
	"io"

	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
)

// csvSource reads one event a row, after a header that names the columns.
type csvSource struct {
	rows     *textfile.CSV
	renderer *renderer
	judge    *judge
	row      int64
	last     string // customer and order of the last row that is an event
}

// newCSV reads the header and checks the map against it. Without a map the
// columns must carry our fields' names.
func newCSV(text io.Reader, judge *judge, options *Options) (*csvSource, error) {
	delimiter := options.Delimiter
	if delimiter == 0 && options.Map != nil {
		var err error
		if delimiter, err = textfile.Delimiter(options.Map.Delimiter); err != nil {
			return nil, err
		}
	}
	rows, err := textfile.NewCSV(text, delimiter)
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	renderer, err := newRenderer(options.Map, rows.Header, options)
	if err != nil {
		return nil, err
	}
	s := &csvSource{rows: rows, renderer: renderer, judge: judge}
	rows.IsRow = func(cells []string) bool {
		_, reject := s.event(cells, 0, 0)
		return reject == nil
	}
	return s, nil
}

func (s *csvSource) next() (Event, *Reject, error) {
	row, err := s.rows.Next()
	if err != nil {
		return Event{}, nil, err
	}
	s.row++
	if row.Problem != "" {
		reject := &Reject{Row: s.row, Line: row.Line, Reason: decode.BadSyntax.String(), Detail: row.Problem}
		return Event{Row: s.row, Line: row.Line}, reject.withRaw(row.Raw), nil
	}
	e, reject := s.event(row.Cells, s.row, row.Line)
	order := s.renderer.orderOf(&e)
	switch {
	case reject != nil:
		reject.withRaw(row.Raw)
		reject.follows = order != "" && order == s.last
	case order != "":
		s.last = order
	}
	return e, reject, nil
}

// event renders and judges a row. One that is summed is judged with the others
// of its order.
func (s *csvSource) event(cells []string, row, line int64) (Event, *Reject) {
	e, reject := s.renderer.render(cells, row, line)
	if reject == nil && e.group == "" {
		reject = s.judge.check(&e)
	}
	return e, reject
}
