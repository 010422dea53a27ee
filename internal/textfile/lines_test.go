package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
)

// linesOf returns each line as "number: length of what is given", with ! where it
// is too long, and the error that ended it if it is not the end.
func linesOf(in io.Reader, limit int) (all []string, err error) {
	lines := NewLines(in, limit)
	for {
		line, number, tooLong, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case tooLong:
			all = append(all, fmt.Sprintf("%d! %d", number, len(line)))
		default:
			all = append(all, fmt.Sprintf("%d: %d", number, len(line)))
		}
	}
}

// What stands beyond the limit may be anything, whole blocks of carriage returns
// too.
func TestLinesBeyondTheLimit(t *testing.T) {
	block := blockBytes
	x := func(n int) string { return strings.Repeat("x", n) }
	for name, test := range map[string]struct {
		text  string
		limit int
		want  []string
	}{
		"the limit": {x(block) + "\r\n" + "b", block, []string{fmt.Sprint("1: ", block), "2: 1"}},
		"one more":  {x(block+1) + "\r\n" + "b", block, []string{fmt.Sprint("1! ", block), "2: 1"}},
		"no end":    {x(block + 1), block, []string{fmt.Sprint("1! ", block)}},
		"a block of returns": {"{}\n" + x(block) + strings.Repeat("\r", block) + "y\nb", block, []string{"1: 2",
			fmt.Sprint("2! ", block), "3: 1"}},
		"two blocks of returns": {"{}\n" + x(2*block) + strings.Repeat("\r", 2*block) + "y\nb", block, []string{"1: 2",
			fmt.Sprint("2! ", block), "3: 1"}},
		"returns before the text": {"{}\n" + strings.Repeat("\r", 3*block) + "y\nb", block, []string{"1: 2", "3: 1"}},
		"returns at the end": {"{}\n" + x(block-1) + strings.Repeat("\r", 9) + "\nb", block, []string{"1: 2",
			fmt.Sprint("2: ", block-1), "3: 1"}},
		"below a block": {x(100) + "\n" + x(9) + "\n" + x(10) + "\n", 9, []string{"1! 9", "2: 9", "3! 9"}},
	} {
		got, err := linesOf(strings.NewReader(test.text), test.limit)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// TestLinesAreThoseOfTheText: every line up to the limit is given as it stands,
// numbered as an editor numbers it, whatever the blocks in which the text comes.
func TestLinesAreThoseOfTheText(t *testing.T) {
	const limit = 12
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "bc", " ", "\t", "\r", "\r\n", "\n", "\n\n", "\ufeff",
			"123456789", "ü"}), 0, 40).Draw(t, "parts")
		text := strings.Join(parts, "")
		var want []string
		for i, line := range strings.Split(text, "\n") {
			line = strings.TrimRight(line, "\r")
			if len(line) > limit {
				line = line[:limit] + "!"
			}
			long := strings.HasSuffix(line, "!")
			line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSuffix(line, "!"), "\ufeff"))
			if line != "" {
				want = append(want, fmt.Sprintf("%d %v %q", i+1, long, line))
			}
		}
		lines := NewLines(iotest.OneByteReader(strings.NewReader(text)), limit)
		var got []string
		for {
			line, number, long, err := lines.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d %v %q", number, long, line))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
	})
}

// What cannot be read is neither an end nor a row.
func TestReadersThatFail(t *testing.T) {
	broken := errors.New("the disk is gone")
	failing := func(text string) io.Reader { return io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)) }
	if _, err := Open(failing("a,b\n")); !errors.Is(err, broken) {
		t.Errorf("Open: %v", err)
	}
	if _, err := NewCSV(failing("a,b"), 0); !errors.Is(err, broken) {
		t.Errorf("the header: %v", err)
	}
	got, err := readAll(failing("a,b\n1,2\n"+strings.Repeat("3,4\n", blockBytes)), 0, nil)
	if !errors.Is(err, broken) || len(got) < 2 || got[1] != `2: ["1" "2"]` {
		t.Errorf("rows: %d, %v", len(got), err)
	}
	if _, err := readAll(failing("a,b\n"+strings.Repeat("x", MaxRowBytes+2*blockBytes)), 0, nil); !errors.Is(err, broken) {
		t.Errorf("a long row: %v", err)
	}
	if got, err := linesOf(failing("a\nb\n"), 8); !errors.Is(err, broken) || len(got) != 2 {
		t.Errorf("lines: %q, %v", got, err)
	}
	if _, err := Plain([]byte("\xff\xfea\x00")); !errors.Is(err, ErrNoText) {
		t.Errorf("Plain: %v", err)
	}
	whole := packed(t, strings.Repeat("abc,def\n", 50_000))
	if _, err := Plain([]byte(whole[:len(whole)/2])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a gzip file: %v", err)
	}
	if text, err := Plain([]byte(packed(t, "\ufeffa: 1\r"))); string(text) != "a: 1\n" || err != nil {
		t.Errorf("Plain: %q, %v", text, err)
	}
}

