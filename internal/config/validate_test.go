package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// bounds are the least and the greatest text that each key takes, and one that
// lies beyond either; "" where there is no such side.
var bounds = map[string]struct{ below, low, high, above string }{
	"version":                          {"0", "1", "1", "2"},
	"kafka.max_record_bytes":           {"1023", "1KiB", "64MiB", "67108865"},
	"kafka.commit_every":               {"9ms", "10ms", "10s", "10001ms"},
	"kafka.commit_bytes":               {"1048575", "1MiB", "1GiB", "1073741825"},
	"kafka.partitions":                 {"0", "1", "4096", "4097"},
	"kafka.replication":                {"-1", "0", "16", "17"},
	"kafka.transaction_timeout":        {"4999ms", "5s", "15m", "901s"},
	"time.input_quiet_after":           {"-1ns", "0s", "30d", "30d1ns"},
	"time.allowed_lateness":            {"-1ns", "0s", "7d", "7d1ns"},
	"time.max_future":                  {"-1ns", "0s", "7d", "7d1ns"},
	"time.clock_tolerance":             {"4999ms", "5s", "1h", "1h1ns"},
	"time.min_event_time":              {"1989-12-31", "1990-01-01", "2200-12-31", "2201-01-01"},
	"money.margin_ratio":               {"-0.001", "0", "1", "1.001"},
	"backfill.max_open":                {"59s", "1m", "7d", "7d1ns"},
	"checkpoint.max_replay":            {"999ms", "1s", "1h", "1h1ns"},
	"outbox.flush_every":               {"9ms", "10ms", "1m", "61s"},
	"score.horizon":                    {"0d", "1d", "730d", "731d"},
	"score.params.r":                   {"0.0009", "0.001", "10000", "10001"},
	"score.params.alpha":               {"0.0009", "0.001", "10000", "10001"},
	"score.params.a":                   {"0.0009", "0.001", "10000", "10001"},
	"score.params.b":                   {"0.0009", "0.001", "10000", "10001"},
	"score.spend.p":                    {"0.0009", "0.001", "10000", "10001"},
	"score.spend.q":                    {"1", "1.001", "10000", "10001"},
	"score.spend.nu":                   {"0.0009", "0.001", "10000", "10001"},
	"complaints.first_response":        {"59s", "1m", "365d", "365d1ns"},
	"complaints.resolution":            {"59s", "1m", "365d", "365d1ns"},
	"complaints.severe.from":           {"0", "1", "5", "6"},
	"complaints.severe.first_response": {"59s", "1m", "365d", "365d1ns"},
	"complaints.severe.resolution":     {"59s", "1m", "365d", "365d1ns"},
	"alerts.levels.watch":              {"-0.1,0.6", "0.3,0.3", "1,1", "1,1.1"},
	"alerts.levels.at_risk":            {"-0.1,0.6", "0.3,0.3", "0.5,1", "0.4,1.1"},
	"alerts.levels.critical":           {"-0.1,0.6", "0.03,0.03", "0.3,1", "0.3,1.1"},
	"alerts.levels.lost":               {"-0.001", "0", "0.3", "0.301"},
	"alerts.dwell":                     {"-1ns", "0s", "30d", "30d1ns"},
	"alerts.cooldown":                  {"999ms", "1s", "365d", "365d1ns"},
	"alerts.max_event_age":             {"59s", "1m", "3660d", "3660d1ns"},
	"alerts.standing_per_hour":         {"0", "1", "3600000", "3600001"},
	"alerts.holdout_percent":           {"-1", "0", "50", "50.1"},
	"sinks.clickhouse.batch_rows":      {"0", "1", "1000000", "1000001"},
	"sinks.clickhouse.insert_every":    {"9ms", "10ms", "1m", "61s"},
}

// companions are keys that make sense only together.
var companions = map[string]map[string]string{
	"score.params": {"score.params.r": "1", "score.params.alpha": "1", "score.params.a": "1", "score.params.b": "1"},
	"score.spend":  {"score.spend.p": "1", "score.spend.q": "2", "score.spend.nu": "1"},
}

