package main

import (
	"context"
	"regexp"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

// TestTranscriptOfExplain asks for customers while nothing is there, while an instance
// is at work, and after it has stopped: then their rows are told.
func TestTranscriptOfExplain(t *testing.T) {
	engine := enginetest.Start(t)
	environ := kafkaFor(t)
	environ["HOLDFAST_CLICKHOUSE_DSN"], environ["HOLDFAST_CLICKHOUSE_DATABASE"] = engine.DSN(), engine.Database()
	environ["HOLDFAST_OPS_LISTEN"] = freeAddress(t)
	tr := newTranscript(t, "explain", environ)
	tr.mask(regexp.QuoteMeta(engine.Addr()), "<clickhouse>")
	if got := holdfast(t, environ, "migrate", "up"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	tr.run("explain c-010")
	tr.run("explain c-010 --clickhouse off")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan outcome, 1)
	go func() { ended <- holdfastUntil(t, ctx, environ, "run") }()
	defer stop()
	tr.say("an instance starts")
	tr.run("backfill orders.csv --map orders.map.yml")
	tr.run("wait --caught-up")
	tr.run("explain c-010")
	tr.run("explain c-010 -o json")
	tr.run("explain nobody")
	stop()
	if end := <-ended; end.code != 0 {
		t.Fatalf("%+v", end)
	}
	tr.say("the instance has stopped")
	tr.run("explain c-010")
	tr.run("explain c-010 -o json")
	tr.run("explain nobody")
}
