package textfile

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func packed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func inUTF16(text string, bigEndian bool) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		if bigEndian {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return string(out)
}

func TestOpenGivesTheTextOfWhatIsThere(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"plain":           {"a,b\n1,2\n", "a,b\n1,2\n"},
		"empty":           {"", ""},
		"mark":            {"\ufeff\"a\",b\n", "\"a\",b\n"},
		"mark twice":      {"\ufeff\ufeffa", "\ufeffa"},
		"gzip":            {packed(t, "a,b\n"), "a,b\n"},
		"gzip of a mark":  {packed(t, "\ufeffa,b\n"), "a,b\n"},
		"gzip twice":      {packed(t, packed(t, "a\n")), "a\n"},
		"two gzip parts":  {packed(t, "a\n") + packed(t, "b\n"), "a\nb\n"},
		"returns":         {"a,b\r1,2\r", "a,b\n1,2\n"},
		"returns, mixed":  {"a,b\r1,2\r\n3,4", "a,b\n1,2\n3,4"},
		"return in quote": {"\"a\rb\",c\n1,2\n", "\"a\rb\",c\n1,2\n"},
		"both":            {"a,b\r\n1,2\r\n", "a,b\r\n1,2\r\n"},
		"bzip's letters":  {"BZh,b\n", "BZh,b\n"},
		"a zero byte":     {"a,b\nx\x00y,1\n", "a,b\nx\x00y,1\n"},
		"many zero bytes": {strings.Repeat("\x00", 64), strings.Repeat("\x00", 64)},
	} {
		for _, reader := range []io.Reader{strings.NewReader(test.file), iotest.OneByteReader(strings.NewReader(test.file))} {
			in, err := Open(reader)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got, err := io.ReadAll(in); string(got) != test.want || err != nil {
				t.Errorf("%s: %q, %v; want %q", name, got, err, test.want)
			}
		}
	}
}

func TestOpenRefusesWhatIsNoText(t *testing.T) {
	const rows = "customer,date\r\nk-1,2026-01-01\r\n"
	for name, test := range map[string]struct{ file, want string }{
		"UTF-16, little": {"\xff\xfe" + inUTF16(rows, false),
			"it is UTF-16: save it as \"CSV UTF-8\", or convert it: iconv -f UTF-16 -t UTF-8"},
		"UTF-16, big":          {"\xfe\xff" + inUTF16(rows, true), "iconv -f UTF-16 -t"},
		"UTF-16 without mark":  {inUTF16(rows, false), "iconv -f UTF-16LE"},
		"UTF-16BE without one": {inUTF16(rows, true), "iconv -f UTF-16BE"},
		"UTF-16, packed":       {packed(t, "\xff\xfe"+inUTF16(rows, false)), "it is UTF-16"},
		"UTF-32":               {"\xff\xfe\x00\x00a\x00\x00\x00", "it is UTF-32"},
		"a workbook":           {"PK\x03\x04\x14\x00", "an Excel workbook"},
		"zstd":                 {"\x28\xb5\x2f\xfd....", "packed with zstd"},
		"bzip2":                {"BZh91AY&SY..", "packed with bzip2"},
		"gzip in gzip in gzip": {packed(t, packed(t, packed(t, "a"))), "gzip within gzip"},
	} {
		_, err := Open(strings.NewReader(test.file))
		if !errors.Is(err, ErrNoText) || !strings.Contains(err.Error(), test.want) || strings.ContainsRune(err.Error(), 0) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := Open(strings.NewReader("\x1f\x8bno")); err == nil || !strings.Contains(err.Error(), "unpack gzip") {
		t.Errorf("a broken gzip header: %v", err)
	}
	whole := packed(t, strings.Repeat("abc,def\n", 50_000))
	in, err := Open(strings.NewReader(whole[:len(whole)/2]))
	if err == nil {
		_, err = readAll(in, 0, nil)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file cut short: %v", err)
	}
}

// readAll returns each row as "line: cells" or "line! problem".
func readAll(in io.Reader, delimiter byte, isRow func([]string) bool) ([]string, error) {
	rows, err := NewCSV(in, delimiter)
	if err != nil {
		return nil, err
	}
	rows.IsRow = isRow
	all := []string{fmt.Sprintf("%q", rows.Header)}
	for {
		row, err := rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case row.Problem != "":
			all = append(all, fmt.Sprintf("%d! %s", row.Line, row.Problem))
		default:
			all = append(all, fmt.Sprintf("%d: %q", row.Line, row.Cells))
		}
	}
}

