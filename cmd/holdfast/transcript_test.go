package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// transcript is what a person sees who types commands one after the other: each
// command line, what it printed, and its exit code where that is not 0. Lines
// that went to stderr begin with "! ". What differs from run to run is masked by
// name. The golden files are rewritten by go test ./cmd/holdfast -update.
type transcript struct {
	t       *testing.T
	environ map[string]string
	golden  string
	text    strings.Builder
	masks   []mask
}

// mask replaces what a pattern matches; ${1} stands for its first group.
type mask struct {
	pattern *regexp.Regexp
	with    string
}

// newTranscript begins a transcript whose commands run in a folder of their own,
// so that the paths in it are relative. It is compared when the test ends.
func newTranscript(t *testing.T, name string, environ map[string]string) *transcript {
	t.Helper()
	golden, err := filepath.Abs(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	tr := &transcript{t: t, environ: environ, golden: golden}
	examples, err := filepath.Abs("../../docs/examples")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, example := range []string{"orders.csv", "orders.map.yml"} {
		text, err := os.ReadFile(filepath.Join(examples, example))
		if err != nil {
			t.Fatal(err)
		}
		tr.write(example, string(text))
	}
	for _, variable := range []string{"HOLDFAST_KAFKA_BROKERS", "HOLDFAST_OPS_LISTEN", "HOLDFAST_CLICKHOUSE_DSN"} {
		if value := environ[variable]; value != "" && !strings.HasSuffix(value, ":0") {
			name := strings.ToLower(strings.Split(variable, "_")[1])
			tr.mask(regexp.QuoteMeta(strings.TrimPrefix(value, "http://")), "<"+name+">")
		}
	}
	tr.mask(`"time":"[^"]*"`, `"time":"<time>"`)
	tr.mask(`\b(in|after) [0-9.]+(ms|µs|s)\b`, "${1} <duration>")
	tr.mask(`\([0-9]+/s\)`, "(<rate>)")
	tr.mask(`\bhash [0-9a-f]{16}`, "hash <hash>")
	tr.mask(`"config_hash": "[0-9a-f]{16}"`, `"config_hash": "<hash>"`)
	t.Cleanup(tr.compare)
	return tr
}

// mask replaces a pattern in all that is printed from here on.
func (tr *transcript) mask(pattern, with string) {
	tr.masks = append(tr.masks, mask{regexp.MustCompile(pattern), with})
}

// masked is a text without what differs from run to run.
func (tr *transcript) masked(text string) string {
	for _, m := range tr.masks {
		text = m.pattern.ReplaceAllString(text, m.with)
	}
	return text
}

// write puts a file into the transcript's folder.
func (tr *transcript) write(name, text string) {
	tr.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		tr.t.Fatal(err)
	}
}

// say adds a remark about what happens between two commands.
func (tr *transcript) say(remark string) { fmt.Fprintf(&tr.text, "# %s\n\n", remark) }

// run types a command line, whose words hold no spaces.
func (tr *transcript) run(line string) outcome {
	tr.t.Helper()
	got := holdfast(tr.t, tr.environ, strings.Fields(line)...)
	tr.add(line, got)
	return got
}

func (tr *transcript) add(line string, got outcome) {
	fmt.Fprintf(&tr.text, "$ holdfast %s\n%s", tr.masked(line), tr.masked(got.stdout))
	for said := range strings.Lines(tr.masked(got.stderr)) {
		tr.text.WriteString("! " + said)
	}
	if got.code != 0 {
		fmt.Fprintf(&tr.text, "exit code %d\n", got.code)
	}
	tr.text.WriteString("\n")
}

// show prints a file that a command has written.
func (tr *transcript) show(name string) {
	tr.t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tr.t.Fatal(err)
	}
	fmt.Fprintf(&tr.text, "$ cat %s\n%s\n", name, tr.masked(string(text)))
}

// begin runs a command until it has printed some words, and then interrupts it.
func (tr *transcript) begin(line, until string) {
	tr.t.Helper()
	ctx, interrupt := context.WithTimeout(tr.t.Context(), time.Minute)
	defer interrupt()
	out, stderr := &interrupting{words: until, interrupt: interrupt}, &bytes.Buffer{}
	code := execute(ctx, surroundings{
		stdout: out, stderr: stderr, environ: tr.environ, hostName: "test-host", readFile: os.ReadFile, now: time.Now,
	}, strings.Fields(line))
	printed, _, found := strings.Cut(out.String(), until)
	if !found {
		tr.t.Fatalf("holdfast %s ended with %d before it printed %q: %s%s", line, code, until, out.String(), stderr)
	}
	tr.add(line, outcome{code, printed + until + " …\n", stderr.String()})
}

// interrupting is an output that ends the command once some words are in it.
type interrupting struct {
	syncBuffer
	words     string
	interrupt context.CancelFunc
}

// Write implements io.Writer.
func (i *interrupting) Write(p []byte) (int, error) {
	n, err := i.syncBuffer.Write(p)
	if strings.Contains(i.String(), i.words) {
		i.interrupt()
	}
	return n, err
}

// compare holds the transcript to its golden file.
func (tr *transcript) compare() {
	if tr.t.Failed() || tr.t.Skipped() {
		return
	}
	if *update {
		if err := os.WriteFile(tr.golden, []byte(tr.text.String()), 0o644); err != nil {
			tr.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(tr.golden)
	if err != nil {
		tr.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), tr.text.String()); diff != "" {
		tr.t.Errorf("a command prints something else than %s; run go test ./cmd/holdfast -update if it should:\n%s",
			filepath.Base(tr.golden), diff)
	}
}
