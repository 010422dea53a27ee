package modelcli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/holdfast/holdfast/internal/textfile"
)

// openNDJSON reads a file of one JSON object a line. The columns are the keys
// in order of first appearance, so the input is read twice. What is there only
// once, as standard input and pipes are, is kept.
func openNDJSON(path string, stdin io.Reader) (*table, error) {
	if path != "-" {
		if file, err := os.Stat(path); err != nil || file.Mode().IsRegular() {
			return readNDJSON(func() (io.Reader, func() error, error) { return openBytes(path, nil) })
		}
	}
	text, closeText, err := openBytes(path, stdin)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(io.LimitReader(text, maxOnceBytes+1))
	if err = errors.Join(err, closeText()); err != nil {
		return nil, err
	}
	if len(all) > maxOnceBytes {
		return nil, usagef("what can be read only once may have %d bytes; give a file", maxOnceBytes)
	}
	return readNDJSON(func() (io.Reader, func() error, error) {
		return bytes.NewReader(all), func() error { return nil }, nil
	})
}

func readNDJSON(open func() (io.Reader, func() error, error)) (*table, error) {
	columns, err := jsonColumns(open)
	if err != nil {
		return nil, err
	}
	in, closeFile, err := open()
	if err != nil {
		return nil, err
	}
	index := make(map[string]int, len(columns))
	for i, name := range columns {
		index[name] = i
	}
	lines := textfile.NewLines(in, textfile.MaxRowBytes)
	given := make([]int64, len(columns)) // the latest line with a value
	next := func() (record, error) {
		line, number, tooLong, err := lines.Next()
		switch {
		case err != nil:
			return record{}, err
		case tooLong:
			return record{problem: fmt.Sprintf("line %d: longer than %d MiB", number, textfile.MaxRowBytes>>20)}, nil
		}
		fields, twice := make([]string, len(columns)), ""
		err = eachMember(line, func(key, value string) {
			i := index[key]
			if given[i] == number {
				twice = key
			}
			fields[i], given[i] = value, number
		})
		if err == nil && twice != "" {
			err = fmt.Errorf("%s stands twice", textfile.Printed(twice))
		}
		if err != nil {
			return record{fields: fields, problem: fmt.Sprintf("line %d: %v", number, err)}, nil
		}
		return record{fields: fields}, nil
	}
	return &table{columns: columns, next: next, close: closeFile}, nil
}

// jsonColumns is the first pass.
func jsonColumns(open func() (io.Reader, func() error, error)) ([]string, error) {
	in, closeFile, err := open()
	if err != nil {
		return nil, err
	}
	lines := textfile.NewLines(in, textfile.MaxRowBytes)
	seen := map[string]bool{}
	var columns []string
	for {
		line, _, tooLong, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if tooLong {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, closeFile())
		}
		// A malformed line still names the columns it got to; the second pass
		// reports it.
		_ = eachMember(line, func(key, _ string) {
			if !seen[key] && len(columns) <= maxColumns {
				seen[key] = true
				columns = append(columns, key)
			}
		})
	}
	if len(columns) > maxColumns {
		return nil, errors.Join(usagef("more than %d different keys", maxColumns), closeFile())
	}
	if len(columns) == 0 {
		return nil, errors.Join(usagef("no line holds a JSON object with keys"), closeFile())
	}
	return columns, closeFile()
}

// eachMember calls f for every member of the JSON object in line, in order. A
// number keeps its spelling, null is the empty text, anything nested its JSON.
// Bytes that are not UTF-8 are refused: replaced, they would make one of two ids.
func eachMember(line []byte, f func(key, value string)) error {
	if !utf8.Valid(line) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("want a JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return errors.New("broken JSON")
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return errors.New("broken JSON")
		}
		f(key.(string), memberText(raw))
	}
	if _, err := d.Token(); err != nil {
		return errors.New("broken JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value on the line")
	}
	return nil
}

func memberText(raw json.RawMessage) string {
	var text string
	switch {
	case string(raw) == "null":
		return ""
	case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
		return text
	}
	return string(raw)
}
