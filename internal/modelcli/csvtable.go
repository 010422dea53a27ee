package modelcli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast/holdfast/internal/textfile"
)

// openCSV reads the header line; every later line is a row.
func openCSV(path string, delimiter byte, stdin io.Reader) (*table, error) {
	in, closeFile, err := openBytes(path, stdin)
	if err != nil {
		return nil, err
	}
	rows, err := textfile.NewCSV(in, delimiter)
	if err != nil {
		return nil, errors.Join(usagef("%w", err), closeFile())
	}
	if len(rows.Header) > maxColumns {
		return nil, errors.Join(usagef("%d columns; at most %d are read", len(rows.Header), maxColumns), closeFile())
	}
	t := &table{columns: rows.Header, close: closeFile}
	rows.IsRow = func(cells []string) bool { return t.isRow == nil || t.isRow(record{fields: cells}) }
	t.next = func() (record, error) {
		row, err := rows.Next()
		switch {
		case err != nil:
			return record{}, err
		case row.Problem != "":
			return record{fields: row.Cells, problem: fmt.Sprintf("line %d: %s", row.Line, strings.TrimPrefix(row.Problem,
				"it "))}, nil
		}
		return record{fields: row.Cells}, nil
	}
	return t, nil
}