func TestRows(t *testing.T) {
	isRow := func(cells []string) bool { return strings.HasPrefix(cells[0], "k-") }
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"plain":  {"a,b\nk-1,2\n\nk-2,4", []string{`["a" "b"]`, `2: ["k-1" "2"]`, `4: ["k-2" "4"]`}},
		"quoted": {"\"a\",\"b\"\r\n\"k,1\",\"x\"\"y\"\r\n", []string{`["a" "b"]`, `2: ["k,1" "x\"y"]`}},
		"two lines": {"a,b\nk-1,\"well\r\nyes, no\"\nk-2,\n", []string{`["a" "b"]`, `2: ["k-1" "well\nyes, no"]`,
			`4: ["k-2" ""]`}},
		"cell count": {"a,b\nk-1\nk-2,2,3\nk-3,4\n", []string{`["a" "b"]`, `2! it has 1 fields, the header has 2`,
			`3! it has 3 fields, the header has 2`, `4: ["k-3" "4"]`}},
		"bare": {"a,b\nk\"1,2\nk-3,4\n",
			[]string{`["a" "b"]`, `2! a quote stands within a cell that has none around it`, `3: ["k-3" "4"]`}},
		"semicolons": {"sep=;\na;b\nk-1;2,5\n", []string{`["a" "b"]`, `3: ["k-1" "2,5"]`}},
		"open to end": {"a,b\nk-1,\"2\nk-2,3\nk-3,4\n", []string{`["a" "b"]`, `2! a quote that opens in line 2 would make ` +
			`one row of lines 2 to 4 (a quote is left open); only line 2 is left out`, `3: ["k-2" "3"]`, `4: ["k-3" "4"]`}},
		"open, text after": {"a,b\n\"k-1,2\nk-2,3\n\"k-3\",4\nk-4,5\n", []string{`["a" "b"]`,
			`2! a quote that opens in line 2 would make one row of lines 2 to 4 (text follows a closing quote); only line 2 ` +
				`is left out`,
			`3: ["k-2" "3"]`, `4: ["k-3" "4"]`, `5: ["k-4" "5"]`}},
		"open, closed later": {"a,b\nk-1,\"2\nk-2,3\nk-3,4\"\nk-4,5\n", []string{`["a" "b"]`,
			`2! a quote that opens in line 2 would make one row of lines 2 to 4 (a quote takes in lines that are rows ` +
				`themselves); only line 2 is left out`,
			`3: ["k-2" "3"]`, `4! a quote stands within a cell that has none around it`, `5: ["k-4" "5"]`}},
		"open, closed next": {"a,b\nk-1,\"2\nk-3,4\"\nk-4,5\n", []string{`["a" "b"]`,
			`2! a quote that opens in line 2 would make one row of lines 2 to 3 (a quote takes in lines that are rows ` +
				`themselves); only line 2 is left out`,
			`3! a quote stands within a cell that has none around it`, `4: ["k-4" "5"]`}},
		"first cell of two lines": {"a,b\n\"k-1\nk-2\",2\nk-4,5\n", []string{`["a" "b"]`, `2: ["k-1\nk-2" "2"]`,
			`4: ["k-4" "5"]`}},
		"open, other count": {"a,b\n\"k-1,\"2\nk-2,\"3\",4\nk-4,5\n", []string{`["a" "b"]`,
			`2! text follows a closing quote`, `3! it has 3 fields, the header has 2`, `4: ["k-4" "5"]`}},
	} {
		for _, reader := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
			got, err := readAll(reader, 0, isRow)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v %s", name, err, diff)
			}
		}
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "it is empty",
		"\n\r\n":                   "it is empty",
		"a;b\n1;2\n":               "separated by ;, not by commas: say --delimiter ';'",
		"a\tb\n":                   `say --delimiter '\t'`,
		"a|b|c,d\n":                "say --delimiter '|'",
		"\"a,b\n1,2\n":             "line 1 should name the columns: a quote that opens in line 1",
		"{\"a\":1,\"b\":2}\n":      "looks like JSON: say --format ndjson",
		"a\"b,c\n":                 "line 1 should name the columns: a quote stands within a cell",
		strings.Repeat("x", 5<<20): "it is longer than 4 MiB",
		"\"" + strings.Repeat("x\n", MaxRowBytes): "a quote that opens in line 1",
	} {
		if _, err := NewCSV(strings.NewReader(text), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
	if got, err := readAll(strings.NewReader("a;b\n1;2\n"), ',', nil); err != nil || len(got) != 2 {
		t.Errorf("a comma that is asked for: %q, %v", got, err)
	}
}

// A row that never ends costs its first line, and no memory beyond the limit.
func TestLongRowsAreLeftOut(t *testing.T) {
	long := strings.Repeat("y", MaxRowBytes+blockBytes)
	got, err := readAll(strings.NewReader("a,b\n"+long+",1\nk,2\n\"open,"+strings.Repeat("x,1\n", MaxRowBytes/2)), 0, nil)
	if err != nil || len(got) != 3+MaxRowBytes/2 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, want := range []string{`["a" "b"]`, `2! it is longer than 4 MiB`, `3: ["k" "2"]`,
		`4! a quote that opens in line 4 would`, `5: ["x" "1"]`} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("row %d: %.90s, want %s", i, got[i], want)
		}
	}
}

