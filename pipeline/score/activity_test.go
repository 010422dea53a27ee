package score

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// seen is a buyer with activity days besides.
func seen(x uint32, tx int, activityX uint32, activityTX int) Facts {
	s := buyer(x, tx, tx, 10).Facts
	s.HasActivity, s.ActivityX = true, activityX
	s.FirstActivityDay, s.LastActivityDay = s.FirstDay, s.FirstDay+event.Day(activityTX)
	s.Today = max(s.Today, s.LastActivityDay)
	return s
}

// TestActivityProvesLife: visits speak for a customer, and their absence against
// it, where there are parameters of them, it has been seen, and visits arrive.
func TestActivityProvesLife(t *testing.T) {
	p := cdnow(t)
	s := seen(4, 100, 40, 300)
	s.Today = s.FirstDay + 310
	purchases := p.Probabilities(&s).PAlive
	activity := *p
	activity.HasActivity, activity.Activity = true, btyd.MBGNBD{R: 1.2, Alpha: 2, A: .5, B: 8}
	got := activity.Probabilities(&s)
	if purchases > .4 || got.PAlive < .9 || got.PAlivePurchase != purchases {
		t.Errorf("who visits is alive with %.3f, by its purchases with %.3f and %.3f",
			got.PAlive, got.PAlivePurchase, purchases)
	}
	for name, c := range map[string]func(*Facts){
		"visits of nobody arrive": func(s *Facts) { s.ActivityHeld = true },
		"never seen":              func(s *Facts) { s.ActivityX = s.X },
	} {
		other := s
		if c(&other); activity.Probabilities(&other).PAlive != purchases {
			t.Errorf("%s: P(alive) is %.3f, want that of purchases, %.3f", name,
				activity.Probabilities(&other).PAlive, purchases)
		}
	}
	s.Today = s.LastActivityDay + 60
	if got := activity.Probabilities(&s).PAlive; got > .1 {
		t.Errorf("who came every week and has not come for 60 days is alive with %.3f", got)
	}
	unknown := activity
	unknown.DropoutIdentified = false
	if !unknown.TestsAlive(&s) {
		t.Error("activity days tell who leaves, and P(alive) is not asked")
	}
}

// TestActivityCrossingsAreExact compares crossings by activity days with what
// day-by-day judging finds.
func TestActivityCrossingsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := DefaultParameters()
		p.HasActivity = true
		p.Activity = btyd.MBGNBD{R: rapid.Float64Range(.05, 20).Draw(t, "r"),
			Alpha: rapid.Float64Range(.05, 100).Draw(t, "alpha"),
			A:     rapid.Float64Range(.01, 10).Draw(t, "a"), B: rapid.Float64Range(.01, 100).Draw(t, "b")}
		p.DropoutIdentified = rapid.Bool().Draw(t, "identified")
		x := rapid.IntRange(0, 20).Draw(t, "x")
		tx := rapid.IntRange(x, 700).Draw(t, "tx")
		if x == 0 {
			tx = 0
		}
		s := seen(uint32(x), tx, uint32(x+rapid.IntRange(1, 90).Draw(t, "more")),
			tx+rapid.IntRange(1, 300).Draw(t, "later"))
		p.prepareBorders()
		c := p.Crossings(&s)
		for name, b := range map[string]struct {
			got    event.Day
			border float64
		}{"watch": {c.Watch, p.Thresholds.Watch}, "at risk": {c.AtRisk, p.bounded(&s, p.Thresholds.AtRisk)}} {
			if b.got == Never {
				continue
			}
			s.Today = b.got
			if p.Probabilities(&s).PAliveMillionths >= Millionths(b.border) {
				t.Fatalf("%s: does not hold on its day, %d after the latest activity", name, b.got-s.LastActivityDay)
			}
			if s.Today = b.got - 1; s.Today >= s.LastActivityDay &&
				p.Probabilities(&s).PAliveMillionths < Millionths(b.border) {
				t.Fatalf("%s: holds the day before", name)
			}
			if b.got < s.LastActivityDay {
				t.Fatalf("%s: %d days before the latest activity", name, s.LastActivityDay-b.got)
			}
		}
	})
}
