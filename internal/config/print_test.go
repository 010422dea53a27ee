package config

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsPrintedCanBeReadBack(t *testing.T) {
	first, err := Load(Input{HostName: "host",
		Environ: map[string]string{"HOLDFAST_CLICKHOUSE_DSN": "http://u:secret@localhost:8123/?x=1"}})
	if err != nil {
		t.Fatal(err)
	}
	first.Mapping["visits"] = Mapping{Fields: map[string]string{"customer_id": "cust"},
		Constants: map[string]Constant{"kind": `"session"`, "pages": "3"},
		Times:     []string{"20060102", "epoch_ms", "02.01.2006 15:04", "2006-01-02: 15h"}, TimeZone: "Asia/Tokyo"}
	first.Alerts.Plays["OVERDUE"] = Play{ID: "come: back", Title: "call \"now\" #1", ActWithin: 2 * day}
	text, err := first.YAML(Print{Sources: true})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Load(Input{Path: "p.yaml", File: []byte(text), HostName: "other"})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if diff := cmp.Diff(first.Config, second.Config); diff != "" {
		t.Error(diff)
	}
}

func TestPrintingRedactsPasswordsAndNamesOrigins(t *testing.T) {
	loaded, err := Load(Input{HostName: "host",
		Environ: map[string]string{"HOLDFAST_CLICKHOUSE_DSN": "clickhouse://u:s3cret@localhost:9440?secure=true&password=s3cret"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := loaded.YAML(Print{Redact: true, Sources: true})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "s3cret") {
		t.Errorf("the password is printed:\n%s", text)
	}
	for _, want := range []string{"# env HOLDFAST_CLICKHOUSE_DSN", "group: holdfast  # default", "u:xxxxx@localhost"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, setting := range loaded.Settings(true) {
		if text, ok := setting.Value.(string); ok && strings.Contains(text, "s3cret") {
			t.Errorf("%s shows the password", setting.Path)
		}
	}
}

func TestRedactDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"": "", "http://h:1": "http://h:1", "http://u:p@h:1": "http://u:xxxxx@h:1", "u:p@h": "(redacted)",
		"http://h:1/?password=p": "http://h:1/?password=redacted", "%zz:p@": "(redacted)",
		"http://h:1/?http_proxy=http%3A%2F%2Fu%3Ap%40x%3A1": "http://h:1/?http_proxy=http%3A%2F%2Fu%3Axxxxx%40x%3A1",
		"http://h:1/?http_proxy=u:p@x":                      "http://h:1/?http_proxy=%28redacted%29",
		"http://h:1/?a=1&b=2":                               "http://h:1/?a=1&b=2",
	} {
		if got := RedactDSN(dsn); got != want {
			t.Errorf("RedactDSN(%q) = %q, want %q", dsn, got, want)
		}
	}
}

func TestHasPassword(t *testing.T) {
	for dsn, want := range map[string]bool{
		"": false, "off": false, "http://h:1": false, "http://u@h:1": false, "http://u:p@h:1": true, "http://u:@h:1": true,
		"http://h:1/?password=p": true, "http://h:1/?password": true, "http://u:p@h:port": true, "%zz": false,
		"http://h:1/?http_proxy=http%3A%2F%2Fu%3Ap%40x%3A1": true, "http://h:1/?http_proxy=http%3A%2F%2Fx%3A1": false,
	} {
		if got := HasPassword(dsn); got != want {
			t.Errorf("HasPassword(%q) = %v, want %v", dsn, got, want)
		}
	}
}

// TestHashOfAnOlderMapping holds the hash that a mapping had before it could
// have forms of times: state kept under it must still fit.
func TestHashOfAnOlderMapping(t *testing.T) {
	config := Default()
	config.Mapping["visits"] = Mapping{Fields: map[string]string{"customer_id": "user"}, Amounts: "decimal"}
	if got := config.Hash(); got != 0x99985fc3eae3da7b {
		t.Errorf("hash %#x", got)
	}
}

func TestHashFollowsWhatChangesMeaningOnly(t *testing.T) {
	base := Default()
	if again := Default(); base.Hash() != again.Hash() {
		t.Fatalf("the hash is not stable: %016x and %016x", base.Hash(), again.Hash())
	}
	for name, test := range map[string]struct {
		change func(*Config)
		same   bool
	}{
		"brokers":    {func(c *Config) { c.Kafka.Brokers = []string{"x:1"} }, true},
		"commit":     {func(c *Config) { c.Kafka.CommitEvery++ }, true},
		"clickhouse": {func(c *Config) { c.Sinks.ClickHouse.DSN = "" }, true},
		"clock":      {func(c *Config) { c.Time.Clock = "events" }, true},
		"inputs":     {func(c *Config) { c.Kafka.Inputs.Visits = "" }, false},
		"zone":       {func(c *Config) { c.Time.BusinessZone = "Asia/Tokyo" }, false},
		"dwell":      {func(c *Config) { c.Alerts.Dwell++ }, false},
		"parameter":  {func(c *Config) { c.Score.Params.R = 1 }, false},
		"play":       {func(c *Config) { c.Alerts.Plays["OVERDUE"] = Play{ID: "x"} }, false},
		"mapping":    {func(c *Config) { c.Mapping["visits"] = Mapping{Amounts: "minor"} }, false},
		"times":      {func(c *Config) { c.Mapping["visits"] = Mapping{Times: []string{"epoch_s"}} }, false},
		"hours":      {func(c *Config) { c.Complaints.Hours = "mon 09:00-17:00" }, false},
		"hours zone": {func(c *Config) { c.Complaints.Zone = "Asia/Tokyo" }, false},
		"kinds":      {func(c *Config) { c.Complaints.Kinds = []string{"complaint"} }, false},
		"severe":     {func(c *Config) { c.Complaints.Severe.From = 3 }, false},
	} {
		changed := Default()
		test.change(&changed)
		if same := changed.Hash() == base.Hash(); same != test.same {
			t.Errorf("%s: hash is the same: %v, want %v", name, same, test.same)
		}
	}
}

func TestAddressComesFromTheSecretFile(t *testing.T) {
	files := map[string]string{"/good": "https://u:p@ch.example.com:8443\n", "/plain": "http://u:p@ch.example.com:8123",
		"/empty": "\n"}
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	got, err := ClickHouse{DSNFile: "/good"}.Address(read, false)
	if err != nil || got != "https://u:p@ch.example.com:8443" {
		t.Errorf("Address: %q, %v", got, err)
	}
	var invalid *Invalid
	if _, err := (ClickHouse{DSNFile: "/plain"}).Address(read, false); !errors.As(err, &invalid) ||
		strings.Contains(err.Error(), "u:p") {
		t.Errorf("a plaintext address: %v", err)
	}
	if _, err := (ClickHouse{DSNFile: "/empty"}).Address(read, false); err == nil || !strings.Contains(err.Error(),
		"/empty is empty") {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := (ClickHouse{DSNFile: "/none"}).Address(read, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestEveryKeyHasADescriptionAndAVariableOfItsOwn(t *testing.T) {
	config := Default()
	seen := map[string]string{}
	for _, leaf := range leaves(&config) {
		if leaf.doc() == "" {
			t.Errorf("%s has no description", leaf.path)
		}
		if leaf.env() == "" {
			continue
		}
		if other := seen[leaf.env()]; other != "" {
			t.Errorf("%s and %s share %s", leaf.path, other, leaf.env())
		}
		seen[leaf.env()] = leaf.path
	}
}

func TestTheDefaultIsValid(t *testing.T) {
	config := Default()
	config.Kafka.InstanceID = "host"
	if problems := config.Validate(); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
}

// FuzzLoad reads any file: it is refused with lines that are there, or what is
// printed of it is the same configuration again.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{valid, "\r:", "a: &a\n  b: *a\n", "kafka: {brokers: [*x]}\n<<: {a: 1}\n? [a]\n: b",
		"score: {params: !!str auto, weights: {1: .inf}}", valid + "alerts: {levels: {watch: [0.5,\n 0.6]}}",
		valid + "alerts: {levels: {watch: &w [0.3, 0.4], at_risk: *w}}", valid + "segments: [\"a: #b\", 'c''d', |\n e\n]",
		valid + "mapping: {visits: {constants: {kind: 017, pages: 1e3, status: \"\\n\"}}}",
		valid + "time: {min_event_time: 2026-03-01, allowed_lateness: 1d12h}\nscore: {horizon: 30d}\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		loaded, err := Load(Input{Path: "f", File: []byte(text), HostName: "h"})
		if (loaded == nil) == (err == nil) {
			t.Fatalf("loaded %v, error %v", loaded, err)
		}
		var invalid *Invalid
		if errors.As(err, &invalid) {
			breaks := strings.Count(text, "\n") + strings.Count(text, "\r") // YAML ends a line at either
			for _, problem := range invalid.Problems {
				if problem.Message == "" || problem.Line < 0 || problem.Line > breaks+1 {
					t.Fatalf("%q: %+v", text, problem)
				}
			}
			return
		}
		printed, err := loaded.YAML(Print{})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := Load(Input{Path: "p", File: []byte(printed), HostName: "h"})
		if err != nil {
			t.Fatalf("%q is printed as\n%s\n%v", text, printed, err)
		}
		if again.Hash() != loaded.Hash() {
			t.Fatalf("%q is printed as\n%s\nwhich means something else", text, printed)
		}
	})
}
