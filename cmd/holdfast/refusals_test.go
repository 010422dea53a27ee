package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const twoVisits = "customer_id,occurred_at,kind\nk,soon,session\nk,2026-01-01,session\n"

// What is written must not be what is read, by whatever name.
func TestRejectsDoNotReplaceWhatIsRead(t *testing.T) {
	folder := t.TempDir()
	file, mapping := filepath.Join(folder, "in.csv"), filepath.Join(folder, "map.yml")
	const rules = "fields: {customer_id: customer_id, occurred_at: occurred_at, kind: kind}\n"
	for path, text := range map[string]string{file: twoVisits, mapping: rules} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	symbolic, hard := filepath.Join(folder, "link.csv"), filepath.Join(folder, "hard.csv")
	if err := os.Symlink(file, symbolic); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, hard); err != nil {
		t.Fatal(err)
	}
	for _, rejects := range []string{file, folder + "/./in.csv", symbolic, hard, mapping} {
		got := holdfast(t, nil, "backfill", file, "--map", mapping, "--dry-run", "--rejects", rejects)
		if got.code != exitUsage || !strings.Contains(got.stderr, "this is a file that is read") {
			t.Errorf("%s: %+v", rejects, got)
		}
	}
	for path, want := range map[string]string{file: twoVisits, mapping: rules} {
		if text, err := os.ReadFile(path); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", path, text, err)
		}
	}
	other := filepath.Join(folder, "rejects.ndjson")
	got := holdfast(t, nil, "backfill", file, "--dry-run", "--rejects", other)
	text, err := os.ReadFile(other)
	if got.code != exitPartial || err != nil || strings.Count(string(text), "\n") != 1 ||
		!strings.Contains(string(text), `"reason":"bad_time"`) {
		t.Errorf("%+v, %q, %v", got, text, err)
	}
	got = holdfast(t, nil, "backfill", file, "--dry-run", "--rejects", filepath.Join(folder, "no", "such"))
	if got.code != exitFailed || !strings.Contains(got.stderr, "make the rejects file: ") {
		t.Errorf("no folder: %+v", got)
	}
}

// A topic that holds something else than our schema takes no file: what is sent
// would all be rejected, or mean something else.
func TestNoFileIsSentToTopicsOfAnotherForm(t *testing.T) {
	file := write(t, "in.csv", strings.Replace(twoVisits, "soon", "2026-01-02", 1))
	closed := "127.0.0.1:1"
	for mapping, refused := range map[string]bool{
		"{}": false, "{time_zone: Europe/Berlin}": false, "{times: [rfc3339]}": false, "{times: [epoch_ms, rfc3339]}": false,
		"{amounts: minor, refunds: positive}": false, "{fields: {customer_id: cust}}": true,
		"{constants: {kind: order}}": true, "{amounts: decimal}": true, "{refunds: negative}": true,
		"{times: [epoch_ms]}": true, "{times: [02.01.2006], time_zone: Europe/Berlin}": true,
	} {
		settings := write(t, "h.yml", "kafka: {brokers: [\""+closed+"\"]}\nmapping: {visits: {}, purchases: "+mapping+"}\n")
		got := holdfast(t, nil, "backfill", file, "-c", settings)
		if says := strings.Contains(got.stderr,
			"mapping.purchases says that its topic does not hold our schema"); says != refused ||
			(got.code == exitInvalid) != refused || !refused && got.code != exitUnreachable {
			t.Errorf("%s: %+v", mapping, got)
		}
	}
}

// Files that are none, and names that say nothing, in words that say what to do.
func TestFilesThatBackfillCannotTake(t *testing.T) {
	sixteen := write(t, "sixteen.csv", "\xff\xfec\x00,\x00")
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a folder":          {[]string{t.TempDir()}, 1, "is a directory"},
		"a folder, as CSV":  {[]string{t.TempDir(), "--format", "csv"}, 1, "is a directory"},
		"UTF-16":            {[]string{sixteen}, 1, "it is UTF-16: save it as \"CSV UTF-8\""},
		"empty":             {[]string{write(t, "empty.csv", "")}, 1, "it is empty; its first line must name the columns"},
		"a nameless empty":  {[]string{write(t, "empty", "")}, 2, "the format cannot be told from the name"},
		"objects as CSV":    {[]string{write(t, "o.csv", "{\"a\":1,\"b\":2}\n")}, 1, "say --format ndjson"},
		"an array":          {[]string{write(t, "a.json", "[{}]\n")}, 1, "it is one JSON array"},
		"semicolons":        {[]string{write(t, "s.csv", strings.ReplaceAll(twoVisits, ",", ";"))}, 1, "say --delimiter ';'"},
		"not our columns":   {[]string{write(t, "c.csv", "a,b\n1,2\n")}, 3, "fields.customer_id: is missing"},
		"a long delimiter":  {[]string{"x.csv", "--delimiter", "tab"}, 2, "--delimiter: \"tab\" cannot separate columns"},
		"no memory":         {[]string{"x.csv", "--sort-memory", "much"}, 2, "--sort-memory: \"much\" is not a size"},
		"below nothing":     {[]string{"x.csv", "--skip", "-1"}, 2, "--skip -1: want 0 or more"},
		"a map that is one": {[]string{"x.csv", "--map", sixteen}, 3, "the map cannot be read: this is not UTF-8 text"},
		"a file and close":  {[]string{"x.csv", "--close", "all"}, 2, "give a FILE, or --close"},
		"two files":         {[]string{"x.csv", "y.csv"}, 2, "accepts at most 1 arg"},
		"a cut archive": {[]string{write(t, "cut.csv.gz", gzipped(t, strings.Repeat(twoVisits, 99))[:60])}, 1,
			"unexpected EOF"},
	} {
		got := holdfast(t, nil, append([]string{"backfill", "--dry-run"}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.stderr, test.says) || got.stdout != "" {
			t.Errorf("%s: %+v, want %d, %q", name, got, test.code, test.says)
		}
	}
}

