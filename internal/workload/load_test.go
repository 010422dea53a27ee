package workload

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

var testStart = InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

// judge decodes items with one decoder a topic.
type judge struct {
	decoders map[event.Type]*json.Decoder
	arena    decode.Arena
	event    event.Event
}

func newJudge(t testing.TB) *judge {
	t.Helper()
	j := &judge{decoders: map[event.Type]*json.Decoder{}}
	for kind := event.Purchase; kind <= event.AlertFeedback; kind++ {
		d, err := json.New(decode.Config{Type: kind})
		if err != nil {
			t.Fatal(err)
		}
		j.decoders[kind] = d
	}
	return j
}

func (j *judge) decode(item Item) decode.Reject {
	rec := decode.Record{Key: item.Key, HasKey: item.Key != nil, Value: item.Value, HasValue: item.Value != nil,
		EventIDHeader: item.EventID, Timestamp: item.At}
	reject, _ := j.decoders[item.Topic].Decode(&j.event, &rec, &j.arena)
	return reject
}

func TestLoadIsAsConfigured(t *testing.T) {
	cfg := LoadConfig{Seed: 5, Customers: 1000, Start: testStart, Step: event.Second, Events: 40_000,
		Duplicates: 0.05, Late: 0.1, Malformed: 0.02}
	j := newJudge(t)
	counts := map[event.Type]int{}
	ids := map[string]int{}
	customers := map[string]bool{}
	var bad, late int
	load, again := NewLoad(cfg), NewLoad(cfg)
	for n := 0; ; n++ {
		item, ok := load.Next()
		twin, _ := again.Next()
		if !bytes.Equal(item.Value, twin.Value) || !bytes.Equal(item.Key, twin.Key) {
			t.Fatal("the same seed gave another item")
		}
		if !ok {
			if n != cfg.Events {
				t.Errorf("%d items, want %d", n, cfg.Events)
			}
			break
		}
		if reject := j.decode(item); reject.Reason != item.Want {
			t.Fatalf("%s: %+v, want %q", item.Value, reject, item.Want)
		}
		if item.Want != decode.None {
			bad++
			continue
		}
		if len(item.Value) != ValueBytes || len(item.Key) != 13 {
			t.Fatalf("%d and %d bytes: %s", len(item.Value), len(item.Key), item.Value)
		}
		if item.At != testStart+event.Instant(n)*event.Second || j.event.OccurredAt > item.At {
			t.Fatalf("item %d at %s, its event at %s", n, TimeOf(item.At), TimeOf(j.event.OccurredAt))
		}
		if item.At-j.event.OccurredAt >= event.Day24h {
			late++
		}
		counts[item.Topic]++
		ids[string(j.event.EventID)]++
		customers[string(item.Key)] = true
	}
	near(t, "malformed", float64(bad), 0.02*0.95*40_000, 150)
	near(t, "late", float64(late), 0.1*40_000, 400)
	near(t, "duplicates", float64(40_000-bad-len(ids)), 0.05*40_000, 200)
	near(t, "visits", float64(counts[event.Visit]), 0.85*float64(40_000-bad), 400)
	near(t, "purchases", float64(counts[event.Purchase]), 0.1*float64(40_000-bad), 300)
	near(t, "customers", float64(len(customers)), 1000, 0.5)
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s: got %g, want %g within %g", what, got, want, within)
	}
}

func TestZipf(t *testing.T) {
	const n, draws = 1000, 200_000
	counts := map[string]int{}
	load := NewLoad(LoadConfig{Seed: 1, Customers: n, Zipf: 0.99, Start: testStart, Step: 1, Events: draws})
	for item, ok := load.Next(); ok; item, ok = load.Next() {
		counts[string(item.Key)]++
	}
	most, second := 0, 0
	for _, c := range counts {
		if c > most {
			most, second = c, most
		} else {
			second = max(second, c)
		}
	}
	zeta := 0.0
	for k := 1; k <= n; k++ {
		zeta += math.Pow(float64(k), -0.99)
	}
	near(t, "the most frequent customer", float64(most), draws/zeta, 500)
	near(t, "the second", float64(second), draws/zeta*math.Pow(2, -0.99), 400)
	if len(counts) < n*9/10 {
		t.Errorf("%d of %d customers drawn", len(counts), n)
	}
}

func BenchmarkLoad(b *testing.B) {
	load := NewLoad(LoadConfig{Seed: 1, Customers: 1_000_000, Start: testStart, Step: event.Millisecond})
	b.SetBytes(ValueBytes)
	b.ReportAllocs()
	for b.Loop() {
		load.Next()
	}
}

// sharedData finds a file of the data that tests may use where it is there.
func sharedData(t *testing.T, name string) *os.File {
	t.Helper()
	dir := os.Getenv("HOLDFAST_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("the purchase log %s is not here: set HOLDFAST_SHARED_DATA to its directory", name)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// purchaseMap says what the columns of the shared purchase log are.
const purchaseMap = `amounts: minor
fields:
  customer_id: cust
  occurred_at: date
  event_type: {constant: purchase}
  kind: {constant: order}
  currency: {constant: USD}
  amount_net: cents
  order_id: {template: "{@file}/{@row}"}
`

// The oracle comes to the published figures of a log, read as a backfill reads it.
func TestPurchaseLog(t *testing.T) {
	path := sharedData(t, "cdnow_master_events.csv.gz").Name()
	mapping, err := rowmap.ReadMap("map.yml", []byte(purchaseMap))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := backfill.Prepare(backfill.Options{Name: path, Format: backfill.CSV, Map: mapping, Zone: time.UTC,
		Now: time.Now(), MemoryBytes: 1 << 30, Open: func() (io.ReadCloser, error) { return os.Open(path) },
		Rejected: func(r *backfill.Reject) error { return fmt.Errorf("%+v", r) }})
	if err != nil {
		t.Fatal(err)
	}
	j, o, last := newJudge(t), NewOracle("USD"), event.Instant(0)
	err = plan.Each(func(e backfill.Event) error {
		reject := j.decode(Item{Topic: e.Type, Key: e.Key, Value: e.Value, At: e.At})
		if reject.Reason != decode.None {
			return fmt.Errorf("%s: %+v", e.Value, reject)
		}
		o.Add(&j.event)
		j.arena.Reset()
		last = e.At
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var days, repeaters int
	var revenue int64
	truth := o.At(last)
	for _, c := range truth {
		days += len(c.PurchaseDays)
		revenue += c.NetLife
		if c.Repeat > 0 {
			repeaters++
		}
	}
	// Figures of the log as a whole, as published with it.
	if plan.Events != 69659 || len(truth) != 23570 || days != 67591 || revenue != 250031563 {
		t.Errorf("%d events, %d customers, %d days, %d cents", plan.Events, len(truth), days, revenue)
	}
	near(t, "repeat rate", float64(repeaters)/23570, 0.488587, 1e-6)
}
