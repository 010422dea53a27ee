package score

import "github.com/holdfast/holdfast/pipeline/signal"

// add puts a reason in its place: by falling contribution (compared in
// millionths), then by code. What does not find room among the three is dropped;
// the code stays in Mask.
func (sc *Scores) add(r signal.Reason) {
	at := sc.ReasonCount
	for at > 0 && before(&r, &sc.Reasons[at-1]) {
		at--
	}
	if at == len(sc.Reasons) {
		return
	}
	if sc.ReasonCount < len(sc.Reasons) {
		sc.ReasonCount++
	}
	copy(sc.Reasons[at+1:sc.ReasonCount], sc.Reasons[at:])
	sc.Reasons[at] = r
}

func before(a, b *signal.Reason) bool {
	ca, cb := Millionths(a.Contribution), Millionths(b.Contribution)
	if ca != cb {
		return ca > cb
	}
	return a.Code < b.Code
}

// addWeightless appends, where there is room, the codes of the customer row that
// carry no weight: they explain without moving the score.
func (p *Parameters) addWeightless(s *Statistics, pr *Probabilities, out *Scores) {
	if s.HasPurchase && s.X == 0 && pr.OverdueMillionths >= overdueFrom {
		out.add(signal.Reason{
			Code: signal.NoSecondPurchase, Observed: float64(s.RecencyDays()), HasObserved: true,
			Expected: out.GapQ50Days, HasExpected: tellableGap(out.GapQ50Days),
		})
	}
	if intentGap(s) {
		out.add(intentGapReason(s))
	}
	if s.HasPurchase && !p.DropoutIdentified {
		out.add(signal.Reason{Code: signal.ModelUnidentified})
	}
}

// reasonOf is the evidence with its figures.
func reasonOf(e Evidence, s *Statistics, sc *Scores, contribution float64) signal.Reason {
	switch e {
	case OpenComplaintLate:
		return openComplaintReason(s, contribution)
	case ComplaintResolvedLate:
		return resolvedLateReason(&s.Facts, contribution)
	case RatingDrop:
		return signal.Reason{
			Code: signal.TopBoxLost, Contribution: contribution,
			Observed: float64(s.RatingLast), HasObserved: true, Expected: 5, HasExpected: true,
		}
	case BasketShrinkEvidence:
		return signal.Reason{
			Code: signal.BasketShrink, Contribution: contribution,
			Observed: sc.AOVTrend.Value, HasObserved: true, Expected: 1, HasExpected: true,
		}
	case VisitsDownEvidence:
		return visitsDownReason(&s.Facts, contribution)
	default:
		return signal.Reason{Code: evidence[e].code, Contribution: contribution}
	}
}

// overdueReason tells of the silence, the gap under which nine of ten lie, and
// the customer's usual gap: the last explains why a frequent buyer is missed
// sooner than a rare one.
func overdueReason(s *Statistics, sc *Scores, contribution float64) signal.Reason {
	return signal.Reason{
		Code: signal.Overdue, Contribution: contribution,
		Observed: float64(s.RecencyDays()), HasObserved: true,
		Expected: sc.GapQ90Days, HasExpected: tellableGap(sc.GapQ90Days),
		Usual: sc.MeanGapDays.Value, OneGap: s.X == 1,
	}
}

// tellableGap reports whether a gap is one that a sentence may name: the tail of a
// one-time buyer's gaps reaches beyond any life.
func tellableGap(days float64) bool { return days <= 3650 }

// Lead is the reason that an alert of some kind tells first.
type Lead struct {
	Reason   signal.Reason     // without a code the strongest contribution leads
	Replaces signal.ReasonCode // says the same in other words: it is not told, and its contribution is the lead's
	Alone    bool              // nothing else is told
}

// AlertReasons puts the reasons of an alert into out and returns how many there
// are, 1 to 3. The lead comes first; without one, there is always a contribution
// among them, be it silence with none. Reasons without a weight are left to the
// customer row, but for MODEL_UNIDENTIFIED.
func AlertReasons(lead *Lead, s *Statistics, sc *Scores, out *[signal.ReasonLimit]signal.Reason) int {
	told := sc.Reasons[:sc.ReasonCount]
	n, skip := 0, lead.Replaces
	switch {
	case lead.Reason.Code != signal.ReasonNone:
		out[0], n = lead.Reason, 1
	case len(told) == 0 || told[0].Contribution <= 0:
		out[0], skip, n = overdueReason(s, sc, 0), signal.Overdue, 1
	}
	if lead.Alone {
		return n
	}
	for i := range told {
		counts := told[i].Contribution > 0 || told[i].Code == signal.ModelUnidentified
		switch {
		case told[i].Code == lead.Replaces:
			out[0].Contribution = told[i].Contribution
		case counts && told[i].Code != skip && n < len(out):
			out[n] = told[i]
			n++
		}
	}
	return n
}
