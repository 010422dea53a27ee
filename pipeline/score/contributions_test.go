package score

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestContributionsAddUpToTheRisk: whatever the customer and the model, what is
// shown is all that there is: in log-odds, to 1e-9. Where the risk is so near 1 that a
// float has no digits left for the rest, the sum gives the risk.
func TestContributionsAddUpToTheRisk(t *testing.T) {
	var known Parameters
	p := cdnow(t)
	rapid.Check(t, func(t *rapid.T) {
		known = *p
		known.Purchase = btyd.MBGNBD{R: rapid.Float64Range(.1, 5).Draw(t, "r"),
			Alpha: rapid.Float64Range(1, 60).Draw(t, "alpha"), A: rapid.Float64Range(.05, 3).Draw(t, "a"),
			B: rapid.Float64Range(.1, 10).Draw(t, "b")}
		known.K = rapid.IntRange(1, 4).Draw(t, "k")
		for e := range known.Weights {
			known.Weights[e] = rapid.Float64Range(-3, 3).Draw(t, Evidence(e).String())
		}
		if err := known.Prepare(); err != nil {
			t.Skip(err)
		}
		s := anybody(t)
		var sc Scores
		known.Scores(&s, &sc)
		sum := 0.
		for _, c := range known.Contributions(&s, &sc) {
			sum += c.LogOdds
		}
		if got := sigmoid(sum); math.Abs(got-sc.ChurnRisk) > 1e-12 {
			t.Fatalf("what is shown makes %v, the risk is %v", got, sc.ChurnRisk)
		}
		if want := logitOf(sc.ChurnRisk); want < 14 && math.Abs(sum-want) > 1e-9 {
			t.Fatalf("what is shown adds up to %v, the risk is %v", sum, want)
		}
	})
}

// anybody is a customer with any history, any silence and any evidence.
func anybody(t *rapid.T) Statistics {
	x := rapid.IntRange(0, 30).Draw(t, "x")
	tx := 0
	if x > 0 {
		tx = rapid.IntRange(x, 800).Draw(t, "tx")
	}
	s := buyer(uint32(x), tx, tx+rapid.IntRange(0, 300).Draw(t, "silence"), 20)
	s.Now = event.Instant(s.Today) * event.Day24h
	yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
	s.SLABreachedOpen, s.RefundInLastOrder, s.LateDelivery = yes("complaint"), yes("refund"), yes("late")
	s.DiscountAcquired, s.PointsRedeemed30, s.Referral90 = yes("discount"), yes("points"), yes("referral")
	if yes("ratings") {
		s.RatingPrevious, s.RatingLast = 5, 2
	}
	s.Channels90 = uint8(rapid.IntRange(0, 3).Draw(t, "channels"))
	s.Visits30 = uint32(rapid.IntRange(0, 9).Draw(t, "visits"))
	s.VisitsPrevious90 = uint32(rapid.IntRange(0, 60).Draw(t, "visits before"))
	return s
}

// TestContributionsNameWhatIsNoReason: a weight that is no reason to leave, or has no
// code, is told, and a weight of 0 is not; the base of who has bought once is named so.
func TestContributionsNameWhatIsNoReason(t *testing.T) {
	p := cdnow(t)
	p.Weights = Weights{ReferralEvidence: -.4, RefundEvidence: -.1, OpenComplaintLate: 1}
	s := buyer(0, 0, 50, 20)
	s.Referral90, s.RefundInLastOrder, s.LateDelivery = true, true, true
	var sc Scores
	p.Scores(&s, &sc)
	all := p.Contributions(&s, &sc)
	var said []string
	for i := range all {
		said = append(said, all[i].Part.String()+": "+all[i].Text())
	}
	const want = "first_time_buyer_base: first-time buyer's base: what the model expects of anyone right after the " +
		"first purchase\nsilence: 50 days since the only purchase; nine of ten such customers who buy again do so within " +
		"3433\nevidence: a refund in the last order\n" +
		"evidence: recommended the shop in the last 90 days"
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if s.X, s.LastDay = 1, s.FirstDay+20; p.Contributions(&s, &sc)[0].Part != PartBase {
		t.Error("who has bought on two days is told to have a first-time buyer's base")
	}
}

// TestNothingContributesToWhatIsCertain: of who has never bought, and who has closed.
func TestNothingContributesToWhatIsCertain(t *testing.T) {
	p := cdnow(t)
	closed, never := buyer(3, 60, 90, 20), Statistics{}
	closed.Closed, closed.SLABreachedOpen, never.SLABreachedOpen = true, true, true
	for _, s := range []Statistics{closed, never} {
		var sc Scores
		p.Scores(&s, &sc)
		if all := p.Contributions(&s, &sc); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	}
}

// TestEveryEvidenceHasWords: a reason's, or its own; and what nothing fills says so.
func TestEveryEvidenceHasWords(t *testing.T) {
	for e := range evidence {
		c := Contribution{Part: PartEvidence, Evidence: Evidence(e), Reason: signal.Reason{Code: evidence[e].code}}
		if c.Text() == "" || evidence[e].words != "" && evidence[e].code != signal.ReasonNone {
			t.Errorf("%v: %q", Evidence(e), c.Text())
		}
	}
}
