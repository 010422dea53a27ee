package explain

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

var rewrite = flag.Bool("rewrite", false, "write the transcript anew")

// cases are customers of whom something else is to be told each.
var cases = []struct {
	name string
	of   func(t *testing.T) *Document
}{
	{"active", weekly(30, nil)},
	{"on watch, with an order every day", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.orders(0, 1, 2, 3, 4, 5)
		s.until(22)
		return s.explain(nil)
	}},
	{"two orders: one gap is no average", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.orders(0, 3)
		s.until(20)
		return s.explain(nil)
	}},
	{"one order", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.orders(0)
		s.until(40)
		return s.explain(nil)
	}},
	{"nothing bought yet", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.come(1, event.Cart, nil)
		s.until(2)
		return s.explain(nil)
	}},
	{"at risk, and waiting for the dwell", weekly(93, nil)},
	{"at risk, and told", weekly(96, nil)},
	{"at risk, and not told: too little data", weekly(96, func(p *score.Parameters, _ *policy.Config) {
		p.DataSufficiency, p.Version, p.Fitted = signal.NoFit, score.Unfitted, false
	})},
	{"at risk, and not told: the holdout arm", weekly(96, func(_ *score.Parameters, c *policy.Config) {
		c.HoldoutPercent = 100
	})},
	{"at risk, and not told: of the past", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.later = 100 * event.Day24h
		s.orders(0, 7, 14, 21, 28)
		s.until(96)
		return s.explain(nil)
	}},
	{"at risk, and told late", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.later = 100 * event.Day24h
		s.orders(0, 7, 14, 21, 28)
		s.until(96)
		s.later, s.tells = 0, true
		s.until(97)
		return s.explain(nil)
	}},
	{"opted out", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.come(0, event.Order, func(e *event.Event) { e.Has |= event.HasConsent })
		s.orders(7, 14, 21, 28)
		s.until(96)
		return s.explain(nil)
	}},
	{"opted out, and not at risk", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.come(0, event.Order, func(e *event.Event) { e.Has |= event.HasConsent })
		s.orders(7, 14, 21, 28)
		s.until(35)
		return s.explain(nil)
	}},
	{"seen lately, and nothing bought", seen(false)},
	{"seen, and visits do not arrive", seen(true)},
	{"cooling", cooling},
	{"closed", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.orders(0, 7, 14)
		s.come(20, event.Closure, func(e *event.Event) { e.Closure = event.PriceReason })
		s.until(30)
		return s.explain(nil)
	}},
	{"lost", weekly(200, nil)},
	{"a complaint past its time, and a recommendation", complained},
	{"held: a backfill, a quiet input", func(t *testing.T) *Document {
		s := newShop(t, nil)
		s.orders(0, 7, 14)
		s.until(30)
		return s.explain(func(e *pipeline.Explained) {
			e.Silence -= 5 * event.Day24h
			e.Quiet, e.Backfills, e.Behind = []string{"retail.purchases.v1"}, []string{"orders-2025"}, true
		})
	}},
	{"held: behind", weekly(30, nil, func(e *pipeline.Explained) { e.Behind = true })},
}

// weekly is a customer who has bought five times, every week, explained on a day.
func weekly(day float64, change func(*score.Parameters, *policy.Config),
	held ...func(*pipeline.Explained),
) func(*testing.T) *Document {
	return func(t *testing.T) *Document {
		s := newShop(t, change)
		s.orders(0, 7, 14, 21, 28)
		s.until(day)
		if len(held) > 0 {
			return s.explain(held[0])
		}
		return s.explain(nil)
	}
}

// seen has bought five times, and looks around since, as a model of visits expects;
// held says that visits do not arrive at the end.
func seen(held bool) func(*testing.T) *Document {
	return func(t *testing.T) *Document {
		s := newShop(t, func(p *score.Parameters, _ *policy.Config) {
			p.HasActivity, p.Activity, p.K = true, btyd.MBGNBD{R: 1, Alpha: 2, A: .5, B: 3}, 2
		})
		s.orders(0, 7, 14, 21, 28)
		for day := 32.; day < 60; day += 3 {
			s.come(day, event.Session, nil)
		}
		s.until(61)
		s.held = held
		s.until(62)
		return s.explain(nil)
	}
}

// cooling is at risk soon after an alert: the dwell is long over.
func cooling(t *testing.T) *Document {
	s := newShop(t, func(_ *score.Parameters, c *policy.Config) { c.Cooldown = 200 * event.Day24h })
	s.orders(0, 7, 14, 21, 28)
	s.until(96)
	s.orders(97)
	s.until(212)
	return s.explain(nil)
}

// complained has a complaint that is late, one that is not, and has recommended the
// shop, which has a negative weight and no reason.
func complained(t *testing.T) *Document {
	s := newShop(t, func(p *score.Parameters, _ *policy.Config) { p.Weights[score.ReferralEvidence] = -.5 })
	s.orders(0, 7, 14, 21, 28)
	complain := func(day float64, id string) {
		s.come(day, event.ComplaintMade, func(e *event.Event) {
			e.ComplaintID, e.ComplaintHash = []byte(id), event.HashID([]byte(id))
			e.Status, e.Category, e.Severity = event.Opened, event.Billing, 2
		})
	}
	complain(29, "k-1")
	s.come(30, event.Referral, nil)
	complain(33, "k-2")
	s.until(33.5)
	return s.explain(nil)
}

// TestTranscript is what is told of each of the cases.
func TestTranscript(t *testing.T) {
	const file = "testdata/explained.txt"
	var all strings.Builder
	for _, c := range cases {
		all.WriteString("# " + c.name + "\n\n" + written(t, c.of(t)) + "\n")
	}
	text, err := json.MarshalIndent(weekly(96, nil)(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	all.WriteString("# as JSON\n\n" + string(text) + "\n")
	if *rewrite {
		if err := os.WriteFile(file, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("-want +got (look at it, then run with -rewrite):\n%s", diff)
	}
}

// TestWhatIsToldAddsUp: in every case, in log-odds and in points.
func TestWhatIsToldAddsUp(t *testing.T) {
	told := 0
	for _, c := range cases {
		d := c.of(t)
		if d.Score == nil || d.Score.Certain != "" {
			continue
		}
		told++
		sum, points := 0., 0.
		for _, part := range d.Score.Contributions {
			sum, points = sum+part.LogOdds, points+part.Points
		}
		risk := *d.Score.ChurnRisk
		if want := math.Log(risk) - math.Log1p(-risk); math.Abs(sum-want) > 1e-9 || math.Abs(points-100*risk) > 1e-9 {
			t.Errorf("%s: %v in log-odds, want %v; %v points, want %v", c.name, sum, want, points, 100*risk)
		}
	}
	if told < 10 {
		t.Errorf("%d cases say little", told)
	}
}
