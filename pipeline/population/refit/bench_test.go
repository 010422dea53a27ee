package refit

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/score"
)

// BenchmarkDecide fits a base of a million customers, from its cells.
func BenchmarkDecide(b *testing.B) {
	const until = 730
	base := baseOf(lives(1, 1_000_000, until), until)
	configured := score.DefaultParameters()
	for b.Loop() {
		if d, err := Decide(base, until, 1, nil, &configured); err != nil || !d.Accepted {
			b.Fatal(d.Reason, err)
		}
	}
	b.ReportMetric(float64(base.purchase.Len()), "cells")
}
