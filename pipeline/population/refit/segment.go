package refit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// Customers of one segment may buy by another rhythm than those of the others: a
// model of their own is fitted to them where they are enough and where it explains
// them better than the model of all by more than its parameters are worth.

const (
	// MinSegmentCustomers is how many customers with a purchase a segment needs for a
	// model of its own, minSegmentOutcomes how many of them came back within the
	// label window, and as many who did not: in the proportion of a whole base.
	MinSegmentCustomers = 200
	minSegmentOutcomes  = MinOutcomes * MinSegmentCustomers / MinCustomers
)

// worth is the gain in log-likelihood from which on a model with so many parameters
// of its own is better than one that has none, by the Bayesian information
// criterion (Schwarz 1978): half of its penalty.
func worth(parameters int, customers int64) float64 {
	return float64(parameters) / 2 * math.Log(float64(customers))
}

// Split lets the base count the customers of each segment apart, too; names are in
// the order of shard.History's numbers. One segment is all customers.
func (b *Base) Split(names []string) *Base {
	if len(names) < 2 {
		return b
	}
	b.names = names
	for range names {
		b.segments = append(b.segments, NewBase(b.Window))
	}
	return b
}

// segmentModels are the models of segments that go with one of all customers, in the
// order of their names.
func (b *Base) segmentModels(whole, champion *parameters.Record, until event.Day,
	configured *score.Parameters) ([]score.SegmentModel, error) {
	var all []score.SegmentModel
	for i, base := range b.segments {
		if !base.segmentSuffices(until) {
			continue
		}
		m, err := base.segmentModel(whole, segmentOf(champion, b.names[i]), until, configured)
		if err != nil {
			return nil, fmt.Errorf("segment %q: %w", b.names[i], err)
		}
		if m != nil {
			m.Segment = b.names[i]
			all = append(all, *m)
		}
	}
	slices.SortFunc(all, func(a, b score.SegmentModel) int { return strings.Compare(a.Segment, b.Segment) })
	return all, nil
}

func segmentOf(r *parameters.Record, name string) *score.SegmentModel {
	if r == nil {
		return nil
	}
	for i := range r.Segments {
		if r.Segments[i].Segment == name {
			return &r.Segments[i]
		}
	}
	return nil
}

func (b *Base) segmentSuffices(until event.Day) bool {
	return b.customers >= MinSegmentCustomers && until-b.firstDay >= MinDays &&
		b.cameBack >= minSegmentOutcomes && b.left >= minSegmentOutcomes
}

// segmentModel is the model of the segment that b is the base of, nil where that of
// all customers explains it as well. before is what was in force of it.
func (b *Base) segmentModel(whole *parameters.Record, before *score.SegmentModel, until event.Day,
	configured *score.Parameters) (*score.SegmentModel, error) {
	m := &score.SegmentModel{Purchase: whole.Purchase, K: whole.K, DropoutIdentified: whole.DropoutIdentified,
		Customers: uint64(b.customers)}
	afresh := before == nil || float64(b.customers) > grownBy*float64(before.Customers)
	own, err := b.ownPurchase(m, before, until, afresh)
	if err != nil {
		return nil, err
	}
	if whole.Activity != nil {
		if m.Activity, err = b.ownActivity(whole.Activity, before, until, afresh); err != nil {
			return nil, err
		}
	}
	if m.Spend, err = b.ownSpend(whole.Spend, configured); err != nil {
		return nil, err
	}
	if !own && m.Activity == nil && m.Spend == nil {
		return nil, nil
	}
	m.LogLikelihood = likelihood(btyd.MBG{MBGNBD: m.Purchase, K: m.K}, b.purchase.Points(fit.Day(until)))
	return m, nil
}

