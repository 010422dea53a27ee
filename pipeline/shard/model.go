package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// WriteModel appends the parameters in force: one row for the purchase model, one
// for each of the activity and the spend model if there is one, and the same for
// each segment that has its own.
func (s *Shard) WriteModel(wall event.Instant, fx *Effects) {
	p := s.versions.parameters
	whole := score.SegmentModel{Purchase: p.Purchase, K: p.K, DropoutIdentified: p.DropoutIdentified,
		Customers: p.Customers, LogLikelihood: p.LogLikelihood}
	if p.HasActivity {
		whole.Activity = &p.Activity
	}
	if p.HasSpend {
		whole.Spend = &p.Spend
	}
	s.writeModel(&whole, wall, fx)
	for i := range p.Segments {
		s.writeModel(&p.Segments[i], wall, fx)
	}
}

// writeModel appends the rows of one model: of a segment, or of all customers.
func (s *Shard) writeModel(m *score.SegmentModel, wall event.Instant, fx *Effects) {
	p := s.versions.parameters
	of := ""
	if m.Segment != "" {
		of = "/" + m.Segment
	}
	row := signal.ModelRow{
		ParamVersion: p.Version, Model: "purchase" + of, K: uint32(max(m.K, 1)), DropoutIdentified: m.DropoutIdentified,
		InForceFrom: signalInstant(wall), ComputedAt: signalInstant(wall),
		Customers: m.Customers, SrcPartition: s.cfg.Shard,
	}
	if p.FittedAt != 0 {
		row.FittedAt = signal.Some(signalInstant(p.FittedAt))
	}
	purchase := row
	if p.FittedAt != 0 {
		purchase.LogLikelihood = signal.Some(m.LogLikelihood)
	}
	s.appendModel(&purchase, &m.Purchase, fx)
	if m.Activity != nil {
		activity := row
		activity.Model, activity.K, activity.DropoutIdentified = "activity"+of, 1, true
		s.appendModel(&activity, m.Activity, fx)
	}
	if m.Spend != nil {
		row.Model, row.Seq = "spend"+of, s.seq()
		row.P, row.Q, row.Nu = signal.Some(m.Spend.P), signal.Some(m.Spend.Q), signal.Some(m.Spend.Nu)
		fx.Models.Append(&row)
	}
}

func (s *Shard) appendModel(row *signal.ModelRow, m *btyd.MBGNBD, fx *Effects) {
	row.R, row.Alpha, row.A, row.B = signal.Some(m.R), signal.Some(m.Alpha), signal.Some(m.A), signal.Some(m.B)
	row.Seq = s.seq()
	fx.Models.Append(row)
}
