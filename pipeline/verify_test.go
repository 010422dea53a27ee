package pipeline_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	decodejson "github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// message is what a test needs of an alert on its topic.
type message struct {
	AlertID    string `json:"alert_id"`
	Seq        uint32 `json:"alert_seq"`
	Kind       string `json:"kind"`
	Action     string `json:"action"`
	CustomerID string `json:"customer_id"`
	AsOf       string `json:"as_of"`
	Basis      uint32 `json:"basis_purchases"`
	Suppressed bool   `json:"suppressed"`
}

func (m message) key() string { return fmt.Sprintf("%s/%d/%s", m.AlertID, m.Seq, m.Action) }

func (w *world) alerts() []message {
	w.t.Helper()
	var all []message
	for _, topic := range []topics.Key{topics.Alerts, topics.Loyalty} {
		for _, r := range w.read(w.names[topic]) {
			all = append(all, messageOf(w.t, r))
		}
	}
	return all
}

func messageOf(t testing.TB, r *kgo.Record) message {
	t.Helper()
	var m message
	if err := json.Unmarshal(r.Value, &m); err != nil {
		t.Fatalf("alert at %s/%d/%d: %v", r.Topic, r.Partition, r.Offset, err)
	}
	return m
}

// history is everything that the topics say of a run.
type history struct {
	entries [][]checkpoint.Entry // per shard
	inputs  [][][]*kgo.Record    // per input, per partition
	models  []*kgo.Record        // the versions of parameters
	read    map[string]*score.Parameters
	rows    map[string]row      // the latest row of each customer
	seqs    []map[uint64]int    // per shard, how often each row number occurs
	totals  []map[string]uint64 // per shard, the latest of each finding
}

type row struct {
	seq                uint64
	asOf               event.Instant
	orders, days, x    uint64
	net                int64
	visits90, orders90 uint64
	complaints90, open uint64
	activity           uint64
	approximate        uint64
}

func (w *world) history(cfg pipeline.Config) *history {
	w.t.Helper()
	h := &history{read: map[string]*score.Parameters{}, entries: make([][]checkpoint.Entry, testPartitions),
		rows: map[string]row{},
		seqs: make([]map[uint64]int, testPartitions)}
	for _, r := range w.read(w.names[topics.BatchLog]) {
		e, err := checkpoint.DecodeEntry(r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		h.entries[r.Partition] = append(h.entries[r.Partition], e)
	}
	for i := range cfg.Inputs {
		byPartition := make([][]*kgo.Record, testPartitions)
		for _, r := range w.read(cfg.Inputs[i].Topic) {
			byPartition[r.Partition] = append(byPartition[r.Partition], r)
		}
		h.inputs = append(h.inputs, byPartition)
	}
	for n := range h.seqs {
		h.seqs[n] = map[uint64]int{}
		h.totals = append(h.totals, map[string]uint64{})
	}
	h.models = w.read(w.names[topics.Model])
	for _, r := range w.read(w.names[topics.Outbox]) {
		h.takeBlock(w.t, r.Value)
	}
	return h
}

func (h *history) takeBlock(t testing.TB, value []byte) {
	t.Helper()
	b, err := signal.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string, i int) uint64 {
		c, ok := b.Column(name)
		if !ok {
			t.Fatalf("block of table %s has no column %s", b.Table, name)
		}
		return c.Numbers[i]
	}
	for i := 0; i < b.Rows; i++ {
		seq := number("seq", i)
		if b.Table == signal.TableQuality {
			h.takeTotal(t, b, i)
			continue
		}
		h.seqs[number("src_partition", i)][seq]++
		if b.Table != signal.TableCustomer {
			continue
		}
		id, _ := b.Column("customer_id")
		key := id.Texts[i]
		if h.rows[key].seq >= seq {
			continue
		}
		h.rows[key] = row{seq: seq, asOf: event.Instant(number("as_of", i)), orders: number("orders_life", i),
			days: number("purchase_days_life", i), x: number("frequency_repeat", i), net: int64(number("monetary_net_life", i)),
			visits90: number("visits_90d", i), orders90: number("orders_90d", i),
			complaints90: number("complaints_90d", i), open: number("complaints_open", i),
			activity: number("activity_x", i), approximate: number("approximate", i)}
	}
}

