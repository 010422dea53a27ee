package policy

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// deed is one thing that happens to the imagined customer.
type deed struct {
	after event.Instant // since the deed before
	kind  string
	value int
}

func drawDeeds(t *rapid.T) []deed {
	kinds := []string{"purchase", "purchase", "purchase", "visit", "complain", "settle", "close", "opt",
		"feedback", "model", "rank", "advocate", "severity", "cancel"}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) deed {
		hours := rapid.OneOf(rapid.IntRange(0, 48), rapid.IntRange(0, 24*40), rapid.IntRange(0, 24*150)).Draw(t, "hours")
		return deed{
			after: event.Instant(hours)*event.Hour + event.Instant(rapid.IntRange(0, 3599).Draw(t, "seconds"))*event.Second,
			kind:  rapid.SampledFrom(kinds).Draw(t, "kind"),
			value: rapid.IntRange(0, 5).Draw(t, "value"),
		}
	}), 1, 40).Draw(t, "deeds")
}

func (w *world) do(d deed) {
	switch d.kind {
	case "purchase":
		w.purchase()
	case "complain":
		w.complain()
	case "settle":
		w.settle()
	case "close":
		w.closed = true
	case "opt":
		w.optedOut = d.value%2 == 0
	case "feedback":
		outcome := event.OutcomeAcknowledged + event.Outcome(d.value)%5
		w.judgeWith(func(f *Facts) { f.Feedback, f.FeedbackEpisode = outcome, w.state.Raised })
	case "model":
		w.half, w.modelSince = float64(20+15*d.value), w.now
	case "rank":
		w.vip = d.value%2 == 0
	case "severity":
		w.severe = d.value%2 == 0
	case "cancel": // the latest purchase day but the first
		if w.x > 0 {
			w.x--
			w.last--
		}
	case "advocate":
		w.ladder = signal.LadderAdvocate
	}
	w.judge()
}

// TestMachine drives one customer through any life, twice: once judged only when
// something happens or a deadline fires, once at other instants besides.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		deeds := drawDeeds(t)
		identified := rapid.Bool().Draw(t, "identified")
		every := event.Instant(rapid.IntRange(1, 100).Draw(t, "every")) * event.Hour
		plain, eager := newWorld(), newWorld()
		plain.identified, eager.identified = identified, identified
		plain.config.Critical.Enter, eager.config.Critical.Enter = .4, .4
		most := rapid.Uint32Range(2, 4).Draw(t, "complaints")
		plain.config.RepeatComplaints, eager.config.RepeatComplaints = most, most
		at := plain.now
		for _, d := range deeds {
			at += d.after
			for eager.now+every < at {
				eager.until(eager.now + every)
				eager.judge()
			}
			for _, w := range []*world{plain, eager} {
				w.until(at)
				w.do(d)
				again(t, w)
				risky(t, w)
			}
			if plain.state != eager.state {
				t.Fatalf("state %+v, judged more often %+v", plain.state, eager.state)
			}
		}
		if !slices.Equal(plain.said, eager.said) {
			t.Fatalf("said\n%+v\njudged more often\n%+v", plain.said, eager.said)
		}
		invariants(t, plain)
	})
}

// again holds that a second judgement at the same instant changes nothing.
func again(t *rapid.T, w *world) {
	state, episodes, said, next := w.state, slices.Clone(w.episodes), len(w.said), w.next
	w.judge()
	if w.state != state || !slices.Equal(w.episodes, episodes) || len(w.said) != said || w.next != next {
		t.Fatalf("a second judgement at the same instant changed %+v %+v %d into %+v %+v %d, said %+v",
			state, episodes, next, w.state, w.episodes, w.next, w.said[said:])
	}
	if w.next <= w.now {
		t.Fatalf("asked for %d, which is not after %d", w.next, w.now)
	}
	if len(w.episodes) > KindCount+2*16 {
		t.Fatalf("%d episodes", len(w.episodes))
	}
}

// risky holds that nobody is lost who has not been at risk and alerted, but one-time
// buyers and who has closed, and that what complaints make ends with them.
func risky(t *rapid.T, w *world) {
	st, f := &w.state, w.facts()
	switch {
	case st.Level == signal.LevelLost && w.x > 0 && !w.closed && st.Told < signal.LevelAtRisk:
		t.Fatalf("lost, and nobody was told of at_risk: %+v", *st)
	case st.Level == signal.LevelAtRisk && st.AtRiskSince == 0 && !f.SevereBreached,
		st.Level == signal.LevelCritical && !f.SLABreached && !w.vip:
		t.Fatalf("%v without a cause: %+v", st.Level, *st)
	case w.has && (f.SLABreached && st.Level < signal.LevelWatch || f.SevereBreached && st.Level < signal.LevelAtRisk):
		t.Fatalf("%v with a complaint past its time, severe %v", st.Level, f.SevereBreached)
	case w.x == 0 && st.AtRiskSince != 0:
		t.Fatalf("a one-time buyer is at risk since %d", st.AtRiskSince)
	}
}

