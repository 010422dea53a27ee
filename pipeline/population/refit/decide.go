package refit

import (
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	// drift is how far a refit moves the logarithms of the parameters towards what was fitted:
	// they drift, and a jump would re-score everybody for little (docs/models.md).
	drift = .3
	// grownBy is by how much a base, or the time that it covers, has grown when what
	// was fitted before says too little of it: what is fitted is taken as it is then.
	grownBy = 1.1
	// worseBrier is by how much the Brier score on the last label window may be
	// worse than that of what is in force.
	worseBrier = 1.005
	// leastGain is the share of the log-likelihood that a challenger must gain: less is
	// where a search happened to end.
	leastGain = 1e-7
	// priorBelow is the number of customers below which the weak prior holds the
	// search away from absurd corners; above it the data do.
	priorBelow = 10 * MinCustomers
)

// Decision is what came of a fit.
type Decision struct {
	Sufficiency signal.DataSufficiency
	Accepted    bool              // Record is to be put in force
	Record      parameters.Record // what was fitted, moved as far as it may
	Reason      string            // why, in words
}

// Decide fits the base as it stands at the end of a day and decides between that and
// the champion: the version that was fitted before, nil where there is none. The
// challenger is put in force if it explains the base better and has not foretold
// the last label window worse. configured gives currency and horizon. It may take
// seconds. Its error is of the fit.
func Decide(b *Base, until event.Day, at event.Instant, champion *parameters.Record,
	configured *score.Parameters) (Decision, error) {
	d := Decision{Sufficiency: b.Sufficiency(until)}
	if d.Sufficiency != signal.SufficiencyOK {
		d.Reason = fmt.Sprintf("%d customers with a purchase over %d days, of whom %d came back within the last %d days and "+
			"%d did not; wanted are %d customers, %d days, and %d of each", b.customers, until-b.firstDay, b.cameBack,
			until-b.Window+1, b.left, MinCustomers, MinDays, MinOutcomes)
		return d, nil
	}
	points := b.purchase.Points(fit.Day(until))
	fitted, k, err := b.fitPurchase(points, until)
	if err != nil {
		return d, err
	}
	if !fitted.Verdict.Converged {
		d.Reason = "the search did not converge: " + fitted.Verdict.Reason
		return d, nil
	}
	challenger := modelOf(&fitted)
	grown := b.grown(until, k, champion)
	if champion != nil && grown == "" {
		challenger = towards(champion.Purchase, challenger)
	}
	d.Record = parameters.Record{Source: parameters.Fitted, Purchase: challenger, K: k,
		DropoutIdentified: fitted.DropoutIdentified(), Sufficiency: signal.SufficiencyOK, ComputedAt: at,
		Customers: b.customers, Through: until,
		LogLikelihood: likelihood(timing(&parameters.Record{Purchase: challenger, K: k}), points)}
	if d.Record.Spend, err = b.spendModel(configured); err != nil {
		return d, err
	}
	var before *btyd.MBGNBD
	if champion != nil {
		before = champion.Activity
	}
	activity, why, err := b.activityModel(until, before, grown != "" || champion == nil)
	if err != nil {
		return d, err
	}
	d.Record.Activity = activity
	if d.Record.Segments, err = b.segmentModels(&d.Record, champion, until, configured); err != nil {
		return d, err
	}
	p, err := d.Record.Parameters(configured)
	if err != nil {
		return d, err
	}
	d.Record.Version = score.VersionOf(p)
	d.Accepted, d.Reason = b.better(points, until, champion, &d.Record, grown, configured.HorizonDays)
	if changed := (activity == nil) != (before == nil) || activity != nil && *activity != *before; changed {
		d.Reason += "; activity days: " + why
		if !d.Accepted && champion != nil {
			return d, d.takeActivity(champion, activity, configured)
		}
	}
	return d, nil
}

// fitPurchase fits the model of the purchase days and the order of their gaps.
func (b *Base) fitPurchase(points []fit.Point, until event.Day) (fitted fit.Result, k int, err error) {
	var options fit.Options
	if b.customers < priorBelow {
		options.Prior = fit.ColdStart()
	}
	if k, err = b.order(until, options); err != nil {
		return fitted, 0, err
	}
	if fitted, err = fitTwice(k, points, options); err != nil {
		return fitted, 0, fmt.Errorf("fit the purchase model: %w", err)
	}
	return fitted, k, nil
}

