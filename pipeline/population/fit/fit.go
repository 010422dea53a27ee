package fit

import (
	"errors"
	"fmt"
	"math"
)

// ErrNoRepeats means that nobody in the base bought twice: no model of repeat
// purchases can be fitted.
var ErrNoRepeats = errors.New("nobody bought twice")

// ErrNoData means that the base is empty.
var ErrNoData = errors.New("no customers to fit")

// Model names, as commands and files spell them.
const (
	BGNBD      = "bg-nbd"
	MBGNBD     = "mbg-nbd"
	MBGCNBDK   = "mbg-cnbd-k"
	ParetoNBD  = "pareto-nbd"
	BGBB       = "bg-bb"
	GammaGamma = "gamma-gamma"
)

// MaxFittedK is the largest k that BestK tries.
const MaxFittedK = 6

// Options steer a fit. The zero value is two starts, no prior, silence.
type Options struct {
	// Starts is the number of starting points, 2 if 0, at most what the model has.
	Starts int
	// From are parameters near the top, as a fit to coarser points found them: the
	// search begins there and takes its last steps only. nil searches from the starts.
	From []float64
	// Prior is added to the log-likelihood while searching; nil for none.
	Prior *Prior
	// Progress is called after every start, with the number of starts to come.
	Progress func(s Start, of int)
}

// Fit fits a model of repeat purchases to points of at most btyd.MaxRepeats
// repeats. k is for MBGCNBDK only.
func Fit(model string, k int, points []Point, options Options) (Result, error) {
	var l likelihood
	switch model {
	case BGNBD:
		l = newBetaGeometric(points, false)
	case MBGNBD:
		l = newBetaGeometric(points, true)
	case MBGCNBDK:
		l = newRegular(points, k)
	case ParetoNBD:
		l = newPareto(points)
	default:
		return Result{}, fmt.Errorf("fit %q: no such model of repeat purchases", model)
	}
	base := Result{Model: model, Cells: len(points), Correlation: math.NaN()}
	for _, p := range points {
		base.Customers += p.Count
		if p.X > 0 {
			base.Repeaters += p.Count
		}
	}
	result, err := run(base, l, options)
	if err != nil {
		return Result{}, err
	}
	if model == MBGCNBDK {
		result.K = k
	}
	guardPurchases(&result, points)
	return result, nil
}

// BestK fits MBGCNBDK for k = 1..MaxFittedK and gives all, and the index of the
// most likely.
func BestK(points []Point, options Options) (all []Result, best int, err error) {
	for k := 1; k <= MaxFittedK; k++ {
		r, err := Fit(MBGCNBDK, k, points, options)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, r)
		if r.LogLikelihood > all[best].LogLikelihood {
			best = k - 1
		}
	}
	return all, best, nil
}

// FitCalendar fits BGBB.
func FitCalendar(points []CalendarPoint, options Options) (Result, error) {
	base := Result{Model: BGBB, Cells: len(points), Correlation: math.NaN()}
	for _, p := range points {
		base.Customers += p.Count
		if p.X > 0 {
			base.Repeaters += p.Count
		}
	}
	result, err := run(base, calendar{points}, options)
	if err != nil {
		return Result{}, err
	}
	guardCalendar(&result, points)
	return result, nil
}

// FitSpend fits GammaGamma to the customers with X ≥ 1 and a positive mean.
func FitSpend(points []SpendPoint, options Options) (Result, error) {
	var usable []SpendPoint
	base := Result{Model: GammaGamma, MeanAlive: math.NaN()}
	for _, p := range points {
		if p.X >= 1 && p.Mean > 0 {
			usable = append(usable, p)
			base.Customers += p.Count
		}
	}
	base.Repeaters, base.Cells = base.Customers, len(usable)
	result, err := run(base, gammaGamma{usable}, options)
	if err != nil {
		return Result{}, err
	}
	guardSpend(&result, usable)
	return result, nil
}

// run searches from every start and keeps the best.
func run(result Result, l likelihood, options Options) (Result, error) {
	if result.Customers == 0 {
		return Result{}, ErrNoData
	}
	if result.Repeaters == 0 {
		return Result{}, ErrNoRepeats
	}
	if options.Prior != nil && len(options.Prior.Centre) != len(l.names()) {
		return Result{}, fmt.Errorf("prior of %d parameters for a model of %d", len(options.Prior.Centre), len(l.names()))
	}
	starts := l.starts()
	if options.Starts == 0 {
		options.Starts = 2
	}
	starts = starts[:min(options.Starts, len(starts))]
	s := newSearch(l, result.Customers, options.Prior)
	if options.From != nil {
		starts, s.near = [][]float64{options.From}, true
	}
	best := 0
	for i, from := range starts {
		found := s.run(i+1, from)
		result.Starts = append(result.Starts, found)
		if found.objective < result.Starts[best].objective {
			best = i
		}
		if options.Progress != nil {
			options.Progress(found, len(starts))
		}
	}
	conclude(&result, l, s.box, result.Starts[best])
	return result, nil
}

// conclude writes parameters, standard errors and the verdict.
func conclude(result *Result, l likelihood, b box, top Start) {
	deviations, definite := standardErrors(l, b, top.Params)
	edge := false
	for i, name := range l.names() {
		at := b.hit(i, top.Params[i])
		edge = edge || at
		result.Parameters = append(result.Parameters, Parameter{name, top.Params[i], deviations[i], at})
	}
	result.LogLikelihood = top.LogLikelihood
	agree := 0
	for _, s := range result.Starts {
		if math.Abs(s.objective-top.objective)*result.Customers < 0.01 {
			agree++
		}
	}
	reached := fmt.Sprintf("%d of %d starts reach this log-likelihood within 0.01", agree, len(result.Starts))
	switch {
	case !top.Converged:
		result.Verdict = Verdict{false, "the gradient does not vanish; " + reached}
	case edge:
		result.Verdict = Verdict{true, "the optimum lies on the edge of the box; " + reached}
	case !definite:
		result.Verdict = Verdict{false, "the likelihood is flat in some direction; " + reached}
	default:
		result.Verdict = Verdict{true, reached}
	}
}

// LogLikelihood is the log-likelihood of a fitted model of repeat purchases
// over other points than it was fitted to: the exact ones after a fit from
// weekly cells, or a later period.
func LogLikelihood(r Result, points []Point) float64 {
	var l likelihood
	switch r.Model {
	case BGNBD:
		l = newBetaGeometric(points, false)
	case MBGNBD:
		l = newBetaGeometric(points, true)
	case MBGCNBDK:
		l = newRegular(points, r.K)
	default:
		l = newPareto(points)
	}
	params := make([]float64, len(r.Parameters))
	for i, p := range r.Parameters {
		params[i] = p.Value
	}
	return l.value(params)
}
