package workload

import "math"

// zipf draws numbers 0 to n-1, the k-th most frequent with a probability
// proportional to 1/k^s, 0 < s < 1. The method is that of Gray and others,
// "Quickly generating billion-record synthetic databases", SIGMOD 1994: exact
// for the two most frequent, close for the others, and constant in time after
// one sum over n.
type zipf struct {
	n                             float64
	zeta, zeta2, alpha, eta, half float64
	count, spread                 uint64
}

func newZipf(n int, s float64) *zipf {
	z := &zipf{n: float64(n), count: uint64(n), alpha: 1 / (1 - s), half: math.Pow(0.5, s)}
	for k := 1; k <= n; k++ {
		z.zeta += math.Pow(float64(k), -s)
	}
	z.zeta2 = 1 + z.half
	z.eta = (1 - math.Pow(2/z.n, 1-s)) / (1 - z.zeta2/z.zeta)
	z.spread = coprime(z.count)
	return z
}

// draw turns a uniform number into a customer's. Neighbours in rank are spread
// over the numbers, so that the frequent ones share no page.
func (z *zipf) draw(u float64) uint64 {
	uz := u * z.zeta
	rank := uint64(0)
	switch {
	case uz < 1:
	case uz < z.zeta2:
		rank = 1
	default:
		rank = uint64(z.n * math.Pow(z.eta*u-z.eta+1, z.alpha))
	}
	return min(rank, z.count-1) * z.spread % z.count
}

// coprime returns a factor that maps the numbers below n to each other.
func coprime(n uint64) uint64 {
	for f := uint64(2_654_435_761); ; f += 2 {
		if gcd(f%n, n) == 1 || n == 1 {
			return f % n
		}
	}
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
