package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// valid is the least that a file must hold.
const valid = "kafka:\n  brokers: [localhost:9092]\n"

// problemsOf loads a file and returns its problems, one a line.
func problemsOf(t *testing.T, file string, environ, flags map[string]string) []string {
	t.Helper()
	loaded, err := Load(Input{Path: "h.yaml", File: []byte(file), Environ: environ, Flags: flags, HostName: "host"})
	var problems []Problem
	if err != nil {
		var invalid *Invalid
		if !errors.As(err, &invalid) {
			t.Fatalf("Load: %v is no *Invalid", err)
		}
		problems = invalid.Problems
	} else {
		problems = loaded.Warnings
	}
	lines := []string{}
	for _, problem := range problems {
		lines = append(lines, problem.String())
	}
	return lines
}

func TestEachMistakeIsReportedWithItsLineAndWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want string
	}{
		"unknown key": {valid + "  groop: x\n",
			"h.yaml:3  error  kafka.groop: is not a known key → did you mean group?"},
		"unknown section": {valid + "kafak: {}\n", "h.yaml:3  error  kafak: is not a known key → did you mean kafka?"},
		"key elsewhere": {valid + "brokers: [a:1]\n",
			"h.yaml:3  error  brokers: is not a known key → did you mean kafka.brokers?"},
		"unknown, no hint": {valid + "zzzzzzzz: 1\n",
			"h.yaml:3  error  zzzzzzzz: is not a known key → leave it out; `holdfast config print` shows all keys"},
		"broken YAML": {"kafka: [\n", "h.yaml:1  error  the YAML cannot be read: "},
		"key twice": {valid + "money: {}\nmoney: {}\n",
			"h.yaml:4  error  the YAML cannot be read: mapping key \"money\" already defined"},
		"two documents": {valid + "---\nmoney: {}\n",
			"h.yaml:4  error  a second document begins here → keep one document in the file"},
		"no mapping":     {"- a\n", "h.yaml:1  error  must be a mapping of keys"},
		"section scalar": {valid + "money: EUR\n", "h.yaml:3  error  money: must be a mapping of keys"},
		"list expected": {"kafka:\n  brokers: localhost:9092\n",
			"h.yaml:2  error  kafka.brokers: must be a list → write [localhost:9092]"},
		"mapping for a list": {"kafka:\n  brokers: {a: 1}\n", "h.yaml:2  error  kafka.brokers: must be a list"},
		"three for a pair": {valid + "alerts: {levels: {watch: [0.5, 0.6, 0.7]}}\n", "h.yaml:3  error  " +
			"alerts.levels.watch: \"[0.5, 0.6, 0.7]\" is not a pair"},
		"lists for a pair": {valid + "alerts: {levels: {watch: [[0.5], {a: 0.6}]}}\n", "h.yaml:3  error  " +
			"alerts.levels.watch: \"[…, …]\" is not a pair"},
		"no value": {valid + "  group:\n",
			"h.yaml:3  error  kafka.group: has no value → give one or leave the key out"},
		"list for scalar": {valid + "  group: [a]\n", "h.yaml:3  error  kafka.group: is a list; it must be one value"},
		"map for scalar":  {valid + "  group: {a: 1}\n", "h.yaml:3  error  kafka.group: is a mapping; it must be one value"},
		"bad duration": {valid + "alerts: {dwell: 1 day}\n", "h.yaml:3  error  alerts.dwell: \"1 day\" is not a " +
			"duration; write a number and a unit, such as 250ms, 30s, 5m, 24h or 90d"},
		"bad size": {valid + "  max_record_bytes: 1MB\n", "h.yaml:3  error  kafka.max_record_bytes: \"1MB\" is " +
			"not a size; write bytes or a binary unit, such as 512, 64KiB or 1MiB"},
		"bad bool": {valid + "metrics: {per_partition: yes}\n",
			"h.yaml:3  error  metrics.per_partition: \"yes\" is not true or false"},
		"bad number": {valid + "  partitions: six\n",
			"h.yaml:3  error  kafka.partitions: \"six\" is not a whole number"},
		"bad pair": {valid + "alerts: {levels: {watch: 0.5}}\n", "h.yaml:3  error  alerts.levels.watch: \"0.5\" " +
			"is not a pair; write [enter below, leave above], such as [0.30, 0.40]"},
		"bad day": {valid + "time: {min_event_time: 1990}\n",
			"h.yaml:3  error  time.min_event_time: \"1990\" is not a day; write YYYY-MM-DD"},
		"not yet": {valid + "web: {listen: 127.0.0.1:8080}\n",
			"h.yaml:3  error  web: has no effect yet: the web page comes in a later release → leave the key out"},
		"not yet, nested": {valid + "score:\n  k: 2\n", "h.yaml:4  error  score.k: has no effect yet: regular buyers (k " +
			"above 1) comes in a later release → leave the key out"},
		"no broker": {"money: {currency: EUR}\n", "h.yaml  error  kafka.brokers: no broker is given → name at " +
			"least one broker, such as [kafka.example.com:9093], or set HOLDFAST_KAFKA_BROKERS"},
		"plaintext": {"kafka:\n  brokers:\n  - a.example.com:9092\n", "h.yaml:2  error  kafka.brokers[0]: " +
			"a.example.com:9092 would be talked to without encryption → set kafka.tls.enabled: true or kafka.tls.ca_file; on " +
			"a network of your own for trying out, use --insecure-dev"},
		"no address": {"kafka: {brokers: [localhost]}\n",
			"h.yaml:1  error  kafka.brokers[0]: \"localhost\" is not an address → write host:port, such as localhost:9092"},
		"zone": {valid + "time:\n  business_zone: Europe/Berlim\n", "h.yaml:4  error  time.business_zone: " +
			"\"Europe/Berlim\" is not a time zone → use an IANA name, such as Europe/Berlin or UTC"},
		"clock": {valid + "time: {clock: event}\n",
			"h.yaml:3  error  time.clock: \"event\" is not one of honest, events → did you mean events?"},
		"no clock": {valid + "time: {clock: \"\"}\n",
			"h.yaml:3  error  time.clock: \"\" is not one of honest, events"},
		"currency": {valid + "money: {currency: euro}\n",
			"h.yaml:3  error  money.currency: \"euro\" is not a currency → use three capitals of ISO 4217, such as EUR or USD"},
		"NaN": {valid + "money: {margin_ratio: .nan}\n",
			"h.yaml:3  error  money.margin_ratio: \".nan\" is not a number"},
		"NaN, Go's": {valid + "money: {margin_ratio: NaN}\n",
			"h.yaml:3  error  money.margin_ratio: NaN is outside 0 to 1"},
		"no purchases": {valid + "  inputs: {purchases: \"\"}\n",
			"h.yaml:3  error  kafka.inputs.purchases: without purchases there is nothing to say → name the topic of purchases"},
		"same topic": {valid + "  inputs: {visits: retail.purchases.v1}\n",
			"h.yaml:3  error  kafka.inputs.visits: is the same topic as kafka.inputs.purchases → give each its own topic"},
		"half a model": {valid + "score:\n  params: {r: 1, alpha: 2, a: 3}\n",
			"h.yaml:4  error  score.params.b: is missing → give all of r, alpha, a, b, or none"},
		"no finite mean": {valid + "score: {spend: {p: 6, q: 0.9, nu: 15}}\n",
			"h.yaml:3  error  score.spend.q: 0.9 gives no finite mean; it must be above 1"},
		"no evidence yet": {valid + "score: {weights: {LATE_DELIVERY: 0.5, VISITS_DOWN: 0}}\n", "h.yaml:3  error  " +
			"score.weights.LATE_DELIVERY: would have no effect: Holdfast does not count yet when an order was to be " +
			"delivered → leave it out"},
		"unknown reason": {valid + "score: {weights: {OPEN_COMPLAIN: 1}}\n", "h.yaml:3  error  " +
			"score.weights.OPEN_COMPLAIN: \"OPEN_COMPLAIN\" is not one of OPEN_COMPLAINT, TOP_BOX_LOST, REFUND, " +
			"BASKET_SHRINK, REFERRAL → did you mean OPEN_COMPLAINT?"},
		"hysteresis": {valid + "alerts: {levels: {watch: [0.6, 0.5]}}\n", "h.yaml:3  error  alerts.levels.watch: is " +
			"left at 0.5, below where it is entered (0.6): it would come and go → write the smaller number first"},
		"no holdout": {valid + "alerts: {holdout_percent: 0}\n", "h.yaml:3  warning  alerts.holdout_percent: " +
			"without a holdout nobody can tell whether the alerts help → hold back a few percent"},
		"login in clear": {valid + "  sasl: {mechanism: plain, user: u, password_file: f}\n", "h.yaml:3  error  " +
			"kafka.sasl.mechanism: plain sends the password as it is and is allowed inside TLS only → switch TLS on or use " +
			"scram-sha-512"},
		"database": {valid + "sinks: {clickhouse: {database: \"a; DROP\"}}\n", "h.yaml:3  error  " +
			"sinks.clickhouse.database: \"a; DROP\" is not a database name → use small letters, digits and underscores"},
		"far ClickHouse": {valid + "sinks: {clickhouse: {dsn: \"http://ch:8123\"}}\n", "h.yaml:3  error  " +
			"sinks.clickhouse.dsn: would be talked to without encryption → use https:// or ?secure=true; on a network of " +
			"your own for trying out, use --insecure-dev"},
		"password in file": {valid + "sinks: {clickhouse: {dsn: \"http://u:p@localhost:8123\"}}\n", "h.yaml:3  warning  " +
			"sinks.clickhouse.dsn: carries a password → put the dsn into a file and name it as sinks.clickhouse.dsn_file"},
		"nested path": {valid + "mapping: {purchases: {fields: {customer_id: a.b}}}\n", "h.yaml:3  error  " +
			"mapping.purchases.fields.customer_id: nested paths come in a later release → name a field of the top object"},
		"mapping of what": {valid + "mapping: {purchase: {}}\n", "h.yaml:3  error  mapping.purchase: \"purchase\" is not " +
			"one of purchases, visits, complaints → did you mean purchases?"},
		"times": {valid + "mapping:\n  visits:\n    times: [epoch_millis]\n", "h.yaml:5  error  " +
			"mapping.visits.times: \"epoch_millis\" is no form of times, nor a layout with year, month and day, such as " +
			"02.01.2006 15:04:05 → did you mean epoch_ms?"},
		"strftime": {valid + "mapping: {visits: {times: [\"%d.%m.%Y\"]}}\n", "h.yaml:3  error  " +
			"mapping.visits.times: \"%d.%m.%Y\" is no form of times, nor a layout with year, month and day, such as " +
			"02.01.2006 15:04:05 → use rfc3339, local, date, epoch_s, epoch_ms, epoch_us, epoch_ns, or write 2 January 2006 " +
			"15:04:05 -0700 as the source would"},
		"times in one": {valid + "mapping: {visits: {times: epoch_ms}}\n",
			"h.yaml:3  error  mapping.visits.times: must be a list → write [epoch_ms]"},
		"zone of times": {valid + "mapping: {visits: {time_zone: Local}}\n", "h.yaml:3  error  " +
			"mapping.visits.time_zone: \"Local\" is not a time zone → use an IANA name, such as Europe/Berlin or UTC"},
		"open profiles": {valid + "ops: {pprof: true}\n", "h.yaml:3  error  ops.pprof: profiles show memory and must " +
			"not be open → name a file with a token as ops.token_file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := problemsOf(t, test.file, nil, nil)
			if len(got) != 1 || !strings.HasPrefix(got[0], test.want) {
				t.Errorf("problems:\n%s\nwant one:\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnceInTheOrderOfTheFile(t *testing.T) {
	got := problemsOf(t, "kafka:\n  brokers: [localhost:9092]\n  groop: x\nalerts:\n  dwell: soon\nmoney: {currency: "+
		"eur}\n",
		map[string]string{"HOLDFAST_KAFKA_PARTITIONS": "many"}, map[string]string{"time.clock": "wall"})
	want := []string{
		`environment  error  kafka.partitions: "many" is not a whole number → correct the variable HOLDFAST_KAFKA_PARTITIONS`,
		`flag  error  time.clock: "wall" is not one of honest, events`,
		`h.yaml:3  error  kafka.groop: is not a known key → did you mean group?`,
		`h.yaml:5  error  alerts.dwell: "soon" is not a duration; write a number and a unit, such as 250ms, 30s, 5m, 24h ` +
			`or 90d`,
		`h.yaml:6  error  money.currency: "eur" is not a currency → use three capitals of ISO 4217, such as EUR or USD`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFlagsWinOverEnvironmentOverFileOverDefault(t *testing.T) {
	file := valid + "  group: from-file\nmoney: {currency: USD}\ntime: {business_zone: Europe/Berlin}\nalerts: " +
		"{levels: {watch: [0.5, 0.7]}}\n"
	environ := map[string]string{
		"HOLDFAST_MONEY_CURRENCY": "CHF", "HOLDFAST_TIME_BUSINESS_ZONE": "Asia/Tokyo", "HOLDFAST_TIME_CLOCK": "",
		"HOLDFAST_KAFKA_BROKERS": "localhost:1, localhost:2", "HOLDFAST_ALERTS_LEVELS_AT_RISK": "0.3,0.45",
		"HOLDFAST_ALERTS_DWELL": "2d", "HOLDFAST_TIME_MIN_EVENT_TIME": "1996-01-01",
		"HOLDFAST_KAFKA_MAX_RECORD_BYTES": "2MiB",
		"HOLDFAST_SCORE_PARAMS_R":         "0.5", "HOLDFAST_SCORE_PARAMS_ALPHA": "6", "HOLDFAST_SCORE_PARAMS_A": "1",
		"HOLDFAST_SCORE_PARAMS_B": "2",
		"HOLDFAST_OPS_PPROF":      "false",
	}
	loaded, err := Load(Input{Path: "h.yaml", File: []byte(file), Environ: environ, HostName: "host",
		Flags: map[string]string{"time.business_zone": "UTC", "sinks.clickhouse.dsn": "http://localhost:8123",
			"ops.listen": ""}})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Kafka.Group, want.Kafka.InstanceID = "from-file", "host"
	want.Kafka.Brokers, want.Kafka.MaxRecordBytes = []string{"localhost:1", "localhost:2"}, 2<<20
	want.Sinks.ClickHouse.DSN = "http://localhost:8123"
	want.Money.Currency = "CHF"
	want.Alerts.Levels.Watch, want.Alerts.Levels.AtRisk, want.Alerts.Dwell = Band{0.5, 0.7}, Band{0.3, 0.45}, 2*day
	want.Score.Params = Params{0.5, 6, 1, 2}
	want.Ops.Listen = ""
	if err := want.Time.MinEventTime.UnmarshalText([]byte("1996-01-01")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, loaded.Config); diff != "" {
		t.Error(diff)
	}
	for path, want := range map[string]string{
		"kafka.group": "file h.yaml:3", "money.currency": "env HOLDFAST_MONEY_CURRENCY", "time.business_zone": "flag",
		"time.clock": "default", "alerts.levels.watch": "file h.yaml:6",
	} {
		for _, setting := range loaded.Settings(true) {
			if setting.Path == path && setting.Source != want {
				t.Errorf("%s comes from %q, want %q", path, setting.Source, want)
			}
		}
	}
}

func TestWithoutAFileTheEmbeddedAddressesAreInForce(t *testing.T) {
	loaded, err := Load(Input{HostName: "shop-1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := loaded.Kafka.Brokers; len(got) != 1 || got[0] != "127.0.0.1:9092" {
		t.Errorf("brokers %v", got)
	}
	if loaded.Sinks.ClickHouse.DSN != "http://127.0.0.1:8123" || loaded.Kafka.Group != "holdfast" ||
		loaded.Kafka.InstanceID != "shop-1" || loaded.Time.BusinessZone != "UTC" || loaded.Kafka.Partitions != 6 {
		t.Errorf("defaults: %+v", loaded.Config)
	}
}

func TestAFileWithoutClickHouseSwitchesItOff(t *testing.T) {
	loaded, err := Load(Input{Path: "h.yaml", File: []byte(valid), HostName: "host"})
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Sinks.ClickHouse.On() {
		t.Errorf("ClickHouse is on at %q though the file does not name it", loaded.Sinks.ClickHouse.DSN)
	}
}

func TestInsecureDevAllowsPlaintext(t *testing.T) {
	environ := map[string]string{"HOLDFAST_KAFKA_BROKERS": "kafka:19092",
		"HOLDFAST_CLICKHOUSE_DSN": "http://clickhouse:8123"}
	if _, err := Load(Input{Environ: environ, HostName: "h"}); err == nil {
		t.Error("plaintext to other hosts was accepted")
	}
	if _, err := Load(Input{Environ: environ, HostName: "h", InsecureDev: true}); err != nil {
		t.Error(err)
	}
}

func TestAMisspeltVariableIsWarnedOf(t *testing.T) {
	got := problemsOf(t, valid, map[string]string{"HOLDFAST_KAFKA_BROKER": "a:1",
		"HOLDFAST_SERVICE_PORT_9464_TCP_PROTO": "x", "HOME": "/"}, nil)
	want := []string{"environment  warning  HOLDFAST_KAFKA_BROKER is not a variable that is read → did you mean " +
		"HOLDFAST_KAFKA_BROKERS?"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnchorsAndAliasesAreFollowed(t *testing.T) {
	file := valid + "alerts:\n  plays:\n    OVERDUE: &back {play: comeback, act_within: 7d}\n    SLOWDOWN: *back\n"
	loaded, err := Load(Input{Path: "h.yaml", File: []byte(file), HostName: "host"})
	if err != nil {
		t.Fatal(err)
	}
	if got := loaded.Alerts.Plays["SLOWDOWN"]; got.ID != "comeback" || got.ActWithin != 7*day {
		t.Errorf("play by alias: %+v", got)
	}
}

// A pair may stand in any style that YAML has for a list.
func TestPairsInEveryStyle(t *testing.T) {
	for _, text := range []string{"[0.5, 0.75]", "[ 0.5,0.75 ] # a", "[\n  0.5,\n  0.75]", "\n    - 0.5\n    - 0.75",
		"\n    - \"0.5\" # below\n    - '0.75'", "\"0.5,0.75\"", "0.5,0.75", "&w [0.5, &x 0.75]", "[.5, 7.5e-1]"} {
		file := valid + "alerts:\n  levels:\n    watch: " + text + "\n"
		loaded, err := Load(Input{Path: "h.yaml", File: []byte(file), HostName: "host"})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := loaded.Alerts.Levels.Watch; got != (Band{0.5, 0.75}) {
			t.Errorf("%q: %v", text, got)
		}
	}
}
