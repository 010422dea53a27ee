package score

import (
	"math"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestEvidenceHoldsWithinItsBorders: each evidence on its border and beside it.
func TestEvidenceHoldsWithinItsBorders(t *testing.T) {
	const now = 20_300 * event.Day24h
	rated := func(last, previous uint8) Facts { return Facts{RatingLast: last, RatingPrevious: previous} }
	solved := func(ago event.Instant, late bool) Facts {
		return Facts{Now: now, ComplaintResolvedLate: late, LastComplaintSolvedAt: now - ago}
	}
	visits := func(in30, before uint32) Facts { return Facts{Visits30: in30, VisitsPrevious90: before} }
	orders := func(n uint32, net int64, before uint32, netBefore int64) Facts {
		return Facts{Orders90: n, Net90: net, OrdersPrevious90: before, NetPrevious90: netBefore}
	}
	for _, test := range []struct {
		name  string
		of    Evidence
		facts Facts
		want  bool
	}{
		{"no complaint is past its time", OpenComplaintLate, Facts{ComplaintsOpen: 1}, false},
		{"one is", OpenComplaintLate, Facts{ComplaintsOpen: 1, SLABreachedOpen: true}, true},
		{"solved late, 90 days ago", ComplaintResolvedLate, solved(90*event.Day24h, true), true},
		{"a moment longer ago", ComplaintResolvedLate, solved(90*event.Day24h+1, true), false},
		{"solved in time", ComplaintResolvedLate, solved(event.Hour, false), false},
		{"five, then four", RatingDrop, rated(4, 5), true},
		{"five, then one", RatingDrop, rated(1, 5), true},
		{"five, then five", RatingDrop, rated(5, 5), false},
		{"four, then one", RatingDrop, rated(1, 4), false},
		{"five, and none since", RatingDrop, rated(0, 5), false},
		{"no refund", RefundEvidence, Facts{}, false},
		{"a refund in the last order", RefundEvidence, Facts{RefundInLastOrder: true}, true},
		{"no late delivery", LateDeliveryEvidence, Facts{}, false},
		{"a late delivery", LateDeliveryEvidence, Facts{LateDelivery: true}, true},
		{"seven tenths of before", BasketShrinkEvidence, orders(1, 70, 1, 100), false},
		{"a little less", BasketShrinkEvidence, orders(1, 69_999, 1, 100_000), true},
		{"half by twice the orders", BasketShrinkEvidence, orders(2, 100, 1, 100), true},
		{"no orders", BasketShrinkEvidence, orders(0, 0, 1, 100), false},
		{"no orders, but money was taken back", BasketShrinkEvidence, orders(0, -50, 1, 100), false},
		{"no orders before", BasketShrinkEvidence, orders(1, 1, 0, 100), false},
		{"nothing was earned before", BasketShrinkEvidence, orders(1, 0, 1, 0), false},
		{"half of a third", VisitsDownEvidence, visits(2, 12), false},
		{"less than half of a third", VisitsDownEvidence, visits(2, 13), true},
		{"none, and none before", VisitsDownEvidence, visits(0, 0), false},
		{"no room for an overflow", VisitsDownEvidence, visits(1<<31, 1<<32-1), false},
		{"bought on discount, and never again", DiscountNotRepeated, Facts{HasPurchase: true, DiscountAcquired: true}, true},
		{"and again", DiscountNotRepeated, Facts{HasPurchase: true, DiscountAcquired: true, X: 1}, false},
		{"without a discount", DiscountNotRepeated, Facts{HasPurchase: true}, false},
		{"the discount of no order", DiscountNotRepeated, Facts{DiscountAcquired: true}, false},
		{"no points", PointsRedeemed, Facts{}, false},
		{"points", PointsRedeemed, Facts{PointsRedeemed30: true}, true},
		{"a referral of long ago", ReferralEvidence, Facts{ReferralMade: true}, false},
		{"a referral", ReferralEvidence, Facts{Referral90: true}, true},
		{"one channel", MultiChannel, Facts{Channels90: 1}, false},
		{"two channels", MultiChannel, Facts{Channels90: 2}, true},
	} {
		var found [EvidenceCount]bool
		holding(&test.facts, &found)
		if found[test.of] != test.want {
			t.Errorf("%v, %s: %v, want %v", test.of, test.name, found[test.of], test.want)
		}
	}
}

// TestEachEvidenceMovesTheRiskByItsWeight: and is told with its figures.
func TestEachEvidenceMovesTheRiskByItsWeight(t *testing.T) {
	p := cdnow(t)
	p.Weights = Weights{}
	const w = .7
	for _, test := range []struct {
		of     Evidence
		change func(*Statistics)
		adds   float64
		reason signal.Reason // its figures
	}{
		{OpenComplaintLate, func(s *Statistics) {
			s.SLABreachedOpen, s.SLACategory = true, event.Billing
			s.SLABreachedOpenedAt, s.SLADueAt = s.Now-36*event.Hour, s.Now-12*event.Hour
		}, w / 1.4, signal.Reason{Topic: "billing", Observed: 1.5, HasObserved: true, Expected: 1, HasExpected: true}},
		{ComplaintResolvedLate, func(s *Statistics) {
			s.ComplaintResolvedLate, s.LastComplaintSolvedAt = true, s.Now-12*event.Hour
		}, w / 1.4, signal.Reason{Observed: .5, HasObserved: true}},
		{RatingDrop, func(s *Statistics) { s.RatingLast, s.RatingPrevious = 2, 5 }, w,
			signal.Reason{Observed: 2, HasObserved: true, Expected: 5, HasExpected: true}},
		{RefundEvidence, func(s *Statistics) { s.RefundInLastOrder = true }, w, signal.Reason{}},
		{LateDeliveryEvidence, func(s *Statistics) { s.LateDelivery = true }, w, signal.Reason{}},
		{BasketShrinkEvidence, func(s *Statistics) {
			s.Orders90, s.Net90, s.OrdersPrevious90, s.NetPrevious90 = 2, 100, 1, 100
		}, w, signal.Reason{Observed: .5, HasObserved: true, Expected: 1, HasExpected: true}},
		{VisitsDownEvidence, func(s *Statistics) { s.Visits30, s.VisitsPrevious90 = 1, 9 }, w,
			signal.Reason{Observed: 1, HasObserved: true, Expected: 3, HasExpected: true}},
		{ReferralEvidence, func(s *Statistics) { s.Referral90 = true }, w, signal.Reason{}},
		{PointsRedeemed, func(s *Statistics) { s.PointsRedeemed30 = true }, w, signal.Reason{}},
		{MultiChannel, func(s *Statistics) { s.Channels90 = 3 }, w, signal.Reason{}},
	} {
		s := buyer(4, 200, 200, 20) // not silent: no other reason
		before, _ := scored(p, s)
		q := *p
		q.Weights[test.of] = w
		test.change(&s)
		sc, pr := scored(&q, s)
		near(t, test.of.String()+" adds", logitOf(sc.ChurnRisk)-logitOf(before.ChurnRisk), test.adds, 1e-9)
		code := evidence[test.of].code
		if code == signal.ReasonNone {
			if sc.ReasonCount != 0 || sc.Mask != 0 {
				t.Errorf("%v is told by %v, and has no words", test.of, codes(&sc))
			}
			continue
		}
		want := test.reason
		want.Code, want.Contribution = code, sc.Reasons[0].Contribution
		near(t, test.of.String()+" contributes", sc.Reasons[0].Contribution, test.adds, 1e-12)
		if sc.ReasonCount != 1 || sc.Reasons[0] != want || sc.Mask != signal.ReasonMask(0).With(code) {
			t.Errorf("%v: %+v, mask %b, want %+v", test.of, sc.Reasons[:sc.ReasonCount], sc.Mask, want)
		}
		q.Weights[test.of] = -w
		speaksFor, _ := scored(&q, s)
		if speaksFor.ReasonCount != 0 || speaksFor.Mask != 0 || q.ReasonMask(&s.Facts, &pr) != 0 {
			t.Errorf("%v of a negative weight is told as a reason to leave", test.of)
		}
		near(t, test.of.String()+" takes away", logitOf(speaksFor.ChurnRisk)-logitOf(before.ChurnRisk), -test.adds, 1e-9)
	}
}

func logitOf(q float64) float64 { return math.Log(q) - math.Log1p(-q) }

// TestGoodwill: 1/(1 + 0.1·min(x, 10)).
func TestGoodwill(t *testing.T) {
	for x, want := range map[uint32]float64{0: 1, 1: 1 / 1.1, 5: 1 / 1.5, 10: .5, 11: .5, 1 << 30: .5} {
		near(t, "goodwill", goodwill(x), want, 1e-15)
	}
}

// TestSilenceIsToldFromTheMedianOn: and by how much it has moved the log-odds.
func TestSilenceIsToldFromTheMedianOn(t *testing.T) {
	p := cdnow(t)
	s := buyer(1, 70, 70, 20) // frequent enough to be missed
	told := 0
	for ; s.Today < s.LastDay+200; s.Today++ {
		s.Now = event.Instant(s.Today) * event.Day24h
		sc, pr := scored(p, s)
		isTold := sc.ReasonCount > 0 && sc.Reasons[0].Code == signal.Overdue
		if want := pr.OverdueMillionths >= 500_000; isTold != want || sc.Mask.Has(signal.Overdue) != want {
			t.Fatalf("silence at the quantile %d is told: %v", pr.OverdueMillionths, isTold)
		}
		if isTold {
			told++
			r := sc.Reasons[0]
			near(t, "contribution", r.Contribution, logitOf(1-sc.PReturn)-logitOf(1-sc.PReturnAtPurchase), 1e-9)
			if r.Observed != float64(s.Today-s.LastDay) || r.Expected != sc.GapQ90Days || r.Usual != 70 {
				t.Fatalf("%+v", r)
			}
		}
	}
	if told == 0 || told == 200 {
		t.Errorf("told on %d of 200 days: the test says little", told)
	}
	pr := Probabilities{OverdueMillionths: 500_000}
	for now, rise := range map[float64]float64{.3: logitOf(.7) - logitOf(.5), .5: 0, .6: 0} {
		sc := Scores{PReturn: now, PReturnAtPurchase: .5}
		if p.assess(&s, &pr, &sc); sc.ReasonCount == 0 || sc.Reasons[0].Code != signal.Overdue {
			t.Fatalf("the median itself is not told: %v", codes(&sc))
		}
		near(t, "a comeback that was .5 and is another", sc.Reasons[0].Contribution, rise, 1e-12)
	}
	if f := (Facts{HasPurchase: true}); !p.ReasonMask(&f, &pr).Has(signal.Overdue) {
		t.Error("the median itself is not silence yet")
	}
	if pr.OverdueMillionths--; p.ReasonMask(&Facts{HasPurchase: true}, &pr) != 0 || p.ReasonMask(&Facts{}, &pr) != 0 {
		t.Error("below the median there is silence")
	}
}

// TestGapsBeyondALifeAreNotTold: ten years are, a moment more is not.
func TestGapsBeyondALifeAreNotTold(t *testing.T) {
	for days, want := range map[float64]bool{1: true, 3650: true, 3650.001: false, math.Inf(1): false} {
		s, sc := buyer(2, 30, 90, 20), Scores{GapQ90Days: days}
		if r := overdueReason(&s, &sc, 1); r.HasExpected != want || r.Observed != 60 || r.Expected != days {
			t.Errorf("a gap of %g days: %+v, told %v", days, r, want)
		}
	}
	p := cdnow(t)
	s := buyer(0, 0, 120, 0)
	for days, want := range map[float64]bool{3650: true, 3651: false} {
		sc := Scores{GapQ50Days: days}
		p.addWeightless(&s, &Probabilities{OverdueMillionths: 500_000}, &sc)
		if r := sc.Reasons[0]; r.Code != signal.NoSecondPurchase || r.HasExpected != want || r.Observed != 120 {
			t.Errorf("half of them within %g days: %+v, told %v", days, r, want)
		}
		sc = Scores{}
		if p.addWeightless(&s, &Probabilities{OverdueMillionths: 499_999}, &sc); sc.ReasonCount != 0 {
			t.Errorf("%v is told before the median", codes(&sc))
		}
	}
}

// TestIntentGap: three visits within the window since the latest purchase, and
// not on its day.
func TestIntentGap(t *testing.T) {
	for _, test := range []struct {
		name   string
		visits uint32
		age    int
		bought bool
		want   bool
	}{
		{"three", 3, 5, true, true}, {"two", 2, 5, true, false}, {"on the day itself", 3, 0, true, false},
		{"the day after", 3, 1, true, true}, {"who has never bought", 9, 5, false, false},
	} {
		s := buyer(0, 0, test.age, 0)
		s.HasPurchase, s.VisitsSincePurchase = test.bought, test.visits
		if got := intentGap(&s); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestReasonsStandByTheirContribution: what differs by less than a millionth by
// its code; the fourth is not told, but is in the mask.
func TestReasonsStandByTheirContribution(t *testing.T) {
	reason := func(code signal.ReasonCode, contribution float64) signal.Reason {
		return signal.Reason{Code: code, Contribution: contribution}
	}
	for _, test := range []struct {
		name  string
		added []signal.Reason
		want  []signal.ReasonCode
	}{
		{"none", nil, nil},
		{"rising", []signal.Reason{reason(1, .1), reason(2, .2)}, []signal.ReasonCode{2, 1}},
		{"falling", []signal.Reason{reason(1, .2), reason(2, .1)}, []signal.ReasonCode{1, 2}},
		{"equal, by code", []signal.Reason{reason(4, .2), reason(3, .2)}, []signal.ReasonCode{3, 4}},
		{"equal to a millionth", []signal.Reason{reason(4, .2000004), reason(3, .2)}, []signal.ReasonCode{3, 4}},
		{"apart by a millionth", []signal.Reason{reason(4, .200001), reason(3, .2)}, []signal.ReasonCode{4, 3}},
		{"a fourth in the middle", []signal.Reason{reason(1, .9), reason(2, .5), reason(3, .1), reason(4, .6)},
			[]signal.ReasonCode{1, 4, 2}},
		{"a fourth at the end", []signal.Reason{reason(1, .9), reason(2, .5), reason(3, .4), reason(4, .1)},
			[]signal.ReasonCode{1, 2, 3}},
	} {
		var sc Scores
		for _, r := range test.added {
			sc.add(r)
		}
		got := codes(&sc)
		if len(got) != len(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%s: %v, want %v", test.name, got, test.want)
			}
		}
	}
}