// verify holds everything that a run wrote against two references: the same
// shard folding the same batches in one thread, and an oracle with its own
// arithmetic.
func (w *world) verify(cfg pipeline.Config, produced int) {
	w.t.Helper()
	h := w.history(cfg)
	oracle, punctual := workload.NewOracle("EUR"), workload.NewOracle("EUR")
	var want []message
	var read uint64
	for n := range testPartitions {
		want = append(want, w.fold(cfg, h, int32(n), oracle, punctual)...)
		entries := h.entries[n]
		if len(entries) == 0 {
			continue
		}
		last := entries[len(entries)-1]
		c := shard.CountersOf(last.Counters)
		read += c.Read
		if sum := c.Applied + c.Duplicates + c.Anonymous + c.TooLate + c.Rejected + c.Counted; sum != c.Read {
			w.t.Errorf("shard %d: read %d, accounted for %d", n, c.Read, sum)
		}
		h.checkTotals(w.t, n, &c)
		for seq := uint64(1); seq < last.NextSeq; seq++ {
			if times := h.seqs[n][signal.Seq(last.Epoch, seq)]; times != 1 {
				w.t.Errorf("shard %d: row %d occurs %d times", n, seq, times)
				break
			}
		}
		if uint64(len(h.seqs[n])) != last.NextSeq-1 {
			w.t.Errorf("shard %d: %d row numbers, the batch log says %d", n, len(h.seqs[n]), last.NextSeq-1)
		}
	}
	if read != uint64(produced) {
		w.t.Errorf("read %d records, %d were produced", read, produced)
	}
	w.sameAlerts(w.alerts(), want)
	w.noFalseSilence(oracle, punctual)
	h.sameRows(w.t, oracle)
}

// fold applies a shard's batches in one thread and returns its alerts.
func (w *world) fold(cfg pipeline.Config, h *history, n int32, oracle, punctual *workload.Oracle) []message {
	w.t.Helper()
	shardConfig := cfg.Shard
	shardConfig.Shard = uint16(n)
	s := shard.New(shardConfig)
	if len(h.entries[n]) > 0 {
		s.Seek(shard.Position{Clock: shard.ClockUnset, Epoch: h.entries[n][0].Epoch, NextSeq: 1})
	}
	meta := signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "UTC"}
	at := make([]int, len(cfg.Inputs))
	var all []message
	for i := range h.entries[n] {
		e := &h.entries[n][i]
		if e.Batch != uint64(i+1) {
			w.t.Fatalf("shard %d: entry %d is of batch %d", n, i, e.Batch)
		}
		b := shard.Batch{Number: e.Batch, Clock: event.Instant(e.Clock), Wall: event.Instant(e.Wall),
			SilenceWaits: e.Silence != e.Clock, Silence: event.Instant(e.Silence),
			ResendRows: e.Actions&checkpoint.ResendRows != 0, RepairClock: e.Actions&checkpoint.RepairClock != 0}
		b.Parameters, b.ParametersSince = h.parameters(w.t, cfg, e), event.Instant(e.ParamSince)
		for in := range cfg.Inputs {
			if cfg.Inputs[in].Decode.Type == event.Internal {
				continue
			}
			d, err := decodejson.New(cfg.Inputs[in].Decode)
			if err != nil {
				w.t.Fatal(err)
			}
			records := h.inputs[in][n]
			for ; at[in] < len(records) && records[at[in]].Offset < e.Inputs[in].To; at[in]++ {
				if ev, ok := decoded(d, records[at[in]]); ok {
					ev.Input, ev.Offset = uint8(in), records[at[in]].Offset
					b.Events = append(b.Events, ev)
					oracle.Add(&ev)
					if arrival(records[at[in]])-ev.OccurredAt <= cfg.Shard.Lateness {
						punctual.Add(&ev)
					}
				}
			}
		}
		fx := shard.Effects{Customers: score.NewCustomerBlock(meta), AlertRows: signal.NewAlertBlock(meta),
			Models: signal.NewModelBlock(meta), Quality: signal.NewQualityBlock(meta)}
		if err := s.Apply(&b, &fx); err != nil {
			w.t.Fatal(err)
		}
		s.Commit()
		for a := range fx.Alerts {
			all = append(all, messageOf(w.t, &kgo.Record{Value: fx.Alerts[a].AppendJSON(nil)}))
		}
	}
	return all
}

