package shard

import (
	"testing"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
)

// BenchmarkApply applies decoded events, in batches of 3,000, to a shard that
// knows many customers: more than any cache holds.
func BenchmarkApply(b *testing.B) {
	const customers, perBatch = 300_000, 3000
	p := newPath(b, "UTC")
	load := workload.NewLoad(workload.LoadConfig{Seed: 1, Customers: customers,
		Start: 20_000*event.Day24h + event.Hour, Step: 5 * event.Millisecond})
	first := 20_000 * event.Day24h
	for _, ago := range []event.Instant{50, 20, 0} {
		kind := event.Purchase
		if ago == 0 {
			kind = event.Visit
		}
		for c := 0; c < customers; c += perBatch {
			p.items = p.items[:0]
			for i := range perBatch {
				p.items = append(p.items, load.Make(kind, uint64(c+i), first-ago*event.Day24h+event.Instant(c+i)*event.Millisecond))
			}
			p.apply()
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += perBatch {
		b.StopTimer()
		p.take(load, perBatch)
		p.decode()
		b.StartTimer()
		p.applyDecoded()
	}
}