func TestLines(t *testing.T) {
	lines := NewLines(strings.NewReader("a\r\n\r\n 12345 \n123456789\n\ufeff\n\ufeffend"), 8)
	var got []string
	for {
		line, number, tooLong, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		got = append(got, fmt.Sprintf("%d %s %v", number, line, tooLong))
	}
	if diff := cmp.Diff([]string{"1 a false", "3 12345 false", "4 12345678 true", "6 end false"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPrinted(t *testing.T) {
	for text, want := range map[string]string{"Größe, m": "Größe, m", "a\x00b": `"a\x00b"`, "\x1b[2J": `"\x1b[2J"`,
		"Gr\xf6\xdfe": `"Gr\xf6\xdfe"`} {
		if got := Printed(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := Listed(make([]string, 50)); !strings.HasSuffix(got, ", and 10 more") {
		t.Error(got)
	}
}

func TestAnArrayIsRefused(t *testing.T) {
	for text, want := range map[string]error{"\n [\n{}]": ErrArray, "[{}]": ErrArray, "{}\n[1]\n": nil} {
		lines := NewLines(strings.NewReader(text), 100)
		var err error
		for err == nil {
			_, _, _, err = lines.Next()
		}
		if want == nil {
			want = io.EOF
		}
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// What Go's own reader takes whole, this one gives likewise.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "\"a\n\",b\r\n\"x\"\"\",2", "\"\",\r\n\n\r\r\n", "a\"b\n1",
		"\"a,b\nc\"d\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		oracle := csv.NewReader(strings.NewReader(text))
		oracle.FieldsPerRecord = -1
		want, err := oracle.ReadAll()
		rows := &CSV{in: iotest.HalfReader(strings.NewReader(text)), record: record{comma: ','}, buffer: make([]byte, 0, 8)}
		var got [][]string
		for {
			row, readErr := rows.Next()
			if readErr != nil {
				break
			}
			if row.Problem == "" {
				got = append(got, append([]string(nil), row.Cells...))
			} else if err == nil {
				t.Fatalf("%q: %s", text, row.Problem)
			}
		}
		if err == nil {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: %s", text, diff)
			}
		}
	})
}
