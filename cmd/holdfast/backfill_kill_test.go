package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/backfill"
)

// TestAKilledBackfillIsSentOnce kills the command itself in its middle, and gives
// it again: there are as many records as events.
func TestAKilledBackfillIsSentOnce(t *testing.T) {
	const events = 60_000
	var text strings.Builder
	text.WriteString("customer_id,occurred_at,kind,order_id,currency,amount_net\n")
	for n := range events { // few customers, so that nothing is known again by what is remembered
		fmt.Fprintf(&text, "k-%d,2026-03-01,order,o-%d,EUR,100\n", n%5, n)
	}
	file := write(t, "orders.csv", text.String())
	environ := kafkaFor(t)
	if got := holdfast(t, environ, "migrate", "up", "--clickhouse", "off"); got.code != 0 {
		t.Fatalf("migrate up: %+v", got)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(environ["HOLDFAST_KAFKA_BROKERS"]))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	records := func() (n int64) {
		ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), "retail.purchases.v1")
		if err != nil {
			t.Fatal(err)
		}
		ends.Each(func(end kadm.ListedOffset) { n += end.Offset })
		return n
	}
	p := startProcess(t, environ, "backfill", file)
	for end := time.Now().Add(time.Minute); records() < events/3; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it sends nothing: %s", p.said.String())
		}
	}
	p.kill()
	killed := records()
	sessions, err := backfill.ReadSessions(t.Context(), client, "holdfast.internal.v1")
	if err != nil || len(sessions) != 1 || killed == events {
		t.Fatalf("%d records, sessions %+v, %v", killed, sessions, err)
	}
	t.Logf("killed after %d records, %d of them in whole stretches", killed, sessions[0].Sent)
	got := holdfast(t, environ, "backfill", file)
	want := fmt.Sprintf("continues session %s behind event %d of %d", sessions[0].ID, sessions[0].Sent, events)
	if got.code != 0 || !strings.Contains(got.stderr, want) || sessions[0].Sent == 0 {
		t.Errorf("exit %d, %q, want %q", got.code, got.stderr, want)
	}
	if now := records(); now != events {
		t.Errorf("%d records of %d events", now, events)
	}
}
