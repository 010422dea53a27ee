package btyd

import "math"

// ValueTable gives the two sums that a customer's value needs, for a customer
// that is alive: E[Y] over a short horizon, and the discounted sum of E[Y] over
// a long one. Both depend on x and T alone, and their logarithms are so smooth
// that polynomials stand in for the series: a value costs two polynomials of
// degree 27 in place of 53 series.
//
// For each x up to maxTableX there is a Chebyshev polynomial in ln(α+T), T up to
// maxTableT; its coefficients come from a second one in ln(x+3), through series at
// tableRows × tableNodes points. The relative error is below 1e-6 over the whole
// domain of the parameters, and below 5e-8 for models as they are fitted
// (Trefethen, Approximation Theory and Practice, 2013, chapters 3 and 8): a table
// that is not, halfway between its nodes, is not used. Beyond it, and without it,
// the exact forms are evaluated.
//
// A table is read only once made, and may be shared.
type ValueTable struct {
	model      MBGNBD
	weeks      int
	annualRate float64
	short      float64 // weeks

	lowest, perUnit float64 // of ln(α+T), to [−1, 1]
	rows            []valueRow
}

// valueRow are the coefficients of one x.
type valueRow struct{ short, discounted [tableNodes]float64 }

const (
	maxTableX   = 255
	maxTableT   = 2080 // weeks: 40 years
	tableNodes  = 28
	tableRows   = 24
	tableBound  = 5e-7
	tableOffset = 3 // x + 3: the widest range without a crowd at x = 0
)

// NewValueTable makes a table for a short horizon, in weeks, and a long one with
// an annual discount rate. It costs about 4 ms and 115 KB.
func (m MBGNBD) NewValueTable(shortWeeks float64, weeks int, annualRate float64) (*ValueTable, error) {
	for _, err := range []error{m.Validate(), ValidateHorizon(shortWeeks), ValidateHorizon(float64(weeks)),
		ValidateRate(annualRate)} {
		if err != nil {
			return nil, err
		}
	}
	t := &ValueTable{model: m, weeks: weeks, annualRate: annualRate, short: shortWeeks, lowest: math.Log(m.Alpha)}
	t.perUnit = 2 / (math.Log(m.Alpha+maxTableT) - t.lowest)
	t.fill()
	return t, nil
}

// fill makes the rows; without them all is exact.
func (t *ValueTable) fill() {
	short, discounted, ok := t.sample()
	if !ok {
		return
	}
	t.rows = make([]valueRow, maxTableX+1)
	for x := range t.rows {
		at := onUnit(math.Log(float64(x)+tableOffset), math.Log(tableOffset), math.Log(maxTableX+tableOffset))
		for k := range tableNodes {
			t.rows[x].short[k] = chebyshev(short[k][:], at)
			t.rows[x].discounted[k] = chebyshev(discounted[k][:], at)
		}
	}
	if !t.close() {
		t.rows = nil
	}
}

// close reports whether the table is right halfway between its nodes, where it
// is furthest off.
func (t *ValueTable) close() bool {
	for k := range tableNodes - 1 {
		at := math.Cos(math.Pi * (float64(k) + 1) / tableNodes)
		rule := t.ruleAt(math.Exp(t.lowest + (1+at)/t.perUnit))
		for _, x := range []int{0, 3, 30, maxTableX} {
			short, discounted := t.Living(History{X: x, T: rule.scale - t.model.Alpha})
			f := t.model.futureOf(float64(x), rule.scale)
			if !(math.Abs(short/f.expected(t.short)-1) < tableBound && math.Abs(discounted/rule.discounted(&f)-1) < tableBound) {
				return false
			}
		}
	}
	return true
}

// discountRule gives the discounted sum of a living customer of one α+T from few
// values of E[Y(t)], which is smooth in ln(1+t/(α+T)): it stands in for the sum
// of so many weeks while a table is made.
type discountRule struct {
	scale     float64
	at, times [ruleNodes]float64 // weeks, and what E[Y] there counts for
}

const ruleNodes = 16

func (t *ValueTable) ruleAt(scale float64) discountRule {
	r := discountRule{scale: scale}
	high := math.Log1p(float64(t.weeks) / scale)
	for i := range ruleNodes {
		r.at[i] = scale * math.Expm1(high*(1+node(i, ruleNodes))/2)
	}
	delta := weeklyDiscount(t.annualRate)
	for j := 1; j <= t.weeks; j++ {
		weight := partsWeight(j, t.weeks, delta)
		at := onUnit(math.Log1p(float64(j)/scale), 0, high)
		for i, v := range basis(at) {
			r.times[i] += float64(weight * v)
		}
	}
	return r
}

