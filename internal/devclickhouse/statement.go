package devclickhouse

import (
	"strings"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// statement is what the front end must know of a request's SQL before the
// engine sees it.
type statement struct {
	// text is the SQL; of an INSERT with data, all before FORMAT or VALUES.
	text []byte
	// first is the first keyword, upper case.
	first string
	// insertFormat is the format of an INSERT's data ("Values" for VALUES);
	// empty where the statement brings no data.
	insertFormat string
	// data is the part of an INSERT's data that stood in the text.
	data []byte
	// outputFormat is the statement's own FORMAT; empty where it has none.
	outputFormat string
	// session tells that the statement changes its session (SET, USE,
	// CREATE TEMPORARY).
	session bool
	// identifiers tells that parameters of the request name tables or columns.
	identifiers bool

	name int // where the last name stood that follows INTO, TABLE, FUNCTION or a dot
}

// parseStatement reads sql as far as statement asks. It refuses several
// statements in one text, as a server does over HTTP, and what fence refuses.
// Linear in the length of sql without an INSERT's data.
func parseStatement(sql []byte) (*statement, error) {
	s := &statement{text: sql}
	l := &lexer.Lexer{Text: sql}
	f := &fence{}
	var last [3]lexer.Token // the tokens before the one in hand, newest first
	words, selects := 0, false
	for {
		t := l.Next()
		if t.Kind == lexer.End {
			break
		}
		if last[0].Is(";") {
			return nil, refusal(62, "SYNTAX_ERROR", "Multi-statements are not allowed")
		}
		if err := f.see(t); err != nil {
			return nil, err
		}
		s.identifiers = f.identifiers
		if t.Kind == lexer.Word {
			words++
			if words == 1 {
				s.first = strings.ToUpper(t.Text)
			}
			if words == 2 && s.first == "CREATE" && t.Is("TEMPORARY") {
				s.session = true
			}
		}
		selects = selects || t.Is("SELECT") || t.Is("WITH")
		if s.first == "INSERT" && l.Depth == 0 && !selects && s.takeData(l, t, last) {
			return s, nil
		}
		s.noteFormat(t, last)
		last = [3]lexer.Token{t, last[0], last[1]}
	}
	if last[0].Is(";") {
		last = [3]lexer.Token{last[1], last[2]}
	}
	if s.outputFormat == "" && last[1].Is("FORMAT") && last[0].Kind == lexer.Word {
		s.outputFormat = last[0].Text
	}
	s.session = s.session || s.first == "SET" || s.first == "USE"
	return s, nil
}

// noteFormat takes the FORMAT that stands before a SETTINGS clause.
func (s *statement) noteFormat(t lexer.Token, last [3]lexer.Token) {
	if t.Is("SETTINGS") && last[1].Is("FORMAT") && last[0].Kind == lexer.Word {
		s.outputFormat = last[0].Text
	}
}

// takeData splits an INSERT before its data, once t shows where that is.
func (s *statement) takeData(l *lexer.Lexer, t lexer.Token, last [3]lexer.Token) bool {
	switch {
	case last[0].Is("INTO") || last[0].Is("TABLE") || last[0].Is(".") || last[0].Is("FUNCTION"):
		s.name = t.Start // a table may be called like a keyword
	case last[0].Is("FORMAT") && last[0].Start != s.name && t.Kind == lexer.Word:
		s.insertFormat = t.Text
		s.text, s.data = l.Text[:last[0].Start], afterFormat(l.Text[t.End:])
		return true
	case t.Is("VALUES"):
		s.insertFormat = "Values"
		s.text, s.data = l.Text[:t.Start], l.Text[t.End:]
		return true
	}
	return false
}

// afterFormat drops what separates a format's name from the data: blanks, a
// semicolon, one line end.
func afterFormat(data []byte) []byte {
	blanks := 0
	for blanks < len(data) && (data[blanks] == ' ' || data[blanks] == '\t' || data[blanks] == ';') {
		blanks++
	}
	data = data[blanks:]
	if len(data) > 0 && data[0] == '\r' {
		data = data[1:]
	}
	if len(data) > 0 && data[0] == '\n' {
		data = data[1:]
	}
	return data
}
