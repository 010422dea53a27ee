package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/devkafka"
)

var update = flag.Bool("update", false, "write the golden files")

// outcome is what a command line came to.
type outcome struct {
	code           int
	stdout, stderr string
}

// holdfast runs a command line in surroundings of its own.
func holdfast(t *testing.T, environ map[string]string, args ...string) outcome {
	t.Helper()
	return holdfastUntil(t, t.Context(), environ, args...)
}

func holdfastUntil(t *testing.T, ctx context.Context, environ map[string]string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(ctx, surroundings{
		stdout: &stdout, stderr: &stderr, environ: environ, hostName: "test-host", readFile: os.ReadFile, now: time.Now,
	}, args)
	return outcome{code, stdout.String(), stderr.String()}
}

// write puts a text into a file of the test's own folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCodes(t *testing.T) {
	closed := "127.0.0.1:1" // nobody listens on port 1
	bad := write(t, "bad.yaml", "kafka: {brokers: [localhost:9092], groop: x}\n")
	dat := write(t, "gz.dat", gzipped(t, "customer_id,occurred_at,kind\n"))
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"version":             {[]string{"version"}, 0, ""},
		"help":                {[]string{"--help"}, 0, ""},
		"unknown command":     {[]string{"bogus"}, 2, `unknown command "bogus"`},
		"unknown flag":        {[]string{"run", "--bogus"}, 2, "unknown flag: --bogus"},
		"missing argument":    {[]string{"backfill"}, 2, "give a FILE, or --close"},
		"bad output":          {[]string{"version", "-o", "xml"}, 2, `--output "xml" is not one of table, json`},
		"bad level":           {[]string{"version", "--log-level", "loud"}, 2, `--log-level "loud" is not one of`},
		"bad log format":      {[]string{"version", "--log-format", "xml"}, 2, `--log-format "xml" is not one of`},
		"nothing to wait for": {[]string{"wait"}, 2, "say what to wait for: --caught-up"},
		"data not embedded":   {[]string{"run", "--data", "x"}, 2, "--data is for --embedded"},
		"unknown role":        {[]string{"run", "--roles", "guess"}, 2, `--roles: "guess" is not one of process, load`},
		"bad rate":            {[]string{"produce", "--rate", "0"}, 2, "--rate must be above 0"},
		"bad scenario":        {[]string{"produce", "--scenario", "calm"}, 2, `--scenario "calm" is not one of`},
		"bad demo":            {[]string{"demo", "--customers", "0"}, 2, "--customers must be 1 to"},
		"unknown format": {[]string{"backfill", "x.csv", "--format", "parquet"}, 2,
			`--format "parquet" is not one of csv, ndjson`},
		"untold format": {[]string{"backfill", dat, "--map", "m.yml"}, 2,
			`the format cannot be told from the name "gz.dat": say --format csv or --format ndjson`},
		"untold, no file": {[]string{"backfill", "/nowhere/x.dat"}, 1, "no such file"},
		"map for ndjson":  {[]string{"backfill", "x.ndjson", "--map", "m"}, 2, "--map is for CSV"},
		"password in a flag": {[]string{"wait", "--caught-up", "--clickhouse", "http://u:hunter2@h:1"}, 2,
			"do not pass a password in a flag"},
		"password for demo": {[]string{"demo", "--clickhouse", "http://u:hunter2@h:1"}, 2,
			"do not pass a password in a flag"},
		"configuration": {[]string{"config", "print", "-c", bad}, 3,
			"bad.yaml:1  error  kafka.groop: is not a known key → did you mean group?"},
		"validate":             {[]string{"validate", bad}, 3, ""},
		"no configuration":     {[]string{"config", "print", "-c", "/nowhere/x.yaml"}, 3, "read the configuration: "},
		"no map":               {[]string{"backfill", "x.csv", "--map", "/nowhere/m"}, 3, "read the map: "},
		"plaintext":            {[]string{"validate", "--brokers", "kafka.example.com:9092", "--connect=false"}, 3, ""},
		"Kafka away":           {[]string{"wait", "--caught-up", "--brokers", closed}, 4, "check that the brokers run"},
		"Kafka away, validate": {[]string{"validate", "--brokers", closed, "--clickhouse", "off"}, 4, ""},
		"ClickHouse away": {[]string{"explain", "c-1", "--url", "http://" + closed, "--clickhouse", "http://" + closed}, 4,
			"reach ClickHouse at " + closed},
		"nobody there": {[]string{"health", "--url", "http://" + closed}, 4, "is `holdfast run` up"},
		"neither there": {[]string{"explain", "c-1", "--url", "http://" + closed, "--clickhouse", "off"}, 4,
			"no instance answers at http://" + closed + ", and ClickHouse is not configured"},
		"no file": {[]string{"backfill", "/nowhere/x.csv"}, 1, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := holdfast(t, nil, test.args...)
			if got.code != test.code || !strings.Contains(got.stderr, test.says) {
				t.Errorf("exit %d, want %d; stderr %q, want %q", got.code, test.code, got.stderr, test.says)
			}
			if strings.Contains(got.stdout+got.stderr, "hunter2") {
				t.Error("the password is repeated")
			}
		})
	}
}

