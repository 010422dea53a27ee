package lexer

import "strings"

// Split cuts SQL text at the semicolons that end statements: not at those inside
// strings, quoted names or comments. Comments stay where they are; what holds
// nothing else is left out. Behind what it cannot read for sure (a heredoc, a
// comment in a comment) it does not cut: see Lexer.
func Split(text string) []string {
	var statements []string
	l := &Lexer{Text: []byte(text)}
	start, content := 0, false
	for {
		t := l.Next()
		if t.Kind != End && !t.Is(";") {
			content = true
			continue
		}
		if content {
			statements = append(statements, strings.Trim(text[start:t.Start], whiteSpace))
		}
		if t.Kind == End {
			return statements
		}
		start, content = t.End, false
	}
}

// whiteSpace is what may stand around a statement.
const whiteSpace = " \t\r\n\v\f"
