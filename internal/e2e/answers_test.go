package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/schemas/topics"
)

// settled waits as a user does, and holds the answer to its word: what is in
// ClickHouse at that moment is all that there is, each row once.
func (w *world) settled() {
	w.t.Helper()
	w.run(0, "wait", "--caught-up", "--timeout", "120s")
	at := w.ask("SELECT (SELECT count() FROM score_history FINAL) + (SELECT count() FROM alert_event FINAL) + (SELECT " +
		"count() FROM model_params FINAL)")
	var report struct {
		Shards []struct{ Expected, Rows, Missing, Repeated, Beyond uint64 }
	}
	if err := json.Unmarshal([]byte(w.run(0, "audit", "--output", "json", "--quiet")), &report); err != nil {
		w.t.Fatal(err)
	}
	expected := uint64(0)
	for _, shard := range report.Shards {
		expected += shard.Expected
	}
	if at != strconv.FormatUint(expected, 10) || expected == 0 {
		w.t.Errorf("when wait returned there were %s rows, and then there are %d", at, expected)
	}
	if said := w.run(0, "audit"); !strings.Contains(said, "0 holes, 0 doubles") {
		w.t.Errorf("audit says %s", said)
	}
}

// openAlert is what topics and tables both say of an alert.
type openAlert struct {
	customer, action string
	seq              int
}

// sameOpenAlerts compares the alerts that the topics leave open with the view.
func (w *world) sameOpenAlerts() {
	w.t.Helper()
	onTopics := w.foldAlerts()
	inView := map[string]openAlert{}
	rows := w.ask("SELECT alert_id, customer_id, action, alert_seq FROM v_alerts_open FORMAT TSV")
	for line := range strings.Lines(rows) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(columns) != 4 {
			continue // no rows at all
		}
		seq, err := strconv.Atoi(columns[3])
		if err != nil {
			w.t.Fatal(err)
		}
		inView[columns[0]] = openAlert{columns[1], columns[2], seq}
	}
	if len(onTopics) == 0 || !maps.Equal(onTopics, inView) {
		w.t.Errorf("%d alerts are open on the topics, %d in v_alerts_open, and they must be the same: %s",
			len(onTopics), len(inView), firstDifference(onTopics, inView))
	}
	customers := map[string]bool{}
	for _, alert := range onTopics {
		customers[alert.customer] = true
	}
	if got := w.ask("SELECT uniqExact(customer_id) FROM v_alerts_open"); got != strconv.Itoa(len(customers)) {
		w.t.Errorf("%s customers in v_alerts_open, %d on the topics", got, len(customers))
	}
}

func firstDifference(a, b map[string]openAlert) string {
	for _, id := range slices.Sorted(maps.Keys(a)) {
		if a[id] != b[id] {
			return fmt.Sprintf("alert %s: %+v, %+v", id, a[id], b[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[id]; !ok {
			return fmt.Sprintf("alert %s only in the view", id)
		}
	}
	return "none"
}

// foldAlerts reads both alert topics and keeps what is neither resolved nor
// expired. Notices of the loyalty family are never open.
func (w *world) foldAlerts() map[string]openAlert {
	w.t.Helper()
	open, seen := map[string]openAlert{}, map[string]bool{}
	for _, key := range []topics.Key{topics.Alerts, topics.Loyalty} {
		for _, record := range w.read(topics.DefaultNames()[key]) {
			var m struct {
				AlertID    string `json:"alert_id"`
				Seq        int    `json:"alert_seq"`
				Action     string `json:"action"`
				CustomerID string `json:"customer_id"`
			}
			if err := json.Unmarshal(record.Value, &m); err != nil {
				w.t.Fatal(err)
			}
			if once := fmt.Sprint(m.AlertID, "/", m.Seq); seen[once] {
				w.t.Errorf("alert %s is on its topic twice", once)
			} else {
				seen[once] = true
			}
			switch {
			case key == topics.Loyalty:
			case m.Action == "resolved", m.Action == "expired":
				delete(open, m.AlertID)
			default:
				open[m.AlertID] = openAlert{m.CustomerID, m.Action, m.Seq}
			}
		}
	}
	return open
}

// read returns all committed records of a topic.
func (w *world) read(topic string) []*kgo.Record {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListCommittedOffsets(w.t.Context(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	left := map[int32]int64{}
	for partition, end := range ends[topic] {
		if end.Offset > 0 {
			left[partition] = end.Offset
		}
	}
	var all []*kgo.Record
	for len(left) > 0 {
		fetches := client.PollFetches(w.t.Context())
		if err := fetches.Err(); err != nil {
			w.t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return all
}