// with returns what is wrong where keys have these values.
func with(t *testing.T, keys map[string]string) (failed []string) {
	t.Helper()
	config := Default()
	for _, leaf := range leaves(&config) {
		if text, ok := keys[leaf.path]; ok {
			if err := setText(leaf.value, text); err != nil {
				t.Fatalf("%s: %v", leaf.path, err)
			}
		}
	}
	config.Kafka.InstanceID = "host"
	for _, problem := range config.Validate() {
		if problem.Level == Error {
			failed = append(failed, problem.Path)
		}
	}
	return failed
}

// TestEveryKeyHasItsBounds: no number, length of time, size or day is without a
// least and a greatest value, each is accepted, and what lies beyond is refused
// under the name of the key, alone.
func TestEveryKeyHasItsBounds(t *testing.T) {
	config, seen := Default(), 0
	for _, leaf := range leaves(&config) {
		kind := leaf.value.Kind()
		if kind == reflect.String || kind == reflect.Bool || kind == reflect.Slice || kind == reflect.Map {
			continue
		}
		b, ok := bounds[leaf.path]
		if !ok {
			t.Errorf("%s: no bounds are tested", leaf.path)
			continue
		}
		seen++
		for _, text := range []string{b.low, b.high} {
			if failed := with(t, among(leaf.path, text)); len(failed) > 0 {
				t.Errorf("%s = %s: refused, %v", leaf.path, text, failed)
			}
		}
		for _, text := range []string{b.below, b.above} {
			failed := with(t, among(leaf.path, text))
			// Levels are also held against each other.
			if alone := len(failed) == 1 || strings.HasPrefix(leaf.path, "alerts.levels."); !alone ||
				!slices.Contains(failed, leaf.path) {
				t.Errorf("%s = %s: refused are %v", leaf.path, text, failed)
			}
		}
	}
	if seen != len(bounds) {
		t.Errorf("%d keys of %d are there", seen, len(bounds))
	}
}

// among is a key's value with those that it needs beside it.
func among(path, text string) map[string]string {
	keys := map[string]string{}
	for section, rest := range companions {
		if strings.HasPrefix(path, section+".") {
			for name, value := range rest {
				keys[name] = value
			}
		}
	}
	keys[path] = text
	return keys
}

// No number that is none gets through, in any key and by any way.
func TestNumbersThatAreNone(t *testing.T) {
	config := Default()
	for _, leaf := range leaves(&config) {
		if leaf.value.Kind() != reflect.Float64 {
			continue
		}
		for _, text := range []string{"NaN", "Inf", "-Inf", "1e999"} {
			got := problemsOf(t, valid, map[string]string{leaf.env(): text}, nil)
			if len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), "environment  error  "+leaf.path+": ") {
				t.Errorf("%s = %s: %q", leaf.path, text, got)
			}
		}
	}
	for _, text := range []string{"NaN,0.6", "0.5,NaN", "Inf,Inf", "0.5", "0.5,0.6,0.7", ",", "a,b"} {
		got := problemsOf(t, valid, map[string]string{"HOLDFAST_ALERTS_LEVELS_WATCH": text}, nil)
		if !strings.Contains(strings.Join(got, "\n"), "environment  error  alerts.levels.watch: ") {
			t.Errorf("watch = %s: %q", text, got)
		}
	}
}

// TestAllProblemsOfAConfigurationAtOnce: whatever is wrong is said in one go.
func TestAllProblemsOfAConfigurationAtOnce(t *testing.T) {
	keys, want := map[string]string{}, []string{}
	for path, b := range bounds {
		if strings.HasPrefix(path, "alerts.levels") || strings.HasPrefix(path, "score.") {
			continue
		}
		keys[path] = b.above
		want = append(want, path)
	}
	failed := with(t, keys)
	found := map[string]int{}
	for _, path := range failed {
		found[path]++
	}
	for _, path := range want {
		if found[path] != 1 {
			t.Errorf("%s is reported %d times", path, found[path])
		}
	}
	if len(failed) != len(want) {
		t.Errorf("%d problems of %d", len(failed), len(want))
	}
}

