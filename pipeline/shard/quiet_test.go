package shard

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestQuietVisitsAreJudgedAsInFull: deciding everything in full gives the same
// bytes and the same alerts, in order and out of order, whatever the batches;
// and where most events are visits, most of those need not be decided in full.
func TestQuietVisitsAreJudgedAsInFull(t *testing.T) {
	events := 12_000
	if testing.Short() || underRace {
		events = 3000
	}
	for seed := range seeds(2) {
		for _, c := range []struct{ disorder, visits int }{{1, 0}, {400, 0}, {3000, 0}, {1, 90}, {400, 90}} {
			t.Run(fmt.Sprintf("seed %d, disorder %d, visits %d", seed, c.disorder, c.visits), func(t *testing.T) {
				input := stream(streamOptions{seed: seed, customers: 60, events: events, start: 20_000 * event.Day24h,
					span: event.Instant(200+300*seed) * event.Day24h, lateness: event.Hour, visits: c.visits})
				r := rand.New(rand.NewPCG(seed, 7))
				for from := 0; from < len(input); from += c.disorder {
					part := input[from:min(from+c.disorder, len(input))]
					r.Shuffle(len(part), func(i, j int) { part[i].Event, part[j].Event = part[j].Event, part[i].Event })
				}
				quick := newRun(t, testConfig(t, "Europe/Berlin"), input)
				full := newRun(t, testConfig(t, "Europe/Berlin"), input)
				full.shard.thorough = true
				applyBoth(t, r, quick, full)
				if least := len(input) / 2; c.disorder == 1 && c.visits > 0 && quick.shard.quieted <= least {
					t.Errorf("%d of %d events went the short way, want more than %d", quick.shard.quieted, len(input), least)
				}
				if quick.shard.quieted == 0 || full.shard.quieted != 0 {
					t.Errorf("%d went the short way, and %d where all is decided in full", quick.shard.quieted, full.shard.quieted)
				}
			})
		}
	}
}

// applyBoth applies the input of both in the same batches of random sizes, and
// holds what they have come to equal.
func applyBoth(t *testing.T, r *rand.Rand, quick, full *run) {
	t.Helper()
	for at := 0; at < len(quick.input); {
		at = min(at+1+r.IntN(80), len(quick.input))
		for _, s := range []*run{quick, full} {
			b := s.batch(s.shard.batch+1, s.at(), at, false)
			if err := s.shard.Apply(b, s.fx); err != nil {
				t.Fatal(err)
			}
			s.log = append(s.log, logged{to: at, clock: b.Clock})
			s.commit(nil)
		}
		if len(quick.alerts) != len(full.alerts) {
			t.Fatalf("%d alerts up to event %d, want %d", len(quick.alerts), at, len(full.alerts))
		}
	}
	sameState(t, full.shard, quick.shard)
	if quick.shard.counters != full.shard.counters {
		t.Errorf("counters\n got %+v\nwant %+v", quick.shard.counters, full.shard.counters)
	}
	for i := range quick.alerts {
		if a, b := quick.alerts[i].AppendJSON(nil), full.alerts[i].AppendJSON(nil); !bytes.Equal(a, b) {
			t.Fatalf("alert %d\n got %s\nwant %s", i, a, b)
		}
	}
}
