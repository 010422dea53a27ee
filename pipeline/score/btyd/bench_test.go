package btyd

import "testing"

// benchHistories are shaped like the triples of a shop: mostly few repeats.
var benchHistories = [...]History{{0, 0, 30}, {0, 0, 39}, {1, 4, 35}, {2, 30, 39}, {5, 13, 27}, {10, 26, 39}, {29, 37, 38}}

var sink float64

func benchmark(b *testing.B, f func(History) float64) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sink += f(benchHistories[i%len(benchHistories)])
	}
}

func BenchmarkPAlive(b *testing.B) { benchmark(b, func(h History) float64 { return cdnow.PAlive(h) }) }
func BenchmarkPReturn(b *testing.B) {
	benchmark(b, func(h History) float64 { return cdnow.PReturn(h, 13) })
}
func BenchmarkExpected(b *testing.B) {
	benchmark(b, func(h History) float64 { return cdnow.ExpectedPurchases(h, 39) })
}
func BenchmarkQuadrature(b *testing.B) {
	benchmark(b, func(h History) float64 { f := cdnow.future(h); return f.quadrature(39) })
}
