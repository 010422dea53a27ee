package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// Explanation is all that is known of a customer at a moment, as values of its own.
type Explanation struct {
	Shard    uint16
	TimeZone string        // of the business days
	Now      event.Instant // the moment described
	Clock    event.Instant // the shard's reading; ClockUnset where it has none
	Silence  event.Instant // how far the customer is known to have been silent; up to Now
	Next     event.Instant // when the customer is looked at again; policy.Never: at its next event

	Segment       string
	Statistics    score.Statistics
	Scores        score.Scores
	Contributions []score.Contribution
	Level         signal.Level
	Lifecycle     signal.Lifecycle
	Outlook       policy.Outlook
	Alerts        []ExplainedAlert // open ones, and those that cool down

	Parameters      *score.Parameters // in force for the customer's segment; read only
	ParametersSince event.Instant     // 0: from the beginning
	Currency        string
}

// ExplainedAlert is an alert of a customer: what a message of it would say now. Of one
// that has ended the reasons are gone.
type ExplainedAlert struct {
	signal.Alert
	Open      bool
	Once      bool          // it is one message, and has no end that is told
	MessageAt event.Instant // of the latest message
	ToldAt    event.Instant // when it was told late; 0 never
	ExpiresAt event.Instant // of an open one; policy.Never where it is to be told first
	Waits     bool          // it is to be told once the present is reached and the model rests on enough
}

// Explain says what is known of a customer at the later of the clock's reading and the
// last judgement; false where there is none of this id. It changes nothing, and costs a
// row. It must not be called during Apply.
func (s *Shard) Explain(id []byte) (*Explanation, bool) {
	c, j := &s.customer, &s.judge
	if !s.slab.Peek(c, event.HashID(id), id) {
		return nil, false
	}
	j.standing.load(c)
	s.silence = max(j.standing.silence, min(s.known, s.clock))
	s.statistics(c, max(c.JudgedAt, s.clock), &j.statistics)
	p := s.parametersOf(c)
	s.keepCrossings(&j.standing.crossings, p, &j.statistics.Facts)
	s.gather(c, &j.statistics.Facts)
	p.Scores(&j.statistics, &j.scores)
	e := &Explanation{
		Shard: s.cfg.Shard, TimeZone: s.cfg.Zone.Name(), Now: j.statistics.Now, Clock: s.clock, Silence: s.silence,
		Next: c.Deadline, Segment: s.segmentOf(c), Statistics: j.statistics, Scores: j.scores,
		Contributions: p.Contributions(&j.statistics, &j.scores), Level: j.standing.state.Level,
		Lifecycle:  s.cfg.Policy.Lifecycle(&j.standing.state, &j.facts),
		Outlook:    s.cfg.Policy.Outlook(&j.standing.state, j.standing.episodes, &j.facts),
		Parameters: p, ParametersSince: s.versions.since, Currency: s.cfg.Alerts.CurrencyText,
	}
	for i := range j.standing.episodes {
		if a := &j.standing.episodes[i]; a.Open || a.CooldownUntil > e.Now {
			e.Alerts = append(e.Alerts, s.explainAlert(c, a))
		}
	}
	return e, true
}

// explainAlert is an alert of the customer at hand.
func (s *Shard) explainAlert(c *state.Customer, a *policy.Episode) ExplainedAlert {
	j := &s.judge
	message := policy.Transition{
		Subject: a.Subject, At: j.facts.Now, RaisedAt: a.RaisedAt, Episode: a.Number, Seq: a.Seq, Kind: a.Kind,
		Action: signal.Updated, Level: a.Level, PreviousLevel: a.Level, Suppression: a.Suppressed(),
		Standing: a.ToldAt != 0, Feedback: a.Feedback, Holdout: a.Holdout,
	}
	if !a.Open {
		message.Action, message.CooldownUntil = signal.Resolved, a.CooldownUntil
	}
	id := append([]byte(nil), c.ID...)
	return ExplainedAlert{
		Alert: s.alert(&Batch{Wall: j.facts.Now}, c, id, &message), Open: a.Open, Once: !a.Kind.Ends(),
		MessageAt: a.MessageAt, ToldAt: a.ToldAt,
		ExpiresAt: s.cfg.Policy.ExpiresAt(&j.standing.state, a, &j.facts),
		Waits:     s.cfg.Policy.WaitsToBeTold(&j.standing.state, a, &j.facts),
	}
}
