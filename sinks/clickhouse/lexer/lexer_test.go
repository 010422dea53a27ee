package lexer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// tokensOf writes the tokens of a text, each with its kind, and the depth after each.
func tokensOf(text string) string {
	kinds := [...]string{"end", "word", "name", "text", "sign", "bad"}
	l := &lexer.Lexer{Text: []byte(text)}
	var all []string
	for {
		t := l.Next()
		if t.Kind == lexer.End {
			return strings.Join(all, " ")
		}
		one := fmt.Sprintf("%s:%s", kinds[t.Kind], t.Text)
		if l.Depth != 0 {
			one += fmt.Sprintf("@%d", l.Depth)
		}
		all = append(all, one)
	}
}

// TestTokens: what a text is read as, and what is not read at all.
func TestTokens(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" \t\r\n\v\f", ""},
		{"SELECT a.b", "word:SELECT word:a sign:. word:b"},
		{"f(a, (b))", "word:f sign:(@1 word:a@1 sign:,@1 sign:(@2 word:b@2 sign:)@1 sign:)"},
		{")(", "sign:)@-1 sign:("},
		{"`a b` \"c d\" 'e f'", "name:a b name:c d text:'e f'"},
		{"`a``b` \"c\"\"d\" 'e''f'", "name:a`b name:c\"d text:'e''f'"},
		{`'a\'b' "c\"d"`, `text:'a\'b' name:c\"d`},
		{`'a\\' b`, `text:'a\\' word:b`},
		{"'a\\", "bad:a quoted text without end"},
		{"a `b", "word:a bad:a quoted text without end"},
		{"x'0aF' B'01' xy", "text:x'0aF' text:B'01' word:xy"},
		{"x'0g'", "bad:a literal of digits that is none"},
		{"x'00", "bad:a literal of digits that is none"},
		{"ax'00'", "word:ax text:'00'"},
		{"-- all\na -- rest", "word:a"},
		{"# all\na #! rest", "word:a"},
		{"#a", "bad:the character # outside of texts and quoted names"},
		{"a /* b */ c", "word:a word:c"},
		{"a /* b", "word:a bad:a comment without end"},
		{"a /* b /* c */", "word:a bad:a comment in a comment"},
		{"a /*/ b */ c", "word:a word:c"},
		{"a // b", "word:a bad:a comment that begins with // (write --)"},
		{"a / b - c", "word:a sign:/ word:b sign:- word:c"},
		{"a$b", "bad:$ outside of texts and quoted names (write 'text' for a heredoc)"},
		{"$$a$$", "bad:$ outside of texts and quoted names (write 'text' for a heredoc)"},
		{"ä", "bad:a name with other than ASCII letters must stand in quotes"},
		{"'ä' `ä`", "text:'ä' name:ä"},
		{"a & b", "word:a bad:the character & outside of texts and quoted names"},
		{"1.5 1.5e3 1.e", "word:1 sign:. word:5 word:1 sign:. word:5e3 word:1 sign:. word:e"},
		{"1.5x", "word:1 sign:. bad:a number that runs into a word"},
		{"t.1_0", "word:t sign:. word:1_0"},
		{"1e-3 1e+x", "word:1e sign:- word:3 bad:a number without its exponent"},
		{"1e--3", "bad:a number without its exponent"},
		{"0x1p-2", "word:0x1p sign:- word:2"},
		{"be-a", "word:be sign:- word:a"},
	} {
		if got := tokensOf(c.text); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

// TestABadTokenBeginsAtItsWord: what cannot be read begins where its word does.
func TestABadTokenBeginsAtItsWord(t *testing.T) {
	for text, start := range map[string]int{"a bc$d": 2, "1.5x y": 2, "a 1e+x": 2, "a $b": 2} {
		l := &lexer.Lexer{Text: []byte(text)}
		token := l.Next()
		for token.Kind != lexer.Bad && token.Kind != lexer.End {
			token = l.Next()
		}
		if token.Kind != lexer.Bad || token.Start != start || token.End != len(text) {
			t.Errorf("%q: %+v, want a bad token from %d on", text, token, start)
		}
	}
}

// TestWhatATokenIs: keywords in any case, names, numbers.
func TestWhatATokenIs(t *testing.T) {
	for _, c := range []struct {
		text                  string
		isDrop, names, number bool
	}{
		{"DROP", true, true, false}, {"drop", true, true, false}, {"`drop`", false, true, false},
		{"'drop'", false, false, false}, {"12", false, true, true}, {"`12`", false, true, false},
		{"d12", false, true, false}, {"(", false, false, false}, {"", false, false, false},
	} {
		l := &lexer.Lexer{Text: []byte(c.text)}
		token := l.Next()
		if token.Is("Drop") != c.isDrop || token.Names() != c.names || token.Number() != c.number {
			t.Errorf("%q: drop %v, names %v, a number %v", c.text, token.Is("Drop"), token.Names(), token.Number())
		}
		if token.Start != 0 || token.End != len(c.text) || token.Kind != lexer.End && l.Next().Kind != lexer.End {
			t.Errorf("%q: it lies at %d to %d", c.text, token.Start, token.End)
		}
	}
	if l := (&lexer.Lexer{Text: []byte("(")}); !l.Next().Is("(") {
		t.Error("a sign is not itself")
	}
}

// FuzzTokens: tokens lie one behind the other, what is between them is blank or
// a comment, and the text is read to its end.
func FuzzTokens(f *testing.F) {
	for _, text := range []string{"a.b(c)", "x'00' -- x\n1e-3", "`a``b`/* c */'d'", "1.5x", "/*", "a$"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, at := &lexer.Lexer{Text: []byte(text)}, 0
		for {
			token := l.Next()
			if token.Start < at || token.End < token.Start || token.End > len(text) {
				t.Fatalf("%q: a token from %d to %d after %d", text, token.Start, token.End, at)
			}
			between := strings.TrimLeft(text[at:token.Start], " \t\n\v\f\r")
			if between != "" && !strings.HasPrefix(between, "--") &&
				!strings.HasPrefix(between, "/*") && !strings.HasPrefix(between, "#") {
				t.Fatalf("%q: %q is passed over", text, between)
			}
			if at = token.End; token.Kind == lexer.End {
				break
			}
		}
		if at != len(text) || l.Next().Kind != lexer.End {
			t.Fatalf("%q is read up to %d", text, at)
		}
	})
}
