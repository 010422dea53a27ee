package lexer_test

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" \n-- only a comment;\n/* ; */", nil},
		{"A", []string{"A"}},
		{"A; B;\n", []string{"A", "B"}},
		{"A ';' ; B", []string{"A ';'", "B"}},
		{`A 'it\'s;' ; B`, []string{`A 'it\'s;'`, "B"}},
		{"A 'it''s;' ; B", []string{"A 'it''s;'", "B"}},
		{"A \"x;y\" `z;` ; B", []string{"A \"x;y\" `z;`", "B"}},
		{"A -- not; here\n, B; C", []string{"A -- not; here\n, B", "C"}},
		{"A /* not; here */ B; C", []string{"A /* not; here */ B", "C"}},
		{"A 'open; B", []string{"A 'open; B"}},
		{"A /* open; B", []string{"A /* open; B"}},
		{"a - b / c; d", []string{"a - b / c", "d"}},
		{";;A;;", []string{"A"}},
		{"A; B $$x;y$$; C", []string{"A", "B $$x;y$$; C"}},
		{"A /* /* */ ; */; B", []string{"A /* /* */ ; */; B"}},
		{"A # not; here\n, B; C", []string{"A # not; here\n, B", "C"}},
	} {
		if got := lexer.Split(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// FuzzSplit: nothing but comments, semicolons and white space is
// lost, and splitting a part again changes nothing.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{"A; B", "A ';' -- ;\n; /* ; */ B", "'\\", "`", "--", "/*", "$a$;$a$", "A # "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, statement := range lexer.Split(text) {
			again := lexer.Split(statement)
			if len(again) != 1 || again[0] != statement {
				t.Fatalf("%q splits again into %q", statement, again)
			}
		}
	})
}
