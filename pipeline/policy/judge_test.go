package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// story lets a customer with three purchases live and gives what was said of
// churn and complaints, a line each: day.hour kind#number/seq action level(previous) why.
func story(live func(*world)) []string {
	w := newWorld()
	for range 3 {
		w.purchase()
		w.days(10)
	}
	w.now = startOf(w.last)
	w.said = nil
	live(w)
	return lines(w)
}

func lines(w *world) []string {
	var all []string
	for _, t := range w.said {
		at := t.At - 20_020*event.Day24h // the day of the third purchase
		text := fmt.Sprintf("%d.%d %s#%d/%d %s %s(%s)", at/event.Day24h, at%event.Day24h/event.Hour,
			t.Kind, t.Episode, t.Seq, t.Action, t.Level, t.PreviousLevel)
		for _, word := range []string{t.Resolve.String(), t.Suppression.String(), t.Feedback.String()} {
			if word != "" {
				text += " " + word
			}
		}
		all = append(all, text)
	}
	return all
}

// With half = 40 days P(alive) crosses .5 on day 41, .3 on day 47, .03 on day 68;
// the overdue quantile crosses .9 on day 47.
func TestStories(t *testing.T) {
	hour := event.Hour
	tests := []struct {
		name string
		live func(*world)
		want string
	}{
		{"silence is said a dwell after its crossing, lost escalates, then it expires", func(w *world) {
			w.judge()
			w.days(400)
		}, `48.0 silent_churn#2/1 raised at_risk(none)
69.0 silent_churn#2/2 escalated lost(at_risk)
138.0 silent_churn#2/3 expired lost(lost)`},
		{"a purchase within the dwell says nothing", func(w *world) {
			w.days(47.5)
			w.purchase()
			w.days(10)
		}, ``},
		{"a purchase resolves", func(w *world) {
			w.days(50)
			w.purchase()
		}, `48.0 silent_churn#2/1 raised at_risk(none)
50.0 silent_churn#2/2 resolved none(at_risk) purchase`},
		{"after a purchase the cooldown holds the next crossing back", func(w *world) {
			w.half = 5 // at_risk on day 6
			w.judge()
			w.days(7.5)
			w.half = 10 // at_risk again on day 19, held on day 20; cooldown to day 21.5
			w.purchase()
			w.days(15)
		}, `7.0 silent_churn#2/1 raised at_risk(none)
7.12 silent_churn#2/2 resolved none(at_risk) purchase
21.12 silent_churn#3/1 raised at_risk(none)`},
		{"a complaint on the way makes it churn_risk", func(w *world) {
			w.complain()
			w.settle()
			w.days(49)
		}, `48.0 churn_risk#2/1 raised at_risk(none)`},
		{"a complaint past its time beside long silence is critical at once", func(w *world) {
			w.half = 50 // overdue quantile .9 on day 58, P(alive) .3 on day 59
			w.days(57)
			w.complain()
			w.days(1)
			w.settle()
		}, `58.0 churn_risk#2/1 raised critical(none)
58.0 complaint_sla_breached#3/1 raised critical(none)
58.0 churn_risk#2/2 resolved watch(critical) complaint_resolved
58.0 complaint_sla_breached#3/2 resolved watch(critical) complaint_resolved`},
		{"a severe complaint past its time is at risk until it is answered, with no silence at all", func(w *world) {
			w.severe = true
			w.complain()
			w.days(20)
			w.settle()
			w.days(1)
		}, `1.0 churn_risk#2/1 raised at_risk(none)
1.0 complaint_sla_breached#3/1 raised at_risk(none)
20.0 churn_risk#2/2 resolved none(at_risk) complaint_resolved
20.0 complaint_sla_breached#3/2 resolved none(at_risk) complaint_resolved`},
		{"who would be lost at once is at risk for the dwell first, and told", func(w *world) {
			w.half = 4 // at_risk on day 5, lost on day 7
			w.judge()
			w.days(30)
			w.half = 1 // both come on day 32, and the cooldown lasts to day 44
			w.purchase()
			w.days(40)
		}, `6.0 silent_churn#2/1 raised at_risk(none)
8.0 silent_churn#2/2 escalated lost(at_risk)
30.0 silent_churn#2/3 resolved none(lost) purchase
30.0 reactivated#3/1 raised none(none)
44.0 silent_churn#4/1 raised at_risk(none)
45.0 silent_churn#4/2 escalated lost(at_risk)`},
		{"complaint sla breached and resolved", func(w *world) {
			w.days(2)
			w.complain()
			w.days(2)
			w.settle()
		}, `3.0 complaint_sla_breached#2/1 raised watch(none)
4.0 complaint_sla_breached#2/2 resolved none(watch) complaint_resolved`},
		{"two complaints in thirty days, until the first leaves the window", func(w *world) {
			w.half = 400
			w.complain()
			w.settle()
			w.days(5)
			w.complain()
			w.settle()
			w.days(40)
		}, `5.0 complaint_repeat#2/1 raised none(none)
30.0 complaint_repeat#2/2 resolved none(none) complaint_resolved`},
		{"closure resolves and is lost", func(w *world) {
			w.days(50)
			w.closed = true
			w.judge()
			w.days(200)
		}, `48.0 silent_churn#2/1 raised at_risk(none)
50.0 silent_churn#2/2 resolved lost(at_risk) closed`},
		{"who came back is reactivated", func(w *world) {
			w.days(70)
			w.purchase()
		}, `48.0 silent_churn#2/1 raised at_risk(none)
69.0 silent_churn#2/2 escalated lost(at_risk)
70.0 silent_churn#2/3 resolved none(lost) purchase
70.0 reactivated#3/1 raised none(none)`},
		{"a late purchase lifts over the border without hysteresis", func(w *world) {
			w.days(50)
			w.last += 4 // P(alive) .32: above .30, below .40
			w.judge()
		}, `48.0 silent_churn#2/1 raised at_risk(none)
50.0 silent_churn#2/2 resolved watch(at_risk) purchase`},
		{"a note of the team goes with the next message alone", func(w *world) {
			w.days(50)
			w.judgeWith(func(f *Facts) { f.Feedback, f.FeedbackEpisode = event.OutcomeContacted, 2 })
			w.days(100)
		}, `48.0 silent_churn#2/1 raised at_risk(none)
69.0 silent_churn#2/2 escalated lost(at_risk) contacted
138.0 silent_churn#2/3 expired lost(lost)`},
		{"what expired comes again from a higher level", func(w *world) {
			w.half = 300 // at_risk on day 351, lost on day 509, capped to day 400
			w.config.Expiry = 10 * event.Day24h
			w.judge()
			w.days(365)
			w.vip = true
			w.judge()
			w.days(5)
		}, `352.0 silent_churn#2/1 raised at_risk(none)
362.0 silent_churn#2/2 expired at_risk(at_risk)
366.0 silent_churn#3/1 raised critical(none)`},
		{"feedback is noted, then ends it", func(w *world) {
			w.days(50)
			feedback := func(outcome event.Outcome) {
				w.judgeWith(func(f *Facts) { f.Feedback, f.FeedbackEpisode = outcome, 2 })
			}
			feedback(event.OutcomeContacted)
			w.days(1)
			feedback(event.OutcomeWrong)
			w.days(10)
		}, `48.0 silent_churn#2/1 raised at_risk(none)
51.0 silent_churn#2/2 resolved at_risk(at_risk) feedback contacted`},
		{"opting out ends it, and the next is recorded only", func(w *world) {
			w.days(50)
			w.optedOut = true
			w.judge()
			w.days(16)
			w.purchase()
			w.days(50)
		}, `48.0 silent_churn#2/1 raised at_risk(none)
50.0 silent_churn#2/2 resolved at_risk(at_risk) suppressed
114.0 silent_churn#3/1 raised at_risk(none) opted_out`},
		{"changed reasons are told once a day", func(w *world) {
			w.days(47.5)
			w.complain() // breached on day 48.5, with overdue above .9: critical
			w.days(1)
			w.now += hour
			w.settle()
			w.days(3)
		}, `48.0 churn_risk#2/1 raised at_risk(none)
48.12 churn_risk#2/2 escalated critical(at_risk)
48.12 complaint_sla_breached#3/1 raised critical(none)
48.13 complaint_sla_breached#3/2 resolved at_risk(critical) complaint_resolved
49.12 churn_risk#2/3 updated at_risk(critical)`},
		{"new parameters neither raise nor resolve for a day", func(w *world) {
			w.days(20)
			w.half, w.modelSince = 15, w.now // at risk at once, lost on day 26
			w.judge()
			w.days(2)
			w.half, w.modelSince = 400, w.now
			w.judge()
			w.days(3)
		}, `21.0 silent_churn#2/1 raised at_risk(none)
23.0 silent_churn#2/2 resolved none(at_risk) model_change`},
		{"without dropout the gap's quantiles stand in", func(w *world) {
			w.identified = false // .95 on day 60
			w.judge()
			w.days(62)
		}, `61.0 silent_churn#2/1 raised at_risk(none)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := story(test.live)
			var want []string
			if test.want != "" {
				want = strings.Split(test.want, "\n")
			}
			if !slices.Equal(got, want) {
				t.Errorf("said\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

// TestFirstPurchases: the second purchase is one message, and the stage after it
// another, which waits for nothing.
func TestFirstPurchases(t *testing.T) {
	w := newWorld()
	w.now = 20_020 * event.Day24h
	w.purchase()
	w.days(3)
	w.purchase()
	w.ladder = signal.LadderAdvocate
	w.days(5)
	w.judge()
	w.days(20)
	want := []string{
		"3.0 second_purchase#1/1 raised none(none)",
		"8.0 ladder_up#2/1 raised none(none)",
	}
	if got := lines(w); !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestLevelsOfOneTimeBuyer(t *testing.T) {
	w := newWorld()
	w.purchase()
	w.days(60)
	if w.state.Level != signal.LevelWatch {
		t.Errorf("level %v, want watch: at_risk needs two repeat days", w.state.Level)
	}
	w.days(20)
	if w.state.Level != signal.LevelLost || len(w.said) != 0 {
		t.Errorf("level %v, said %q, want lost and nothing said", w.state.Level, lines(w))
	}
	f := w.facts()
	if got := w.config.Lifecycle(&w.state, &f); got != signal.LifecycleLost {
		t.Errorf("lifecycle %v, want lost", got)
	}
}

func TestProspectHasNoLevel(t *testing.T) {
	w := newWorld()
	w.complain()
	w.days(2)
	f := w.facts()
	if w.state.Level != signal.LevelNone || w.config.Lifecycle(&w.state, &f) != signal.LifecycleProspect {
		t.Errorf("level %v, want none, and prospect", w.state.Level)
	}
	if len(w.said) != 1 || w.said[0].Kind != ComplaintSLABreached {
		t.Errorf("said %q, want the breached complaint", lines(w))
	}
}
