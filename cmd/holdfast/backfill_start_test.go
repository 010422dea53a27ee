package main

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/pipeline/control"
)

// TestTheSameCommandGoesOn: what the internal topic tells of a session that was
// killed is where the same file begins, and what a session's name is good for.
func TestTheSameCommandGoesOn(t *testing.T) {
	environ := kafkaFor(t)
	run := func(code int, says string, args ...string) {
		t.Helper()
		if got := holdfast(t, environ, args...); got.code != code || !strings.Contains(got.stderr, says) {
			t.Errorf("%q: exit %d, want %d; stderr %q, want %q", args, got.code, code, got.stderr, says)
		}
	}
	run(0, "", "migrate", "up", "--clickhouse", "off")
	client, err := kgo.NewClient(kgo.SeedBrokers(environ["HOLDFAST_KAFKA_BROKERS"]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	const internal = "holdfast.internal.v1"
	ends := func(topic string) (positions []int64) {
		ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
		if err != nil {
			t.Error(err)
		}
		for _, end := range ends.Offsets().Sorted() {
			positions = append(positions, end.At)
		}
		return positions
	}
	sent := func(want int64) {
		t.Helper()
		if at := ends("retail.purchases.v1"); at[0]+at[1] != want {
			t.Errorf("%d records sent, want %d", at[0]+at[1], want)
		}
	}
	orders := "customer_id,occurred_at,kind,order_id,currency,amount_net\n" + strings.Join([]string{"a", "b", "c", "d", "e"},
		",2026-03-01,order,o,EUR,100\n") + ",2026-03-01,order,o,EUR,100\n"
	file := write(t, "o.csv", orders)
	run(1, "no backfill b-1 is open, nor any other", "backfill", "--close", "b-1")
	run(0, "no backfill was open", "backfill", "--close", "all")
	run(0, "5 events sent", "backfill", file)
	sent(5)
	sessions, err := backfill.ReadSessions(t.Context(), client, internal)
	if err != nil || len(sessions) != 1 || !sessions[0].Ended || sessions[0].Open || sessions[0].Sent != 5 {
		t.Fatalf("%+v, %v", sessions, err)
	}
	id := sessions[0].ID
	run(1, "no backfill "+id+" is open, nor any other", "backfill", "--close", id)

	// Another one of it began, and was killed behind its second event.
	tell := func(kind control.Kind, events, sent int64) {
		t.Helper()
		at := ends("retail.purchases.v1")
		_, err := backfill.WriteControl(t.Context(), client, internal, []int32{0, 1}, func(n int32) control.Record {
			return control.Record{Kind: kind, Session: id, Topics: []string{"retail.purchases.v1"}, Offsets: []int64{at[n]},
				Content: sessions[0].Content, File: "o.csv", Begun: int64(sessions[0].Begun) + 1, Events: events, Sent: sent}
		})
		if err != nil {
			t.Error(err)
		}
	}
	tell(control.BackfillOpened, 6, 0)
	tell(control.BackfillReached, 6, 2)
	run(2, "has sent 2 of 6 events of this content, of which there are 5 now", "backfill", file)
	tell(control.BackfillOpened, 5, 2)
	run(2, "of this content as o.csv: give the file that name again", "backfill", write(t, "p.csv", orders))
	run(2, "--skip 6 is not within the 5 events", "backfill", "--skip", "6", file)
	run(1, "no backfill nobody is open; open: "+id, "backfill", "--close", "nobody")
	told := make(chan struct{})
	go func() {
		defer close(told)
		time.Sleep(hearing / 2) // after the command has begun to listen
		tell(control.BackfillReached, 5, 2)
	}()
	run(1, "session "+id+" is being sent by another process", "backfill", file)
	<-told
	run(0, "it is closed at the next start", "backfill", "--close", id)
	sent(5)
	run(0, "continues session "+id+" behind event 2 of 5\n3 events sent", "backfill", file)
	sent(8)
	run(2, "this content was sent on ", "backfill", file)
	sent(8)
}
