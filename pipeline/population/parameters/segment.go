package parameters

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// MaxSegments is how many segments can have a model of their own, and
// maxSegmentBytes how long a name may be: as many and as long as can be configured.
const (
	MaxSegments     = 32
	maxSegmentBytes = 64
)

// segment is the model of one segment as it is written.
type segment struct {
	Segment           string    `json:"segment"`
	Purchase          purchase  `json:"purchase"`
	Activity          *purchase `json:"activity,omitempty"`
	Spend             *spend    `json:"spend,omitempty"`
	DropoutIdentified bool      `json:"dropout_identified"`
	Customers         uint64    `json:"customers"`
	LogLikelihood     float64   `json:"log_likelihood"`
}

func segmentOf(m *score.SegmentModel) segment {
	return segment{Segment: m.Segment, DropoutIdentified: m.DropoutIdentified, Customers: m.Customers,
		LogLikelihood: m.LogLikelihood, Activity: activityOf(m.Activity), Spend: spendOf(m.Spend),
		Purchase: purchase{m.Purchase.R, m.Purchase.Alpha, m.Purchase.A, m.Purchase.B, m.K}}
}

// takeSegments checks the segments of a record and takes them over. They stand in
// the order of their names, so that equal parameters are equal text.
func (r *Record) takeSegments(all []segment) error {
	byName := func(a, b segment) int { return strings.Compare(a.Segment, b.Segment) }
	switch {
	case len(all) > MaxSegments:
		return fmt.Errorf("%w: %d segments, at most %d", ErrRecord, len(all), MaxSegments)
	case !slices.IsSortedFunc(all, byName):
		return fmt.Errorf("%w: segments are not in the order of their names", ErrRecord)
	}
	for i := range all {
		s := &all[i]
		if s.Segment == "" || len(s.Segment) > maxSegmentBytes {
			return fmt.Errorf("%w: the name of a segment has %d bytes, want 1 to %d", ErrRecord, len(s.Segment), maxSegmentBytes)
		}
		if i > 0 && all[i-1].Segment == s.Segment {
			return fmt.Errorf("%w: segment %q stands twice", ErrRecord, s.Segment)
		}
		r.Segments = append(r.Segments, score.SegmentModel{Segment: s.Segment, Purchase: *s.Purchase.model(),
			K: s.Purchase.K, DropoutIdentified: s.DropoutIdentified, Activity: s.Activity.model(), Spend: s.Spend.model(),
			Customers: s.Customers, LogLikelihood: s.LogLikelihood})
	}
	return nil
}

func activityOf(m *btyd.MBGNBD) *purchase {
	if m == nil {
		return nil
	}
	return &purchase{R: m.R, Alpha: m.Alpha, A: m.A, B: m.B}
}

func spendOf(m *btyd.GammaGamma) *spend {
	if m == nil {
		return nil
	}
	return &spend{P: m.P, Q: m.Q, Nu: m.Nu}
}

func (p *purchase) model() *btyd.MBGNBD {
	if p == nil {
		return nil
	}
	return &btyd.MBGNBD{R: p.R, Alpha: p.Alpha, A: p.A, B: p.B}
}

func (s *spend) model() *btyd.GammaGamma {
	if s == nil {
		return nil
	}
	return &btyd.GammaGamma{P: s.P, Q: s.Q, Nu: s.Nu}
}
