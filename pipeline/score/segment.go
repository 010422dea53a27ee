package score

import (
	"fmt"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// SegmentModel is what was fitted to the customers of one segment. Everything else
// that their scores depend on is that of all customers.
type SegmentModel struct {
	Segment           string
	Purchase          btyd.MBGNBD // of the purchase days, time in weeks
	K                 int         // order of the gaps; 0 is 1
	DropoutIdentified bool
	Activity          *btyd.MBGNBD     // of the activity days; nil: that of all customers
	Spend             *btyd.GammaGamma // of the value of a purchase day; nil: that of all customers
	Customers         uint64           // that it was fitted to
	LogLikelihood     float64          // of the purchase model, of these customers
}

// OfSegment returns the parameters by which customers of a segment are scored: p
// itself where none were fitted to them. They are of p's version, and activity days
// are judged by in a segment exactly where they are in p. O(number of segments).
func (p *Parameters) OfSegment(segment string) *Parameters {
	for i := range p.Segments {
		if p.Segments[i].Segment == segment {
			return &p.segments[i]
		}
	}
	return p
}

// prepareSegments makes the parameters of each segment, from p as it is otherwise.
func (p *Parameters) prepareSegments() error {
	p.segments = nil
	if len(p.Segments) == 0 {
		return nil
	}
	segments := make([]Parameters, len(p.Segments))
	for i := range p.Segments {
		m := &p.Segments[i]
		s := *p
		s.Segments = nil
		s.Purchase, s.K, s.DropoutIdentified = m.Purchase, m.K, m.DropoutIdentified
		s.Customers, s.LogLikelihood = m.Customers, m.LogLikelihood
		if m.Activity != nil && p.HasActivity {
			s.Activity = *m.Activity
		}
		if m.Spend != nil {
			s.Spend, s.HasSpend = *m.Spend, true
		}
		if err := s.Prepare(); err != nil {
			return fmt.Errorf("segment %q: %w", m.Segment, err)
		}
		segments[i] = s
	}
	p.segments = segments
	return nil
}