func (r *discountRule) discounted(f *future) (sum float64) {
	for i, at := range r.at {
		sum += float64(r.times[i] * f.expected(at))
	}
	return sum
}

// basis are the polynomials that are 1 at one of the Chebyshev points and 0 at the
// others, in barycentric form.
func basis(at float64) (v [ruleNodes]float64) {
	sum := 0.0
	for i := range v {
		angle := math.Pi * (float64(i) + .5) / ruleNodes
		weight := math.Sin(angle)
		if i%2 == 1 {
			weight = -weight
		}
		off := at - math.Cos(angle)
		if off == 0 {
			v = [ruleNodes]float64{}
			v[i] = 1
			return v
		}
		v[i] = weight / off
		sum += v[i]
	}
	for i := range v {
		v[i] /= sum
	}
	return v
}

// samples are coefficients in ln(x+3) of each coefficient in ln(α+T).
type samples [tableNodes][tableRows]float64

// sample evaluates the exact forms at all nodes; ok is false where one of them
// is not a positive number.
func (t *ValueTable) sample() (short, discounted *samples, ok bool) {
	short, discounted = new(samples), new(samples)
	low, high := math.Log(tableOffset), math.Log(maxTableX+tableOffset)
	var shortAt, discountedAt [tableRows][tableNodes]float64
	var scales [tableNodes]discountRule
	for k := range scales {
		scales[k] = t.ruleAt(math.Exp(t.lowest + (1+node(k, tableNodes))/t.perUnit))
	}
	for i := range tableRows {
		x := math.Exp(low+(high-low)*(1+node(i, tableRows))/2) - tableOffset
		for k := range tableNodes {
			f := t.model.futureOf(x, scales[k].scale)
			a, b := f.expected(t.short), scales[k].discounted(&f)
			if !(a > 0 && b > 0 && !math.IsInf(a, 1) && !math.IsInf(b, 1)) {
				return nil, nil, false
			}
			shortAt[i][k], discountedAt[i][k] = math.Log(a/(t.model.R+x)), math.Log(b/(t.model.R+x))
		}
		shortAt[i], discountedAt[i] = coefficients(shortAt[i]), coefficients(discountedAt[i])
	}
	for k := range tableNodes {
		for i := range tableRows {
			short[k][i], discounted[k][i] = shortAt[i][k], discountedAt[i][k]
		}
		short[k], discounted[k] = coefficients(short[k]), coefficients(discounted[k])
	}
	return short, discounted, true
}

// Living returns E[Y] over the short horizon and the discounted sum over the
// long one, of a customer that is alive: times PAlive they are those of h. O(1),
// no allocation.
func (t *ValueTable) Living(h History) (short, discounted float64) {
	if h.X >= len(t.rows) || h.T > maxTableT {
		f := t.model.future(h)
		return f.expected(t.short), f.discounted(t.weeks, t.annualRate)
	}
	row, rate := &t.rows[h.X], t.model.R+float64(h.X)
	at := float64((math.Log(t.model.Alpha+h.T)-t.lowest)*t.perUnit) - 1
	return rate * math.Exp(chebyshev(row.short[:], at)), rate * math.Exp(chebyshev(row.discounted[:], at))
}

// node is the k-th Chebyshev point of n, in (−1, 1).
func node(k, n int) float64 { return math.Cos(math.Pi * (float64(k) + .5) / float64(n)) }

// onUnit maps [low, high] to [−1, 1].
func onUnit(v, low, high float64) float64 { return 2*(v-low)/(high-low) - 1 }

// coefficients are those of the polynomial through values at the Chebyshev points.
func coefficients[A [tableNodes]float64 | [tableRows]float64](values A) (c A) {
	n := len(values)
	for j := range n {
		sum := 0.0
		for k := range n {
			sum += float64(values[k] * math.Cos(math.Pi*float64(j)*(float64(k)+.5)/float64(n)))
		}
		c[j] = 2 * sum / float64(n)
	}
	c[0] /= 2
	return c
}

// chebyshev is Σ c_j·T_j(at), by Clenshaw's recurrence.
func chebyshev(c []float64, at float64) float64 {
	b1, b2 := 0.0, 0.0
	for j := len(c) - 1; j >= 1; j-- {
		b1, b2 = c[j]+float64(2*at*b1)-b2, b1
	}
	return c[0] + float64(at*b1) - b2
}
