package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestTranscriptOfVersion(t *testing.T) {
	tr := newTranscript(t, "version", nil)
	tr.mask(`holdfast [^<].* go[0-9][^ ]* [a-z]+/[a-z0-9]+`, "holdfast <version> <go> <platform>")
	tr.mask(`\{"version":"[^}]*"go":"[^"]+","platform":"[^"]+"\}`,
		`{"version":"<version>","go":"<go>","platform":"<platform>"}`)
	tr.run("version")
	tr.run("version -o json")
	tr.run("version -o xml")
}

func TestTranscriptOfTheConfiguration(t *testing.T) {
	tr := newTranscript(t, "config", map[string]string{"HOLDFAST_TIME_CLOCK": "events"})
	tr.write("holdfast.yml", "version: 1\nkafka: {brokers: [\"localhost:9092\"], group: shop, partitions: 6}\n"+
		"sinks: {clickhouse: {dsn: \"http://u:hunter2@localhost:8123\"}}\n")
	tr.write("bad.yml", "version: 2\nkafka: {groop: shop, partitions: many}\ntime: {business_zone: Mars/Base}\n"+
		"alerts: {levels: {watch: {enter: 3}}}\n")
	tr.run("config print -c holdfast.yml")
	tr.run("config print -c holdfast.yml --source --effective=false --brokers localhost:1,localhost:2")
	tr.run("config print -c holdfast.yml --effective=false -o json")
	tr.run("config print -c bad.yml")
	tr.run("validate holdfast.yml --connect=false")
	tr.run("validate bad.yml")
	tr.run("validate bad.yml -o json")
	tr.run("validate nowhere.yml")
}

// TestTranscriptOfTopics is the way from an empty Kafka to topics that fit.
func TestTranscriptOfTopics(t *testing.T) {
	tr := newTranscript(t, "topics", kafkaFor(t))
	for _, line := range []string{"validate", "migrate plan", "migrate status", "wait --caught-up --timeout 200ms",
		"migrate up", "migrate up --topics", "migrate status -o json", "migrate up --tables", "validate"} {
		tr.run(line + " --clickhouse off")
	}
	tr.run("wait --caught-up --timeout 200ms --clickhouse off")
}

