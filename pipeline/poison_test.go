package pipeline_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/schemas/topics"
)

// allowLarge lets the input topics take records of up to 200 MiB, and gives a
// client that sends them to the partition that a record names.
func (v *virtual) allowLarge() *kgo.Client {
	v.t.Helper()
	for _, kind := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
		size := strconv.Itoa(200 << 20)
		answers, err := kadm.NewClient(v.client).AlterTopicConfigs(v.ctx(),
			[]kadm.AlterConfig{{Name: "max.message.bytes", Value: &size}}, v.topicOf(kind))
		if err != nil || answers[0].Err != nil {
			v.t.Fatal(err, answers)
		}
	}
	client, err := kgo.NewClient(append(v.reach(), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(200<<20), kgo.BrokerMaxWriteBytes(400<<20), kgo.ProducerLinger(50*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()))...)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(client.Close)
	return client
}

// deadLetters are the dead letters by the place of their originals.
func (v *virtual) deadLetters() map[string]*kgo.Record {
	v.t.Helper()
	found := map[string]*kgo.Record{}
	for _, r := range v.read(v.names[topics.DeadLetters]) {
		place := fmt.Sprintf("%s/%s/%s", headerOf(r, "__connect.errors.topic"),
			headerOf(r, "__connect.errors.partition"), headerOf(r, "__connect.errors.offset"))
		if found[place] != nil {
			v.t.Errorf("two dead letters of %s", place)
		}
		if strconv.Itoa(int(r.Partition)) != headerOf(r, "__connect.errors.partition") {
			v.t.Errorf("the dead letter of %s lies on partition %d", place, r.Partition)
		}
		found[place] = r
	}
	return found
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func placeOf(r *kgo.Record) string { return fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset) }

// poisoned sends every bad record that there is among good ones, in one piece
// of 100 MiB too, and returns what was sent with what must come of it.
func (v *virtual) poisoned(client *kgo.Client) (sent []*kgo.Record, bad []workload.Poison) {
	v.t.Helper()
	bad = append(workload.Poisons(start), workload.Oversized(100<<20-4096, start))
	for n, p := range bad {
		headers := []kgo.RecordHeader{{Key: "trace", Value: []byte(p.Name)}}
		if p.EventID != nil {
			headers = append(headers, kgo.RecordHeader{Key: "ce_id", Value: p.EventID})
		}
		r := &kgo.Record{Topic: v.topicOf(p.Topic), Partition: int32(n % testPartitions), Key: p.Key, Value: p.Value,
			Headers: headers}
		if err := client.ProduceSync(v.ctx(), r).FirstErr(); err != nil {
			v.t.Fatalf("%s: %v", p.Name, err)
		}
		sent = append(sent, r)
	}
	return sent, bad
}

func TestEveryBadRecordIsADeadLetter(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		good := few(200, start)
		cfg := v.honest()
		v.produce(good[:100])
		sent, bad := v.poisoned(v.allowLarge())
		v.produce(good[100:])
		// The first commit is taken back: its dead letters go with it.
		aborted := v.engine.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TopLevel: true, Err: kerr.TransactionAbortable})
		p := v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		if aborted.Hits() == 0 {
			t.Error("no commit was aborted")
		}
		letters := v.deadLetters()
		for n, p := range bad {
			letter := letters[placeOf(sent[n])]
			if letter == nil {
				t.Errorf("%s: no dead letter", p.Name)
				continue
			}
			sameLetter(t, p, sent[n], letter)
		}
		if len(letters) != len(bad) {
			t.Errorf("%d dead letters of %d bad records", len(letters), len(bad))
		}
		v.verify(cfg, len(good)+len(bad))
		rejected := uint64(0)
		for _, entries := range v.history(cfg).entries {
			rejected += shard.CountersOf(entries[len(entries)-1].Counters).Rejected
		}
		if rejected != uint64(len(bad)) {
			t.Errorf("counted %d rejects of %d", rejected, len(bad))
		}
	})
}

// sameLetter holds a dead letter against the record that it is of.
func sameLetter(t *testing.T, p workload.Poison, sent, letter *kgo.Record) {
	t.Helper()
	if got := headerOf(letter, "holdfast.dlq.reason"); got != p.Want.String() {
		t.Errorf("%s: reason %q, want %q", p.Name, got, p.Want)
	}
	if headerOf(letter, "trace") != p.Name {
		t.Errorf("%s: the record's own header is gone", p.Name)
	}
	if !bytes.Equal(letter.Key, sent.Key) || (letter.Key == nil) != (sent.Key == nil) {
		t.Errorf("%s: another key", p.Name)
	}
	want := sent.Value
	if p.Want == decode.TooLarge {
		want = want[:64<<10]
		sum := sha256.Sum256(sent.Value)
		if headerOf(letter, "holdfast.dlq.size") != strconv.Itoa(len(sent.Value)) ||
			headerOf(letter, "holdfast.dlq.sha256") != hex.EncodeToString(sum[:]) ||
			headerOf(letter, "holdfast.dlq.truncated") != "true" {
			t.Errorf("%s: size, sum or truncated are wrong", p.Name)
		}
	}
	if !bytes.Equal(letter.Value, want) || (letter.Value == nil) != (want == nil) {
		t.Errorf("%s: other bytes", p.Name)
	}
}

