package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/holdfast/holdfast/pipeline/event"
)

// ErrArray says that a file of one object a line is one array of them.
var ErrArray = errors.New("it is one JSON array, not an object a line: rewrite it with jq -c '.[]' FILE > NEW")

// Lines reads a text line by line.
type Lines struct {
	in     *bufio.Reader
	limit  int
	line   []byte
	number int64
	begun  bool // a line that is not blank has been given
}

// NewLines reads lines of at most limit bytes.
func NewLines(in io.Reader, limit int) *Lines {
	return &Lines{in: bufio.NewReaderSize(in, blockBytes), limit: limit}
}

// Next returns the next line that is not blank, without the white space around
// it, and its number from 1, blank ones counted; io.EOF after the last. Of a
// line above the limit it gives the beginning and says so. The line is valid
// until the next is read. A text that begins with a bracket is ErrArray.
func (l *Lines) Next() (line []byte, number int64, tooLong bool, err error) {
	for {
		if tooLong, err = l.read(); err != nil {
			return nil, l.number, false, err
		}
		l.number++
		// Files that are joined have byte order marks in their midst.
		if line = bytes.TrimSpace(event.TrimByteOrderMark(l.line)); len(line) > 0 {
			if !l.begun && line[0] == '[' {
				return nil, l.number, false, ErrArray
			}
			l.begun = true
			return line, l.number, tooLong, nil
		}
	}
}

// read puts the next line into l.line, at most the limit of it; the rest of a
// longer one is skipped.
func (l *Lines) read() (tooLong bool, err error) {
	l.line = l.line[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		text := part
		if !errors.Is(err, bufio.ErrBufferFull) { // else a carriage return at its end is in the midst of the line
			text = bytes.TrimRight(part, "\r\n")
		}
		if room := l.limit - len(l.line); len(text) > room {
			part, tooLong = part[:room], true
		}
		l.line = append(l.line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.line) > 0:
			err = nil
		}
		return tooLong, err
	}
}