const cliHead = `# Command line

What each command says of itself; ` + "`holdfast COMMAND --help`" + ` prints the same. Data goes to stdout, logs and progress
to stderr. ` + "`holdfast completion bash|zsh|fish|powershell`" + ` writes completions.

Exit codes: 0 ok · 1 failed · 2 usage · 3 configuration invalid · 4 something needed cannot be reached · 5 done in part.
`

func TestThePageOfTheCommandLineIsWhatTheCommandsSay(t *testing.T) {
	c := &cli{keys: map[string]string{}}
	page := &strings.Builder{}
	page.WriteString(cliHead)
	for _, command := range c.commands() {
		page.WriteString("\n## " + command.Name() + "\n\n")
		for _, name := range helpNames(command) {
			got := holdfast(t, nil, append(strings.Fields(name)[1:], "--help")...)
			help, _, _ := strings.Cut(got.stdout, "\nGlobal Flags:")
			page.WriteString("```\n" + strings.TrimSpace(help) + "\n```\n")
		}
	}
	const golden = "../../docs/cli.md"
	if *update {
		if err := os.WriteFile(golden, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page.String()); diff != "" {
		t.Errorf("a command says something else than docs/cli.md; run go test ./cmd/holdfast -update if it should:\n%s", diff)
	}
}

// helpNames lists a command and those below it.
func helpNames(command *cobra.Command) []string {
	names := []string{"holdfast " + command.Name()}
	for _, sub := range command.Commands() {
		names = append(names, "holdfast "+command.Name()+" "+sub.Name())
	}
	return names
}

func TestConfigPrintShowsOriginsAndNoPassword(t *testing.T) {
	environ := map[string]string{"HOLDFAST_CLICKHOUSE_DSN": "http://u:hunter2@localhost:8123",
		"HOLDFAST_TIME_CLOCK": "events"}
	got := holdfast(t, environ, "config", "print", "--source", "--effective=false", "--brokers", "localhost:1,localhost:2")
	want := `kafka:
  brokers: ["localhost:1", "localhost:2"]  # flag
time:
  clock: events  # env HOLDFAST_TIME_CLOCK
sinks:
  clickhouse:
    dsn: "http://u:xxxxx@localhost:8123"  # env HOLDFAST_CLICKHOUSE_DSN
`
	if diff := cmp.Diff(want, got.stdout); diff != "" || got.code != 0 {
		t.Error(got.code, diff)
	}
	got = holdfast(t, environ, "config", "print", "-o", "json")
	var printed struct {
		Hash     string `json:"config_hash"`
		Settings []struct{ Path, Origin string }
	}
	if err := json.Unmarshal([]byte(got.stdout), &printed); err != nil || len(printed.Hash) != 16 ||
		len(printed.Settings) < 50 {
		t.Errorf("%v: %.200s", err, got.stdout)
	}
	if strings.Contains(got.stdout, "hunter2") {
		t.Error("the password is printed")
	}
}

func TestHealthSaysWhyNot(t *testing.T) {
	answer, code := `{"ok":false,"checks":[{"name":"pipeline","ok":false,"why":"unequal counts"}]}`, 503
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	got := holdfast(t, nil, "health", "--url", server.URL)
	if got.code != 1 || got.stdout != "NOT READY\n  no  pipeline: unequal counts\n" || got.stderr != "" {
		t.Errorf("%+v", got)
	}
	answer, code = `{"ok":true,"checks":[{"name":"pipeline","ok":true}]}`, 200
	if got := holdfast(t, nil, "health", "--url", server.URL+"/"); got.code != 0 ||
		got.stdout != "READY\n  ok  pipeline\n" {
		t.Errorf("%+v", got)
	}
	answer = "<html>"
	if got := holdfast(t, nil, "health", "--url", server.URL); got.code != 1 ||
		!strings.Contains(got.stderr, "it is not an answer of Holdfast") {
		t.Errorf("%+v", got)
	}
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{"0.0.0.0:9464": "127.0.0.1:9464", ":1": "127.0.0.1:1",
		"[::]:1": "127.0.0.1:1", "10.0.0.1:2": "10.0.0.1:2"} {
		if got := reachable(listen); got != want {
			t.Errorf("reachable(%q) = %q, want %q", listen, got, want)
		}
	}
}

func TestLogsAreJSONForProgramsAndTextForPeople(t *testing.T) {
	for _, test := range []struct {
		format   string
		terminal bool
		json     bool
	}{{"auto", false, true}, {"auto", true, false}, {"text", false, false}, {"json", true, true}} {
		var out bytes.Buffer
		c := &cli{surroundings: surroundings{stderr: &out, terminal: test.terminal}, logFormat: test.format, logLevel: "info"}
		c.logger().Info("said", "key", "a\nb")
		if got := json.Valid(out.Bytes()); got != test.json || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%+v: %q", test, out.String())
		}
	}
}

// kafkaFor starts an embedded Kafka and returns variables that lead to it.
func kafkaFor(t *testing.T) map[string]string {
	t.Helper()
	kafka, err := devkafka.Start(devkafka.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kafka.Close(); err != nil {
			t.Error(err)
		}
	})
	return map[string]string{"HOLDFAST_KAFKA_BROKERS": kafka.Addrs()[0], "HOLDFAST_OPS_LISTEN": "127.0.0.1:0",
		"HOLDFAST_TIME_CLOCK": "events", "HOLDFAST_KAFKA_PARTITIONS": "2", "HOLDFAST_OUTBOX_FLUSH_EVERY": "100ms"}
}
