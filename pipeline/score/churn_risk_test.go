package score

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

func scored(p *Parameters, s Statistics) (Scores, Probabilities) {
	var sc Scores
	p.Scores(&s, &sc)
	return sc, p.Probabilities(&s.Facts)
}

func codes(sc *Scores) (list []signal.ReasonCode) {
	for i := range sc.Reasons[:sc.ReasonCount] {
		list = append(list, sc.Reasons[i].Code)
	}
	return list
}

func TestChurnRiskIsOneMinusPReturnWithoutEvidence(t *testing.T) {
	p := cdnow(t)
	sc, _ := scored(p, buyer(4, 200, 300, 20))
	near(t, "churn_risk", sc.ChurnRisk, 1-sc.PReturn, 1e-12)
	near(t, "contribution of silence", sc.Reasons[0].Contribution,
		math.Log((1-sc.PReturn)/sc.PReturn)-math.Log((1-sc.PReturnAtPurchase)/sc.PReturnAtPurchase), 1e-12)
}

func TestComplaintPastItsTimeAddsToTheLogOdds(t *testing.T) {
	p := cdnow(t)
	s := buyer(4, 200, 300, 20)
	without, _ := scored(p, s)
	s.ComplaintsOpen, s.SLABreachedOpen, s.SLACategory = 1, true, event.Logistics
	s.SLABreachedOpenedAt, s.SLADueAt = s.Now-9*event.Day24h, s.Now-4*event.Day24h
	with, _ := scored(p, s)
	logit := func(q float64) float64 { return math.Log(q) - math.Log1p(-q) }
	near(t, "added", logit(with.ChurnRisk)-logit(without.ChurnRisk), 1.3/(1+.1*4), 1e-9)
	r := with.Reasons[slices.Index(codes(&with), signal.OpenComplaint)]
	if r.Topic != "logistics" || r.Observed != 9 || r.Expected != 5 {
		t.Errorf("reason %+v, want logistics, 9 days of 5", r)
	}
}

func TestWeightlessEvidenceIsNoReason(t *testing.T) {
	p := cdnow(t)
	s := buyer(4, 200, 201, 20)
	s.RatingLast, s.RatingPrevious, s.RefundInLastOrder, s.LateDelivery = 3, 5, true, true
	if sc, _ := scored(p, s); sc.ReasonCount != 0 || sc.Mask != 0 {
		t.Errorf("reasons %v, mask %b, want none: their weights are 0", codes(&sc), sc.Mask)
	}
	for e := range p.Weights {
		p.Weights[e] = .1 * float64(e+1)
	}
	sc, _ := scored(p, s)
	want := []signal.ReasonCode{signal.LateDelivery, signal.ReasonRefund, signal.TopBoxLost}
	if !slices.Equal(codes(&sc), want) {
		t.Errorf("reasons %v, want %v: the strongest first", codes(&sc), want)
	}
}

func TestRowReasonsWithoutWeight(t *testing.T) {
	p := cdnow(t)
	s := buyer(0, 0, 120, 0)
	s.VisitsSincePurchase = 4
	p.DropoutIdentified = false
	sc, _ := scored(p, s)
	want := []signal.ReasonCode{signal.Overdue, signal.IntentGap, signal.NoSecondPurchase}
	if got := codes(&sc); !slices.Equal(got, want) {
		t.Errorf("reasons %v, want %v", got, want)
	}
	var out [signal.ReasonLimit]signal.Reason
	if n := AlertReasons(&Lead{}, &s, &sc, &out); n != 1 || out[0].Code != signal.Overdue {
		t.Errorf("alert has %d reasons, first %v, want silence alone", n, out[0].Code)
	}
}

