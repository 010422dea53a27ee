package lexer

import "testing"

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{
		`abc`: "abc", `a\x62c`: "abc", `a\tb`: "a\tb", "a``b": "a`b", `a\\b`: `a\b`, `\u0061b`: "ab", `a\Nb`: "ab", `\q`: "q",
		`\x6`: "x6", `\`: `\`, `\xzz`: "xzz",
	} {
		if got := unquote(in, '`'); got != want {
			t.Errorf("unquote(%q) = %q, want %q", in, got, want)
		}
	}
}
