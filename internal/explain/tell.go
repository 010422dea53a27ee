package explain

import (
	"fmt"
	"strings"

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Of tells what the instance at work knows of a customer.
func Of(customer string, e *pipeline.Explained) *Document {
	clock := zoneNamed(e.TimeZone)
	d := &Document{
		CustomerID: customer, Source: FromInstance, AsOf: stamp(e.Now), Day: Day(e.Statistics.Today), TimeZone: e.TimeZone,
		Segment: e.Segment, Level: e.Level.String(), Lifecycle: e.Lifecycle.String(), Ladder: e.Scores.Ladder.String(),
		Facts: facts(&e.Explanation), Model: modelOf(&e.Explanation, clock),
		Alerts: []Alert{}, NoAlert: []string{}, Held: held(e, clock),
	}
	if e.Statistics.HasPurchase {
		d.Score = scoreOf(&e.Explanation)
	}
	for i := range e.Alerts {
		d.Alerts = append(d.Alerts, alertOf(&e.Alerts[i], clock))
	}
	if e.Outlook.Pause != policy.NoPause {
		d.NoAlert = noAlert(&e.Explanation, clock)
	}
	d.Next = next(&e.Explanation, clock)
	return d
}

// basisActivity says that P(alive) is of days with a purchase or a visit.
const basisActivity = "activity"

// scoreOf is the score with all that it is made of.
func scoreOf(e *shard.Explanation) *Score {
	sc, parameters := &e.Scores, e.Parameters
	atRisk := major(e, sc.ValueAtRisk)
	s := &Score{
		PAlive: &sc.PAlive, PReturn: &sc.PReturn, HorizonDays: parameters.HorizonDays, ChurnRisk: &sc.ChurnRisk,
		ValueAtRisk: &atRisk, Currency: e.Currency, Contributions: contributions(e.Contributions), ReasonCodes: []string{},
	}
	if s.PAliveBasis = "purchase"; parameters.ByActivity(&e.Statistics.Facts) {
		s.PAliveBasis = basisActivity
	}
	if e.Statistics.Closed {
		s.PAliveBasis = "closure"
		s.Certain = "the account is closed: the customer is gone, whatever the model says"
		return s
	}
	for i := range sc.Reasons[:sc.ReasonCount] {
		s.ReasonCodes = append(s.ReasonCodes, sc.Reasons[i].Code.String())
	}
	return s
}

// contributions words the parts of the risk. In points each is what the risk rises by
// where it is added to those before it, so that they add up to the risk.
func contributions(all []score.Contribution) []Contribution {
	told, sum, before := []Contribution{}, 0., 0.
	for i := range all {
		c := &all[i]
		sum += c.LogOdds
		points := 100 * score.Risk(sum)
		out := Contribution{Part: c.Part.String(), LogOdds: c.LogOdds, Points: points - before, Text: c.Text()}
		switch {
		case c.Part == score.PartEvidence:
			out.Code = c.Evidence.String()
		case c.Part == score.PartSilence:
			out.Code = c.Reason.Code.String()
		}
		before = points
		told = append(told, out)
	}
	return told
}

// DefaultModel says what scores by parameters mean that nothing was fitted to.
func DefaultModel(version string) string {
	return "default parameters (version " + version + "): no fit is in force. They describe no shop, so the figures " +
		"only say who has been silent for longer than others of the same history, and no alert on silence is delivered; " +
		"a model is fitted once there are enough customers (score.fit), or give score.params"
}

// modelOf says what the customer is scored by, and what it means where nothing was
// fitted.
func modelOf(e *shard.Explanation, clock clockOf) Model {
	p := e.Parameters
	m := Model{
		Version: p.Version, Sufficiency: p.DataSufficiency.String(), Fitted: p.Fitted, Since: stamp(e.ParametersSince),
		FittedAt: stamp(p.FittedAt), Customers: p.Customers, Activity: p.HasActivity,
		Purchase: &Purchase{p.Purchase.R, p.Purchase.Alpha, p.Purchase.A, p.Purchase.B, max(p.K, 1), p.DropoutIdentified},
	}
	if p.Version == score.Unfitted || p.DataSufficiency == signal.NoFit {
		m.Text = DefaultModel(p.Version)
		return m
	}
	var parts []string
	switch {
	case p.FittedAt != 0:
		parts = append(parts, fmt.Sprintf("version %s, fitted to %d customers on %s", p.Version, p.Customers,
			clock.text(p.FittedAt)))
	default:
		parts = append(parts, fmt.Sprintf("version %s, given by configuration", p.Version))
	}
	if e.ParametersSince != 0 {
		parts = append(parts, "in force since "+clock.text(e.ParametersSince))
	}
	parts = append(parts, "data: "+m.Sufficiency)
	parts = append(parts, fmt.Sprintf("MBG/NBD r=%.4g alpha=%.4g a=%.4g b=%.4g", p.Purchase.R, p.Purchase.Alpha,
		p.Purchase.A, p.Purchase.B))
	if p.K > 1 {
		parts = append(parts, fmt.Sprintf("gaps between purchases are regular (k = %d)", p.K))
	}
	if p.HasActivity {
		parts = append(parts, "visits prove that a customer is there")
	}
	if !p.DropoutIdentified {
		parts = append(parts, "it cannot tell silence from loss, so the gap alone is judged")
	}
	m.Text = strings.Join(parts, "; ")
	return m
}
