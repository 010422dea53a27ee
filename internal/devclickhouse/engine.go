package devclickhouse

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Errors that tell why there is no engine on this computer. Each says what can
// be done about it.
var (
	// ErrUnsupported: no library exists for this operating system or
	// processor, or the binary was built without the loader.
	ErrUnsupported = errors.New("the embedded ClickHouse does not run here")
	// ErrInUse: another process runs an engine on the same data folder.
	ErrInUse = errors.New("the data folder is in use by another engine")
	// ErrNotFetched: there is no library to load.
	ErrNotFetched = errors.New("the embedded ClickHouse is not fetched yet")
)

// exception is an error of the engine's own, with ClickHouse's code.
type exception struct {
	code int
	text string
}

func (e *exception) Error() string { return e.text }

var exceptionCode = regexp.MustCompile(`^Code: (\d+)\. `)

// newException reads the code off the engine's text; 1001 (the server's code
// for an error of the standard library) where there is none.
func newException(text string) *exception {
	code := 1001
	if m := exceptionCode.FindStringSubmatch(text); m != nil {
		code, _ = strconv.Atoi(m[1])
	} else {
		text = fmt.Sprintf("Code: %d. DB::Exception: %s", code, text)
	}
	return &exception{code: code, text: text}
}

// refusal is an error that the front end raises in the engine's words.
func refusal(code int, name, format string, args ...any) *exception {
	text := fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, fmt.Sprintf(format, args...), name)
	return &exception{code: code, text: text}
}

// parameter is a {name:Type} value of a statement.
type parameter struct{ name, value string }

// result is a statement's answer. data lies in the engine's memory and is
// valid until free, which must be called once.
type result struct {
	data                             []byte
	rowsRead, bytesRead, rowsWritten uint64
	free                             func()
}
