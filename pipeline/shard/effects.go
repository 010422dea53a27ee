package shard

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// AlertContext is what alerts carry that no record decides.
type AlertContext struct {
	Plays         signal.Plays
	CurrencyText  string
	ConfigHash    string
	EngineVersion string
}

// announce turns the transitions of the customer at hand into alerts and rows.
// Every alert's row is followed by the customer's own, of the same commit.
func (s *Shard) announce(b *Batch, c *state.Customer, fx *Effects) {
	j := &s.judge
	s.publish(c, &j.statistics)
	s.parametersOf(c).Scores(&j.statistics, &j.scores)
	fx.makeRoom(s.meta())
	id := bytes.Clone(c.ID)
	for i := range j.transitions {
		fx.Alerts = append(fx.Alerts, s.alert(b, c, id, &j.transitions[i]))
		fx.Alerts[len(fx.Alerts)-1].Row(&j.alertRow)
		j.alertRow.SrcPartition, j.alertRow.Seq = s.cfg.Shard, s.seq()
		fx.AlertRows.Append(&j.alertRow)
	}
	s.writeRow(b, c, fx)
}

// meta is what the shard's blocks say of their amounts and days.
func (s *Shard) meta() signal.Meta {
	return signal.Meta{Currency: s.cfg.Alerts.CurrencyText, CurrencyExponent: s.versions.parameters.CurrencyExponent,
		TimeZone: s.cfg.Zone.Name()}
}

func (s *Shard) alert(b *Batch, c *state.Customer, id []byte, t *policy.Transition) signal.Alert {
	j, p := &s.judge, s.parametersOf(c)
	a := signal.Alert{
		AlertID: signal.AlertID(id, t.Kind.String(), t.Episode), Kind: t.Kind.Published(), Action: t.Action, Seq: t.Seq,
		Resolve: t.Resolve, Feedback: t.Feedback.String(), CustomerID: id,
		Segment: s.segmentOf(c), TimeZone: s.cfg.Zone.Name(),
		Level: t.Level, PreviousLevel: t.PreviousLevel,
		Currency: s.cfg.Alerts.CurrencyText, Holdout: t.Holdout,
		RaisedAt: signalInstant(t.RaisedAt), AsOf: signalInstant(t.At),
		ComputedAt: signalInstant(b.Wall), CooldownUntil: signalInstant(t.CooldownUntil),
		Suppressed: t.Suppression, Standing: t.Standing,
		ConfigHash: s.cfg.Alerts.ConfigHash, EngineVersion: s.cfg.Alerts.EngineVersion,
	}
	figures := j.statistics.ComplaintFigures // those of the complaint that is furthest past its time
	if t.Subject != 0 {
		s.tellComplaint(c, t.Subject, &a)
	}
	lead := s.cfg.Policy.Lead(t.Kind, &j.statistics, &j.scores)
	p.FillAlert(&j.statistics, &j.scores, &lead, &a)
	j.statistics.ComplaintFigures = figures
	a.SetPlay(&s.cfg.Alerts.Plays)
	return a
}

func (s *Shard) segmentOf(c *state.Customer) string {
	if int(c.Profile.Segment) < len(s.cfg.Segments) {
		return s.cfg.Segments[c.Profile.Segment]
	}
	return ""
}

// WriteRows appends rows of customers that changed, at most limit, longest
// waiting first. Wall stamps them. What is written is final with Commit.
func (s *Shard) WriteRows(wall event.Instant, limit int, fx *Effects) int {
	written := 0
	b := Batch{Wall: wall}
	for s.taken < len(s.changed) && written < limit && !fx.Customers.Full() {
		if written%state.TouchMost == 0 {
			s.touched += s.slab.TouchSlots(s.changed[s.taken:])
		}
		slot := s.changed[s.taken]
		s.taken++
		if !s.slab.Exists(slot) || !s.slab.IsRowPending(slot) {
			continue
		}
		c := &s.customer
		s.slab.LoadSlot(c, slot)
		s.slab.SetRowPending(slot, false)
		j := &s.judge
		j.standing.load(c)
		s.silence = max(j.standing.silence, min(s.known, s.clock))
		s.statistics(c, max(c.JudgedAt, s.clock), &j.statistics)
		s.gather(c, &j.statistics.Facts)
		s.parametersOf(c).Scores(&j.statistics, &j.scores)
		s.writeRow(&b, c, fx)
		written++
	}
	return written
}

// RowsOwed is the number of customers that changed since their last row.
func (s *Shard) RowsOwed() int { return len(s.changed) - s.taken }

// writeRow appends the customer's row; standing, statistics, scores and facts are
// those of the customer at hand.
func (s *Shard) writeRow(b *Batch, c *state.Customer, fx *Effects) {
	j := &s.judge
	j.input = score.Input{
		Statistics: &j.statistics, Scores: &j.scores,
		CustomerID: c.ID, Segment: s.segmentOf(c), Currency: s.cfg.Alerts.CurrencyText, TimeZone: s.cfg.Zone.Name(),
		Clock: s.cfg.Clock, Holdout: s.cfg.Policy.InHoldout(c.ID),
		Level: j.standing.state.Level, Lifecycle: s.cfg.Policy.Lifecycle(&j.standing.state, &j.facts),
		AsOf: signalInstant(j.statistics.Now), Watermark: signalInstant(max(s.clock, 0)), ComputedAt: signalInstant(b.Wall),
		Shard: s.cfg.Shard, Seq: s.seq(),
	}
	s.parametersOf(c).FillRow(&j.input, j.row)
	fx.Customers.Append(j.row)
}

// hashOf is a short hash of all that crossing days depend on besides the customer: the
// version's name, and the borders, which are configured.
func hashOf(p *score.Parameters) uint32 {
	h := fnv.New32a()
	h.Write([]byte(p.Version))
	for _, border := range p.Thresholds.Values() {
		h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(border)))
	}
	return h.Sum32()
}