func TestAddressesOfBrokers(t *testing.T) {
	for broker, want := range map[string]string{
		"localhost:9092": "", "127.0.0.1:1": "", "[::1]:65535": "", "127.9.9.9:9092": "", " localhost:9092 ": "",
		"localhost": "is not an address", "localhost:": "is not an address", ":9092": "is not an address",
		"localhost:0": "is not an address", "localhost:65536": "is not an address", "localhost:kafka": "is not an address",
		"::1:9092": "is not an address", "PLAINTEXT://localhost:9092": "is not an address",
		"localhost:9092,localhost:9093": "is not an address", "": "is not an address",
		"localhost.example.com:9092": "without encryption", "0.0.0.0:9092": "without encryption",
		"128.0.0.1:9092": "without encryption", "[2001:db8::1]:9092": "without encryption",
	} {
		got := problemsOf(t, fmt.Sprintf("kafka:\n  brokers: [%q]\n", broker), nil, nil)
		text := strings.Join(got, "\n")
		if want == "" && text != "" || want != "" && (len(got) != 1 ||
			!strings.HasPrefix(text, "h.yaml:2  error  kafka.brokers[0]: ") || !strings.Contains(text, want)) {
			t.Errorf("%q: %q, want %q", broker, got, want)
		}
		if got := problemsOf(t, fmt.Sprintf("kafka:\n  brokers: [%q]\n  tls: {enabled: true}\n", broker), nil, nil); want ==
			"without encryption" && len(got) > 0 {
			t.Errorf("%q with TLS: %q", broker, got)
		}
	}
}

func TestNamesOfTopicsAndGroups(t *testing.T) {
	long := strings.Repeat("x", 250)
	for text, want := range map[string]string{
		"{purchases: a b}": "kafka.inputs.purchases", "{purchases: .}": "kafka.inputs.purchases",
		"{purchases: ..}": "kafka.inputs.purchases", "{visits: größe}": "kafka.inputs.visits",
		"{erasures: " + long + "}": "kafka.inputs.erasures", "{complaints: a/b}": "kafka.inputs.complaints",
		"{alert_feedback: holdfast.alerts.v1}":                                   "sinks.kafka.alerts",
		"{visits: \"\", complaints: \"\", erasures: \"\", alert_feedback: \"\"}": "",
		"{purchases: " + long[:249] + "}":                                        "",
	} {
		failed(t, valid+"  inputs: "+text+"\n", want)
	}
	for text, want := range map[string]string{"\"\"": "kafka.group", "a b": "kafka.group", long[:201]: "kafka.group",
		long[:200]: "", "a/b": "kafka.group", "a.b-c_9": ""} {
		failed(t, valid+"  group: "+text+"\n", want)
	}
	for _, name := range []string{"alerts", "loyalty", "dlq"} {
		failed(t, valid+"sinks: {kafka: {"+name+": \"\"}}\n", "sinks.kafka."+name)
	}
}

// failed asks that one key, or none, is refused.
func failed(t *testing.T, file, path string) {
	t.Helper()
	got := problemsOf(t, file, nil, nil)
	switch text := strings.Join(got, "\n"); {
	case path == "" && len(got) > 0, path != "" && len(got) != 1, !strings.Contains(text, "error  "+path):
		if path != "" || text != "" {
			t.Errorf("%s: %q, want %s refused", file, got, path)
		}
	}
}

func TestLoginAndCertificates(t *testing.T) {
	for text, want := range map[string]string{
		"sasl: {user: u}": "kafka.sasl.mechanism", "sasl: {password_file: f}": "kafka.sasl.mechanism",
		"sasl: {mechanism: scram-sha-512}":                                         "kafka.sasl",
		"sasl: {mechanism: scram-sha-512, user: u}":                                "kafka.sasl",
		"sasl: {mechanism: scram-sha-256, password_file: f}":                       "kafka.sasl",
		"sasl: {mechanism: scram-sha-256, user: u, password_file: f}":              "",
		"sasl: {mechanism: SCRAM-SHA-512, user: u, password_file: f}":              "kafka.sasl.mechanism",
		"sasl: {mechanism: plain, user: u, password_file: f}":                      "kafka.sasl.mechanism",
		"tls: {cert_file: c}":                                                      "kafka.tls",
		"tls: {key_file: k}":                                                       "kafka.tls",
		"tls: {cert_file: c, key_file: k}":                                         "",
		"tls: {ca_file: a}\n  sasl: {mechanism: plain, user: u, password_file: f}": "",
	} {
		failed(t, valid+"  "+text+"\n", want)
	}
}