func invariants(t *rapid.T, w *world) {
	type alert struct {
		last  Transition
		ended bool
	}
	alerts := map[uint32]*alert{}
	type about struct {
		kind    Kind
		subject uint64
	}
	open := map[about]uint32{}
	ended := map[about]Transition{}
	number := uint32(0)
	for i, m := range w.said {
		fail := func(format string, args ...any) {
			t.Fatalf("message %d %+v: %s", i, m, fmt.Sprintf(format, args...))
		}
		key := about{m.Kind, m.Subject}
		if (m.Subject != 0) != (m.Kind == ComplaintSLABreached) {
			fail("a subject belongs to times of complaints alone")
		}
		if i > 0 && m.At < w.said[i-1].At {
			fail("goes back in time")
		}
		if m.Action == signal.Raised {
			number++
			if m.Episode != number || m.Seq != 1 || m.RaisedAt != m.At {
				fail("want number %d, seq 1, raised now", number)
			}
			if open[key] != 0 || churn(m.Kind) && open[about{ChurnRisk, 0}]+open[about{SilentChurn, 0}] != 0 {
				fail("another is open")
			}
			if before, any := ended[key]; any && m.At < before.CooldownUntil &&
				!(churn(m.Kind) && m.Level > before.PreviousLevel) {
				fail("inside the cooldown of %+v", before)
			}
			alerts[number] = &alert{}
			open[key] = number
		} else {
			a := alerts[m.Episode]
			switch {
			case a == nil || a.ended && m.Resolve != signal.ByPurchaseUndone:
				fail("is not open")
			case m.Seq != a.last.Seq+1 || m.Kind != a.last.Kind || m.RaisedAt != a.last.RaisedAt:
				fail("does not follow %+v", a.last)
			case m.Resolve == signal.ByPurchaseUndone && (m.Kind != SecondPurchase || m.Seq != 2 ||
				m.At >= m.RaisedAt+secondKept):
				fail("takes something else back")
			case m.Action == signal.Escalated && m.Level <= a.last.Level:
				fail("escalates downward from %+v", a.last)
			case m.Action == signal.Updated && m.At < a.last.At+w.config.UpdateEvery:
				fail("updated too soon after %+v", a.last)
			}
		}
		a := alerts[m.Episode]
		a.last = m
		if m.Action == signal.Resolved || m.Action == signal.Expired || kinds[m.Kind].once {
			a.ended = true
			open[key] = 0
			ended[key] = m
		}
		if (m.Action == signal.Resolved) != (m.Resolve != signal.ResolveNone) {
			fail("a reason of resolving belongs to resolved alone")
		}
	}
}

func churn(kind Kind) bool { return kind == ChurnRisk || kind == SilentChurn }

// TestDwellAndCrossing holds that no silence is alerted before its level has held
// a dwell, and that one crossing raises once, or again from a higher level.
func TestDwellAndCrossing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.half, w.config.Expiry = 100, 12*event.Day24h // at risk for 52 days before lost
		at := w.now
		var risen event.Instant // since when the level is at_risk or higher
		told := signal.LevelNone
		read := 0
		listen := func() {
			if w.state.Level < signal.LevelAtRisk {
				risen, told = 0, signal.LevelNone
			} else if risen == 0 {
				risen = w.now
			}
			for _, m := range w.said[read:] {
				if !churn(m.Kind) || m.Action == signal.Resolved || m.Action == signal.Expired {
					continue
				}
				if m.Action == signal.Raised && (m.At < risen+w.config.Dwell || m.Level <= told) {
					t.Fatalf("%+v raised %d us after its level, %v having been told", m, m.At-risen, told)
				}
				told = max(told, m.Level)
			}
			read = len(w.said)
		}
		for _, d := range drawDeeds(t) {
			if d.kind == "complain" || d.kind == "model" {
				continue // complaints have no dwell; a new model moves the past
			}
			at += d.after
			for w.next <= at {
				w.now = w.next
				w.judge()
				listen()
			}
			w.now = at
			w.do(d)
			listen()
		}
	})
}