func TestAlertReasons(t *testing.T) {
	p := cdnow(t)
	late := buyer(4, 200, 300, 20)
	late.ComplaintsOpen, late.SLABreachedOpen = 1, true
	late.SLABreachedOpenedAt, late.SLADueAt = late.Now-2*event.Day24h, late.Now-event.Day24h
	fresh := buyer(1, 30, 30, 20)
	lead := func(code signal.ReasonCode) Lead { return Lead{Reason: signal.Reason{Code: code}} }
	sla, news := lead(signal.ComplaintLate), lead(signal.ReasonLadderUp)
	sla.Replaces, news.Alone = signal.OpenComplaint, true
	tests := []struct {
		lead Lead
		s    Statistics
		want []signal.ReasonCode
	}{
		{Lead{}, late, []signal.ReasonCode{signal.Overdue, signal.OpenComplaint}},
		{Lead{}, fresh, []signal.ReasonCode{signal.Overdue}},
		{sla, late, []signal.ReasonCode{signal.ComplaintLate, signal.Overdue}},
		{lead(signal.RepeatComplaints), late,
			[]signal.ReasonCode{signal.RepeatComplaints, signal.Overdue, signal.OpenComplaint}},
		{news, late, []signal.ReasonCode{signal.ReasonLadderUp}},
	}
	for _, test := range tests {
		sc, _ := scored(p, test.s)
		var out [signal.ReasonLimit]signal.Reason
		n := AlertReasons(&test.lead, &test.s, &sc, &out)
		var got []signal.ReasonCode
		for i := range out[:n] {
			got = append(got, out[i].Code)
		}
		slices.Sort(got[min(1, len(got)):])
		slices.Sort(test.want[min(1, len(test.want)):])
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.lead, got, test.want)
		}
		led, replaces := test.lead.Reason.Code != signal.ReasonNone, test.lead.Replaces != signal.ReasonNone
		if led && replaces != (out[0].Contribution > 0) {
			t.Errorf("%+v: contribution %g", test.lead, out[0].Contribution)
		}
	}
}

