// Package lexer reads ClickHouse's SQL as tokens, for whoever has to know where
// a statement ends or what it names, without parsing it.
package lexer

import (
	"bytes"
	"strings"
)

// Kind is what a token is.
type Kind uint8

// Kinds of tokens.
const (
	End    Kind = iota // of the text
	Word               // bare word or number
	Quoted             // `name` or "name", its text as ClickHouse reads it
	String             // 'text' or a heredoc
	Sign               // one byte
)

// Token is one token of a text.
type Token struct {
	Kind       Kind
	Text       string
	Start, End int // where it lies in the text, in bytes
}

// Is compares keywords and signs; a quoted name is never a keyword.
func (t Token) Is(text string) bool {
	return (t.Kind == Word || t.Kind == Sign) && strings.EqualFold(t.Text, text)
}

// Lexer splits SQL into tokens, without comments. It never fails: what it
// cannot read (a string without end) is the server's to refuse. Not safe for
// concurrent use.
type Lexer struct {
	Text  []byte // is read and never written
	Depth int    // parentheses that are open after the last token

	at int
}

// Next returns the next token, of kind End at the end of the text and ever
// after. Linear in the token's length.
func (l *Lexer) Next() Token {
	l.skip()
	start := l.at
	if start >= len(l.Text) {
		return Token{Kind: End, Start: start, End: start}
	}
	switch c := l.Text[start]; {
	case c == '\'':
		l.quoted('\'')
		return l.token(String, start, start, l.at)
	case c == '`' || c == '"':
		l.quoted(c)
		t := l.token(Quoted, start, start+1, max(start+1, l.at-1))
		t.Text = unquote(t.Text, c)
		return t
	case c == '$' && l.heredoc():
		return l.token(String, start, start, l.at)
	case isWordByte(c):
		for l.at < len(l.Text) && isWordByte(l.Text[l.at]) {
			l.at++
		}
		return l.token(Word, start, start, l.at)
	default:
		l.at++
		if c == '(' {
			l.Depth++
		}
		if c == ')' {
			l.Depth--
		}
		return l.token(Sign, start, start, l.at)
	}
}

func (l *Lexer) token(kind Kind, start, textStart, textEnd int) Token {
	return Token{Kind: kind, Text: string(l.Text[textStart:textEnd]), Start: start, End: l.at}
}

// skip passes blanks and comments.
func (l *Lexer) skip() {
	for l.at < len(l.Text) {
		rest := l.Text[l.at:]
		switch {
		case rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r':
			l.at++
		case bytes.HasPrefix(rest, []byte("--")), bytes.HasPrefix(rest, []byte("# ")), bytes.HasPrefix(rest, []byte("#!")):
			l.pass(rest, "\n")
		case bytes.HasPrefix(rest, []byte("/*")):
			l.at += 2
			l.pass(rest[2:], "*/")
		default:
			return
		}
	}
}

func (l *Lexer) pass(rest []byte, until string) {
	if i := bytes.Index(rest, []byte(until)); i >= 0 {
		l.at += i + len(until)
		return
	}
	l.at = len(l.Text)
}

// quoted passes a quoted text; the quote inside is doubled or after a backslash.
func (l *Lexer) quoted(quote byte) {
	for l.at++; l.at < len(l.Text); l.at++ {
		switch l.Text[l.at] {
		case '\\':
			l.at++
		case quote:
			if l.at+1 < len(l.Text) && l.Text[l.at+1] == quote {
				l.at++
				continue
			}
			l.at++
			return
		}
	}
	l.at = len(l.Text)
}

// heredoc passes $tag$ ... $tag$, where one begins here.
func (l *Lexer) heredoc() bool {
	rest := l.Text[l.at:]
	end := 1
	for end < len(rest) && isWordByte(rest[end]) {
		end++
	}
	if end >= len(rest) || rest[end] != '$' {
		return false
	}
	tag := rest[:end+1]
	close := bytes.Index(rest[end+1:], tag)
	if close < 0 {
		return false
	}
	l.at += end + 1 + close + len(tag)
	return true
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