// parameters are those that an entry names.
func (h *history) parameters(t testing.TB, cfg pipeline.Config, e *checkpoint.Entry) *score.Parameters {
	t.Helper()
	if p := h.read[e.ParamVersion]; p != nil {
		return p
	}
	for _, r := range h.models {
		if string(r.Key) != e.ParamVersion {
			continue
		}
		record, err := parameters.Parse(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		p, err := record.Parameters(cfg.Shard.Parameters)
		if err != nil {
			t.Fatal(err)
		}
		h.read[e.ParamVersion] = p
		return p
	}
	if e.ParamVersion != cfg.Shard.Parameters.Version {
		t.Fatalf("batch %d was judged by parameters %q, which are nowhere", e.Batch, e.ParamVersion)
	}
	return cfg.Shard.Parameters
}

func decoded(d *decodejson.Decoder, r *kgo.Record) (e event.Event, ok bool) {
	var arena decode.Arena
	_, ok = d.Decode(&e, &decode.Record{Key: r.Key, Value: r.Value, HasKey: r.Key != nil, HasValue: r.Value != nil,
		Timestamp: event.Instant(r.Timestamp.UnixMicro())}, &arena)
	return e, ok
}

// sameAlerts compares the alerts on the topics with the reference, each once.
func (w *world) sameAlerts(got, want []message) {
	w.t.Helper()
	byKey := func(a, b message) int { return cmp.Compare(a.key(), b.key()) }
	slices.SortFunc(got, byKey)
	slices.SortFunc(want, byKey)
	for i := 1; i < len(got); i++ {
		if got[i].key() == got[i-1].key() {
			w.t.Errorf("alert %s is there twice", got[i].key())
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%d alerts on the topics, %d in the reference, and they differ", len(got), len(want))
		w.differences(got, want)
	}
}

// differences names the first alerts that only one side has.
func (w *world) differences(got, want []message) {
	w.t.Helper()
	count := map[message]int{}
	for _, m := range got {
		count[m]++
	}
	for _, m := range want {
		count[m]--
	}
	shown := 0
	for m, n := range count {
		if n != 0 && shown < 6 {
			shown++
			w.t.Errorf("on the topics minus in the reference: %+d %+v", n, m)
		}
	}
}

// noFalseSilence holds every raised churn alert against the purchases that had
// happened by then: none of those that came within the allowed lateness may
// have been unread.
func (w *world) noFalseSilence(oracle, punctual *workload.Oracle) {
	w.t.Helper()
	checked := 0
	for _, m := range w.alerts() {
		if m.Action != "raised" || m.Kind != "silent_churn" && m.Kind != "churn_risk" {
			continue
		}
		asOf, err := time.Parse(time.RFC3339Nano, m.AsOf)
		if err != nil {
			w.t.Fatal(err)
		}
		at := event.Instant(asOf.UnixMicro())
		all, known := oracle.Customer(m.CustomerID, at)
		least, _ := punctual.Customer(m.CustomerID, at)
		if !known || m.Basis < uint32(len(least.PurchaseDays)) || m.Basis > uint32(len(all.PurchaseDays)) {
			w.t.Errorf("alert %s of %s rests on %d purchase days; on time there were %v, with late ones %v",
				m.key(), m.AsOf, m.Basis, least, all)
		}
		if checked++; checked >= 2000 {
			return
		}
	}
}

// sameRows holds the latest row of each customer against the oracle.
func (h *history) sameRows(t testing.TB, oracle *workload.Oracle) {
	t.Helper()
	byTime := map[event.Instant]map[string]*workload.Customer{}
	bad := 0
	for id, r := range h.rows {
		if r.approximate != 0 {
			continue // it says itself that it may differ
		}
		truth := byTime[r.asOf]
		if truth == nil && len(byTime) > 200 {
			continue // a fold of everything for each moment: enough is enough
		}
		if truth == nil {
			truth = oracle.At(r.asOf)
			byTime[r.asOf] = truth
		}
		c := truth[id]
		if c == nil {
			t.Errorf("a row of customer %s, who is not known", id)
			continue
		}
		complaints := 0
		for _, n := range c.Complaints[90] {
			complaints += n
		}
		want := row{seq: r.seq, asOf: r.asOf, orders: uint64(c.OrdersLife), days: uint64(len(c.PurchaseDays)),
			x:   uint64(c.Repeat),
			net: c.NetLife, visits90: uint64(c.Visits[90]), orders90: uint64(c.Orders[90]),
			complaints90: uint64(complaints), open: uint64(c.OpenComplaints)}
		want.activity = r.activity // the oracle does not count it
		if r != want && bad < 10 {
			bad++
			t.Errorf("customer %s: row %+v, oracle %+v", id, r, want)
		}
	}
	if len(h.rows) == 0 {
		t.Error("no rows")
	}
}
