package shard

import (
	"runtime"
	"testing"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestEventsOfKnownCustomersAllocateNothing: decoding, applying and scoring
// events of customers that are known, without an alert or a reject, allocate
// nothing, rows and commits included.
func TestEventsOfKnownCustomersAllocateNothing(t *testing.T) {
	const perBatch, customers = 1000, 500
	events, before := 500_000, 200_000
	switch {
	case underRace: // the path is taken; what it allocates is counted without
		events, before = 10_000, 10_000
	case testing.Short():
		events = 100_000
	}
	load := workload.NewLoad(workload.LoadConfig{Seed: 1, Customers: customers, Zipf: .5,
		Start: 20_000*event.Day24h + event.Hour, Step: 10 * event.Millisecond})
	p := newPath(t, "Europe/Berlin")
	// Until every customer is there and remembers as much as it can, and every
	// buffer has grown to what it needs.
	for range before / perBatch {
		p.take(load, perBatch)
		p.apply()
	}
	raised, mallocs := p.shard.counters.AlertsRaised, uint64(0)
	var from, to runtime.MemStats
	for range events / perBatch {
		p.take(load, perBatch) // making the values is not ours
		runtime.ReadMemStats(&from)
		p.apply()
		runtime.ReadMemStats(&to)
		mallocs += to.Mallocs - from.Mallocs
	}
	if underRace {
		return
	}
	if p.shard.counters.AlertsRaised != raised {
		t.Fatalf("%d alerts were raised: the test is about events without", p.shard.counters.AlertsRaised-raised)
	}
	// The runtime itself allocates a little now and then.
	if mallocs > uint64(events)/10_000 {
		t.Errorf("%d allocations in %d events", mallocs, events)
	}
}

// path is the path of an event from its bytes to the shard.
type path struct {
	t        testing.TB
	decoders [event.Complaint + 1]*json.Decoder
	arena    decode.Arena
	items    []workload.Item
	batch    Batch
	fx       *Effects
	shard    *Shard
}

func newPath(t testing.TB, zone string) *path {
	p := &path{t: t, fx: newEffects(), shard: New(testConfig(t, zone))}
	for kind := event.Purchase; kind <= event.Complaint; kind++ {
		d, err := json.New(decode.Config{Type: kind})
		if err != nil {
			t.Fatal(err)
		}
		p.decoders[kind] = d
	}
	return p
}

func (p *path) take(load *workload.Load, n int) {
	p.items = p.items[:0]
	for range n {
		item, _ := load.Next()
		p.items = append(p.items, item)
	}
}

func (p *path) apply() {
	p.decode()
	p.applyDecoded()
}

// decode fills the batch.
func (p *path) decode() {
	b := &p.batch
	b.Reset()
	p.arena.Reset()
	for i := range p.items {
		item := &p.items[i]
		b.Events = append(b.Events, event.Event{})
		rec := decode.Record{Key: item.Key, Value: item.Value, HasKey: true, HasValue: true, Timestamp: item.At}
		if reject, ok := p.decoders[item.Topic].Decode(&b.Events[len(b.Events)-1], &rec, &p.arena); !ok {
			p.t.Fatalf("%s: %+v", item.Value, reject)
		}
		b.Events[len(b.Events)-1].Input = uint8(item.Topic)
	}
}

func (p *path) applyDecoded() {
	b := &p.batch
	b.Number, b.Wall = p.shard.batch+1, p.items[len(p.items)-1].At
	b.Clock = b.Wall - event.Hour
	if err := p.shard.Apply(b, p.fx); err != nil {
		p.t.Fatal(err)
	}
	if b.Number%20 == 0 { // a flush is rarer than a commit
		p.shard.WriteRows(b.Wall, len(p.items), p.fx)
	}
	p.shard.Commit()
	p.fx.reset()
}
