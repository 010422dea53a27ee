package modelcli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast/holdfast/internal/textfile"
)

const scoreParams = "r=0.525,alpha=6.183,a=0.891,b=1.614"

// Lines that are none are told, each with its number, and the rest is scored.
func TestLinesThatAreNoObjects(t *testing.T) {
	const good = `{"x":1,"t_x":2,"T":9}` + "\n"
	for line, want := range map[string]string{
		`{"x":1,"t_x":2,"T":9,"x":2}`:                 "line 2: x stands twice",
		`{"x":1,"t_x":2,"T":9,"T":9}`:                 "line 2: T stands twice",
		"{\"x\":1,\"t_x\":2,\"T\":9,\"id\":\"\xff\"}": "line 2: not UTF-8",
		`{"x":1,"t_x":2,"T":9`:                        "line 2: broken JSON",
		`{"x":1,"t_x":2,"T":}`:                        "line 2: broken JSON",
		`{"x":1,"t_x":2,"T":9]`:                       "line 2: broken JSON",
		`{"x":1,"t_x":2,"T":9} {}`:                    "line 2: more than one JSON value on the line",
		`{x:1}`:                                       "line 2: broken JSON",
		`7`:                                           "line 2: want a JSON object",
		`[{"x":1}]`:                                   "line 2: want a JSON object",
		`null`:                                        "line 2: want a JSON object",
		`{}`:                                          "x: empty",
		`{"x":null,"t_x":2,"T":9}`:                    "x: empty",
		`{"x":{"y":1},"t_x":2,"T":9}`:                 `x = "{\"y\":1}": want a number`,
		`{"x":true,"t_x":2,"T":9}`:                    `x = "true": want a number`,
		`{"a":"` + strings.Repeat("x", textfile.MaxRowBytes) + `"}`: "line 2: longer than 4 MiB",
	} {
		_, lines, code := score(t, good+line+"\n\n"+good, "--format", "ndjson", "--model", "mbg-nbd", "--params",
			scoreParams)
		if len(lines) != 3 || code != exitPartial || !strings.Contains(lines[1]["error"], want) ||
			lines[0]["error"] != "" || lines[2]["error"] != "" || lines[2]["p_alive"] != lines[0]["p_alive"] {
			t.Errorf("%.60s: exit %d, %d lines, %q; want %q", line, code, len(lines), lines[1]["error"], want)
		}
	}
}

// The columns are those of all lines, in the order in which they come up.
func TestColumnsOfLines(t *testing.T) {
	header, lines, _ := score(t, `{"x":"1","t_x":2.50,"T":9}`+"\r\n"+`{"T":9,"who":"a,\"b\"","x":0,"t_x":0}`+"\n",
		"--format", "ndjson", "--model", "mbg-nbd", "--params", scoreParams)
	if got := strings.Join(header[:4], " "); got != "x t_x T who" {
		t.Errorf("columns %s", got)
	}
	requireCells(t, lines[0], map[string]string{"x": "1", "t_x": "2.50", "who": "", "error": ""})
	requireCells(t, lines[1], map[string]string{"x": "0", "t_x": "0", "who": `a,"b"`, "error": ""})

	var many strings.Builder
	for i := range maxColumns + 1 {
		fmt.Fprintf(&many, "{\"k%d\":1}\n", i)
	}
	for input, want := range map[string]string{
		many.String(): "more than 1000 different keys", "\n\n": "no line holds a JSON object", "{}\n": "no line holds",
		"[\n{\"x\":1}\n]\n": "it is one JSON array", "\xff\xfe{\x00}\x00": "it is UTF-16",
	} {
		_, stderr, code := execute(t, NewScoreCommand(), input, "--format", "ndjson", "--model", "mbg-nbd", "--params",
			scoreParams, "-")
		if code == 0 || code == exitPartial || !strings.Contains(stderr, want) {
			t.Errorf("%.20q: exit %d, %s; want %q", input, code, stderr, want)
		}
	}
	wide := strings.Repeat("a,", maxColumns) + "x\n"
	if _, stderr, code := execute(t, NewScoreCommand(), strings.ReplaceAll(wide, "a,", "\"\","), "--model", "mbg-nbd",
		"--params", scoreParams, "-"); code != exitUsage || !strings.Contains(stderr, "1001 columns; at most 1000") {
		t.Errorf("a wide file: exit %d, %s", code, stderr)
	}
}

// A pipe can be read only once, and says the same as a file.
func TestLinesFromAPipe(t *testing.T) {
	var text strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(shopLog()), "\n")[1:] {
		cells := strings.Split(line, ",")
		fmt.Fprintf(&text, "{\"customer_id\":%q,\"occurred_at\":%q}\n", cells[0], cells[2])
	}
	pipe := filepath.Join(t.TempDir(), "pipe.ndjson")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, []byte(text.String()), 0) }()
	got, _, _ := fitted(t, "", "--starts", "1", pipe)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	want, _, _ := fitted(t, "", "--starts", "1", temporary(t, "file.ndjson", text.String()))
	if got.Customers != want.Customers || got.LogLikelihood != want.LogLikelihood || want.Customers != 60 {
		t.Errorf("%v customers at %v, of the file %v at %v", got.Customers, got.LogLikelihood, want.Customers,
			want.LogLikelihood)
	}
}

// Names have no blanks around them, a column without a name is nobody's, and two of
// one name are refused: as in files of a backfill.
func TestHeadersOfLogs(t *testing.T) {
	log := strings.Replace(shopLog(), "customer_id,kind,occurred_at,amount\n", "", 1)
	for header, want := range map[string]string{
		" customer_id , kind,occurred_at ,amount": "", "customer_id,,occurred_at,": "",
		"a,a,occurred_at,b": "two columns are named a", "a, a,b,b ": "two columns are named a, b",
		"customer,kind,\"date\nof order\",amount": `"date\nof order"`,
	} {
		_, stderr, code := execute(t, NewFitCommand(), header+"\n"+log, "--starts", "1", "-")
		if want == "" && code != 0 && code != exitPartial || want != "" && (code != exitUsage ||
			!strings.Contains(stderr, want)) {
			t.Errorf("%q: exit %d, %s", header, code, stderr)
		}
	}
}
