package shard

import (
	"testing"

	"math/rand/v2"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// withActivity are parameters with a model of activity days, too.
func withActivity(t testing.TB, cfg Config) *score.Parameters {
	t.Helper()
	p := *cfg.Parameters
	p.HasActivity, p.Activity, p.Version = true, btyd.MBGNBD{R: 1.2, Alpha: 3, A: .6, B: 6}, "activity"
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	return &p
}

// TestVisitsKeepFromAtRisk: buyers who have bought each week and stopped are at
// risk, but for those who go on visiting; a visit ends it, and says so.
func TestVisitsKeepFromAtRisk(t *testing.T) {
	const end = 20_000 * event.Day24h
	cfg := testConfig(t, "UTC")
	cfg.Parameters = withActivity(t, cfg)
	s, fx := New(cfg), newEffects()
	events := buyers(100, 20, end)
	for week := -10; week < 0; week++ {
		events = append(events, visitsOf(end+event.Instant(week)*7*event.Day24h+2*event.Day24h)...)
	}
	s.step(t, fx, Batch{Clock: end, Events: events})
	for day := event.Instant(6); day < 70; day += 7 {
		s.step(t, fx, Batch{Clock: end + day*event.Day24h + event.Hour, Events: visitsOf(end + day*event.Day24h)})
	}
	if n := churn(fx.Alerts, signal.Raised); n != 0 {
		t.Fatalf("%d who visit each week are raised", n)
	}
	day := event.Instant(70)
	for ; day < 150 && churn(fx.Alerts, signal.Raised) < 100; day++ {
		s.step(t, fx, Batch{Clock: end + day*event.Day24h})
	}
	if n := churn(fx.Alerts, signal.Raised); n != 100 {
		t.Fatalf("%d of 100 who neither buy nor visit are raised", n)
	}
	fx.reset()
	s.step(t, fx, Batch{Clock: end + day*event.Day24h + event.Hour, Events: visitsOf(end + day*event.Day24h)})
	recovered := 0
	for i := range fx.Alerts {
		if a := &fx.Alerts[i]; a.Action == signal.Resolved && a.Resolve == signal.ByVisit {
			recovered++
		}
	}
	if recovered != 100 {
		t.Errorf("%d of 100 are resolved since they visit", recovered)
	}
}

// TestNoVisitsOfAnybodyRaiseNobody: while visits of nobody arrive, who is silent
// for a while is judged by purchases.
func TestNoVisitsOfAnybodyRaiseNobody(t *testing.T) {
	const end = 20_000 * event.Day24h
	for held, want := range map[bool]int{true: 0, false: 100} {
		cfg := testConfig(t, "UTC")
		cfg.Parameters = withActivity(t, cfg)
		cfg.Parameters.Purchase = btyd.MBGNBD{R: 2, Alpha: 60, A: .1, B: 9}
		if err := cfg.Parameters.Prepare(); err != nil {
			t.Fatal(err)
		}
		s, fx := New(cfg), newEffects()
		events := buyers(100, 20, end)
		for day := -100; day <= 0; day++ {
			events = append(events, visitsOf(end+event.Instant(day)*event.Day24h)...)
		}
		s.step(t, fx, Batch{Clock: end + event.Day24h, Events: events})
		s.step(t, fx, Batch{Clock: end + 40*event.Day24h, ActivityHeld: held})
		if n := churn(fx.Alerts, signal.Raised); n != want {
			t.Errorf("held %v: %d are raised, want %d", held, n, want)
		}
	}
}

// TestQuietVisitsWithActivity: what TestQuietVisitsAreJudgedAsInFull holds, where a
// visit may change what a customer is judged by.
func TestQuietVisitsWithActivity(t *testing.T) {
	for seed := range seeds(3) {
		for _, disorder := range []int{1, 400} {
			cfg := testConfig(t, "Europe/Berlin")
			cfg.Parameters = withActivity(t, cfg)
			input := stream(streamOptions{seed: seed, customers: 20, events: 4000, start: 20_000 * event.Day24h,
				span: event.Instant(200+300*seed) * event.Day24h, lateness: event.Hour, visits: 90})
			r := rand.New(rand.NewPCG(seed, 7))
			for from := 0; from < len(input); from += disorder {
				part := input[from:min(from+disorder, len(input))]
				r.Shuffle(len(part), func(i, j int) { part[i].Event, part[j].Event = part[j].Event, part[i].Event })
			}
			quick, full := newRun(t, cfg, input), newRun(t, cfg, input)
			full.shard.thorough = true
			applyBoth(t, r, quick, full)
			if quick.shard.quieted == 0 {
				t.Error("no visit went the short way")
			}
		}
	}
}

// TestSameAnswerWithActivity: activity parameters that come and go leave the answer
// to the events, not to how they are cut, nor to crashes.
func TestSameAnswerWithActivity(t *testing.T) {
	cfg := testConfig(t, "Europe/Berlin")
	for seed := range seeds(2) {
		input := testStream(200+seed, 300, 3000, 2*365*event.Day24h)
		models := []inForce{{600, withActivity(t, cfg)}, {2000, cfg.Parameters}, {2001, withActivity(t, cfg)}}
		want := straight(t, cfg, input, 50, models...)
		got := newRun(t, cfg, input)
		got.models = models
		stumble(got, rand.New(rand.NewPCG(seed, 2)))
		sameLines(t, lines(want.alerts), lines(got.alerts))
		sameState(t, want.shard, got.shard)
	}
}
