package refit

import (
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/state"
)

// regularLives draws customers whose gaps are Erlang of an order.
func regularLives(n, k int, meanDays float64, until event.Day) []shard.History {
	r := rand.New(rand.NewPCG(uint64(k), 3))
	var all []shard.History
	for range n {
		mean, leave := meanDays*(.5+r.ExpFloat64()), .05+.2*r.Float64()
		days := []event.Day{event.Day(r.IntN(int(until) - 30))}
		sum := int64(0)
		for r.Float64() > leave {
			gap := 0.0
			for range k {
				gap += r.ExpFloat64() * mean / float64(k)
			}
			last := days[len(days)-1]
			next := last + event.Day(max(gap+.5, 1))
			if next > until {
				break
			}
			days = append(days, next)
			sum += state.LogGapOf(int32(next - last))
		}
		h := historyOf(days, until-horizon+1)
		h.LogGaps, h.GapsKnown = state.LogGapSum(sum), true
		all = append(all, h)
	}
	return all
}

// The order of the gaps is found, and gaps that are not known say nothing of it.
func TestOrderOfGapsIsFound(t *testing.T) {
	const until = 900
	for _, want := range []int{1, 3} {
		histories := regularLives(800, want, 25, until)
		d := decide(t, baseOf(histories, until), until, nil)
		if !d.Accepted || max(d.Record.K, 1) != want {
			t.Errorf("gaps of order %d are fitted by order %d: %s", want, d.Record.K, d.Reason)
		}
		next := decide(t, baseOf(histories[:795], until), until, &d.Record)
		if next.Record.K != d.Record.K {
			t.Errorf("a refit of order %d is of order %d", d.Record.K, next.Record.K)
		}
		other := d.Record
		other.K, other.Version = want+1, "other"
		changed := decide(t, baseOf(histories, until), until, &other)
		if !changed.Accepted || changed.Record.K != d.Record.K {
			t.Errorf("order %d stays in force where gaps are of order %d: %s", other.K, want, changed.Reason)
		}
		for i := range histories {
			histories[i].GapsKnown = i%3 == 0
		}
		if d := decide(t, baseOf(histories, until), until, nil); max(d.Record.K, 1) != 1 {
			t.Errorf("order %d is fitted though most gaps are not known", d.Record.K)
		}
	}
}

// A large base is searched on few points first: it loses nothing of the top.
func TestALargeBaseIsFittedToItsTop(t *testing.T) {
	const until = 730
	for k, limit := range map[int]float64{1: 1e-3, 2: .05} {
		base := baseOf(regularLives(6000, k, 20, until), until)
		points := base.purchase.Points(until)
		if len(points) <= fewPoints {
			t.Fatalf("only %d points", len(points))
		}
		top, err := fitOrder(k, points, fit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		found, err := fitTwice(k, points, fit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if lost := top.LogLikelihood - fit.LogLikelihood(found, points); lost > limit || !found.Verdict.Converged {
			t.Errorf("order %d: %g of the log-likelihood is lost; %s", k, lost, found.Verdict.Reason)
		}
	}
}
