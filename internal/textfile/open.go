// Package textfile reads files of rows as the world writes them: gzip or not,
// with or without a byte order mark, with any of the usual line ends. What is
// no UTF-8 text is refused in words that say what to do.
package textfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/pipeline/event"
)

// MaxRowBytes is the longest row that is read, well above the largest record
// that a topic takes.
const MaxRowBytes = 4 << 20

// blockBytes is how much is read at a time, and how much of a file is looked
// at to find out what it is.
const blockBytes = 64 << 10

// ErrNoText says that a file is not UTF-8 text; what wraps it says what the
// file is, and what to do.
var ErrNoText = errors.New("this is not UTF-8 text")

// Open returns the text of a file: unpacked where its bytes are gzip, whatever
// its name, without byte order mark, and with lines that end in a line feed
// where they ended in carriage returns alone.
func Open(file io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(file, blockBytes)
	for range maxPacked {
		first, err := peek(in)
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(first, gzipMagic) {
			break
		}
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpack gzip: %w", err)
		}
		in = bufio.NewReaderSize(unpacked, blockBytes)
	}
	first, err := peek(in)
	if err != nil {
		return nil, err
	}
	if what := foreign(first); what != "" {
		return nil, fmt.Errorf("%w: it is %s", ErrNoText, what)
	}
	text := event.TrimByteOrderMark(first)
	if _, err := in.Discard(len(first) - len(text)); err != nil {
		return nil, err
	}
	if endsInReturns(text) {
		return &returns{in: in}, nil
	}
	return in, nil
}

// Plain returns the text of what was read whole, as Open does.
func Plain(data []byte) ([]byte, error) {
	text, err := Open(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(text)
}

// Same reports whether two paths lead to one file that is there: what is written
// must not be what is read.
func Same(a, b string) bool {
	first, errFirst := os.Stat(a)
	second, errSecond := os.Stat(b)
	return errFirst == nil && errSecond == nil && os.SameFile(first, second)
}

// HoldsLines reports whether a file's name says that it holds an object a line,
// whatever its case and packed or not.
func HoldsLines(name string) bool {
	return slices.Contains([]string{".ndjson", ".jsonl", ".json"}, extension(name))
}

// HoldsCSV reports whether a file's name says that it holds rows of cells.
func HoldsCSV(name string) bool { return extension(name) == ".csv" }

func extension(name string) string {
	return filepath.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))
}

// maxPacked is how often a file may be packed in itself.
const maxPacked = 2

var gzipMagic = []byte{0x1f, 0x8b}

// peek returns the first bytes without taking them.
func peek(in *bufio.Reader) ([]byte, error) {
	first, err := in.Peek(blockBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return first, nil
}

// signatures are the beginnings of what is often taken for text.
var signatures = []struct{ magic, what string }{
	{"\xff\xfe\x00\x00", "UTF-32: " + adviceFor("UTF-32")},
	{"\x00\x00\xfe\xff", "UTF-32: " + adviceFor("UTF-32")},
	{"\xff\xfe", "UTF-16: " + adviceFor("UTF-16")},
	{"\xfe\xff", "UTF-16: " + adviceFor("UTF-16")},
	{"\x1f\x8b", "gzip within gzip: unpack it first (gunzip)"},
	{"PK\x03\x04", "a zip archive or an Excel workbook: unpack it, or save the sheet as \"CSV UTF-8\""},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as \"CSV UTF-8\""},
	{"\x28\xb5\x2f\xfd", "packed with zstd: unpack it first (unzstd), or pack it with gzip"},
	{"\xfd7zXZ\x00", "packed with xz: unpack it first (unxz), or pack it with gzip"},
	{"BZh", "packed with bzip2: unpack it first (bunzip2), or pack it with gzip"},
	{"PAR1", "Parquet: export it as CSV or NDJSON"},
}

func adviceFor(encoding string) string {
	return "save it as \"CSV UTF-8\", or convert it: iconv -f " + encoding + " -t UTF-8 FILE > NEW"
}

// foreign says what a file is that begins so, "" for what may be text. UTF-16
// without a mark is known by its zero bytes: every other one of what is mostly
// ASCII.
func foreign(first []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(first, []byte(s.magic)) && (s.magic != "BZh" || isBzip2(first)) {
			return s.what
		}
	}
	look := first[:min(len(first), 4096)&^1]
	var even, odd int // zero bytes at even and at odd places
	for i := 0; i < len(look); i += 2 {
		if look[i] == 0 {
			even++
		}
		if look[i+1] == 0 {
			odd++
		}
	}
	most, few := len(look)*3/8, len(look)/16
	switch {
	case odd > most && even <= few:
		return "UTF-16: " + adviceFor("UTF-16LE")
	case even > most && odd <= few:
		return "UTF-16: " + adviceFor("UTF-16BE")
	}
	return ""
}

// isBzip2 tells a bzip2 file from a text that begins with the same letters.
func isBzip2(first []byte) bool {
	return len(first) > 9 && first[3] >= '1' && first[3] <= '9' && string(first[4:10]) == "1AY&SY"
}

// endsInReturns reports whether the first line ends in a carriage return alone, as
// lines of old Macintosh programs do. One in quotes is part of a cell.
func endsInReturns(text []byte) bool {
	quoted := false
	for i, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return false
		case c == '\r':
			return i+1 < len(text) && text[i+1] != '\n' || i+1 == len(text) && len(text) < blockBytes
		}
	}
	return false
}

// returns reads a text whose lines end in carriage returns.
type returns struct {
	in    io.Reader
	after bool // the last byte was a carriage return
}

// Read implements io.Reader: it gives a line feed for a carriage return, and
// none for a line feed behind one.
func (r *returns) Read(p []byte) (int, error) {
	for {
		n, err := r.in.Read(p)
		kept := 0
		for _, c := range p[:n] {
			skip := c == '\n' && r.after
			if r.after = c == '\r'; r.after {
				c = '\n'
			}
			if !skip {
				p[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}