// takeActivity accepts nothing of what was fitted but the activity days: of the rest
// what is in force stays.
func (d *Decision) takeActivity(champion *parameters.Record, activity *btyd.MBGNBD,
	configured *score.Parameters) error {
	computed := d.Record.ComputedAt
	d.Record, d.Accepted = *champion, true
	d.Record.ComputedAt, d.Record.Activity = computed, activity
	p, err := d.Record.Parameters(configured)
	if err != nil {
		return err
	}
	d.Record.Version = score.VersionOf(p)
	return nil
}

// grown says how the base has outgrown the one that the champion was fitted to;
// empty where it has not.
func (b *Base) grown(until event.Day, k int, champion *parameters.Record) string {
	if champion == nil {
		return ""
	}
	if before := max(champion.K, 1); k != before {
		return fmt.Sprintf("gaps are of order %d and not %d", k, before)
	}
	if float64(b.customers) > grownBy*float64(champion.Customers) {
		return fmt.Sprintf("the base has grown from %d to %d customers", champion.Customers, b.customers)
	}
	if now, before := until-b.firstDay, champion.Through-b.firstDay; float64(now) > grownBy*float64(before) {
		return fmt.Sprintf("the base covers %d days after %d", now, before)
	}
	return ""
}

// better compares the challenger with what was fitted before.
func (b *Base) better(points []fit.Point, until event.Day, champion, challenger *parameters.Record, grown string,
	horizonDays int32) (accepted bool, why string) {
	switch {
	case champion == nil:
		return true, "nothing was fitted before"
	case champion.Version == challenger.Version:
		return false, "it is what is in force"
	case grown != "":
		return true, grown
	}
	gain := b.likelihoodOf(challenger, points, until) - b.likelihoodOf(champion, points, until)
	if !(gain > leastGain*math.Abs(challenger.LogLikelihood)) {
		return false, fmt.Sprintf("its log-likelihood is higher by %.3f only", gain)
	}
	weeks := float64(horizonDays) / dayWeek
	before, now := b.brierOf(champion, weeks), b.brierOf(challenger, weeks)
	if now > before*worseBrier {
		return false, fmt.Sprintf("its Brier score on the last label window is %.4f, above %.4f", now, before)
	}
	return true, fmt.Sprintf("its log-likelihood is higher by %.3f, and its Brier score is %.4f after %.4f", gain, now,
		before)
}

// misses sums the squared errors of P(return) at the start of the label window, over
// n customers.
func (b *Base) misses(m btyd.MBG, weeks float64) (sum, n float64) {
	day := fit.Day(b.Window - 1)
	add := func(cells *fit.Cells, outcome float64) {
		for _, p := range cells.Points(day) {
			miss := m.PReturn(btyd.History{X: p.X, TX: p.TX, T: p.T}, weeks) - outcome
			sum += p.Count * miss * miss
			n += p.Count
		}
	}
	add(b.returned, 1)
	add(b.away, 0)
	return sum, n
}

func likelihood(m btyd.MBG, points []fit.Point) (sum float64) {
	for _, p := range points {
		sum += p.Count * m.LogLikelihood(btyd.History{X: p.X, TX: p.TX, T: p.T}, p.LogGaps)
	}
	return sum
}

func modelOf(r *fit.Result) btyd.MBGNBD {
	return btyd.MBGNBD{R: r.Value("r"), Alpha: r.Value("alpha"), A: r.Value("a"), B: r.Value("b")}
}

// towards moves parameters by drift of the way, in their logarithms.
func towards(from, to btyd.MBGNBD) btyd.MBGNBD {
	move := func(a, b float64) float64 { return math.Exp((1-drift)*math.Log(a) + drift*math.Log(b)) }
	return btyd.MBGNBD{R: move(from.R, to.R), Alpha: move(from.Alpha, to.Alpha), A: move(from.A, to.A),
		B: move(from.B, to.B)}
}

// spendModel fits the value of a purchase day; nil where what is assumed does not
// hold, or there are too few: a customer's own mean stands then.
func (b *Base) spendModel(configured *score.Parameters) (*btyd.GammaGamma, error) {
	points := b.spend.points(math.Pow10(int(configured.CurrencyExponent)))
	if len(points) == 0 {
		return nil, nil
	}
	fitted, err := fit.FitSpend(points, fit.Options{})
	if err != nil {
		return nil, fmt.Errorf("fit the spend model: %w", err)
	}
	if !fitted.Verdict.Converged || len(fitted.Guards) > 0 {
		return nil, nil
	}
	return &btyd.GammaGamma{P: fitted.Value("p"), Q: fitted.Value("q"), Nu: fitted.Value("nu")}, nil
}
