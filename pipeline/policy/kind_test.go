package policy

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// flaws are the reasons why a kind may not be in the table.
func flaws(id int, k *kind) []string {
	var all []string
	need := func(ok bool, what string) {
		if !ok {
			all = append(all, what)
		}
	}
	need(k.id == Kind(id), "its number is that of its place")
	need(k.name != "" && k.family != "" && k.topic != 0, "name, family and topic")
	need(k.judge != nil, "a rule")
	need(k.holds != nil || sameFunc(k.judge, judgeComplaintTimes), "a condition")
	need(k.wake != nil, "a wake: without one nobody comes when its moment has come")
	need(k.cooldown != nil, "a cooldown")
	need((k.lead == signal.ReasonNone) == (k.tell == nil), "a lead and its words, or neither")
	need((k.lead == signal.ReasonNone) == (k.play == signal.Play{}), "a lead and its play, or neither")
	need(k.lead != signal.ReasonNone || k.onSilence, "a lead, for only silence has reasons of its own")
	need(!k.once || k.watches == 0, "no reasons watched after its only message")
	if sameFunc(k.judge, openWhileHeld) {
		need(k.over != nil && k.watches != 0, "why it is resolved, and the reasons that it watches")
	}
	return all
}

func sameFunc(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }

func TestKindsAreWhole(t *testing.T) {
	names, plays := map[string]Kind{}, map[signal.ReasonCode]signal.Play{}
	for i := range kinds {
		k := &kinds[i]
		if i == 0 || reflect.ValueOf(*k).IsZero() {
			continue // a number that nobody has
		}
		for _, flaw := range flaws(i, k) {
			t.Errorf("kind %d %s lacks: %s", i, k.name, flaw)
		}
		if other, taken := names[k.name]; taken {
			t.Errorf("kinds %d and %d are both %s", other, i, k.name)
		}
		names[k.name] = Kind(i)
		if play, taken := plays[k.lead]; taken && play != k.play {
			t.Errorf("kind %d has another play for %v than one before it", i, k.lead)
		}
		plays[k.lead] = k.play
	}
	sleeper := complaintRepeat
	sleeper.wake = nil
	if len(flaws(int(sleeper.id), &sleeper)) != 1 {
		t.Error("a kind without a wake would get into the table")
	}
}

// TestKindsStay holds what is published of each kind: consumers and records know
// them by these.
func TestKindsStay(t *testing.T) {
	plays := DefaultPlays()
	c := Default()
	c.RepeatComplaints = 3
	s := score.Statistics{Facts: score.Facts{
		Now: 100 * event.Day24h, HasPurchase: true, X: 1, FirstDay: 80, LastDay: 92, SLABreachedOpen: true, ComplaintsIn30: 3,
	}}
	s.SLABreachedOpenedAt, s.SLADueAt, s.SLACategory = 99*event.Day24h, 99*event.Day24h+12*event.Hour, event.Billing
	sc := score.Scores{Ladder: signal.LadderAdvocate}
	var text strings.Builder
	for _, v := range Kinds() {
		p := v.Published()
		fmt.Fprintf(&text, "%d %s, family %s, topic %d, watches %x\n", v, p.Name, p.Family, p.Topic, kinds[v].watches)
		lead := c.Lead(v, &s, &sc)
		r := &lead.Reason
		if r.Code == signal.ReasonNone {
			continue
		}
		fmt.Fprintf(&text, "  %v: %s (%g, %g) replaces %q, alone %v\n",
			r.Code, r.Text(), r.Observed, r.Expected, lead.Replaces, lead.Alone)
		play := plays[r.Code]
		fmt.Fprintf(&text, "  %s: %s, within %d days\n", play.ID, play.Title, play.ActWithin/day)
	}
	golden, err := os.ReadFile("testdata/kinds.txt")
	if *rewrite {
		golden = []byte(text.String())
		err = os.WriteFile("testdata/kinds.txt", golden, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), text.String()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// TestUnknownKind: an episode of a newer writer's kind harms nothing.
func TestUnknownKind(t *testing.T) {
	w := newWorld()
	w.purchase()
	for _, id := range []Kind{0, Kind(KindCount), 255} {
		if id.String() != "" || id.Published() != (signal.AlertKind{}) {
			t.Errorf("kind %d is %v", id, id.Published())
		}
		w.episodes = append(w.episodes[:0], Episode{Kind: id, Open: true, RaisedAt: w.now, Reasons: 1})
		w.judge()
		if len(w.episodes) != 1 || w.next <= w.now {
			t.Errorf("kind %d: episodes %+v, next %d", id, w.episodes, w.next)
		}
		f := w.facts()
		if kept, _ := w.config.Repair(&w.room, &w.state, w.episodes, &f, nil); len(kept) != 1 {
			t.Errorf("kind %d: repaired to %+v", id, kept)
		}
	}
}
