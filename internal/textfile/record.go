package textfile

import "bytes"

// What a record came to.
type outcome uint8

const (
	whole     outcome = iota
	unended           // what is there of the text ends before the record
	leftOpen          // the text ends inside quotes
	bareQuote         // a quote within a cell that has none around it
	tailQuote         // text between a closing quote and the delimiter
)

func (o outcome) String() string {
	return [...]string{"", "it has no end", "a quote is left open", "a quote stands within a cell that has none around it",
		"text follows a closing quote"}[o]
}

// record is one row as it is taken apart; the rules are those of RFC 4180, and
// of Go's own encoding/csv.
type record struct {
	comma byte
	text  []byte // of all cells, one behind the other
	ends  []int  // of each cell in text
	lines int    // that are begun
}

// parse takes one record from the beginning of text and returns its length with
// the line end. last says that nothing follows text.
func (r *record) parse(text []byte, last bool) (int, outcome) {
	r.text, r.ends, r.lines = r.text[:0], r.ends[:0], 1
	i := 0
	for {
		var more bool
		var what outcome
		if i < len(text) && text[i] == '"' {
			i, more, what = r.quoted(text, i+1, last)
		} else {
			i, more, what = r.plain(text, i, last)
		}
		if what != whole {
			return i, what
		}
		r.ends = append(r.ends, len(r.text))
		if !more {
			return i, whole
		}
	}
}

// plain reads a cell without quotes; more says that another cell follows.
func (r *record) plain(text []byte, i int, last bool) (after int, more bool, what outcome) {
	start := i
	for ; i < len(text); i++ {
		switch text[i] {
		case r.comma:
			r.text = append(r.text, text[start:i]...)
			return i + 1, true, whole
		case '\n':
			r.text = append(r.text, withoutReturn(text[start:i])...)
			return i + 1, false, whole
		case '"':
			return i, false, bareQuote
		}
	}
	if !last {
		return i, false, unended
	}
	r.text = append(r.text, withoutReturn(text[start:])...)
	return i, false, whole
}

func withoutReturn(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }

// quoted reads a cell whose opening quote lies before i.
func (r *record) quoted(text []byte, i int, last bool) (after int, more bool, what outcome) {
	for {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			r.lines += bytes.Count(bytes.TrimSuffix(text[i:], lineFeed), lineFeed)
			if last {
				return len(text), false, leftOpen
			}
			return len(text), false, unended
		}
		r.take(text[i : i+n])
		i += n + 1
		rest := text[i:]
		switch {
		case len(rest) == 0 || len(rest) == 1 && rest[0] == '\r':
			if last {
				return len(text), false, whole
			}
			return len(text), false, unended
		case rest[0] == '"':
			r.text = append(r.text, '"')
			i++
		case rest[0] == r.comma:
			return i + 1, true, whole
		case rest[0] == '\n':
			return i + 1, false, whole
		case rest[0] == '\r' && rest[1] == '\n':
			return i + 2, false, whole
		default:
			return i, false, tailQuote
		}
	}
}

var lineFeed = []byte("\n")

// take adds text between quotes, with line feeds for its line ends.
func (r *record) take(text []byte) {
	for {
		line, rest, found := bytes.Cut(text, lineFeed)
		if !found {
			r.text = append(r.text, text...)
			return
		}
		r.lines++
		r.text = append(append(r.text, withoutReturn(line)...), '\n')
		text = rest
	}
}

// cells returns the texts of the record in one allocation.
func (r *record) cells(into []string) []string {
	all, start := string(r.text), 0
	into = into[:0]
	for _, end := range r.ends {
		into = append(into, all[start:end])
		start = end
	}
	return into
}