func TestSegmentsAreAClosedList(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("s%d,", 33), ",")
	numbers := make([]any, 33)
	for i := range numbers {
		numbers[i] = i
	}
	for text, want := range map[string]string{
		"[a, b]": "", "[]": "segments", "[a, a]": "segments", "[a, \" a \"]": "segments", "[\"\"]": "segments",
		"[" + strings.Repeat("x", 64) + "]": "", "[" + strings.Repeat("x", 65) + "]": "segments",
		"[" + fmt.Sprintf(many, numbers...) + "]":                                  "segments",
		"[" + fmt.Sprintf(strings.TrimSuffix(many, ",s%d"), numbers[:32]...) + "]": "",
	} {
		failed(t, valid+"segments: "+text+"\n", want)
	}
}

func TestPlaysAndMappings(t *testing.T) {
	for text, want := range map[string]string{
		"alerts: {plays: {OVERDUE: {play: p}}}":                                           "",
		"alerts: {plays: {OVERDU: {play: p}}}":                                            "alerts.plays.OVERDU",
		"alerts: {plays: {OVERDUE: {title: t}}}":                                          "alerts.plays.OVERDUE",
		"alerts: {plays: {OVERDUE: {play: p, act_within: 366d}}}":                         "alerts.plays.OVERDUE.act_within",
		"mapping: {visits: {amounts: cents}}":                                             "mapping.visits.amounts",
		"mapping: {visits: {refunds: minus}}":                                             "mapping.visits.refunds",
		"mapping: {visits: {time_zone: Berlin}}":                                          "mapping.visits.time_zone",
		"mapping: {visits: {fields: {kind: k}, constants: {kind: s}}}":                    "mapping.visits.constants.kind",
		"mapping: {visits: {fields: {kind: \"$.k\"}}}":                                    "mapping.visits.fields.kind",
		"mapping: {visits: {fields: {kind: k}, constants: {pages: 3}, amounts: decimal}}": "",
		"score: {weights: {OPEN_COMPLAINT: 11}}":                                          "score.weights.OPEN_COMPLAINT",
		"score: {weights: {OPEN_COMPLAINT: -10}}":                                         "",
		"score: {horizon: 36h}":                                                           "score.horizon",
		"score: {params: auto}":                                                           "",
		"ops: {listen: localhost}":                                                        "ops.listen",
		"ops: {listen: \"\"}":                                                             "",
		"ops: {pprof: true, token_file: t}":                                               "",
	} {
		failed(t, valid+text+"\n", want)
	}
}

func TestAddressesOfClickHouse(t *testing.T) {
	for dsn, want := range map[string]string{
		"http://localhost:8123": "", "https://ch.example.com:8443": "", "clickhouse://127.0.0.1:9000": "",
		"tcp://ch:9440?secure=true": "", "clickhouse://ch:9440?secure=false": "without encryption",
		"clickhouse://ch:9440?secure=false&secure=true": "without encryption", "tcp://ch:9440?secure=1": "without encryption",
		"http://ch:8123": "without encryption", "ftp://localhost": "scheme", "localhost:8123": "is not an address",
		"http://": "is not an address", "://s3cret": "is not an address", "http://u:s3cret@local host": "is not an address",
		"http://u:s3cret@localhost:port": "is not an address", "u:s3cret@localhost:8123": "is not an address",
		"http://localhost,evil.example.com:8123": "without encryption",
	} {
		text := strings.Join(problemsOf(t, valid, nil, map[string]string{"sinks.clickhouse.dsn": dsn}), "\n")
		if want == "" && text != "" || !strings.Contains(text, want) || strings.Contains(text, "s3cret") {
			t.Errorf("%s: %q, want %q", dsn, text, want)
		}
	}
	both := valid + "sinks: {clickhouse: {dsn: \"http://localhost\", dsn_file: f}}\n"
	failed(t, both, "sinks.clickhouse.dsn")
	for _, name := range []string{"", "Holdfast", "1a", "a-b", "a`b", strings.Repeat("a", 65)} {
		failed(t, valid+fmt.Sprintf("sinks: {clickhouse: {database: %q}}\n", name), "sinks.clickhouse.database")
	}
}
