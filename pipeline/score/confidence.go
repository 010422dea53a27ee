package score

import "github.com/holdfast/holdfast/pipeline/signal"

// Confidence says how much data and fit stand behind the numbers, whatever their
// height. Low: fewer than two repeat days, dropout not identified, or too little
// data; high: five repeat days or more and nothing approximate; else medium.
func (p *Parameters) Confidence(s *Facts) signal.Confidence {
	switch {
	case s.X < 2 || !p.DropoutIdentified || p.DataSufficiency != signal.SufficiencyOK:
		return signal.ConfidenceLow
	case s.X >= 5 && !s.Approximate:
		return signal.ConfidenceHigh
	}
	return signal.ConfidenceMedium
}
