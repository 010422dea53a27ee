package backfill

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/holdfast/holdfast/internal/rowmap"
)

// instantText writes a moment in the schema's form, UTC.
func instantText(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.999999Z") }

var (
	errInteger = errors.New("is not a whole number")
	errBoolean = errors.New("is not true or false")

	errEncoding = errors.New("is not UTF-8")
)

// scalarText writes a cell as the JSON value of a field. It checks the form only;
// ranges and lists are the decoder's.
func scalarText(name, cell string) (string, error) {
	switch {
	case rowmap.IsInteger(name), rowmap.IsAmount(name):
		number, err := strconv.ParseInt(cell, 10, 64)
		if err != nil {
			return "", errInteger
		}
		return strconv.FormatInt(number, 10), nil
	case rowmap.IsBoolean(name):
		switch strings.ToLower(cell) {
		case "true", "1", "yes", "y":
			return "true", nil
		case "false", "0", "no", "n":
			return "false", nil
		}
		return "", errBoolean
	}
	return quoted(cell)
}

// quoted writes a text as JSON. Bytes that are not UTF-8 are refused: replaced,
// they would make another text, and of two ids one.
func quoted(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errEncoding
	}
	written, err := json.Marshal(text)
	if err != nil {
		return "", err
	}
	return string(written), nil
}
