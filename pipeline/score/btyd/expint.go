package btyd

import "math"

// scaledExpInt is e^z·E_s(z) = ∫_0^∞ e^{−zv}(1+v)^{−s} dv = e^z z^{s−1} Γ(1−s, z),
// which is also z^{s−1}·U(s, s, z) with Tricomi's U; s > 0, z > 0. Relative
// error below 1e-12.
func scaledExpInt(s, z float64) float64 {
	switch {
	case z >= 1:
		return expIntFraction(s, z)
	case s > 1.5:
		return expIntRise(s, z)
	}
	return expIntSeries(s, z)
}

// expIntFraction is the contracted continued fraction of Abramowitz & Stegun
// 5.1.22, by Lentz' method; for z ≥ 1.
func expIntFraction(s, z float64) float64 {
	b := z + s
	d := 1 / b
	v, c := d, math.Inf(1)
	for i := 1.0; i < 2000; i++ {
		a := -i * (s - 1 + i)
		b += 2
		d = 1 / (a*d + b)
		c = b + a/c
		v *= c * d
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	return v
}

// expIntRise steps up from a small order by e_{s+1} = (1 − z·e_s)/s
// (Abramowitz & Stegun 5.1.14). For z < 1 < s every step shrinks the error by
// z/s, so from a large order 40 steps suffice, whatever they start from.
func expIntRise(s, z float64) float64 {
	steps := math.Floor(s - 0.5)
	order, v := s-steps, 0.0
	if steps > 60 {
		order = s - 40
		v = 1 / (order + z)
	} else {
		v = expIntSeries(order, z)
	}
	for ; order < s-0.5; order++ {
		v = (1 - z*v) / order
	}
	return v
}

// expIntSeries is e^z times Γ(ε)z^{−ε} − Σ_{k≥0} (−z)^k/(k!(ε+k)), ε = 1−s
// (DLMF 8.19.10), with the pole at ε = 0 taken out; for s ≤ 1.5 and z < 1.
func expIntSeries(s, z float64) float64 {
	epsilon := 1 - s
	lead := -math.Log(z) - eulerGamma
	if epsilon != 0 {
		exponent := epsilon*-math.Log(z) + logGammaNearOne(epsilon)
		lead = math.Expm1(exponent) / epsilon
	}
	sum, term := 0.0, 1.0
	for k := 1.0; k < 40; k++ {
		term *= -z / k
		sum += term / (epsilon + k)
	}
	return math.Exp(z) * (lead - sum)
}

const eulerGamma = 0.57721566490153286061

// logGammaNearOne is ln Γ(1+ε), relatively exact also where ε is tiny.
func logGammaNearOne(epsilon float64) float64 {
	if math.Abs(epsilon) > 0.05 {
		return logGamma(1 + epsilon)
	}
	v := 0.0
	for i := len(logGammaTaylor) - 1; i >= 0; i-- {
		v = (v + logGammaTaylor[i]) * epsilon
	}
	return (v - eulerGamma) * epsilon
}

// logGammaTaylor holds (−1)^k·ζ(k)/k from k = 2 (Abramowitz & Stegun 6.1.33).
var logGammaTaylor = [13]float64{0.8224670334241132182, -0.4006856343865314285, 0.2705808084277845479,
	-0.2073855510286739853, 0.16955717699740819, -0.1440498967688461181, 0.1255096695247430424, -0.1113342658695646905,
	0.1000994575127818085, -0.09095401714582904223, 0.08335384054610900402, -0.07693251641135219147,
	0.07143294629536133606}