// Numbers of flags that are none, or out of bounds, are refused before anything is
// reached.
func TestNumbersOfFlags(t *testing.T) {
	for line, says := range map[string]string{
		"produce --rate NaN": "--rate must be above 0", "produce --rate Inf": "--rate must be above 0",
		"produce --rate -1": "--rate must be above 0", "produce --rate 1000001": "--rate must be above 0",
		"produce --rate x": "invalid argument", "produce --customers 0": "--customers at least 1",
		"produce --duration -1s": "--duration not negative", "produce --duration 1": "missing unit",
		"demo --customers -1": "--customers must be 1 to", "demo --days 0": "--days", "demo --speed -1s": "--speed",
		"offsets rewind --to 5": "--input", "offsets rewind --input x/0 --to -1": "", "version x": "unknown command",
		"validate a b": "accepts at most 1 arg", "explain": "accepts 1 arg", "explain a b": "accepts 1 arg",
		"run x": "unknown command", "wait --caught-up x": "unknown command", "health --url": "flag needs an argument",
		"score": "takes one FILE", "fit a b": "takes one FILE", "clock": "say what: holdfast clock repair",
	} {
		got := holdfast(t, nil, strings.Fields(line)...)
		if got.code != exitUsage && says != "" || got.code == exitOK || !strings.Contains(got.stderr, says) {
			t.Errorf("%s: %+v, want %q", line, got, says)
		}
	}
}

// Every command that needs Kafka says that it is away, what to do, and nothing of a
// user or password; none of them waits for it long.
func TestEveryCommandSaysThatKafkaIsAway(t *testing.T) {
	file := write(t, "in.csv", strings.Replace(twoVisits, "soon", "2026-01-02", 1))
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and hangs up
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			_ = conn.Close() // whoever asked hears nothing
		}
	}()
	for _, line := range []string{"migrate plan", "migrate status", "migrate up --topics", "offsets show",
		"offsets skip --input retail.purchases.v1/0", "offsets rewind --input retail.purchases.v1/0 --to 0 --yes",
		"offsets skip --loader", "rows resend", "clock repair", "produce --duration 1s", "backfill " + file,
		"backfill --close all", "wait --caught-up", "validate"} {
		if strings.HasPrefix(line, "migrate") || line == "validate" || strings.HasPrefix(line, "wait") {
			line += " --clickhouse off"
		}
		for address, says := range map[string]string{"127.0.0.1:1": "check that the brokers run",
			silent.Addr().String(): "check kafka.tls and kafka.sasl"} {
			environ := map[string]string{"HOLDFAST_KAFKA_BROKERS": address}
			got := holdfast(t, environ, strings.Fields(line)...)
			if got.code != exitUnreachable || !strings.Contains(got.stderr+got.stdout, says) ||
				!strings.Contains(got.stderr+got.stdout, address) {
				t.Errorf("%s at %s: %+v, want %q", line, address, got, says)
			}
		}
	}
}

// Every command that reads the configuration refuses one that is not valid, with
// all that is wrong, and does nothing.
func TestEveryCommandRefusesAnInvalidConfiguration(t *testing.T) {
	bad := write(t, "bad.yml", "kafka: {brokers: [far.example.com:9092], groop: x}\nalerts: {dwell: soon}\n")
	file := write(t, "in.csv", twoVisits)
	for _, line := range []string{"audit", "backfill " + file, "backfill --close all", "clock repair", "config print",
		"explain k", "health", "migrate plan", "migrate status", "migrate up", "offsets show", "offsets skip --loader",
		"offsets rewind --loader --to start", "produce", "rows resend", "run", "validate", "wait --caught-up"} {
		got := holdfast(t, map[string]string{"HOLDFAST_CONFIG": bad}, strings.Fields(line)...)
		said := got.stdout + got.stderr
		if got.code != exitInvalid {
			t.Errorf("%s: %+v", line, got)
		}
		for _, want := range []string{"bad.yml:1", "kafka.groop", "kafka.brokers[0]", "bad.yml:2", "alerts.dwell"} {
			if got.code == exitInvalid && !strings.Contains(said, want) {
				t.Errorf("%s does not say %s: %s", line, want, said)
			}
		}
	}
}
