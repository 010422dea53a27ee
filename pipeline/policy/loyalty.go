package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// loyalty raises the good news: one message each. A second purchase and each
// stage of the ladder are told once in a customer's life; a stage reached while
// an earlier one cools down is told at the end of that, if it still holds.
func (j *judgement) loyalty() {
	st, f := j.st, j.f
	if f.X >= 1 && st.Flags&FlagSecondTold == 0 {
		st.set(FlagSecondTold, true)
		j.raise(signal.SecondPurchase, st.Level)
	}
	if f.Ladder >= j.c.LadderUpFrom && f.Ladder > st.LadderTold {
		if j.find(signal.LadderUp) == nil {
			st.LadderTold = f.Ladder
			j.raise(signal.LadderUp, st.Level)
		}
	}
	if j.reactivated && j.find(signal.Reactivated) == nil {
		j.raise(signal.Reactivated, st.Level)
	}
}
