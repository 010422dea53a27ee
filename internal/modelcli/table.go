package modelcli

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// maxColumns bounds the header.
	maxColumns = 1000
	// maxLineBytes bounds one NDJSON line.
	maxLineBytes = 1 << 20
	// maxStdinBytes bounds NDJSON from standard input, which is read twice.
	maxStdinBytes = 256 << 20
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
}

// openTable opens a CSV or NDJSON file, gzip or not; "-" is stdin. format is
// "auto", "csv" or "ndjson"; auto goes by the name.
func openTable(path, format string, stdin io.Reader) (*table, error) {
	if format == "auto" {
		format = formatOf(path)
	}
	var t *table
	var err error
	switch format {
	case "csv":
		t, err = openCSV(path, stdin)
	case "ndjson":
		t, err = openNDJSON(path, stdin)
	default:
		return nil, usagef("--format %s: want auto, csv or ndjson", format)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	t.index = make(map[string]int, len(t.columns))
	for i, name := range t.columns {
		if _, twice := t.index[name]; twice {
			return nil, errors.Join(usagef("read %s: two columns are named %q", path, name), t.close())
		}
		t.index[name] = i
	}
	return t, nil
}

func formatOf(path string) string {
	name := strings.TrimSuffix(strings.ToLower(path), ".gz")
	for _, end := range []string{".ndjson", ".jsonl", ".json"} {
		if strings.HasSuffix(name, end) {
			return "ndjson"
		}
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

// require gives a usage error that names the first missing column, with the
// nearest spelling there is.
func (t *table) require(columns ...string) error {
	for _, want := range columns {
		if t.has(want) {
			continue
		}
		for _, have := range t.columns {
			if strings.EqualFold(strings.TrimSpace(have), want) {
				return usagef("no column %q: there is %q, but names are case-sensitive", want, have)
			}
		}
		return usagef("no column %q; the columns are %s", want, strings.Join(t.columns, ", "))
	}
	return nil
}

// openBytes opens path for reading, unzipped.
func openBytes(path string, stdin io.Reader) (io.Reader, func() error, error) {
	if path == "-" {
		return bufio.NewReaderSize(stdin, 1<<16), func() error { return nil }, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReaderSize(f, 1<<16)
	if magic, _ := r.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		return bufio.NewReaderSize(z, 1<<16), f.Close, nil
	}
	return r, f.Close, nil
}
