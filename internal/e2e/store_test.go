package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/schemas/topics"
)

// ClickHouse is there without our database, is killed, comes back as it was, and
// gets the database at last. The program runs through all of it, its alerts go
// out, and the rows arrive once there is somewhere to put them.
func TestAlertsGoOnWhateverClickHouseIs(t *testing.T) {
	items := shopItems(120, 90)
	ops := freeAddress(t)
	w := newWorld(t, "HOLDFAST_CLICKHOUSE_DATABASE=elsewhere", "HOLDFAST_OPS_LISTEN="+ops)
	running := w.start("run")
	w.readyzSays(ops, "code 81 UNKNOWN_DATABASE")
	w.run(0, "backfill", w.write("first.ndjson", ndjson(items[:len(items)/2])))
	w.killClickHouse()
	w.run(0, "backfill", w.write("second.ndjson", ndjson(items[len(items)/2:])))
	w.eventually("an alert is on its topic", func() bool { return len(w.foldAlerts()) > 0 })
	w.askPlainly("SELECT 1") // once the engine is back
	w.readyzSays(ops, "code 81 UNKNOWN_DATABASE")
	select {
	case <-running.done:
		t.Fatalf("it ended:\n%s", running.out.String())
	default:
	}
	w.run(0, "migrate", "up", "--tables")
	w.run(0, "wait", "--caught-up", "--timeout", "120s")
	if said := w.run(0, "audit"); !strings.Contains(said, "0 holes, 0 doubles") {
		t.Errorf("audit says %s", said)
	}
	if said := running.out.String(); strings.Count(said, "loading waits for the store") > 2 {
		t.Errorf("it says again and again that it waits:\n%s", said)
	}
	running.stop()
	w.emptyBatchLog()
	if said := w.run(1, "audit"); !strings.Contains(said, "there is nothing to compare the tables with") {
		t.Errorf("with an emptied batch log audit says %s", said)
	}
}

// readyzSays waits until the running instance gives a reason under loader.
func (w *world) readyzSays(ops, words string) {
	w.t.Helper()
	w.eventually("/readyz says "+words, func() bool {
		response, err := client.Get("http://" + ops + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return err == nil && response.StatusCode != http.StatusNotFound && strings.Contains(string(body), words)
	})
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

// emptyBatchLog deletes all records of the batch log, as retention may.
func (w *world) emptyBatchLog() {
	w.t.Helper()
	kafka, err := kgo.NewClient(kgo.SeedBrokers(w.kafka))
	if err != nil {
		w.t.Fatal(err)
	}
	defer kafka.Close()
	admin := kadm.NewClient(kafka)
	ends, err := admin.ListEndOffsets(w.t.Context(), topics.DefaultNames()[topics.BatchLog])
	if err == nil {
		_, err = admin.DeleteRecords(w.t.Context(), ends.Offsets())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
