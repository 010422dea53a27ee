// Package lexer reads ClickHouse's SQL as tokens, for whoever has to know where
// a statement ends or what it names, without parsing it.
package lexer

import (
	"bytes"
	"regexp"
	"strings"
)

// Kind is what a token is.
type Kind uint8

// Kinds of tokens.
const (
	End    Kind = iota // of the text
	Word               // bare word or number
	Quoted             // `name` or "name", its text without the marks, doubled marks as one, escapes as they stand
	String             // 'text', x'...' or b'...', as it stands
	Sign               // one byte
	Bad                // the rest of a text that two readers might read in two ways, or that nobody can
)

// Token is one token of a text.
type Token struct {
	Kind       Kind
	Text       string // of a Bad one: what is wrong
	Start, End int    // where it lies in the text, in bytes
}

// Is compares keywords and signs; a quoted name is never a keyword.
func (t Token) Is(text string) bool {
	return (t.Kind == Word || t.Kind == Sign) && strings.EqualFold(t.Text, text)
}

// Names reports whether the token is an identifier, quoted or not, or a number.
func (t Token) Names() bool { return t.Kind == Word || t.Kind == Quoted }

// Number reports whether the token begins with a digit and stands in no quotes.
func (t Token) Number() bool { return t.Kind == Word && digit(t.Text[0]) }

// Lexer splits SQL into tokens, without comments. Where tokens end decides what
// their reader sees of a statement, so it reads only what it is sure to read as
// ClickHouse does. The rest is one Bad token: heredocs and other $ outside of
// quotes, comments in comments or behind //, texts and comments without end,
// bytes that are not ASCII outside of texts. Not safe for concurrent use.
type Lexer struct {
	Text  []byte // is read and never written
	Depth int    // parentheses that are open after the last token

	at int
}

// Next returns the next token, of kind End at the end of the text and ever
// after. Linear in the token's length.
func (l *Lexer) Next() Token {
	if wrong := l.skip(); wrong != "" {
		return l.bad(wrong)
	}
	start := l.at
	if start >= len(l.Text) {
		return Token{Kind: End, Start: start, End: start}
	}
	switch c := l.Text[start]; {
	case c == '\'' || c == '`' || c == '"':
		return l.quoted(c)
	case l.literal():
		return l.bits()
	case isWordByte(c):
		return l.word()
	case strings.IndexByte(signs, c) < 0:
		return l.bad(outsideText(c))
	default:
		l.at++
		switch c {
		case '(':
			l.Depth++
		case ')':
			l.Depth--
		}
		return l.token(Sign, start, start, l.at)
	}
}

// signs are the bytes that stand for themselves.
const signs = "()[]{},;.+-*/%=!<>?:|@^"

func outsideText(c byte) string {
	switch {
	case c == '$':
		return "$ outside of texts and quoted names (write 'text' for a heredoc)"
	case c >= 0x80:
		return "a name with other than ASCII letters must stand in quotes"
	}
	return "the character " + string(rune(c)) + " outside of texts and quoted names"
}

func (l *Lexer) token(kind Kind, start, textStart, textEnd int) Token {
	return Token{Kind: kind, Text: string(l.Text[textStart:textEnd]), Start: start, End: l.at}
}

// bad ends the text.
func (l *Lexer) bad(wrong string) Token {
	t := Token{Kind: Bad, Text: wrong, Start: l.at, End: len(l.Text)}
	l.at = len(l.Text)
	return t
}

// badFrom ends the text at a token that was read already: what is wrong lies in it.
func (l *Lexer) badFrom(start int, wrong string) Token {
	l.at = start
	return l.bad(wrong)
}

// skip passes blanks and comments, and says what is wrong with one.
func (l *Lexer) skip() (wrong string) {
	for l.at < len(l.Text) {
		rest := l.Text[l.at:]
		switch {
		case rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r':
			l.at++
		case bytes.HasPrefix(rest, []byte("//")):
			return "a comment that begins with // (write --)"
		case bytes.HasPrefix(rest, []byte("--")), bytes.HasPrefix(rest, []byte("# ")), bytes.HasPrefix(rest, []byte("#!")):
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest) - 1
			}
			l.at += end + 1
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				return "a comment without end"
			}
			if bytes.Contains(rest[2:2+end+1], []byte("/*")) {
				return "a comment in a comment"
			}
			l.at += 2 + end + 2
		default:
			return ""
		}
	}
	return ""
}

// quoted reads a quoted text; the quote inside is doubled or after a backslash.
func (l *Lexer) quoted(quote byte) Token {
	start := l.at
	for i := start + 1; i < len(l.Text); i++ {
		switch l.Text[i] {
		case '\\':
			i++
		case quote:
			if i+1 < len(l.Text) && l.Text[i+1] == quote {
				i++
				continue
			}
			l.at = i + 1
			if quote == '\'' {
				return l.token(String, start, start, l.at)
			}
			t := l.token(Quoted, start, start+1, i)
			t.Text = strings.ReplaceAll(t.Text, string([]byte{quote, quote}), string([]byte{quote}))
			return t
		}
	}
	return l.bad("a quoted text without end")
}

// literal reports whether x'…' or b'…' stands next.
func (l *Lexer) literal() bool {
	return l.at+1 < len(l.Text) && l.Text[l.at+1] == '\'' && strings.IndexByte("xXbB", l.Text[l.at]) >= 0
}

// bits reads x'…' or b'…', which has no escapes.
func (l *Lexer) bits() Token {
	start := l.at
	end := start + 2
	for end < len(l.Text) && strings.IndexByte("0123456789abcdefABCDEF", l.Text[end]) >= 0 {
		end++
	}
	if end == len(l.Text) || l.Text[end] != '\'' {
		return l.bad("a literal of digits that is none")
	}
	l.at = end + 1
	return l.token(String, start, start, l.at)
}

// fraction is what may follow the dot of a number without a blank. The engine
// ends a number that begins with a dot before other letters.
var fraction = regexp.MustCompile(`^[0-9_]+([eE][0-9]*)?$`)

// word reads a word or the digits of a number. The sign of an exponent is a
// token by itself, unless what follows could be a comment or another sign.
func (l *Lexer) word() Token {
	start := l.at
	for l.at < len(l.Text) && isWordByte(l.Text[l.at]) {
		l.at++
	}
	if l.at < len(l.Text) && l.Text[l.at] == '$' {
		return l.badFrom(start, outsideText('$'))
	}
	t := l.token(Word, start, start, l.at)
	if start > 0 && l.Text[start-1] == '.' && t.Number() && !fraction.MatchString(t.Text) {
		return l.badFrom(start, "a number that runs into a word")
	}
	exponent := t.Number() && strings.IndexByte("eEpP", l.Text[l.at-1]) >= 0
	if exponent && l.at < len(l.Text) && (l.Text[l.at] == '-' || l.Text[l.at] == '+') &&
		!(l.at+1 < len(l.Text) && digit(l.Text[l.at+1])) {
		return l.badFrom(start, "a number without its exponent")
	}
	return t
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
