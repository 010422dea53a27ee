package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
)

// settle is time enough for the clock to be asked and to move twice.
const settle = 2200 * time.Millisecond

// season is the traffic of a small shop in three parts: what is there at the
// beginning, a few days before an outage of 35 days and those days themselves,
// and a few days after.
type season struct{ history, before, during, after []workload.Item }

func newSeason() season {
	const outage = 35
	shop := workload.NewShop(workload.ShopConfig{Seed: 3, Customers: 70, HistoryDays: 150, End: start, LiveDays: outage +
		8})
	var s season
	for item, ok := shop.Next(); ok; item, ok = shop.Next() {
		switch at := item.At - start; {
		case at < 0:
			s.history = append(s.history, item)
		case at < 4*event.Day24h:
			s.before = append(s.before, item)
		case at < (4+outage)*event.Day24h:
			s.during = append(s.during, item)
		default:
			s.after = append(s.after, item)
		}
	}
	return s
}

func (s season) len() int { return len(s.history) + len(s.before) + len(s.during) + len(s.after) }

// live runs a pipeline through the season and returns the alerts' keys.
// After an outage it reads at most so many records at a time; 0 = no outage.
func (s season) live(v *virtual, atATime int) []string { return s.liveWith(v, v.honest(), atATime) }

func (s season) liveWith(v *virtual, cfg pipeline.Config, atATime int) []string {
	v.t.Helper()
	v.produce(s.history)
	p := v.run(cfg)
	v.caughtUp(cfg)
	v.happen(s.before, settle)
	v.caughtUp(cfg)
	if atATime > 0 {
		if err := p.stop(); err != nil {
			v.t.Fatal(err)
		}
		v.produce(s.during)
		v.setWall(s.after[0].At)
		cfg.MaxPollRecords = atATime
		p = v.run(fresh(cfg))
		v.caughtUp(cfg)
	} else {
		v.happen(s.during, settle)
	}
	v.happen(s.after, settle)
	v.caughtUp(cfg)
	if err := p.stop(); err != nil {
		v.t.Fatal(err)
	}
	v.verify(cfg, s.len())
	var keys []string
	for _, m := range v.alerts() {
		keys = append(keys, m.key())
	}
	slices.Sort(keys)
	return keys
}

// TestAnOutageMakesNoSilence stops the pipeline for 35 days while purchases
// wait unread, and holds its alerts against those of a pipeline that never
// stopped: they are the same, in however many pieces the backlog is read.
func TestAnOutageMakesNoSilence(t *testing.T) {
	s := newSeason()
	var steady, whole, pieces []string
	inVirtualTime(t, func(v *virtual) { steady = s.live(v, 0) })
	inVirtualTime(t, func(v *virtual) { whole = s.live(v, 20_000) })
	inVirtualTime(t, func(v *virtual) { pieces = s.live(v, 20) })
	for _, atATime := range []int{1, 333} {
		var keys []string
		inVirtualTime(t, func(v *virtual) { keys = s.live(v, atATime) })
		onlyIn(t, fmt.Sprint(atATime, " at a time, the"), keys, steady)
		onlyIn(t, fmt.Sprint("steady, and not ", atATime, " at a time, the"), steady, keys)
	}
	t.Logf("%d events during the outage, %d alerts, %d read in pieces", len(s.during), len(steady), len(pieces))
	if len(steady) < 20 {
		t.Errorf("%d alerts: too few to show anything", len(steady))
	}
	onlyIn(t, "steady", steady, whole)
	onlyIn(t, "interrupted", whole, steady)
	onlyIn(t, "piecemeal", pieces, steady)
	onlyIn(t, "steady (but not the piecemeal)", steady, pieces)
}

// TestWhatIsDueComesInPieces lets few deadlines come in a batch, so that the
// clock stops often on its way over an outage: nothing else comes of it.
func TestWhatIsDueComesInPieces(t *testing.T) {
	s := newSeason()
	var steady []string
	inVirtualTime(t, func(v *virtual) { steady = s.live(v, 0) })
	for _, c := range []struct{ mostDue, atATime int }{{1, 20_000}, {1, 7}, {3, 333}} {
		var keys []string
		inVirtualTime(t, func(v *virtual) {
			cfg := v.honest()
			cfg.MostDue = c.mostDue
			keys = s.liveWith(v, cfg, c.atATime)
		})
		onlyIn(t, fmt.Sprint(c.mostDue, " due and ", c.atATime, " read at a time, the"), keys, steady)
		onlyIn(t, fmt.Sprint("steady, and not ", c.mostDue, " due and ", c.atATime, " read at a time, the"), steady, keys)
	}
}

// onlyIn names what one run has and the other has not.
func onlyIn(t *testing.T, name string, one, other []string) {
	t.Helper()
	for _, key := range one {
		if !slices.Contains(other, key) {
			t.Errorf("only the %s run has alert %s", name, key)
		}
	}
}
