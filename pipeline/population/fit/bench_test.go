package fit

import "testing"

// The fit of CDNOW full from weekly cells, from every start there is.
func benchmarkFit(b *testing.B, model string) {
	points := cellsOf(cdnowFull.read(b), 7).Points(day(b, cdnowFull.until))
	for b.Loop() {
		r, err := Fit(model, 0, points, Options{Starts: 6})
		if err != nil {
			b.Fatal(err)
		}
		if !r.Verdict.Converged {
			b.Fatal(r.Verdict.Reason)
		}
	}
	b.ReportMetric(float64(len(points)), "cells")
}

func BenchmarkFitBGNBD(b *testing.B)     { benchmarkFit(b, BGNBD) }
func BenchmarkFitMBGNBD(b *testing.B)    { benchmarkFit(b, MBGNBD) }
func BenchmarkFitParetoNBD(b *testing.B) { benchmarkFit(b, ParetoNBD) }
