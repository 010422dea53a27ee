package score

import "github.com/holdfast/holdfast/pipeline/signal"

// basketShrinkBelow is the order value trend under which a basket has shrunk.
const basketShrinkBelow = .7

// orderValues fills the mean of the repeat purchase days (m_x), the average order
// value of the last 90 days and its trend against the 90 days before. Each is
// null where it has no base; the trend also where the base is not positive.
func orderValues(s *Statistics, out *Scores) {
	if s.RepeatNetDays > 0 {
		out.MeanRepeat = signal.Some(float64(s.RepeatNet) / float64(s.RepeatNetDays))
	}
	if s.Orders90 == 0 {
		return
	}
	mean := float64(s.Net90) / float64(s.Orders90)
	out.AOV90 = signal.Some(mean)
	if s.OrdersPrevious90 > 0 && s.NetPrevious90 > 0 {
		before := float64(s.NetPrevious90) / float64(s.OrdersPrevious90)
		out.AOVTrend = signal.Some(mean / before)
	}
}

// basketShrunk says whether the order value trend is below .7.
func basketShrunk(s *Statistics) bool {
	var values Scores
	orderValues(s, &values)
	return values.AOVTrend.Valid && Millionths(values.AOVTrend.Value) < Millionths(basketShrinkBelow)
}
