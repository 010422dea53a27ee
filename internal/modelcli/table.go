package modelcli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/holdfast/holdfast/internal/textfile"
)

const (
	// maxColumns bounds the header.
	maxColumns = 1000
	// maxOnceBytes bounds NDJSON that can be read only once.
	maxOnceBytes = 256 << 20
)

// record is one row of a table. Problem is set, and the fields are what could
// be read, where the row is malformed.
type record struct {
	fields  []string
	problem string
}

// table is a file of rows under named columns.
type table struct {
	columns []string
	index   map[string]int
	next    func() (record, error) // io.EOF at the end
	close   func() error

	// isRow reports whether a record is a good one, for lines that a quoted cell
	// takes in; without it those with as many cells as columns are.
	isRow func(record) bool
}

// openTable opens a CSV or NDJSON file, gzip or not; "-" is stdin. format is
// "auto", "csv" or "ndjson"; auto goes by the name.
func openTable(path, format, delimiter string, stdin io.Reader) (*table, error) {
	comma, err := textfile.Delimiter(delimiter)
	if err != nil {
		return nil, usagef("--delimiter: %w", err)
	}
	if format == "auto" {
		format = formatOf(path)
	}
	var t *table
	switch format {
	case "csv":
		t, err = openCSV(path, comma, stdin)
	case "ndjson":
		t, err = openNDJSON(path, stdin)
	default:
		return nil, usagef("--format %s: want auto, csv or ndjson", format)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if twice := textfile.Twice(t.columns); len(twice) > 0 {
		return nil, errors.Join(usagef("read %s: two columns are named %s", path, textfile.Listed(twice)), t.close())
	}
	t.index = make(map[string]int, len(t.columns))
	for i, name := range t.columns {
		if name != "" {
			t.index[name] = i
		}
	}
	return t, nil
}

func formatOf(path string) string {
	if textfile.HoldsLines(path) {
		return "ndjson"
	}
	return "csv"
}

// field is the trimmed text of a column, "" where the row or the table has none.
func (t *table) field(r record, column string) string {
	i, ok := t.index[column]
	if !ok || i >= len(r.fields) {
		return ""
	}
	return strings.TrimSpace(r.fields[i])
}

func (t *table) has(column string) bool { _, ok := t.index[column]; return ok }

// require returns a usage error that names the first missing column, with the
// nearest spelling there is.
func (t *table) require(columns ...string) error {
	for _, want := range columns {
		if t.has(want) {
			continue
		}
		for _, have := range t.columns {
			if strings.EqualFold(have, want) {
				return usagef("no column %q: there is %q, but names are case-sensitive", want, have)
			}
		}
		return usagef("no column %q; the columns are %s", want, textfile.Listed(t.columns))
	}
	return nil
}

// openBytes opens path for reading, as plain text.
func openBytes(path string, stdin io.Reader) (io.Reader, func() error, error) {
	if path == "-" {
		text, err := textfile.Open(stdin)
		return text, func() error { return nil }, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	text, err := textfile.Open(f)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return text, f.Close, nil
}