func TestLadder(t *testing.T) {
	advocate := buyer(3, 100, 101, 20).Facts
	advocate.ReferralMade = true
	complaining, silent := advocate, advocate
	complaining.ComplaintsOpen = 1
	silent.Today += 700
	tests := []struct {
		name string
		s    Facts
		want signal.Ladder
	}{
		{"one visit", Facts{Visits30: 1}, signal.LadderSuspect},
		{"two visits", Facts{Visits30: 2}, signal.LadderProspect},
		{"cart", Facts{CartOrInquiry: true}, signal.LadderProspect},
		{"one purchase", buyer(0, 0, 10, 0).Facts, signal.LadderFirst},
		{"two", buyer(1, 5, 10, 5).Facts, signal.LadderRepeat},
		{"and a referral", advocate, signal.LadderAdvocate},
		{"complaint open", complaining, signal.LadderRepeat},
		{"silent", silent, signal.LadderRepeat},
	}
	p := cdnow(t)
	for _, test := range tests {
		pr := p.Probabilities(&test.s)
		if got := p.LadderStage(&test.s, &pr); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestOrderValues(t *testing.T) {
	s := Statistics{Facts: Facts{Orders90: 2, Net90: 1000, OrdersPrevious90: 1, NetPrevious90: 1000}}
	var sc Scores
	orderValues(&s, &sc)
	if sc.AOV90 != signal.Some(500.) || sc.AOVTrend != signal.Some(.5) || !basketShrunk(&s.Facts) {
		t.Errorf("aov %v, trend %v", sc.AOV90, sc.AOVTrend)
	}
	s.OrdersForeign90, s.OrdersForeignPrevious90 = 1, 1 // without money, they are in no mean
	sc = Scores{}
	orderValues(&s, &sc)
	if sc.AOV90 != signal.Some(1000.) || sc.AOVTrend.Valid || basketShrunk(&s.Facts) {
		t.Errorf("aov %v, trend %v beside orders in another currency", sc.AOV90, sc.AOVTrend)
	}
	s.OrdersForeign90, s.OrdersForeignPrevious90, s.NetPrevious90 = 0, 0, -5
	sc = Scores{}
	orderValues(&s, &sc)
	if sc.AOVTrend.Valid || sc.MeanRepeat.Valid {
		t.Errorf("trend %v, mean %v, want null without a base", sc.AOVTrend, sc.MeanRepeat)
	}
}

func TestConfidence(t *testing.T) {
	p := cdnow(t)
	tests := []struct {
		x           uint32
		approximate bool
		want        signal.Confidence
	}{
		{1, false, signal.ConfidenceLow}, {2, false, signal.ConfidenceMedium},
		{5, false, signal.ConfidenceHigh}, {5, true, signal.ConfidenceMedium},
	}
	for _, test := range tests {
		if got := p.Confidence(&Facts{X: test.x, Approximate: test.approximate}); got != test.want {
			t.Errorf("x %d, approximate %v: %v, want %v", test.x, test.approximate, got, test.want)
		}
	}
	p.DataSufficiency = signal.NoFit
	if got := p.Confidence(&Facts{X: 9}); got != signal.ConfidenceLow {
		t.Errorf("without a fit: %v, want low", got)
	}
}

func TestEvidenceNames(t *testing.T) {
	for e := range Evidence(EvidenceCount) {
		if got, ok := EvidenceNamed(e.String()); !ok || got != e || e.String() == "" {
			t.Errorf("evidence %d: %q is found as %d, %v", e, e, got, ok)
		}
		if code := evidence[e].code; code != signal.ReasonNone && code.String() != e.String() {
			t.Errorf("evidence %q is told by %v, want one name", e, code)
		}
	}
	if _, ok := EvidenceNamed("rumour"); ok {
		t.Error("an unknown evidence has a weight")
	}
}

// TestScoresAreFinite tries whatever a record may hold: every number that goes
// out is one, and every probability is between 0 and 1.
func TestScoresAreFinite(t *testing.T) {
	var prepared []Parameters // a table of values takes time to make
	for _, m := range []btyd.MBGNBD{{R: 1, Alpha: 5, A: 1, B: 2}, {R: 1e-3, Alpha: 1e-3, A: 1e-3, B: 1e-3},
		{R: 1e4, Alpha: 1e4, A: 1e4, B: 1e4},
		{R: 1e-3, Alpha: 1e4, A: 2, B: 1e-3}, {R: 30, Alpha: .5, A: 1e-3, B: 1e4}, {R: .5, Alpha: 30, A: 1e4, B: .5}} {
		p := DefaultParameters()
		p.Purchase = m
		if err := p.Prepare(); err != nil {
			t.Fatal(err)
		}
		prepared = append(prepared, p)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(prepared).Draw(t, "parameters")
		p.DropoutIdentified = rapid.Bool().Draw(t, "identified")
		for e := range p.Weights {
			p.Weights[e] = rapid.SampledFrom([]float64{0, 0, 1.3, -20, 20}).Draw(t, "weight")
		}
		x := rapid.SampledFrom([]uint32{0, 1, 2, 50, 5000}).Draw(t, "x")
		tx := 0
		if x > 0 {
			tx = int(x) + rapid.IntRange(0, 5000).Draw(t, "tx")
		}
		s := buyer(x, tx, tx+rapid.IntRange(0, 9000).Draw(t, "silence"), 50)
		s.NetLife = rapid.Int64Range(-1e18, 1e18).Draw(t, "net")
		s.SLABreachedOpen = rapid.Bool().Draw(t, "breached")
		s.RefundInLastOrder = rapid.Bool().Draw(t, "refund")
		sc, pr := scored(&p, s)
		for name, v := range map[string]float64{
			"p_alive": sc.PAlive, "p_return_30d": sc.PReturn30, "p_return_90d": sc.PReturn90,
			"at purchase": sc.PReturnAtPurchase, "relative_drop": sc.RelativeDrop,
			"overdue_quantile": sc.OverdueQuantile, "churn_risk": sc.ChurnRisk,
		} {
			if !(v >= 0 && v <= 1) {
				t.Errorf("%s = %g, want 0 to 1", name, v)
			}
		}
		for name, v := range map[string]float64{
			"expected": sc.Expected90, "spend": sc.ExpectedSpend, "clv": sc.CLV365, "at risk": sc.ValueAtRisk,
			"contribution": sc.Reasons[0].Contribution, "ratio": sc.OverdueRatio,
		} {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < -1e-9 {
				t.Errorf("%s = %g, want a number", name, v)
			}
		}
		if sc.Mask != p.ReasonMask(&s.Facts, &pr) {
			t.Errorf("mask %b, cheaply %b", sc.Mask, p.ReasonMask(&s.Facts, &pr))
		}
		for i := range sc.Reasons[:sc.ReasonCount] {
			r := &sc.Reasons[i]
			if r.Contribution > 0 && !sc.Mask.Has(r.Code) || r.Text() == "" {
				t.Errorf("reason %+v, mask %b", *r, sc.Mask)
			}
		}
	})
}
