package modelcli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each flag that makes no sense is refused before the file is touched, under its
// own name.
func TestFlagsOfFitThatAreRefused(t *testing.T) {
	const log, triples = "cust,date,kind\na,2024-01-01,sale\n", "x,t_x,T\n1,2,9\n"
	for _, test := range []struct {
		input string
		args  string
		want  string
	}{
		{log, "--model nbd", "--model nbd: want bg-nbd, mbg-nbd"},
		{log, "--unit years", "--unit years: want weeks or days"},
		{log, "--unit days --model bg-bb", "--unit days: bg-bb counts opportunities"},
		{log, "-o yaml", "--output yaml: want table or json"},
		{log, "--starts 7", "--starts 7: want 1 to 6"},
		{log, "--amount-divisor 0", "--amount-divisor 0: want a number above 0"},
		{log, "--amount-divisor -1", "--amount-divisor -1"},
		{log, "--amount-divisor NaN", "--amount-divisor NaN"},
		{log, "--spend --model gamma-gamma", "--spend: --model gamma-gamma is that fit already"},
		{log, "--spend", "say --amount COLUMN"},
		{log, "--count n", "--count is for triples; the file is a log"},
		{log, "--format xml", "--format xml: want auto, csv or ndjson"},
		{log, "--format ndjson", "no line holds a JSON object with keys"},
		{log, "--time-zone Local", "--time-zone Local: the zone of the host differs"},
		{log, "--write same.json --triples ./same.json", "--write and --triples: same.json cannot hold both"},
		{log, "--where kind", `--where, --refund "kind": want column=value`},
		{log, "--where a=b", `no column "a"`},
		{log, "--refund sort=x", `no column "sort"`},
		{log, "--customer Cust", `no column "Cust": there is "cust", but names are case-sensitive`},
		{log, "--starts many", "invalid argument"},
		{log, "--nonsense", "unknown flag"},
		{triples, "--triples t.csv", "--triples is for a log"},
		{triples, "--spend", "--spend is for a log"},
		{triples, "--model mbg-cnbd-k --k 2", "needs the column litt"},
		{triples, "--model bg-bb", `no column "n"`},
		{"x,t_x,T,litt\n1,2,9,1\n", "--model mbg-cnbd-k --k 21", "--k 21: want auto or a whole number from 1 to 20"},
		{"x,t_x,T,litt\n1,2,9,1\n", "--model mbg-cnbd-k --k two", "--k two"},
		{"a\xff,b\n1,2\n", "", `the columns are "a\xff", b`},
	} {
		_, stderr, code := execute(t, NewFitCommand(), test.input, append(strings.Fields(test.args), "-")...)
		if code != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: exit %d, %s; want %q", test.args, code, stderr, test.want)
		}
	}
	for _, args := range [][]string{nil, {"a", "b"}} {
		if _, stderr, code := execute(t, NewFitCommand(), "", args...); code != exitUsage ||
			!strings.Contains(stderr, "takes one FILE") {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

// Files that cannot be read or written are named; nothing is left half written,
// and nobody's log is written over.
func TestFilesThatCannotBe(t *testing.T) {
	folder := t.TempDir()
	log := filepath.Join(folder, "log.csv")
	text := shopLog()
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link.csv")
	if err := os.Symlink(log, link); err != nil {
		t.Fatal(err)
	}
	nowhere := filepath.Join(folder, "no", "f.json")
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{folder}, 1, "is a directory"},
		{[]string{filepath.Join(folder, "none.csv")}, 1, "no such file"},
		{[]string{filepath.Join(folder, "none.ndjson")}, 1, "no such file"},
		{[]string{"--write", nowhere, log}, 1, "write fitted model: "},
		{[]string{"--triples", nowhere, log}, 1, "write triples: "},
		{[]string{"--write", folder, log}, 1, "write fitted model: "},
		{[]string{"--triples", log, log}, exitUsage, "is the file that is read; write to another"},
		{[]string{"--write", link, log}, exitUsage, "is the file that is read; write to another"},
	} {
		_, stderr, code := execute(t, NewFitCommand(), "", append([]string{"--starts", "1"}, test.args...)...)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: exit %d, %s; want %d, %q", test.args, code, stderr, test.code, test.want)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if data, err := os.ReadFile(log); err != nil || string(data) != text {
		t.Errorf("the log has %d bytes, %v", len(data), err)
	}
}
