package score

import "github.com/holdfast/holdfast/pipeline/signal"

// recency fills the mean gap t_x / x in days.
func recency(s *Statistics, out *Scores) {
	if s.HasPurchase && s.X > 0 {
		out.MeanGapDays = signal.Some(float64(s.LastDay-s.FirstDay) / float64(s.X))
	}
}
