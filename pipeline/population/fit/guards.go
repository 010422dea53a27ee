package fit

import (
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// What a fit needs before it is believed.
const (
	minCustomers    = 500
	minRepeaters    = 100
	minWeeks        = 180.0 / 7
	maxMeanAlive    = 0.995
	minDropout      = 0.002
	maxCorrelation  = 0.3
	sufficientCover = "too few for stable parameters"
)

// scored is what the guards ask of a fitted model.
type scored interface{ PAlive(btyd.History) float64 }

func (r Result) scored() scored {
	v := r.Value
	switch r.Model {
	case BGNBD:
		return btyd.BGNBD{R: v("r"), Alpha: v("alpha"), A: v("a"), B: v("b")}
	case MBGNBD:
		return btyd.MBGNBD{R: v("r"), Alpha: v("alpha"), A: v("a"), B: v("b")}
	case MBGCNBDK:
		return btyd.MBGCNBDK{R: v("r"), Alpha: v("alpha"), A: v("a"), B: v("b"), K: r.K}
	}
	return btyd.ParetoNBD{R: v("r"), Alpha: v("alpha"), S: v("s"), Beta: v("beta")}
}

// guardPurchases checks a model of repeat purchases.
func guardPurchases(r *Result, points []Point) {
	model := r.scored()
	longest := 0.0
	for _, p := range points {
		r.MeanAlive += p.Count * model.PAlive(btyd.History{X: p.X, TX: p.TX, T: p.T})
		longest = math.Max(longest, p.T)
	}
	r.MeanAlive /= r.Customers
	guardSize(r)
	if longest < minWeeks {
		r.guard(ShortHistory, fmt.Sprintf("the longest history is %.1f weeks; below %.1f weeks leaving cannot be told "+
			"from pausing", longest, minWeeks))
	}
	dropout := r.Value("a") / (r.Value("a") + r.Value("b")) // NaN for Pareto/NBD: never below
	switch {
	case r.MeanAlive > maxMeanAlive:
		r.guard(DropoutNotIdentified,
			fmt.Sprintf("the mean P(alive) is %.4f: by this fit nobody ever leaves; do not use P(alive)", r.MeanAlive))
	case dropout < minDropout:
		r.guard(DropoutNotIdentified, fmt.Sprintf("a/(a+b) is %.5f: by this fit nobody ever leaves; do not use P(alive)",
			dropout))
	case r.atBox():
		r.guard(DropoutNotIdentified,
			"a parameter lies on the edge of its box: the data do not determine it; do not use P(alive)")
	}
	guardBox(r)
}

func guardCalendar(r *Result, points []CalendarPoint) {
	m := btyd.BGBB{Alpha: r.Value("alpha"), Beta: r.Value("beta"), Gamma: r.Value("gamma"), Delta: r.Value("delta")}
	for _, p := range points {
		r.MeanAlive += p.Count * m.PAlive(p.Opportunities)
	}
	r.MeanAlive /= r.Customers
	guardSize(r)
	if r.MeanAlive > maxMeanAlive || r.atBox() {
		r.guard(DropoutNotIdentified,
			fmt.Sprintf("mean P(alive) %.4f, or a parameter on the edge of its box: do not use P(alive)", r.MeanAlive))
	}
	guardBox(r)
}

// guardSpend checks what the gamma-gamma model assumes.
func guardSpend(r *Result, points []SpendPoint) {
	r.Correlation = correlation(points)
	if r.Repeaters < minRepeaters {
		r.guard(FewRepeaters, fmt.Sprintf("%.0f customers with a repeat of positive value: %s (%d)", r.Repeaters,
			sufficientCover, minRepeaters))
	}
	if r.Value("q") <= 1 {
		r.guard(NoMeanSpend, fmt.Sprintf("q is %.4g: at or below 1 the mean spend does not exist; do not use values from "+
			"this fit", r.Value("q")))
	}
	if math.Abs(r.Correlation) > maxCorrelation {
		r.guard(SpendCorrelated, fmt.Sprintf("the correlation of frequency and mean value is %.3f (above %.1f): the model "+
			"assumes none, values will be biased", r.Correlation, maxCorrelation))
	}
	guardBox(r)
}

func guardSize(r *Result) {
	if r.Customers < minCustomers {
		r.guard(FewCustomers, fmt.Sprintf("%.0f customers: %s (%d)", r.Customers, sufficientCover, minCustomers))
	}
	if r.Repeaters < minRepeaters {
		r.guard(FewRepeaters, fmt.Sprintf("%.0f customers bought again: %s (%d)", r.Repeaters, sufficientCover, minRepeaters))
	}
}

func guardBox(r *Result) {
	for _, p := range r.Parameters {
		if p.AtBox {
			r.guard(ParameterAtBox, fmt.Sprintf("%s = %.6g lies on the edge of what is allowed", p.Name, p.Value))
		}
	}
}

func (r Result) atBox() bool {
	for _, p := range r.Parameters {
		if p.AtBox {
			return true
		}
	}
	return false
}

// correlation is that of frequency and mean value over the customers.
func correlation(points []SpendPoint) float64 {
	var n, x, m, xx, mm, xm float64
	for _, p := range points {
		v := float64(p.X)
		n += p.Count
		x += p.Count * v
		m += p.Count * p.Mean
	}
	x, m = x/n, m/n
	for _, p := range points {
		dx, dm := float64(p.X)-x, p.Mean-m
		xx += p.Count * dx * dx
		mm += p.Count * dm * dm
		xm += p.Count * dx * dm
	}
	if xx == 0 || mm == 0 {
		return 0
	}
	return xm / math.Sqrt(xx*mm)
}