// ownPurchase puts the segment's own purchase model into m, which holds that of
// all customers, where it is better, and reports whether it is.
func (b *Base) ownPurchase(m, before *score.SegmentModel, until event.Day, afresh bool) (bool, error) {
	points := b.purchase.Points(fit.Day(until))
	options := fit.Options{}
	if b.customers < priorBelow {
		options.Prior = fit.ColdStart()
	}
	k, err := b.order(until, options)
	if err != nil {
		return false, err
	}
	fitted, err := fitOrder(k, fit.Coarsen(points, fewPoints), options)
	if err != nil {
		return false, fmt.Errorf("fit the purchase model: %w", err)
	}
	if !fitted.Verdict.Converged {
		return false, nil
	}
	own := btyd.MBG{MBGNBD: modelOf(&fitted), K: k}
	if !afresh && max(before.K, 1) == k {
		own.MBGNBD = towards(before.Purchase, own.MBGNBD)
	}
	all := btyd.MBG{MBGNBD: m.Purchase, K: m.K}
	if likelihood(own, points)-likelihood(all, points) < worth(4, b.customers) {
		return false, nil
	}
	m.Purchase, m.K, m.DropoutIdentified = own.MBGNBD, own.K, fitted.DropoutIdentified()
	return true, nil
}

// ownActivity is the segment's own model of the activity days, nil where that of all
// customers stands.
func (b *Base) ownActivity(whole *btyd.MBGNBD, before *score.SegmentModel, until event.Day,
	afresh bool) (*btyd.MBGNBD, error) {
	if b.seen < MinSegmentCustomers || until-b.firstActive < MinDays {
		return nil, nil
	}
	points := b.activity.Points(fit.Day(until))
	options := fit.Options{}
	if b.seen < priorBelow {
		options.Prior = fit.ColdStart()
	}
	fitted, err := fitOrder(1, fit.Coarsen(points, fewPoints), options)
	if err != nil {
		return nil, fmt.Errorf("fit the activity model: %w", err)
	}
	if !fitted.Verdict.Converged || !fitted.DropoutIdentified() {
		return nil, nil
	}
	own := modelOf(&fitted)
	if !afresh && before.Activity != nil {
		own = towards(*before.Activity, own)
	}
	if likelihood(btyd.MBG{MBGNBD: own}, points)-likelihood(btyd.MBG{MBGNBD: *whole}, points) < worth(4, b.seen) {
		return nil, nil
	}
	return &own, nil
}

// ownSpend is the segment's own model of the value of a purchase day, nil where that
// of all customers, or none, stands.
func (b *Base) ownSpend(whole *btyd.GammaGamma, configured *score.Parameters) (*btyd.GammaGamma, error) {
	own, err := b.spendModel(configured)
	if err != nil || own == nil || whole == nil {
		return own, err
	}
	gain, customers := 0.0, 0.0
	for _, p := range b.spend.points(math.Pow10(int(configured.CurrencyExponent))) {
		gain += p.Count * (own.LogLikelihood(p.X, p.Mean) - whole.LogLikelihood(p.X, p.Mean))
		customers += p.Count
	}
	if gain < worth(3, int64(customers)) {
		return nil, nil
	}
	return own, nil
}

// eachSegment calls do with the base of each segment that has a model of its own in
// a version, and with when its customers buy by that model.
func (b *Base) eachSegment(r *parameters.Record, do func(*Base, btyd.MBG)) {
	for i, base := range b.segments {
		if m := segmentOf(r, b.names[i]); m != nil {
			do(base, btyd.MBG{MBGNBD: m.Purchase, K: m.K})
		}
	}
}

// likelihoodOf is that of the whole base by a version: of each customer by the model
// of its segment.
func (b *Base) likelihoodOf(r *parameters.Record, points []fit.Point, until event.Day) float64 {
	all := timing(r)
	sum := likelihood(all, points)
	b.eachSegment(r, func(segment *Base, own btyd.MBG) {
		points := segment.purchase.Points(fit.Day(until))
		sum += likelihood(own, points) - likelihood(all, points)
	})
	return sum
}

// brierOf is the mean squared error of P(return) at the start of the label window, of
// each customer by the model of its segment.
func (b *Base) brierOf(r *parameters.Record, weeks float64) float64 {
	all := timing(r)
	sum, n := b.misses(all, weeks)
	b.eachSegment(r, func(segment *Base, own btyd.MBG) {
		by, _ := segment.misses(own, weeks)
		instead, _ := segment.misses(all, weeks)
		sum += by - instead
	})
	return sum / n
}
