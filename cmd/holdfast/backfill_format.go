package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/textfile"
)

// formatOf returns the format of a file: the one given, else the one that its name
// says, else the one that its content says.
func formatOf(file, given string) (backfill.Format, error) {
	switch format := backfill.Format(given); format {
	case backfill.CSV, backfill.NDJSON:
		return format, nil
	case "":
	default:
		return "", usage("--format %q is not one of csv, ndjson", given)
	}
	if format := formatByName(file); format != "" {
		return format, nil
	}
	holdsObjects, err := holdsObjects(file)
	switch {
	case err != nil:
		return "", err
	case holdsObjects:
		return backfill.NDJSON, nil
	}
	return "", usage("the format cannot be told from the name %q: say --format csv or --format ndjson",
		filepath.Base(file))
}

// formatByName returns the format that a file's name says, whatever its case; ""
// if it says none.
func formatByName(file string) backfill.Format {
	switch {
	case textfile.HoldsCSV(file):
		return backfill.CSV
	case textfile.HoldsLines(file):
		return backfill.NDJSON
	}
	return ""
}

// holdsObjects reports whether a file, unpacked, begins with a brace: no header
// of a CSV file does that we take.
func holdsObjects(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", file, err)
	}
	defer f.Close()
	text, err := textfile.Open(f)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", file, err)
	}
	first, err := bufio.NewReader(text).Peek(512)
	if len(first) == 0 && err != nil {
		return false, nil // empty
	}
	return bytes.HasPrefix(bytes.TrimLeft(first, " \t\r\n"), []byte("{")), nil
}
