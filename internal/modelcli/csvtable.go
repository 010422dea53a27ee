package modelcli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// openCSV reads the header line; every later line is a row.
func openCSV(path string, stdin io.Reader) (*table, error) {
	in, closeFile, err := openBytes(path, stdin)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.Join(usagef("the file is empty; want a header line"), closeFile())
	}
	if err != nil {
		return nil, errors.Join(err, closeFile())
	}
	if len(header) > maxColumns {
		return nil, errors.Join(usagef("%d columns; at most %d are read", len(header), maxColumns), closeFile())
	}
	columns := append([]string(nil), header...)
	columns[0] = strings.TrimPrefix(columns[0], "\ufeff")
	next := func() (record, error) {
		fields, err := r.Read()
		var malformed *csv.ParseError
		switch {
		case errors.As(err, &malformed):
			return record{problem: fmt.Sprintf("line %d: %v", malformed.Line, malformed.Err)}, nil
		case err != nil:
			return record{}, err
		case len(fields) != len(columns):
			line, _ := r.FieldPos(0)
			return record{fields: fields, problem: fmt.Sprintf("line %d: %d fields, the header has %d",
				line, len(fields), len(columns))}, nil
		}
		return record{fields: fields}, nil
	}
	return &table{columns: columns, next: next, close: closeFile}, nil
}
