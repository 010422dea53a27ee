package btyd

import "math"

// risingRoot is the u > 0 at which the rising function f is zero; +Inf if it
// lies beyond farthestWeeks, 0 if below 1e-300. start is a first guess. It
// brackets by growing steps, halves the bracket geometrically to a factor of
// two, and ends by Ridders' method, at a relative width of 1e-15.
func risingRoot(start float64, f func(float64) float64) float64 {
	low, high := start, start
	factor := 2.0
	for f(high) < 0 {
		if high >= farthestWeeks {
			return math.Inf(1)
		}
		low = high
		high = math.Min(high*factor, farthestWeeks)
		factor = math.Min(factor*factor, 1e50)
	}
	factor = 2.0
	for low == high || f(low) > 0 {
		if low < 1e-300 {
			return 0
		}
		high = low
		low /= factor
		factor = math.Min(factor*factor, 1e50)
	}
	for high > 2*low {
		middle := math.Sqrt(low) * math.Sqrt(high)
		if f(middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return ridders(low, high, f)
}

// ridders finds the root of a rising f between low and high (Ridders 1979).
func ridders(low, high float64, f func(float64) float64) float64 {
	fLow, fHigh := f(low), f(high)
	for i := 0; i < 60 && high-low > 1e-15*high && fLow != 0 && fHigh != 0; i++ {
		middle := low + (high-low)/2
		fMiddle := f(middle)
		next := middle
		if root := math.Sqrt(fMiddle*fMiddle - fLow*fHigh); root > 0 {
			next = middle + (middle-low)*(-fMiddle/root)
		}
		fNext := f(next)
		low, fLow, high, fHigh = tighter(low, fLow, high, fHigh, middle, fMiddle)
		low, fLow, high, fHigh = tighter(low, fLow, high, fHigh, next, fNext)
	}
	if fLow == 0 || math.Abs(fLow) < math.Abs(fHigh) {
		return low
	}
	return high
}

// tighter moves the end of the bracket on u's side to u.
func tighter(low, fLow, high, fHigh, u, fu float64) (l, fl, h, fh float64) {
	switch {
	case u <= low || u >= high:
		return low, fLow, high, fHigh
	case fu < 0:
		return u, fu, high, fHigh
	}
	return low, fLow, u, fu
}
