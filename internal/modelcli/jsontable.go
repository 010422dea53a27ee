package modelcli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// openNDJSON reads a file of one JSON object a line. The columns are the keys
// in order of first appearance, so the input is read twice.
func openNDJSON(path string, stdin io.Reader) (*table, error) {
	if path == "-" {
		all, err := io.ReadAll(io.LimitReader(stdin, maxStdinBytes+1))
		if err != nil {
			return nil, err
		}
		if len(all) > maxStdinBytes {
			return nil, usagef("standard input is longer than %d bytes; give a file", maxStdinBytes)
		}
		open := func() (io.Reader, func() error, error) {
			return bytes.NewReader(all), func() error { return nil }, nil
		}
		return readNDJSON(open)
	}
	return readNDJSON(func() (io.Reader, func() error, error) { return openBytes(path, nil) })
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
	lines := bufio.NewReaderSize(in, 1<<16)
	number := 0
	next := func() (record, error) {
		line, err := nextLine(lines, &number)
		if errors.Is(err, errLongLine) {
			return record{problem: fmt.Sprintf("line %d: longer than %d bytes", number, maxLineBytes)}, nil
		}
		if err != nil {
			return record{}, err
		}
		fields := make([]string, len(columns))
		err = eachMember(line, func(key, value string) { fields[index[key]] = value })
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
	lines := bufio.NewReaderSize(in, 1<<16)
	seen := map[string]bool{}
	var columns []string
	for number := 0; ; {
		line, err := nextLine(lines, &number)
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errLongLine) {
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

var errLongLine = errors.New("line too long")

// nextLine is the next line that is not blank; errLongLine after skipping one
// above maxLineBytes.
func nextLine(r *bufio.Reader, number *int) ([]byte, error) {
	for {
		var line []byte
		long := false
		for {
			part, err := r.ReadSlice('\n')
			if long = long || len(line)+len(part) > maxLineBytes; !long {
				line = append(line, part...)
			}
			if err == nil {
				break
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if errors.Is(err, io.EOF) && (len(line) > 0 || long) {
				break
			}
			return nil, err
		}
		*number++
		if long {
			return nil, errLongLine
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

// eachMember calls f for every member of the JSON object in line, in order. A
// number keeps its spelling, null is the empty text, anything nested its JSON.
func eachMember(line []byte, f func(key, value string)) error {
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