func TestDelimiters(t *testing.T) {
	for text, want := range map[string]byte{"": 0, ";": ';', `\t`: '\t', "\t": '\t', "|": '|', " ": ' '} {
		if got, err := Delimiter(text); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"ab", `"`, "\n", "\r", "\x00", "ü", "\xff", `\n`, ";;"} {
		if got, err := Delimiter(text); err == nil || !strings.Contains(err.Error(), "cannot separate columns") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// The line by which one program tells another of its delimiter is no header.
func TestALineThatNamesTheDelimiter(t *testing.T) {
	for _, test := range []struct {
		text      string
		delimiter byte
		want      []string
	}{
		{"sep=;\na;b\n1;2\n", 0, []string{`["a" "b"]`, `3: ["1" "2"]`}},
		{"sep=;\na;b\n1;2\n", ';', []string{`["a" "b"]`, `3: ["1" "2"]`}},
		{"sep=,\r\na;b\r\n1;2\r\n", ';', []string{`["a" "b"]`, `3: ["1" "2"]`}},
		{"\ufeffsep=|\n\na|b\n", 0, []string{`["a" "b"]`}},
		{"sep=\na,b\n1,2\n", 0, []string{`["a" "b"]`, `3: ["1" "2"]`}},
		{"sep=;;\n1;2\n", ';', []string{`["sep=" "" ""]`, `2! it has 2 fields, the header has 3`}},
		{"a,sep=;\n1,2\n", 0, []string{`["a" "sep=;"]`, `2: ["1" "2"]`}},
		{"a;b\nsep=;\n", ';', []string{`["a" "b"]`, `2: ["sep=" ""]`}},
	} {
		in, err := Open(strings.NewReader(test.text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(in, test.delimiter, nil)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", test.text, err, diff)
		}
	}
	if _, err := NewCSV(strings.NewReader("sep=;\n"), 0); err == nil || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("nothing follows: %v", err)
	}
}

func TestNamesOfColumns(t *testing.T) {
	got, err := readAll(strings.NewReader(" a , b,\tc d\n 1 ,2,3\n"), 0, nil)
	if diff := cmp.Diff([]string{`["a" "b" "c d"]`, `2: [" 1 " "2" "3"]`}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, test := range []struct{ columns, want []string }{
		{nil, nil},
		{[]string{"a", "b", "A"}, nil},
		{[]string{"a", "", ""}, nil},
		{[]string{"a", "b", "a", "b", "a"}, []string{"a", "b"}},
	} {
		if diff := cmp.Diff(test.want, Twice(test.columns)); diff != "" {
			t.Errorf("%q: %s", test.columns, diff)
		}
	}
}

// FuzzLines reads any bytes: each line is within the limit, the numbers rise, and
// joined by line feeds what is given reads the same again.
func FuzzLines(f *testing.F) {
	for _, text := range []string{"a\n\nb", "\ufeff{}\r\n", "123456789012345\n", "\r\r\r\r\r\r\r\r\r\r\r\rx\n", "[]",
		"\xff\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 8
		lines := NewLines(iotest.HalfReader(bytes.NewReader(data)), limit)
		var given [][]byte
		for last := int64(0); ; {
			line, number, _, err := lines.Next()
			if errors.Is(err, io.EOF) || errors.Is(err, ErrArray) {
				break
			}
			if err != nil || len(line) > limit || number <= last || len(line) == 0 {
				t.Fatalf("%q: line %d after %d: %q, %v", data, number, last, line, err)
			}
			last = number
			if len(event.TrimByteOrderMark(line)) == len(line) {
				given = append(given, bytes.Clone(line))
			}
		}
		again, err := linesOf(bytes.NewReader(bytes.Join(given, lineFeed)), limit)
		if err == nil && len(again) != len(given) {
			t.Fatalf("%q: %d lines, read again %d", data, len(given), len(again))
		}
	})
}
