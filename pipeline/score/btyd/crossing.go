package btyd

import "math"

// farthestWeeks is the latest crossing that is given as a number.
const farthestWeeks = 1e300

// lomaxCrossing is the time since the first purchase at which P(alive) of a
// model with Lomax gaps reaches theta: t_x + scale·expm1(y) with
// y = ln((tail/a)·((1−θ)/θ))/shape, where tail is b+x or b+x−1. Written so, no
// two large numbers are subtracted.
func lomaxCrossing(gap lomax, tx, a, tail, theta float64) (weeks float64, ok bool) {
	y := logRatio(tail*(1-theta), a*theta) / gap.shape
	weeks = tx + gap.scale*math.Expm1(y)
	if !(weeks <= farthestWeeks) {
		return 0, false
	}
	return weeks, true
}

// relativeDrop is 1 − now/before; 0 where there was nothing to drop from.
func relativeDrop(now, before float64) float64 {
	if before == 0 {
		return 0
	}
	return 1 - now/before
}
