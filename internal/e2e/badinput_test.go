package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// Every kind of bad record, among them one of 100 MiB, between good ones: each
// is a dead letter with its reason, the good ones count, and nothing stops.
func TestBadRecordsAreSetAsideAndStopNothing(t *testing.T) {
	ops := freeAddress(t)
	w := newWorld(t, "HOLDFAST_OPS_LISTEN="+ops)
	running := w.start("run")
	now := workload.InstantOf(time.Now())
	poisons := append(workload.Poisons(now), workload.Oversized(100<<20, now))
	good := shopItems(60, 40)
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka), kgo.ProducerBatchMaxBytes(200<<20),
		kgo.BrokerMaxWriteBytes(256<<20),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedBytes(512<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	names := map[event.Type]string{event.Purchase: topics.DefaultNames()[topics.Purchases],
		event.Visit: topics.DefaultNames()[topics.Visits], event.Complaint: topics.DefaultNames()[topics.Complaints]}
	large := "209715200"
	if _, err := kadm.NewClient(client).AlterTopicConfigs(t.Context(),
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &large}}, names[event.Visit]); err != nil {
		t.Fatal(err)
	}
	for i, item := range good {
		if i*len(poisons)/len(good) != (i+1)*len(poisons)/len(good) {
			bad := poisons[i*len(poisons)/len(good)].Item
			w.send(client, names[bad.Topic], bad)
		}
		w.send(client, names[item.Topic], item)
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settled()
	w.wantDeadLetters(poisons)
	w.sameRows(oracleOf(t, good))
	if got := w.ask("SELECT count() FROM customer_current FINAL WHERE customer_id = '" + workload.PoisonCustomer() +
		"'"); got != "0" {
		t.Errorf("%s rows are about the customer whom bad records name", got)
	}
	select {
	case <-running.done:
		t.Errorf("run has ended")
	default:
	}
	if code := w.status("http://" + ops + "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz answers %d", code)
	}
}

// send hands one item over.
func (w *world) send(client *kgo.Client, topic string, item workload.Item) {
	w.t.Helper()
	record := &kgo.Record{Topic: topic, Key: item.Key, Value: item.Value}
	if len(item.EventID) > 0 {
		record.Headers = []kgo.RecordHeader{{Key: "ce_id", Value: item.EventID}}
	}
	client.Produce(w.t.Context(), record, func(_ *kgo.Record, err error) {
		if err != nil {
			w.t.Errorf("produce %d bytes to %s: %v", len(record.Value), topic, err)
		}
	})
}

// wantDeadLetters compares the dead letters with what was sent: one each, with
// the reason, and with all its bytes or their fingerprint.
func (w *world) wantDeadLetters(poisons []workload.Poison) {
	w.t.Helper()
	letters := w.read(topics.DefaultNames()[topics.DeadLetters])
	if len(letters) != len(poisons) {
		w.t.Errorf("%d dead letters, %d bad records were sent", len(letters), len(poisons))
	}
	found := map[string]int{}
	for _, letter := range letters {
		headers := map[string]string{}
		for _, h := range letter.Headers {
			headers[h.Key] = string(h.Value)
		}
		sum := sha256.Sum256(letter.Value)
		fingerprint := hex.EncodeToString(sum[:])
		if headers["holdfast.dlq.truncated"] == "true" {
			fingerprint = headers["holdfast.dlq.sha256"]
			if len(letter.Value) != 64<<10 {
				w.t.Errorf("a dead letter of a large record has %d bytes, want the first 64 KiB", len(letter.Value))
			}
		}
		found[headers["holdfast.dlq.reason"]+" "+string(letter.Key)+" "+fingerprint]++
	}
	for _, poison := range poisons {
		sum := sha256.Sum256(poison.Value)
		key := fmt.Sprintf("%v %s %s", poison.Want, poison.Key, hex.EncodeToString(sum[:]))
		if found[key] == 0 {
			w.t.Errorf("%s: no dead letter with reason %v and its bytes", poison.Name, poison.Want)
		}
		found[key]--
	}
	if w.t.Failed() && len(letters) > 0 {
		w.t.Logf("headers of a dead letter: %v", letters[0].Headers)
	}
}

// status asks the operations listener.
func (w *world) status(url string) int {
	w.t.Helper()
	response, err := http.Get(url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// A table that is not as it was does not empty the outbox: loading waits, says
// why and what to do, and goes on by itself once the table is right.
func TestLoadingWaitsForTablesThatFit(t *testing.T) {
	w := newWorld(t)
	w.ask("ALTER TABLE customer_current DROP COLUMN level")
	running := w.start("run")
	items := shopItems(40, 30)
	w.run(0, "backfill", w.write("shop.ndjson", ndjson(items)))
	running.says("loading is paused until this is put right", 30*time.Second)
	w.run(0, "wait", "--caught-up", "--clickhouse", "off")
	if said := w.run(1, "validate"); !strings.Contains(said, "customer_current") || !strings.Contains(said, "level") {
		t.Errorf("validate does not name the column that is missing:\n%s", said)
	}
	if got := w.ask("SELECT count() FROM customer_current"); got != "0" {
		t.Errorf("%s rows are loaded into a table that does not fit", got)
	}
	if said := w.run(1, "wait", "--caught-up", "--timeout", "1s"); !strings.Contains(said, "is loaded up to") {
		t.Errorf("wait says: %s", said)
	}
	w.ask("ALTER TABLE customer_current ADD COLUMN level LowCardinality(String) AFTER churn_risk")
	w.settled()
	w.sameRows(oracleOf(t, items))
	if rows, err := strconv.Atoi(w.ask("SELECT count() FROM customer_current FINAL WHERE level != ''")); err != nil ||
		rows == 0 {
		t.Errorf("%d rows have a level, %v", rows, err)
	}
}