// TestABatchThatDecompressesBeyondItsLimitIsSkipped has one between good
// records, and a death after it, so that it is replayed across. What is in it
// would be good, too: it must be left out both times.
func TestABatchThatDecompressesBeyondItsLimitIsSkipped(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		cfg.BatchBytes = 1 << 20
		good := items(workload.LoadConfig{Events: 6000, Customers: 40_000, Seed: 6, Start: start - 40*event.Day24h,
			Step: 8 * event.Minute})
		v.produce(good[:4000])
		bomb := v.bomb(v.allowLarge())
		v.produce(good[4000:])
		v.dieAfterCommits(cfg, 3)
		entries := v.history(cfg).entries[1]
		if e := entries[len(entries)-1]; e.OldestNeeded > 1 || e.Inputs[1].To <= bomb[2].Offset {
			t.Fatalf("batch %d reaches visit %d and needs batch %d: nothing is replayed across the skipped batch",
				e.Batch, e.Inputs[1].To, e.OldestNeeded)
		}
		p := v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		letters := v.deadLetters()
		letter := letters[placeOf(bomb[0])]
		if letter == nil || len(letters) != 1 {
			t.Fatalf("dead letters %v, want one at %s", letters, placeOf(bomb[0]))
		}
		if got := headerOf(letter, "holdfast.dlq.reason"); got != decode.BadEncoding.String() {
			t.Errorf("reason %q", got)
		}
		h := v.history(cfg)
		if _, known := h.rows["c-bomb"]; known {
			t.Error("a row tells of a customer who is in the skipped batch only")
		}
		read := uint64(0)
		for _, entries := range h.entries {
			read += shard.CountersOf(entries[len(entries)-1].Counters).Read
		}
		if read != uint64(len(good)) {
			t.Errorf("counted %d records of %d", read, len(good))
		}
	})
}

// bomb sends good events in one batch of more than 1 MiB.
func (v *virtual) bomb(client *kgo.Client) []*kgo.Record {
	v.t.Helper()
	bomb := make([]*kgo.Record, 3)
	for n := range bomb {
		value := fmt.Sprintf(`{"event_id":"bomb-%d","event_type":"visit","occurred_at":"%s","customer_id":"c-bomb","kind":"session","x":"%s"}`,
			n, workload.TimeOf(start-event.Hour).Format(time.RFC3339), bytes.Repeat([]byte("x"), 500<<10))
		bomb[n] = &kgo.Record{Topic: v.topicOf(event.Visit), Partition: 1, Key: []byte("c-bomb"), Value: []byte(value)}
		client.Produce(v.ctx(), bomb[n], func(_ *kgo.Record, err error) {
			if err != nil {
				v.t.Error(err)
			}
		})
	}
	if err := client.Flush(v.ctx()); err != nil {
		v.t.Fatal(err)
	}
	return bomb
}

// TestADeadLetterThatFailsAgainSaysWhy repairs a record that was set aside, but
// not wholly, and sends it again with the headers of its dead letter.
func TestADeadLetterThatFailsAgainSaysWhy(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		client, topic := v.allowLarge(), v.topicOf(event.Purchase)
		send := func(occurredAt, currency string, headers []kgo.RecordHeader) *kgo.Record {
			r := &kgo.Record{Topic: topic, Partition: 2, Key: []byte("k-1"), Headers: headers, Value: fmt.Appendf(nil,
				`{"event_id":"e-1","event_type":"purchase","occurred_at":%q,"customer_id":"k-1","kind":"order","order_id":"o-1",`+
					`"currency":%q,"amount_net":1000}`, occurredAt, currency)}
			if err := client.ProduceSync(v.ctx(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
			return r
		}
		when := time.UnixMicro(int64(start)).UTC()
		p := v.run(cfg)
		first := send("soon", "euro", []kgo.RecordHeader{{Key: "trace", Value: []byte("7")}, {Key: "holdfast.dlq.reason",
			Value: []byte("fake")}})
		v.caughtUp(cfg)
		letter := v.deadLetters()[placeOf(first)]
		if letter == nil {
			t.Fatal("no dead letter")
		}
		v.setWall(start + event.Hour)
		again := send(when.Format("2006-01-02 15:04:05 -0700"), "euro", letter.Headers)
		v.caughtUp(cfg)
		second := v.deadLetters()[placeOf(again)]
		if second == nil {
			t.Fatal("no second dead letter")
		}
		send(when.Format(time.RFC3339Nano), "EUR", second.Headers)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		seen := when.Format("2006-01-02T15:04:05.000000Z")
		for n, want := range []map[string]string{
			{"holdfast.dlq.reason": "bad_time", "holdfast.dlq.attempts": "1", "holdfast.dlq.first_seen": seen, "trace": "7"},
			{"holdfast.dlq.reason": "bad_value", "holdfast.dlq.attempts": "2", "holdfast.dlq.first_seen": seen, "trace": "7",
				"__connect.errors.exception.message": "currency: must be three capital letters",
				"__connect.errors.class.name":        "holdfast.bad_value"},
		} {
			r := []*kgo.Record{letter, second}[n]
			for key, value := range want {
				if got := headerOf(r, key); got != value {
					t.Errorf("letter %d, %s: got %q, want %q", n+1, key, got, value)
				}
			}
		}
		if n := len(v.deadLetters()); n != 2 {
			t.Errorf("%d dead letters, want 2: the third sending was good", n)
		}
	})
}
