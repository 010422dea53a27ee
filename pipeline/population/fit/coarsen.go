package fit

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// exactRepeats is up to how many repeats Coarsen keeps numbers apart; beyond, those
// of an eighth of an octave are one.
const exactRepeats = 16

// Coarsen merges points until there are at most `most`, by age and silence in grains
// that double, and by classes of many repeats. Counts stay, times and gaps become
// means. It returns the points themselves where they are few enough.
func Coarsen(points []Point, most int) []Point {
	for grain := 2.0; len(points) > most && grain <= 1<<20; grain *= 2 {
		points = coarsened(points, grain)
	}
	return points
}

func coarsened(points []Point, grainWeeks float64) []Point {
	type key struct {
		class      int
		age, quiet float64
	}
	index := make(map[key]int, len(points))
	var merged []Point
	var repeats []float64 // the mean of each
	for _, p := range points {
		class := p.X
		if class > exactRepeats {
			class = exactRepeats + int(math.Floor(8*math.Log2(float64(p.X)/exactRepeats)))
		}
		k := key{class, math.Floor(p.T / grainWeeks), math.Floor((p.T - p.TX) / grainWeeks)}
		i, seen := index[k]
		if !seen {
			index[k] = len(merged)
			merged, repeats = append(merged, p), append(repeats, float64(p.X))
			continue
		}
		m := &merged[i]
		n := m.Count + p.Count
		share := p.Count / n
		m.T += (p.T - m.T) * share
		m.TX += (p.TX - m.TX) * share
		m.LogGaps += (p.LogGaps - m.LogGaps) * share
		repeats[i] += (float64(p.X) - repeats[i]) * share
		m.Count = n
	}
	for i := range merged {
		merged[i].X = min(int(math.Round(repeats[i])), btyd.MaxRepeats)
	}
	sortPoints(merged)
	return merged
}