func TestTranscriptOfProduce(t *testing.T) {
	environ := kafkaFor(t)
	if got := holdfast(t, environ, "migrate", "up", "--topics"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	tr := newTranscript(t, "produce", environ)
	tr.mask(`\b[1-9][0-9]* (events sent|of them bad)`, "<count> ${1}")
	for _, scenario := range []string{"steady", "spike", "late", "poison"} {
		tr.run("produce --rate 500 --duration 100ms --scenario " + scenario)
	}
	tr.run("produce --scenario calm")
	tr.run("produce --rate 0")
}

const mixedOrders = `customer_id,occurred_at,kind,order_id,currency,amount_net
c-1,2026-01-01,order,a,EUR,100
c-1,2026-02-01,order,b,EUR,300
c-2,2026-01-02,order,c,EUR,500
c-2,2026-01-02,order,c,EUR,500
c-3,then,order,d,EUR,500
c-4,2026-01-03,gift,e,EUR,500
`

func TestTranscriptOfBackfill(t *testing.T) {
	environ := kafkaFor(t)
	if got := holdfast(t, environ, "migrate", "up", "--topics"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	tr := newTranscript(t, "backfill", environ)
	tr.mask(`"event_id":"[^"]*"`, `"event_id":"<id>"`)
	tr.mask(`was sent on [-0-9]{10}`, `was sent on <day>`)
	tr.mask(`already, from [-0-9T:Z]{20} on`, `already, from <time> on`)
	tr.write("mixed.csv", mixedOrders)
	tr.write("differing.csv", mixedOrders+"c-2,2026-01-02,order,c,EUR,501\n")
	tr.write("empty.csv", "customer_id,occurred_at,kind,currency,amount_net\n")
	tr.write("wrong.yml", "amounts: decimal\nfields: {customer_id: client}\n")
	tr.run("backfill orders.csv --map orders.map.yml --dry-run")
	tr.run("backfill orders.csv --map wrong.yml --dry-run")
	tr.run("backfill mixed.csv --dry-run")
	tr.show("mixed.csv.rejects.ndjson")
	tr.run("backfill differing.csv")
	tr.run("backfill empty.csv")
	tr.run("backfill mixed.csv")
	tr.run("backfill mixed.csv")
	tr.run("backfill mixed.csv --skip 2 --again --quiet")
	tr.run("backfill orders.csv --map orders.map.yml")
	tr.run("backfill --close all")
	tr.run("backfill --close nobody")
}

// TestTranscriptOfOffsets shows and moves positions of inputs that retention cut.
func TestTranscriptOfOffsets(t *testing.T) {
	p := newPlace(t)
	tr := newTranscript(t, "offsets", p.environ)
	tr.run("offsets show")
	tr.say("10 orders come, all are counted, 4 more come, and 12 are deleted")
	p.orders(0, 0, 10)
	p.caughtUp()
	p.orders(0, 10, 14)
	p.deleteBefore(purchaseTopic, 0, 12)
	tr.mask(`(holdfast\.outbox\.v1/[01]) +[0-9 -]+`, "${1} <offsets>")
	tr.mask(`(holdfast\.internal\.v1/[01]) +[0-9 -]+`, "${1} <offsets>")
	tr.run("offsets show")
	tr.run("offsets skip")
	tr.run("offsets skip --input retail.purchases.v1/7")
	tr.run("offsets skip --input retail.purchases.v1")
	tr.run("offsets skip --input retail.purchases.v1 -o json")
	tr.run("offsets show")
	tr.run("offsets rewind --input retail.purchases.v1/0 --to 12")
	tr.run("offsets rewind --input retail.purchases.v1/0 --to 11 --yes")
	tr.run("offsets rewind --input retail.purchases.v1/0 --to 99 --yes")
	tr.run("offsets skip --loader")
	tr.run("offsets rewind --loader --to start")
}

// TestTranscriptOfControl speaks to no instance, and then to one that runs.
func TestTranscriptOfControl(t *testing.T) {
	p := newPlace(t)
	tr := newTranscript(t, "control", p.environ)
	tr.run("rows")
	tr.run("rows resend")
	tr.run("clock repair")
	tr.run("wait")
	tr.run("health")
	p.orders(0, 0, 10)
	tr.say("an instance starts")
	stop, ended := p.run()
	tr.run("wait --caught-up")
	for holdfast(t, p.environ, "health").code != 0 {
		if t.Context().Err() != nil {
			t.Fatal("it is never ready")
		}
	}
	tr.run("health")
	tr.run("rows resend")
	tr.run("clock repair")
	tr.run("rows resend --quiet")
	stop()
	if end := <-ended; end.code != 0 {
		t.Fatalf("%+v", end)
	}
}

// TestTranscriptOfTables is the way of orders into ClickHouse, and what is said of them there.
func TestTranscriptOfTables(t *testing.T) {
	engine := enginetest.Start(t)
	environ := kafkaFor(t)
	environ["HOLDFAST_CLICKHOUSE_DSN"], environ["HOLDFAST_CLICKHOUSE_DATABASE"] = engine.DSN(), engine.Database()
	tr := newTranscript(t, "tables", environ)
	tr.mask(regexp.QuoteMeta(engine.Addr()), "<clickhouse>")
	tr.mask(regexp.QuoteMeta(engine.Database()), "<database>")
	tr.mask(`(?m)^( +[01]) +[0-9]{6,} +[1-9][0-9]* +[1-9][0-9]* `, "${1}      <life>        <rows>        <rows> ")
	for _, line := range []string{"validate", "migrate plan", "migrate up", "migrate up", "migrate status", "validate",
		"audit"} {
		tr.run(line)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan outcome, 1)
	go func() { ended <- holdfastUntil(t, ctx, environ, "run") }()
	defer stop()
	tr.say("an instance starts")
	tr.run("backfill orders.csv --map orders.map.yml")
	tr.run("wait --caught-up")
	tr.run("audit")
	tr.run("rows resend")
	stop()
	if end := <-ended; end.code != 0 {
		t.Fatalf("%+v", end)
	}
}

// TestTranscriptOfModels fits models to a log and scores customers by them.
func TestTranscriptOfModels(t *testing.T) {
	tr := newTranscript(t, "models", nil)
	tr.write("short.csv", "customer,date\nc-1,2026-01-01\nc-1,never\n")
	// The last digits, and the way to them, differ from processor to processor.
	tr.mask(`([0-9]\.[0-9]{4})[0-9]+(e[+-][0-9]+)?`, "${1}…${2}")
	tr.mask(`[0-9]+ evaluations`, "<count> evaluations")
	tr.mask(`"evaluations": [0-9]+`, `"evaluations": <count>`)
	tr.run("fit orders.csv --amount amount --refund kind=refund --spend --triples base.csv --write fitted.json")
	tr.run("fit orders.csv --until 2026-06-30 --amount amount --refund kind=refund -o json")
	tr.run("fit short.csv")
	tr.run("fit nowhere.csv")
	got := tr.run("score base.csv --params fitted.json")
	if lines := strings.Count(got.stdout, "\n"); lines < 10 {
		t.Errorf("%d customers are scored", lines)
	}
	tr.run("score base.csv")
	tr.run("score orders.csv --params fitted.json")
	if err := os.Remove("fitted.json"); err != nil {
		t.Fatal(err)
	}
	tr.run("score base.csv --params fitted.json")
}

// TestTranscriptOfEngines shows what the embedded engines and the demo print first.
func TestTranscriptOfEngines(t *testing.T) {
	tr := newTranscript(t, "engines", map[string]string{"HOLDFAST_OPS_LISTEN": "127.0.0.1:0"})
	tr.mask(`127\.0\.0\.1:[0-9]{4,5}`, "<address>")
	tr.mask(`holdfast [^ ]+\nembedded`, "holdfast <version>\nembedded")
	tr.mask(` +[0-9.]+s\n`, " <seconds>\n")
	tr.mask(`[0-9]+ events +<`, "<count> events <")
	tr.mask(`[0-9]+ told · [0-9]+ of them critical +<`, "<count> told · <count> of them critical <")
	tr.mask(`(?m)^<address> is in use, .*\n`, "") // a test beside this one, or a demo
	tr.begin("engines --clickhouse-listen off", "Ctrl-C stops.")
	tr.begin("demo --customers 50 --days 30 --clickhouse off --no-color --quiet", "[5/5]")
	tr.run("demo --customers 0")
}
