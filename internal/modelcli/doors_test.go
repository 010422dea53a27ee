package modelcli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// written puts a file of any bytes into a folder of its own.
func written(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sixteen(text string) []byte {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return out
}

// quotedLog is a log with quotes around every cell, of 300 rows.
func quotedLog() string {
	var text strings.Builder
	text.WriteString("\"customer\",\"date\",\"amount\"\n")
	for i := range 60 {
		for j := range 5 {
			fmt.Fprintf(&text, "\"c%d\",\"2024-%02d-%02d\",\"%d\"\n", i, 1+j*(1+i%2), 1+i%28, 10+j)
		}
	}
	return text.String()
}

var germanDays = regexp.MustCompile(`(20\d\d)-(\d\d)-(\d\d)`)

func inSeconds(t *testing.T, log string) string {
	t.Helper()
	return germanDays.ReplaceAllStringFunc(log, func(day string) string {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(at.Unix())
	})
}

// TestFilesAsTheyCome: what programs do to a file changes nothing of the fit.
func TestFilesAsTheyCome(t *testing.T) {
	plain := quotedLog()
	want, _, _ := fitted(t, "", written(t, "plain.csv", []byte(plain)))
	ndjson := "\ufeff"
	for _, line := range strings.Split(strings.TrimSpace(plain), "\n")[1:] {
		cells := strings.Split(strings.ReplaceAll(line, `"`, ""), ",")
		ndjson += fmt.Sprintf(`{"customer":"%s","date":"%s","amount":%s,"Customer":"other"}`+"\n", cells[0],
			cells[1], cells[2])
	}
	for name, file := range map[string]struct {
		name string
		data []byte
		args []string
	}{
		"mark":                 {"a.csv", []byte("\ufeff" + plain), nil},
		"mark, packed":         {"a.csv.gz", zipped(t, "\ufeff"+plain), nil},
		"packed, another name": {"a.csv", zipped(t, plain), nil},
		"not packed, but .gz":  {"a.csv.gz", []byte(plain), nil},
		"capitals":             {"A.CSV.GZ", zipped(t, plain), nil},
		"returns":              {"a.csv", []byte(strings.ReplaceAll(plain, "\n", "\r")), nil},
		"both line ends":       {"a.csv", []byte(strings.ReplaceAll(plain, "\n", "\r\n")), nil},
		"semicolons":           {"a.csv", []byte(strings.ReplaceAll(plain, ",", ";")), []string{"--delimiter", ";"}},
		"tabs":                 {"a.csv", []byte(strings.ReplaceAll(plain, ",", "\t")), []string{"--delimiter", `\t`}},
		"days of a layout": {"a.csv", []byte(germanDays.ReplaceAllString(plain, "$3.$2.$1")),
			[]string{"--times", "02.01.2006"}},
		"seconds":            {"a.csv", []byte(inSeconds(t, plain)), []string{"--times", "epoch_s"}},
		"NDJSON with a mark": {"a.ndjson", []byte(ndjson), nil},
		"NDJSON in capitals": {"A.NDJSON.GZ", zipped(t, ndjson), nil},
	} {
		got, stderr, code := fitted(t, "", append(file.args, written(t, file.name, file.data))...)
		if code != 0 || got.Customers != want.Customers || got.LogLikelihood != want.LogLikelihood || want.Customers != 60 {
			t.Errorf("%s: exit %d, %v customers, log-likelihood %v, want %v: %s", name, code, got.Customers, got.LogLikelihood,
				want.LogLikelihood, stderr)
		}
	}
}

// A fitted file may have been through an editor.
func TestAFittedFileWithAMark(t *testing.T) {
	const fittedFile = `{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":1}}`
	_, lines, code := score(t, "x,t_x,T\n1,2,9\n", "--params", written(t, "p.json", []byte("\ufeff"+fittedFile)))
	if code != 0 || len(lines) != 1 || lines[0]["p_alive"] == "" {
		t.Errorf("exit %d, %v", code, lines)
	}
	if _, stderr, code := execute(t, NewScoreCommand(), "x,t_x,T\n1,2,9\n", "--params",
		written(t, "p.json", sixteen(fittedFile)), "-"); code != exitUsage || !strings.Contains(stderr, "it is UTF-16") {
		t.Errorf("UTF-16: exit %d, %s", code, stderr)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want string
	}{
		"UTF-16":     {string(sixteen(quotedLog())), "it is UTF-16: save it as \"CSV UTF-8\", or convert it: iconv"},
		"semicolons": {strings.ReplaceAll(quotedLog(), ",", ";"), "say --delimiter ';'"},
		"an array":   {"[{\"customer\":1}]", "looks like JSON: say --format ndjson"},
		"a workbook": {"PK\x03\x04....", "Excel workbook"},
		"controls":   {"cus\x00\x1b[2Jtomer,when\na,2024-01-01\n", `the columns are "cus\x00\x1b[2Jtomer", when`},
	} {
		for _, input := range []string{"a.csv", "-"} {
			path := input
			if input != "-" {
				path = written(t, "a.csv", []byte(c.file))
			}
			for command, run := range map[string]func() (string, string, int){
				"fit": func() (string, string, int) { return execute(t, NewFitCommand(), c.file, path) },
				"score": func() (string, string, int) {
					return execute(t, NewScoreCommand(), c.file, "--model", "bg-nbd", "--params", "r=1,alpha=1,a=1,b=1", path)
				},
			} {
				want := strings.TrimPrefix(c.want, "the columns are ")
				_, stderr, code := run()
				if code == 0 || code == exitPartial || !strings.Contains(stderr, want) || strings.ContainsAny(stderr, "\x00\x1b") {
					t.Errorf("%s, %s %s: exit %d, %q", name, command, input, code, stderr)
				}
			}
		}
	}
}

// A quote that is left open costs its own line; the rows behind it are read.
func TestAnOpenQuoteTakesInNoRows(t *testing.T) {
	var log strings.Builder
	log.WriteString("customer,date,amount\n")
	for i := range 250 {
		amount := fmt.Sprint(10 + i%7)
		switch i + 2 { // lines
		case 22:
			amount = `"` + amount
		case 202:
			amount += `"`
		}
		fmt.Fprintf(&log, "c%d,2024-%02d-%02d,%s\n", i%50, 1+i/50*2, 1+i%28, amount)
	}
	d, stderr, code := fitted(t, "", "--amount", "amount", written(t, "q.csv", []byte(log.String())))
	if code != exitPartial || d.Customers != 50 ||
		!strings.Contains(stderr,
			"left out: row 21: line 22: a quote that opens in line 22 would make one row of lines 22 to 202") ||
		!strings.Contains(stderr, "2 of 250 rows were left out") {
		t.Errorf("exit %d, %v customers: %s", code, d.Customers, stderr)
	}
	base := "x,t_x,T,remark\n1,2,\"9,a\n" + strings.Repeat("1,2,9,b\n", 5) + "1,2,9,c\"\n1,2,9,d\n"
	stdout, stderr, code := execute(t, NewScoreCommand(), base, "--model", "bg-nbd", "--params",
		"r=1,alpha=1,a=1,b=1", "-")
	if _, lines := scored(t, stdout); code != exitPartial || len(lines) != 8 || !strings.Contains(lines[0]["error"],
		"lines 2 to 8") || lines[1]["error"] != "" {
		t.Errorf("score: exit %d, %s\n%s", code, stderr, stdout)
	}
}

// One row of another time is named, and does not stop the fit.
func TestARowOfAnotherTime(t *testing.T) {
	for name, c := range map[string]struct {
		row, want string
		rest      []string
	}{
		"in the future": {"c1,2099-01-01,5\n", `left out: row 301: date "2099-01-01" lies in the future`, nil},
		"an instant": {"c1,2099-01-01T00:00:00Z,5\n", `left out: row 301: date "2099-01-01T00:00:00Z" lies in the future`,
			nil},
		"long ago": {"c60,1999-12-31,5\n", "1 customers with more than 5000 repeats or older than 522 weeks on " +
			"2024-09-28; the first of them begins with row 301, of 1999-12-31", nil},
	} {
		d, stderr, code := fitted(t, strings.ReplaceAll(quotedLog(), `"`, "")+c.row, append(c.rest, "-")...)
		if code != exitPartial || d.Customers != 60 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %v customers: %s", name, code, d.Customers, stderr)
		}
	}
}
