package devclickhouse

import (
	"bytes"
	"strings"
)

type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // bare word or number
	quotedToken           // `name` or "name", text as the engine reads it
	stringToken           // 'text' or a heredoc
	signToken             // one byte
)

type token struct {
	kind       tokenKind
	text       string
	start, end int
}

// is compares keywords and signs; a quoted name is never a keyword.
func (t token) is(text string) bool {
	return (t.kind == wordToken || t.kind == signToken) && strings.EqualFold(t.text, text)
}

// lexer splits SQL into tokens, without comments. It never fails: what it
// cannot read (a string without end) is the engine's to refuse.
type lexer struct {
	text  []byte
	at    int
	depth int // parentheses that are open
}

func (l *lexer) next() token {
	l.skip()
	start := l.at
	if start >= len(l.text) {
		return token{kind: endToken, start: start, end: start}
	}
	switch c := l.text[start]; {
	case c == '\'':
		l.quoted('\'')
		return l.token(stringToken, start, start, l.at)
	case c == '`' || c == '"':
		l.quoted(c)
		t := l.token(quotedToken, start, start+1, max(start+1, l.at-1))
		t.text = unquote(t.text, c)
		return t
	case c == '$' && l.heredoc():
		return l.token(stringToken, start, start, l.at)
	case isWordByte(c):
		for l.at < len(l.text) && isWordByte(l.text[l.at]) {
			l.at++
		}
		return l.token(wordToken, start, start, l.at)
	default:
		l.at++
		if c == '(' {
			l.depth++
		}
		if c == ')' {
			l.depth--
		}
		return l.token(signToken, start, start, l.at)
	}
}

func (l *lexer) token(kind tokenKind, start, textStart, textEnd int) token {
	return token{kind: kind, text: string(l.text[textStart:textEnd]), start: start, end: l.at}
}

// skip passes blanks and comments.
func (l *lexer) skip() {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
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

func (l *lexer) pass(rest []byte, until string) {
	if i := bytes.Index(rest, []byte(until)); i >= 0 {
		l.at += i + len(until)
		return
	}
	l.at = len(l.text)
}

// quoted passes a quoted text; the quote inside is doubled or after a backslash.
func (l *lexer) quoted(quote byte) {
	for l.at++; l.at < len(l.text); l.at++ {
		switch l.text[l.at] {
		case '\\':
			l.at++
		case quote:
			if l.at+1 < len(l.text) && l.text[l.at+1] == quote {
				l.at++
				continue
			}
			l.at++
			return
		}
	}
	l.at = len(l.text)
}

// heredoc passes $tag$ ... $tag$, where one begins here.
func (l *lexer) heredoc() bool {
	rest := l.text[l.at:]
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
