package btyd

import "math"

// weeksPerYear is the year of the discount rate: δ = ln(1+annual)/52.
const weeksPerYear = 52

// weeklyDiscount is δ of an annual rate above −1.
func weeklyDiscount(annualRate float64) float64 { return math.Log1p(annualRate) / weeksPerYear }

// discounted is Σ_j (E[Y(j)] − E[Y(j−1)])·e^{−δj}, j = 1..weeks, of a living
// customer. Summed by parts, so that no small differences are formed.
func (f future) discounted(weeks int, annualRate float64) float64 {
	delta := weeklyDiscount(annualRate)
	sum := 0.0
	for j := 1; j <= weeks; j++ {
		sum += f.expected(float64(j)) * partsWeight(j, weeks, delta)
	}
	return sum
}

// partsWeight is what E[Y(j)] counts for in the discounted sum.
func partsWeight(j, weeks int, delta float64) float64 {
	now := math.Exp(-delta * float64(j))
	if j == weeks {
		return now
	}
	return now * -math.Expm1(-delta)
}

// DiscountNodes are the weights of the four-node approximation of a discounted
// sum. They depend on the horizon and the rate only: make them once.
type DiscountNodes struct {
	// Weeks is the horizon.
	Weeks int
	// Weight belongs to E[Y] at a quarter, a half, three quarters and the whole
	// of the horizon.
	Weight [4]float64
}

// NewDiscountNodes makes the weights for a horizon of weeks (1 to MaxWeeks) and
// an annual rate: E[Y] is replaced by the quartic through 0 and the four nodes.
// On CDNOW-like parameters and 52 weeks the discounted sum is off by less than
// 0.1 %.
func NewDiscountNodes(weeks int, annualRate float64) (DiscountNodes, error) {
	if err := ValidateHorizon(float64(weeks)); err != nil {
		return DiscountNodes{}, err
	}
	if err := ValidateRate(annualRate); err != nil {
		return DiscountNodes{}, err
	}
	n := DiscountNodes{Weeks: weeks}
	delta := weeklyDiscount(annualRate)
	for j := 1; j <= weeks; j++ {
		w := partsWeight(j, weeks, delta)
		at := 4 * float64(j) / float64(weeks)
		for node := range n.Weight {
			n.Weight[node] += w * lagrange(at, node+1)
		}
	}
	return n, nil
}

// lagrange is the basis polynomial of node k on the nodes 0..4.
func lagrange(at float64, k int) float64 {
	v := 1.0
	for i := 0; i <= 4; i++ {
		if i != k {
			v *= (at - float64(i)) / float64(k-i)
		}
	}
	return v
}

func (f future) discountedApproximate(n DiscountNodes) float64 {
	sum := 0.0
	for i, w := range n.Weight {
		sum += w * f.expected(float64(n.Weeks)*float64(i+1)/4)
	}
	return sum
}

// ValidateRate gives a *DomainError unless the discount rate a year is above −1
// and at most 100.
func ValidateRate(annualRate float64) error {
	if !(annualRate > -1 && annualRate <= 100) {
		return &DomainError{"annual rate", annualRate, "above -1 and at most 100 (0.15 is 15 % a year)"}
	}
	return nil
}
