package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The way of a user with a Kafka and no ClickHouse: find out what is missing,
// create it, send a file, let it be applied, and wait for that.
func TestTheWayFromAnEmptyKafkaToAppliedEvents(t *testing.T) {
	environ := kafkaFor(t)
	off := []string{"--clickhouse", "off"}
	got := holdfast(t, environ, append([]string{"validate"}, off...)...)
	if got.code != 1 || !strings.Contains(got.stdout, "topic retail.purchases.v1  error  does not exist → create it, "+
		"or let `holdfast migrate up` do it, with 2 partitions") {
		t.Fatalf("validate before: %+v", got)
	}
	file := write(t, "orders.csv",
		"customer_id,occurred_at,kind,currency,amount_net\nc-1,2026-01-01,order,EUR,100\nc-2,2026-01-02,order,EUR,5\nc-3,then,order,EUR,5\n")
	rejects := filepath.Join(t.TempDir(), "rejects.ndjson")
	if got := holdfast(t, environ, "backfill", file, "--rejects", rejects); got.code != 1 ||
		!strings.Contains(got.stderr, "does not exist → create it, or let `holdfast migrate up` do it") {
		t.Fatalf("backfill without topics: %+v", got)
	}
	for _, want := range []string{"created", "exists"} {
		if got := holdfast(t, environ, append([]string{"migrate", "up"}, off...)...); got.code != 0 ||
			!strings.Contains(got.stdout, "retail.purchases.v1            "+want) {
			t.Fatalf("migrate up: %+v", got)
		}
	}
	if got := holdfast(t, environ, append([]string{"validate"}, off...)...); got.code != 0 {
		t.Fatalf("validate after: %+v", got)
	}
	got = holdfast(t, environ, "backfill", file, "--rejects", rejects)
	if got.code != 5 || !strings.Contains(got.stderr, "2 events from 2026-01-01 to 2026-01-02, 1 rows rejected") ||
		!strings.Contains(got.stderr, "2 events sent") {
		t.Fatalf("backfill: %+v", got)
	}
	text, err := os.ReadFile(rejects)
	if err != nil || !strings.Contains(string(text), `{"row":3,"reason":"bad_time","field":"occurred_at",`) ||
		!strings.Contains(string(text), `"raw":"c-3,then,order,EUR,5"}`) {
		t.Fatalf("rejects: %s, %v", text, err)
	}
	if got := holdfast(t, environ, append([]string{"wait", "--caught-up", "--timeout", "300ms"},
		off...)...); got.code != 1 || !strings.Contains(got.stderr, "not caught up within 300ms") {
		t.Fatalf("wait without run: %+v", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	running := make(chan outcome, 1)
	go func() { running <- holdfastUntil(t, ctx, environ, append([]string{"run"}, off...)...) }()
	got = holdfast(t, environ, append([]string{"wait", "--caught-up", "--timeout", "60s"}, off...)...)
	stop()
	if ended := <-running; ended.code != 0 || got.code != 0 {
		t.Fatalf("wait: %+v; run: %+v", got, ended)
	}
}

func TestUnequalInputsAreRefusedByEveryCommandThatWouldUseThem(t *testing.T) {
	environ := kafkaFor(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(environ["HOLDFAST_KAFKA_BROKERS"]))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for topic, partitions := range map[string]int32{"retail.purchases.v1": 3, "retail.visits.v1": 2} {
		if _, err := kadm.NewClient(client).CreateTopic(t.Context(), partitions, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"validate"}, {"migrate", "up"}, {"run", "--startup-timeout", "0s"},
		{"migrate", "status"}} {
		got := holdfast(t, environ, append(args, "--clickhouse", "off")...)
		if said := got.stdout + got.stderr; got.code != 1 || !strings.Contains(said, "partitions") {
			t.Errorf("%v: exit %d, %s", args, got.code, said)
		}
	}
}

func TestProduceSendsEveryScenario(t *testing.T) {
	environ := kafkaFor(t)
	if got := holdfast(t, environ, "migrate", "up", "--clickhouse", "off"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	for _, scenario := range []string{"steady", "spike", "late", "poison"} {
		got := holdfast(t, environ, "produce", "--scenario", scenario, "--rate", "500", "--duration", "200ms")
		var sent, bad int
		if _, err := fmt.Sscanf(got.stdout, "%d events sent, %d of them bad", &sent, &bad); err != nil ||
			got.code != 0 || sent == 0 {
			t.Errorf("%s: %+v, %v", scenario, got, err)
		}
		if (bad > 0) != (scenario == "poison") {
			t.Errorf("%s: %d bad ones of %d", scenario, bad, sent)
		}
	}
}

func TestAPortInUseIsToldWithWhatToDo(t *testing.T) {
	environ := kafkaFor(t)
	if got := holdfast(t, environ, "migrate", "up", "--clickhouse", "off"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	got := holdfast(t, environ, "run", "--clickhouse", "off", "--ops-listen", environ["HOLDFAST_KAFKA_BROKERS"])
	if got.code != 1 || !strings.Contains(got.stderr, "choose another address by --ops-listen or HOLDFAST_OPS_LISTEN") {
		t.Errorf("%+v", got)
	}
}

func TestAnInterruptedStartEndsCleanly(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got := holdfastUntil(t, ctx, nil, "run", "--brokers", "127.0.0.1:1", "--clickhouse", "off"); got.code != 0 {
		t.Errorf("%+v", got)
	}
}
