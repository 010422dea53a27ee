package refit

import (
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const (
	// orderGain is the share of the log-likelihood by which regular gaps must explain the base
	// better. Days are whole and several purchases of one day are one, which makes
	// gaps without memory look a little regular: by a quarter of a per cent where
	// customers buy every week. Gaps of order 2 gain ten per cent.
	orderGain = .01
	// timedShare is the share of customers whose gaps must all be known.
	timedShare = .5
	// fewPoints are what a search from afar is made on, and manyPoints what its last
	// steps are where the slope has no closed form.
	fewPoints  = 2000
	manyPoints = 20_000
)

// order is the order of the gaps between purchase days by likelihood: 1 where they are
// without memory. Likelihoods rise to the best order and fall behind it.
func (b *Base) order(until event.Day, options fit.Options) (int, error) {
	if float64(b.timedCustomers) < timedShare*float64(b.customers) {
		return 1, nil
	}
	points := fit.Coarsen(b.timed.Points(fit.Day(until)), fewPoints)
	best, first, highest := 1, 0.0, math.Inf(-1)
	for k := 1; k <= fit.MaxFittedK; k++ {
		fitted, err := fit.Fit(fit.MBGCNBDK, k, points, options)
		if err != nil {
			return 0, fmt.Errorf("fit gaps of order %d: %w", k, err)
		}
		if k == 1 {
			first = fitted.LogLikelihood
		}
		if !(fitted.LogLikelihood > highest) {
			break
		}
		best, highest = k, fitted.LogLikelihood
	}
	if highest-first < orderGain*math.Abs(first) {
		return 1, nil
	}
	return best, nil
}

// fitTwice fits the purchase model with gaps of an order: from the starts to few
// points, then the last steps to all of them, which cost a hundred times as much each.
func fitTwice(k int, points []fit.Point, options fit.Options) (fit.Result, error) {
	few := fit.Coarsen(points, fewPoints)
	found, err := fitOrder(k, few, options)
	if err != nil || len(few) == len(points) {
		return found, err
	}
	options.From = make([]float64, len(found.Parameters))
	for i := range found.Parameters {
		options.From[i] = found.Parameters[i].Value
	}
	if k > 1 { // without a closed form of the slope each step costs tens of sums
		points = fit.Coarsen(points, manyPoints)
	}
	return fitOrder(k, points, options)
}

func fitOrder(k int, points []fit.Point, options fit.Options) (fit.Result, error) {
	if k == 1 {
		return fit.Fit(fit.MBGNBD, 0, points, options)
	}
	return fit.Fit(fit.MBGCNBDK, k, points, options)
}

// timing is when purchases come by a version.
func timing(r *parameters.Record) btyd.MBG { return btyd.MBG{MBGNBD: r.Purchase, K: r.K} }
