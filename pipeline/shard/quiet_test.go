package shard

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestQuietVisitsAreJudgedAsInFull: deciding everything in full gives the same
// bytes and the same alerts, in order and out of order, whatever the batches.
func TestQuietVisitsAreJudgedAsInFull(t *testing.T) {
	events := 12_000
	if testing.Short() {
		events = 3000
	}
	for seed := range uint64(4) {
		for _, disorder := range []int{1, 400, 3000} {
			t.Run(fmt.Sprintf("seed %d, disorder %d", seed, disorder), func(t *testing.T) {
				input := stream(streamOptions{seed: seed, customers: 60, events: events, start: 20_000 * event.Day24h,
					span: event.Instant(200+300*seed) * event.Day24h, lateness: event.Hour})
				r := rand.New(rand.NewPCG(seed, 7))
				for from := 0; from < len(input); from += disorder {
					part := input[from:min(from+disorder, len(input))]
					r.Shuffle(len(part), func(i, j int) { part[i].Event, part[j].Event = part[j].Event, part[i].Event })
				}
				quick, full := newRun(t, testConfig(t, "Europe/Berlin"), input), newRun(t, testConfig(t, "Europe/Berlin"), input)
				full.shard.thorough = true
				skipped := 0
				for at := 0; at < len(input); {
					at = min(at+1+r.IntN(80), len(input))
					for _, s := range []*run{quick, full} {
						b := s.batch(s.shard.batch+1, s.at(), at, false)
						if err := s.shard.Apply(b, s.fx); err != nil {
							t.Fatal(err)
						}
						s.log = append(s.log, logged{to: at, clock: b.Clock})
						s.commit(nil)
					}
					skipped += len(quick.alerts) - len(full.alerts)
				}
				sameState(t, full.shard, quick.shard)
				if quick.shard.counters != full.shard.counters {
					t.Errorf("counters\n got %+v\nwant %+v", quick.shard.counters, full.shard.counters)
				}
				if skipped != 0 {
					t.Error("alerts came in other batches")
				}
				for i := range min(len(quick.alerts), len(full.alerts)) {
					if a, b := quick.alerts[i].AppendJSON(nil), full.alerts[i].AppendJSON(nil); !bytes.Equal(a, b) {
						t.Fatalf("alert %d\n got %s\nwant %s", i, a, b)
					}
				}
			})
		}
	}
}
